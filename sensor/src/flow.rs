//! Flows: segments of both directions in, pieces to the conversation out, each direction in order and neither before
//! what it answers. Never waits for a lost byte longer than the slack.

use std::{net::SocketAddr, time::Duration};

use model::{ApiCall, Loss, Timestamp};

use crate::{
    half::{Half, Offer},
    http::{Conversation, Desk},
    segment::Segment,
    seq::Seq,
    stream::{Close, Direction, FlowFacts, Piece},
    table::FlowKey,
};

/// Segments of a flow that may pass before missing bytes which the receiver has are given up: a mirror reorders by a few.
const SLACK_SEGMENTS: u16 = 10;
/// Time after which they are given up.
const SLACK: Duration = Duration::from_millis(200);

/// What a flow is given to work with.
pub(crate) struct Bench<'a> {
    pub(crate) desk: &'a mut Desk,
    pub(crate) calls: &'a mut Vec<ApiCall>,
    /// Bytes one half may keep.
    pub(crate) half_bytes_max: usize,
    /// Bytes all halves together may still keep.
    pub(crate) room: usize,
}

/// Whether the flow goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    Open,
    Over,
}

/// One TCP connection.
pub(crate) struct Flow {
    pub(crate) key: FlowKey,
    /// Keyed hash of the key.
    pub(crate) hash: u64,
    pub(crate) facts: FlowFacts,
    pub(crate) last: Timestamp,
    pub(crate) conversation: Conversation,
    halves: [Half; 2],
    /// First numbers of client and server, to tell a repeated handshake from a new one.
    pub(crate) starts: [Option<Seq>; 2],
    seen: [bool; 2],
    closed: [bool; 2],
    waiting_since: Timestamp,
    waited: u16,
    /// Whether the sensor's list of waiting flows has this one.
    pub(crate) is_listed: bool,
}

impl Flow {
    pub(crate) fn new(key: FlowKey, hash: u64, facts: FlowFacts, starts: [Option<Seq>; 2]) -> Self {
        let mut halves = [Half::default(), Half::default()];
        for (half, start) in halves.iter_mut().zip(starts) {
            start.into_iter().for_each(|start| half.start(start));
        }
        Self {
            key,
            hash,
            last: Timestamp::ZERO,
            conversation: Conversation::new(&facts),
            facts,
            halves,
            starts,
            seen: [false; 2],
            closed: [false; 2],
            waiting_since: Timestamp::ZERO,
            waited: 0,
            is_listed: false,
        }
    }

    /// Which way a segment from `source` travels.
    pub(crate) fn direction(&self, source: SocketAddr) -> Direction {
        if source == self.facts.client { Direction::Request } else { Direction::Response }
    }

    /// Next numbers of client and server.
    pub(crate) fn ends(&self) -> [Seq; 2] {
        let end = |half: &Half| half.end.filter(|end| *end == half.next).map_or(half.next, |end| end.plus(1));
        [end(&self.halves[0]), end(&self.halves[1])]
    }

    /// Bytes kept for later and held by the conversation.
    pub(crate) fn memory(&self) -> usize {
        self.kept_bytes() + self.conversation.memory()
    }

    pub(crate) fn kept_bytes(&self) -> usize {
        self.halves.iter().map(|half| half.kept_bytes).sum()
    }

    /// Whether something waits for missing bytes.
    pub(crate) fn is_waiting(&self) -> bool {
        self.waited > 0
    }

    pub(crate) fn segment(&mut self, segment: &Segment<'_>, at: Timestamp, bench: &mut Bench<'_>) -> After {
        let direction = self.direction(segment.source);
        self.last = at;
        self.see(direction, segment);
        if segment.rst {
            return self.reset(direction, segment, at, bench);
        }
        if segment.syn {
            return After::Open;
        }
        if self.conversation.is_opaque() {
            return self.pass_by(direction, segment, at, bench);
        }
        if segment.len() > 0 {
            if segment.ack.is_none() {
                bench.desk.losses.count(Loss::OutOfWindow);
                return After::Open;
            }
            self.payload(direction, segment, at, bench);
        }
        if segment.fin {
            self.fin(direction, segment.seq.plus(segment.len()));
        }
        self.settle(at, bench)
    }

    /// Time passes: what has waited too long is given up.
    pub(crate) fn tick(&mut self, now: Timestamp, bench: &mut Bench<'_>) -> After {
        self.settle(now, bench)
    }

    /// Hands on whatever waits, with its gaps, and tells the conversation the end.
    pub(crate) fn close(&mut self, close: Close, at: Timestamp, bench: &mut Bench<'_>) {
        self.give_up(at, bench, Force::Yes);
        self.conversation.close(&self.facts, close, at, bench.desk, bench.calls);
    }

    /// An opaque flow: nothing is kept or handed on, only its end is awaited.
    fn pass_by(&mut self, direction: Direction, segment: &Segment<'_>, at: Timestamp, bench: &mut Bench<'_>) -> After {
        let half = self.half(direction);
        half.jump(segment.seq.plus(segment.len()));
        if segment.fin {
            half.end = Some(half.next);
        }
        self.waited = 0;
        if self.halves.iter().all(|half| half.end.is_some()) {
            self.close(Close::End, at, bench);
            return After::Over;
        }
        After::Open
    }

    fn half(&mut self, direction: Direction) -> &mut Half {
        &mut self.halves[direction as usize]
    }

    /// Notes who has spoken and what the other side has received.
    fn see(&mut self, direction: Direction, segment: &Segment<'_>) {
        self.seen[direction as usize] = true;
        self.facts.one_sided_unknown = !(self.seen[0] && self.seen[1]);
        let Some(ack) = segment.ack else { return };
        if segment.syn {
            return;
        }
        let other = self.half(direction.other());
        other.acknowledge(ack);
        if direction == Direction::Response {
            let position = self.halves[0].acked_position();
            self.conversation.acknowledged(position);
        }
    }

    fn payload(&mut self, direction: Direction, segment: &Segment<'_>, at: Timestamp, bench: &mut Bench<'_>) {
        let held = !self.halves[direction.other() as usize].satisfies(segment.ack);
        let room = bench.room.min(bench.half_bytes_max.saturating_sub(self.half(direction).kept_bytes));
        match self.half(direction).offer(segment.seq, segment.payload, segment.ack, held, at) {
            Offer::Next(skip) => {
                let bytes = segment.payload.get(skip..).unwrap_or_default();
                let cut = segment.cut.min(segment.len() - skip);
                self.hand_on(direction, Piece::Bytes(bytes), bytes.len(), at, bench);
                if cut > 0 {
                    bench.desk.losses.count(Loss::PayloadCut);
                    self.hand_on(direction, Piece::Gap(cut as u64), cut, at, bench);
                }
            }
            Offer::Kept { added, conflict } => {
                if conflict {
                    bench.desk.losses.count(Loss::ConflictingOverlap);
                    self.conversation.taint();
                }
                if segment.cut > 0 {
                    bench.desk.losses.count(Loss::PayloadCut);
                }
                if added > room {
                    bench.desk.losses.count(Loss::BufferFull);
                    self.give_up(at, bench, Force::Yes);
                }
            }
            Offer::Old => bench.desk.losses.count(Loss::Duplicate),
            Offer::Outside => bench.desk.losses.count(Loss::OutOfWindow),
        }
    }

    fn fin(&mut self, direction: Direction, end: Seq) {
        let half = self.half(direction);
        if !half.started {
            half.start(end);
        }
        if half.end.is_none() && end.offset_from(half.next) >= 0 {
            half.end = Some(end);
        }
    }

    /// A reset counts where the receiver would take it: exactly at the next expected number (RFC 5961, section 3.2).
    fn reset(&mut self, direction: Direction, segment: &Segment<'_>, at: Timestamp, bench: &mut Bench<'_>) -> After {
        let half = self.half(direction);
        let expected = !half.started || segment.seq == half.next || Some(segment.seq) == half.acked;
        let after_fin = half.end.is_some_and(|end| segment.seq == end.plus(1));
        if !expected && !after_fin {
            bench.desk.losses.count(Loss::SuspiciousReset);
            return After::Open;
        }
        self.close(Close::Reset, at, bench);
        After::Over
    }

    /// Hands on what has become next, gives up what has waited too long, and notices the end.
    fn settle(&mut self, at: Timestamp, bench: &mut Bench<'_>) -> After {
        let waits = |flow: &Self| flow.halves.iter().any(|half| half.is_waiting() || half.is_behind());
        if waits(self) {
            self.drain(bench, Force::No);
        }
        if waits(self) {
            if self.waited == 0 {
                self.waiting_since = at;
            }
            self.waited = self.waited.saturating_add(1);
            if self.waited > SLACK_SEGMENTS || at.since(self.waiting_since) >= SLACK {
                self.give_up(at, bench, Force::No);
            }
        }
        if !waits(self) {
            self.waited = 0;
        }
        for direction in [Direction::Request, Direction::Response] {
            let at_end = self.halves[direction as usize].is_at_end();
            if at_end && !self.closed[direction as usize] {
                self.closed[direction as usize] = true;
                let close = Close::Fin(direction);
                self.conversation.close(&self.facts, close, at, bench.desk, bench.calls);
            }
        }
        if self.closed == [true; 2] {
            self.close(Close::End, at, bench);
            return After::Over;
        }
        After::Open
    }

    /// Hands on waiting bytes that are next, as long as there are any.
    fn drain(&mut self, bench: &mut Bench<'_>, force: Force) {
        let mut going = true;
        while going {
            going = false;
            for direction in [Direction::Request, Direction::Response] {
                let (half, other) = self.pair(direction);
                let allowed = |needs| force == Force::Yes || other.satisfies(needs);
                let Some((bytes, at)) = half.take(allowed) else { continue };
                going = true;
                let piece = Piece::Bytes(&bytes);
                self.conversation.piece(&self.facts, direction, piece, at, bench.desk, bench.calls);
            }
        }
    }

    /// Gives up holes: those that the receiver does not have, or with force all of them.
    fn give_up(&mut self, at: Timestamp, bench: &mut Bench<'_>, force: Force) {
        loop {
            self.drain(bench, Force::No);
            let lost = [Direction::Request, Direction::Response].into_iter().find_map(|direction| {
                let half = self.half(direction);
                let hole = half.hole();
                let given_up = hole > 0 && (half.is_hole_acknowledged() || force == Force::Yes && half.is_waiting());
                given_up.then_some((direction, hole))
            });
            let Some((direction, hole)) = lost else { break };
            bench.desk.losses.count(Loss::Gap);
            self.hand_on(direction, Piece::Gap(hole), usize::try_from(hole).unwrap_or(0), at, bench);
        }
        if force == Force::Yes {
            self.drain(bench, Force::Yes);
        }
    }

    fn hand_on(
        &mut self,
        direction: Direction,
        piece: Piece<'_>,
        length: usize,
        at: Timestamp,
        bench: &mut Bench<'_>,
    ) {
        self.half(direction).advance(length);
        self.conversation.piece(&self.facts, direction, piece, at, bench.desk, bench.calls);
    }

    fn pair(&mut self, direction: Direction) -> (&mut Half, &Half) {
        let [request, response] = &mut self.halves;
        match direction {
            Direction::Request => (request, response),
            Direction::Response => (response, request),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Force {
    Yes,
    No,
}

impl Direction {
    /// The other way.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Request => Self::Response,
            Self::Response => Self::Request,
        }
    }
}
