//! What an attacker's page makes a victim's browser do: asked who it is at most, never blocked; but no excuse for a thief.
#![allow(clippy::panic, reason = "tests")]

mod support;

use model::{Action, ApiCall, Principal, PrincipalKind};
use support::{Build, Stage, call, names};

fn cookie(n: u64) -> Principal {
    names().credential(PrincipalKind::Cookie, format!("session-{n}").as_bytes())
}

fn home(n: u64) -> String {
    format!("198.51.{}.{}", n / 200 + 1, n % 200 + 1)
}

fn order(who: u64, id: u64) -> ApiCall {
    call("GET", &format!("/api/orders/{id}"), 200).by(&cookie(who)).from(&home(who))
}

fn missing(who: u64, n: u64) -> ApiCall {
    call("GET", &format!("/old/{n}/x"), 404).by(&cookie(who)).from(&home(who))
}

fn by_a_page(mut call: ApiCall) -> ApiCall {
    call.context.cross_site = true;
    call
}

/// Sixty people with cookies who read their own orders, by pages of their own or of another host.
fn shop(shape: fn(ApiCall) -> ApiCall) -> Stage {
    let mut stage = Stage::enforcing();
    for round in 0..24 {
        for n in 0..60 {
            stage.play_every(shape(order(n, n * 10 + round % 3)), 0.5);
        }
    }
    stage.assert_quiet();
    stage
}

fn suffered(stage: &mut Stage, who: u64, calls: impl Fn(u64) -> ApiCall) -> Option<Action> {
    (0..40).for_each(|n| stage.play_every(calls(n), 0.2));
    stage.strongest(&cookie(who)).max(stage.strongest(&names().address(home(who).parse().ok()?)))
}

#[test]
fn a_page_that_sends_a_browser_through_strangers_orders_gets_nobody_blocked() {
    let mut stage = shop(|call| call);
    let victim = suffered(&mut stage, 7, |n| by_a_page(order(7, (n + 9) % 60 * 10)));
    assert!(victim >= Some(Action::RateLimit) && victim < Some(Action::Block), "{victim:?}");
    let probed = suffered(&mut stage, 9, |n| by_a_page(missing(9, n)));
    assert!(probed < Some(Action::Block), "{probed:?}");
}

#[test]
fn who_does_the_same_of_its_own_is_blocked() {
    let mut stage = shop(|call| call);
    let thief = suffered(&mut stage, 7, |n| order(7, (n + 9) % 60 * 10));
    assert_eq!(thief, Some(Action::Block));
    let prober = suffered(&mut stage, 9, |n| missing(9, n));
    assert_eq!(prober, Some(Action::Block));
}

#[test]
fn where_all_calls_come_from_pages_of_another_host_it_excuses_nobody() {
    let mut stage = shop(by_a_page);
    let thief = suffered(&mut stage, 7, |n| by_a_page(order(7, (n + 9) % 60 * 10)));
    assert_eq!(thief, Some(Action::Block));
}

#[test]
fn a_token_is_sent_by_nobody_but_its_holder() {
    let mut stage = shop(|call| call);
    let token = names().credential(PrincipalKind::Token, b"a token");
    for n in 0..40 {
        let read = call("GET", &format!("/api/orders/{}", n * 10), 200).by(&token).from("192.0.2.9");
        stage.play_every(by_a_page(read), 0.2);
    }
    // That nobody else comes with one may save it, not what its browser is thought to do.
    assert!(stage.verdicts().iter().all(|verdict| verdict.held_by.as_deref() != Some("cross_site")));
}
