//! Patience: what of a flow waits in, pieces and gaps out once it has waited long enough. Never drops a byte that it has.

use std::time::Duration;

use model::{Ambiguity, Loss, Timestamp};

use super::{Bench, Flow};
use crate::{
    half::Stamp,
    seq::Seq,
    stream::{Direction, Piece},
};

/// Segments of a flow that may pass before missing bytes which the receiver has are given up: mirrors and the queues of
/// an interface reorder by fewer.
const SLACK_SEGMENTS: u64 = 32;
/// Time after which they are given up.
const SLACK: Duration = Duration::from_millis(200);
/// Time after which a request is let pass that acknowledges an answer nobody has seen anything of.
const LONG_SLACK: Duration = Duration::from_secs(10);

/// Whether everything that waits is handed on, or only what has waited for too long.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Force {
    Yes,
    No,
}

impl Flow {
    /// Hands on what it can, giving up what blocks it, the oldest first: with force everything, else what has waited
    /// for longer than the slack, holes only if the receiver has their bytes.
    pub(super) fn give_up(&mut self, at: Timestamp, bench: &mut Bench<'_>, force: Force) {
        loop {
            self.drain(bench);
            let blocked = [Direction::Request, Direction::Response].into_iter().filter_map(|direction| {
                let half = &self.halves[direction as usize];
                let (missing, stamp) = half.head()?;
                let overdue = self.segments >= stamp.number + SLACK_SEGMENTS || at.since(stamp.at) >= SLACK;
                let due = overdue && self.is_due(direction, missing, stamp, at);
                (due || force == Force::Yes).then_some((stamp.number, direction, missing, stamp.needs))
            });
            let Some((_, direction, missing, needs)) = blocked.min_by_key(|(number, ..)| *number) else {
                break;
            };
            if missing > 0 {
                self.lose(direction, missing, at, bench);
            } else {
                self.let_pass(direction, needs, at, bench);
            }
        }
    }

    /// Whether what blocks a direction may be given up after the slack. A request that acknowledges an unseen answer is
    /// better kept: the answer's successor shows the hole, and until then nothing would be told of the request.
    fn is_due(&self, direction: Direction, missing: u64, stamp: Stamp, at: Timestamp) -> bool {
        if missing > 0 {
            return self.halves[direction as usize].is_acked_past(missing);
        }
        direction == Direction::Response
            || !self.seen[Direction::Response as usize]
            || at.since(stamp.at) >= LONG_SLACK
    }

    /// Lets bytes pass that acknowledge what was not seen. If the server acknowledges it the bytes existed: a gap. The
    /// client can claim anything: nothing is given up on its word.
    fn let_pass(&mut self, direction: Direction, needs: Option<Seq>, at: Timestamp, bench: &mut Bench<'_>) {
        self.half(direction).lift();
        if direction == Direction::Response
            && let Some(needs) = needs
        {
            let request = &self.halves[0];
            let missing = u64::try_from(needs.offset_from(request.next)).unwrap_or(0);
            let known = request.head().map_or(missing, |(known, _)| known);
            self.lose(Direction::Request, missing.min(known), at, bench);
        }
    }

    pub(super) fn lose(&mut self, direction: Direction, missing: u64, at: Timestamp, bench: &mut Bench<'_>) {
        if missing > 0 {
            bench.desk.losses.count(Loss::Gap);
            self.hand_on(direction, Piece::Gap(missing), usize::try_from(missing).unwrap_or(0), at, bench);
        }
    }

    /// Hands on waiting bytes that are next, as long as there are any.
    pub(super) fn drain(&mut self, bench: &mut Bench<'_>) {
        let mut going = true;
        while going {
            going = false;
            for direction in [Direction::Request, Direction::Response] {
                let (half, other) = self.pair(direction);
                let Some((bytes, stamp)) = half.take(|needs| other.satisfies(needs)) else { continue };
                going = true;
                if direction == Direction::Response && !stamp.is_doubtful {
                    self.tell_acknowledged(stamp.needs);
                }
                if stamp.is_doubtful && !bytes.is_empty() {
                    self.taint(Ambiguity::DoubtfulSegment);
                }
                self.tell(direction, Piece::Bytes(&bytes), stamp.at, bench);
            }
        }
    }

    /// Past the limits of kept bytes the oldest holes of this direction are given up.
    pub(super) fn stay_within(&mut self, direction: Direction, at: Timestamp, bench: &mut Bench<'_>) {
        let before = self.half(direction).kept_bytes;
        let max = bench.half_bytes_max.min(before.saturating_add(bench.room));
        let is_full = bench.room == 0 || before > max;
        if is_full {
            self.half(direction).forget_doubts();
        }
        while is_full && self.half(direction).kept_bytes > max / 2 {
            let Some((missing, _)) = self.half(direction).head() else { break };
            bench.desk.losses.count(Loss::BufferFull);
            self.half(direction).lift();
            if missing > 0 {
                self.hand_on(
                    direction,
                    Piece::Gap(missing),
                    usize::try_from(missing).unwrap_or(0),
                    at,
                    bench,
                );
            }
            self.drain(bench);
        }
    }
}
