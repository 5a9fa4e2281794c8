//! Doubts: segments that their receiver is known to drop in, their bytes out once it acknowledges them all the same. Never
//! in the way of bytes that nobody doubts.

use std::collections::BTreeMap;

use super::{Half, RUN_COST_BYTES, Stamp, WINDOW_BYTES, differ};
use crate::seq::Seq;

/// Doubtful segments kept per half-stream; further ones are forgotten.
const DOUBTS_MAX: usize = 32;
/// Their bytes.
const DOUBT_BYTES_MAX: usize = 16 << 10;

/// Doubtful bytes by stream position; they overlap neither each other nor a run.
#[derive(Debug, Default)]
pub(super) struct Doubts(BTreeMap<u64, Doubt>);

impl Doubts {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

#[derive(Debug)]
struct Doubt {
    bytes: Vec<u8>,
    fate: Fate,
}

/// What we know of a segment that its receiver should drop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It takes it.
    Taken,
    /// It takes it or drops it: other bytes in its place are a contradiction.
    Open,
    /// It drops it.
    Dropped,
}

impl Half {
    /// Keeps a segment that the receiver should drop: should it acknowledge the bytes, we knew too little of it. Only
    /// where nothing else is known. Whether it contradicts what is.
    pub(crate) fn doubt(&mut self, seq: Seq, payload: &[u8], fate: Fate) -> bool {
        let offset = seq.offset_from(self.next);
        if !self.started || offset > WINDOW_BYTES {
            self.dropped.out_of_window += payload.len() as u64;
            return false;
        }
        let skip = usize::try_from(-offset).unwrap_or(0);
        self.dropped.duplicate += skip.min(payload.len()) as u64;
        let mut bytes = payload.get(skip..).unwrap_or_default();
        let mut start = self.handed_on.saturating_add(u64::try_from(offset).unwrap_or(0));
        let conflict = fate == Fate::Open && (self.contradicts(start, bytes) | self.overrule(start, bytes));
        while !bytes.is_empty() {
            let known = self.known_from(start);
            let free = known.map_or(u64::MAX, |(at, _)| at.saturating_sub(start));
            let (hole, rest) = bytes.split_at(usize::try_from(free).unwrap_or(usize::MAX).min(bytes.len()));
            self.add_doubt(start, hole, fate);
            let Some((_, end)) = known.filter(|_| !rest.is_empty()) else { break };
            let passed = usize::try_from(end - start).unwrap_or(usize::MAX) - hole.len();
            self.dropped.duplicate += passed.min(rest.len()) as u64;
            (start, bytes) = (end, rest.get(passed..).unwrap_or_default());
        }
        conflict
    }

    /// Where the next bytes behind `start` begin and end that are kept, doubtful or not.
    fn known_from(&self, start: u64) -> Option<(u64, u64)> {
        let end = |at: u64, bytes: &[u8]| at + bytes.len() as u64;
        let runs = self.runs.range(..=start).next_back().into_iter().chain(self.runs.range(start..));
        let run = runs.map(|(at, run)| (*at, end(*at, &run.bytes))).find(|(_, end)| *end > start);
        let Some(Doubts(doubts)) = self.doubts.as_deref() else { return run };
        let doubts = doubts.range(..=start).next_back().into_iter().chain(doubts.range(start..));
        let doubt = doubts.map(|(at, doubt)| (*at, end(*at, &doubt.bytes))).find(|(_, end)| *end > start);
        run.into_iter().chain(doubt).min()
    }

    fn add_doubt(&mut self, start: u64, bytes: &[u8], fate: Fate) {
        let Doubts(doubts) = &mut **self.doubts.get_or_insert_default();
        let kept: usize = doubts.values().map(|doubt| doubt.bytes.len()).sum();
        if !bytes.is_empty() && doubts.len() < DOUBTS_MAX && kept + bytes.len() <= DOUBT_BYTES_MAX {
            self.kept_bytes += bytes.len() + RUN_COST_BYTES;
            doubts.insert(start, Doubt { bytes: bytes.to_vec(), fate });
        } else {
            self.dropped.out_of_window += bytes.len() as u64;
        }
        self.tidy();
    }

    /// Forgets doubts in favour of bytes at `start` that nobody doubts. Whether those contradict one that may have been
    /// taken.
    pub(super) fn overrule(&mut self, start: u64, bytes: &[u8]) -> bool {
        let end = start + bytes.len() as u64;
        let mut conflict = false;
        while let Some((at, doubt)) = self.remove_doubt(start, end) {
            let doubt_end = at + doubt.bytes.len() as u64;
            self.dropped.duplicate += doubt_end.min(end) - at.max(start);
            conflict |= doubt.fate == Fate::Open && differ((at, &doubt.bytes), (start, bytes));
            let place = |to: u64| usize::try_from(to.saturating_sub(at)).unwrap_or(usize::MAX);
            self.add_doubt(at, doubt.bytes.get(..place(start)).unwrap_or_default(), doubt.fate);
            self.add_doubt(end.min(doubt_end), doubt.bytes.get(place(end)..).unwrap_or_default(), doubt.fate);
        }
        conflict
    }

    /// Removes the last doubt that lies in part between two positions.
    fn remove_doubt(&mut self, start: u64, end: u64) -> Option<(u64, Doubt)> {
        let Doubts(doubts) = self.doubts.as_deref_mut()?;
        let (at, doubt) = doubts.range(..end).next_back()?;
        let at = *at;
        if at + doubt.bytes.len() as u64 <= start {
            return None;
        }
        let doubt = doubts.remove(&at)?;
        self.kept_bytes -= doubt.bytes.len() + RUN_COST_BYTES;
        self.tidy();
        Some((at, doubt))
    }

    /// Forgets all doubts.
    pub(crate) fn forget_doubts(&mut self) {
        while let Some((_, doubt)) = self.remove_doubt(0, u64::MAX) {
            self.dropped.given_up += doubt.bytes.len() as u64;
        }
    }

    /// Where the next doubtful bytes begin that lie ahead.
    pub(super) fn next_doubt(&self) -> Option<u64> {
        let ahead = self.handed_on + 1;
        self.doubts.as_ref()?.0.range(ahead..).next().map(|(at, _)| *at)
    }

    /// Takes doubtful bytes that are next and that the receiver has acknowledged; counts them as handed on.
    pub(super) fn take_doubt(&mut self) -> Option<(Vec<u8>, Stamp)> {
        let Doubts(doubts) = self.doubts.as_deref()?;
        let (start, doubt) = doubts.first_key_value()?;
        let (start, end) = (*start, *start + doubt.bytes.len() as u64);
        let acked = self.acked.map_or(0, |acked| acked.offset_from(self.next));
        let until = end.min(self.handed_on + u64::try_from(acked).unwrap_or(0));
        if start > self.handed_on || (until <= self.handed_on && end > self.handed_on) {
            return None;
        }
        let (_, Doubt { mut bytes, fate }) = self.remove_doubt(start, start + 1)?;
        let rest =
            bytes.split_off(usize::try_from(until.max(start) - start).unwrap_or(usize::MAX).min(bytes.len()));
        self.add_doubt(until, &rest, fate);
        let stale = usize::try_from(self.handed_on - start).unwrap_or(usize::MAX).min(bytes.len());
        self.dropped.duplicate += stale as u64;
        bytes.drain(..stale);
        self.advance(bytes.len());
        Some((bytes, Stamp { is_doubtful: true, ..Stamp::default() }))
    }

    fn tidy(&mut self) {
        if self.doubts.as_ref().is_some_and(|doubts| doubts.0.is_empty()) {
            self.doubts = None;
        }
    }
}
