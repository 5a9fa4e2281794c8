//! Verdicts and revocations for ledger tests.

#![allow(dead_code, reason = "each test file uses its part")]

use std::time::Duration;

use model::{
    Action, Delivery, DeliveryState, Evidence, PrincipalKind, Pseudonyms, Revocation, Timestamp, Verdict,
    VerdictId,
};

pub(crate) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_nanos(seconds * 1_000_000_000)
}

/// A block of the numbered principal.
pub(crate) fn verdict(id: u128, who: u32, from: Timestamp, ttl_s: u64) -> Verdict {
    let names = Pseudonyms::new([1; 16]);
    Verdict {
        at: from,
        id: VerdictId(id),
        action: Action::Block,
        would: Action::Block,
        principal: names.credential(PrincipalKind::Token, format!("token-{who}").as_bytes()),
        risk: 90,
        p: 1e-5,
        until: from.after(Duration::from_secs(ttl_s)),
        detectors: vec!["decoy".into()],
        evidence: Evidence { expected: "none".into(), observed: "one".into(), calls: Vec::new() },
        contributions: Vec::new(),
        reason: "It touched a decoy.".into(),
        refuted_by: "A scanner of ours.".into(),
        held_by: None,
        replaces: None,
    }
}

pub(crate) fn revocation(verdict: &Verdict, gateway: &str) -> Revocation {
    Revocation {
        verdict: verdict.id,
        gateway: gateway.into(),
        principal: verdict.principal.clone(),
        action: verdict.action,
        until: verdict.until,
        attempt: 0,
    }
}

pub(crate) fn delivery(revocation: &Revocation, at: Timestamp, state: DeliveryState) -> Delivery {
    Delivery { at, revocation: revocation.clone(), state, detail: String::new() }
}
