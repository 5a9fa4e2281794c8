//! Connections as transcripts: frames in, calls out.

use std::net::SocketAddr;

use model::{ApiCall, Losses, Pseudonyms, Timestamp};

use super::{
    PREFACE, frame,
    hpack::plain::{Style, Writer},
};
use crate::{
    HttpConfig,
    http::Desk,
    session::Session,
    stream::{Close, Direction, FlowFacts, Piece},
};
use Direction::{Request, Response};

mod cases;
mod conformance;
mod cuts;
mod late;
mod streams;

pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;
pub(super) const PADDED: u8 = 8;
const SHOP: [(&str, &str); 2] = [(":scheme", "https"), (":authority", "shop.example")];

fn facts(handshake: bool) -> FlowFacts {
    let address = |text: &str| text.parse::<SocketAddr>().expect("literal");
    FlowFacts {
        client: address("198.51.100.7:40000"),
        server: address("192.0.2.1:443"),
        number: 7,
        handshake,
        one_sided_unknown: false,
    }
}

/// A frame's bytes.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len()).expect("fits").to_be_bytes();
    [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn data(stream: u32, bytes: &[u8], flags: u8) -> Vec<u8> {
    frame(frame::DATA, flags, stream, bytes)
}

/// The two ends of a connection: what each would write.
struct Ends {
    client: Writer,
    server: Writer,
}

impl Ends {
    fn new() -> Self {
        Self { client: Writer::new(), server: Writer::new() }
    }

    fn block(&mut self, direction: Direction, fields: &[(&str, &str)]) -> Vec<u8> {
        let writer = if direction == Request { &mut self.client } else { &mut self.server };
        let mut block = Vec::new();
        for (name, value) in fields {
            writer.field(name.as_bytes(), value.as_bytes(), Style::Indexed, &mut block);
        }
        block
    }

    fn head(&mut self, direction: Direction, stream: u32, fields: &[(&str, &str)], flags: u8) -> Vec<u8> {
        let block = self.block(direction, fields);
        frame(frame::HEADERS, flags | END_HEADERS, stream, &block)
    }

    /// A request with some of the usual fields.
    fn ask(&mut self, stream: u32, method: &str, path: &str, more: &[(&str, &str)], flags: u8) -> Vec<u8> {
        let fields = [&[(":method", method), (":path", path)], &SHOP[..], more].concat();
        self.head(Request, stream, &fields, flags)
    }

    fn get(&mut self, stream: u32, path: &str) -> Vec<u8> {
        self.ask(stream, "GET", path, &[("authorization", "Bearer 0123456789abcdef0123")], END_STREAM)
    }

    /// An answer without body.
    fn answer(&mut self, stream: u32, status: &str) -> Vec<u8> {
        self.head(Response, stream, &[(":status", status)], END_STREAM)
    }
}

/// What a connection begins with.
fn hello() -> Vec<u8> {
    [&PREFACE[..], &frame(frame::SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100])].concat()
}

/// A session that listens.
struct Ear {
    session: Session,
    desk: Desk,
    calls: Vec<ApiCall>,
    facts: FlowFacts,
    clock: u64,
    asked: u64,
}

impl Ear {
    fn new(handshake: bool) -> Self {
        let facts = facts(handshake);
        Self {
            session: Session::new(&facts),
            desk: Desk::new(HttpConfig::default(), Pseudonyms::new([9; 16])),
            calls: Vec::new(),
            facts,
            clock: 1_000,
            asked: 0,
        }
    }

    fn put(&mut self, direction: Direction, piece: Piece<'_>) -> &mut Self {
        self.clock += 1_000;
        let at = Timestamp::from_nanos(self.clock);
        match piece {
            Piece::Bytes(bytes) if direction == Request => self.asked += bytes.len() as u64,
            Piece::Gap(n) if direction == Request => self.asked += n,
            _ => self.session.acknowledged(self.asked),
        }
        self.session.piece(&self.facts, direction, piece, at, &mut self.desk, &mut self.calls);
        self
    }

    fn up(&mut self, bytes: &[u8]) -> &mut Self {
        self.put(Request, Piece::Bytes(bytes))
    }

    fn down(&mut self, bytes: &[u8]) -> &mut Self {
        self.put(Response, Piece::Bytes(bytes))
    }

    fn close(&mut self, close: Close) -> &mut Self {
        self.session.acknowledged(self.asked);
        let at = Timestamp::from_nanos(self.clock);
        self.session.close(&self.facts, close, at, &mut self.desk, &mut self.calls);
        self
    }

    fn losses(&self) -> &Losses {
        &self.desk.losses
    }

    /// Calls and losses in a few words.
    fn told(&self) -> String {
        let calls: Vec<String> = self.calls.iter().map(told).collect();
        let losses = self.desk.losses.nonzero().map(|(loss, n)| format!("{} {n}", loss.name()));
        let opaque = self.session.is_opaque().then(|| "opaque".to_owned());
        calls.into_iter().chain(losses).chain(opaque).collect::<Vec<_>>().join(", ")
    }
}

/// A call in a few words: method, path, status, grade, doubts, body bytes.
fn told(call: &ApiCall) -> String {
    let mut text = format!("{} {}", call.method, call.path);
    text.push_str(&call.status.map_or(" -".to_owned(), |status| format!(" {status}")));
    text.push_str(&format!(" {:?}", call.grade));
    call.ambiguities.iter().for_each(|doubt| text.push_str(&format!(" {}", doubt.name())));
    if call.request_bytes + call.response_bytes > 0 {
        text.push_str(&format!(" {}+{}", call.request_bytes, call.response_bytes));
    }
    if !call.complete {
        text.push_str(" cut");
    }
    text
}
