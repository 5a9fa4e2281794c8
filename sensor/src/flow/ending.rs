//! Endings: resets and FINs of a flow in, whether it is over out. Never ends a flow that its receiver may go on with.

use model::{Ambiguity, Loss, Timestamp};

use super::{After, Bench, Flow};
use crate::{
    handshakes::Stage,
    segment::Segment,
    stream::{Close, Direction},
};

impl Flow {
    /// Time passes: what has waited too long is given up.
    pub(crate) fn tick(&mut self, now: Timestamp, bench: &mut Bench<'_>) -> After {
        self.session.tick(&self.facts, now, bench.desk, bench.calls);
        self.settle(now, bench)
    }

    /// A reset counts where the receiver would take it: exactly at the next expected number (RFC 5961, section 3.2).
    pub(super) fn reset(
        &mut self,
        direction: Direction,
        segment: &Segment<'_>,
        at: Timestamp,
        bench: &mut Bench<'_>,
    ) -> After {
        let half = self.half(direction);
        // Linux also takes one behind the bytes that it told of selectively.
        let is_behind = half.receiver.sack != Some(false) && segment.seq == half.seen_end();
        let expected = !half.started || segment.seq == half.next || is_behind;
        let after_fin = half.end.is_some_and(|end| segment.seq == end.plus(1));
        if !expected && !after_fin {
            bench.desk.losses.count(Loss::SuspiciousReset);
            return After::Open;
        }
        if self.half(direction).has_doubts() {
            // Had the receiver taken those, the reset would stand elsewhere.
            self.taint(Ambiguity::DoubtfulSegment);
        }
        if direction == Direction::Response && !self.facts.handshake {
            // The server may never have known this connection: its bytes can be anybody's.
            self.taint(Ambiguity::DoubtfulSegment);
        }
        self.stage = if direction == Direction::Request { Stage::Reset } else { Stage::Ended };
        self.close(Close::Reset, at, bench);
        After::Over
    }

    /// Whether a direction is over for the conversation. The client's end is only once the server has acknowledged it,
    /// or can not any more: an end that never reached the server must not cut what the client sends in its place.
    pub(super) fn is_over(&self, direction: Direction) -> bool {
        let [request, response] = &self.halves;
        match direction {
            Direction::Request => {
                let settled = request.is_end_acked() || response.is_at_end() || !self.seen[1];
                request.is_at_end() && settled
            }
            Direction::Response => response.is_at_end(),
        }
    }
}
