//! Hand-made calls and verdicts for tests.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use model::{
    Action, ApiCall, CallId, Context, Evidence, Finding, FindingId, Grade, HttpVersion, Principal,
    PrincipalKind, Pseudonyms, Timestamp, Verdict, VerdictId,
};

use crate::truth::Label;

pub(crate) fn names() -> Pseudonyms {
    Pseudonyms::new([9; 16])
}

pub(crate) fn second(n: u64) -> Timestamp {
    Timestamp::from_nanos(n * 1_000_000_000)
}

pub(crate) fn token(text: &str) -> Principal {
    names().credential(PrincipalKind::Token, text.as_bytes())
}

pub(crate) fn address(last: u8) -> Principal {
    names().address(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)))
}

pub(crate) fn honest(actor: u32) -> Label {
    Label { actor, archetype: 0, attack: None, denied: false, leaked: 0 }
}

pub(crate) fn hostile(actor: u32, attack: u32, leaked: u32) -> Label {
    Label { actor, archetype: 0, attack: Some(attack), denied: false, leaked }
}

/// `GET /orders/7` answered with 200 at a second, by a token (none when empty) from 192.0.2.`last`.
pub(crate) fn call(at: u64, who: &str, last: u8) -> ApiCall {
    let identities = if who.is_empty() { Vec::new() } else { vec![token(who)] };
    ApiCall {
        at: second(at),
        id: CallId(at),
        client: IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)),
        peer: SocketAddr::from(([192, 0, 2, last], 40_000)),
        server: SocketAddr::from(([198, 51, 100, 1], 80)),
        http: HttpVersion::Http11,
        method: "GET".into(),
        host: "api.example".into(),
        path: "/orders/7".into(),
        status: Some(200),
        request_bytes: 0,
        response_bytes: 100,
        duration_us: Some(1_000),
        identities: identities.into(),
        complete: true,
        grade: Grade::A,
        ended_at: second(at),
        context: Context::default(),
        asked: Default::default(),
        given: Default::default(),
        issued: Default::default(),
        login: None,
        decoys: Default::default(),
        ambiguities: Default::default(),
        details: None,
    }
}

pub(crate) fn verdict(at: u64, principal: Principal, would: Action, detector: &str) -> Verdict {
    Verdict {
        at: second(at),
        id: VerdictId(u128::from(at)),
        action: would,
        would,
        principal,
        risk: 90,
        p: 1e-5,
        until: second(at + 900),
        detectors: vec![detector.into()],
        evidence: evidence(),
        contributions: Vec::new(),
        reason: "Said.".into(),
        refuted_by: String::new(),
        held_by: None,
        replaces: None,
    }
}

pub(crate) fn finding(at: u64, principal: Principal, detector: &str) -> Finding {
    Finding {
        at: second(at),
        id: FindingId(at),
        detector: detector.into(),
        principal,
        p: 1e-3,
        evidence: evidence(),
        reason: String::new(),
    }
}

fn evidence() -> Evidence {
    Evidence { expected: String::new(), observed: String::new(), calls: Vec::new() }
}
