//! Bytes that wait, as today's Linux keeps them: segments in, runs that overlap nothing out. Never longer runs than told.

use super::{Half, JOINED_BYTES_MAX, RUN_COST_BYTES, Run, Stamp, differ};

impl Half {
    /// Whether `bytes` at `start` contradict kept ones.
    pub(super) fn contradicts(&self, start: u64, bytes: &[u8]) -> bool {
        let end = start + bytes.len() as u64;
        let before = self.runs.range(..start).next_back();
        before
            .into_iter()
            .chain(self.runs.range(start..end))
            .any(|(at, run)| differ((*at, &run.bytes), (start, bytes)))
    }

    /// Keeps bytes and says whether any are new.
    ///
    /// Where segments overlap, the one that starts earlier wins; of two with one start the longer one; of equal ones the
    /// first: what Linux does with its queue of out-of-order segments, joined neighbours included.
    pub(super) fn keep(&mut self, mut start: u64, mut bytes: &[u8], stamp: Stamp) -> bool {
        if let Some((at, run)) = self.runs.range(..=start).next_back() {
            let known = (at + run.bytes.len() as u64).saturating_sub(start);
            if known > 0 && !(*at == start && bytes.len() > run.bytes.len()) {
                let known = usize::try_from(known).unwrap_or(usize::MAX).min(bytes.len());
                self.dropped.duplicate += known as u64;
                start += known as u64;
                bytes = bytes.get(known..).unwrap_or_default();
            }
        }
        if bytes.is_empty() {
            return false;
        }
        let replaced = self.clear_range(start, start + bytes.len() as u64);
        self.dropped.duplicate += replaced as u64;
        self.join(start, bytes, stamp);
        replaced < bytes.len()
    }

    /// Removes kept bytes in the range and says how many there were.
    fn clear_range(&mut self, start: u64, end: u64) -> usize {
        let mut removed = 0;
        while let Some((&at, _)) = self.runs.range(start..end).next() {
            let Some(mut run) = self.remove(at) else { break };
            let inside = usize::try_from(end - at).unwrap_or(usize::MAX).min(run.bytes.len());
            removed += inside;
            if inside < run.bytes.len() {
                run.bytes.drain(..inside);
                self.insert(end, run);
            }
        }
        removed
    }

    pub(super) fn insert(&mut self, start: u64, run: Run) {
        self.kept_bytes += run.bytes.len() + RUN_COST_BYTES;
        self.runs.insert(start, run);
    }

    pub(super) fn remove(&mut self, start: u64) -> Option<Run> {
        let run = self.runs.remove(&start)?;
        self.kept_bytes -= run.bytes.len() + RUN_COST_BYTES;
        Some(run)
    }

    /// Adds bytes that overlap nothing, joined with neighbours that need the same.
    fn join(&mut self, start: u64, bytes: &[u8], stamp: Stamp) {
        let end = start + bytes.len() as u64;
        let fits = |run: &Run, more: usize| {
            run.stamp.needs == stamp.needs && run.bytes.len() + more <= JOINED_BYTES_MAX
        };
        let right = self.runs.get(&end).is_some_and(|run| fits(run, bytes.len()));
        let right = if right { self.remove(end) } else { None };
        let tail = right.as_ref().map_or(&[][..], |run| &run.bytes);
        if let Some((at, run)) = self.runs.range_mut(..start).next_back()
            && at + run.bytes.len() as u64 == start
            && fits(run, bytes.len() + tail.len())
        {
            run.bytes.extend_from_slice(bytes);
            run.bytes.extend_from_slice(tail);
            self.kept_bytes += bytes.len() + tail.len();
            return;
        }
        let joined = [bytes, tail].concat();
        // The hole before the joined run is as old as its older part.
        let stamp = right.map_or(stamp, |run| run.stamp);
        self.insert(start, Run { bytes: joined, stamp });
    }
}
