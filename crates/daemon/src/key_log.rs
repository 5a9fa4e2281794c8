//! Key logs: files of TLS session keys in, their lines to a sensor. Never copies a key elsewhere, never prints one.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
};

use sensor::Sensor;
use zeroize::Zeroizing;

use crate::fault::{Exit, Fault};

/// Longest line; what has a longer one is no key log.
const LINE_BYTES_MAX: u64 = 4_096;
/// Bytes of one key log: more than the keys that are kept take. What is longer is refused, so that what never ends does.
const LOG_BYTES_MAX: u64 = 256 << 20;

/// Teaches a sensor the keys of these files.
pub(crate) fn learn(files: &[PathBuf], sensor: &mut Sensor) -> Result<(), Fault> {
    files.iter().try_for_each(|path| learn_file(path, sensor))
}

fn learn_file(path: &Path, sensor: &mut Sensor) -> Result<(), Fault> {
    let unreadable = |error: std::io::Error| {
        Fault::new(
            Exit::NoInput,
            format!("can not read keys {}: {error}; check the path given with --keys", path.display()),
        )
    };
    let no_log = |what: String| {
        let remedy = "give a file that was written to SSLKEYLOGFILE";
        Fault::new(Exit::Data, format!("keys {}: {what}; {remedy}", path.display()))
    };
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    let mut line = Zeroizing::new(Vec::with_capacity(512));
    let (mut lines, mut bytes) = (0_u64, 0_u64);
    loop {
        line.clear();
        let read = file.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line).map_err(unreadable)?;
        if read == 0 {
            return Ok(());
        }
        lines += 1;
        bytes += read as u64;
        if read as u64 == LINE_BYTES_MAX && line.last() != Some(&b'\n') {
            return Err(no_log(format!("line {lines} is longer than {LINE_BYTES_MAX} bytes: no key log")));
        }
        if bytes > LOG_BYTES_MAX {
            return Err(no_log(format!("longer than {} MiB", LOG_BYTES_MAX >> 20)));
        }
        sensor.learn_keys(&line);
    }
}
