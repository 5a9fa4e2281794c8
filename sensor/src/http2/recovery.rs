//! Recovery: what a gap, or a late start, leaves of a connection. Frames are read again where one surely begins.

use model::Loss;

use super::{
    Connection, Room,
    hpack::Decoder,
    opening::Opening,
    reader::GapFate,
    streams::{Ended, Talk},
    sync::{self, Start},
};
use crate::{
    http::{Desk, Progress},
    stream::{Close, Direction, Piece},
};

/// More bytes than any frame of a WebSocket still awaits.
const FAR: u64 = 1 << 62;

/// Whether bytes are surely the beginning of HTTP/2 frames; `from_start` if they are the first of their direction.
pub(crate) fn looks_like_frames(
    direction: Direction,
    bytes: &[u8],
    from_start: bool,
    desk: &mut Desk,
) -> bool {
    if !from_start {
        return sync::begins(direction, bytes, &mut desk.fields);
    }
    // A server begins with its settings, and may do so before it has heard anything. Nothing else begins with a zero.
    let settings = [Some(0), None, None, Some(4), Some(0), Some(0), Some(0), Some(0), Some(0)];
    let fits = |(byte, wanted): (&u8, &Option<u8>)| wanted.is_none_or(|wanted| wanted == *byte);
    direction == Direction::Response && bytes.iter().zip(&settings).all(fits)
}

impl Connection {
    /// Bytes of a direction were missed, heads and settings among them.
    pub(super) fn miss(&mut self, direction: Direction) {
        self.is_late = true;
        self.readers[direction as usize].seek();
        self.tables[direction as usize].lose();
        // Settings may have been among them: anything is allowed to the other direction.
        self.lose_settings(direction);
    }

    /// The part of a piece at which reading can begin, while it is not known where frames do.
    pub(super) fn resume<'p>(
        &mut self,
        direction: Direction,
        bytes: &'p [u8],
        room: &mut Room<'_>,
    ) -> Option<&'p [u8]> {
        let reader = &mut self.readers[direction as usize];
        if !reader.is_seeking() {
            return Some(bytes);
        }
        let skipped = match sync::find(direction, bytes, &mut room.desk.fields) {
            Some(Start::Preface) if !self.heard => {
                reader.expect_preface();
                // No header block can have come before it, of either direction.
                self.tables = [Decoder::fresh(), Decoder::fresh()];
                self.tables.iter_mut().for_each(Decoder::allow_any);
                self.opening = Opening::begun();
                0
            }
            Some(Start::Frame(at)) => {
                reader.found();
                at
            }
            Some(Start::Preface) | None => bytes.len(),
        };
        reader.pass(skipped);
        room.desk.losses.add(Loss::ResyncSkipped, skipped as u64);
        room.desk.ledger.here().skipped += skipped as u64;
        (skipped < bytes.len()).then(|| bytes.get(skipped..).unwrap_or_default())
    }

    /// `n` bytes of a direction will never come.
    pub(super) fn gap(&mut self, direction: Direction, n: u64, room: &mut Room<'_>) {
        match self.readers[direction as usize].gap(n) {
            GapFate::Inside => {}
            GapFate::Body { stream, bytes } => self.body_gap(direction, stream, bytes, room),
            GapFate::Settings => self.lose_settings(direction),
            GapFate::Block => {
                room.desk.losses.count(Loss::H2LostSync);
                self.is_late = true;
                self.tables[direction as usize].lose();
            }
            GapFate::Lost => {
                room.desk.losses.count(Loss::H2LostSync);
                self.miss(direction);
                self.lose_streams(direction, room);
                return;
            }
        }
        // A frame may have ended with the gap.
        self.frames(direction, &[], room);
    }

    /// Settings of this direction were lost: anything is allowed to the other.
    fn lose_settings(&mut self, direction: Direction) {
        let other = direction.other() as usize;
        self.tables[other].allow_any();
        self.readers[other].allow_any();
    }

    /// Frames of unknown streams were lost: ends of bodies, resets, whole heads.
    fn lose_streams(&mut self, direction: Direction, room: &mut Room<'_>) {
        let mut begun = Vec::new();
        for stream in self.streams.iter_mut() {
            stream.is_doubtful = true;
            stream.side(direction).is_cut = true;
            match &mut stream.talk {
                Talk::Call(exchange) if direction == Direction::Request => {
                    if exchange.request == Progress::Open {
                        exchange.request_gap(0);
                        exchange.end_request();
                    }
                    if exchange.is_over() {
                        begun.push(stream.id);
                    }
                }
                // What is left of it may be over already: no later frame would say so.
                Talk::Call(exchange) if exchange.answer == Progress::Open => begun.push(stream.id),
                Talk::Call(_) | Talk::Tunnel => {}
                Talk::Socket(socket) => {
                    socket.piece(room.facts, direction, Piece::Gap(FAR), room.at, room.desk, room.calls);
                }
            }
        }
        begun.into_iter().for_each(|id| self.give_up(id, Close::Evicted, Ended::GivenUp, room));
    }
}
