//! Attested calls: a call that somebody else has seen and tells of in, the same `ApiCall` as from packets out: callers,
//! ids, bodies and decoys are read by the very same code. Never keeps a body.

use std::net::SocketAddr;

use httparse::Header;
use model::{ApiCall, Digest, HttpVersion, Losses, PrincipalKind, Pseudonyms, Source, Timestamp};

use crate::{
    http::{BodyOf, Desk, Exchange, FlowState, HttpConfig, Look},
    identity::caller,
    stream::FlowFacts,
};

/// Principals of a call: the limit of `ApiCall::identities`.
const IDENTITIES_MAX: usize = 8;
/// Bytes of a user's name, as for those of tokens.
const USER_BYTES_MAX: usize = 256;

/// A call as somebody else tells it; see `intake::Record` for the meaning of each part.
#[derive(Clone, Copy)]
pub struct Attested<'a> {
    /// What kind of source told it.
    pub source: Source,
    /// Whether it may support a block: grade `A` instead of `B`.
    pub trusted: bool,
    /// When the request began.
    pub at: Timestamp,
    /// When the call was over.
    pub ended_at: Timestamp,
    /// The peer that the source saw.
    pub client: SocketAddr,
    /// Who answered.
    pub server: SocketAddr,
    /// HTTP version.
    pub http: HttpVersion,
    /// Method.
    pub method: &'a str,
    /// Target as in the request line.
    pub target: &'a [u8],
    /// The request's header fields.
    pub headers: &'a [(String, Vec<u8>)],
    /// The request's body, without content codings.
    pub body: Option<&'a [u8]>,
    /// Its size on the wire.
    pub request_bytes: u64,
    /// What was answered.
    pub answer: Option<AttestedAnswer<'a>>,
    /// The user whom the source authenticated.
    pub user: Option<&'a str>,
    /// SHA-256 of the bearer token where the token itself is not told.
    pub token: Option<Digest>,
}

/// What was answered.
#[derive(Clone, Copy)]
pub struct AttestedAnswer<'a> {
    /// Status.
    pub status: u16,
    /// Header fields.
    pub headers: &'a [(String, Vec<u8>)],
    /// The body, without content codings.
    pub body: Option<&'a [u8]>,
    /// Its size on the wire.
    pub bytes: u64,
}

/// Makes calls of what others tell.
pub struct Attestor {
    desk: Desk,
    calls: u64,
}

impl std::fmt::Debug for Attestor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attestor({} calls, ..)", self.calls)
    }
}

impl Attestor {
    /// With the settings of a sensor.
    #[must_use]
    pub fn new(config: HttpConfig, names: Pseudonyms) -> Self {
        Self { desk: Desk::new(config, names), calls: 0 }
    }

    /// What was missed so far.
    #[must_use]
    pub fn losses(&self) -> &Losses {
        &self.desk.losses
    }

    /// The call. The same calls in the same order get the same ids.
    pub fn call(&mut self, told: &Attested<'_>) -> ApiCall {
        self.calls += 1;
        let facts = self.facts(told);
        let request = borrow(told.headers);
        let (caller, aim) = caller((told.target, Look::of(told.target)), &request, &facts, &mut self.desk);
        let start = (told.method.as_bytes(), told.http);
        let mut exchange =
            Exchange::new(told.at, (0, 0), self.calls, start, (&caller, aim), &facts, &self.desk);
        if let Some(body) = told.body {
            exchange.request_begins(&request, &mut self.desk);
            exchange.request_body(body, &mut self.desk);
        }
        exchange.end_request();
        if let Some(answer) = &told.answer {
            let headers = borrow(answer.headers);
            // Nothing is said of a body that was not told.
            let described = if answer.body.is_some() { headers.as_slice() } else { &[] };
            exchange.answered(answer.status, &headers, BodyOf::gather(described), &mut self.desk);
            exchange.answer_body(answer.body.unwrap_or_default(), true, &mut self.desk);
            exchange.end_answer(told.ended_at);
        }
        let mut call = exchange.finish(told.ended_at, &facts, FlowState::default(), &mut self.desk);
        call.request_bytes = told.request_bytes;
        call.response_bytes = told.answer.map_or(0, |answer| answer.bytes);
        self.name(&mut call, told);
        call.details_mut().source = told.source;
        call
    }

    fn facts(&self, told: &Attested<'_>) -> FlowFacts {
        let mut seed = told.client.to_string().into_bytes();
        seed.extend_from_slice(&told.at.as_nanos().to_be_bytes());
        seed.extend_from_slice(told.target);
        FlowFacts {
            client: told.client,
            server: told.server,
            number: self.desk.names.short(b"attested", &seed),
            handshake: told.trusted,
            one_sided_unknown: true,
        }
    }

    /// Adds the principals that only the source knows. A user is one only where the request was not refused.
    fn name(&self, call: &mut ApiCall, told: &Attested<'_>) {
        let names = &self.desk.names;
        let token = told.token.map(|digest| names.digested(PrincipalKind::Token, digest));
        let accepted = !matches!(call.status, None | Some(401 | 407));
        let user = told
            .user
            .filter(|user| accepted && user.len() <= USER_BYTES_MAX && !user.chars().any(char::is_control));
        let user = user.map(|user| names.named(PrincipalKind::User, user));
        for (place, principal) in token.map(|token| (0, token)).into_iter().chain(user.map(|user| (1, user)))
        {
            let known = call.identities.iter().any(|known| known.kind == principal.kind);
            if !known && call.identities.len() < IDENTITIES_MAX {
                let place = if place == 0 { 0 } else { call.identities.len() };
                call.identities.insert(place, principal);
            }
        }
    }
}

fn borrow(headers: &[(String, Vec<u8>)]) -> Vec<Header<'_>> {
    headers.iter().map(|(name, value)| Header { name, value }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Grade;

    fn told<'a>(headers: &'a [(String, Vec<u8>)], answer: Option<AttestedAnswer<'a>>) -> Attested<'a> {
        Attested {
            source: Source::Har,
            trusted: true,
            at: Timestamp::from_parts(1, 0),
            ended_at: Timestamp::from_parts(2, 0),
            client: ([192, 0, 2, 1], 7).into(),
            server: ([192, 0, 2, 9], 80).into(),
            http: HttpVersion::Http11,
            method: "POST",
            target: b"/orders?x=1",
            headers,
            body: Some(br#"{"order_id":17}"#),
            request_bytes: 99,
            answer,
            user: Some("amal"),
            token: None,
        }
    }

    #[test]
    fn what_is_told_is_read_like_packets() {
        let names = Pseudonyms::new([7; 16]);
        let mut attestor = Attestor::new(HttpConfig::default(), names.clone());
        let json = ("Content-Type".to_owned(), b"application/json".to_vec());
        let bearer = ("Authorization".to_owned(), b"Bearer canary-token-0123456789".to_vec());
        let headers = [json.clone(), bearer];
        let theirs = [json];
        let answer = AttestedAnswer { status: 200, headers: &theirs, body: Some(br#"{"id":18}"#), bytes: 9 };
        let call = attestor.call(&told(&headers, Some(answer)));
        assert_eq!((call.grade, call.complete, call.status), (Grade::A, true, Some(200)));
        assert_eq!((call.request_bytes, call.response_bytes, call.duration_us), (99, 9, Some(1_000_000)));
        assert_eq!(call.identities[0], names.credential(PrincipalKind::Token, b"canary-token-0123456789"));
        assert_eq!(call.identities[1], names.named(PrincipalKind::User, "amal"));
        assert_eq!((call.asked.len(), call.given.len()), (1, 1));
        let untrusted = Attested { trusted: false, ..told(&headers, Some(answer)) };
        assert_eq!(attestor.call(&untrusted).grade, Grade::B);
        let unanswered = attestor.call(&told(&headers, None));
        assert_eq!((unanswered.grade, unanswered.complete), (Grade::C, false));
        assert_eq!(unanswered.identities.len(), 1, "nobody accepted the user");
    }
}
