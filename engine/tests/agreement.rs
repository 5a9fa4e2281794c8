//! Several weak signs of one misuse together.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod support;

use model::{Action, Mode};
use support::{Build, Stage, call, token};

/// Homes in which three open one another's notes, for some days, and a thief who then goes through everybody's: the
/// number of calls that he makes before he is blocked.
fn calls_to_block(days: u64, disabled: &[&str]) -> (u64, String) {
    let mut stage = Stage::new(engine::EngineConfig {
        mode: Mode::Enforce,
        disabled: disabled.iter().map(|name| (*name).into()).collect(),
        ..engine::EngineConfig::default()
    });
    for day in 0..days {
        for n in 0..159_u64 {
            let (who, home) = (token(&format!("member-{n}")), format!("198.51.{}.{}", n / 600, n / 3 + 1));
            let note = |owner: u64, which: u64| {
                call("GET", &format!("/api/notes/{}", owner * 10 + which), 200).by(&who).from(&home)
            };
            (0..4).for_each(|which| stage.play_every(note(n, which % 3), 0.5));
            stage.play_every(note(n / 3 * 3 + (n + 1 + day % 2) % 3, day % 3), 0.5);
        }
        stage.wait(80_000.0);
    }
    stage.assert_quiet();
    let thief = token("member-17");
    for calls in 0..140 {
        let path = format!("/api/notes/{}", (21 + calls * 38) % 159 * 10);
        stage.play_every(call("GET", &path, 200).by(&thief).from("198.51.0.6"), 30.0);
        if stage.strongest(&thief) >= Some(Action::Block) {
            let verdict = stage.verdicts().into_iter().rfind(|verdict| verdict.principal == thief);
            return (calls + 1, verdict.map(|verdict| verdict.reason.clone()).unwrap_or_default());
        }
    }
    (u64::MAX, String::new())
}

#[test]
fn together_weak_signs_block_sooner_and_say_what_agrees() {
    let (together, reason) = calls_to_block(9, &[]);
    let (alone, _) = calls_to_block(9, &["agreement"]);
    assert!(together + 10 <= alone, "{together} {alone}");
    assert!(reason.contains("met strangers' objects (1 in ") && reason.contains("Odd in 2 ways"), "{reason}");
}

#[test]
fn while_a_deployment_learns_whoever_is_the_first_of_its_kind_is_judged_as_before() {
    let (together, _) = calls_to_block(4, &[]);
    let (alone, _) = calls_to_block(4, &["agreement"]);
    assert_eq!(together, alone);
}
