//! Counting through ids, asking for what nobody named, turning page after page: found, and their benign twins left alone.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod support;

use model::{Action, FieldId};
use support::{Build, Dice, Stage, address, call, calls_until, given, token};

const DAY: f64 = 86_400.0;

fn home(n: u64) -> String {
    format!("198.51.{}.{}", n / 200 + 1, n % 200 + 1)
}

/// A catalogue: visitors search, and read some of what they found; now and then one follows a link from elsewhere.
fn browse(stage: &mut Stage, visitors: u64, rounds: u64, dice: &mut Dice) {
    for _ in 0..rounds {
        for n in 0..visitors {
            let who = token(&format!("visitor-{n}"));
            let found: Vec<u64> = (0..6).map(|_| dice.below(4_000)).collect();
            let fields: Vec<FieldId> = found.iter().map(|id| given("products", &id.to_string())).collect();
            stage.play_every(call("GET", "/api/products", 200).by(&who).from(&home(n)).gives(fields), 2.0);
            for shown in &found[..3] {
                let id = if dice.percent(8) { dice.below(4_000) } else { *shown };
                stage.play_every(
                    call("GET", &format!("/api/products/{id}"), 200).by(&who).from(&home(n)),
                    3.0,
                );
            }
        }
    }
}

/// A catalogue in use for two days.
fn catalogue(seed: u64) -> (Stage, Dice) {
    let (mut stage, mut dice) = (Stage::enforcing(), Dice(seed));
    browse(&mut stage, 40, 3, &mut dice);
    stage.wait(DAY);
    browse(&mut stage, 40, 3, &mut dice);
    stage.assert_quiet();
    (stage, dice)
}

#[test]
fn who_counts_through_a_catalogue_is_slowed_down_at_any_speed() {
    for gap in [1.0, 30.0, 600.0] {
        let (mut stage, _) = catalogue(1);
        let scraper = address("192.0.2.66");
        let next = |n: u64| call("GET", &format!("/api/products/{}", 500 + n), 200).from("192.0.2.66");
        let (calls, verdict) = calls_until(&mut stage, &scraper, Action::RateLimit, gap, next);
        assert!(calls <= 20, "{gap} s: {calls}");
        assert_eq!(verdict.detectors[0], "enumeration");
        assert!(verdict.reason.contains("100 % of them one after the other by number"), "{}", verdict.reason);
        assert!(verdict.refuted_by.contains("crawler"), "{}", verdict.refuted_by);
        assert!(verdict.evidence.expected.contains("callers: "), "{}", verdict.evidence.expected);
        for n in 0..300 {
            stage.play(call("GET", &format!("/api/products/{}", 900 + n), 200).from("192.0.2.66"));
        }
        assert_eq!(stage.strongest(&scraper), Some(Action::RateLimit));
    }
}

#[test]
fn who_asks_for_what_nobody_named_is_slowed_down_even_without_numbers() {
    let (mut stage, mut dice) = (Stage::enforcing(), Dice(3));
    let uuid = |n: u64| format!("018f5a3e-9c1b-4d2a-8e4f-{:012x}", n * 7_919);
    for round in 0..6_u64 {
        for n in 0..30_u64 {
            let who = token(&format!("c{n}"));
            let found: Vec<u64> = (0..4).map(|_| dice.below(800)).collect();
            let fields = found.iter().map(|id| given("documents", &uuid(*id))).collect();
            stage.play(call("GET", "/v1/documents", 200).by(&who).from(&home(n)).gives(fields));
            for id in &found[..2] {
                stage.play(call("GET", &format!("/v1/documents/{}", uuid(*id)), 200).by(&who).from(&home(n)));
            }
        }
        if round == 2 {
            stage.wait(DAY);
        }
    }
    stage.assert_quiet();
    let thief = token("thief");
    let next = |n: u64| {
        call("GET", &format!("/v1/documents/{}", uuid(n * 3 + 1)), 200).by(&thief).from("192.0.2.66")
    };
    let (calls, verdict) = calls_until(&mut stage, &thief, Action::RateLimit, 20.0, next);
    assert!(calls <= 20, "{calls}");
    assert!(verdict.detectors.iter().any(|name| name == "enumeration"), "{verdict:#?}");
}

#[test]
fn who_turns_page_after_page_is_slowed_down_and_who_looks_at_what_it_found_is_not() {
    let (mut stage, _) = catalogue(4);
    let page = |n: u64| (n * 20..n * 20 + 20).map(|id| given("products", &id.to_string())).collect();
    let scraper = address("192.0.2.67");
    let next = |n: u64| call("GET", "/api/products", 200).from("192.0.2.67").gives(page(n));
    let (calls, verdict) = calls_until(&mut stage, &scraper, Action::RateLimit, 5.0, next);
    assert!((5..=25).contains(&calls), "{calls}");
    assert!(verdict.reason.contains("further page"), "{}", verdict.reason);
    for n in 0..120_u64 {
        stage.play(call("GET", "/api/products", 200).from("192.0.2.68").gives(page(n)));
        stage.play(call("GET", &format!("/api/products/{}", n * 20), 200).from("192.0.2.68"));
    }
    assert_eq!(stage.strongest(&address("192.0.2.68")), None);
}

#[test]
fn a_crawler_that_was_always_there_is_left_alone() {
    let (mut stage, mut dice) = (Stage::enforcing(), Dice(5));
    for round in 0..4_u64 {
        browse(&mut stage, 40, 1, &mut dice);
        for n in 0..60 {
            stage.play(call("GET", &format!("/api/products/{}", round * 60 + n), 200).from("192.0.2.80"));
        }
        stage.wait(DAY / 3.0);
    }
    stage.wait(DAY);
    for n in 0..400 {
        stage.play(call("GET", &format!("/api/products/{}", 240 + n), 200).from("192.0.2.80"));
    }
    stage.assert_quiet();
}

#[test]
fn whoever_reads_what_it_was_shown_may_read_it_in_order() {
    let (mut stage, _) = catalogue(7);
    for page in 0..12_u64 {
        let ids = || page * 25..page * 25 + 25;
        let fields = ids().map(|id| given("products", &id.to_string())).collect();
        stage.play(call("GET", "/api/products", 200).from("192.0.2.81").gives(fields));
        for id in ids() {
            stage.play(call("GET", &format!("/api/products/{id}"), 200).from("192.0.2.81"));
        }
    }
    stage.assert_quiet();
}

#[test]
fn a_campaign_by_mail_sends_many_to_what_no_answer_named() {
    let (mut stage, mut dice) = catalogue(9);
    for n in 0..40 {
        let who = token(&format!("visitor-{n}"));
        for _ in 0..2 {
            let id = 3_000 + dice.below(12) * 9;
            stage.play(call("GET", &format!("/api/products/{id}"), 200).by(&who).from(&home(n)));
        }
    }
    stage.assert_quiet();
}

#[test]
fn many_customers_browse_for_weeks_and_are_left_alone() {
    for seed in 0..3 {
        let (mut stage, mut dice) = catalogue(100 + seed);
        for _ in 0..6 {
            stage.wait(DAY);
            browse(&mut stage, 40, 3, &mut dice);
        }
        stage.assert_quiet();
    }
}
