//! Stolen credentials: guests in contexts of their own, each with twins who mean well.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod support;

use engine::EngineConfig;
use model::{Action, ApiCall, Mode, Principal, PrincipalKind};
use support::{Build, Dice, Stage, call, market::DAY, names, token};

/// What everybody does, and what hardly anybody does.
const USUAL: [(&str, &str); 6] = [
    ("GET", "/api/feed"),
    ("GET", "/api/orders"),
    ("GET", "/api/profile"),
    ("POST", "/api/cart"),
    ("GET", "/api/messages"),
    ("GET", "/api/prices"),
];
const SELDOM: [(&str, &str); 16] = [
    ("GET", "/api/cards"),
    ("GET", "/api/addresses"),
    ("PUT", "/api/email"),
    ("POST", "/api/payouts"),
    ("GET", "/api/documents"),
    ("GET", "/api/export"),
    ("DELETE", "/api/devices"),
    ("PUT", "/api/password"),
    ("GET", "/api/invoices"),
    ("GET", "/api/payees"),
    ("POST", "/api/payees"),
    ("GET", "/api/tickets"),
    ("POST", "/api/shares"),
    ("GET", "/api/limits"),
    ("PUT", "/api/limits"),
    ("GET", "/api/keys"),
];

/// Somebody's own software, of one of three versions, in one of three languages.
fn look(call: ApiCall, agent: u64, headers: u64, language: u64) -> ApiCall {
    let mut call = call;
    (call.context.agent, call.context.headers, call.context.language) = (agent, headers, language);
    call
}

fn own(call: ApiCall, n: u64) -> ApiCall {
    look(call, 10 + n % 3, 20, 30 + n % 3)
}

fn someone(n: u64) -> Principal {
    token(&format!("someone-{n}"))
}

fn home(n: u64) -> String {
    format!("198.51.{}.{}", n / 250 + 1, n % 250 + 1)
}

fn away(n: u64, day: u64) -> String {
    format!("203.0.{}.{}", day % 250, n % 250 + 1)
}

fn to((method, path): (&str, &str)) -> ApiCall {
    call(method, path, if method == "POST" { 201 } else { 200 })
}

/// A town: people who come once a day from home, and now and then from elsewhere; each has four things that it does, and
/// does one of the seldom ones once in a while. Some have done everything.
fn town(stage: &mut Stage, people: u64, days: u64) {
    let mut dice = Dice(11);
    for day in 0..days {
        for n in 0..people {
            let elsewhere = dice.percent(15);
            for step in 0..6 {
                let what = if n % 100 == 0 && dice.percent(50) || dice.percent(1) {
                    SELDOM[usize::try_from(dice.below(16)).unwrap()]
                } else {
                    USUAL[usize::try_from((n + dice.below(4)) % 6).unwrap()]
                };
                let from = if elsewhere { away(n, day) } else { home(n) };
                let made = own(to(what), n).by(&someone(n)).from(&from);
                stage.play_every(made, if step == 5 { 1.0 } else { 3.0 });
            }
        }
        stage.wait(DAY - 16.0 * people as f64);
    }
}

fn usual(n: u64, step: u64) -> ApiCall {
    own(to(USUAL[usize::try_from((n + step % 4) % 6).unwrap()]), n).by(&someone(n))
}

fn seldom(step: u64) -> ApiCall {
    to(SELDOM[usize::try_from(step % 16).unwrap()])
}

/// Calls of a thief among those of the holder until `action` is asked for; how many he made.
fn steals(stage: &mut Stage, n: u64, action: Action, forks: bool, look: impl Fn(ApiCall) -> ApiCall) -> u64 {
    for step in 0..40 {
        if forks && step % 2 == 0 {
            stage.play_every(usual(n, step).from(&home(n)), 5.0);
        }
        stage.play_every(look(seldom(step)).by(&someone(n)), 4.0);
        if stage.strongest(&someone(n)) >= Some(action) {
            return step + 1;
        }
    }
    panic!("never: {:#?} {:#?}", stage.verdicts(), stage.findings());
}

fn tool(made: ApiCall) -> ApiCall {
    look(made, 99, 98, 0).from("192.0.2.66")
}

#[test]
fn a_stolen_token_in_another_program_is_asked_and_then_blocked() {
    // A town is too small for the budget of a city: what is seldom is known from its own days only.
    let config = EngineConfig {
        mode: Mode::Enforce,
        budget_false_blocks_per_million: 50.0,
        ..EngineConfig::default()
    };
    let mut stage = Stage::new(config);
    town(&mut stage, 600, 14);
    stage.assert_quiet();
    let asked = steals(&mut stage, 41, Action::StepUp, false, tool);
    assert!(asked <= 2, "{asked}");
    let blocked = steals(&mut stage, 43, Action::Block, true, tool);
    assert!(blocked <= 12, "{blocked}");
    let verdict = stage.verdicts().into_iter().find(|verdict| verdict.would == Action::Block).unwrap();
    assert_eq!(verdict.detectors[0], "theft");
    assert!(verdict.reason.contains("software that differs in 3 of 3 signs"), "{}", verdict.reason);
    assert!(verdict.reason.contains("while its holder went on elsewhere"), "{}", verdict.reason);
}

#[test]
fn a_new_telephone_elsewhere_with_the_holders_ways_is_not_blocked() {
    let mut stage = Stage::enforcing();
    town(&mut stage, 200, 10);
    for n in 40..60 {
        for step in 0..30 {
            let made = usual(n, step).from(&away(n, 200));
            stage.play_every(look(made, 70 + n, 21, 30 + n % 3), 4.0);
        }
    }
    stage.assert_quiet();
}

#[test]
fn telephones_between_networks_and_through_tunnels_are_everyday_life() {
    let mut stage = Stage::enforcing();
    town(&mut stage, 200, 10);
    for n in 40..50 {
        for step in 0..60 {
            let from = if step % 3 == 0 { home(n) } else { away(n, step % 7) };
            stage.play_every(usual(n, step).from(&from), 20.0);
        }
    }
    stage.assert_quiet();
}

#[test]
fn a_release_reaches_everybody_wherever_they_are() {
    let mut stage = Stage::enforcing();
    town(&mut stage, 200, 10);
    for n in 0..200 {
        for step in 0..8 {
            let from = if n % 3 == 0 { away(n, 90) } else { home(n) };
            let made = if step % 4 == 3 { seldom(n).by(&someone(n)) } else { usual(n, step) };
            stage.play_every(look(made.from(&from), 110 + n % 3, 25, 30 + n % 3), 3.0);
        }
    }
    stage.assert_quiet();
}

#[test]
fn an_office_behind_one_address_is_many_people() {
    let mut stage = Stage::enforcing();
    town(&mut stage, 200, 10);
    for n in 0..60 {
        for step in 0..10 {
            stage.play_every(usual(n, step).from("203.0.113.9"), 1.0);
        }
    }
    stage.assert_quiet();
}

#[test]
fn an_account_that_several_programs_share_from_the_beginning_is_theirs() {
    let mut stage = Stage::enforcing();
    town(&mut stage, 200, 10);
    let shared = token("family");
    for day in 0..6 {
        for step in 0..40_u64 {
            let made = to(if step % 5 == 0 { SELDOM[2] } else { USUAL[usize::try_from(step % 6).unwrap()] });
            let made = look(made, 200 + step % 3, 210 + step % 3, 30 + step % 3).by(&shared);
            stage.play_every(made.from(&away(step % 3, 220)), 20.0);
        }
        stage.wait(DAY - 800.0 + day as f64);
    }
    stage.assert_quiet();
}

#[test]
fn a_partner_who_moves_to_new_machines_is_asked_at_most() {
    let mut stage = Stage::enforcing();
    let key = names().credential(PrincipalKind::ApiKey, b"partner");
    for _ in 0..10 {
        town(&mut stage, 200, 1);
        for step in 0..50_usize {
            stage.play_every(look(to(USUAL[step % 4]), 300, 301, 0).by(&key).from("198.18.1.1"), 1.0);
        }
    }
    // Both run side by side, and the new one does more.
    for step in 0..60_u64 {
        stage.play_every(
            look(to(USUAL[usize::try_from(step % 4).unwrap()]), 300, 301, 0).by(&key).from("198.18.1.1"),
            1.0,
        );
        stage.play_every(look(seldom(step), 310, 311, 0).by(&key).from("198.19.2.2"), 1.0);
    }
    assert!(stage.strongest(&key) <= Some(Action::StepUp), "{:#?}", stage.verdicts());
}

/// A sign-in: the password is wrong so many times before.
fn signs_in(stage: &mut Stage, n: u64, wrong: u16, session: &Principal, dress: &dyn Fn(ApiCall) -> ApiCall) {
    let name = format!("user-{n}");
    for time in 0..wrong {
        stage.play_every(dress(call("POST", "/login", 401).tries(&name, 900 + time)), 6.0);
    }
    stage.play_every(dress(call("POST", "/login", 200).tries(&name, 5).issues(session, None)), 2.0);
}

/// A town whose people sign in anew each day.
fn signing_town(stage: &mut Stage, people: u64, days: u64) {
    let mut dice = Dice(3);
    for day in 0..days {
        for n in 0..people {
            let session = token(&format!("session-{n}-{day}"));
            let from = if dice.percent(20) { away(n, day) } else { home(n) };
            let wrong = u16::from(dice.percent(6));
            signs_in(stage, n, wrong, &session, &|made| own(made, n).from(&from));
            for step in 0..6 {
                let what = if dice.percent(4) {
                    SELDOM[usize::try_from(dice.below(16)).unwrap()]
                } else {
                    USUAL[usize::try_from((n + step) % 4).unwrap()]
                };
                stage.play_every(own(to(what), n).by(&session).from(&from), 3.0);
            }
        }
        stage.wait(DAY - 22.0 * people as f64);
    }
}

#[test]
fn an_account_taken_over_is_asked_at_the_first_change() {
    let mut stage = Stage::enforcing();
    signing_town(&mut stage, 200, 10);
    stage.assert_quiet();
    let session = token("taken");
    signs_in(&mut stage, 41, 4, &session, &tool);
    let changes = [SELDOM[2], SELDOM[7], SELDOM[3], SELDOM[6], USUAL[3]];
    let mut asked = 0;
    for (step, what) in changes.iter().enumerate() {
        stage.play_every(tool(to(*what)).by(&session), 5.0);
        if stage.strongest(&session) >= Some(Action::StepUp) {
            asked = step + 1;
            break;
        }
    }
    assert!((1..=2).contains(&asked), "{asked} {:#?}", stage.findings());
    let told = stage.verdicts().into_iter().find(|verdict| verdict.principal == session).unwrap();
    assert!(told.reason.contains("after 4 failed passwords"), "{}", told.reason);
}

#[test]
fn a_mail_that_makes_everybody_sign_in_blocks_nobody() {
    let mut stage = Stage::enforcing();
    signing_town(&mut stage, 200, 10);
    for n in 0..200 {
        let session = token(&format!("sale-{n}"));
        let dress = |made: ApiCall| own(made, n).from(&away(n, 77));
        signs_in(&mut stage, n, u16::from(n % 9 == 0), &session, &dress);
        for step in 0..5 {
            let what = if step % 2 == 0 { USUAL[3] } else { SELDOM[1] };
            stage.play_every(dress(to(what)).by(&session), 3.0);
        }
    }
    stage.assert_quiet();
}

#[test]
fn a_campaign_that_resets_passwords_blocks_nobody() {
    let mut stage = Stage::enforcing();
    signing_town(&mut stage, 200, 10);
    for n in 0..200 {
        let session = token(&format!("reset-{n}"));
        let dress = |made: ApiCall| own(made, n).from(&home(n));
        signs_in(&mut stage, n, 2 + u16::from(n % 2 == 0), &session, &dress);
        stage.play_every(dress(to(SELDOM[7])).by(&session), 3.0);
        stage.play_every(dress(to(SELDOM[2])).by(&session), 3.0);
        for what in &USUAL[..4] {
            stage.play_every(dress(to(*what)).by(&session), 3.0);
        }
    }
    let blocked = stage.verdicts().into_iter().filter(|verdict| verdict.would == Action::Block).count();
    assert_eq!(blocked, 0, "{:#?}", stage.verdicts());
}

#[test]
fn one_thief_after_another_is_asked_and_none_makes_the_next_look_usual() {
    let mut stage = Stage::enforcing();
    town(&mut stage, 300, 12);
    for (n, program) in (40..46).zip(500..) {
        let strange = |made: ApiCall| look(made, program, program + 100, program + 200).from("192.0.2.66");
        let asked = steals(&mut stage, n, Action::StepUp, false, strange);
        assert!(asked <= 2, "thief {n}: {asked}");
        stage.wait(3_600.0);
    }
}

#[test]
fn where_sessions_move_to_other_programs_and_stay_they_are_usual() {
    let mut stage = Stage::enforcing();
    town(&mut stage, 300, 8);
    // A new application: day after day some go on in it with the session that they have, whatever they did it with before.
    for day in 0..8_u64 {
        for n in day * 6..(day + 1) * 6 {
            for step in 0..12 {
                let made = look(usual(n, step), 700 + n % 5, 800, 900);
                stage.play_every(made.from(&away(n, 210)), 20.0);
            }
        }
        stage.wait(DAY - 6.0 * 12.0 * 20.0);
    }
    for n in (0..48).flat_map(|n| [n, n]) {
        stage.play_every(look(usual(n, 1), 700 + n % 5, 800, 900).from(&away(n, 210)), 20.0);
    }
    let last = 100;
    (0..12).for_each(|step| {
        stage.play_every(look(usual(last, step), 704, 800, 901).from(&away(last, 210)), 20.0);
    });
    assert!(stage.strongest(&someone(last)).is_none(), "{:#?}", stage.verdicts());
}
