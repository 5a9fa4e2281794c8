//! Callers: a request's head in, pseudonyms of everybody it is made by out. Never a clear credential.

mod candidates;
mod client;
mod cookie;
mod credentials;
pub(crate) mod familiar;
mod handed_out;
mod jwt;
mod names;
mod oddities;
mod target;

pub(crate) use candidates::{CANDIDATES_MAX, Candidates, may_be_handed_out};
pub(crate) use credentials::IdentityCache;
pub(crate) use handed_out::{handed_out, link_tokens};
pub(crate) use jwt::Token;

use std::net::IpAddr;

use compact_str::CompactString;
use httparse::Header;
use memchr::memmem;
use model::{Ambiguities, Context, FieldId, FieldPlace, LoginAttempt, Operation, Principal, Signs};
use smallvec::SmallVec;

use crate::{
    body::{Fields as Parameters, Rules, clean, field_id, graphql_operation, keep, pairs, text_field},
    http::{Desk, Form, Forms, Look, Protocol, Touched},
    stream::FlowFacts,
};
use credentials::Credentials;
use oddities::Oddities;
use target::{PATH_BYTES_MAX, Target, canonical_text, host_text, path_signs, path_text};

/// Ids kept of a query, with those of the body: the limit of `ApiCall::asked`.
pub(crate) const ASKED_MAX: usize = 16;

/// What a request's header fields say of its caller.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) identities: SmallVec<[Principal; 2]>,
    /// Fields that may say who calls.
    pub(crate) candidates: Candidates,
    pub(crate) host: CompactString,
    pub(crate) context: Context,
    /// The user and password of basic auth.
    pub(crate) basic: Option<Box<LoginAttempt>>,
    /// What the token says of itself.
    pub(crate) token: Token,
    /// What fields look like to an interpreter.
    pub(crate) signs: Signs,
    pub(crate) expects_continue: bool,
    /// What `Upgrade` asks for.
    pub(crate) wants: Protocol,
    /// Ways in which two recipients could read the head differently.
    pub(crate) ambiguities: Ambiguities,
    /// Where in the header block clear credentials stand, if nothing but that block says who calls.
    pub(crate) clear: Option<familiar::Places>,
}

/// What is said anew with each request: where it comes from, and what its target says.
pub(crate) struct Aim {
    pub(crate) client: IpAddr,
    pub(crate) path: CompactString,
    /// The path in its canonical form, if that differs.
    pub(crate) canonical: Option<CompactString>,
    pub(crate) asked: SmallVec<[FieldId; 0]>,
    pub(crate) decoys: Touched,
    pub(crate) query: Query,
    /// What the path looks like to an interpreter.
    pub(crate) signs: Signs,
    /// Forms of target, host and content type that gateways take in different ways.
    pub(crate) forms: Forms,
}

/// What the query says, without its values.
#[derive(Clone, Default)]
pub(crate) struct Query {
    pub(crate) fields: Parameters,
    /// The operation that a GraphQL document in it asks for.
    pub(crate) operation: Option<Operation>,
}

impl Query {
    fn take(&mut self, name: &str, value: &[u8]) {
        keep(&mut self.fields, text_field(clean(name.as_bytes()), value));
        if name == "query" && value.contains(&b'{') && value.len() <= PATH_BYTES_MAX {
            self.operation = graphql_operation(value, "");
        }
    }
}

/// Reads a request's target, with its look, and header fields.
pub(crate) fn caller(
    target: (&[u8], Look),
    headers: &[Header<'_>],
    facts: &FlowFacts,
    desk: &mut Desk,
) -> (Caller, Aim) {
    caller_in(target, (headers, &[]), facts, desk)
}

/// The same for fields that are part of the header block `block`: what they say may be remembered.
pub(crate) fn caller_in(
    (target, look): (&[u8], Look),
    (headers, block): (&[Header<'_>], &[u8]),
    facts: &FlowFacts,
    desk: &mut Desk,
) -> (Caller, Aim) {
    let fields = Fields::gather(headers, desk);
    let target = Target::split(target);
    let mut forms = fields.forms;
    target.forms(look, fields.host, &mut forms);
    let is_plain = forms.is_empty() && target.authority.is_none() && target.has_no_doubt(look);
    let mut credentials = Credentials::gather(&fields, target.query, desk);
    let host = target.authority.or(fields.host).unwrap_or_default();
    let mut decoys = Touched::new();
    let mut asked = SmallVec::new();
    let mut query = Query::default();
    for (name, value) in pairs(target.query) {
        desk.config.decoys.value(&value, &desk.names, &mut decoys);
        let name = std::str::from_utf8(&name).unwrap_or_default();
        if asked.len() < ASKED_MAX {
            asked.extend(field_id(name, "", &value, &desk.names));
        }
        if desk.config.inspect_bodies {
            query.take(name, &value);
        }
    }
    let rules = Rules { names: &desk.names, decoys: &desk.config.decoys };
    rules.decoys.path(target.path, rules.names, &mut decoys);
    if rules.decoys.has_values() {
        decoys_in(headers, rules, &mut decoys);
    }
    let path = path_text(target.path, look, &credentials.clear);
    let mut context = fields.context(host, desk);
    context.algorithm = credentials.token.algorithm;
    let alone = is_plain
        && !credentials.is_fleeting
        && fields.x_forwarded_for.is_empty()
        && fields.forwarded.is_empty()
        && !rules.decoys.has_values();
    let canonical = canonical_text(target.path, look, &credentials.clear, &mut forms);
    let aim = Aim {
        client: client::client(
            facts.client.ip(),
            &fields.x_forwarded_for,
            &fields.forwarded,
            &desk.config.trusted_proxies,
        ),
        canonical: canonical.filter(|text| *text != path),
        path,
        asked,
        decoys,
        query,
        signs: path_signs(target.path, look),
        forms,
    };
    let caller = Caller {
        clear: if alone { places(&credentials.clear, block) } else { None },
        host: host_text(host),
        wants: fields.wants,
        context,
        token: credentials.token,
        signs: fields.oddities.values,
        basic: credentials.basic.clone().map(Box::new),
        expects_continue: fields.expects_continue,
        ambiguities: credentials.ambiguities(),
        candidates: std::mem::take(&mut credentials.candidates),
        identities: credentials.into_identities(),
    };
    (caller, aim)
}

/// Adds the decoys that header values touch.
fn decoys_in(headers: &[Header<'_>], rules: Rules<'_>, decoys: &mut Touched) {
    for header in headers {
        if header.name.eq_ignore_ascii_case("cookie") {
            cookie::values(header.value).for_each(|value| rules.decoys.value(value, rules.names, decoys));
        } else {
            rules.decoys.authorization(header.value, rules.names, decoys);
        }
    }
}

/// Where the texts stand in `block`; nowhere if one does not.
fn places(texts: &[&[u8]], block: &[u8]) -> Option<familiar::Places> {
    let place = |text: &&[u8]| {
        let from = text.as_ptr().addr().checked_sub(block.as_ptr().addr())?;
        (from + text.len() <= block.len())
            .then(|| Some((u16::try_from(from).ok()?, u16::try_from(text.len()).ok()?)))?
    };
    texts.iter().map(place).collect()
}

/// The header fields that matter, found in one pass.
#[derive(Default)]
struct Fields<'h> {
    host: Option<&'h [u8]>,
    content_type: Option<&'h [u8]>,
    forms: Forms,
    wants: Protocol,
    authorization: SmallVec<[&'h [u8]; 1]>,
    cookies: SmallVec<[&'h [u8]; 1]>,
    api_keys: SmallVec<[&'h [u8]; 1]>,
    /// Fields that no rule knows, whose values look like secrets.
    strange: SmallVec<[(&'h [u8], &'h [u8]); 2]>,
    x_forwarded_for: SmallVec<[&'h [u8]; 2]>,
    forwarded: SmallVec<[&'h [u8]; 1]>,
    expects_continue: bool,
    agent: &'h [u8],
    language: &'h [u8],
    origin: &'h [u8],
    is_cross_site: bool,
    oddities: Oddities<'h>,
    /// Keyed hash of the names.
    names: u64,
}

impl<'h> Fields<'h> {
    /// Reads them all; names that belong to the look of the client are hashed.
    fn gather(headers: &[Header<'h>], desk: &mut Desk) -> Self {
        let mut fields = Self::default();
        let mut names = std::mem::take(&mut desk.scratch);
        names.clear();
        for header in headers {
            fields.oddities.field(header);
            if fields.field(header, &desk.config.api_key_headers) {
                names.extend_from_slice(header.name.as_bytes());
                names.push(b'\n');
            }
        }
        fields.names = desk.names.short(b"headers", &names);
        desk.scratch = names;
        fields
    }

    /// Takes one field; says whether its name belongs to the look of the client rather than to this one request.
    fn field(&mut self, header: &Header<'h>, api_key_headers: &[String]) -> bool {
        let (name, value) = (header.name, header.value);
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        match name.len() {
            4 if is("host") => {
                if let Some(before) = self.host {
                    let same = before.eq_ignore_ascii_case(value);
                    self.forms.insert(if same { Form::HostSame } else { Form::HostTwice });
                }
                self.host = self.host.or(Some(value));
            }
            6 if is("cookie") => {
                self.cookies.push(value);
                return false;
            }
            6 if is("expect") => {
                self.expects_continue = value.eq_ignore_ascii_case(b"100-continue");
                return false;
            }
            6 if is("origin") => {
                self.origin = value;
                return false;
            }
            6 if is("apikey") => self.api_keys.push(value),
            7 if is("upgrade") => self.wants = Protocol::named(value),
            7 if is("api-key") => self.api_keys.push(value),
            9 if is("x-api-key") => self.api_keys.push(value),
            12 if is("x-auth-token") => self.api_keys.push(value),
            14 if is("x-access-token") => self.api_keys.push(value),
            25 if is("ocp-apim-subscription-key") => self.api_keys.push(value),
            9 if is("forwarded") => {
                self.forwarded.push(value);
                return false;
            }
            10 if is("user-agent") => self.agent = value,
            12 if is("content-type") => {
                if self.content_type.is_some_and(|before| before != value) {
                    self.forms.insert(Form::TypeTwice);
                }
                self.content_type = Some(value);
                return false;
            }
            13 if is("authorization") => {
                self.authorization.push(value);
                return false;
            }
            14 if is("sec-fetch-site") => self.is_cross_site = value == b"cross-site",
            15 if is("accept-language") => self.language = value,
            15 if is("x-forwarded-for") => {
                self.x_forwarded_for.push(value);
                return false;
            }
            16 if is("content-encoding") => return false,
            _ if api_key_headers.iter().any(|known| is(known)) => self.api_keys.push(value),
            _ => {
                if candidates::may_be(FieldPlace::Header, name.as_bytes(), value) {
                    self.strange.push((name.as_bytes(), value));
                }
                return !varies(name);
            }
        }
        true
    }

    fn context(&self, host: &[u8], desk: &Desk) -> Context {
        let hash = |domain: &[u8], value: &[u8]| {
            if value.is_empty() { 0 } else { desk.names.short(domain, value) }
        };
        let origin = memmem::find(self.origin, b"://").and_then(|at| self.origin.get(at + 3..));
        Context {
            agent: hash(b"agent", self.agent),
            headers: self.names,
            language: hash(b"language", self.language),
            signs: self.oddities.signs(host),
            cross_site: self.is_cross_site || origin.is_some_and(|origin| !origin.eq_ignore_ascii_case(host)),
            ..Context::default()
        }
    }
}

/// Names that come and go from request to request.
fn varies(name: &str) -> bool {
    const VARYING: [&str; 18] = [
        "content-length",
        "transfer-encoding",
        "if-none-match",
        "if-modified-since",
        "if-match",
        "range",
        "traceparent",
        "tracestate",
        "baggage",
        "x-request-id",
        "x-correlation-id",
        "idempotency-key",
        "referer",
        "x-real-ip",
        "via",
        "connection",
        "proxy-authorization",
        "cache-control",
    ];
    let forwarded = name.get(..11).is_some_and(|start| start.eq_ignore_ascii_case("x-forwarded"));
    forwarded || VARYING.iter().any(|known| name.eq_ignore_ascii_case(known))
}
