//! The answer side of a conversation: pieces in, finished exchanges out. An answer without its request is an orphan.

use httparse::Header;
use model::{Ambiguity, ApiCall, Loss, Timestamp};

use super::{
    Conversation, Desk, Upgrade,
    exchange::{BodyOf, Exchange, Progress},
    framing::{Framed, Framing, declared},
    head::{StartLine, with_head},
    pairing::Match,
    reader::{GapFate, HeadBytes, Step},
};
use crate::stream::FlowFacts;

/// What an answer of 101 changes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Protocol {
    WebSocket,
    H2c,
    #[default]
    Other,
}

fn upgraded_to(headers: &[Header<'_>]) -> Protocol {
    let mut values = headers.iter().filter(|header| header.name.eq_ignore_ascii_case("upgrade"));
    match values.next().map(|header| header.value.trim_ascii()) {
        Some(value) if value.eq_ignore_ascii_case(b"websocket") => Protocol::WebSocket,
        Some(value) if value.eq_ignore_ascii_case(b"h2c") => Protocol::H2c,
        _ => Protocol::Other,
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
        if let Some((_, left)) = &mut self.upgrade {
            *left = rest.len();
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
        let protocol = Some(upgraded_to(headers)).filter(|_| tunnel).unwrap_or_default();
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
                    if protocol == Protocol::H2c {
                        return self.switch_to_http2();
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
            self.emit_finished(facts, at, desk, calls);
            match calls.last().filter(|_| protocol == Protocol::WebSocket) {
                Some(call) => self.upgrade = Some((Upgrade::WebSocket(Box::new(call.clone())), 0)),
                None => desk.losses.count(Loss::Opaque),
            }
            self.go_opaque();
            self.give_up(usize::MAX, facts, at, desk, calls);
            return;
        }
        let framed = framed.unwrap_or(Framed { framing: Framing::UntilClose, tainted: false });
        if framed.tainted {
            self.taint(Ambiguity::Framing);
        }
        self.answers.body(match framed.framing {
            _ if no_body => Framing::Length(0),
            Framing::Unknown => Framing::UntilClose,
            other => other,
        });
    }

    pub(super) fn answer_gap(&mut self, n: u64, at: Timestamp) {
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

    /// The oldest open request goes on as the first stream of an HTTP/2 connection.
    fn switch_to_http2(&mut self) {
        if let Some(mut exchange) = self.pairing.open.pop_front() {
            exchange.end_request();
            self.upgrade = Some((Upgrade::H2c(exchange), 0));
        }
        self.requesting = false;
        self.go_opaque();
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
