//! Composing: a request and its outcome in, the call as the sensor would make it of the bytes out; and those bytes.

use std::net::{IpAddr, SocketAddr};

use compact_str::CompactString;
use model::{
    ApiCall, BodyFacts, CallId, Context, Details, Field, Grade, HeadSign, HttpVersion, Issued, LoginAttempt,
    Principal, PrincipalKind, Sign, Signs, Timestamp, TokenAlgorithm,
};
use smallvec::SmallVec;

use super::{Ask, Sender, Stage, answer::Outcome, forms::Form};
use crate::{
    body::{Fill, Made as Body, Maker, Role, Twist},
    looks::headers_hash,
    order::Made,
    plan::Plan,
    rng::mix,
    tickets::{Ticket, refresh_text},
    wire::{self, Bytes, Heads},
    world::{Act, Login, Route},
};

/// Paths that no page, app or document leads to: name and path. To be configured as decoys where packets are read.
pub const DECOYS: [(&str, &str); 3] = [
    ("legacy-export", "/api/legacy/export-all"),
    ("key-backup", "/api/private/keys.bak"),
    ("old-admin", "/administrator/api/login"),
];

/// Ids kept of a query and a body: the limit of `ApiCall::asked`.
const ASKED_MAX: usize = 16;

/// Where the service listens: behind what ends TLS.
fn server(client: IpAddr) -> SocketAddr {
    match client {
        IpAddr::V4(_) => ([10, 20, 0, 8], 8_080).into(),
        IpAddr::V6(_) => ([0xfd00, 0, 0, 0x20, 0, 0, 0, 8], 8_080).into(),
    }
}

/// A request with what the service decided.
pub(super) struct Exchange<'a> {
    pub(super) ask: &'a Ask<'a>,
    pub(super) route: &'a Route,
    pub(super) form: &'a Form,
    pub(super) outcome: &'a Outcome,
    pub(super) ended: u64,
    /// Whether the request shows the sender's ticket.
    pub(super) shows: bool,
    /// Whether a gateway answered in the service's place.
    pub(super) denied: bool,
    /// The ticket before this answer renewed it.
    pub(super) before: Option<&'a Ticket>,
}

impl Exchange<'_> {
    /// What the request shows of the sender.
    fn shown<'t>(&'t self, sender: &'t Sender) -> Option<&'t Ticket> {
        self.shows.then(|| self.before.unwrap_or(&sender.ticket))
    }
}

/// A body with what the sensor tells of it.
struct Told {
    facts: BodyFacts,
    bytes: u64,
    ids: SmallVec<[model::FieldId; 0]>,
    text: Vec<u8>,
}

impl Stage {
    pub(super) fn call_id(&mut self) -> CallId {
        CallId(self.names.short(b"call", &mix(self.seed, self.calls).to_be_bytes()))
    }

    /// The call of an exchange.
    pub(super) fn compose(&mut self, sender: &mut Sender, exchange: &Exchange<'_>, leaked: u32) -> Made {
        self.calls += 1;
        let (ask, status) = (exchange.ask, exchange.outcome.status);
        let port = sender.port(ask.at, exchange.ended, &mut self.ports);
        self.hash_headers(sender, exchange.shows && sender.ticket.login == Login::Key);
        let sender = &*sender;
        let path = self.path(exchange);
        let (query, mut asked, target) = self.query(sender, exchange);
        let login = self.name_text(ask.name, sender);
        let request = self.request_body(sender, exchange, &login);
        let mut answer = self.answer_body(sender, exchange);
        for id in request.iter().flat_map(|told| &told.ids) {
            if asked.len() < ASKED_MAX && !asked.contains(id) {
                asked.push(id.clone());
            }
        }
        let bodies = (request.as_ref(), answer.as_ref());
        let bytes = self.with_bytes.then(|| self.bytes(sender, exchange, (&path, &target), bodies));
        let given = answer.as_mut().map(|told| std::mem::take(&mut told.ids));
        let client = sender.address;
        let mut context = self.looks.get(sender.look).map(|look| look.context).unwrap_or_default();
        context.headers = sender.headers.2;
        let oddity = ask.path.and_then(oddity);
        token_signs(exchange.shown(sender), ask.at, &mut context);
        if oddity.is_some() {
            context.signs.insert(HeadSign::Path);
        }
        let call = ApiCall {
            at: Timestamp::from_nanos(ask.at),
            id: self.call_id(),
            client,
            peer: SocketAddr::new(client, port),
            server: server(client),
            http: HttpVersion::Http11,
            method: exchange.route.method.clone(),
            host: self.world.host.clone(),
            status,
            request_bytes: request.as_ref().map_or(0, |told| told.bytes),
            response_bytes: answer.as_ref().map_or(0, |told| told.bytes),
            duration_us: status.map(|_| (exchange.ended - ask.at) / 1_000),
            identities: identities(exchange.shown(sender), status),
            complete: status.is_some(),
            grade: if status.is_some() { Grade::A } else { Grade::C },
            ended_at: Timestamp::from_nanos(exchange.ended),
            context,
            asked,
            given: given.filter(|_| matches!(status, Some(200..=299))).unwrap_or_default(),
            issued: self.issued(sender, exchange),
            login: self.attempt(exchange, &login),
            decoys: ask.path.map(decoys).unwrap_or_default(),
            ambiguities: Default::default(),
            details: details((query, oddity), request, answer),
            path,
        };
        Made { origin: Self::origin(sender, exchange.denied, leaked), call, bytes }
    }

    fn bytes(
        &self,
        sender: &Sender,
        exchange: &Exchange<'_>,
        (path, query): (&str, &[u8]),
        (request, answer): (Option<&Told>, Option<&Told>),
    ) -> Box<Bytes> {
        let shown = exchange.shown(sender);
        Box::new(wire::bytes(&Heads {
            method: &exchange.route.method,
            host: &self.world.host,
            path,
            query,
            look: self.looks.get(sender.look),
            forwarded: exchange.ask.forwarded,
            login: shown.map_or(Login::Nobody, |ticket| ticket.login),
            credential: shown.map(|ticket| ticket.text(self.seed)).unwrap_or_default(),
            body: request.map(|told| told.text.as_slice()),
            status: exchange.outcome.status,
            cookie: self.cookie(sender, exchange),
            answer: answer.map(|told| told.text.as_slice()),
        }))
    }

    fn hash_headers(&self, sender: &mut Sender, has_key: bool) {
        if (sender.headers.0, sender.headers.1) == (sender.look, has_key) && sender.headers.2 != 0 {
            return;
        }
        let hash = self.looks.get(sender.look).map_or(0, |look| headers_hash(look, has_key, &self.names));
        sender.headers = (sender.look, has_key, hash);
    }

    fn path(&self, exchange: &Exchange<'_>) -> CompactString {
        if let Some(path) = exchange.ask.path {
            return path.into();
        }
        let mut path = CompactString::default();
        for piece in &exchange.route.path {
            path.push_str(&piece.text);
            let Some(kind) = piece.id else { continue };
            let object = exchange.ask.objects.into_iter().flatten().find(|object| object.kind == kind);
            if let Some(object) = object {
                self.objects.write(object, &mut path);
            }
        }
        path
    }

    /// What the sensor tells of the query, and its text.
    fn query(
        &mut self,
        sender: &Sender,
        exchange: &Exchange<'_>,
    ) -> (SmallVec<[Field; 0]>, SmallVec<[model::FieldId; 0]>, Vec<u8>) {
        let plan = &exchange.form.query;
        if plan.members.is_empty() {
            return Default::default();
        }
        let mut query = Body::new(Role::Request, self.with_bytes);
        let twist = if exchange.route.body.is_empty() { exchange.ask.twist } else { Twist::None };
        let fill = Fill { twist, ..self.fill(sender, exchange.ask, "") };
        self.maker().query(plan, &fill, &mut query);
        query.parameters()
    }

    fn maker(&mut self) -> Maker<'_> {
        Maker {
            objects: &mut self.objects,
            names: &self.names,
            users: self.people.users,
            orgs: self.people.orgs,
        }
    }

    fn fill<'a>(&self, sender: &Sender, ask: &'a Ask<'_>, login: &'a str) -> Fill<'a> {
        Fill {
            hash: ask.hash,
            target: None,
            records: &[],
            owner: sender.user,
            org: sender.org,
            login,
            password: ask.password.unwrap_or_default(),
            shown: "",
            access: "",
            refresh: "",
            twist: Twist::None,
        }
    }

    fn request_body(&mut self, sender: &Sender, exchange: &Exchange<'_>, login: &str) -> Option<Told> {
        let plan = exchange.form.body.as_ref()?;
        let ask = exchange.ask;
        let renewal = ask.renewal.unwrap_or(exchange.before.unwrap_or(&sender.ticket).renewal);
        let shown =
            if exchange.route.act == Act::Renew { refresh_text(self.seed, renewal) } else { String::new() };
        // A document's variables name the object; other bodies speak for themselves.
        let target = if plan.operations.is_empty() { None } else { ask.objects[0] };
        let fill = Fill { target, shown: &shown, twist: ask.twist, ..self.fill(sender, ask, login) };
        let mut body = Body::new(Role::Request, self.with_bytes);
        self.maker().make(plan, &fill, &mut body);
        Some(self.told(plan, body))
    }

    fn answer_body(&mut self, sender: &Sender, exchange: &Exchange<'_>) -> Option<Told> {
        let forms = self.forms.clone();
        let (access, refresh) = if exchange.before.is_some() && sender.ticket.login != Login::Cookie {
            (sender.ticket.text(self.seed), refresh_text(self.seed, sender.ticket.renewal))
        } else {
            Default::default()
        };
        let plan = match exchange.outcome.status? {
            204 | 304 => return None,
            400.. => &forms.failure,
            _ if !access.is_empty() => &forms.tokens,
            _ => &exchange.form.answer,
        };
        let object = exchange.outcome.object.filter(|_| exchange.outcome.status < Some(400));
        // The same object looks the same each time.
        let hash = object.and_then(|object| object.place).map_or(exchange.ask.hash, |place| {
            mix(u64::from(place), u64::from(exchange.route.act.kind().unwrap_or(0)) ^ 0x7265_636f)
        });
        let records = exchange.outcome.records.as_slice();
        let fill = Fill {
            hash,
            target: object,
            records,
            access: &access,
            refresh: &refresh,
            password: "",
            ..self.fill(sender, exchange.ask, "")
        };
        let mut body = Body::new(Role::Answer, self.with_bytes);
        self.maker().make(plan, &fill, &mut body);
        Some(self.told(plan, body))
    }

    fn told(&self, plan: &Plan, mut body: Body) -> Told {
        let facts = body.facts(plan, &self.names);
        Told { facts, bytes: body.bytes, ids: body.ids, text: body.text.unwrap_or_default() }
    }

    /// Credentials that the answer hands out, linked as the sensor links them.
    fn issued(&self, sender: &Sender, exchange: &Exchange<'_>) -> SmallVec<[Issued; 0]> {
        let Some(before) = exchange.before else { return SmallVec::new() };
        let Some(access) = sender.ticket.principals.first().cloned() else { return SmallVec::new() };
        let mut issued = SmallVec::new();
        if sender.ticket.login == Login::Cookie {
            issued.push(Issued { credential: access, renews: None });
            return issued;
        }
        let token = |renewal| {
            self.names.credential(PrincipalKind::Token, refresh_text(self.seed, renewal).as_bytes())
        };
        let renewal = exchange.ask.renewal.unwrap_or(before.renewal);
        let renews = (exchange.route.act == Act::Renew).then(|| token(renewal));
        issued.push(Issued { credential: access.clone(), renews });
        issued.push(Issued { credential: token(sender.ticket.renewal), renews: Some(access) });
        issued
    }

    /// The session that the answer sets.
    fn cookie(&self, sender: &Sender, exchange: &Exchange<'_>) -> Option<String> {
        let sets = exchange.before.is_some() && sender.ticket.login == Login::Cookie;
        sets.then(|| sender.ticket.text(self.seed))
    }

    /// The password that a request tries.
    fn attempt(&self, exchange: &Exchange<'_>, login: &str) -> Option<Box<LoginAttempt>> {
        let tries = matches!(exchange.route.act, Act::Login | Act::SignUp | Act::Reset);
        let password = exchange.ask.password.filter(|_| tries && exchange.route.method == "POST")?;
        let tag = self.names.short(b"password", password.as_bytes()).to_be_bytes();
        let user = Some(self.names.named(PrincipalKind::User, login));
        Some(Box::new(LoginAttempt { user, password_tag: u16::from_be_bytes([tag[0], tag[1]]) }))
    }
}

/// Whom the sensor takes the call to be made by: a user whom the service did not accept is nobody.
fn identities(shown: Option<&Ticket>, status: Option<u16>) -> SmallVec<[Principal; 2]> {
    let Some(ticket) = shown else { return SmallVec::new() };
    let mut identities = ticket.principals.clone();
    if matches!(status, None | Some(401)) {
        identities.retain(|known| known.kind.is_credential());
    }
    identities
}

/// Names of the decoys that a path touches.
fn decoys(path: &str) -> SmallVec<[CompactString; 0]> {
    let touched = DECOYS.iter().filter(|(_, decoy)| *decoy == path);
    touched.map(|(name, _)| CompactString::from(*name)).collect()
}

/// What the sensor notes of a signed token.
fn token_signs(shown: Option<&Ticket>, at: u64, context: &mut Context) {
    let Some(ticket) = shown.filter(|ticket| matches!(ticket.login, Login::Jwt | Login::ClientJwt)) else {
        return;
    };
    let second = at / 1_000_000_000;
    context.algorithm = if ticket.is_genuine { TokenAlgorithm::Rsa } else { TokenAlgorithm::None };
    if !ticket.is_genuine {
        context.signs.insert(HeadSign::TokenUnsigned);
    }
    if ticket.expires.saturating_add(60) < second {
        context.signs.insert(HeadSign::TokenExpired);
    }
}

/// What a gateway makes of a path that climbs, and what it looks like.
fn oddity(path: &str) -> Option<(CompactString, Signs)> {
    let (_, rest) = path.split_once("/../../")?;
    let mut canonical = CompactString::from("/");
    canonical.push_str(rest);
    Some((canonical, Sign::Traversal.into()))
}

fn details(
    (query, oddity): (SmallVec<[Field; 0]>, Option<(CompactString, Signs)>),
    request: Option<Told>,
    answer: Option<Told>,
) -> Option<Box<Details>> {
    if query.is_empty() && oddity.is_none() && request.is_none() && answer.is_none() {
        return None;
    }
    let facts = |told: Told| told.facts;
    let (canonical, signs) = oddity.map_or((None, Signs::default()), |(path, signs)| (Some(path), signs));
    Some(Box::new(Details {
        canonical,
        query,
        request: request.map(facts),
        response: answer.map(facts),
        signs,
        ..Details::default()
    }))
}

/// Nobody saw the answer.
pub(super) fn lose_answer(made: &mut Made) {
    let call = &mut made.call;
    call.status = None;
    call.duration_us = None;
    call.response_bytes = 0;
    call.complete = false;
    call.grade = Grade::C;
    call.given.clear();
    call.issued.clear();
    call.identities.retain(|known| known.kind.is_credential());
    if let Some(details) = &mut call.details {
        details.response = None;
    }
    made.bytes = None::<Box<Bytes>>;
}
