//! Which field says who calls is found without being told: synthetic APIs in, what the engine took for credentials out.

use std::collections::BTreeSet;

use engine::{Engine, EngineConfig, Judgement};
use model::{CredentialState, FieldPlace, Verdict};
use tests::apis::{Api, Company, Handout, Refusal, Spot};

/// Calls within which it must be found.
const CALLS: u64 = 10_000;

type Found = BTreeSet<(FieldPlace, String)>;

/// What is inferred of an API, and after how many calls the first of it was.
fn inferred(api: &Api, seed: u64) -> (Found, u64, String) {
    let mut traffic = api.clone().traffic(seed);
    let mut engine = Engine::new(EngineConfig::default(), traffic.names());
    let (mut said, mut found, mut after) = (Vec::new(), Found::new(), 0);
    for n in 1..=CALLS {
        engine.observe(&traffic.next_call(), &mut said);
        if n % 250 == 0 {
            let now = credentials(&engine);
            after = if found.is_empty() && !now.is_empty() { n } else { after };
            found.extend(now);
        }
    }
    let all = engine.inventory().credentials;
    let text = all
        .iter()
        .map(|one| format!("\n    {:?} {} {}: {}", one.place, one.name, one.state.name(), one.reason));
    // Whatever was inferred at any time counts.
    (found, after, text.collect())
}

fn credentials(engine: &Engine) -> Found {
    let all = engine.inventory().credentials.into_iter();
    let all = all.filter(|one| one.state == CredentialState::Inferred);
    all.filter_map(|one| Some((one.place?, one.name.to_string()))).collect()
}

/// APIs, and what there is to be inferred.
fn apis() -> Vec<(Api, Option<(FieldPlace, &'static str)>)> {
    use Company::{Device, Form, Mark, RequestId, Tenant, Tracker};
    use FieldPlace::{Cookie, Header, Query};
    use Handout::{Always, Elevated, Member, SetCookie};
    let cookie = |name, at| Api::new(name, Spot::Cookie(at), SetCookie);
    let header = |name, at, member| Api::new(name, Spot::Header(at), Member(member));
    vec![
        (Api::new("bearer", Spot::Scheme("Bearer"), Member("access_token")), None),
        (header("header of a login", "X-Acme-Ticket", "ticket"), Some((Header, "x-acme-ticket"))),
        (cookie("cookie", "acme_ctx"), Some((Cookie, "acme_ctx"))),
        (cookie("cookie beside a tracker", "pouch").with(&[Tracker("vtx")]), Some((Cookie, "pouch"))),
        (Api::new("key in the query", Spot::Query("sig_user"), Always), Some((Query, "sig_user"))),
        (cookie("two cookies of one login", "corner").with(&[Mark("hallmark")]), Some((Cookie, "corner"))),
        (cookie("ids of a gateway", "nest").with(&[RequestId("X-Flow-Ref", true)]), Some((Cookie, "nest"))),
        (cookie("forms with proof", "stub").with(&[Form("X-Form-Guard")]), Some((Cookie, "stub"))),
        (header("devices", "X-Pass", "pass_text").with(&[Device("X-Unit")]), Some((Header, "x-pass"))),
        (Api { jwt: true, ..cookie("JWT in a cookie", "wallet") }, Some((Cookie, "wallet"))),
        (Api::new("basic", Spot::Basic, Always), None),
        (
            header("key of the tenant", "X-Member", "member").with(&[Tenant("X-Shop")]),
            Some((Header, "x-member")),
        ),
        (cookie("redirects", "lodge").refusing(Refusal::Status(302)), Some((Cookie, "lodge"))),
        (cookie("serves anybody", "shade").refusing(Refusal::Anonymous), Some((Cookie, "shade"))),
        (Api { renewed_after: 10, ..cookie("renewed", "wheel") }, Some((Cookie, "wheel"))),
        (Api::new("no scheme", Spot::Scheme(""), Member("grant")), Some((Header, "authorization"))),
        (header("forbids", "X-Stamp", "stamp").refusing(Refusal::Status(403)), Some((Header, "x-stamp"))),
        (Api::new("before the login", Spot::Cookie("yard"), Elevated), Some((Cookie, "yard"))),
        (
            Api { is_open: true, ..Api::new("open", Spot::Hidden, Always) }
                .with(&[Tracker("vtx"), RequestId("X-Flow-Ref", true)]),
            None,
        ),
        (cookie("a session by name", "connect.sid").with(&[Tracker("vtx"), Device("X-Unit")]), None),
        (
            Api::new("bearer and device", Spot::Scheme("Bearer"), Member("token")).with(&[Device("X-Unit")]),
            None,
        ),
        (
            Api { eager: 0, ..cookie("clients that sign in first", "moor").with(&[Tracker("vtx")]) },
            Some((Cookie, "moor")),
        ),
        (
            header("everything at once", "X-Seal", "seal").with(&[
                Device("X-Unit"),
                Tracker("vtx"),
                RequestId("X-Flow-Ref", true),
                Form("X-Form-Guard"),
            ]),
            Some((Header, "x-seal")),
        ),
        (Api { strangers: 1, ..cookie("few strangers", "glen") }, Some((Cookie, "glen"))),
    ]
}

#[test]
fn credentials_are_found_and_nothing_else_is() {
    let (mut right, mut of) = (0, 0);
    for seed in [1, 2] {
        for (api, expected) in apis() {
            let (found, after, told) = inferred(&api, seed);
            let expected: Found =
                expected.into_iter().map(|(place, name)| (place, name.to_owned())).collect();
            println!(
                "{}: {found:?} after {after} calls{}",
                api.name,
                if found == expected { "" } else { &told }
            );
            assert!(found.is_subset(&expected), "{}: {found:?} is wrong{told}", api.name);
            (right, of) = (right + usize::from(found == expected), of + 1);
        }
    }
    println!("{right} of {of} right");
    assert!(right * 20 >= of * 19, "{right} of {of}");
}

/// What a field that comes along with an unseen credential looks like: nearly a credential.
#[test]
fn what_only_comes_along_with_a_hidden_credential_is_not_taken_for_one() {
    use Company::{Device, RequestId, Tracker};
    for seed in [1, 2, 3] {
        let hidden = |name| Api::new(name, Spot::Hidden, Handout::Always);
        for api in [
            hidden("addresses").with(&[Device("X-Unit")]).refusing(Refusal::Status(403)),
            hidden("certificates")
                .with(&[Tracker("vtx"), RequestId("X-Flow-Ref", false)])
                .refusing(Refusal::Status(403)),
            Api::new("signatures", Spot::Signed("ACME4-HMAC"), Handout::Always).with(&[Device("X-Unit")]),
            Api { eager: 60, ..Api::new("in the body", Spot::Hidden, Handout::Member("handle")) }
                .with(&[Device("X-Unit"), Tracker("vtx")]),
        ] {
            let (found, _, told) = inferred(&api, seed);
            assert!(found.is_empty(), "{}: {found:?}{told}", api.name);
        }
    }
}

/// A cookie that was found, and its traffic.
fn found() -> (Engine, tests::apis::Traffic) {
    let mut traffic = Api::new("cookie", Spot::Cookie("acme_ctx"), Handout::SetCookie).traffic(7);
    let mut engine = Engine::new(EngineConfig::default(), traffic.names());
    play(&mut engine, &mut traffic, 3_000);
    assert_eq!(credentials(&engine).len(), 1, "{:#?}", engine.inventory().credentials);
    (engine, traffic)
}

fn play(engine: &mut Engine, traffic: &mut tests::apis::Traffic, calls: u64) -> Vec<Judgement> {
    let mut said = Vec::new();
    (0..calls).for_each(|_| engine.observe(&traffic.next_call(), &mut said));
    said
}

#[test]
fn an_inferred_credential_is_judged_and_named_in_the_verdict() {
    let (mut engine, mut traffic) = found();
    let (mut said, mut thief) = (Vec::new(), None);
    for _ in 0..2_000 {
        let mut call = traffic.next_call();
        let shown = call.details.as_ref().and_then(|details| details.candidates.first());
        let shown = shown.filter(|_| call.status == Some(200)).map(|one| one.principal.clone());
        if shown.is_some() && (thief.is_none() || thief == shown) {
            thief = shown;
            call.decoys.push("admin-backup".into());
        }
        engine.observe(&call, &mut said);
    }
    let verdicts: Vec<&Verdict> = said
        .iter()
        .filter_map(|said| if let Judgement::Verdict(verdict) = said { Some(verdict) } else { None })
        .collect();
    assert!(!verdicts.is_empty());
    assert!(verdicts.iter().all(|verdict| Some(&verdict.principal) == thief.as_ref()), "{verdicts:#?}");
}

#[test]
fn what_was_inferred_is_taken_back_when_the_evidence_turns() {
    let (mut engine, mut traffic) = found();
    traffic.change(|api| (api.is_open, api.strangers) = (true, 40));
    play(&mut engine, &mut traffic, 20_000);
    let states: Vec<_> = engine.inventory().credentials.iter().map(|one| one.state).collect();
    assert_eq!(states, [CredentialState::Withdrawn], "{:#?}", engine.inventory().credentials);
}

#[test]
fn a_snapshot_keeps_what_was_inferred() {
    let (engine, mut traffic) = found();
    let mut bytes = Vec::new();
    engine.snapshot(&mut bytes).expect("written");
    let mut restored =
        Engine::restore(EngineConfig::default(), traffic.names(), &mut bytes.as_slice()).expect("whole");
    assert_eq!(restored.inventory().credentials, engine.inventory().credentials);
    let mut other = engine;
    for _ in 0..2_000 {
        let (call, mut one, mut two) = (traffic.next_call(), Vec::new(), Vec::new());
        restored.observe(&call, &mut one);
        other.observe(&call, &mut two);
        assert_eq!(one, two);
    }
    assert_eq!(restored.inventory(), other.inventory());
}
