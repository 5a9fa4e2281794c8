//! Many objects in a day that nobody had named: found however many of them have a known owner, and the benign twins left alone.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod support;

use model::{Action, FieldId};
use support::{Build, Dice, Stage, call, given, token};

const DAY: f64 = 86_400.0;

fn home(n: u64) -> String {
    format!("198.51.{}.{}", n / 200 + 1, n % 200 + 1)
}

/// Customer `n` has eight invoices; a few are opened by bookmark, most from the list. Most invoices of the service are never
/// looked at: their owners stay unknown.
fn customers(stage: &mut Stage, days: u64, dice: &mut Dice) {
    for _ in 0..days {
        for n in 0..60_u64 {
            let who = token(&format!("customer-{n}"));
            let mine: Vec<u64> = (0..8).map(|k| n * 1_000 + k).collect();
            let fields: Vec<FieldId> = mine.iter().map(|id| given("invoices", &id.to_string())).collect();
            stage.play_every(call("GET", "/v1/invoices", 200).by(&who).from(&home(n)).gives(fields), 2.0);
            for id in &mine[..3] {
                stage
                    .play_every(call("GET", &format!("/v1/invoices/{id}"), 200).by(&who).from(&home(n)), 3.0);
            }
            let old = n * 1_000 + 100 + dice.below(30);
            stage.play_every(call("GET", &format!("/v1/invoices/{old}"), 200).by(&who).from(&home(n)), 3.0);
        }
        stage.wait(DAY);
    }
}

#[test]
fn who_reads_hundreds_that_nobody_named_is_blocked_although_most_have_no_known_owner() {
    let (mut stage, mut dice) = (Stage::enforcing(), Dice(5));
    customers(&mut stage, 8, &mut dice);
    stage.assert_quiet();
    let thief = token("customer-7");
    let mut calls = 0;
    while stage.strongest(&thief) < Some(Action::Block) && calls < 600 {
        // One in thirty is an invoice that its owner came back to.
        let id = if calls % 30 == 0 { calls / 30 % 50 * 1_000 + 1 } else { 90_000 + calls * 7_919 % 60_000 };
        stage.play_every(call("GET", &format!("/v1/invoices/{id}"), 200).by(&thief).from("198.51.1.8"), 20.0);
        calls += 1;
    }
    assert_eq!(stage.strongest(&thief), Some(Action::Block), "{:#?}", stage.verdicts());
    assert!(calls <= 500, "{calls}");
    let blocks = stage.verdicts().into_iter().filter(|verdict| verdict.principal == thief);
    let named = blocks.flat_map(|verdict| verdict.detectors.clone()).any(|name| name == "reach");
    assert!(named, "{:#?}", stage.verdicts());
    let words = stage.findings().into_iter().find(|finding| finding.detector == "reach").expect("a finding");
    assert!(words.reason.contains("that no answer had named to it"), "{}", words.reason);
}

#[test]
fn who_reads_hundreds_that_may_all_be_its_own_is_never_blocked() {
    let (mut stage, mut dice) = (Stage::enforcing(), Dice(6));
    customers(&mut stage, 8, &mut dice);
    let importer = token("customer-9");
    for n in 0..500_u64 {
        stage.play_every(
            call("GET", &format!("/v1/invoices/{}", 700_000 + n * 3), 200).by(&importer).from(&home(9)),
            2.0,
        );
    }
    assert!(stage.strongest(&importer) < Some(Action::Block), "{:?}", stage.strongest(&importer));
}

#[test]
fn who_lists_first_may_read_as_much_as_it_likes() {
    let (mut stage, mut dice) = (Stage::enforcing(), Dice(7));
    customers(&mut stage, 8, &mut dice);
    let reader = token("customer-11");
    for page in 0..20_u64 {
        let ids = || (0..25).map(move |n| 800_000 + page * 25 + n);
        let fields = ids().map(|id| given("invoices", &id.to_string())).collect();
        stage.play(call("GET", "/v1/invoices", 200).by(&reader).from(&home(11)).gives(fields));
        for id in ids() {
            stage.play(call("GET", &format!("/v1/invoices/{id}"), 200).by(&reader).from(&home(11)));
        }
    }
    stage.assert_quiet();
}

#[test]
fn what_a_partner_always_did_is_its_work() {
    let (mut stage, mut dice) = (Stage::enforcing(), Dice(8));
    let partner = token("partner");
    for day in 0..8_u64 {
        for n in 0..200_u64 {
            let id = 500_000 + day * 200 + n;
            stage.play_every(
                call("GET", &format!("/v1/invoices/{id}"), 200).by(&partner).from("192.0.2.9"),
                2.0,
            );
        }
        customers(&mut stage, 1, &mut dice);
    }
    assert_eq!(stage.strongest(&partner), None);
}
