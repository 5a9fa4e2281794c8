//! Key logs: files of TLS session keys in, their lines to a sensor. Never copies a key elsewhere, never prints one.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
};

use sensor::Sensor;
use zeroize::Zeroizing;

use crate::fault::{Exit, Fault};

/// Longest line handed on; a longer one comes in parts, none of which is a line of a key log.
const LINE_BYTES_MAX: u64 = 4_096;

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
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    let mut line = Zeroizing::new(Vec::with_capacity(512));
    loop {
        line.clear();
        let read = file.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line).map_err(unreadable)?;
        if read == 0 {
            return Ok(());
        }
        sensor.learn_keys(&line);
    }
}
