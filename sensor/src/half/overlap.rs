//! Overlaps of hosts that are not today's Linux: a segment beside those that wait in, who keeps which bytes out. Segments
//! keep their own ends: these decide.

use super::{Half, Run, Stamp};

impl Half {
    /// Whether bytes that are next may take the place of kept ones: not with receivers that read the kept ones.
    pub(super) fn must_wait(&self, start: u64, end: u64) -> bool {
        let run_end = |at: u64, run: &Run| at + run.bytes.len() as u64;
        let mut overlapped = self.runs.range(..end).map(|(at, run)| (*at, run_end(*at, run)));
        overlapped.any(|run| run.1 > start && !self.policy.later_wins((start, end), run))
    }

    /// Keeps bytes as the host's policy says; whether any are new.
    pub(super) fn keep_by_policy(&mut self, start: u64, bytes: &[u8], stamp: Stamp) -> bool {
        let end = start + bytes.len() as u64;
        let before = self.runs.range(..start).next_back().map(|(at, _)| *at);
        let overlapped: Vec<u64> =
            before.into_iter().chain(self.runs.range(start..end).map(|(at, _)| *at)).collect();
        let known = self.kept_inside(start, end);
        // Of two bytes for one place, one is dropped.
        self.dropped.duplicate += known;
        let mut from = start;
        for at in overlapped {
            let Some(run) = self.remove(at) else { continue };
            let run_end = at + run.bytes.len() as u64;
            if run_end <= start || !self.policy.later_wins((start, end), (at, run_end)) {
                self.add(start, bytes, (from, at), stamp);
                from = from.max(run_end);
                self.insert(at, run);
                continue;
            }
            self.add(at, &run.bytes, (at, start), run.stamp);
            self.add(at, &run.bytes, (end, run_end), run.stamp);
        }
        self.add(start, bytes, (from, end), stamp);
        self.kept_inside(start, end) > known
    }

    /// Adds the part of `bytes`, which begin at `start`, that lies between two positions.
    fn add(&mut self, start: u64, bytes: &[u8], (from, to): (u64, u64), stamp: Stamp) {
        let place =
            |at: u64| usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX).min(bytes.len());
        if let Some(part) = bytes.get(place(from)..place(to)).filter(|part| !part.is_empty()) {
            self.insert(from.max(start), Run { bytes: part.to_vec(), stamp });
        }
    }

    fn kept_inside(&self, start: u64, end: u64) -> u64 {
        let before = self.runs.range(..start).next_back().into_iter();
        let runs = before.chain(self.runs.range(start..end));
        runs.map(|(at, run)| {
            let run_end = at + run.bytes.len() as u64;
            run_end.min(end).saturating_sub(start.max(*at))
        })
        .sum()
    }
}
