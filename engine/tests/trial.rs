//! Trials: in a deployment's first week whoever seems to serve others is taken at its word, and no longer.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod support;

use model::{Action, PrincipalKind};
use support::{Build, Stage, call, names, token};

/// A call for an order by the shop's own application.
fn read(who: &str, home: &str, order: u64) -> model::ApiCall {
    let shop = names().named(PrincipalKind::Client, "shop");
    call("GET", &format!("/api/orders/{order}"), 200).by(&token(who)).by(&shop).from(home)
}

/// Customers, each of whom reads its own orders.
fn customers(stage: &mut Stage, rounds: u64) {
    for round in 0..rounds {
        for n in 0..60 {
            let home = format!("198.51.0.{}", n + 1);
            stage.play_every(read(&format!("customer-{n}"), &home, n * 10 + round % 3), 0.5);
        }
    }
}

#[test]
fn who_read_strangers_on_a_single_day_of_the_first_week_excuses_nobody_later() {
    let mut stage = Stage::enforcing();
    // Before anybody knows whose door it is.
    for n in 0..30 {
        stage.play(read("early", "192.0.2.9", n * 10));
        customers(&mut stage, u64::from(n < 6));
    }
    for _ in 0..9 {
        customers(&mut stage, 3);
        stage.wait(80_000.0);
    }
    (0..12).for_each(|n| stage.play(read("late", "192.0.2.77", n * 10)));
    assert_eq!(stage.strongest(&token("late")), Some(Action::Block));
}
