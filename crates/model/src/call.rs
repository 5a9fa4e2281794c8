//! API calls: one request with its answer, as every room behind the sensor sees it. Never a clear credential,
//! a query value or a body.

use std::net::{IpAddr, SocketAddr};

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::{
    Ambiguities, BodyFacts, Candidate, Field, HeadSigns, Messages, ObjectKey, Principal, Signs, Timestamp,
    TokenAlgorithm, digest::hex_id,
};

/// A call's id: a keyed hash of its flow, its place in the flow and its time. The same frames give the same id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);
hex_id!(CallId, u64, 8);

/// One request and its answer. About 600 bytes; the lists have the limits named at their fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApiCall {
    /// When the first byte of the request was seen.
    pub at: Timestamp,
    /// Who it is.
    pub id: CallId,
    /// Client address: the peer, or what the configured trusted proxies say of it.
    pub client: IpAddr,
    /// The other end of the TCP connection that carried the request.
    pub peer: SocketAddr,
    /// The address and port that answered.
    pub server: SocketAddr,
    /// HTTP version of the request.
    pub http: HttpVersion,
    /// Method, as sent; at most 32 bytes.
    pub method: CompactString,
    /// Host, lower case, with its port if one was sent; empty when there was none. At most 255 bytes.
    pub host: CompactString,
    /// Path as sent, without query and fragment; credentials in it are masked. At most 8 KiB.
    pub path: CompactString,
    /// Status of the final answer; `None` when no answer was seen.
    pub status: Option<u16>,
    /// Body bytes of the request on the wire.
    pub request_bytes: u64,
    /// Body bytes of the answer on the wire.
    pub response_bytes: u64,
    /// From the first byte of the request to the last byte of the answer, in microseconds; `None` without answer.
    pub duration_us: Option<u64>,
    /// Everybody this call is made by; credentials first, then user and client. The address is in `client`.
    /// At most 8. Empty when two different credentials of one kind contradict each other.
    pub identities: SmallVec<[Principal; 2]>,
    /// Whether request and answer were seen whole: no gap, no cut, no missing answer.
    pub complete: bool,
    /// How far the bytes can be trusted to be what both ends exchanged.
    pub grade: Grade,
    /// When the last byte was seen or the call was given up: calls are judged in this order.
    pub ended_at: Timestamp,
    /// What the caller's software looks like.
    pub context: Context,
    /// Ids in query and request body. At most 16.
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    pub asked: SmallVec<[FieldId; 0]>,
    /// Ids that the answer's body gave to the caller. At most 128.
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    pub given: SmallVec<[FieldId; 0]>,
    /// Credentials that the answer handed out. At most 4.
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    pub issued: SmallVec<[Issued; 0]>,
    /// Present when the request tries a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<Box<LoginAttempt>>,
    /// Names of the decoys that the request touched. At most 4.
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    pub decoys: SmallVec<[CompactString; 0]>,
    /// Ways in which its bytes could be read differently. A call with any is graded `C` by the sensor.
    #[serde(default, skip_serializing_if = "Ambiguities::is_empty")]
    pub ambiguities: Ambiguities,
    /// What only some calls have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<Details>>,
}

/// What only some calls have: kept apart so that the common call stays small.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// Where the call was learnt from, if not from packets.
    #[serde(default, skip_serializing_if = "Source::is_mirror")]
    pub source: Source,
    /// The path as a gateway that normalises reads it (RFC 3986, section 6.2.2), if that differs from `path`. At most 8 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canonical: Option<CompactString>,
    /// Query parameters without their values. At most 32.
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    pub query: SmallVec<[Field; 0]>,
    /// The request's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<BodyFacts>,
    /// The answer's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<BodyFacts>,
    /// Messages inside the call: gRPC, WebSocket, server-sent events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<Messages>,
    /// `grpc-status` of the trailers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grpc_status: Option<u32>,
    /// What path and header fields look like to an interpreter behind the service.
    #[serde(default, skip_serializing_if = "Signs::is_empty")]
    pub signs: Signs,
    /// Header fields of request and answer that could not be known, because an HTTP/2 connection was joined late or had
    /// losses: an identity may be among them.
    #[serde(default, skip_serializing_if = "is_none")]
    pub unknown_fields: u16,
    /// Server name that the TLS hello asked for; at most 255 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sni: Option<CompactString>,
    /// Fields of the request that may carry a credential though no rule knows them. At most 4.
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    pub candidates: SmallVec<[Candidate; 0]>,
    /// The same of what the answer handed out. At most 4.
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    pub offered: SmallVec<[Candidate; 0]>,
}

/// Where a call was learnt from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Mirrored packets.
    #[default]
    Mirror,
    /// Mirrored packets, decrypted with session keys.
    Decrypted,
    /// An access log.
    AccessLog,
    /// A HAR file.
    Har,
    /// A gateway that posts its log lines.
    HttpLog,
    /// A gateway that reports each call as it passes.
    Sideband,
}

impl Source {
    fn is_mirror(&self) -> bool {
        *self == Self::Mirror
    }
}

impl ApiCall {
    /// The rare facts, made on first use.
    pub fn details_mut(&mut self) -> &mut Details {
        self.details.get_or_insert_default()
    }

    /// What the status says of the request; of a call of gRPC, whose status is nearly always 200, what its own says.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let grpc = self.details.as_ref().and_then(|details| details.grpc_status);
        match (self.status, grpc) {
            (Some(200..=299), Some(status)) => outcome_of_grpc(status),
            (status, _) => outcome_of(status),
        }
    }

    /// Whether this tells what passed through a WebSocket after its opening call: no request of its own.
    #[must_use]
    pub fn continues(&self) -> bool {
        self.status == Some(101) && self.details.as_ref().is_some_and(|details| details.messages.is_some())
    }

    /// A short reference for evidence lists.
    #[must_use]
    pub fn reference(&self) -> CallRef {
        CallRef {
            id: self.id,
            at: self.at,
            client: self.client,
            method: self.method.clone(),
            path: self.path.clone(),
            status: self.status,
        }
    }
}

fn outcome_of(status: Option<u16>) -> Outcome {
    match status {
        None => Outcome::Unknown,
        Some(401 | 407) => Outcome::Rejected,
        Some(101 | 200..=399) => Outcome::Served,
        Some(400..=499) => Outcome::Refused,
        Some(_) => Outcome::Failed,
    }
}

/// The codes of gRPC ("Status codes and their use in gRPC") as the status of HTTP that their authors map them to.
fn outcome_of_grpc(status: u32) -> Outcome {
    match status {
        0 => Outcome::Served,
        16 => Outcome::Rejected,
        1 | 3 | 5..=12 => Outcome::Refused,
        _ => Outcome::Failed,
    }
}

/// A call as named in evidence: enough for a person to find it in another log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRef {
    /// The call's id.
    pub id: CallId,
    /// When its first byte was seen.
    pub at: Timestamp,
    /// Client address.
    pub client: IpAddr,
    /// Method.
    pub method: CompactString,
    /// Path without query.
    pub path: CompactString,
    /// Status, if there was an answer.
    pub status: Option<u16>,
}

/// What the server made of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// 101 and 200-399: done. The presented credential was accepted or not needed.
    Served,
    /// 401 or 407: the presented credential was not accepted; it names nobody.
    Rejected,
    /// Any other 4xx.
    Refused,
    /// 5xx, or a status outside the standard.
    Failed,
    /// No answer seen. Not an error: skip it.
    Unknown,
}

/// HTTP version of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum HttpVersion {
    /// HTTP/1.0
    #[serde(rename = "1.0")]
    Http10,
    /// HTTP/1.1
    #[serde(rename = "1.1")]
    Http11,
    /// HTTP/2
    #[serde(rename = "2")]
    Http2,
}

/// How well a call is attested. Only `A` may support a block: spoofed and guessed bytes never reach it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Grade {
    /// Handshake seen from both sides, request acknowledged by the server, answer seen, no gap, no ambiguity.
    A,
    /// Both directions seen and consistent, but not from the start, or touched by a gap.
    B,
    /// One direction only, contradicted, or ambiguous.
    C,
}

/// The look of the caller's software and place: keyed hashes, zero when the call did not show it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// Keyed hash of `User-Agent`.
    pub agent: u64,
    /// Keyed hash of the request's header names in order, with their case; varying ones left out.
    pub headers: u64,
    /// Keyed hash of `Accept-Language`.
    pub language: u64,
    /// Keyed hash of the TLS hello's shape: version, suites, extensions, groups, in order.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tls: u64,
    /// Keyed hash of the HTTP/2 connection's opening: settings, window, priorities, order of pseudo-headers.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub http2: u64,
    /// The browser says that another site caused the request (`Sec-Fetch-Site: cross-site`, or a foreign `Origin`).
    pub cross_site: bool,
    /// What head and token do that is rare in good faith.
    #[serde(default, skip_serializing_if = "HeadSigns::is_empty")]
    pub signs: HeadSigns,
    /// Family of the algorithm that the token's header names.
    #[serde(default, skip_serializing_if = "TokenAlgorithm::is_absent")]
    pub algorithm: TokenAlgorithm,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_none(n: &u16) -> bool {
    *n == 0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// An object id found in a field of a query or body.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FieldId {
    /// What the id is of: the field's name, or for a plain `id` the name of the object or list that holds it;
    /// `id` when only the route can tell. At most 64 bytes.
    pub name: CompactString,
    /// Keyed hash of the id's text.
    pub object: ObjectKey,
    /// Its form.
    pub shape: IdShape,
}

/// The form of an object id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdShape {
    /// Decimal digits: unique only within its kind of object.
    Int,
    /// RFC 9562, with or without hyphens.
    Uuid,
    /// 16 or more hex digits, a ULID, or another long random text.
    Hash,
    /// Words and numbers joined by `-`, `_`, `:` or `.`, such as `INV-2024-0017`.
    Composite,
    /// A word: unique only where the route has shown to take ids there.
    Slug,
}

/// A credential that an answer handed out, linked to the one it renews if the exchange shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    /// The new credential.
    pub credential: Principal,
    /// The credential presented or named as refresh token in the request, if any.
    pub renews: Option<Principal>,
}

/// A request that tries a password: a login form, a token request with the password grant, or basic auth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginAttempt {
    /// The user tried. A claim of the caller's, never an identity.
    pub user: Option<Principal>,
    /// 16 bits of a keyed hash of the password: tells most passwords apart, gives none away.
    pub password_tag: u16,
}
