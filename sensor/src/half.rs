//! Half-streams: segments in any order in, bytes in order out. Never waits longer than told, never guesses missing bytes.

use std::collections::BTreeMap;

use model::Timestamp;

use crate::seq::Seq;

/// Farthest ahead of the expected byte that a segment is believed: the largest window of RFC 7323.
const WINDOW_MAX: i64 = 1 << 30;

/// Bytes that wait: for an earlier byte, or for the other side's bytes that they acknowledge.
#[derive(Debug)]
struct Run {
    bytes: Box<[u8]>,
    /// What the sender had received when it sent them.
    needs: Option<Seq>,
    at: Timestamp,
}

/// What became of a segment's payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// The bytes from this offset on are next: hand them on, then call `advance`.
    Next(usize),
    /// Kept for later; so many bytes were added, and whether they contradict kept ones.
    Kept { added: usize, conflict: bool },
    /// Nothing new in it.
    Old,
    /// Not within any window.
    Outside,
}

/// One direction of a flow.
#[derive(Debug, Default)]
pub(crate) struct Half {
    /// The next byte expected; meaningless until `started`.
    pub(crate) next: Seq,
    /// Whether `next` is known.
    pub(crate) started: bool,
    /// Highest number that the other side acknowledged.
    pub(crate) acked: Option<Seq>,
    /// Number behind the last byte, once a FIN told it.
    pub(crate) end: Option<Seq>,
    /// Bytes and gaps handed on so far.
    pub(crate) handed_on: u64,
    /// Waiting runs by stream offset relative to `origin`.
    runs: BTreeMap<u64, Run>,
    /// Bytes in `runs`.
    pub(crate) kept_bytes: usize,
}

impl Half {
    /// Sets the first expected byte, unless it is known.
    pub(crate) fn start(&mut self, next: Seq) {
        if !self.started {
            (self.next, self.started) = (next, true);
        }
    }

    /// Forgets what waits and goes on at `next`, if that lies ahead.
    pub(crate) fn jump(&mut self, next: Seq) {
        self.runs.clear();
        self.kept_bytes = 0;
        self.started = true;
        if next.is_after(self.next) {
            self.next = next;
        }
    }

    /// Whether runs wait.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.runs.is_empty()
    }

    /// Whether the other side has acknowledged bytes that were not handed on: lost in the mirror, or late.
    pub(crate) fn is_behind(&self) -> bool {
        self.started && self.acked.is_some_and(|acked| acked.is_after(self.missing_end()))
    }

    /// The number up to which nothing but the FIN is missing.
    fn missing_end(&self) -> Seq {
        match self.end {
            Some(end) if end == self.next => end.plus(1),
            _ => self.next,
        }
    }

    /// Notes what the other side has received; numbers outside every window are not believed.
    pub(crate) fn acknowledge(&mut self, ack: Seq) {
        if self.started && ack.offset_from(self.next).abs() > WINDOW_MAX {
            return;
        }
        if self.acked.is_none_or(|acked| ack.is_after(acked)) {
            self.acked = Some(ack);
        }
    }

    /// Bytes of this direction that the other side has acknowledged, as a stream position.
    pub(crate) fn acked_position(&self) -> u64 {
        let Some(acked) = self.acked else { return 0 };
        self.handed_on.saturating_add_signed(acked.offset_from(self.next))
    }

    /// Whether bytes that acknowledge `needs` of this direction may be handed on in the other one.
    pub(crate) fn satisfies(&self, needs: Option<Seq>) -> bool {
        let Some(needs) = needs else { return true };
        !self.started || needs.offset_from(self.missing_end()) <= 0 || needs.offset_from(self.next).abs() > WINDOW_MAX
    }

    /// Sorts a segment's payload. `hold`: it has to wait even if it is next.
    pub(crate) fn offer(
        &mut self,
        seq: Seq,
        payload: &[u8],
        needs: Option<Seq>,
        hold: bool,
        at: Timestamp,
    ) -> Offer {
        self.start(seq);
        let offset = seq.offset_from(self.next);
        let length = i64::try_from(payload.len()).unwrap_or(i64::MAX);
        if offset + length <= 0 {
            return Offer::Old;
        }
        if offset > WINDOW_MAX {
            return Offer::Outside;
        }
        if offset <= 0 && !hold && self.runs.is_empty() {
            return Offer::Next(usize::try_from(-offset).unwrap_or(0));
        }
        let skip = usize::try_from(-offset).unwrap_or(0);
        let at_offset = self.handed_on.saturating_add(u64::try_from(offset).unwrap_or(0));
        self.keep(at_offset, payload.get(skip..).unwrap_or_default(), needs, at)
    }

    /// Keeps bytes; where they overlap kept ones, the first to come win, unless the newcomer covers them whole.
    fn keep(&mut self, start: u64, bytes: &[u8], needs: Option<Seq>, at: Timestamp) -> Offer {
        let end = start + bytes.len() as u64;
        let mut conflict = false;
        let touching: Vec<u64> = self
            .runs
            .range(..end)
            .rev()
            .take_while(|(at, run)| **at + run.bytes.len() as u64 > start)
            .map(|(at, _)| *at)
            .collect();
        let before = self.kept_bytes;
        let mut free = vec![(start, end)];
        for other in touching.into_iter().rev() {
            let Some(run) = self.runs.get(&other) else { continue };
            let other_end = other + run.bytes.len() as u64;
            let (low, high) = (start.max(other), end.min(other_end));
            let mine = slice(bytes, low - start, high - start);
            conflict |= mine != slice(&run.bytes, low - other, high - other);
            let covers = start <= other && end >= other_end && (start < other || end > other_end);
            if covers {
                if let Some(run) = self.runs.remove(&other) {
                    self.kept_bytes -= run.bytes.len();
                }
            } else {
                free = free.into_iter().flat_map(|span| without(span, (low, high))).collect();
            }
        }
        for (low, high) in free {
            let bytes: Box<[u8]> = slice(bytes, low - start, high - start).into();
            self.kept_bytes += bytes.len();
            self.runs.insert(low, Run { bytes, needs, at });
        }
        Offer::Kept { added: self.kept_bytes.saturating_sub(before), conflict }
    }

    /// Counts bytes or a gap as handed on.
    pub(crate) fn advance(&mut self, bytes: usize) {
        self.next = self.next.plus(bytes);
        self.handed_on += bytes as u64;
    }

    /// Takes the next waiting bytes if they are next and `allowed` by what they need; counts them as handed on.
    pub(crate) fn take(&mut self, allowed: impl FnOnce(Option<Seq>) -> bool) -> Option<(Box<[u8]>, Timestamp)> {
        let (start, run) = self.runs.first_key_value()?;
        if *start > self.handed_on || !allowed(run.needs) {
            return None;
        }
        let (start, run) = self.runs.pop_first()?;
        self.kept_bytes -= run.bytes.len();
        let skip = usize::try_from(self.handed_on - start).unwrap_or(usize::MAX).min(run.bytes.len());
        let bytes = if skip == 0 { run.bytes } else { run.bytes[skip..].into() };
        self.advance(bytes.len());
        Some((bytes, run.at))
    }

    /// Bytes missing before the first waiting run, or before what the other side has acknowledged; 0 when none are.
    pub(crate) fn hole(&self) -> u64 {
        let run = self.runs.first_key_value().map(|(start, _)| start.saturating_sub(self.handed_on));
        let acked = self.is_behind().then(|| {
            let past = self.acked.map_or(0, |acked| acked.offset_from(self.next));
            let fin = i64::from(self.end.is_some_and(|end| self.acked == Some(end.plus(1))));
            u64::try_from(past - fin).unwrap_or(0)
        });
        match (run, acked) {
            (Some(run), Some(acked)) => run.min(acked),
            (Some(run), None) => run,
            (None, acked) => acked.unwrap_or(0),
        }
    }

    /// Whether the receiver has everything before the first waiting run, so that the hole is ours alone.
    pub(crate) fn is_hole_acknowledged(&self) -> bool {
        let hole = self.hole();
        hole > 0
            && self.acked.is_some_and(|acked| acked.offset_from(self.next) >= i64::try_from(hole).unwrap_or(i64::MAX))
    }

    /// Whether the FIN is next.
    pub(crate) fn is_at_end(&self) -> bool {
        self.started && self.end == Some(self.next) && self.runs.is_empty()
    }
}

fn slice(bytes: &[u8], low: u64, high: u64) -> &[u8] {
    let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    bytes.get(at(low)..at(high)).unwrap_or_default()
}

/// `span` without `hole`.
fn without(span: (u64, u64), hole: (u64, u64)) -> impl Iterator<Item = (u64, u64)> {
    let left = (span.0, span.1.min(hole.0));
    let right = (span.0.max(hole.1), span.1);
    [left, right].into_iter().filter(|(low, high)| low < high)
}
