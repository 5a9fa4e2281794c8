//! The answer side of a conversation: pieces in, finished exchanges out. An answer without its request is an orphan.

use httparse::Header;
use model::{Ambiguity, ApiCall, HttpVersion, Loss, Timestamp};

use super::{
    Conversation, Desk, GatewayProfile, H2c, Upgrade,
    exchange::{BodyOf, Exchange, Progress},
    forms::{Form, Forms},
    framing::{Framed, Framing, declared},
    gateway::AnswerLook,
    head::{StartLine, with_head},
    pairing::Match,
    reader::{GapFate, HeadBytes, Step},
};
use crate::stream::FlowFacts;

/// What an answer of 101 changes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Nothing was said.
    #[default]
    Stay,
    WebSocket,
    H2c,
    Other,
}

impl Protocol {
    /// The first that an `Upgrade` value names.
    pub(crate) fn named(value: &[u8]) -> Self {
        let first = value.split(|byte| *byte == b',').next().unwrap_or_default().trim_ascii();
        if first.eq_ignore_ascii_case(b"websocket") {
            Self::WebSocket
        } else if first.eq_ignore_ascii_case(b"h2c") {
            Self::H2c
        } else {
            Self::Other
        }
    }
}

/// What an answer's head says beyond its status and framing.
#[derive(Clone, Copy, Default)]
struct Said {
    upgrade: Protocol,
    closes: bool,
}

impl Said {
    fn gather(headers: &[Header<'_>], version: HttpVersion) -> Self {
        let mut said = Self { upgrade: Protocol::Stay, closes: version == HttpVersion::Http10 };
        for header in headers {
            if header.name.eq_ignore_ascii_case("upgrade") && said.upgrade == Protocol::Stay {
                said.upgrade = Protocol::named(header.value);
            } else if header.name.eq_ignore_ascii_case("connection") {
                let has = |wanted: &[u8]| {
                    let mut words = header.value.split(|byte| *byte == b',');
                    words.any(|word| word.trim_ascii().eq_ignore_ascii_case(wanted))
                };
                said.closes = has(b"close") || said.closes && !has(b"keep-alive");
            }
        }
        said
    }
}

impl Conversation {
    pub(super) fn answer_bytes(
        &mut self,
        facts: &FlowFacts,
        mut rest: &[u8],
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) {
        while !self.opaque {
            match self.answers.read(&mut rest, at, desk.config.head_bytes_max, desk.ledger.here()) {
                Step::More => return,
                Step::Skipped(n) => self.skip(n, desk),
                Step::Head(head) => self.answer_head(facts, head, at, desk, calls),
                Step::Body(bytes) => {
                    let is_rest = self.answers.ends_with(rest);
                    if let Some(exchange) = self.answer_in_hand() {
                        exchange.answer_body(bytes, is_rest, desk);
                    }
                }
                Step::End => {
                    if let Some(exchange) = self.answer_in_hand() {
                        exchange.end_answer(at);
                    }
                    self.answering = None;
                    self.emit_finished(facts, at, desk, calls);
                }
                Step::BrokenBody => {
                    self.taint(Ambiguity::Chunks);
                    self.break_answer(Loss::BadHead, facts, at, desk, calls);
                }
                Step::Broken(loss) => self.break_answer(loss, facts, at, desk, calls),
            }
        }
        match &mut self.upgrade {
            Some((_, left)) => *left = rest.len(),
            None => desk.ledger.here().opaque += rest.len() as u64,
        }
    }

    /// The answers can not be read from here on: the next one is looked for.
    fn break_answer(
        &mut self,
        loss: Loss,
        facts: &FlowFacts,
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) {
        self.cut_answer(at);
        self.pairing.lost_answers();
        self.broken(loss, desk);
        // What is finished must not stand before the next answer's request.
        self.emit_finished(facts, at, desk, calls);
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
        let read = with_head(head.bytes(), headers_max, |line, headers, forms| {
            let StartLine::Status { status, version } = line else { return Err(Loss::BadHead) };
            self.heard = true;
            if matches!(status, 100 | 102..=199) {
                self.answers.body(Framing::Length(0));
                self.answering = None;
                self.continue_expected();
                return Ok(());
            }
            let mut framed = declared(headers, version);
            if let Some(framed) = framed.as_mut().filter(|_| forms.contains(Form::FramingLine)) {
                framed.forms.insert(Form::FramingLine);
            }
            let said = Said::gather(headers, version);
            self.answer(facts, status, (headers, framed, said), at, desk, calls);
            Ok(())
        });
        self.answers.give_back(head);
        if let Err(loss) = read.and_then(|read| read) {
            self.answers.seek(desk.ledger.here());
            self.pairing.lost_answers();
            self.broken(loss, desk);
        }
    }

    fn answer(
        &mut self,
        facts: &FlowFacts,
        status: u16,
        (headers, framed, said): (&[Header<'_>], Option<Framed>, Said),
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) {
        let mut no_body = matches!(status, 101 | 204 | 304);
        let mut tunnel = status == 101;
        let mut is_orphan = false;
        let mut protocol = if tunnel { said.upgrade } else { Protocol::Stay };
        self.answering = None;
        match self.pairing.answer(at) {
            Match::Orphan { give_up } => {
                is_orphan = true;
                desk.losses.count(Loss::OrphanAnswer);
                self.give_up(give_up, facts, at, desk, calls);
                if give_up == 0 && self.pairing.is_in_step() && facts.handshake {
                    // More answers than requests: the two ends count differently.
                    self.doubts.insert(Ambiguity::Pairing);
                }
            }
            Match::At { place, doubtful } => {
                self.give_up(place, facts, at, desk, calls);
                let look = AnswerLook { status, closes: said.closes };
                self.settle(look, desk.config.profile(facts.server));
                if let Some(exchange) = self.pairing.open.front_mut() {
                    exchange.doubtful |= doubtful;
                    if tunnel && exchange.wants != protocol {
                        // Nobody asked for it: whatever follows is not what it says.
                        exchange.doubt(Ambiguity::Pairing.into());
                        protocol = Protocol::Other;
                    }
                    if protocol == Protocol::H2c {
                        return self.switch_to_http2(facts, at, desk, calls);
                    }
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
                        self.requests.seek(desk.ledger.here());
                    }
                }
            }
        }
        if tunnel {
            return self.enter_tunnel(protocol, facts, at, desk, calls);
        }
        let framed = framed.unwrap_or(Framed { framing: Framing::UntilClose, forms: Forms::default() });
        if !framed.forms.is_empty() {
            self.taint(Ambiguity::Framing);
        }
        let framing = match framed.framing {
            _ if no_body => Framing::Length(0),
            // Closing ends it at the latest (RFC 9112 section 6.3).
            Framing::Unknown => Framing::UntilClose,
            other => other,
        };
        if is_orphan { self.answers.doubtful_body(framing) } else { self.answers.body(framing) }
    }

    /// Lets the answer say what the oldest request's odd forms meant; what they leave open lasts.
    fn settle(&mut self, look: AnswerLook, profile: GatewayProfile) {
        let Some(exchange) = self.pairing.open.front_mut() else { return };
        let doubts = exchange.settle(profile, look);
        if !doubts.is_empty() {
            self.doubts.merge(doubts);
            self.pairing.open.iter_mut().skip(1).for_each(|later| later.doubt(doubts));
        }
    }

    /// What follows is not HTTP/1.
    fn enter_tunnel(
        &mut self,
        protocol: Protocol,
        facts: &FlowFacts,
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) {
        // Without its request nobody knows whose socket it is.
        let is_asked = self.answering.is_some();
        let taken = self.requests.position();
        // What was sent before the grant was read as HTTP already, and is none.
        let connects = protocol == Protocol::Stay
            && self.answer_in_hand().is_some_and(|exchange| exchange.connects_behind(taken));
        if let Some(exchange) = self.answer_in_hand() {
            exchange.end_request();
            exchange.end_answer(at);
        }
        self.emit_finished(facts, at, desk, calls);
        let opens = |call: &&ApiCall| is_asked && protocol == Protocol::WebSocket && call.status == Some(101);
        match calls.last().filter(opens) {
            Some(call) => self.upgrade = Some((Upgrade::WebSocket(Box::new(call.clone())), 0)),
            None if connects => self.upgrade = Some((Upgrade::Tunnel { taken }, 0)),
            None => desk.losses.count(Loss::Opaque),
        }
        self.go_opaque(desk);
        self.give_up(usize::MAX, facts, at, desk, calls);
    }

    pub(super) fn answer_gap(&mut self, n: u64, at: Timestamp, desk: &mut Desk) {
        let fate = self.answers.gap(n, desk.ledger.here());
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

    /// The oldest open request goes on as the first stream of an HTTP/2 connection; those behind it get no answer.
    fn switch_to_http2(
        &mut self,
        facts: &FlowFacts,
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) {
        let Some(mut first) = self.pairing.open.pop_front() else { return };
        first.end_request();
        self.requesting = false;
        self.go_opaque(desk);
        self.give_up(usize::MAX, facts, at, desk, calls);
        let (read, acknowledged) = (self.requests.position(), self.pairing.acknowledged());
        self.upgrade = Some((Upgrade::H2c(H2c { first, read, acknowledged }), 0));
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

    pub(super) fn answer_in_hand(&mut self) -> Option<&mut Exchange> {
        let place = self.answering?;
        self.pairing.open.get_mut(place).map(|open| &mut **open)
    }
}
