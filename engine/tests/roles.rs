//! Roles: whoever serves others by its work is left alone from its first call on; whoever only pretends to is found.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod support;

use model::{Action, ApiCall, Principal, PrincipalKind};
use support::{Build, Stage, call, given, names, token, user};

fn application(name: &str) -> Principal {
    names().named(PrincipalKind::Client, name)
}

fn key(name: &str) -> Principal {
    names().credential(PrincipalKind::ApiKey, name.as_bytes())
}

/// A customer's order: each of the shop's customers has three.
fn order(n: u64) -> String {
    format!("/api/orders/{}", n * 10)
}

/// Customers with the shop's own application, each of whom reads its own orders.
fn customers(stage: &mut Stage, users: u64, rounds: u64) {
    for round in 0..rounds {
        for n in 0..users {
            stage.play_every(
                call("GET", &format!("/api/orders/{}", n * 10 + round % 3), 200)
                    .by(&token(&format!("customer-{n}")))
                    .by(&application("shop"))
                    .from(&format!("198.51.{}.{}", n / 200, n % 200 + 1)),
                0.5,
            );
        }
    }
}

fn actions(stage: &Stage, who: &Principal) -> Option<Action> {
    stage.strongest(who).filter(|action| *action > Action::Notify)
}

#[test]
fn a_partner_reads_its_customers_objects_from_the_first_day_and_when_it_gets_twice_as_many() {
    let mut stage = Stage::enforcing();
    customers(&mut stage, 60, 9);
    for partner in 0..3_u64 {
        let who = key(&format!("partner-{partner}"));
        let own = application(&format!("partner-{partner}"));
        let read = |n: u64| {
            call("GET", &format!("/ext/orders/{}", n * 10), 200).by(&who).by(&own).from("192.0.2.40")
        };
        (0..20).for_each(|n| stage.play(read(n + partner * 20)));
        stage.wait(3.0 * 86_400.0);
        // The contract is doubled.
        (0..40).for_each(|n| stage.play(read((n + partner * 20) % 60)));
    }
    stage.assert_quiet();
}

#[test]
fn support_staff_who_open_what_customers_call_about_are_left_alone() {
    let mut stage = Stage::enforcing();
    customers(&mut stage, 60, 9);
    for agent in 0..4_u64 {
        let who = token(&format!("agent-{agent}"));
        for n in 0..30 {
            let open = call("GET", &order((n * 7 + agent) % 60), 200);
            stage.play(open.by(&who).by(&application("backoffice")).from("192.0.2.9"));
        }
    }
    stage.assert_quiet();
}

#[test]
fn a_new_colleague_of_known_staff_with_the_same_application_is_left_alone() {
    let mut stage = Stage::enforcing();
    // Staff work from the first day on, before the door is known to be the customers'.
    for n in 0..30 {
        for agent in 0..3_u64 {
            let open = call("GET", &order(n), 200).by(&token(&format!("agent-{agent}")));
            stage.play(open.by(&application("shop")).from("192.0.2.9"));
        }
        customers(&mut stage, 60, u64::from(n < 6));
    }
    customers(&mut stage, 60, 6);
    for n in 0..30 {
        for agent in 0..3_u64 {
            let open = call("GET", &order(n * 2), 200).by(&token(&format!("agent-{agent}")));
            stage.play(open.by(&application("shop")).from("192.0.2.9"));
        }
    }
    let newcomer = token("agent-new");
    for n in 0..40 {
        let open = call("GET", &order(n), 200).by(&newcomer).by(&application("shop")).from("192.0.2.9");
        stage.play(open);
    }
    assert_eq!(actions(&stage, &newcomer), None);
}

#[test]
fn what_staff_opened_before_its_owners_came_is_compared_with_what_comes_by_that_door() {
    let mut stage = Stage::enforcing();
    customers(&mut stage, 60, 9);
    // Everybody has the shop's own application. Staff look at what was ordered by telephone; its owners find it later.
    for week in 0..4_u64 {
        for n in 0..18 {
            let parcel = 20_000 + week * 1_000 + n;
            let desk = call("GET", &format!("/backoffice/orders/{parcel}"), 200);
            let desk = desk.by(&token(&format!("agent-{}", n % 3))).by(&application("shop"));
            stage.play(desk.from("192.0.2.9"));
            let list = call("GET", "/api/orders", 200).by(&token(&format!("customer-{}", week * 13 + n)));
            let list = list.by(&application("shop")).from(&format!("198.51.0.{}", week * 13 + n + 1));
            stage.play_every(list.gives(vec![given("order_id", &parcel.to_string())]), 3_600.0 * 4.0);
        }
        customers(&mut stage, 60, 1);
        stage.wait(3.0 * 86_400.0);
    }
    (0..3).for_each(|n| assert_eq!(actions(&stage, &token(&format!("agent-{n}"))), None));
    let findings = stage.findings();
    assert!(findings.iter().all(|finding| !finding.reason.contains("GET /api/orders")), "{findings:#?}");
}

#[test]
fn who_is_given_a_function_of_those_who_serve_is_one_of_them() {
    let mut stage = Stage::enforcing();
    customers(&mut stage, 60, 3);
    let desk = |who: &str, from: &str| {
        call("GET", "/desk/queue", 200).by(&token(who)).by(&application("shop")).from(from)
    };
    let open = |who: &str, from: &str, n: u64| {
        call("GET", &order(n), 200).by(&token(who)).by(&application("shop")).from(from).agent(9)
    };
    customers(&mut stage, 60, 6);
    for n in 0..24 {
        for agent in ["ann", "ben", "cai", "dee"] {
            stage.play(desk(agent, "192.0.2.9"));
            stage.play(open(agent, "192.0.2.9", n).by(&application("desk")));
        }
    }
    stage.wait(86_400.0);
    customers(&mut stage, 60, 6);
    // A colleague who works from home with the shop's own application, and a customer in whose name somebody does the same.
    for n in 0..6 {
        stage.play(desk("new", "203.0.113.80"));
        stage.play(open("customer-7", "198.51.0.8", 7).agent(1));
        stage.play_every(open("new", "203.0.113.80", n * 3).agent(44), 60.0);
    }
    for n in 6..40 {
        stage.play_every(open("new", "203.0.113.80", n).agent(44), 60.0);
    }
    assert_eq!(actions(&stage, &token("new")), None, "{:#?}", stage.verdicts());
    let thief = token("customer-7");
    let calls =
        calls_until(&mut stage, &thief, Action::Block, |n| open("customer-7", "198.51.0.8", n + 20).agent(1));
    assert!(calls <= 9, "{calls}");
}

/// How many calls of `who` it takes until it is to suffer `action`.
fn calls_until(stage: &mut Stage, who: &Principal, action: Action, next: impl Fn(u64) -> ApiCall) -> u64 {
    for n in 0..40 {
        stage.play(next(n));
        if stage.strongest(who) >= Some(action) {
            return n + 1;
        }
    }
    panic!("never: {:#?}", stage.verdicts());
}

#[test]
fn staff_at_the_same_door_do_not_cover_a_customer_who_reads_others_orders() {
    let mut stage = Stage::enforcing();
    customers(&mut stage, 60, 9);
    for agent in 0..4_u64 {
        for n in 0..30 {
            let open = call("GET", &order((n * 7 + agent) % 60), 200).by(&token(&format!("agent-{agent}")));
            stage.play(open.by(&application("backoffice")).from("192.0.2.9"));
        }
    }
    customers(&mut stage, 60, 3);
    let thief = token("thief");
    let calls = calls_until(&mut stage, &thief, Action::Block, |n| {
        call("GET", &order(n * 3), 200).by(&thief).by(&application("shop")).from("192.0.2.66")
    });
    assert!(calls <= 6, "{calls}");
    let verdict =
        stage.verdicts().into_iter().rfind(|verdict| verdict.would == Action::Block).unwrap().clone();
    assert!(
        verdict
            .reason
            .starts_with("Accessed 4 orders of 4 other owners in 3.0 s (GET /api/orders/{int}); of ")
            && verdict.reason.contains(" accesses by 60 other callers, 0 were to somebody else's."),
        "{}",
        verdict.reason
    );
    assert!(
        verdict.evidence.expected.ends_with(
            "60 other callers with this sort of credential were to somebody else's; for 0 of them it is their work"
        ),
        "{}",
        verdict.evidence.expected
    );
    assert!(verdict.refuted_by.contains("it serves them by its role"), "{}", verdict.refuted_by);
}

#[test]
fn at_a_door_that_nobody_else_uses_a_customer_is_slowed_down_and_not_blocked() {
    let mut stage = Stage::enforcing();
    customers(&mut stage, 60, 9);
    let who = token("lone");
    let calls = calls_until(&mut stage, &who, Action::RateLimit, |n| {
        call("GET", &format!("/v0/orders/{}", n * 10), 200)
            .by(&who)
            .by(&application("shop"))
            .from("192.0.2.66")
    });
    assert!(calls <= 12, "{calls}");
    for n in 12..40 {
        let old = call("GET", &format!("/v0/orders/{}", n * 10), 200);
        stage.play(old.by(&who).by(&application("shop")).from("192.0.2.66"));
    }
    assert!(stage.strongest(&who) < Some(Action::Block), "{:#?}", stage.verdicts());
}

#[test]
fn what_fails_while_the_service_is_down_is_nobodys_probing() {
    let mut stage = Stage::enforcing();
    stage.shop(30, 30);
    let who = token("customer-3");
    for n in 0..400_u64 {
        let down = call("GET", "/api/profile", 503).by(&user("nobody"));
        stage.play_every(down.by(&token(&format!("customer-{}", n % 30))).from("198.51.1.4"), 0.2);
    }
    // What it shows comes from a part that is down: the service says that it does not exist.
    for n in 0..14 {
        let page = call("GET", &format!("/api/orders/{}", 7_000 + n), 404).by(&who);
        stage.play_every(page.from("198.51.1.4"), 2.0);
    }
    assert_eq!(actions(&stage, &who), None);
}

#[test]
fn a_version_in_the_path_does_not_make_two_kinds_of_objects_one() {
    let mut stage = Stage::enforcing();
    for round in 0..9 {
        for n in 0..40_u64 {
            let (who, home) = (token(&format!("customer-{n}")), format!("198.51.100.{}", n + 1));
            // Whoever has order 7 has nothing to do with whoever has cart 7.
            let order = call("GET", &format!("/orders/v1/{}", n * 3 + round % 3), 200).by(&who).from(&home);
            let cart = call("GET", &format!("/carts/v1/{}", (39 - n) * 3 + round % 3), 200).by(&who);
            stage.play_every(order, 0.5);
            stage.play_every(cart.from(&home), 0.5);
        }
    }
    assert!(stage.findings().is_empty(), "{:#?}", stage.findings());
}

#[test]
fn people_of_one_organisation_open_one_anothers_objects() {
    let mut stage = Stage::enforcing();
    customers(&mut stage, 60, 9);
    // Teams of three, who come from a week's holiday and look at what the others did.
    for member in 0..30_u64 {
        let who = token(&format!("customer-{member}"));
        for other in 1..3 {
            let n = member / 3 * 3 + (member + other) % 3;
            let open = call("GET", &order(n), 200).by(&who).by(&application("shop"));
            stage.play(open.from(&format!("198.51.0.{}", member + 1)));
        }
    }
    stage.assert_quiet();
}

#[test]
fn what_a_thief_did_does_not_block_the_next_session_of_its_user() {
    let mut stage = Stage::enforcing();
    customers(&mut stage, 60, 9);
    stage.wait(8.0 * 86_400.0);
    customers(&mut stage, 60, 3);
    let sign_in = |session: &str| {
        let door = call("POST", "/login", 200).tries("pat", 7).by(&application("shop")).from("198.51.7.7");
        door.issues(&token(session), None)
    };
    let own = |session: &str| {
        call("GET", "/api/orders/7777", 200).by(&token(session)).by(&application("shop")).from("198.51.7.7")
    };
    stage.play(sign_in("pat-1"));
    (0..6).for_each(|_| stage.play_every(own("pat-1"), 30.0));
    calls_until(&mut stage, &token("pat-1"), Action::Block, |n| {
        call("GET", &order(n), 200).by(&token("pat-1")).by(&application("shop")).from("192.0.2.66").agent(5)
    });
    stage.play_every(sign_in("pat-2"), 600.0);
    for _ in 0..20 {
        stage.play_every(own("pat-2"), 300.0);
    }
    // A slip of its own is looked at in the light of all that is known of the user.
    let slip = call("GET", "/api/nowhere", 404).by(&token("pat-2")).by(&application("shop"));
    stage.play(slip.from("198.51.7.7"));
    assert!(actions(&stage, &token("pat-2")) < Some(Action::Block), "{:#?}", stage.verdicts());
    // Who goes on with it is one and the same.
    let calls = calls_until(&mut stage, &token("pat-2"), Action::Block, |n| {
        call("GET", &order(n + 30), 200).by(&token("pat-2")).by(&application("shop")).from("198.51.7.7")
    });
    assert!(calls <= 4, "{calls}");
}

/// Households of three at a door where they open one another's notes, `days` days of them.
fn households(stage: &mut Stage, days: u64) {
    for day in 0..days {
        for n in 0..159_u64 {
            let who = token(&format!("member-{n}"));
            let home = format!("198.51.{}.{}", n / 3 / 200, n / 3 % 200 + 1);
            let note = |owner: u64, which: u64| {
                call("GET", &format!("/api/notes/{}", owner * 10 + which), 200)
                    .by(&who)
                    .by(&application("notes"))
                    .from(&home)
            };
            (0..4).for_each(|which| stage.play_every(note(n, which % 3), 0.5));
            // Two others, each met for the first time on another day.
            let other = n / 3 * 3 + (n + 1 + day % 2) % 3;
            stage.play_every(note(other, day % 3), 0.5);
        }
        stage.wait(80_000.0);
    }
}

#[test]
fn where_households_share_whoever_opens_everybodys_is_found() {
    let mut stage = Stage::enforcing();
    households(&mut stage, 9);
    stage.assert_quiet();
    let thief = token("member-17");
    let mut calls = 0;
    while stage.strongest(&thief) < Some(Action::Block) && calls < 140 {
        let note = call("GET", &format!("/api/notes/{}", (21 + calls * 38) % 159 * 10), 200);
        stage.play_every(note.by(&thief).by(&application("notes")).from("198.51.0.5"), 30.0);
        calls += 1;
    }
    assert_eq!(stage.strongest(&thief), Some(Action::Block), "{:#?}", stage.verdicts());
    let verdict = stage.verdicts().into_iter().rfind(|verdict| verdict.principal == thief).cloned();
    let reason = verdict.map(|verdict| verdict.reason).unwrap_or_default();
    assert!(reason.contains("others with this sort of credential come to"), "{reason}");
}

#[test]
fn a_household_of_nine_among_households_of_three_is_left_alone() {
    let mut stage = Stage::enforcing();
    households(&mut stage, 9);
    for who in 0..9_u64 {
        for other in 0..9_u64 {
            let note = call("GET", &format!("/api/notes/{}", 9_000 + other * 10), 200);
            let by = token(&format!("cousin-{who}"));
            stage.play_every(note.by(&by).by(&application("notes")).from("198.51.7.7"), 20.0);
            let own = call("GET", &format!("/api/notes/{}", 9_000 + who * 10), 200);
            stage.play_every(own.by(&by).by(&application("notes")).from("198.51.7.7"), 20.0);
        }
    }
    stage.assert_quiet();
}

/// A token that names nobody and no application, handed out for a password or, to a program, without one.
fn handed_out(stage: &mut Stage, name: &str, password: bool, from: &str) -> Principal {
    let who = token(name);
    let ask = call("POST", "/oauth/token", 200).issues(&who, None).from(from);
    stage.play(if password { ask.tries(name, 7) } else { ask });
    who
}

#[test]
fn a_program_is_no_customer_even_where_tokens_say_nothing() {
    let mut stage = Stage::enforcing();
    let home = |n: u64| format!("198.51.{}.{}", n / 200, n % 200 + 1);
    let people: Vec<_> =
        (0..80).map(|n| handed_out(&mut stage, &format!("customer-{n}"), true, &home(n))).collect();
    for round in 0..12 {
        for (n, who) in (0..80).zip(&people) {
            let read = call("GET", &format!("/api/orders/{}", n * 10 + round % 3), 200);
            stage.play_every(read.by(who).from(&home(n)), 0.5);
        }
    }
    stage.wait(2.0 * 86_400.0);
    let partner = handed_out(&mut stage, "bookkeeping", false, "192.0.2.40");
    for n in 0..60 {
        stage.play(call("GET", &order(n), 200).by(&partner).from("192.0.2.40"));
    }
    stage.assert_quiet();
    for n in 0..30 {
        stage.play(call("GET", &order((n + 9) % 80), 200).by(&people[3]).from(&home(3)));
    }
    assert_eq!(actions(&stage, &people[3]), Some(Action::Block));
    // Renewing a token does not make a program of a customer.
    let renewed = token("renewed");
    stage.play(call("POST", "/oauth/token", 200).issues(&renewed, Some(&people[5])).from(&home(5)));
    for n in 0..30 {
        stage.play(call("GET", &order((n + 9) % 80), 200).by(&renewed).from(&home(5)));
    }
    assert_eq!(actions(&stage, &renewed), Some(Action::Block));
}
