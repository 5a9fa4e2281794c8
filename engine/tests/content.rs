//! What is sent: code in fields, odd shapes, heads and open doors; each with twins who mean well.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod support;

use model::{Action, ApiCall, BodyFacts, HeadSign, Sign, TokenAlgorithm};
use support::{
    Build, Dice, Stage, call,
    market::{DAY, Send, blocks_by, calls_until, code, customer, home, market, number, order, text},
    token,
};

#[test]
fn code_where_numbers_stand_blocks_at_the_third_field() {
    let mut stage = Stage::enforcing();
    market(&mut stage, 60, 3);
    let attacker = customer(8);
    let inject = |n: u64| {
        let odd = |name: &str| code(name, "1; SELECT pg_sleep(5)--", Sign::Sql);
        let made = match n % 3 {
            0 => call("POST", "/api/orders", 422).sends(vec![odd("amount"), text("state", "open")]),
            1 => call("GET", "/api/products", 200).asks(vec![text("q", "blue"), odd("page")]),
            _ => call("POST", "/api/orders", 422).sends(vec![number("amount", 2), odd("state")]),
        };
        made.by(&attacker).from(&home(8)).signed(TokenAlgorithm::Rsa)
    };
    let calls = calls_until(&mut stage, &attacker, Action::Block, inject);
    assert!(calls <= 5, "{calls}");
    let (reason, _) = blocks_by(&stage, "injection");
    assert!(reason.contains("looks like sql") && reason.contains("no answer was out of"), "{reason}");
}

#[test]
fn code_that_the_service_runs_is_told_apart() {
    let mut stage = Stage::enforcing();
    market(&mut stage, 60, 3);
    let attacker = customer(8);
    let inject = |n: u64| {
        let odd = code(["amount", "state"][usize::try_from(n % 2).unwrap()], "' OR '1'='1' --", Sign::Sql);
        let made = call("POST", "/api/orders", 500).sends(vec![odd]);
        made.by(&attacker).from(&home(8)).signed(TokenAlgorithm::Rsa)
    };
    let calls = calls_until(&mut stage, &attacker, Action::Block, inject);
    assert!(calls <= 4, "{calls}");
    assert!(blocks_by(&stage, "injection").0.contains("the service failed"));
}

#[test]
fn a_climbing_path_counts() {
    let mut stage = Stage::enforcing();
    market(&mut stage, 60, 3);
    let climb = |n: u64| {
        let mut made = call("GET", &format!("/api/files/{n}/../../../../etc/passwd"), 404).from("192.0.2.66");
        made.details_mut().signs = Sign::Traversal.into();
        made.shows(HeadSign::Path)
    };
    stage.play(climb(0));
    assert!(
        stage.findings().iter().any(|finding| finding.detector == "injection"),
        "{:#?}",
        stage.findings()
    );
}

#[test]
fn fields_for_code_are_learnt() {
    let mut stage = Stage::enforcing();
    market(&mut stage, 60, 3);
    let mut dice = Dice(3);
    for _ in 0..800 {
        let n = dice.below(60);
        let field = ["template", "query", "style"][usize::try_from(dice.below(3)).unwrap()];
        let sign = [Sign::Template, Sign::Sql, Sign::Script][usize::try_from(dice.below(3)).unwrap()];
        let made = call("PUT", "/api/reports", 200).sends(vec![code(field, "{{a}} select 'x' <b>", sign)]);
        stage.play(made.by(&customer(n)).from(&home(n)).signed(TokenAlgorithm::Rsa));
    }
    let blocks = stage.verdicts().iter().filter(|verdict| verdict.would == Action::Block).count();
    assert_eq!(blocks, 0, "{:#?}", stage.verdicts());
}

#[test]
fn somebody_who_writes_about_code_in_notes_is_left_alone() {
    let mut stage = Stage::enforcing();
    market(&mut stage, 60, 3);
    for n in 0..200 {
        let note =
            code("note", "use <b>bold</b> or select 'it''s' from t;", [Sign::Script, Sign::Sql][n % 2]);
        let made =
            call("POST", "/api/orders", 201).sends(vec![number("amount", 2), text("state", "open"), note]);
        stage.play_every(made.by(&customer(3)).from(&home(3)).signed(TokenAlgorithm::Rsa), 600.0);
    }
    stage.assert_quiet();
}

#[test]
fn members_that_grant_rights_ask_for_a_step_up_and_a_release_does_not() {
    let mut stage = Stage::enforcing();
    market(&mut stage, 250, 10);
    stage.assert_quiet();
    let mut dice = Dice(9);
    let assign = |_: u64| {
        let mut made = order(4, &mut dice);
        let body = made.details_mut().request.as_mut().unwrap();
        body.fields.push(text("is_admin", "true"));
        body.fields.push(text("role", "admin"));
        made
    };
    let calls = calls_until(&mut stage, &customer(4), Action::StepUp, assign);
    assert!(calls <= 3, "{calls}");
    let (reason, _) = blocks_by(&stage, "assignment");
    assert!(reason.contains("last `role`"), "{reason}");
    let told = stage.findings().into_iter().rfind(|finding| finding.detector == "shape").unwrap();
    assert!(told.reason.contains("the unknown member `is_admin`"), "{}", told.reason);
    // The new version sends `gift` from everybody, day by day more of them.
    for day in 1..6 {
        for n in 0..(day * 50) {
            let mut made = order(n, &mut dice);
            made.details_mut().request.as_mut().unwrap().fields.push(text("gift", "yes"));
            stage.play_every(made, 0.2);
        }
        stage.wait(DAY);
    }
    let loud: Vec<_> =
        stage.verdicts().into_iter().filter(|verdict| verdict.principal != customer(4)).collect();
    assert!(loud.iter().all(|verdict| verdict.would <= Action::Notify), "{loud:#?}");
}

#[test]
fn members_that_answers_show_are_taken_in_vain() {
    let mut stage = Stage::enforcing();
    market(&mut stage, 60, 4);
    let mut dice = Dice(9);
    let shown = |made: &mut ApiCall| {
        let fields = ["id", "price", "currency", "discount", "paid_at"].map(|name| text(name, "x"));
        let answer = BodyFacts { fields: fields.to_vec().into(), ..BodyFacts::default() };
        made.details_mut().response = Some(answer);
    };
    for n in 0..60 {
        let mut made = order(n, &mut dice);
        shown(&mut made);
        stage.play(made);
    }
    stage.wait(2.0 * DAY);
    for n in 0..60 {
        let mut made = order(n, &mut dice);
        shown(&mut made);
        (0..3).for_each(|_| stage.play(made.clone()));
    }
    stage.assert_quiet();
    let assign = |n: u64| {
        let mut made = order(4, &mut dice);
        let name = ["price", "discount", "paid_at"][usize::try_from(n % 3).unwrap()];
        made.details_mut().request.as_mut().unwrap().fields.push(text(name, "1"));
        made
    };
    let calls = calls_until(&mut stage, &customer(4), Action::StepUp, assign);
    assert!(calls <= 3, "{calls}");
    assert!(blocks_by(&stage, "assignment").0.contains("that answers show"));
}

#[test]
fn tricks_in_heads_ask_who_it_is_and_odd_software_does_not() {
    let mut stage = Stage::enforcing();
    market(&mut stage, 60, 8);
    let partner = token("partner");
    for n in 0..300 {
        let made = call("POST", "/api/orders", 200).by(&partner).from("192.0.2.10");
        stage.play(if n % 4 == 0 {
            made
        } else {
            made.shows(HeadSign::MethodOverride).shows(HeadSign::Lookalike)
        });
    }
    stage.assert_quiet();
    let tricks =
        [HeadSign::TargetOverride, HeadSign::HostOverride, HeadSign::MethodOverride, HeadSign::Field];
    let trick = |n: u64| {
        let made = call("GET", "/api/orders", 403).by(&customer(9)).from(&home(9));
        made.shows(tricks[usize::try_from(n % 4).unwrap()])
    };
    let calls = calls_until(&mut stage, &customer(9), Action::StepUp, trick);
    assert!(calls <= 4, "{calls}");
    let (reason, expected) = blocks_by(&stage, "header");
    assert!(reason.contains("target_override"), "{reason}");
    assert!(expected.starts_with("of 6"), "{expected}");
}

#[test]
fn an_open_door_is_told_once_and_a_public_route_never() {
    let mut stage = Stage::enforcing();
    market(&mut stage, 60, 3);
    for n in 0..60 {
        stage.play(call("GET", "/api/catalogue", 200).by(&customer(n)).from(&home(n)));
        stage.play(call("GET", "/api/catalogue", 200).from(&home(n)));
    }
    let told =
        |stage: &Stage| stage.findings().iter().filter(|finding| finding.detector == "open_door").count();
    assert_eq!(told(&stage), 0, "{:#?}", stage.findings());
    stage.play(call("GET", "/api/products", 200).from("192.0.2.66"));
    stage.play(call("GET", "/api/products", 200).from("192.0.2.66"));
    assert_eq!(told(&stage), 1, "{:#?}", stage.findings());
    assert!(
        stage
            .findings()
            .iter()
            .any(|finding| finding.reason.contains("served a caller without a credential"))
    );
    stage.assert_quiet();
}
