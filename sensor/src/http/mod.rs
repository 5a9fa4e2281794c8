//! Conversations: pieces of a flow in, API calls out. Never holds a body, never waits for bytes that will not come.

mod answers;
mod canonical;
mod config;
mod decoys;
mod exchange;
mod forms;
mod framing;
mod gateway;
mod head;
mod loose;
mod pairing;
mod reader;
mod requests;
mod seek;

#[cfg(test)]
mod tests;

pub(crate) use answers::Protocol;
pub(crate) use canonical::{Look, canonical};
pub use config::HttpConfig;
pub use decoys::Decoys;
pub(crate) use decoys::Touched;
pub(crate) use exchange::{BodyOf, Exchange, FlowState, Progress};
pub(crate) use forms::{Form, Forms};
pub(crate) use framing::Framed;
pub use gateway::{GatewayAt, GatewayProfile};

use model::{Ambiguities, Ambiguity, ApiCall, Loss, Losses, Pseudonyms, Timestamp};

use crate::{
    body::{Answers, Decoders},
    http2::FieldList,
    identity::{IdentityCache, familiar::Familiar},
    ledger::Ledger,
    stream::{Close, Direction, FlowFacts, Piece},
    tls::{TlsConfig, Vault},
};
use pairing::Pairing;
use reader::Reader;

/// Bytes skipped in a flow that has not yet shown a message before it counts as something else than HTTP.
const FOREIGN_BYTES_MAX: u64 = 4 << 20;

/// What the conversations of one sensor share.
pub(crate) struct Desk {
    pub(crate) config: HttpConfig,
    pub(crate) names: Pseudonyms,
    pub(crate) losses: Losses,
    /// What became of the bytes.
    pub(crate) ledger: Ledger,
    pub(crate) identities: IdentityCache,
    /// Decoders of bodies, and the memory they take.
    pub(crate) decoders: Decoders,
    pub(crate) familiar: Familiar,
    /// Bodies of answers seen lately.
    pub(crate) answers: Answers,
    /// Keys and limits of TLS.
    pub(crate) vault: Vault,
    /// Header names of the head in hand.
    pub(crate) scratch: Vec<u8>,
    /// Fields of the HTTP/2 head in hand.
    pub(crate) fields: FieldList,
}

impl Desk {
    pub(crate) fn new(mut config: HttpConfig, names: Pseudonyms) -> Self {
        config.headers_max = config.headers_max.min(256);
        config.open_requests_max = config.open_requests_max.max(1);
        let decoders = Decoders::new(config.decoder_bytes_max);
        Self {
            decoders,
            familiar: Familiar::new(&config, &names),
            answers: Answers::new(&config, &names),
            vault: Vault::new(TlsConfig::default(), &names),
            names,
            losses: Losses::default(),
            ledger: Ledger::default(),
            identities: IdentityCache::new(&config),
            config,
            scratch: Vec::new(),
            fields: FieldList::default(),
        }
    }

    /// A desk that reads everything as if for the first time: what one that remembers must agree with.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn without_memory(config: HttpConfig, names: Pseudonyms) -> Self {
        let mut desk = Self::new(config, names);
        desk.familiar.shut();
        desk.answers.shut();
        desk.identities.shut();
        desk
    }

    /// Forgets which messages came before.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn forget(&mut self) {
        self.familiar = Familiar::new(&self.config, &self.names);
        self.answers = Answers::new(&self.config, &self.names);
    }

    /// A segment with so many bytes of payload is refused.
    pub(crate) fn out_of_window(&mut self, bytes: usize) {
        self.losses.count(Loss::OutOfWindow);
        self.ledger.payload.out_of_window += bytes as u64;
    }
}

/// What a flow speaks after an upgrade.
pub(crate) enum Upgrade {
    /// HTTP/2.
    H2c(H2c),
    /// WebSocket, opened by this call.
    WebSocket(Box<ApiCall>),
    /// Anything, with another server: the proxy has granted CONNECT. So many bytes of the request stream came before it.
    Tunnel { taken: u64 },
}

/// Where HTTP/2 goes on from HTTP/1.
pub(crate) struct H2c {
    /// The request that asked for it: its first stream.
    pub(crate) first: Box<Exchange>,
    /// Bytes of the request stream that were read, and those that the server has acknowledged.
    pub(crate) read: u64,
    pub(crate) acknowledged: u64,
}

/// The HTTP of one flow.
pub(crate) struct Conversation {
    requests: Reader,
    answers: Reader,
    pairing: Pairing,
    /// Place in `pairing.open` of the answer in hand; `None` for an orphan or an interim answer.
    answering: Option<usize>,
    /// Requests so far.
    index: u64,
    /// Bytes skipped so far.
    skipped: u64,
    /// Whether a message was ever seen.
    heard: bool,
    opaque: bool,
    ambiguities: Ambiguities,
    /// Ways in which requests from here on are ambiguous: where one before them ended is.
    doubts: Ambiguities,
    basic_accepted: bool,
    /// Whether the request in hand belongs to the newest exchange.
    requesting: bool,
    /// What comes after HTTP/1, and how many bytes of the piece in hand belong to it already.
    upgrade: Option<(Upgrade, usize)>,
}

impl Conversation {
    pub(crate) fn new(facts: &FlowFacts) -> Self {
        Self {
            requests: Reader::new(Direction::Request, facts.handshake),
            answers: Reader::new(Direction::Response, facts.handshake),
            pairing: Pairing::default(),
            answering: None,
            index: 0,
            skipped: 0,
            heard: false,
            opaque: false,
            ambiguities: Ambiguities::default(),
            doubts: Ambiguities::default(),
            basic_accepted: false,
            requesting: false,
            upgrade: None,
        }
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
        match (direction, piece) {
            (Direction::Request, Piece::Bytes(bytes)) => self.request_bytes(facts, bytes, at, desk, calls),
            (Direction::Response, Piece::Bytes(bytes)) => self.answer_bytes(facts, bytes, at, desk, calls),
            (Direction::Request, Piece::Gap(n)) => self.request_gap(n, desk),
            (Direction::Response, Piece::Gap(n)) => self.answer_gap(n, at, desk),
        }
        self.emit_finished(facts, at, desk, calls);
    }

    /// The flow, or one direction of it, is over. Emits what no further byte can complete.
    pub(crate) fn close(
        &mut self,
        facts: &FlowFacts,
        close: Close,
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) {
        if close != Close::Fin(Direction::Response) {
            self.cut_request();
        }
        if close != Close::Fin(Direction::Request) {
            let whole = close == Close::Fin(Direction::Response) && self.answers.reads_until_close();
            if let Some(exchange) = self.answer_in_hand() {
                if !whole {
                    exchange.answer_gap(0);
                }
                exchange.end_answer(at);
            }
            self.answering = None;
            self.give_up(usize::MAX, facts, at, desk, calls);
            self.answers.deafen(desk.ledger.here());
        }
        self.emit_finished(facts, at, desk, calls);
    }

    /// Bytes of this flow are ambiguous: no call from here on supports a block.
    pub(crate) fn taint(&mut self, why: Ambiguity) {
        self.ambiguities.insert(why);
    }

    /// The server has acknowledged so many bytes of the request stream, gaps included, counted as pieces are.
    ///
    /// To be called with the acknowledgement of the very segment whose bytes come next in the response direction,
    /// just before they do; for bytes that waited in a buffer, with the one that came with them. Pairing after a
    /// loss rests on it. Never called when it is not known.
    pub(crate) fn acknowledged(&mut self, request_bytes: u64) {
        self.pairing.acknowledge(request_bytes);
    }

    /// What the flow has been upgraded to, with the number of bytes of the last piece that belong to it.
    pub(crate) fn take_upgrade(&mut self) -> Option<(Upgrade, usize)> {
        self.upgrade.take()
    }

    /// Whether a message was ever seen.
    pub(crate) fn heard(&self) -> bool {
        self.heard
    }

    /// In which ways the flow's bytes are ambiguous.
    pub(crate) fn ambiguities(&self) -> Ambiguities {
        self.ambiguities
    }

    /// Whether nothing more will be read of this flow: not HTTP/1, or upgraded to something else.
    pub(crate) fn is_opaque(&self) -> bool {
        self.opaque
    }

    /// Bytes held on the heap.
    pub(crate) fn memory(&self) -> usize {
        let open: usize = self.pairing.open.iter().map(|open| open.memory()).sum();
        self.requests.memory() + self.answers.memory() + self.pairing.open.capacity() * 8 + open
    }

    /// Bytes that wait for the rest of a head.
    pub(crate) fn waiting(&self) -> u64 {
        self.requests.waiting() + self.answers.waiting()
    }

    fn skip(&mut self, n: u64, desk: &mut Desk) {
        desk.losses.add(Loss::ResyncSkipped, n);
        self.skipped = self.skipped.saturating_add(n);
        if !self.heard && self.skipped > FOREIGN_BYTES_MAX {
            desk.losses.count(Loss::NotHttp);
            self.go_opaque(desk);
        }
    }

    /// A message that can not be read: the flow's first one says that it is not HTTP.
    fn broken(&mut self, loss: Loss, desk: &mut Desk) {
        let foreign = !self.heard && loss != Loss::HeadTooLong;
        desk.losses.count(if foreign { Loss::NotHttp } else { loss });
        if foreign {
            self.go_opaque(desk);
        }
    }

    fn go_opaque(&mut self, desk: &mut Desk) {
        self.opaque = true;
        self.requests.deafen(desk.ledger.here());
        self.answers.deafen(desk.ledger.here());
    }

    /// Emits the oldest `n` open requests as they stand.
    fn give_up(
        &mut self,
        n: usize,
        facts: &FlowFacts,
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) {
        for _ in 0..n.min(self.pairing.open.len()) {
            self.emit_oldest(facts, at, desk, calls);
        }
    }

    fn emit_finished(&mut self, facts: &FlowFacts, at: Timestamp, desk: &mut Desk, calls: &mut Vec<ApiCall>) {
        while self.pairing.open.front().is_some_and(|open| open.is_over()) {
            self.emit_oldest(facts, at, desk, calls);
        }
    }

    fn emit_oldest(&mut self, facts: &FlowFacts, at: Timestamp, desk: &mut Desk, calls: &mut Vec<ApiCall>) {
        let Some(exchange) = self.pairing.open.pop_front() else { return };
        self.requesting &= !self.pairing.open.is_empty();
        self.answering = self.answering.and_then(|place| place.checked_sub(1));
        let flow = FlowState {
            ambiguities: self.ambiguities,
            basic_accepted: self.basic_accepted,
            acknowledged: self.pairing.acknowledged(),
            is_late: false,
        };
        self.basic_accepted |= exchange.accepts_basic();
        calls.push(exchange.finish(at, facts, flow, desk));
    }
}
