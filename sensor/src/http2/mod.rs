//! HTTP/2 (RFC 9113): pieces of a flow in, a call per stream out. Reads as a passive listener must: what it can not know is
//! said to be unknown, and a connection that breaks the rules of framing is not read any more.

mod answers;
mod bodies;
mod budget;
mod fields;
mod frame;
mod head;
pub(crate) mod hpack;
mod opening;
mod reader;
mod recovery;
mod requests;
mod streams;
mod sync;
#[cfg(test)]
mod tests;

pub(crate) use fields::FieldList;
pub(crate) use recovery::looks_like_frames;

use model::{Ambiguities, Ambiguity, ApiCall, Loss, Timestamp};

use crate::{
    http::{Desk, Exchange, FlowState, H2c},
    stream::{Close, Direction, FlowFacts, Piece},
};
use budget::Budget;
use hpack::Decoder;
use opening::Opening;
use reader::{Block, Reader, Step};
use streams::{Ended, Side, Stream, Streams, Talk};

/// What a client sends first (RFC 9113, section 3.4).
pub(crate) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The setting that says how large a table of HPACK may be, and that of the largest frame (RFC 9113, section 6.5.2).
const HEADER_TABLE_SIZE: u16 = 1;
const MAX_FRAME_SIZE: u16 = 5;

/// What a connection needs while it works on a piece.
struct Room<'r> {
    facts: &'r FlowFacts,
    at: Timestamp,
    desk: &'r mut Desk,
    calls: &'r mut Vec<ApiCall>,
}

/// The HTTP/2 of one flow.
pub(crate) struct Connection {
    readers: [Reader; 2],
    tables: [Decoder; 2],
    budgets: [Budget; 2],
    streams: Streams,
    opening: Opening,
    /// The last stream that each side opened.
    last: [u32; 2],
    /// Whether a frame was ever read.
    heard: bool,
    /// Whether frames were missed: calls from here on are at most of the second grade.
    is_late: bool,
    opaque: bool,
    ambiguities: Ambiguities,
    basic_accepted: bool,
    /// Bytes of the request stream that the server has acknowledged.
    acknowledged: u64,
}

impl Connection {
    /// A connection that begins with the preface; of a direction that is `cut`, bytes were missed.
    pub(crate) fn new(cut: [bool; 2]) -> Self {
        let mut connection = Self {
            readers: [Reader::new(Direction::Request), Reader::new(Direction::Response)],
            tables: [Decoder::fresh(), Decoder::fresh()],
            budgets: [Budget::default(), Budget::default()],
            streams: Streams::default(),
            opening: Opening::begun(),
            last: [0; 2],
            heard: false,
            is_late: false,
            opaque: false,
            ambiguities: Ambiguities::default(),
            basic_accepted: false,
            acknowledged: 0,
        };
        if cut[0] {
            connection.opening = Opening::unseen();
            connection.miss(Direction::Request);
        }
        if cut[1] {
            connection.miss(Direction::Response);
        }
        connection
    }

    /// The same, known by a few bytes of the server alone.
    pub(crate) fn begun_by_server(cut: [bool; 2]) -> Self {
        let mut connection = Self::new(cut);
        if !cut[1] {
            connection.readers[1].expect_settings();
        }
        connection
    }

    /// A connection whose first stream began as HTTP/1 (RFC 7540, section 3.2).
    pub(crate) fn upgraded(from: H2c) -> Self {
        let mut connection = Self::new([false; 2]);
        connection.readers[0].position = from.read;
        connection.acknowledged = from.acknowledged;
        // Its settings came in a header field that nobody kept.
        connection.tables[1].allow_any();
        connection.readers[1].allow_any();
        connection.heard = true;
        connection.last[0] = 1;
        let mut stream = requests::stream(1, Talk::Call(from.first));
        stream.sent.is_over = true;
        connection.streams.insert(stream);
        connection
    }

    /// The next piece of a direction.
    pub(crate) fn piece(
        &mut self,
        facts: &FlowFacts,
        direction: Direction,
        piece: Piece<'_>,
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) {
        if self.opaque {
            if let Piece::Bytes(bytes) = piece {
                desk.ledger.here().opaque += bytes.len() as u64;
            }
            return;
        }
        let mut room = Room { facts, at, desk, calls };
        match piece {
            Piece::Bytes(bytes) => {
                if let Some(bytes) = self.resume(direction, bytes, &mut room) {
                    self.frames(direction, bytes, &mut room);
                }
            }
            Piece::Gap(n) => self.gap(direction, n, &mut room),
        }
    }

    /// The flow, or one direction of it, is over.
    pub(crate) fn close(
        &mut self,
        facts: &FlowFacts,
        close: Close,
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) {
        let mut room = Room { facts, at, desk, calls };
        if close == Close::Fin(Direction::Request) {
            self.cut_requests(&mut room);
        } else {
            self.give_up_all(close, &mut room);
            self.readers[1].deafen();
        }
    }

    /// Bytes of this flow are ambiguous.
    pub(crate) fn taint(&mut self, why: Ambiguity) {
        self.ambiguities.insert(why);
        for stream in self.streams.iter_mut() {
            if let Talk::Socket(socket) = &mut stream.talk {
                socket.taint(why);
            }
        }
    }

    /// The server has acknowledged so many bytes of the request stream, gaps included, counted as pieces are.
    pub(crate) fn acknowledged(&mut self, request_bytes: u64) {
        self.acknowledged = self.acknowledged.max(request_bytes);
    }

    /// Whether nothing more will be read.
    pub(crate) fn is_opaque(&self) -> bool {
        self.opaque
    }

    /// Bytes held on the heap.
    pub(crate) fn memory(&self) -> usize {
        let readers: usize = self.readers.iter().map(Reader::memory).sum();
        let tables: usize = self.tables.iter().map(Decoder::memory).sum();
        readers + tables + self.streams.memory() + self.opening.memory()
    }

    /// Reads on to the end of a piece.
    fn frames(&mut self, direction: Direction, mut rest: &[u8], room: &mut Room<'_>) {
        while !self.opaque {
            match self.readers[direction as usize].read(&mut rest, room.at, room.desk.ledger.here()) {
                Step::More => return,
                Step::Frame(frame) => {
                    self.heard = true;
                    if !self.budgets[direction as usize].allows(frame, room.at) {
                        self.go_opaque(Loss::H2Limit, room);
                    }
                }
                Step::Data { stream, bytes } => {
                    let is_rest = self.readers[direction as usize].has_all_data();
                    self.data(direction, stream, (bytes, is_rest), room);
                }
                Step::End { stream, position } => self.end(direction, stream, position, room),
                Step::Block(block) => self.block(direction, block, room),
                Step::Reset { stream } => self.reset(stream, room),
                Step::BadPadding { stream } => {
                    self.taint(Ambiguity::Http2);
                    self.doubt(stream);
                }
                Step::Setting { id, value } => self.setting(direction, id, value),
                Step::Window { stream: 0, increment } if direction == Direction::Request => {
                    self.opening.window(increment);
                }
                Step::Priority { stream, bytes } if direction == Direction::Request => {
                    self.opening.priority(stream, bytes);
                }
                Step::Window { .. } | Step::Priority { .. } | Step::GoAway => {}
                Step::Broken => self.go_opaque(Loss::H2Broken, room),
                Step::Limit => self.go_opaque(Loss::H2Limit, room),
            }
        }
        room.desk.ledger.here().opaque += rest.len() as u64;
    }

    fn block(&mut self, direction: Direction, block: Block<'_>, room: &mut Room<'_>) {
        if direction == Direction::Request {
            self.request_block(block, room);
        } else {
            self.answer_block(block, room);
        }
    }

    fn setting(&mut self, direction: Direction, id: u16, value: u32) {
        if direction == Direction::Request {
            self.opening.setting(id, value);
        }
        let other = direction.other() as usize;
        match id {
            HEADER_TABLE_SIZE => self.tables[other].allow(value),
            MAX_FRAME_SIZE => self.readers[other].allow(value),
            _ => {}
        }
    }

    /// The last stream opened by the side that opens those like `id`.
    fn last_of(&self, id: u32) -> u32 {
        self.last[usize::from(id & 1 == 0)]
    }

    /// The exchange of a stream is ambiguous, if it is still open.
    fn doubt(&mut self, id: u32) {
        if let Some(Stream { talk: Talk::Call(exchange), .. }) = self.streams.at(id) {
            exchange.doubt(Ambiguity::Http2.into());
        }
    }

    /// Nothing more is read; what is open is told as it stands.
    fn go_opaque(&mut self, loss: Loss, room: &mut Room<'_>) {
        room.desk.losses.count(if self.heard { loss } else { Loss::NotHttp });
        self.give_up_all(Close::Reset, room);
        self.opaque = true;
        self.readers.iter_mut().for_each(Reader::deafen);
        self.tables = [Decoder::late(), Decoder::late()];
    }

    /// Requests get no further byte.
    fn cut_requests(&mut self, room: &mut Room<'_>) {
        let mut over = Vec::new();
        for stream in self.streams.iter_mut() {
            match &mut stream.talk {
                Talk::Call(exchange) => {
                    if !stream.sent.is_over {
                        exchange.request_gap(0);
                        exchange.end_request();
                    }
                    if exchange.is_over() {
                        over.push(stream.id);
                    }
                }
                Talk::Socket(socket) => {
                    let close = Close::Fin(Direction::Request);
                    socket.close(room.facts, close, room.at, room.desk, room.calls);
                }
                Talk::Tunnel => {}
            }
        }
        over.into_iter().for_each(|id| self.emit(id, Ended::Whole, room));
    }

    /// Tells all open streams as they stand.
    fn give_up_all(&mut self, close: Close, room: &mut Room<'_>) {
        while let Some(id) = self.streams.oldest().map(|stream| stream.id) {
            self.give_up(id, close, Ended::GivenUp, room);
        }
    }

    /// Tells a stream as it stands.
    fn give_up(&mut self, id: u32, close: Close, how: Ended, room: &mut Room<'_>) {
        let Some(stream) = self.streams.at(id) else { return };
        match &mut stream.talk {
            Talk::Call(exchange) => {
                cut(exchange, stream.sent, stream.received, room.at);
            }
            Talk::Socket(socket) => socket.close(room.facts, close, room.at, room.desk, room.calls),
            Talk::Tunnel => {}
        }
        self.emit(id, how, room);
    }

    /// Takes a stream off the table; its call is told.
    fn emit(&mut self, id: u32, how: Ended, room: &mut Room<'_>) {
        let Some(stream) = self.streams.remove(id, how) else { return };
        if let Talk::Call(exchange) = stream.talk {
            self.tell(exchange, room);
        }
    }

    fn tell(&mut self, exchange: Box<Exchange>, room: &mut Room<'_>) {
        let flow = FlowState {
            ambiguities: self.ambiguities,
            basic_accepted: self.basic_accepted,
            acknowledged: self.acknowledged,
            is_late: self.is_late,
        };
        self.basic_accepted |= exchange.accepts_basic();
        room.calls.push(exchange.finish(room.at, room.facts, flow, room.desk));
    }
}

/// Ends both sides of an exchange where they stand.
fn cut(exchange: &mut Exchange, sent: Side, received: Side, at: Timestamp) {
    if !sent.is_over {
        exchange.request_gap(0);
    }
    exchange.end_request();
    if !received.is_over {
        exchange.answer_gap(0);
    }
    exchange.end_answer(at);
}
