//! The request side of a conversation: pieces in, open exchanges out. Never waits for an answer.

use httparse::Header;
use model::{ApiCall, HttpVersion, Loss, Timestamp};

use super::{
    Conversation, Desk, GatewayProfile,
    exchange::Exchange,
    forms::{Form, Forms},
    framing::{Framed, Framing, declared},
    gateway::{lasting, open_doubts},
    head::{StartLine, plain_head, with_head},
    reader::{GapFate, HeadBytes, Step},
};
use crate::{
    identity::{Aim, Caller, caller_in, familiar::recall},
    stream::FlowFacts,
};

/// What keeps the same header block under two versions of HTTP apart: they frame bodies differently.
fn version_mark(version: HttpVersion) -> u128 {
    u128::from(version == HttpVersion::Http10) << 127
}

impl Conversation {
    pub(super) fn request_bytes(
        &mut self,
        facts: &FlowFacts,
        mut rest: &[u8],
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) {
        while !self.opaque {
            match self.requests.read(&mut rest, at, desk.config.head_bytes_max, desk.ledger.here()) {
                Step::More => return,
                Step::Skipped(n) => self.skip(n, desk),
                Step::Head(head) => self.request_head(facts, head, at, desk, calls),
                Step::Body(bytes) => {
                    if let Some(exchange) = self.request_in_hand() {
                        exchange.request_body(bytes, desk);
                    }
                }
                Step::End => {
                    let end = self.requests.position();
                    if self.requests.take_odd_chunks() {
                        self.odd_body(Form::ChunkOdd, desk.config.profile(facts.server));
                    }
                    if let Some(exchange) = self.request_in_hand() {
                        exchange.request_end = end;
                        exchange.end_request();
                    }
                    self.requesting = false;
                    self.emit_finished(facts, at, desk, calls);
                }
                Step::BrokenBody => {
                    // Nothing before it was lost: its answer is still the next one in turn.
                    self.odd_body(Form::ChunkBad, desk.config.profile(facts.server));
                    self.cut_request();
                    self.broken(Loss::BadHead, desk);
                }
                Step::Broken(loss) => {
                    self.cut_request();
                    self.lost_requests(u64::MAX);
                    self.broken(loss, desk);
                }
            }
        }
        desk.ledger.here().opaque += rest.len() as u64;
    }

    fn request_head(
        &mut self,
        facts: &FlowFacts,
        head: HeadBytes<'_>,
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) {
        let read = self.read_request(facts, head.bytes(), desk);
        self.requests.give_back(head);
        if let Err(loss) = read {
            self.requests.seek(desk.ledger.here());
            self.lost_requests(u64::MAX);
            self.broken(loss, desk);
        } else if self.pairing.open.len() > desk.config.open_requests_max {
            desk.losses.count(Loss::TooManyOpen);
            self.give_up(1, facts, at, desk, calls);
            self.pairing.gave_up_oldest();
        }
    }

    /// Reads a head: by its header block if that is familiar, else field by field.
    fn read_request(&mut self, facts: &FlowFacts, head: &[u8], desk: &mut Desk) -> Result<(), Loss> {
        let plain = plain_head(head);
        let key = plain.and_then(|plain| desk.familiar.key(plain.block));
        if let (Some(plain), Some(key)) = (plain, key)
            && let Some((caller, aim, framed)) = recall(
                key ^ version_mark(plain.version),
                plain.block,
                (plain.target, plain.look),
                facts,
                desk,
            )
        {
            let begun = self.begin((plain.method, plain.version), (caller, aim), facts, desk);
            self.open(begun, framed, (&[], Forms::default()), facts, desk);
            return Ok(());
        }
        let headers_max = desk.config.headers_max;
        let read = with_head(head, headers_max, |line, headers, forms| {
            self.request(facts, line, (headers, plain.map_or(&[][..], |plain| plain.block)), forms, key, desk)
        });
        read.and_then(|read| read)
    }

    fn request(
        &mut self,
        facts: &FlowFacts,
        line: StartLine<'_>,
        (headers, block): (&[Header<'_>], &[u8]),
        forms: Forms,
        key: Option<u128>,
        desk: &mut Desk,
    ) -> Result<(), Loss> {
        let StartLine::Request { method, target, look, version } = line else { return Err(Loss::BadHead) };
        if method == b"PRI" {
            return Err(if self.heard { Loss::BadHead } else { Loss::NotHttp });
        }
        let framed = declared(headers, version);
        let (caller, aim) = caller_in((target, look), (headers, block), facts, desk);
        let is_plain = forms.is_empty() && framed.is_none_or(|framed| framed.forms.is_empty());
        // A body is told by what the fields say of it, so that those are read each time.
        let is_bare = framed.is_none_or(|framed| framed.framing == Framing::Length(0));
        let lasts = is_plain && method != b"CONNECT" && (is_bare || !desk.config.inspect_bodies);
        if let Some(key) = key.filter(|_| lasts) {
            desk.familiar.learn(key ^ version_mark(version), &caller, framed);
        }
        let begun = self.begin((method, version), (&caller, aim), facts, desk);
        self.open(begun, framed, (headers, forms), facts, desk);
        Ok(())
    }

    /// A request begins: its exchange, and the odd forms of what it says.
    fn begin(
        &mut self,
        (method, version): (&[u8], HttpVersion),
        (caller, aim): (&Caller, Aim),
        facts: &FlowFacts,
        desk: &Desk,
    ) -> (Box<Exchange>, Forms) {
        let mut forms = aim.forms;
        if version == HttpVersion::Http11 && caller.host.is_empty() {
            forms.insert(Form::NoHost);
        }
        if method == b"CONNECT" {
            forms.remove(Form::Target);
        }
        self.heard = true;
        let (at, start) = self.requests.begun();
        self.pairing.opening(at);
        let positions = (start, self.requests.position());
        self.index += 1;
        (Exchange::new(at, positions, self.index, (method, version), (caller, aim), facts, desk), forms)
    }

    /// A request that has begun is open.
    fn open(
        &mut self,
        (mut exchange, mut forms): (Box<Exchange>, Forms),
        framed: Option<Framed>,
        (headers, odd): (&[Header<'_>], Forms),
        facts: &FlowFacts,
        desk: &mut Desk,
    ) {
        let nothing = Framed { framing: Framing::Length(0), forms: Forms::default() };
        let framed = framed.unwrap_or(nothing);
        forms.merge(framed.forms);
        forms.merge(odd);
        if framed.framing != Framing::Length(0) {
            exchange.request_begins(headers, desk);
        }
        exchange.doubt(self.doubts);
        if !forms.is_empty() {
            exchange.forms = forms;
            let unsure = open_doubts(forms, desk.config.profile(facts.server));
            self.doubts.merge(lasting(unsure));
        }
        self.requests.body(framed.framing);
        self.requesting = framed.framing != Framing::Unknown;
        if !self.requesting {
            exchange.request_gap(0);
            exchange.end_request();
        }
        self.pairing.open.push_back(exchange);
    }

    /// The body in hand has chunks that gateways read differently: so may all that follows be.
    fn odd_body(&mut self, form: Form, profile: GatewayProfile) {
        let Some(exchange) = self.request_in_hand() else { return };
        exchange.forms.insert(form);
        let unsure = open_doubts(exchange.forms, profile);
        self.doubts.merge(lasting(unsure));
    }

    pub(super) fn request_gap(&mut self, n: u64, desk: &mut Desk) {
        let fate = self.requests.gap(n, desk.ledger.here());
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
                self.lost_requests(n);
            }
        }
    }

    /// The last `n` bytes, but none of the newest head, were lost or unreadable.
    fn lost_requests(&mut self, n: u64) {
        let until = self.requests.position();
        let newest = self.pairing.open.back().map_or(0, |open| open.head_end);
        self.pairing.lost_requests(until.saturating_sub(n).max(newest), until);
    }

    /// The request in hand will get no further byte.
    pub(super) fn cut_request(&mut self) {
        if let Some(exchange) = self.request_in_hand() {
            exchange.request_gap(0);
            exchange.end_request();
        }
        self.requesting = false;
    }

    pub(super) fn request_in_hand(&mut self) -> Option<&mut Exchange> {
        if self.requesting { self.pairing.open.back_mut().map(|open| &mut **open) } else { None }
    }
}
