//! Reviews: who was there before the first day is shown to people, and judged by nobody.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod support;

use model::Action;
use support::{Build, Dice, Stage, call, token};

const DAY: f64 = 86_400.0;

/// One day of customers, each of whom reads what is its own; one of them reads something else each time.
fn day(stage: &mut Stage, dice: &mut Dice, odd: Option<u64>) {
    for n in 0..120 {
        let who = token(&format!("customer-{n}"));
        let home = format!("198.51.{}.{}", n / 100, n % 100 + 1);
        for _ in 0..4 + dice.below(4) {
            let order = if odd == Some(n) { 5_000 + dice.below(900) } else { n * 10 + dice.below(3) };
            stage.play_every(call("GET", &format!("/api/orders/{order}"), 200).by(&who).from(&home), 9.0);
            if odd == Some(n) {
                let more = call("GET", &format!("/api/orders/{}", dice.below(120) * 10), 200);
                (0..12).for_each(|_| stage.play_every(more.clone().by(&who).from(&home), 1.0));
            }
        }
    }
    stage.wait(DAY / 3.0);
}

fn reviewed(odd: Option<u64>) -> (Stage, Vec<model::Finding>) {
    let (mut stage, mut dice) = (Stage::enforcing(), Dice(4));
    let start = stage.now;
    while stage.now.since(start).as_secs() < 9 * 86_400 {
        day(&mut stage, &mut dice, odd);
    }
    let findings =
        stage.findings().into_iter().filter(|finding| finding.detector == "peer_scan").cloned().collect();
    (stage, findings)
}

#[test]
fn who_has_always_taken_more_is_named_first_after_a_week() {
    let (stage, found) = reviewed(Some(7));
    let first = found.first().unwrap();
    assert_eq!(first.principal, token("customer-7"));
    assert!(first.reason.starts_with("Number 1 of 120 callers"), "{}", first.reason);
    assert!(found.len() <= 10 && stage.strongest(&token("customer-8")).is_none());
}

#[test]
fn where_nobody_stands_out_nobody_is_named() {
    let (stage, found) = reviewed(None);
    assert!(found.is_empty(), "{found:#?}");
    assert!(stage.verdicts().iter().all(|verdict| verdict.would < Action::StepUp));
}
