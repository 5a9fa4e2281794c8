//! Tokens: forged, unsigned, late and redeemed twice; each with twins who mean well.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod support;

use model::{Action, ApiCall, HeadSign, TokenAlgorithm};
use support::{
    Build, Stage, address, call,
    market::{DAY, Send, blocks_by, calls_until, customer, home, market},
    token,
};

#[test]
fn forged_tokens_block_their_address_at_the_third() {
    for (algorithm, sign, action) in [
        (TokenAlgorithm::None, Some(HeadSign::TokenUnsigned), Action::Block),
        (TokenAlgorithm::Hmac, None, Action::RateLimit),
    ] {
        let mut stage = Stage::enforcing();
        market(&mut stage, 60, 3);
        stage.assert_quiet();
        let forge = |n: u64| {
            let forged = token(&format!("forged-{n}"));
            let made = call("GET", "/api/orders", 401).by(&forged).from("192.0.2.66").signed(algorithm);
            sign.into_iter().fold(made, Send::shows)
        };
        let calls = calls_until(&mut stage, &address("192.0.2.66"), action, forge);
        assert!(calls <= 6, "{calls}");
        let (reason, expected) = blocks_by(&stage, "jwt");
        assert!(reason.contains("tokens of 60 established callers are signed by rsa"), "{reason}");
        assert!(expected.contains("0 had an unsigned one"), "{expected}");
        stage.verdicts().iter().for_each(|verdict| assert_eq!(verdict.principal, address("192.0.2.66")));
    }
}

#[test]
fn a_new_partner_whose_tokens_are_signed_in_another_way_is_welcome() {
    let mut stage = Stage::enforcing();
    market(&mut stage, 60, 3);
    for hour in 0..40 {
        let hourly = token(&format!("partner-{hour}"));
        for n in 0..6 {
            let made =
                call("GET", "/api/orders", 200).by(&hourly).from("192.0.2.40").signed(TokenAlgorithm::Ed);
            stage.play(made);
            // It goes on with the old token for a while.
            if n == 0 && hour > 0 {
                let old = token(&format!("partner-{}", hour - 1));
                let late =
                    call("GET", "/api/orders", 401).by(&old).from("192.0.2.40").signed(TokenAlgorithm::Ed);
                stage.play(late.shows(HeadSign::TokenExpired));
            }
        }
        stage.wait(3_600.0);
    }
    stage.assert_quiet();
}

#[test]
fn one_forged_token_blocks_nobody() {
    let mut stage = Stage::enforcing();
    market(&mut stage, 60, 3);
    let unsigned = || call("GET", "/api/orders", 401).by(&token("forged")).from("192.0.2.66");
    for _ in 0..50 {
        stage.play(unsigned().signed(TokenAlgorithm::None).shows(HeadSign::TokenUnsigned));
    }
    stage.assert_quiet();
    assert!(stage.findings().iter().any(|finding| finding.detector == "jwt"));
}

#[test]
fn a_service_whose_tokens_are_all_unsigned_is_quiet() {
    let mut stage = Stage::enforcing();
    for round in 0..20 {
        for n in 0..40 {
            let status = if round % 5 == 4 { 401 } else { 200 };
            let who = token(&format!("tester-{n}-{}", round / 5));
            let made = call("GET", "/api/profile", status).by(&who).from(&home(n));
            stage.play(made.signed(TokenAlgorithm::None).shows(HeadSign::TokenUnsigned));
        }
    }
    let loud = stage.verdicts().into_iter().filter(|verdict| verdict.would == Action::Block).count();
    assert_eq!(loud, 0, "{:#?}", stage.verdicts());
}

#[test]
fn tokens_behind_their_end_and_a_change_of_keys_are_everyday_life() {
    let mut stage = Stage::enforcing();
    market(&mut stage, 60, 3);
    for n in 0..60 {
        // Everybody comes back with an old token, is refused, and signs in again; the new tokens are signed by another key.
        let old = call("GET", "/api/orders", 401).by(&customer(n)).from(&home(n));
        for _ in 0..3 {
            stage.play(old.clone().signed(TokenAlgorithm::Rsa).shows(HeadSign::TokenExpired));
        }
        let new = token(&format!("renewed-{n}"));
        stage.play(call("POST", "/login", 200).issues(&new, None).from(&home(n)));
        for _ in 0..8 {
            stage.play(call("GET", "/api/orders", 200).by(&new).from(&home(n)).signed(TokenAlgorithm::Ec));
        }
    }
    stage.assert_quiet();
}

/// Renews: the old renewal token for an access token and a new renewal token.
fn renewal(old: &str, access: &str, new: &str, from: &str, agent: u64) -> ApiCall {
    let made = call("POST", "/token", 200).from(from).agent(agent).issues(&token(access), Some(&token(old)));
    made.issues(&token(new), Some(&token(access)))
}

/// Sixty customers who renew each day, so that it is known how seldom a token is redeemed twice.
fn renewing(stage: &mut Stage) {
    for day in 0..8 {
        for n in 0..60 {
            let name = |kind: &str, day: u64| format!("{kind}-{n}-{day}");
            let (old, access, new) = (name("r", day), name("a", day + 1), name("r", day + 1));
            stage.play(renewal(&old, &access, &new, &home(n), 5));
            for _ in 0..3 {
                stage.play(call("GET", "/api/profile", 200).by(&token(&access)).from(&home(n)).agent(5));
            }
        }
        stage.wait(DAY - 240.0);
    }
}

#[test]
fn a_renewal_token_redeemed_again_elsewhere_asks_both_who_they_are() {
    let mut stage = Stage::enforcing();
    renewing(&mut stage);
    stage.assert_quiet();
    stage.play(renewal("r-7-7", "stolen", "more", "192.0.2.66", 9));
    for thief in ["stolen", "a-7-8"] {
        assert_eq!(stage.strongest(&token(thief)), Some(Action::StepUp), "{thief}: {:#?}", stage.findings());
    }
    let (reason, _) = blocks_by(&stage, "jwt");
    assert!(reason.contains("somebody else in another network"), "{reason}");
}

#[test]
fn races_lost_answers_and_tokens_that_stay_good_are_no_replay() {
    let mut stage = Stage::enforcing();
    renewing(&mut stage);
    // Two tabs; a telephone that lost the answer and asks again from another network; the same program again.
    stage.play(renewal("r-1-8", "tab-1", "x1", &home(1), 5));
    stage.play(renewal("r-1-8", "tab-2", "x2", "192.0.2.1", 5));
    stage.play(renewal("r-2-8", "lost", "x3", &home(2), 5));
    stage.wait(300.0);
    stage.play(renewal("r-2-8", "kept", "x4", "192.0.2.2", 5));
    stage.play(renewal("r-3-7", "again", "x5", &home(3), 5));
    stage.assert_quiet();
    // A service whose renewal tokens are not spent.
    let mut stage = Stage::enforcing();
    for n in 0..2_000_u64 {
        let from = if n % 3 == 0 { "192.0.2.1".to_owned() } else { home(n % 60) };
        let (access, new) = (format!("a-{n}"), format!("x-{n}"));
        stage.play(renewal(&format!("r-{}", n % 60), &access, &new, &from, n % 4));
        stage.play(call("GET", "/api/profile", 200).by(&token(&access)).from(&from).agent(n % 4));
    }
    let loud = stage.verdicts().len();
    assert!(loud <= 4, "{loud}: {:#?}", stage.verdicts());
}
