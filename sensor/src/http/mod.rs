//! Conversations: pieces of a flow in, API calls out. Never holds a body, never waits for bytes that will not come.

mod config;
mod decoys;
mod exchange;
mod framing;
mod head;
mod pairing;
mod reader;

#[cfg(test)]
mod tests;

pub use config::HttpConfig;
pub use decoys::Decoys;
pub(crate) use decoys::Touched;

use httparse::Header;
use model::{ApiCall, HttpVersion, Loss, Losses, Pseudonyms, Timestamp};

use crate::{
    identity::{IdentityCache, caller},
    stream::{Close, Direction, FlowFacts, Piece},
};
use exchange::{BodyOf, Exchange, FlowState, Progress};
use framing::{Framed, Framing, declared};
use head::{StartLine, with_head};
use pairing::{Match, Pairing};
use reader::{GapFate, HeadBytes, Reader, Step};

/// Bytes skipped in a flow that has not yet shown a message before it counts as something else than HTTP.
const FOREIGN_BYTES_MAX: u64 = 4 << 20;

/// What the conversations of one sensor share.
pub(crate) struct Desk {
    pub(crate) config: HttpConfig,
    pub(crate) names: Pseudonyms,
    pub(crate) losses: Losses,
    pub(crate) identities: IdentityCache,
    /// Header names of the head in hand.
    pub(crate) scratch: Vec<u8>,
}

impl Desk {
    pub(crate) fn new(mut config: HttpConfig, names: Pseudonyms) -> Self {
        config.headers_max = config.headers_max.min(256);
        config.open_requests_max = config.open_requests_max.max(1);
        Self {
            config,
            names,
            losses: Losses::default(),
            identities: IdentityCache::new(),
            scratch: Vec::new(),
        }
    }
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
    tainted: bool,
    basic_accepted: bool,
    /// Whether the request in hand belongs to the newest exchange.
    requesting: bool,
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
            tainted: false,
            basic_accepted: false,
            requesting: false,
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
            return;
        }
        match (direction, piece) {
            (Direction::Request, Piece::Bytes(bytes)) => self.request_bytes(facts, bytes, at, desk, calls),
            (Direction::Response, Piece::Bytes(bytes)) => self.answer_bytes(facts, bytes, at, desk, calls),
            (Direction::Request, Piece::Gap(n)) => self.request_gap(n),
            (Direction::Response, Piece::Gap(n)) => self.answer_gap(n, at),
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
            self.answers.deafen();
        }
        self.emit_finished(facts, at, desk, calls);
    }

    /// Bytes of this flow are ambiguous: no call from here on supports a block.
    pub(crate) fn taint(&mut self) {
        self.tainted = true;
    }

    /// The server has acknowledged so many bytes of the request stream, gaps included, counted as pieces are.
    ///
    /// To be called with the acknowledgement of the very segment whose bytes come next in the response direction,
    /// just before they do; for bytes that waited in a buffer, with the one that came with them. Pairing after a
    /// loss rests on it. Never called when it is not known.
    pub(crate) fn acknowledged(&mut self, request_bytes: u64) {
        self.pairing.acknowledge(request_bytes);
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

    fn request_bytes(
        &mut self,
        facts: &FlowFacts,
        mut rest: &[u8],
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) {
        while !self.opaque {
            match self.requests.read(&mut rest, at, desk.config.head_bytes_max) {
                Step::More => return,
                Step::Skipped(n) => self.skip(n, desk),
                Step::Head(head) => self.request_head(facts, head, at, desk, calls),
                Step::Body(bytes) => {
                    if let Some(exchange) = self.request_in_hand() {
                        exchange.request_body(bytes, desk);
                    }
                }
                Step::End => {
                    if let Some(exchange) = self.request_in_hand() {
                        exchange.end_request();
                    }
                    self.requesting = false;
                    self.emit_finished(facts, at, desk, calls);
                }
                Step::Broken(loss) => {
                    self.cut_request();
                    self.pairing.lost_requests(self.requests.position());
                    self.broken(loss, desk);
                }
            }
        }
    }

    fn request_head(
        &mut self,
        facts: &FlowFacts,
        head: HeadBytes<'_>,
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) {
        let headers_max = desk.config.headers_max;
        let read = with_head(head.bytes(), headers_max, |line, headers, folded| {
            self.tainted |= folded;
            self.request(facts, line, headers, desk)
        });
        self.requests.give_back(head);
        if let Err(loss) = read.and_then(|read| read) {
            self.requests.seek();
            self.pairing.lost_requests(self.requests.position());
            self.broken(loss, desk);
        } else if self.pairing.open.len() > desk.config.open_requests_max {
            desk.losses.count(Loss::TooManyOpen);
            self.give_up(1, facts, at, desk, calls);
            self.pairing.gave_up_oldest();
        }
    }

    fn request(
        &mut self,
        facts: &FlowFacts,
        line: StartLine<'_>,
        headers: &[Header<'_>],
        desk: &mut Desk,
    ) -> Result<(), Loss> {
        let StartLine::Request { method, target, version } = line else { return Err(Loss::BadHead) };
        if version == HttpVersion::Http2 {
            return Err(if self.heard { Loss::BadHead } else { Loss::NotHttp });
        }
        let nothing = Framed { framing: Framing::Length(0), tainted: false };
        let framed = declared(headers, version)?.unwrap_or(nothing);
        let caller = caller(target, headers, facts, desk);
        self.heard = true;
        self.tainted |= framed.tainted || caller.tainted;
        let (at, start) = self.requests.begun();
        self.pairing.opening(at);
        let positions = (start, self.requests.position());
        self.index += 1;
        let mut exchange = Exchange::new(at, positions, self.index, (method, version), caller, facts, desk);
        exchange.framed(framed.framing);
        self.requests.body(framed.framing);
        self.requesting = framed.framing != Framing::Unknown;
        if !self.requesting {
            exchange.request_gap(0);
            exchange.end_request();
        }
        self.pairing.open.push_back(Box::new(exchange));
        Ok(())
    }

    fn answer_bytes(
        &mut self,
        facts: &FlowFacts,
        mut rest: &[u8],
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) {
        while !self.opaque {
            match self.answers.read(&mut rest, at, desk.config.head_bytes_max) {
                Step::More => return,
                Step::Skipped(n) => self.skip(n, desk),
                Step::Head(head) => self.answer_head(facts, head, at, desk, calls),
                Step::Body(bytes) => {
                    if let Some(exchange) = self.answer_in_hand() {
                        exchange.answer_body(bytes, desk);
                    }
                }
                Step::End => {
                    if let Some(exchange) = self.answer_in_hand() {
                        exchange.end_answer(at);
                    }
                    self.answering = None;
                    self.emit_finished(facts, at, desk, calls);
                }
                Step::Broken(loss) => {
                    self.cut_answer(at);
                    self.pairing.lost_answers();
                    self.broken(loss, desk);
                }
            }
        }
    }

    fn answer_head(
        &mut self,
        facts: &FlowFacts,
        head: HeadBytes<'_>,
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) {
        let headers_max = desk.config.headers_max;
        let read = with_head(head.bytes(), headers_max, |line, headers, _| {
            let StartLine::Status { status, version } = line else { return Err(Loss::BadHead) };
            self.heard = true;
            if matches!(status, 100 | 102..=199) {
                self.answers.body(Framing::Length(0));
                self.answering = None;
                self.continue_expected();
                return Ok(());
            }
            let framed = declared(headers, version)?;
            self.answer(facts, status, (headers, framed), at, desk, calls);
            Ok(())
        });
        self.answers.give_back(head);
        if let Err(loss) = read.and_then(|read| read) {
            self.answers.seek();
            self.pairing.lost_answers();
            self.broken(loss, desk);
        }
    }

    fn answer(
        &mut self,
        facts: &FlowFacts,
        status: u16,
        (headers, framed): (&[Header<'_>], Option<Framed>),
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) {
        let mut no_body = matches!(status, 101 | 204 | 304);
        let mut tunnel = status == 101;
        self.answering = None;
        match self.pairing.answer(at) {
            Match::Orphan { give_up } => {
                desk.losses.count(Loss::OrphanAnswer);
                self.give_up(give_up, facts, at, desk, calls);
            }
            Match::At { place, doubtful } => {
                self.give_up(place, facts, at, desk, calls);
                if let Some(exchange) = self.pairing.open.front_mut() {
                    exchange.doubtful |= doubtful;
                    exchange.answered(status, headers, BodyOf::gather(headers), desk);
                    self.answering = Some(0);
                    no_body |= exchange.is_head;
                    tunnel |= exchange.is_connect && (200..300).contains(&status);
                    // A refused body never comes: what follows may be it or the next request.
                    let refused = exchange.expects_continue && status >= 300 && !exchange.has_request_body();
                    if refused && exchange.request == Progress::Open {
                        exchange.request_gap(0);
                        exchange.end_request();
                        self.requesting = false;
                        self.requests.seek();
                    }
                }
            }
        }
        if tunnel {
            if let Some(exchange) = self.answer_in_hand() {
                exchange.end_request();
                exchange.end_answer(at);
            }
            desk.losses.count(Loss::Opaque);
            self.emit_finished(facts, at, desk, calls);
            self.go_opaque();
            self.give_up(usize::MAX, facts, at, desk, calls);
            return;
        }
        let framed = framed.unwrap_or(Framed { framing: Framing::UntilClose, tainted: false });
        self.tainted |= framed.tainted;
        self.answers.body(match framed.framing {
            _ if no_body => Framing::Length(0),
            Framing::Unknown => Framing::UntilClose,
            other => other,
        });
    }

    fn request_gap(&mut self, n: u64) {
        let fate = self.requests.gap(n);
        if let Some(exchange) = self.request_in_hand() {
            exchange.request_gap(if fate == GapFate::Lost { 0 } else { n });
        }
        match fate {
            GapFate::Inside => {}
            GapFate::Ended => {
                if let Some(exchange) = self.request_in_hand() {
                    exchange.end_request();
                }
                self.requesting = false;
            }
            GapFate::Lost => {
                self.cut_request();
                self.pairing.lost_requests(self.requests.position());
            }
        }
    }

    fn answer_gap(&mut self, n: u64, at: Timestamp) {
        let fate = self.answers.gap(n);
        if let Some(exchange) = self.answer_in_hand() {
            exchange.answer_gap(if fate == GapFate::Lost { 0 } else { n });
        }
        match fate {
            GapFate::Inside => {}
            GapFate::Ended => self.cut_answer(at),
            GapFate::Lost => {
                self.cut_answer(at);
                self.pairing.lost_answers();
            }
        }
    }

    fn skip(&mut self, n: u64, desk: &mut Desk) {
        desk.losses.add(Loss::ResyncSkipped, n);
        self.skipped = self.skipped.saturating_add(n);
        if !self.heard && self.skipped > FOREIGN_BYTES_MAX {
            desk.losses.count(Loss::NotHttp);
            self.go_opaque();
        }
    }

    /// A message that can not be read: the flow's first one says that it is not HTTP.
    fn broken(&mut self, loss: Loss, desk: &mut Desk) {
        let foreign = !self.heard && loss != Loss::HeadTooLong;
        desk.losses.count(if foreign { Loss::NotHttp } else { loss });
        if foreign {
            self.go_opaque();
        }
    }

    fn go_opaque(&mut self) {
        self.opaque = true;
        self.requests.deafen();
        self.answers.deafen();
    }

    /// The request in hand will get no further byte.
    fn cut_request(&mut self) {
        if let Some(exchange) = self.request_in_hand() {
            exchange.request_gap(0);
            exchange.end_request();
        }
        self.requesting = false;
    }

    /// The answer in hand will get no further byte.
    fn cut_answer(&mut self, at: Timestamp) {
        if let Some(exchange) = self.answer_in_hand() {
            exchange.answer_gap(0);
            exchange.end_answer(at);
        }
        self.answering = None;
    }

    fn continue_expected(&mut self) {
        if let Some(open) = self.pairing.open.iter_mut().find(|open| open.answer == Progress::Awaited) {
            open.expects_continue = false;
        }
    }

    fn request_in_hand(&mut self) -> Option<&mut Exchange> {
        if self.requesting { self.pairing.open.back_mut().map(|open| &mut **open) } else { None }
    }

    fn answer_in_hand(&mut self) -> Option<&mut Exchange> {
        let place = self.answering?;
        self.pairing.open.get_mut(place).map(|open| &mut **open)
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
        let flow = FlowState { tainted: self.tainted, basic_accepted: self.basic_accepted };
        self.basic_accepted |= exchange.accepts_basic();
        calls.push(exchange.finish(at, facts, flow, desk));
    }
}
