//! Attacks: each is found, on the right principal, within the calls that the target names.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod support;

use model::{Action, PrincipalKind};
use support::{Build, Stage, address, call, given, names, token, user};

/// Plays calls until `who` is to suffer `action`; how many it took.
fn calls_until(
    stage: &mut Stage,
    who: &model::Principal,
    action: Action,
    mut next: impl FnMut(u64) -> model::ApiCall,
    gap: f64,
) -> u64 {
    for n in 0..60 {
        let call = next(n);
        stage.play_every(call, gap);
        if stage.strongest(who) >= Some(action) {
            return n + 1;
        }
    }
    panic!("never: {:#?}", stage.verdicts());
}

#[test]
fn an_object_enumerator_is_blocked_within_six_owners_at_any_speed() {
    for gap in [0.5, 30.0, 1_200.0] {
        let mut stage = Stage::enforcing();
        stage.shop(30, 8);
        stage.assert_quiet();
        let thief = token("thief");
        let next =
            |n: u64| call("GET", &format!("/api/orders/{}", n * 10), 200).by(&thief).from("192.0.2.66");
        let calls = calls_until(&mut stage, &thief, Action::Block, next, gap);
        assert!(calls <= 6, "{gap} s: {calls}");
        let verdict =
            stage.verdicts().into_iter().rfind(|verdict| verdict.would == Action::Block).unwrap().clone();
        assert_eq!(verdict.detectors[0], "foreign_owner");
        assert!(verdict.reason.contains("other owners"), "{}", verdict.reason);
        assert!(verdict.evidence.calls.len() >= 3);
    }
}

#[test]
fn a_customer_who_turns_is_blocked_too() {
    let mut stage = Stage::enforcing();
    stage.shop(30, 8);
    let turned = token("customer-3");
    let next =
        |n: u64| call("GET", &format!("/api/orders/{}", (n + 5) * 10), 200).by(&turned).from("198.51.1.4");
    let calls = calls_until(&mut stage, &turned, Action::Block, next, 20.0);
    assert!(calls <= 6, "{calls}");
}

#[test]
fn an_enumerator_who_comes_first_does_not_become_the_owner() {
    let mut stage = Stage::enforcing();
    let early = token("early");
    for n in 0..30 {
        stage.play(call("GET", &format!("/api/orders/{}", n * 10), 200).by(&early).from("192.0.2.66"));
    }
    stage.shop(30, 8);
    let loud: Vec<_> =
        stage.verdicts().into_iter().filter(|verdict| verdict.would > Action::Notify).collect();
    assert!(loud.iter().all(|verdict| verdict.principal == early), "{loud:#?}");
    assert_eq!(stage.strongest(&early), Some(Action::Block));
}

#[test]
fn a_prober_is_blocked_within_ten_targets() {
    for (gap, who) in [(0.5, address("192.0.2.66")), (300.0, address("192.0.2.66"))] {
        let mut stage = Stage::enforcing();
        stage.shop(10, 4);
        let next = |n: u64| call("GET", &format!("/admin/tool{n}x/config"), 404).from("192.0.2.66");
        let calls = calls_until(&mut stage, &who, Action::Block, next, gap);
        assert!((5..=10).contains(&calls), "{calls}");
    }
}

#[test]
fn a_prober_with_a_good_token_loses_the_token_not_the_address() {
    let mut stage = Stage::enforcing();
    stage.shop(10, 10);
    let turned = token("customer-3");
    let next = |n: u64| call("GET", &format!("/internal/a{n}b"), 403).by(&turned).from("198.51.1.4");
    let calls = calls_until(&mut stage, &turned, Action::Block, next, 2.0);
    assert!(calls <= 10, "{calls}");
    assert_eq!(stage.strongest(&address("198.51.1.4")), None);
}

#[test]
fn a_stuffer_is_blocked_within_ten_tries() {
    let mut stage = Stage::enforcing();
    stage.shop(10, 4);
    let who = address("192.0.2.66");
    let next = |n: u64| {
        call("POST", "/login", 401).tries(&format!("u{n}"), u16::try_from(n).unwrap()).from("192.0.2.66")
    };
    let calls = calls_until(&mut stage, &who, Action::Block, next, 0.2);
    assert!(calls <= 10, "{calls}");
    assert!(stage.verdicts().iter().all(|verdict| verdict.principal.kind == PrincipalKind::Ip));
}

#[test]
fn one_password_over_many_users_is_spraying() {
    let mut stage = Stage::enforcing();
    let next = |n: u64| call("POST", "/login", 401).tries(&format!("u{n}"), 5).from("192.0.2.66");
    let calls = calls_until(&mut stage, &address("192.0.2.66"), Action::Block, next, 60.0);
    assert!(calls <= 10, "{calls}");
}

#[test]
fn guessing_one_password_ends_and_the_user_is_left_alone() {
    let mut stage = Stage::enforcing();
    let next =
        |n: u64| call("POST", "/login", 401).tries("victim", u16::try_from(n).unwrap()).from("192.0.2.66");
    let calls = calls_until(&mut stage, &address("192.0.2.66"), Action::Block, next, 1.0);
    assert!((10..=25).contains(&calls), "{calls}");
    assert_eq!(stage.strongest(&user("victim")), None);
}

#[test]
fn guessing_from_many_addresses_is_told_and_never_held_against_the_user() {
    let mut stage = Stage::enforcing();
    for n in 0..40 {
        stage.play(call("POST", "/login", 401).tries("victim", n).from(&format!("192.0.{n}.66")));
    }
    assert!(stage.findings().iter().any(|finding| finding.principal == user("victim")));
    assert!(stage.verdicts().is_empty());
}

#[test]
fn one_decoy_call_is_enough() {
    let mut stage = Stage::enforcing();
    stage.shop(5, 3);
    let mut touch = call("GET", "/backup/db.sql", 404).by(&token("customer-2")).from("198.51.1.3");
    touch.decoys.push("backup".into());
    stage.play(touch);
    assert_eq!(stage.strongest(&token("customer-2")), Some(Action::Block));
    let mut nameless = call("GET", "/backup/db.sql", 404).from("192.0.2.9");
    nameless.decoys.push("backup".into());
    stage.play(nameless);
    assert_eq!(stage.strongest(&address("192.0.2.9")), Some(Action::Block));
}

#[test]
fn a_stolen_token_used_beside_its_owner_is_stepped_up_at_the_second_switch() {
    let mut stage = Stage::enforcing();
    stage.shop(10, 6);
    let stolen = token("customer-4");
    let mut switches = 0;
    for n in 0..6 {
        let (home, agent) = if n % 2 == 0 { ("192.0.2.66", 99) } else { ("198.51.1.5", 1) };
        let mut next = call("GET", "/api/profile", 200).by(&stolen).from(home);
        if n % 2 == 0 {
            next = next.agent(agent);
        }
        stage.play_every(next, 5.0);
        switches = n;
        if stage.strongest(&stolen) >= Some(Action::StepUp) {
            break;
        }
    }
    assert!(switches <= 2, "{switches}");
    assert_eq!(stage.strongest(&stolen), Some(Action::StepUp));
}

#[test]
fn a_renewed_token_keeps_its_past() {
    let mut stage = Stage::enforcing();
    stage.shop(30, 8);
    let (first, second) = (token("thief"), token("thief-renewed"));
    for n in 0..2 {
        stage.play(call("GET", &format!("/api/orders/{}", n * 10), 200).by(&first).from("192.0.2.66"));
    }
    stage.play(call("POST", "/token", 200).from("192.0.2.66").issues(&second, Some(&first)));
    for n in 2..5 {
        stage.play(call("GET", &format!("/api/orders/{}", n * 10), 200).by(&second).from("192.0.2.66"));
    }
    assert_eq!(stage.strongest(&second), Some(Action::Block));
}

#[test]
fn ownership_comes_from_creation_and_lists() {
    let mut stage = Stage::enforcing();
    for n in 0..20_u64 {
        let who = token(&format!("c{n}"));
        let home = format!("198.51.100.{}", n + 1);
        let id = format!("018f5a3e-9c1b-7d2a-8e4f-0000000000{n:02}");
        stage.play(call("POST", "/v1/invoices", 201).by(&who).from(&home).gives(vec![given("id", &id)]));
        for _ in 0..3 {
            stage.play(
                call("GET", "/v1/invoices", 200).by(&who).from(&home).gives(vec![given("invoices", &id)]),
            );
            stage.play(call("GET", &format!("/v1/invoices/{id}"), 200).by(&who).from(&home));
        }
    }
    stage.assert_quiet();
    let thief = token("thief");
    let next = |n: u64| {
        let id = format!("018f5a3e-9c1b-7d2a-8e4f-0000000000{n:02}");
        call("GET", &format!("/v1/invoices/{id}"), 200).by(&thief).from("192.0.2.66")
    };
    let calls = calls_until(&mut stage, &thief, Action::Block, next, 5.0);
    assert!(calls <= 5, "{calls}");
}

#[test]
fn pseudonyms_of_the_test_world_are_the_engines() {
    assert_eq!(names().named(PrincipalKind::User, "a"), user("a"));
}

#[test]
fn bytes_that_can_be_read_in_two_ways_are_a_finding_and_never_more() {
    let mut stage = Stage::enforcing();
    stage.shop(30, 8);
    stage.assert_quiet();
    for n in 0..50 {
        let mut sly = call("GET", "/api/orders/1", 200).from("192.0.2.77");
        (sly.ambiguities, sly.grade) = (model::Ambiguity::TcpOverlap.into(), model::Grade::C);
        stage.play_every(sly, f64::from(n % 3));
    }
    let found: Vec<_> =
        stage.findings().into_iter().filter(|finding| finding.detector == "evasion").collect();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].principal, address("192.0.2.77"));
    assert!(found[0].reason.contains("tcp_overlap"), "{}", found[0].reason);
    assert_eq!(stage.strongest(&address("192.0.2.77")), None);
}

#[test]
fn a_quirk_that_many_clients_have_is_soon_no_finding() {
    let mut stage = Stage::enforcing();
    stage.shop(30, 8);
    for n in 0..60 {
        let mut odd = call("GET", "/api/orders", 200).from(&format!("198.51.100.{n}"));
        (odd.ambiguities, odd.grade) = (model::Ambiguity::Head.into(), model::Grade::C);
        stage.play_every(odd, 5.0);
    }
    let found = stage.findings().into_iter().filter(|finding| finding.detector == "evasion").count();
    assert!(found < 20, "{found} findings for 60 clients");
}
