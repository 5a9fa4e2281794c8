//! Exchanges: a request while its answer is awaited in, one `ApiCall` out. Never emits a call twice.

use httparse::Header;
use model::{Ambiguities, ApiCall, CallId, Grade, HttpVersion, Loss, Principal, PrincipalKind, Timestamp};

use super::{Desk, framing::Framing};
use crate::{
    body::{Harvest, Role, Rules, Scan},
    identity::{ASKED_MAX, Caller, handed_out, link_tokens},
    stream::FlowFacts,
};

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
    pub(crate) request: Progress,
    pub(crate) answer: Progress,
    pub(crate) is_head: bool,
    pub(crate) is_connect: bool,
    pub(crate) expects_continue: bool,
    /// Paired while requests and answers were out of step.
    pub(crate) doubtful: bool,
    request_gap: bool,
    answer_gap: bool,
    login_basic: bool,
    request_scan: Option<Box<Scan>>,
    answer_scan: Option<Box<Scan>>,
    refresh_shown: Option<Principal>,
}

impl Exchange {
    pub(crate) fn new(
        at: Timestamp,
        positions: (u64, u64),
        index: u64,
        (method, version): (&[u8], HttpVersion),
        caller: Caller,
        facts: &FlowFacts,
        desk: &Desk,
    ) -> Self {
        let mut seed = [0_u8; 16];
        seed[..8].copy_from_slice(&facts.number.to_be_bytes());
        seed[8..].copy_from_slice(&index.to_be_bytes());
        let scans = desk.config.inspect_bodies;
        let request_scan = caller
            .body_kind
            .filter(|_| scans)
            .map(|kind| Box::new(Scan::new(kind, Role::Request, desk.config.body_bytes_max)));
        Self {
            start: positions.0,
            head_end: positions.1,
            request: Progress::Open,
            answer: Progress::Awaited,
            is_head: method == b"HEAD",
            is_connect: method == b"CONNECT",
            expects_continue: caller.expects_continue,
            doubtful: false,
            request_gap: false,
            answer_gap: false,
            login_basic: caller.basic.is_some(),
            request_scan,
            answer_scan: None,
            refresh_shown: None,
            call: ApiCall {
                at,
                id: CallId(desk.names.short(b"call", &seed)),
                client: caller.client,
                peer: facts.client,
                server: facts.server,
                http: version,
                method: std::str::from_utf8(method).unwrap_or_default().into(),
                host: caller.host,
                path: caller.path,
                status: None,
                request_bytes: 0,
                response_bytes: 0,
                duration_us: None,
                identities: caller.identities,
                complete: false,
                grade: Grade::C,
                ended_at: at,
                context: caller.context,
                asked: caller.asked,
                given: Default::default(),
                issued: Default::default(),
                login: caller.basic.map(Box::new),
                decoys: caller.decoys,
                ambiguities: caller.ambiguities,
                details: None,
            },
        }
    }

    /// A request that surely has no body needs no scan.
    pub(super) fn framed(&mut self, framing: Framing) {
        if framing == Framing::Length(0) {
            self.request_scan = None;
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!((self.request, self.answer), (Progress::Over { .. }, Progress::Over { .. }))
    }

    pub(crate) fn has_request_body(&self) -> bool {
        self.call.request_bytes > 0
    }

    pub(crate) fn memory(&self) -> usize {
        let scans = [&self.request_scan, &self.answer_scan].into_iter().flatten().count();
        size_of::<Self>() + self.call.path.len() + scans * (size_of::<Scan>() + 512)
    }

    pub(crate) fn request_body(&mut self, bytes: &[u8], desk: &Desk) {
        self.call.request_bytes += bytes.len() as u64;
        if let Some(scan) = &mut self.request_scan {
            scan.push(bytes, desk.rules());
        }
    }

    pub(crate) fn answer_body(&mut self, bytes: &[u8], desk: &Desk) {
        self.call.response_bytes += bytes.len() as u64;
        if let Some(scan) = &mut self.answer_scan {
            scan.push(bytes, desk.rules());
        }
    }

    /// `n` bytes of the request are missing; zero when not even their number is known.
    pub(crate) fn request_gap(&mut self, n: u64) {
        self.call.request_bytes += n;
        self.request_gap = true;
        self.request_scan.iter_mut().for_each(|scan| scan.cut());
    }

    /// `n` bytes of the answer are missing; zero when not even their number is known.
    pub(crate) fn answer_gap(&mut self, n: u64) {
        self.call.response_bytes += n;
        self.answer_gap = true;
        self.answer_scan.iter_mut().for_each(|scan| scan.cut());
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
    pub(crate) fn answered(&mut self, status: u16, headers: &[Header<'_>], kind: BodyOf<'_>, desk: &Desk) {
        self.call.status = Some(status);
        self.answer = Progress::Open;
        let (issued, created) = handed_out(headers, status, &self.call.identities, desk);
        self.call.issued = issued;
        self.call.given.extend(created);
        let readable = (200..300).contains(&status) && desk.config.inspect_bodies && !kind.is_encoded;
        self.answer_scan = kind
            .content_type
            .filter(|_| readable && !self.is_head)
            .and_then(crate::body::BodyKind::of)
            .filter(|kind| *kind == crate::body::BodyKind::Json)
            .map(|kind| Box::new(Scan::new(kind, Role::Answer, desk.config.body_bytes_max)));
    }

    /// The call as it stands.
    pub(crate) fn finish(
        mut self,
        at: Timestamp,
        facts: &FlowFacts,
        flow: FlowState,
        desk: &mut Desk,
    ) -> ApiCall {
        let whole = Progress::Over { whole: true };
        self.call.complete = self.request == whole && self.answer == whole && !self.doubtful;
        self.call.ended_at = at;
        if self.call.status.is_none() {
            desk.losses.count(Loss::Unanswered);
        }
        if let Some(scan) = self.request_scan.take() {
            let harvest = scan.finish(desk.rules());
            self.take_request(harvest);
        }
        if let Some(scan) = self.answer_scan.take() {
            let mut harvest = scan.finish(desk.rules());
            self.call.given.append(&mut harvest.ids);
            self.call.given.truncate(128);
            let presented = self.call.identities.iter().find(|known| known.kind.is_credential()).cloned();
            let shown = self.refresh_shown.take().or(presented);
            link_tokens(&mut self.call.issued, harvest.access, harvest.refresh, shown);
        }
        // Who was refused, or not heard to be accepted, has not shown to be the user it names.
        if matches!(self.call.status, None | Some(401 | 407)) {
            let is_credential = |kind: PrincipalKind| kind.is_credential();
            self.call.identities.retain(|known| is_credential(known.kind));
        }
        let is_refused = matches!(self.call.status, Some(401 | 403));
        if self.login_basic && !is_refused && (flow.basic_accepted || self.call.status.is_none()) {
            self.call.login = None;
        }
        self.call.ambiguities.merge(flow.ambiguities);
        self.call.grade = self.grade(facts);
        self.call
    }

    /// Whether a basic-auth request was accepted.
    pub(crate) fn accepts_basic(&self) -> bool {
        self.login_basic && self.call.status.is_some_and(|status| status < 400)
    }

    fn take_request(&mut self, mut harvest: Harvest) {
        if let Some(login) = harvest.login().filter(|_| self.call.method == "POST") {
            self.call.login = Some(Box::new(login));
            self.login_basic = false;
        }
        self.refresh_shown = harvest.refresh.take();
        for id in harvest.ids {
            if self.call.asked.len() < ASKED_MAX && !self.call.asked.contains(&id) {
                self.call.asked.push(id);
            }
        }
        for name in harvest.decoys {
            if self.call.decoys.len() < 4 && !self.call.decoys.contains(&name) {
                self.call.decoys.push(name);
            }
        }
    }

    fn grade(&self, facts: &FlowFacts) -> Grade {
        if !self.call.ambiguities.is_empty() || self.call.status.is_none() && facts.one_sided_unknown {
            Grade::C
        } else if facts.handshake && self.call.complete {
            Grade::A
        } else {
            Grade::B
        }
    }
}

/// What an answer's head says of its body.
#[derive(Clone, Copy, Default)]
pub(crate) struct BodyOf<'h> {
    content_type: Option<&'h [u8]>,
    is_encoded: bool,
}

impl<'h> BodyOf<'h> {
    pub(crate) fn gather(headers: &[Header<'h>]) -> Self {
        let mut found = Self::default();
        for header in headers {
            match header.name.len() {
                12 if header.name.eq_ignore_ascii_case("content-type") => {
                    found.content_type = Some(header.value);
                }
                16 if header.name.eq_ignore_ascii_case("content-encoding") => {
                    found.is_encoded = !header.value.eq_ignore_ascii_case(b"identity");
                }
                _ => {}
            }
        }
        found
    }
}

/// What the conversation knows that its calls need at their end.
#[derive(Clone, Copy)]
pub(crate) struct FlowState {
    pub(crate) ambiguities: Ambiguities,
    pub(crate) basic_accepted: bool,
}

impl Desk {
    pub(crate) fn rules(&self) -> Rules<'_> {
        Rules { names: &self.names, decoys: &self.config.decoys }
    }
}
