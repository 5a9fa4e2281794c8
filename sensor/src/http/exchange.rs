//! Exchanges: a request while its answer is awaited in, one `ApiCall` out. Never emits a call twice.

mod scans;
mod streams;

use compact_str::CompactString;
use httparse::Header;
use model::{
    Ambiguities, Ambiguity, ApiCall, BodyFacts, BodyForm, CallId, Details, Grade, HeadSign, HttpVersion,
    Loss, Outcome, Principal, PrincipalKind, Signs, Timestamp,
};

use super::{
    Desk, GatewayProfile,
    answers::Protocol,
    forms::Forms,
    gateway::{AnswerLook, Settled, lasting, settle, unsettled},
};
use crate::{
    body::{Announced, Role, Scan, Told},
    identity::{Aim, Caller, Candidates, Query, handed_out},
    stream::FlowFacts,
};
use scans::{scan, told};

/// How much of a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Awaited,
    Open,
    /// Over; `whole` when no byte of it is missing.
    Over {
        whole: bool,
    },
}

/// A request with what has come of its answer.
pub(crate) struct Exchange {
    call: ApiCall,
    /// Position of the request's first byte, and behind its head, in the request stream.
    pub(crate) start: u64,
    pub(crate) head_end: u64,
    /// Where its request ends, as far as that is known.
    pub(crate) request_end: u64,
    pub(crate) request: Progress,
    pub(crate) answer: Progress,
    pub(crate) is_head: bool,
    pub(crate) is_connect: bool,
    pub(crate) expects_continue: bool,
    /// Paired while requests and answers were out of step.
    pub(crate) doubtful: bool,
    /// Ways in which the request is odd.
    pub(super) forms: Forms,
    /// What its answer says of them; `None` before it came.
    settled: Option<Settled>,
    /// What it asked to change to.
    pub(super) wants: Protocol,
    request_gap: bool,
    answer_gap: bool,
    login_basic: bool,
    request_scan: Option<Box<Scan>>,
    answer_scan: Option<Box<Scan>>,
    /// Its answer's body is plain JSON, of which nothing came yet: there is no scan of it before it turns out not to be a
    /// familiar one.
    awaits_json: bool,
    /// The key of its answer's body, where that came in one piece and may come again.
    answer_key: Option<u128>,
    /// What is told of a body that came before.
    answer_told: Option<Box<Told>>,
    refresh_shown: Option<Principal>,
    /// Header fields that could not be known.
    unknown: u16,
}

impl Exchange {
    /// Of a request whose head was read. Made where it stays: it is large.
    pub(crate) fn new(
        at: Timestamp,
        positions: (u64, u64),
        index: u64,
        (method, version): (&[u8], HttpVersion),
        (caller, aim): (&Caller, Aim),
        facts: &FlowFacts,
        desk: &Desk,
    ) -> Box<Self> {
        let (mut context, mut signs) = (caller.context, caller.signs);
        context.signs.merge(caller.token.signs(at));
        if !aim.signs.is_empty() {
            context.signs.insert(HeadSign::Path);
            signs.merge(aim.signs);
        }
        Box::write(
            Box::new_uninit(),
            Self {
                start: positions.0,
                head_end: positions.1,
                request_end: positions.1,
                request: Progress::Open,
                answer: Progress::Awaited,
                is_head: method == b"HEAD",
                is_connect: method == b"CONNECT",
                expects_continue: caller.expects_continue,
                doubtful: false,
                forms: Forms::default(),
                settled: None,
                wants: caller.wants,
                request_gap: false,
                answer_gap: false,
                login_basic: caller.basic.is_some(),
                request_scan: None,
                answer_scan: None,
                awaits_json: false,
                answer_key: None,
                answer_told: None,
                refresh_shown: None,
                unknown: 0,
                call: ApiCall {
                    at,
                    id: id(facts, index, desk),
                    client: aim.client,
                    peer: facts.client,
                    server: facts.server,
                    http: version,
                    method: std::str::from_utf8(method).unwrap_or_default().into(),
                    host: caller.host.clone(),
                    path: aim.path,
                    status: None,
                    request_bytes: 0,
                    response_bytes: 0,
                    duration_us: None,
                    identities: caller.identities.clone(),
                    complete: false,
                    grade: Grade::C,
                    ended_at: at,
                    context,
                    asked: aim.asked,
                    given: Default::default(),
                    issued: Default::default(),
                    login: caller.basic.clone(),
                    decoys: aim.decoys,
                    ambiguities: caller.ambiguities,
                    details: details_of(aim.query, aim.canonical, signs, &caller.candidates),
                },
            },
        )
    }

    /// The request's body begins, if there is one: what its head announces of it.
    pub(crate) fn request_begins(&mut self, headers: &[Header<'_>], desk: &mut Desk) {
        if desk.config.inspect_bodies {
            self.request_scan = scan(&Announced::gather(headers), Role::Request, desk);
        }
    }

    /// It is open in these ways what this request is.
    pub(crate) fn doubt(&mut self, doubts: Ambiguities) {
        self.call.ambiguities.merge(doubts);
    }

    /// What the answer says of a request's odd forms; what stays doubtful of later requests.
    pub(super) fn settle(&mut self, profile: GatewayProfile, answer: AnswerLook) -> Ambiguities {
        if self.forms.is_empty() {
            return Ambiguities::default();
        }
        let settled = settle(self.forms, profile, answer);
        self.settled = Some(settled);
        match settled {
            Settled::Sure => Ambiguities::default(),
            Settled::Ambiguous(doubts) => {
                self.call.ambiguities.merge(doubts);
                lasting(doubts)
            }
            // A gateway that closes reads nothing that follows.
            Settled::Refused => Ambiguity::Framing.into(),
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!((self.request, self.answer), (Progress::Over { .. }, Progress::Over { .. }))
    }

    /// Whether it is a CONNECT without body that ends at this position of the request stream.
    pub(crate) fn connects_behind(&self, position: u64) -> bool {
        self.is_connect && !self.doubtful && self.head_end == position
    }

    pub(crate) fn has_request_body(&self) -> bool {
        self.call.request_bytes > 0
    }

    pub(crate) fn memory(&self) -> usize {
        let scans = [&self.request_scan, &self.answer_scan].into_iter().flatten();
        size_of::<Self>() + self.call.path.len() + scans.map(|scan| scan.memory()).sum::<usize>()
    }

    pub(crate) fn end_request(&mut self) {
        if self.request == Progress::Open {
            self.request = Progress::Over { whole: !self.request_gap };
        }
    }

    pub(crate) fn end_answer(&mut self, at: Timestamp) {
        if self.answer == Progress::Open {
            self.answer = Progress::Over { whole: !self.answer_gap };
            let span = at.since(self.call.at).as_micros();
            self.call.duration_us = Some(u64::try_from(span).unwrap_or(u64::MAX));
        }
    }

    /// The final answer's head.
    pub(crate) fn answered(
        &mut self,
        status: u16,
        headers: &[Header<'_>],
        body: BodyOf<'_>,
        desk: &mut Desk,
    ) {
        self.call.status = Some(status);
        self.answer = Progress::Open;
        let handed_out = handed_out(headers, status, &self.call.identities, desk);
        self.call.issued = handed_out.issued;
        self.call.given.extend(handed_out.created);
        if !handed_out.offered.is_empty() {
            self.call.details_mut().offered = handed_out.offered;
        }
        if desk.config.inspect_bodies && !self.is_head && !matches!(status, 101 | 204 | 304) {
            let announced = Announced::gather(body.headers);
            let signs_in = self.request_scan.as_ref().is_some_and(|scan| scan.tries_password());
            let seeks = signs_in && desk.config.infer_credentials && matches!(status, 200..=299);
            self.awaits_json = announced.is_plain_json() && !seeks;
            if !self.awaits_json {
                self.answer_scan = scan(&announced, Role::Answer, desk);
            }
            if seeks {
                self.answer_scan.iter_mut().for_each(|scan| scan.seek_offers());
            }
        }
    }

    /// The call as it stands.
    pub(crate) fn finish(
        mut self: Box<Self>,
        at: Timestamp,
        facts: &FlowFacts,
        flow: FlowState,
        desk: &mut Desk,
    ) -> ApiCall {
        let whole = Progress::Over { whole: true };
        self.call.complete = self.request == whole && self.answer == whole && !self.doubtful;
        self.call.ended_at = at;
        if self.answer == Progress::Awaited {
            desk.losses.count(Loss::Unanswered);
        }
        if let Some(scan) = self.request_scan.take() {
            let told = told(*scan, desk);
            self.take_request(told);
        }
        self.scan_json(desk);
        if let Some(scan) = self.answer_scan.take() {
            let told = told(*scan, desk);
            if let Some(key) = self.answer_key {
                desk.answers.learn(key, &told);
            }
            self.take_answer(told);
        } else if let Some(told) = self.answer_told.take() {
            self.take_answer(*told);
        }
        match self.settled {
            None if !self.forms.is_empty() => {
                self.call.ambiguities.merge(unsettled(self.forms, desk.config.profile(facts.server)));
            }
            Some(Settled::Refused) => {
                // Nobody behind the gateway saw it: it is the peer's doing and nobody else's.
                self.call.identities.clear();
                if let Some(details) = &mut self.call.details {
                    details.candidates.clear();
                }
                self.call.login = None;
                self.call.asked.clear();
            }
            _ => {}
        }
        // Who was refused, or not heard to be accepted, has not shown to be the user it names.
        if matches!(self.call.outcome(), Outcome::Unknown | Outcome::Rejected) {
            let is_credential = |kind: PrincipalKind| kind.is_credential();
            self.call.identities.retain(|known| is_credential(known.kind));
            let details = self.call.details.as_mut();
            details.into_iter().flat_map(|details| &mut details.candidates).for_each(|one| one.user = None);
        }
        let is_refused = matches!(self.call.status, Some(401 | 403));
        if self.login_basic && !is_refused && (flow.basic_accepted || self.call.status.is_none()) {
            self.call.login = None;
        }
        self.call.ambiguities.merge(flow.ambiguities);
        if self.unknown > 0 {
            self.call.complete = false;
            self.call.details_mut().unknown_fields = self.unknown;
        }
        self.call.grade = self.grade(facts, flow);
        self.call
    }

    /// Whether a basic-auth request was accepted.
    pub(crate) fn accepts_basic(&self) -> bool {
        self.login_basic && self.call.status.is_some_and(|status| status < 400)
    }

    /// Only what the server has acknowledged is surely what it read. Who called is open as long as a field that may
    /// say it is not known.
    fn grade(&self, facts: &FlowFacts, flow: FlowState) -> Grade {
        let is_nobody = !self.call.identities.iter().any(|known| known.kind.is_credential());
        let is_dark = self.call.status.is_none() && facts.one_sided_unknown || self.unknown > 0 && is_nobody;
        let is_whole = facts.handshake && self.call.complete && !flow.is_late;
        if !self.call.ambiguities.is_empty() || is_dark {
            Grade::C
        } else if is_whole && flow.acknowledged >= self.request_end {
            Grade::A
        } else {
            Grade::B
        }
    }
}

/// The id of a flow's call.
fn id(facts: &FlowFacts, index: u64, desk: &Desk) -> CallId {
    let mut seed = [0_u8; 16];
    seed[..8].copy_from_slice(&facts.number.to_be_bytes());
    seed[8..].copy_from_slice(&index.to_be_bytes());
    CallId(desk.names.short(b"call", &seed))
}

/// Where an answer's head says what its body is; it is read only when bodies are.
#[derive(Clone, Copy)]
pub(crate) struct BodyOf<'h> {
    headers: &'h [Header<'h>],
}

impl<'h> BodyOf<'h> {
    pub(crate) fn gather(headers: &'h [Header<'h>]) -> Self {
        Self { headers }
    }
}

/// What few heads say: a query, a path that is not canonical.
fn details_of(
    query: Query,
    canonical: Option<CompactString>,
    signs: Signs,
    candidates: &Candidates,
) -> Option<Box<Details>> {
    if query.fields.is_empty() && canonical.is_none() && signs.is_empty() && candidates.is_empty() {
        return None;
    }
    let candidates = candidates.list().clone();
    let request = query.operation.map(|operation| BodyFacts {
        form: BodyForm::Graphql,
        operations: [operation].into_iter().collect(),
        ..BodyFacts::default()
    });
    let query = query.fields;
    Some(Box::new(Details { query, request, canonical, signs, candidates, ..Details::default() }))
}

/// What the conversation knows that its calls need at their end.
#[derive(Clone, Copy, Default)]
pub(crate) struct FlowState {
    pub(crate) ambiguities: Ambiguities,
    pub(crate) basic_accepted: bool,
    /// Bytes of the request stream that the server has acknowledged.
    pub(crate) acknowledged: u64,
    /// Whether the start of the conversation, or a part whose length is not known, was missed.
    pub(crate) is_late: bool,
}
