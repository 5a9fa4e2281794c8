//! Half-streams: segments in any order in, bytes in order out. Never waits longer than told, never guesses missing bytes.

mod doubts;
mod keeping;
mod overlap;
mod receiver;

use std::collections::BTreeMap;

use model::Timestamp;

use crate::{ledger::Dropped, seq::Seq, tcp::OverlapPolicy};
use doubts::Doubts;
pub(crate) use doubts::Fate;
pub(crate) use receiver::Receiver;

/// Farthest ahead of the expected byte that a segment is believed. More than any receiver's window in practice; a burst
/// longer than this that is lost in the mirror is bridged by `follows`.
pub(crate) const WINDOW_BYTES: i64 = 16 << 20;
/// Farthest ahead that an acknowledgement is noted: the largest window of RFC 7323.
const ACK_WINDOW_BYTES: i64 = 1 << 30;
/// Segments in a row beyond the window after which the receiver's acknowledgements may lead us there.
const FAR_SEGMENTS: u8 = 8;
/// What a waiting run costs besides its bytes.
const RUN_COST_BYTES: usize = 96;
/// Neighbouring runs are joined up to this length: one-byte segments stay cheap, and joining stays linear.
const JOINED_BYTES_MAX: usize = 4_096;

/// What waiting bytes know of their segment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stamp {
    /// What the sender had received when it sent them.
    pub(crate) needs: Option<Seq>,
    pub(crate) at: Timestamp,
    /// The segment's number in its flow.
    pub(crate) number: u64,
    /// They need not wait for what they acknowledge any longer.
    pub(crate) is_lifted: bool,
    /// Their receiver was thought to have dropped them.
    pub(crate) is_doubtful: bool,
}

/// Bytes that wait: for an earlier byte, or for the other side's bytes that they acknowledge.
#[derive(Debug)]
struct Run {
    bytes: Vec<u8>,
    stamp: Stamp,
}

/// What became of a segment's payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// The first `length` bytes are ours, those from `skip` on are next: hand them on, then call `advance`.
    Next { skip: usize, length: usize, conflict: bool },
    /// Kept for later; whether any were new, and whether they contradict kept ones.
    Kept { is_new: bool, conflict: bool },
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
    /// The FIN's own stamp.
    end_stamp: Option<Stamp>,
    /// Segments in a row beyond the window.
    far: u8,
    /// Bytes and gaps handed on so far.
    pub(crate) handed_on: u64,
    /// Waiting runs by stream position, as `handed_on` counts.
    runs: BTreeMap<u64, Run>,
    /// Bytes in `runs`, with what keeping them costs.
    pub(crate) kept_bytes: usize,
    /// What its receiver makes of overlaps.
    pub(crate) policy: OverlapPolicy,
    /// What its receiver accepts.
    pub(crate) receiver: Receiver,
    /// The byte that was marked as urgent last.
    pub(crate) urgent: Option<Seq>,
    doubts: Option<Box<Doubts>>,
    /// Bytes dropped since the flow told of them last.
    pub(crate) dropped: Dropped,
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
        self.dropped.given_up += self.waiting_bytes();
        self.runs.clear();
        self.doubts = None;
        self.kept_bytes = 0;
        self.started = true;
        if next.is_after(self.next) {
            self.next = next;
        }
    }

    /// Bytes that wait, doubtful ones included.
    pub(crate) fn waiting_bytes(&self) -> u64 {
        if self.kept_bytes == 0 {
            return 0;
        }
        let kept = self.runs.len() + self.doubts.as_ref().map_or(0, |doubts| doubts.len());
        self.kept_bytes.saturating_sub(kept * RUN_COST_BYTES) as u64
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
        if self.started && ack.offset_from(self.next).abs() > ACK_WINDOW_BYTES {
            return;
        }
        if self.acked.is_none_or(|acked| ack.is_after(acked)) {
            self.acked = Some(ack);
        }
    }

    /// How many of the bytes handed on lie before `ack`.
    pub(crate) fn position_of(&self, ack: Seq) -> u64 {
        self.handed_on.saturating_add_signed(ack.offset_from(self.next)).min(self.handed_on)
    }

    /// Whether an acknowledgement of these bytes is older than any that their sender still takes: from before its first
    /// byte (RFC 5961, section 5.2).
    pub(crate) fn is_too_old(&self, ack: Seq) -> bool {
        let acked = self.acked.unwrap_or(self.next);
        let all = self.handed_on.cast_signed().saturating_add(acked.offset_from(self.next));
        self.started && acked.offset_from(ack) > all.clamp(0, ACK_WINDOW_BYTES)
    }

    /// Whether a number lies further ahead than any bytes that may just not have been seen yet.
    pub(crate) fn is_unsent(&self, number: Seq) -> bool {
        self.started && number.offset_from(self.next) > WINDOW_BYTES
    }

    /// Whether it has doubtful bytes.
    pub(crate) fn has_doubts(&self) -> bool {
        self.doubts.is_some()
    }

    /// Whether bytes that acknowledge `needs` of this direction may be handed on in the other one.
    pub(crate) fn satisfies(&self, needs: Option<Seq>) -> bool {
        let Some(needs) = needs else { return true };
        !self.started
            || needs.offset_from(self.missing_end()) <= 0
            || needs.offset_from(self.next) > WINDOW_BYTES
    }

    /// Notes the FIN at `end`, unless it lies outside the window. Whether bytes behind it contradict it: then it only
    /// counts if it is next, as for a receiver that has those bytes aside.
    pub(crate) fn finish(&mut self, end: Seq, stamp: Stamp) -> bool {
        self.start(end);
        let last = self.runs.last_key_value().map_or(self.handed_on, |(at, run)| at + run.bytes.len() as u64);
        let offset = end.offset_from(self.next);
        let position = self.handed_on.saturating_add_signed(offset);
        // A forged one further on must not hide the real one.
        let is_first = self.end.is_none() || offset == 0;
        if !is_first || !(0..=WINDOW_BYTES).contains(&offset) {
            return false;
        }
        if position >= last || offset == 0 {
            (self.end, self.end_stamp) = (Some(end), Some(stamp));
        }
        position < last
    }

    /// Takes the FIN back when bytes come in its place while its receiver may not have it: then it was not for the
    /// receiver. Whether it did.
    pub(crate) fn reopen(&mut self, seq: Seq, length: usize) -> bool {
        let in_its_place =
            |end: Seq| !seq.is_after(end) && seq.plus(length).is_after(end) && !self.is_end_acked();
        if !self.end.is_some_and(in_its_place) {
            return false;
        }
        (self.end, self.end_stamp) = (None, None);
        true
    }

    /// Whether the receiver has the FIN.
    pub(crate) fn is_end_acked(&self) -> bool {
        let is_after = |(acked, end): (Seq, Seq)| acked.is_after(end);
        self.acked.zip(self.end).is_some_and(is_after)
    }

    /// Where waiting runs end; the next byte when none wait.
    pub(crate) fn seen_end(&self) -> Seq {
        let last = self.runs.last_key_value().map_or(self.handed_on, |(at, run)| at + run.bytes.len() as u64);
        self.next.plus(usize::try_from(last.saturating_sub(self.handed_on)).unwrap_or(0))
    }

    /// Whether a segment at `seq` beyond the window is to be believed: several came, and the receiver is there too.
    pub(crate) fn follows(&mut self, seq: Seq) -> bool {
        self.far = self.far.saturating_add(1);
        let follows = self.far >= FAR_SEGMENTS
            && self.acked.is_some_and(|acked| acked.offset_from(seq).abs() <= WINDOW_BYTES);
        if follows {
            self.far = 0;
        }
        follows
    }

    /// Sorts a segment's payload. `hold`: it has to wait even if it is next. Bytes behind the FIN are not ours.
    pub(crate) fn offer(&mut self, seq: Seq, payload: &[u8], hold: bool, stamp: Stamp) -> Offer {
        self.start(seq);
        let offset = seq.offset_from(self.next);
        let until_end = self.end.map_or(i64::MAX, |end| end.offset_from(seq).max(0));
        let length = payload.len().min(usize::try_from(until_end).unwrap_or(usize::MAX));
        if offset > WINDOW_BYTES || (length == 0 && !payload.is_empty()) {
            return Offer::Outside;
        }
        self.far = 0;
        let bytes = payload.get(..length).unwrap_or_default();
        let skip = usize::try_from(-offset).unwrap_or(0);
        self.dropped.out_of_window += (payload.len() - length) as u64;
        self.dropped.duplicate += skip.min(length) as u64;
        let Some(bytes) = bytes.get(skip..).filter(|bytes| !bytes.is_empty()) else { return Offer::Old };
        let position = self.handed_on.saturating_add(u64::try_from(offset).unwrap_or(0));
        let mut conflict = !self.runs.is_empty() && self.contradicts(position, bytes);
        if self.doubts.is_some() {
            conflict |= self.overrule(position, bytes);
        }
        let is_linux = self.policy == OverlapPolicy::Linux;
        let must_wait = !is_linux && conflict && self.must_wait(position, position + bytes.len() as u64);
        if offset <= 0 && !hold && !must_wait {
            return Offer::Next { skip, length, conflict };
        }
        let is_new = if is_linux {
            self.keep(position, bytes, stamp)
        } else {
            self.keep_by_policy(position, bytes, stamp)
        };
        Offer::Kept { is_new, conflict }
    }

    /// Counts bytes or a gap as handed on.
    pub(crate) fn advance(&mut self, bytes: usize) {
        self.next = self.next.plus(bytes);
        self.handed_on += bytes as u64;
    }

    /// Takes the next waiting bytes if they are next and `allowed` by what they need; counts them as handed on. Empty
    /// when other bytes have taken their place.
    pub(crate) fn take(&mut self, allowed: impl FnOnce(Option<Seq>) -> bool) -> Option<(Vec<u8>, Stamp)> {
        if let Some(taken) = self.take_doubt() {
            return Some(taken);
        }
        if self.end == Some(self.next) {
            // Linux forgets what lies behind the FIN.
            return None;
        }
        self.forget_stale();
        let (start, run) = self.runs.first_key_value()?;
        let start = *start;
        if start > self.handed_on || !(run.stamp.is_lifted || allowed(run.stamp.needs)) {
            return None;
        }
        let mut run = self.remove(start)?;
        let stale = usize::try_from(self.handed_on - start).unwrap_or(usize::MAX).min(run.bytes.len());
        self.dropped.duplicate += stale as u64;
        run.bytes.drain(..stale);
        self.advance(run.bytes.len());
        Some((run.bytes, run.stamp))
    }

    /// Forgets runs in whose place other bytes were handed on.
    fn forget_stale(&mut self) {
        while let Some((start, run)) = self.runs.first_key_value()
            && *start + run.bytes.len() as u64 <= self.handed_on
        {
            let start = *start;
            self.dropped.duplicate += run.bytes.len() as u64;
            self.remove(start);
        }
    }

    /// What waits first, a run or else the FIN: the bytes missing before it, and its stamp.
    #[inline]
    pub(crate) fn head(&self) -> Option<(u64, Stamp)> {
        if self.runs.is_empty() && self.end.is_none() {
            return None;
        }
        let (missing, stamp) = self.first_known()?;
        let until_doubt = self.next_doubt().map_or(u64::MAX, |at| at - self.handed_on);
        Some((missing.min(until_doubt), stamp))
    }

    fn first_known(&self) -> Option<(u64, Stamp)> {
        if self.is_at_end() {
            return None;
        }
        if let Some((start, run)) = self.runs.first_key_value() {
            return Some((start.saturating_sub(self.handed_on), run.stamp));
        }
        let missing = self.end.map_or(0, |end| end.offset_from(self.next));
        let missing = u64::try_from(missing).ok().filter(|missing| *missing > 0)?;
        self.end_stamp.map(|stamp| (missing, stamp))
    }

    /// Lets the first run pass without what it needs.
    pub(crate) fn lift(&mut self) {
        if let Some(mut run) = self.runs.first_entry() {
            run.get_mut().stamp.is_lifted = true;
        }
    }

    /// Whether the receiver has so many bytes more than were handed on.
    pub(crate) fn is_acked_past(&self, missing: u64) -> bool {
        let missing = i64::try_from(missing).unwrap_or(i64::MAX);
        self.acked.is_some_and(|acked| acked.offset_from(self.next) >= missing)
    }

    /// Whether the FIN is next.
    pub(crate) fn is_at_end(&self) -> bool {
        self.started && self.end == Some(self.next)
    }
}

/// Whether two stretches of bytes, each with its start, differ where they overlap.
pub(crate) fn differ(ours: (u64, &[u8]), theirs: (u64, &[u8])) -> bool {
    let end = |(start, bytes): (u64, &[u8])| start + bytes.len() as u64;
    let (low, high) = (ours.0.max(theirs.0), end(ours).min(end(theirs)));
    low < high && part(ours, low, high) != part(theirs, low, high)
}

fn part((start, bytes): (u64, &[u8]), low: u64, high: u64) -> Option<&[u8]> {
    bytes.get(usize::try_from(low - start).ok()?..usize::try_from(high - start).ok()?)
}

#[cfg(test)]
mod tests;
