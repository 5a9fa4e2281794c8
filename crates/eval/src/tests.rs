//! Hand-made runs: what every published figure must be for them.

use model::{Action, PrincipalKind};

use crate::{
    calibration::Day,
    kinds::{kinds, sets},
    report::BudgetReport,
    scene::{address, call, finding, honest, hostile, names, second, token, verdict},
    scores::Scores,
    tally::Tally,
    tier::Tier,
    truth::{Attack, Truth, Upheaval},
};

fn truth(attacks: Vec<Attack>) -> Truth {
    let outage = Upheaval { kind: "outage".into(), from: second(0), until: second(10) };
    Truth { archetypes: vec!["mobile".into()], attacks, upheavals: vec![outage] }
}

fn bola() -> Attack {
    Attack {
        number: 4,
        kind: "bola".into(),
        explained_by: vec!["foreign_owner".into()],
        guilty: vec![token("thief").id],
        wanted: 100,
        got: 7,
        slow: true,
        ..Attack::default()
    }
}

fn scores(tally: Tally, attacks: Vec<Attack>) -> Scores {
    Scores::of(tally, &truth(attacks), "shop 1", 0)
}

#[test]
fn tiers_do_not_depend_on_the_kind_of_principal() {
    let mut said = verdict(0, address(1), Action::RateLimit, "login");
    assert_eq!(Tier::of(&said), Some(Tier::StepUp));
    said.p = 5e-4;
    assert_eq!(Tier::of(&said), Some(Tier::Soft));
    assert_eq!(Tier::of(&verdict(0, address(1), Action::Block, "login")), Some(Tier::Block));
    assert_eq!(Tier::of(&verdict(0, address(1), Action::Notify, "login")), None);
}

#[test]
fn an_attack_is_measured_to_its_verdicts() {
    let mut tally = Tally::new(names());
    for n in 0..10 {
        tally.call(&call(n, "thief", 1), hostile(50, 4, 1));
        match n {
            2 => tally.finding(&finding(n, token("thief"), "foreign_owner")),
            3 => tally.verdict(&verdict(n, token("thief"), Action::StepUp, "foreign_owner"), second(n)),
            // Enforced two seconds later: the call at second 6 still gains.
            5 => tally.verdict(&verdict(n, token("thief"), Action::Block, "foreign_owner"), second(7)),
            _ => {}
        }
    }
    let scores = scores(tally, vec![bola()]);
    let outcome = &scores.outcomes[0];
    let calls = outcome.hits.map(|hit| hit.map(|reached| (reached.calls, reached.records)));
    assert_eq!(calls, [Some((4, 4)), Some((4, 4)), Some((6, 7))]);
    assert_eq!(outcome.noticed.map(|reached| reached.calls), Some(3));
    assert_eq!((outcome.explained, outcome.members_hit, outcome.end.calls), (Some(true), 1, 10));
    assert_eq!(scores.total.blocks, 0);

    let kinds = kinds(&scores.outcomes);
    let row = &kinds[0];
    assert_eq!((row.block.hits, row.block.of), (1, 1));
    assert_eq!((row.calls.median, row.records.median, row.records_soft.median), (6.0, 7.0, 4.0));
    assert!((row.seconds.median - 5.0).abs() < 1e-9 && (row.goal - 0.07).abs() < 1e-9);
    let sets = sets(&kinds, &scores.outcomes);
    assert!((sets.block - 1.0).abs() < 1e-9 && (sets.slow - 1.0).abs() < 1e-9);
    assert_eq!((sets.worst_kind.as_str(), sets.explained.hits), ("bola", 1));
}

#[test]
fn an_attack_without_verdict_keeps_all_it_gained() {
    let mut tally = Tally::new(names());
    for n in 0..5 {
        tally.call(&call(n, "thief", 1), hostile(50, 4, 2));
    }
    let scores = scores(tally, vec![bola()]);
    let row = &kinds(&scores.outcomes)[0];
    assert_eq!((row.block.hits, row.calls.count, row.records.median), (0, 0, 10.0));
}

#[test]
fn a_block_of_an_innocent_is_counted_per_client_day_with_its_minutes() {
    let mut tally = Tally::new(names());
    for actor in 1..=4 {
        tally.call(&call(1, &actor.to_string(), 9), honest(actor));
    }
    tally.call(&call(2, "1", 9), honest(1));
    tally.verdict(&verdict(2, token("1"), Action::Block, "probing"), second(4));
    tally.verdict(&verdict(3, token("1"), Action::Block, "probing"), second(4));
    tally.call(&call(3, "1", 9), honest(1));
    // 902 - 302 seconds are left of the block at the first refused call.
    tally.call(&call(302, "1", 9), honest(1));
    tally.call(&call(400, "1", 9), honest(1));
    let report = BudgetReport::of(2.0, scores(tally, Vec::new()));
    assert_eq!((report.false_blocks.count, report.false_blocks.exposure, report.denied.count), (1, 4, 1));
    assert!((report.false_blocks.rate - 250_000.0).abs() < 1e-6);
    assert_eq!((report.denials.mistaken.blocks, report.denials.mistaken.actors), (2, 1));
    assert!((report.denials.mistaken.minutes - 10.0).abs() < 0.02, "{:?}", report.denials);
    assert!((report.denied_minutes_per_million - 2.5e6).abs() < 1e4);
    assert_eq!(report.per_million_calls.exposure, 8);
    assert_eq!(report.archetypes["mobile"].blocks, 1);
    assert_eq!(report.ages[0].1.blocks, 1);
    assert_eq!((report.worst_days[0].cell.blocks, report.worst_days[0].upheavals[0].as_str()), (1, "outage"));
    assert_eq!(report.examples[0].archetype, "mobile");
}

#[test]
fn who_shares_an_attackers_address_is_collateral_and_no_false_block() {
    let mut tally = Tally::new(names());
    tally.call(&call(1, "", 9), hostile(50, 4, 0));
    tally.call(&call(2, "1", 9), honest(1));
    tally.verdict(&verdict(3, address(9), Action::Block, "probing"), second(3));
    tally.call(&call(4, "1", 9), honest(1));
    let scores = scores(tally, vec![bola()]);
    assert_eq!((scores.total.blocks, scores.total.denied), (0, 1));
    assert_eq!((scores.denials.shared.actors, scores.denials.mistaken.actors), (1, 0));
    assert!(scores.outcomes[0].hits[2].is_some());
}

#[test]
fn a_stolen_credential_is_a_hit_and_its_owner_a_loss_by_theft() {
    let mut tally = Tally::new(names());
    tally.call(&call(1, "thief", 1), honest(1));
    tally.call(&call(2, "thief", 2), hostile(50, 4, 1));
    tally.verdict(&verdict(2, token("thief"), Action::Block, "binding"), second(2));
    tally.call(&call(3, "thief", 1), honest(1));
    let scores = scores(tally, vec![bola()]);
    assert_eq!((scores.total.blocks, scores.denials.stolen.actors), (0, 1));
    assert_eq!(scores.outcomes[0].explained, Some(false));
}

#[test]
fn a_framed_victim_is_a_false_block_even_when_the_attack_carried_its_name() {
    let mut tally = Tally::new(names());
    let mut attack = bola();
    attack.victims = vec![token("victim").id];
    tally.call(&call(1, "victim", 1), honest(1));
    tally.call(&call(2, "victim", 2), hostile(50, 4, 0));
    tally.verdict(&verdict(2, token("victim"), Action::Block, "probing"), second(2));
    tally.call(&call(3, "victim", 1), honest(1));
    let scores = scores(tally, vec![attack]);
    assert_eq!((scores.total.blocks, scores.denials.framed.actors), (1, 1));
    assert_eq!((scores.outcomes[0].hits[2], scores.outcomes[0].framed), (None, 1));
    assert!(scores.examples[0].framed);
}

#[test]
fn a_client_application_of_thousands_is_not_the_attacker() {
    let mut tally = Tally::new(names());
    let app = names().named(PrincipalKind::Client, "app");
    for (actor, label) in [(1_u32, honest(1)), (50, hostile(50, 4, 0))] {
        let mut call = call(u64::from(actor), "t", 1);
        call.identities = vec![app.clone()].into();
        tally.call(&call, label);
    }
    tally.verdict(&verdict(60, app, Action::Block, "volume"), second(60));
    let scores = scores(tally, vec![bola()]);
    assert_eq!((scores.total.blocks, scores.outcomes[0].hits[2]), (1, None));
}

#[test]
fn campaigns_are_noticed_by_their_own_detector_and_measured_by_members() {
    let mut tally = Tally::new(names());
    let mut attack = bola();
    (attack.campaign, attack.explained_by) = (true, vec!["stuffing".into()]);
    for member in 0..4 {
        tally.call(&call(u64::from(member), "", member), hostile(50 + u32::from(member), 4, 0));
    }
    tally.finding(&finding(4, address(0), "login"));
    tally.finding(&finding(4, address(3), "stuffing"));
    tally.verdict(&verdict(4, address(3), Action::RateLimit, "stuffing"), second(4));
    tally.call(&call(5, "1", 77), honest(1));
    tally.verdict(&verdict(5, token("1"), Action::RateLimit, "stuffing"), second(5));
    let scores = scores(tally, vec![attack]);
    assert_eq!(scores.crowd, [1, 1]);
    let kinds = kinds(&scores.outcomes);
    assert_eq!((kinds[0].noticed.hits, kinds[0].calls_noticed.median), (1, 4.0));
    assert!((kinds[0].members_hit - 0.25).abs() < 1e-9);
    assert!((sets(&kinds, &scores.outcomes).campaigns - 1.0).abs() < 1e-9);
}

#[test]
fn days_of_principals_that_attacks_used_do_not_calibrate() {
    let mut tally = Tally::new(names());
    tally.call(&call(1, "1", 9), honest(1));
    tally.call(&call(1, "thief", 9), hostile(50, 4, 0));
    let day = Day { cohort: "web", p: 1e-4, voices: &[("volume", 1e-3)] };
    tally.day(token("1").id, &day);
    tally.day(token("thief").id, &day);
    tally.day(token("unseen").id, &day);
    let rows = scores(tally, Vec::new()).calibration.rows();
    assert_eq!((rows[0].detector.as_str(), rows[0].days, rows[0].observed[0].hits), ("fused", 1, 1));
}

#[test]
fn runs_add_up() {
    let run = |actor| {
        let mut tally = Tally::new(names());
        tally.call(&call(1, "x", 9), honest(actor));
        tally.call(&call(1, "thief", 1), hostile(50, 4, 1));
        scores(tally, vec![bola()])
    };
    let mut sum = run(1);
    sum.add(run(2));
    assert_eq!((sum.total.actor_days, sum.calls, sum.outcomes.len(), sum.days.len()), (2, 4, 2, 2));
    assert_eq!(BudgetReport::of(2.0, sum).days[0].actor_days, 2);
}
