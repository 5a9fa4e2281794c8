//! The check of a chain: lines of one log in their order in, what is not as it was written out. Never reads a file.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Link;

/// Breaks that are named; more are counted.
const BREAKS_MAX: usize = 1_000;

/// Checks the lines of a log, from its oldest file to its newest.
#[derive(Debug, Default)]
pub struct ChainCheck {
    /// What the next line should say.
    next: Option<Link>,
    /// Where the line before stands.
    before: String,
    breaks: Vec<Break>,
    missing: BTreeMap<u64, u64>,
    report: ChainReport,
}

/// What a check has found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ChainReport {
    /// Lines of the chain.
    pub lines: u64,
    /// Number of the first one; above 0 when older files were not given.
    pub first: u64,
    /// Number of the last one.
    pub last: u64,
    /// Lines that are no whole JSON object: a write was cut short, and the line written anew or counted as lost.
    pub torn: u64,
    /// What is not as it was written, in the order of the lines.
    pub breaks: Vec<Break>,
    /// Breaks past the first thousand.
    pub more: u64,
}

/// One thing that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Break {
    /// What it is.
    pub what: BreakKind,
    /// Number of the line, or of the first of several.
    pub seq: u64,
    /// Lines that it is about.
    pub lines: u64,
    /// Where it shows: file and line.
    pub place: String,
}

/// What is not as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakKind {
    /// The line is not the one that was written: the next one knows another hash.
    Changed,
    /// Lines are not there.
    Removed,
    /// The line stands where it was not written, or twice.
    Moved,
    /// A line that belongs to no chain.
    Inserted,
    /// A new chain begins in the middle.
    Restarted,
}

impl BreakKind {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Moved => "moved",
            Self::Inserted => "inserted",
            Self::Restarted => "restarted",
        }
    }
}

impl ChainCheck {
    /// Takes the next line, without its line feed; `place` says where it stands.
    pub fn push(&mut self, line: &[u8], place: &str) {
        let Some(link) = Link::of(line) else {
            match serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(line) {
                Ok(_) if self.next.is_some() => self.found(BreakKind::Inserted, 0, 1, place),
                // Written before lines were chained.
                Ok(_) => {}
                Err(_) => self.report.torn += 1,
            }
            return;
        };
        self.report.lines += 1;
        let Some(next) = self.next else {
            self.report.first = link.seq;
            self.accept(link, line, place);
            return;
        };
        if link == Link::first() && next.seq > 0 {
            self.found(BreakKind::Restarted, 0, 1, place);
        } else if link.seq < next.seq {
            // Its place is empty, or it stands there too.
            let lacked = self.missing.remove(&link.seq).is_some();
            self.found(BreakKind::Moved, link.seq, 1, place);
            if lacked {
                self.breaks
                    .retain(|one| !(one.what == BreakKind::Removed && one.seq == link.seq && one.lines == 1));
            }
            return;
        } else if link.seq > next.seq {
            let lines = link.seq - next.seq;
            if lines == 1 {
                self.missing.insert(next.seq, 1);
            }
            self.found(BreakKind::Removed, next.seq, lines, place);
        } else if link.prev != next.prev {
            let before = std::mem::take(&mut self.before);
            self.found(BreakKind::Changed, next.seq.saturating_sub(1), 1, &before);
        }
        self.accept(link, line, place);
    }

    /// The report; `kept` is what the last line should be followed by, if that was remembered beside the log.
    #[must_use]
    pub fn end(mut self, kept: Option<Link>) -> ChainReport {
        if let (Some(kept), Some(next)) = (kept, self.next) {
            if kept.seq > next.seq {
                self.found(BreakKind::Removed, next.seq, kept.seq - next.seq, "the end");
            } else if kept.seq == next.seq && kept.prev != next.prev {
                let before = std::mem::take(&mut self.before);
                self.found(BreakKind::Changed, next.seq.saturating_sub(1), 1, &before);
            }
        }
        self.report.last = self.next.map_or(0, |next| next.seq.saturating_sub(1));
        ChainReport { breaks: self.breaks, ..self.report }
    }

    fn accept(&mut self, link: Link, line: &[u8], place: &str) {
        self.next = Some(link.after(line));
        place.clone_into(&mut self.before);
    }

    fn found(&mut self, what: BreakKind, seq: u64, lines: u64, place: &str) {
        if self.breaks.len() >= BREAKS_MAX {
            self.report.more += 1;
            return;
        }
        self.breaks.push(Break { what, seq, lines, place: place.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(n: u64) -> Vec<String> {
        let mut link = Link::first();
        let line = |n: u64| {
            let Link { seq, prev } = link;
            let line = format!(r#"{{"schema":"s","seq":{seq},"prev":"{prev}","text":"line {n}"}}"#);
            link = link.after(line.as_bytes());
            line
        };
        (0..n).map(line).collect()
    }

    fn check(lines: &[String]) -> Vec<(BreakKind, u64, u64)> {
        let mut check = ChainCheck::default();
        for (at, line) in lines.iter().enumerate() {
            check.push(line.as_bytes(), &format!("line {}", at + 1));
        }
        check.end(None).breaks.into_iter().map(|one| (one.what, one.seq, one.lines)).collect()
    }

    #[test]
    fn an_untouched_chain_holds_also_from_its_middle() {
        assert_eq!(check(&lines(9)), []);
        assert_eq!(check(&lines(9)[4..]), []);
    }

    #[test]
    fn a_changed_a_removed_and_a_moved_line_are_named() {
        let mut changed = lines(9);
        changed[3] = changed[3].replace("line 3", "line three");
        assert_eq!(check(&changed), [(BreakKind::Changed, 3, 1)]);
        let mut removed = lines(9);
        removed.drain(4..6);
        assert_eq!(check(&removed), [(BreakKind::Removed, 4, 2)]);
        let mut moved = lines(9);
        moved.swap(5, 6);
        assert_eq!(check(&moved), [(BreakKind::Moved, 5, 1)]);
        let mut inserted = lines(9);
        inserted.insert(2, r#"{"event":"verdict"}"#.to_owned());
        assert_eq!(check(&inserted), [(BreakKind::Inserted, 0, 1)]);
        let mut twice = lines(4);
        twice.extend(lines(2));
        assert_eq!(check(&twice), [(BreakKind::Restarted, 0, 1)]);
    }

    #[test]
    fn a_missing_or_changed_end_shows_by_what_is_kept() {
        let all = lines(5);
        let kept = Link::of(all[4].as_bytes()).map(|link| link.after(all[4].as_bytes()));
        let end = |lines: &[String]| {
            let mut check = ChainCheck::default();
            lines.iter().for_each(|line| check.push(line.as_bytes(), "here"));
            check.end(kept).breaks
        };
        assert_eq!(end(&all), []);
        assert_eq!(end(&all[..3])[0].what, BreakKind::Removed);
        let mut changed = all.clone();
        changed[4] = changed[4].replace("line 4", "line 5");
        assert_eq!(end(&changed)[0].what, BreakKind::Changed);
    }
}
