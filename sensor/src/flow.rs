//! Flows: segments of both directions in, pieces to the conversation out, each direction in order and neither before
//! what it answers. Never waits for a lost byte longer than the slack.

mod acceptance;
mod bench;
mod ending;
mod holding;
mod patience;
mod unacked;

use std::net::SocketAddr;

use model::{Ambiguities, Ambiguity, Loss, Timestamp};

use crate::{
    half::{Fate, Half, Offer, Stamp},
    handshakes::Stage,
    ledger::Waiting,
    segment::Segment,
    seq::Seq,
    session::Session,
    stream::{Close, Direction, FlowFacts, Piece},
    table::{Class, FlowKey},
};
pub(crate) use bench::Bench;
use patience::Force;
use unacked::Unacked;

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
    pub(crate) session: Session,
    halves: [Half; 2],
    /// First numbers of client and server, to tell a repeated handshake from a new one.
    pub(crate) starts: [Option<Seq>; 2],
    /// What was seen of the handshake so far.
    pub(crate) stage: Stage,
    seen: [bool; 2],
    pub(crate) closed: [bool; 2],
    /// Segments so far.
    segments: u64,
    /// The newest request bytes, as long as the server has not acknowledged them all.
    unacked: Unacked,
    /// Whether the sensor's list of waiting flows has this one.
    pub(crate) is_listed: bool,
    /// Bytes of memory and of the flow that it held when it was worked on last.
    pub(crate) held: (usize, Waiting),
    /// Whether its bytes can be other ones than those that the receivers took.
    pub(crate) ambiguities: Ambiguities,
}

impl Flow {
    pub(crate) fn new(
        key: FlowKey,
        hash: u64,
        facts: FlowFacts,
        starts: [Option<Seq>; 2],
        stage: Stage,
    ) -> Self {
        let session = Session::new(&facts);
        let mut halves = [Half::default(), Half::default()];
        for (half, start) in halves.iter_mut().zip(starts) {
            start.into_iter().for_each(|start| half.start(start));
        }
        let mut flow = Self {
            key,
            hash,
            last: Timestamp::ZERO,
            session,
            facts,
            halves,
            starts,
            stage,
            seen: [false; 2],
            closed: [false; 2],
            segments: 0,
            unacked: Unacked::default(),
            is_listed: false,
            held: (0, Waiting::default()),
            ambiguities: Ambiguities::default(),
        };
        if stage == Stage::Disputed {
            flow.taint(Ambiguity::Handshake);
        }
        flow
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

    /// A SYN or SYN-ACK that came late. Whether it belongs to this flow; a second answer with another number does and
    /// says that one of them is forged.
    pub(crate) fn late_handshake(&mut self, client: Seq, server: Option<Seq>) -> bool {
        if self.starts[0] != Some(client) {
            return false;
        }
        if server.is_some_and(|seq| self.starts[1].is_some_and(|own| own != seq)) {
            self.taint(Ambiguity::Handshake);
            return true;
        }
        self.stage = match (self.stage, server) {
            (Stage::Asked, Some(_)) | (Stage::Answered, None) => Stage::Agreed,
            (stage, _) => stage,
        };
        self.facts.handshake |= self.stage == Stage::Agreed;
        if let Some(server) = server {
            self.starts[1] = Some(server);
            self.halves[1].start(server);
        }
        true
    }

    /// How useful it is.
    pub(crate) fn class(&self) -> Class {
        if self.session.is_opaque() {
            Class::Opaque
        } else if self.halves[1].handed_on == 0 {
            Class::Silent
        } else {
            Class::Speaking
        }
    }

    /// Whether something waits for missing bytes, or for keys.
    pub(crate) fn is_waiting(&self) -> bool {
        self.halves.iter().any(|half| half.head().is_some()) || self.session.is_waiting()
    }

    pub(crate) fn segment(&mut self, segment: &Segment<'_>, at: Timestamp, bench: &mut Bench<'_>) -> After {
        let direction = self.direction(segment.source);
        self.last = at;
        self.segments += 1;
        let fate = self.fate(direction, segment, bench.tcp);
        if fate != Fate::Taken {
            return self.refuse(direction, segment, fate, at, bench);
        }
        self.see(direction, segment, bench);
        if segment.rst {
            // Bytes on a SYN are counted where SYNs are.
            let bytes = if segment.syn { 0 } else { segment.payload.len() };
            bench.desk.ledger.payload.out_of_window += bytes as u64;
            return self.reset(direction, segment, at, bench);
        }
        if segment.syn {
            return After::Open;
        }
        if self.session.is_opaque() && !bench.is_tapped() {
            return self.pass_by(direction, segment, at, bench);
        }
        if segment.ack.is_none() {
            // No receiver takes it (RFC 9293, section 3.10.7.4).
            bench.desk.out_of_window(segment.payload.len());
            return After::Open;
        }
        if let Some(why) = segment.ambiguous {
            self.taint(why);
        }
        if segment.urgent {
            self.urge(direction, segment);
        }
        if segment.len() > 0 {
            self.payload(direction, segment, at, bench);
        }
        if segment.fin {
            let stamp = self.stamp(segment, at);
            if self.half(direction).finish(segment.seq.plus(segment.len()), stamp) {
                self.conflict(bench);
            }
        }
        self.accept(direction, segment);
        self.settle(at, bench)
    }

    /// Hands on whatever waits, with its gaps, and tells the conversation the end.
    pub(crate) fn close(&mut self, close: Close, at: Timestamp, bench: &mut Bench<'_>) {
        self.give_up(at, bench, Force::Yes);
        self.unacked.forget(bench.spare);
        self.session.close(&self.facts, close, at, bench.desk, bench.calls);
    }

    /// An opaque flow: nothing is kept or handed on, only its end is awaited.
    fn pass_by(
        &mut self,
        direction: Direction,
        segment: &Segment<'_>,
        at: Timestamp,
        bench: &mut Bench<'_>,
    ) -> After {
        bench.desk.ledger.payload.passed_by += segment.payload.len() as u64;
        let half = self.half(direction);
        half.jump(segment.seq.plus(segment.len()));
        if segment.fin {
            half.end = Some(half.next);
        }
        if self.halves.iter().all(|half| half.end.is_some()) {
            self.close(Close::End, at, bench);
            return After::Over;
        }
        After::Open
    }

    fn half(&mut self, direction: Direction) -> &mut Half {
        &mut self.halves[direction as usize]
    }

    /// Tells the conversation what the server had received when it sent what comes next.
    fn tell_acknowledged(&mut self, ack: Option<Seq>) {
        if let Some(ack) = ack {
            self.session.acknowledged(self.halves[0].position_of(ack));
        }
    }

    fn stamp(&self, segment: &Segment<'_>, at: Timestamp) -> Stamp {
        Stamp { needs: segment.ack, at, number: self.segments, ..Stamp::default() }
    }

    fn payload(&mut self, direction: Direction, segment: &Segment<'_>, at: Timestamp, bench: &mut Bench<'_>) {
        bench.desk.losses.add(Loss::PayloadCut, u64::from(segment.cut > 0));
        let may_reopen = direction == Direction::Request || !self.closed[direction as usize];
        if may_reopen && self.half(direction).reopen(segment.seq, segment.len()) {
            self.closed[direction as usize] = false;
            self.conflict(bench);
        }
        let held = !self.halves[direction.other() as usize].satisfies(segment.ack);
        if held && !self.half(direction).started {
            // Not the first bytes of this direction: where it begins is not known before those come.
            bench.desk.out_of_window(segment.payload.len());
            return;
        }
        let stamp = self.stamp(segment, at);
        if direction == Direction::Request && self.rewrites(segment) {
            self.conflict(bench);
        }
        match self.half(direction).offer(segment.seq, segment.payload, held, stamp) {
            Offer::Next { skip, length, conflict } => {
                if conflict {
                    self.conflict(bench);
                }
                let bytes = segment.payload.get(skip..length).unwrap_or_default();
                if direction == Direction::Response {
                    self.tell_acknowledged(segment.ack);
                }
                self.hand_on(direction, Piece::Bytes(bytes), bytes.len(), at, bench);
                self.cut(direction, segment, at, bench);
            }
            Offer::Kept { is_new, conflict } => {
                if conflict {
                    self.conflict(bench);
                }
                bench.desk.losses.add(segment.again(), u64::from(!is_new));
                self.stay_within(direction, at, bench);
            }
            Offer::Old => {
                bench.desk.losses.add(segment.again(), u64::from(!segment.payload.is_empty()));
                self.cut(direction, segment, at, bench);
            }
            Offer::Outside if self.half(direction).follows(segment.seq) => {
                self.give_up(at, bench, Force::Yes);
                let missing = segment.seq.offset_from(self.half(direction).next);
                self.lose(direction, u64::try_from(missing).unwrap_or(0), at, bench);
                self.payload(direction, segment, at, bench);
            }
            Offer::Outside => {
                bench.desk.out_of_window(segment.payload.len());
                let half = self.half(direction);
                if half.end.is_some_and(|end| !end.is_after(segment.seq)) && !half.is_end_acked() {
                    self.conflict(bench);
                }
            }
        }
    }

    /// Makes a gap of the payload bytes that the snap length cut off, if they are next.
    fn cut(&mut self, direction: Direction, segment: &Segment<'_>, at: Timestamp, bench: &mut Bench<'_>) {
        let end = segment.seq.plus(segment.len());
        let missing = usize::try_from(end.offset_from(self.half(direction).next)).unwrap_or(0);
        if (1..=segment.cut).contains(&missing) {
            self.hand_on(direction, Piece::Gap(missing as u64), missing, at, bench);
        }
    }

    /// Whether a request segment differs from bytes handed on that the server has not acknowledged yet.
    fn rewrites(&self, segment: &Segment<'_>) -> bool {
        if self.unacked.memory() == 0 {
            return false;
        }
        let half = &self.halves[0];
        let start = half.handed_on.checked_add_signed(segment.seq.offset_from(half.next));
        start.is_some_and(|start| self.unacked.contradicts(half.handed_on, start, segment.payload))
    }

    fn conflict(&mut self, bench: &mut Bench<'_>) {
        bench.desk.losses.count(Loss::ConflictingOverlap);
        self.taint(Ambiguity::TcpOverlap);
    }

    /// From here on nothing of this flow supports a block.
    fn taint(&mut self, why: Ambiguity) {
        self.ambiguities.insert(why);
        self.session.taint(why);
    }

    /// Hands on what has become next, gives up what has waited too long, and notices the end.
    fn settle(&mut self, at: Timestamp, bench: &mut Bench<'_>) -> After {
        if self.is_waiting() || self.halves.iter().any(Half::has_doubts) {
            self.give_up(at, bench, Force::No);
        }
        if self.halves[1].head().is_none() {
            self.tell_acknowledged(self.halves[0].acked);
        }
        for direction in [Direction::Request, Direction::Response] {
            if self.is_over(direction) && !self.closed[direction as usize] {
                self.closed[direction as usize] = true;
                let close = Close::Fin(direction);
                self.session.close(&self.facts, close, at, bench.desk, bench.calls);
            }
        }
        if self.closed == [true; 2] && !self.session.is_waiting() {
            self.close(Close::End, at, bench);
            return After::Over;
        }
        After::Open
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
        self.tell(direction, piece, at, bench);
    }

    fn tell(&mut self, direction: Direction, piece: Piece<'_>, at: Timestamp, bench: &mut Bench<'_>) {
        match piece {
            Piece::Bytes([]) | Piece::Gap(0) => return,
            Piece::Bytes(bytes) if direction == Direction::Request && !self.halves[0].is_acked_past(0) => {
                self.unacked.remember(bytes, bench.spare);
            }
            Piece::Gap(_) if direction == Direction::Request => self.unacked.forget(bench.spare),
            _ => {}
        }
        let urgent = self.halves[direction as usize].urgent;
        if let (Piece::Bytes(bytes), Some(urgent)) = (piece, urgent) {
            return self.tell_around(urgent, direction, bytes, at, bench);
        }
        self.say(direction, piece, at, bench);
    }

    fn say(&mut self, direction: Direction, piece: Piece<'_>, at: Timestamp, bench: &mut Bench<'_>) {
        bench.tap(&self.facts, direction, piece);
        if let Piece::Bytes(bytes) = piece {
            bench.desk.ledger.deliver(bytes.len());
        }
        self.session.piece(&self.facts, direction, piece, at, bench.desk, bench.calls);
    }

    /// How many of the bytes handed on each other side has acknowledged.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn acknowledged(&self) -> [u64; 2] {
        [&self.halves[0], &self.halves[1]].map(|half| half.acked.map_or(0, |ack| half.position_of(ack)))
    }

    fn both(&self, direction: Direction) -> [&Half; 2] {
        let [request, response] = &self.halves;
        if direction == Direction::Request { [request, response] } else { [response, request] }
    }

    fn pair(&mut self, direction: Direction) -> (&mut Half, &Half) {
        let [request, response] = &mut self.halves;
        match direction {
            Direction::Request => (request, response),
            Direction::Response => (response, request),
        }
    }
}
