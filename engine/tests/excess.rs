//! More in a day than any peer: whoever scrapes is slowed down, and who is always busy, or busy with everybody, is not.
#![allow(clippy::panic, reason = "tests")]

mod support;

use model::{Action, ApiCall};
use support::{Build, Dice, Stage, address, call, token};

const DAY_S: f64 = 86_400.0;

fn product(n: u64, from: &str) -> ApiCall {
    call("GET", &format!("/v1/products/{}", n % 900), 200).from(from)
}

fn visitor(n: u64) -> String {
    format!("203.0.{}.{}", n / 200 + 1, n % 200 + 1)
}

/// A day of visitors without a credential, who look at some products each, and `extra` at its end.
fn day(stage: &mut Stage, dice: &mut Dice, looks: u64, extra: impl FnOnce(&mut Stage)) {
    let begin = stage.now;
    for look in 0..2 * looks {
        for n in (0..80).filter(|n| look < looks || n % 3 == look % 3) {
            stage.play_every(product(dice.below(900), &visitor(n)), 0.4);
        }
    }
    extra(stage);
    stage.wait(DAY_S - stage.now.since(begin).as_secs_f64());
}

fn stage() -> (Stage, Dice) {
    let mut stage = Stage::enforcing();
    stage.wait(DAY_S - (stage.now.as_secs() % 86_400) as f64);
    (stage, Dice(4))
}

#[test]
fn who_reads_the_whole_catalogue_is_slowed_down_and_told_why() {
    let (mut stage, mut dice) = stage();
    (0..8).for_each(|_| day(&mut stage, &mut dice, 15, |_| ()));
    stage.assert_quiet();
    day(&mut stage, &mut dice, 15, |stage| {
        (0..9_000).for_each(|n| stage.play_every(product(n, "192.0.2.7"), 3.0));
    });
    assert_eq!(stage.strongest(&address("192.0.2.7")), Some(Action::RateLimit));
    let words = stage.findings().into_iter().find(|finding| finding.detector == "excess");
    let reason = words.map(|finding| finding.reason.clone()).unwrap_or_default();
    assert!(
        reason.contains("calls since midnight UTC") && reason.contains("addresses without a credential"),
        "{reason}"
    );
    let others = |n| stage.strongest(&address(&visitor(n)));
    assert!((0..80).all(|n| others(n).is_none()));
}

#[test]
fn a_crawler_that_comes_every_day_is_known() {
    let (mut stage, mut dice) = stage();
    for days in 0..12 {
        day(&mut stage, &mut dice, 15, |stage| {
            // Far more than anybody from the first day on, and a third more every other day.
            let pages = 20_000 + 6_000 * (days % 2);
            (0..pages).for_each(|n| stage.play_every(product(n, "192.0.2.8"), 2.0));
        });
    }
    assert_eq!(stage.strongest(&address("192.0.2.8")).filter(|action| *action > Action::Notify), None);
}

#[test]
fn a_sale_on_which_all_are_busy_slows_nobody_down() {
    let (mut stage, mut dice) = stage();
    (0..8).for_each(|_| day(&mut stage, &mut dice, 15, |_| ()));
    day(&mut stage, &mut dice, 150, |_| ());
    stage.assert_quiet();
}

#[test]
fn who_shows_a_credential_is_compared_with_those_who_do() {
    let (mut stage, mut dice) = stage();
    let reader = token("customer-3");
    for _ in 0..9 {
        day(&mut stage, &mut dice, 4, |stage| {
            for n in 0..40 {
                for which in 0..6 {
                    let who = token(&format!("customer-{n}"));
                    let own = call("GET", &format!("/v1/orders/{}", n * 100 + which), 200).by(&who);
                    stage.play_every(own.from(&visitor(n + 200)), 0.5);
                }
            }
        });
    }
    stage.assert_quiet();
    for n in 0..9_000 {
        stage.play_every(product(n, &visitor(203)).by(&reader), 3.0);
    }
    let words = stage.findings().into_iter().find(|finding| finding.detector == "excess");
    assert!(words.is_some_and(|finding| finding.principal == reader), "{:#?}", stage.findings());
    assert!(stage.strongest(&reader) < Some(Action::Block), "{:#?}", stage.verdicts());
}

/// A day of customers who pay, now and then with a card that is declined, and delete a card now and then.
fn market_day(stage: &mut Stage, dice: &mut Dice, extra: impl FnOnce(&mut Stage)) {
    let begin = stage.now;
    for n in 0..60 {
        let who = token(&format!("customer-{n}"));
        for _ in 0..4 {
            let status = if dice.percent(8) { 402 } else { 201 };
            stage.play_every(call("POST", "/v1/payments", status).by(&who).from(&visitor(n)), 5.0);
        }
        if dice.percent(10) {
            let card = format!("/v1/cards/{}", n * 100 + dice.below(90));
            stage.play_every(call("DELETE", &card, 204).by(&who).from(&visitor(n)), 5.0);
        }
    }
    extra(stage);
    stage.wait(DAY_S - stage.now.since(begin).as_secs_f64());
}

#[test]
fn who_tries_one_card_after_the_other_is_slowed_down() {
    let (mut stage, mut dice) = stage();
    (0..12).for_each(|_| market_day(&mut stage, &mut dice, |_| ()));
    stage.assert_quiet();
    let thief = token("customer-7");
    market_day(&mut stage, &mut dice, |stage| {
        for n in 0..200 {
            let status = if n % 9 == 0 { 201 } else { 402 };
            stage.play_every(call("POST", "/v1/payments", status).by(&thief).from(&visitor(7)), 40.0);
        }
    });
    assert_eq!(stage.strongest(&thief), Some(Action::RateLimit));
    let told = stage.findings().into_iter().rfind(|finding| finding.detector == "excess");
    assert!(told.is_some_and(|told| told.reason.contains("refused changes since midnight")));
}

#[test]
fn who_deletes_everything_is_asked_who_it_is() {
    let (mut stage, mut dice) = stage();
    (0..12).for_each(|_| market_day(&mut stage, &mut dice, |_| ()));
    let thief = token("customer-7");
    market_day(&mut stage, &mut dice, |stage| {
        for n in 0..400 {
            let card = format!("/v1/cards/{}", 700 + n);
            stage.play_every(call("DELETE", &card, 204).by(&thief).from(&visitor(7)), 2.0);
        }
    });
    assert_eq!(stage.strongest(&thief), Some(Action::StepUp));
}

#[test]
fn an_update_whose_requests_are_all_refused_slows_nobody_down() {
    let (mut stage, mut dice) = stage();
    (0..12).for_each(|_| market_day(&mut stage, &mut dice, |_| ()));
    market_day(&mut stage, &mut dice, |stage| {
        for _ in 0..40 {
            for n in 0..30 {
                let who = token(&format!("customer-{n}"));
                stage.play_every(call("POST", "/v1/payments", 422).by(&who).from(&visitor(n)), 1.0);
            }
        }
    });
    stage.assert_quiet();
}
