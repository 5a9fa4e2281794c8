//! Acceptance: segments in, what their receiver makes of them out, as far as we know it. Never loses bytes for what we do
//! not know: what a receiver should drop is kept aside until it says otherwise.

use model::{Ambiguity, Loss, Timestamp};

use super::{After, Bench, Flow};
use crate::{
    half::{Fate, Receiver},
    handshakes::Terms,
    segment::Segment,
    seq::Seq,
    stream::{Direction, Piece},
    tcp::TcpConfig,
};

/// A sender's clock that jumps ahead by more than this makes its receiver drop what comes with the right time.
const JUMP: u32 = 1 << 30;

impl Flow {
    /// How client and server read overlaps.
    pub(crate) fn set_policies(&mut self, tcp: &TcpConfig) {
        self.halves[0].policy = tcp.policy(self.facts.server.ip());
        self.halves[1].policy = tcp.policy(self.facts.client.ip());
    }

    /// Both sides agreed on these terms.
    pub(crate) fn agree(&mut self, terms: &Terms) {
        for direction in [Direction::Request, Direction::Response] {
            if let Some(first) = self.starts[direction as usize] {
                let half = self.half(direction);
                half.acknowledge(first);
                half.receiver = Receiver::agreed(direction, terms, first);
            }
        }
    }

    /// What the receiver makes of this segment, as far as we know it.
    pub(super) fn fate(&self, direction: Direction, segment: &Segment<'_>, tcp: &TcpConfig) -> Fate {
        let [own, other] = self.both(direction);
        if segment.header.is_refused() || tcp.is_corrupt(segment) {
            return Fate::Dropped;
        }
        // Further away than any window, both may have gone on while we saw nothing.
        if segment.rst || segment.syn || own.is_unsent(segment.seq) {
            return Fate::Taken;
        }
        let is_wrong = |ack| other.is_too_old(ack) || other.is_unsent(ack);
        if own.receiver.is_agreed() && segment.ack.is_some_and(is_wrong) {
            return Fate::Dropped;
        }
        own.receiver.fate(segment)
    }

    /// Keeps a refused segment's bytes aside.
    pub(super) fn refuse(
        &mut self,
        direction: Direction,
        segment: &Segment<'_>,
        fate: Fate,
        at: Timestamp,
        bench: &mut Bench<'_>,
    ) -> After {
        bench.desk.losses.count(if segment.rst { Loss::SuspiciousReset } else { Loss::OutOfWindow });
        let is_data = segment.ack.is_some() && !segment.rst && !segment.syn;
        if is_data && (bench.is_tapped() || !self.session.is_opaque()) {
            if self.half(direction).doubt(segment.seq, segment.payload, fate) {
                self.conflict(bench);
            }
        } else if !segment.syn {
            bench.desk.ledger.payload.out_of_window += segment.payload.len() as u64;
        }
        self.settle(at, bench)
    }

    /// Notes what an accepted segment tells of its sender's clock.
    pub(super) fn accept(&mut self, direction: Direction, segment: &Segment<'_>) {
        let [_, other] = self.both(direction);
        let is_current = other.satisfies(segment.ack)
            && segment.ack.zip(other.acked).is_none_or(|(ack, acked)| !acked.is_after(ack));
        if is_current && self.half(direction).receiver.takes(segment) > JUMP {
            self.taint(Ambiguity::DoubtfulSegment);
        }
    }

    /// Notes who has spoken and what the other side has received.
    pub(super) fn see(&mut self, direction: Direction, segment: &Segment<'_>, bench: &mut Bench<'_>) {
        self.seen[direction as usize] = true;
        self.facts.one_sided_unknown = !(self.seen[0] && self.seen[1]);
        let Some(ack) = segment.ack else { return };
        if segment.syn {
            return;
        }
        if direction == Direction::Request && segment.len() > 0 && self.starts[0] == Some(segment.seq) {
            // The client's first bytes acknowledge nothing but the server's SYN.
            self.halves[1].start(ack);
        }
        let other = self.half(direction.other());
        other.acknowledge(ack);
        other.receiver.announce(ack, segment.header);
        if direction == Direction::Response && self.halves[0].is_acked_past(0) {
            self.unacked.forget(bench.spare);
        }
    }

    /// Notes the urgent byte. Linux takes it out of the stream unless told otherwise; whether the receiver does is its own
    /// choice (RFC 6093).
    pub(super) fn urge(&mut self, direction: Direction, segment: &Segment<'_>) {
        self.taint(Ambiguity::Urgent);
        let urgent = segment.header.urgent(segment.seq);
        let half = self.half(direction);
        let is_newer = half.urgent.is_none_or(|known| urgent.is_after(known));
        if urgent.offset_from(half.next) >= 0 && is_newer {
            half.urgent = Some(urgent);
        }
    }

    /// Hands bytes on without the urgent one.
    pub(super) fn tell_around(
        &mut self,
        urgent: Seq,
        direction: Direction,
        bytes: &[u8],
        at: Timestamp,
        bench: &mut Bench<'_>,
    ) {
        let left = self.half(direction).next.offset_from(urgent);
        let place = usize::try_from(left).ok().and_then(|left| bytes.len().checked_sub(left));
        let Some((before, rest)) = place.filter(|_| left > 0).and_then(|place| bytes.split_at_checked(place))
        else {
            return self.say(direction, Piece::Bytes(bytes), at, bench);
        };
        bench.desk.ledger.payload.urgent += 1;
        for part in [before, rest.get(1..).unwrap_or_default()] {
            if !part.is_empty() {
                self.say(direction, Piece::Bytes(part), at, bench);
            }
        }
    }
}
