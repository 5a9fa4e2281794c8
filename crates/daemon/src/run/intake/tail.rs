//! A live log: a file that grows and is rotated in, records out. Reads a renamed file to its end before the new one, and a
//! truncated one from its start; waits while the judge is behind, for the file keeps what was not read.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom},
    os::unix::fs::MetadataExt as _,
    path::Path,
    thread,
    time::Duration,
};

use intake::{Lines, LogReader, Record};
use model::Loss;

use super::Gate;
use crate::{clock::Stopwatch, settings::Intake};

/// Between two looks at a file that does not grow.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long a renamed file has to be quiet before the new one is read: its writers let go of it one by one.
const QUIET: Duration = Duration::from_millis(500);
/// Bytes read at a time.
const READ_BYTES: usize = 64 << 10;

/// Follows the log until told to stop.
pub(super) fn follow(intake: &Intake, gate: &Gate) {
    let Some(path) = &intake.path else { return };
    let mut tail = Tail {
        gate,
        trusted: intake.trusted.unwrap_or(false),
        reader: LogReader::new(intake.format(), intake.fields()),
        lines: Lines::default(),
        buffer: vec![0; READ_BYTES],
        told: BTreeMap::new(),
        too_long: 0,
    };
    // A file that is there already is read from its end, one that comes later from its start.
    let mut skip = !intake.from_start;
    let mut complained = false;
    while !gate.is_over() {
        match File::open(path) {
            Ok(file) => {
                complained = false;
                if let Err(error) = tail.file(path, file, std::mem::take(&mut skip)) {
                    tracing::warn!(%error, log = %path.display(), "intake_log_not_read");
                    thread::park_timeout(QUIET);
                }
            }
            Err(error) => {
                skip = false;
                if !std::mem::replace(&mut complained, true) {
                    tracing::warn!(%error, log = %path.display(), "intake_log_not_open: waiting for it");
                }
                thread::park_timeout(LOOK_EVERY);
            }
        }
    }
}

struct Tail<'g> {
    gate: &'g Gate,
    trusted: bool,
    reader: LogReader,
    lines: Lines,
    buffer: Vec<u8>,
    told: BTreeMap<&'static str, u64>,
    too_long: u64,
}

impl Tail<'_> {
    /// Reads one file until another one has taken its name, or until the end of the work.
    fn file(&mut self, path: &Path, mut file: File, skip: bool) -> io::Result<()> {
        let own = file.metadata()?;
        let mut place = if skip { file.seek(SeekFrom::End(0))? } else { 0 };
        let mut replaced: Option<Stopwatch> = None;
        while !self.gate.is_over() {
            let n = file.read(&mut self.buffer)?;
            if n > 0 {
                place += n as u64;
                replaced = replaced.map(|_| Stopwatch::start());
                self.take(n);
                continue;
            }
            if file.metadata()?.len() < place {
                // Copied and truncated.
                self.end();
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
        self.end();
        Ok(())
    }

    fn take(&mut self, n: usize) {
        let (mut records, reader) = (Vec::new(), &mut self.reader);
        self.lines.push(self.buffer.get(..n).unwrap_or_default(), |line| {
            records.extend(reader.line(line).ok().flatten());
        });
        self.hand_over(records, n);
    }

    /// What stands behind the last line's end is all that will come of it.
    fn end(&mut self) {
        let (mut records, reader) = (Vec::new(), &mut self.reader);
        self.lines.end(|line| records.extend(reader.line(line).ok().flatten()));
        self.hand_over(records, 0);
    }

    /// Waits until the records are taken in, or until the end of the work.
    fn hand_over(&mut self, mut records: Vec<Record>, bytes: usize) {
        for (why, n) in self.reader.refused() {
            let told = self.told.entry(why.name()).or_default();
            self.gate.count(Loss::IntakeRefused, n - *told);
            *told = *n;
        }
        self.gate.count(Loss::IntakeLineTooLong, self.lines.too_long() - self.too_long);
        self.too_long = self.lines.too_long();
        while !records.is_empty() {
            match self.gate.admit(records, self.trusted, bytes) {
                Ok(()) => return,
                Err(back) if self.gate.is_over() => {
                    self.gate.count(Loss::IntakeBusy, back.len() as u64);
                    return;
                }
                Err(back) => records = back,
            }
            thread::park_timeout(LOOK_EVERY);
        }
    }
}
