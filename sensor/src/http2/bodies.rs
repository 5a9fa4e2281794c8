//! Bodies of streams: bytes of DATA frames and their ends in, to the exchange or socket of their stream.

use model::{Ambiguity, Loss};

use super::{
    Connection, Room,
    streams::{Ended, Talk},
};
use crate::{
    http::Progress,
    stream::{Close, Direction, Piece},
};

impl Connection {
    /// Bytes of a body; whether they are all that is still to come of it.
    pub(super) fn data(
        &mut self,
        direction: Direction,
        id: u32,
        (bytes, is_rest): (&[u8], bool),
        room: &mut Room<'_>,
    ) {
        let Some(stream) = self.streams.at(id) else { return self.stray(id) };
        let side = stream.side(direction);
        side.bytes += bytes.len() as u64;
        let was_over = side.is_over && !side.is_cut;
        match &mut stream.talk {
            Talk::Call(exchange) if was_over => exchange.doubt(Ambiguity::Http2.into()),
            Talk::Call(exchange) if direction == Direction::Request => {
                exchange.request_body(bytes, room.desk);
            }
            Talk::Call(exchange) => exchange.answer_body(bytes, is_rest, room.desk),
            Talk::Socket(socket) => {
                let piece = Piece::Bytes(bytes);
                room.desk.ledger.enter(bytes.len());
                socket.piece(room.facts, direction, piece, room.at, room.desk, room.calls);
                room.desk.ledger.leave();
            }
            Talk::Tunnel => {
                room.desk.ledger.enter(bytes.len());
                room.desk.ledger.here().opaque += bytes.len() as u64;
                room.desk.ledger.leave();
            }
        }
        self.streams.account(id);
        self.make_room(room);
    }

    /// The end of a body.
    pub(super) fn end(&mut self, direction: Direction, id: u32, position: u64, room: &mut Room<'_>) {
        let Some(stream) = self.streams.at(id) else { return self.stray(id) };
        let side = stream.side(direction);
        let was_over = std::mem::replace(&mut side.is_over, true) && !side.is_cut;
        let differs = side.differs();
        match &mut stream.talk {
            Talk::Call(exchange) => {
                if was_over || differs {
                    exchange.doubt(Ambiguity::Http2.into());
                }
                let is_headless = direction == Direction::Response && exchange.answer == Progress::Awaited;
                if direction == Direction::Request {
                    exchange.request_end = exchange.request_end.max(position);
                    exchange.end_request();
                } else {
                    exchange.end_answer(room.at);
                }
                if is_headless {
                    // A body without head: nothing more can come of it.
                    exchange.doubt(Ambiguity::Http2.into());
                    self.give_up(id, Close::Reset, Ended::Reset, room);
                } else if exchange.is_over() {
                    self.emit(id, Ended::Whole, room);
                }
            }
            Talk::Socket(_) | Talk::Tunnel => {
                if let Talk::Socket(socket) = &mut stream.talk {
                    socket.close(room.facts, Close::Fin(direction), room.at, room.desk, room.calls);
                }
                if stream.sent.is_over && stream.received.is_over {
                    self.emit(id, Ended::Whole, room);
                }
            }
        }
    }

    /// A stream is given up by one of its ends.
    pub(super) fn reset(&mut self, id: u32, room: &mut Room<'_>) {
        if self.streams.at(id).is_some() {
            self.give_up(id, Close::Reset, Ended::Reset, room);
        } else if !self.is_late && id > self.last_of(id) {
            // Of a stream that was never opened.
            self.taint(Ambiguity::Http2);
        }
    }

    /// `bytes` of a body are missing, or an unknown number.
    pub(super) fn body_gap(
        &mut self,
        direction: Direction,
        id: u32,
        bytes: Option<u64>,
        room: &mut Room<'_>,
    ) {
        let Some(stream) = self.streams.at(id) else { return };
        let n = bytes.unwrap_or(0);
        let side = stream.side(direction);
        side.bytes += n;
        side.is_cut |= bytes.is_none();
        match &mut stream.talk {
            Talk::Call(exchange) if direction == Direction::Request => exchange.request_gap(n),
            Talk::Call(exchange) => exchange.answer_gap(n),
            Talk::Socket(socket) => {
                let piece = Piece::Gap(bytes.unwrap_or(1 << 62));
                socket.piece(room.facts, direction, piece, room.at, room.desk, room.calls);
            }
            Talk::Tunnel => {}
        }
    }

    /// Frames of a body of no open stream: of one that ended or was never opened they must not be.
    fn stray(&mut self, id: u32) {
        let was_opened = id <= self.last_of(id);
        let is_odd = match self.streams.ended(id) {
            Some(how) => how == Ended::Whole,
            None => !was_opened && !self.is_late,
        };
        if is_odd {
            self.taint(Ambiguity::Http2);
        }
    }

    /// Gives up the oldest streams until the others are within their limits.
    pub(super) fn make_room(&mut self, room: &mut Room<'_>) {
        while self.streams.is_over_full() {
            let Some(id) = self.streams.oldest().map(|stream| stream.id) else { return };
            room.desk.losses.count(Loss::TooManyOpen);
            self.give_up(id, Close::Evicted, Ended::GivenUp, room);
        }
    }
}
