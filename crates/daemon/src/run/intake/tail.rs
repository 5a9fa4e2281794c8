//! A live log: the bytes of a followed file in, records out. Waits while the judge is behind, for the file keeps what was
//! not read.

use std::{collections::BTreeMap, thread, time::Duration};

use intake::{Lines, LogReader, Record};
use model::Loss;

use super::Gate;
use crate::{
    run::follow::{self, Sink},
    settings::Intake,
};

/// Between two tries to hand records over.
const TRY_EVERY: Duration = Duration::from_millis(100);

/// Follows the log until told to stop.
pub(super) fn follow(intake: &Intake, gate: &Gate) {
    let Some(path) = &intake.path else { return };
    let mut tail = Tail {
        gate,
        trusted: intake.trusted.unwrap_or(false),
        reader: LogReader::new(intake.format(), intake.fields()),
        lines: Lines::default(),
        told: BTreeMap::new(),
        too_long: 0,
    };
    follow::follow(path, intake.from_start, &mut tail);
}

struct Tail<'g> {
    gate: &'g Gate,
    trusted: bool,
    reader: LogReader,
    lines: Lines,
    told: BTreeMap<&'static str, u64>,
    too_long: u64,
}

impl Sink for Tail<'_> {
    fn is_over(&self) -> bool {
        self.gate.is_over()
    }

    fn take(&mut self, bytes: &[u8]) {
        let (mut records, reader) = (Vec::new(), &mut self.reader);
        self.lines.push(bytes, |line| records.extend(reader.line(line).ok().flatten()));
        self.hand_over(records, bytes.len());
    }

    fn end(&mut self) {
        let (mut records, reader) = (Vec::new(), &mut self.reader);
        self.lines.end(|line| records.extend(reader.line(line).ok().flatten()));
        self.hand_over(records, 0);
    }
}

impl Tail<'_> {
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
            thread::park_timeout(TRY_EVERY);
        }
    }
}
