//! Following: a file that grows and is rotated in, its bytes out. Reads a renamed file to its end before the new one, and a
//! truncated one from its start. Never keeps a byte.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom},
    os::unix::fs::MetadataExt as _,
    path::Path,
    thread,
    time::Duration,
};

use zeroize::Zeroizing;

use crate::clock::Stopwatch;

/// Between two looks at a file that does not grow.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long a renamed file has to be quiet before the new one is read: its writers let go of it one by one.
const QUIET: Duration = Duration::from_millis(500);
/// Bytes read at a time.
const READ_BYTES: usize = 64 << 10;

/// Who gets the bytes.
pub(super) trait Sink {
    /// Whether no more are wanted.
    fn is_over(&self) -> bool;
    /// The next bytes. Waits while they can not be taken: the file keeps what was not read.
    fn take(&mut self, bytes: &[u8]);
    /// The file is over: what stands behind its last line's end is all that will come of it.
    fn end(&mut self);
}

/// Follows the file until the sink wants no more. A file that is there already is read from its start if `from_start`
/// says so, else from its end; one that comes later is read from its start.
pub(super) fn follow(path: &Path, from_start: bool, sink: &mut impl Sink) {
    let mut buffer = Zeroizing::new(vec![0; READ_BYTES]);
    let (mut skip, mut complained) = (!from_start, false);
    while !sink.is_over() {
        match File::open(path) {
            Ok(file) => {
                complained = false;
                if let Err(error) = one(path, file, std::mem::take(&mut skip), &mut buffer, sink) {
                    tracing::warn!(%error, file = %path.display(), "file_not_read");
                    thread::park_timeout(QUIET);
                }
            }
            Err(error) => {
                skip = false;
                if !std::mem::replace(&mut complained, true) {
                    tracing::warn!(%error, file = %path.display(), "file_not_open: waiting for it");
                }
                thread::park_timeout(LOOK_EVERY);
            }
        }
    }
}

/// Reads one file until another one has taken its name, or until no more is wanted.
fn one(path: &Path, mut file: File, skip: bool, buffer: &mut [u8], sink: &mut impl Sink) -> io::Result<()> {
    let own = file.metadata()?;
    let mut place = if skip { file.seek(SeekFrom::End(0))? } else { 0 };
    let mut replaced: Option<Stopwatch> = None;
    while !sink.is_over() {
        let n = file.read(buffer)?;
        if n > 0 {
            place += n as u64;
            replaced = replaced.map(|_| Stopwatch::start());
            sink.take(buffer.get(..n).unwrap_or_default());
            continue;
        }
        if file.metadata()?.len() < place {
            // Copied and truncated.
            sink.end();
            place = file.seek(SeekFrom::Start(0))?;
            continue;
        }
        let is_other = |now: fs::Metadata| (now.dev(), now.ino()) != (own.dev(), own.ino());
        match (replaced, fs::metadata(path).is_ok_and(is_other)) {
            (Some(since), true) if since.elapsed() >= QUIET => break,
            (None, true) => replaced = Some(Stopwatch::start()),
            (_, true) => {}
            (_, false) => replaced = None,
        }
        thread::park_timeout(LOOK_EVERY);
    }
    sink.end();
    Ok(())
}
