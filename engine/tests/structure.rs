//! Functions of others, steps left out, clockwork, credentials that wake: each is found, and its benign twins are left alone.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod support;

use model::{Action, Principal};
use support::{Build, Dice, Stage, call, calls_until, token};

const DAY: f64 = 86_400.0;

fn home(n: u64) -> String {
    format!("198.51.{}.{}", n / 200 + 1, n % 200 + 1)
}

/// A service for customers and for staff, in use for some days.
fn service(seed: u64, days: u32) -> (Stage, Dice) {
    let (mut stage, mut dice) = (Stage::enforcing(), Dice(seed));
    for _ in 0..days {
        serve(&mut stage, &mut dice, 60, 8);
        stage.wait(DAY - 4_000.0);
    }
    stage.assert_quiet();
    (stage, dice)
}

const OF_STAFF: [&str; 5] = ["users", "audit", "flags", "refunds", "exports"];

/// One day: customers look around and order, staff does its work.
fn serve(stage: &mut Stage, dice: &mut Dice, customers: u64, staff: u64) {
    for n in 0..customers {
        let who = token(&format!("customer-{n}"));
        for path in ["home", "profile", "messages", "orders", "cart"] {
            stage.play_every(call("GET", &format!("/api/{path}"), 200).by(&who).from(&home(n)), 2.0);
        }
        buy(stage, &who, &home(n), dice.percent(3));
        for path in ["orders", "home", "wishes"] {
            stage.play_every(call("GET", &format!("/api/{path}"), 200).by(&who).from(&home(n)), 2.0);
        }
    }
    for n in 0..staff {
        let who = token(&format!("staff-{n}"));
        for path in OF_STAFF.iter().chain(&OF_STAFF) {
            stage.play_every(
                call("GET", &format!("/api/admin/{path}"), 200).by(&who).from(&home(900 + n)),
                2.0,
            );
        }
    }
}

/// An order: basket, checkout, payment. Who is in a hurry has left its basket full.
fn buy(stage: &mut Stage, who: &Principal, home: &str, hurried: bool) {
    if !hurried {
        stage.play_every(call("POST", "/api/cart/items", 200).by(who).from(home), 3.0);
    }
    stage.play_every(call("POST", "/api/checkout", 200).by(who).from(home), 3.0);
    stage.play_every(call("POST", "/api/checkout/pay", 201).by(who).from(home), 3.0);
}

#[test]
fn who_tries_the_functions_of_staff_is_blocked_when_the_service_refuses() {
    let (mut stage, _) = service(1, 6);
    let turned = token("customer-3");
    let next = |n: u64| {
        call("GET", &format!("/api/admin/{}", OF_STAFF[(n % 5) as usize]), 403).by(&turned).from(&home(3))
    };
    let (calls, verdict) = calls_until(&mut stage, &turned, Action::Block, 20.0, next);
    assert!(calls <= 5, "{calls}");
    let part = verdict.contributions.iter().find(|part| part.detector == "unknown_endpoint").unwrap();
    assert!(part.expected.contains("0 of 60 callers of"), "{}", part.expected);
    assert!(part.observed.contains("refused, 0 served"), "{}", part.observed);
}

#[test]
fn who_is_served_the_functions_of_staff_is_told_of_and_never_blocked() {
    let (mut stage, _) = service(2, 6);
    let turned = token("customer-4");
    for path in OF_STAFF {
        stage.play(call("GET", &format!("/api/admin/{path}"), 200).by(&turned).from(&home(4)));
    }
    let found = stage.findings();
    let finding = found.iter().find(|finding| finding.detector == "unknown_endpoint").unwrap();
    assert!(finding.reason.contains(" of others in "), "{}", finding.reason);
    assert!(stage.strongest(&turned) < Some(Action::Block));
}

#[test]
fn new_staff_and_new_functions_are_nothing_to_tell() {
    let (mut stage, mut dice) = service(3, 6);
    serve(&mut stage, &mut dice, 60, 11);
    for n in 0..60 {
        let who = token(&format!("customer-{n}"));
        for path in ["points", "offers", "friends", "maps"] {
            let status = if dice.percent(30) { 403 } else { 200 };
            stage.play(call("GET", &format!("/api/v2/{path}"), status).by(&who).from(&home(n)));
        }
    }
    stage.assert_quiet();
}

#[test]
fn functions_that_hardly_anybody_has_are_others_too_once_they_are_forbidden() {
    let (mut stage, mut dice) = (Stage::enforcing(), Dice(5));
    for _ in 0..6 {
        serve(&mut stage, &mut dice, 140, 1);
        stage.wait(DAY - 8_000.0);
    }
    stage.assert_quiet();
    let turned = token("customer-3");
    let next = |n: u64| {
        call("GET", &format!("/api/admin/{}", OF_STAFF[(n % 5) as usize]), 403).by(&turned).from(&home(3))
    };
    let (calls, verdict) = calls_until(&mut stage, &turned, Action::Block, 20.0, next);
    assert!(calls <= 5, "{calls}");
    let part = verdict.contributions.iter().find(|part| part.detector == "unknown_endpoint").unwrap();
    assert!(part.expected.starts_with("1 of "), "{}", part.expected);
}

#[test]
fn an_application_that_looks_whether_it_may_is_left_alone() {
    let (mut stage, _) = service(4, 6);
    for n in 0..60 {
        let who = token(&format!("customer-{n}"));
        for path in ["flags", "audit", "users"] {
            stage.play(call("GET", &format!("/api/admin/{path}"), 403).by(&who).from(&home(n)));
        }
    }
    let blocked: Vec<_> =
        stage.verdicts().into_iter().filter(|verdict| verdict.would == Action::Block).collect();
    assert!(blocked.is_empty(), "{blocked:#?}");
}

#[test]
fn who_leaves_out_the_steps_before_is_asked_again() {
    let (mut stage, _) = service(5, 6);
    let turned = token("customer-5");
    let next = |n: u64| {
        let path = ["/api/checkout/pay", "/api/checkout"][(n % 2) as usize];
        call("POST", path, 201).by(&turned).from(&home(5))
    };
    let (calls, verdict) = calls_until(&mut stage, &turned, Action::StepUp, 1_300.0, next);
    assert!(calls <= 30, "{calls}");
    assert_eq!(verdict.detectors[0], "sequence");
    assert!(verdict.reason.contains("POST /api/checkout"), "{}", verdict.reason);
    assert!(stage.strongest(&turned) < Some(Action::Block));
}

#[test]
fn who_leaves_pages_open_or_repeats_a_payment_is_left_alone() {
    let (mut stage, mut dice) = service(6, 6);
    for day in 0..6 {
        serve(&mut stage, &mut dice, 60, 8);
        let who = token("customer-9");
        if day % 3 == 0 {
            stage.wait(3_000.0);
            for again in 0..20 {
                let status = if again < 19 { 422 } else { 201 };
                stage.play(call("POST", "/api/checkout/pay", status).by(&who).from(&home(9)));
            }
        }
        stage.wait(DAY - 8_000.0);
    }
    stage.assert_quiet();
}

/// People at their pages from 8 to 20 o'clock, with gaps of all lengths.
fn people(stage: &mut Stage, dice: &mut Dice, many: u64, days: u64) {
    for _ in 0..days {
        for hour in 8..20 {
            for n in 0..many {
                if !dice.percent(25) {
                    continue;
                }
                for _ in 0..4 {
                    let next =
                        call("GET", "/api/home", 200).by(&token(&format!("person-{n}"))).from(&home(n));
                    stage.play_every(next, 0.4 * f64::from(1_u32 << dice.below(8)));
                }
            }
            let into = stage.now.as_secs() % DAY as u64;
            stage.wait(((hour + 1) as f64 * 3_600.0 - into as f64).max(0.0));
        }
        let into = stage.now.as_secs() % DAY as u64;
        stage.wait(DAY - into as f64 + 8.0 * 3_600.0);
    }
}

#[test]
fn clockwork_in_the_night_is_told_of_and_never_blocked() {
    let (mut stage, mut dice) = (Stage::enforcing(), Dice(7));
    people(&mut stage, &mut dice, 40, 13);
    stage.assert_quiet();
    let turned = token("person-3");
    stage.wait(18.0 * 3_600.0);
    for _ in 0..3_000 {
        stage.play_every(call("GET", "/api/home", 200).by(&turned).from(&home(3)), 4.0);
    }
    let found = stage.findings();
    let of_it = |finding: &&&model::Finding| finding.detector == "timing" && finding.principal == turned;
    let finding = found.iter().find(of_it).unwrap();
    assert!(finding.reason.contains("within a quarter of"), "{}", finding.reason);
    assert!(stage.strongest(&turned) < Some(Action::Block));
}

#[test]
fn people_and_a_device_on_the_minute_are_left_alone() {
    let (mut stage, mut dice) = (Stage::enforcing(), Dice(8));
    let meter = token("meter");
    for _ in 0..4 {
        for _ in 0..300 {
            stage.play_every(call("GET", "/api/meter", 200).by(&meter).from("192.0.2.9"), 60.0);
        }
        people(&mut stage, &mut dice, 30, 2);
    }
    stage.assert_quiet();
    assert!(stage.findings().iter().all(|finding| finding.detector != "timing"), "{:#?}", stage.findings());
}

#[test]
fn a_credential_that_wakes_as_another_is_told_of_and_one_that_wakes_as_itself_is_not() {
    let (mut stage, mut dice) = service(9, 4);
    let (other, same) = (token("customer-7"), token("customer-8"));
    for path in ["invoices", "coupons", "cards", "returns", "tickets"] {
        stage.play(call("GET", &format!("/api/{path}"), 200).by(&token("customer-50")).from(&home(50)));
    }
    for _ in 0..2 {
        stage.wait(DAY - 4_000.0);
        serve(&mut stage, &mut dice, 60, 8);
    }
    for _ in 0..40 {
        for n in (0..60).filter(|n| !(7..9).contains(n)) {
            let who = token(&format!("customer-{n}"));
            for path in ["home", "orders", "tickets", "invoices", "coupons", "cards", "returns"] {
                stage.play(call("GET", &format!("/api/{path}"), 200).by(&who).from(&home(n)));
            }
        }
        serve(&mut stage, &mut dice, 7, 2);
        stage.wait(DAY - 1_500.0);
    }
    for path in ["home", "orders", "profile", "cart"] {
        stage.play(call("GET", &format!("/api/{path}"), 200).by(&same).from(&home(8)));
    }
    stage.wait(10.0 * 3_600.0);
    for path in ["invoices", "coupons", "cards", "returns", "tickets", "admin/exports", "admin/users"] {
        stage.play(call("GET", &format!("/api/{path}"), 200).by(&other).from("192.0.2.66").agent(77));
    }
    let found = stage.findings();
    let found: Vec<_> = found.iter().filter(|finding| finding.detector == "dormant").collect();
    assert!(found.iter().all(|finding| finding.principal == other), "{found:#?}");
    assert!(
        found.iter().any(|finding| finding.reason.contains("now used in another way: network, software")),
        "{found:#?}"
    );
    assert!(stage.strongest(&other) < Some(Action::Block));
    assert_eq!(stage.strongest(&same), None);
}
