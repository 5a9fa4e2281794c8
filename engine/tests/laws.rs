//! Laws of the engine: the same calls give the same judgements, floods stay flat, restarts and pardons hold.

mod support;

use engine::{Engine, EngineConfig, Judgement};
use model::{Action, Loss, Mode};
use support::{Build, Dice, Stage, address, call, names, token};

/// Half a day of everything: a shop, an enumerator, a prober, a stuffer.
fn everything(stage: &mut Stage) {
    stage.shop(30, 8);
    let mut dice = Dice(1);
    for n in 0..200_u64 {
        stage.play(
            call("GET", &format!("/api/orders/{}", dice.below(300)), 200)
                .by(&token("thief"))
                .from("192.0.2.1"),
        );
        stage.play(call("GET", &format!("/x/{}y", dice.below(50)), 404).from("192.0.2.2"));
        let tag = u16::try_from(n).expect("small");
        stage.play(call("POST", "/login", 401).tries(&format!("u{}", dice.below(40)), tag).from("192.0.2.3"));
    }
}

fn text(said: &[Judgement]) -> String {
    let line = |said: &Judgement| match said {
        Judgement::Finding(finding) => serde_json::to_string(finding).expect("serialises"),
        Judgement::Verdict(verdict) => serde_json::to_string(verdict).expect("serialises"),
    };
    said.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_same_calls_give_the_same_judgements_byte_for_byte() {
    let (mut one, mut two) = (Stage::enforcing(), Stage::enforcing());
    everything(&mut one);
    everything(&mut two);
    assert!(one.verdicts().len() >= 3);
    assert_eq!(text(&one.said), text(&two.said));
    assert_eq!(one.engine.summary(), two.engine.summary());
}

#[test]
fn monitor_mode_says_what_enforcement_would_do_and_does_nothing() {
    let mut stage = Stage::new(EngineConfig::default());
    everything(&mut stage);
    assert!(stage.verdicts().iter().all(|verdict| verdict.action <= Action::Notify));
    assert_eq!(stage.strongest(&token("thief")), Some(Action::Block));
}

#[test]
fn one_verdict_is_live_and_doubles_on_relapse() {
    let mut stage = Stage::new(EngineConfig::default());
    let probe = |n: u64| call("GET", &format!("/admin/t{n}x"), 404).from("192.0.2.66");
    (0..20).for_each(|n| stage.play(probe(n)));
    let actions: Vec<_> = stage.verdicts().iter().map(|verdict| verdict.would).collect();
    assert!(actions.windows(2).all(|pair| pair[0] < pair[1]), "{actions:?}");
    let first =
        stage.verdicts().last().expect("blocked").until.since(stage.verdicts().last().expect("blocked").at);
    stage.wait(3_600.0);
    (20..25).for_each(|n| stage.play(probe(n)));
    let last =
        stage.verdicts().last().expect("relapsed").until.since(stage.verdicts().last().expect("relapsed").at);
    assert_eq!((first.as_secs(), last.as_secs()), (900, 7_200));
}

#[test]
fn a_verdict_from_before_a_restart_is_not_said_again() {
    let mut before = Stage::enforcing();
    let probe = |n: u64| call("GET", &format!("/admin/t{n}x"), 404).from("192.0.2.66");
    (0..12).for_each(|n| before.play(probe(n)));
    let verdict = before.verdicts().last().copied().expect("blocked").clone();
    assert_eq!(verdict.would, Action::Block);
    let mut after = Stage::enforcing();
    after.engine.resume(std::slice::from_ref(&verdict));
    after.now = before.now;
    (20..40).for_each(|n| after.play(probe(n)));
    assert!(after.verdicts().is_empty());
    after.wait(1_000.0);
    (40..60).for_each(|n| after.play(probe(n)));
    let again = after.verdicts().last().copied().expect("relapsed").clone();
    assert_eq!(again.until.since(again.at).as_secs(), 7_200);
}

#[test]
fn a_pardon_forgets_the_evidence_and_holds_for_a_day() {
    let mut stage = Stage::enforcing();
    let probe = |n: u64| call("GET", &format!("/admin/t{n}x"), 404).from("192.0.2.66");
    (0..12).for_each(|n| stage.play(probe(n)));
    assert_eq!(stage.strongest(&address("192.0.2.66")), Some(Action::Block));
    stage.engine.pardon(address("192.0.2.66").id, stage.now);
    stage.said.clear();
    (12..40).for_each(|n| stage.play(probe(n)));
    assert_eq!(stage.strongest(&address("192.0.2.66")), Some(Action::Notify));
    assert_eq!(stage.verdicts()[0].held_by.as_deref(), Some("pardoned"));
}

#[test]
fn never_block_and_infrastructure_hold() {
    let config = EngineConfig {
        mode: Mode::Enforce,
        never_block: vec![engine::NeverBlock::Network("192.0.2.0".parse().expect("literal"), 25)],
        infrastructure: vec!["192.0.2.200".parse().expect("literal")],
        ..EngineConfig::default()
    };
    let mut stage = Stage::new(config);
    for n in 0..30 {
        stage.play(call("GET", &format!("/admin/t{n}x"), 404).from("192.0.2.66"));
        stage.play(call("GET", &format!("/admin/t{n}x"), 404).from("192.0.2.200"));
    }
    assert_eq!(stage.strongest(&address("192.0.2.66")), Some(Action::Notify));
    assert_eq!(stage.strongest(&address("192.0.2.200")), Some(Action::Notify));
}

#[test]
fn lesser_grades_never_act() {
    let mut stage = Stage::enforcing();
    for n in 0..30 {
        let mut probe = call("GET", &format!("/admin/t{n}x"), 404).from("192.0.2.66");
        probe.grade = model::Grade::B;
        stage.play(probe);
    }
    assert_eq!(stage.strongest(&address("192.0.2.66")), Some(Action::Notify));
    assert_eq!(stage.verdicts()[0].held_by.as_deref(), Some("grade"));
}

#[test]
fn spoofed_calls_in_a_victims_name_never_act_on_the_victim() {
    let mut stage = Stage::enforcing();
    let victim = token("customer-9");
    let home = "198.51.1.10";
    for n in 0..30 {
        let mut spoofed = call("GET", &format!("/api/orders/{}", n * 10), 200).by(&victim).from(home);
        spoofed.grade = model::Grade::B;
        stage.play(spoofed);
    }
    stage.shop(30, 8);
    for n in 0..30 {
        for path in [format!("/api/orders/{}", n * 10), format!("/admin/{n}x")] {
            let mut spoofed = call("GET", &path, if path.starts_with("/admin") { 404 } else { 200 });
            spoofed.grade = if n % 2 == 0 { model::Grade::B } else { model::Grade::C };
            stage.play(spoofed.by(&victim).from(home));
        }
    }
    stage.assert_quiet();
}

#[test]
fn a_runaway_stops_at_the_blast_radius() {
    let mut stage = Stage::enforcing();
    for n in 0..60 {
        let mut touch = call("GET", "/trap", 404).from(&format!("192.0.2.{n}"));
        touch.decoys.push("trap".into());
        stage.play(touch);
    }
    let blocks = stage.verdicts().iter().filter(|verdict| verdict.action == Action::Block).count();
    let held =
        stage.verdicts().iter().filter(|verdict| verdict.held_by.as_deref() == Some("blast_radius")).count();
    assert_eq!((blocks, held), (10, 50));
}

#[test]
fn answers_of_our_own_block_are_no_evidence() {
    let mut stage = Stage::enforcing();
    stage.shop(10, 4);
    let culprit = token("customer-2");
    let mut touch = call("GET", "/trap", 404).by(&culprit).from("198.51.1.3");
    touch.decoys.push("trap".into());
    stage.play(touch);
    let said = stage.said.len();
    for n in 0..100 {
        stage.play(call("GET", &format!("/api/thing{n}z"), 403).by(&culprit).from("198.51.1.3"));
        stage.play(call("GET", &format!("/api/thing{n}z"), 401).by(&culprit).from("198.51.1.3"));
    }
    assert_eq!(stage.said.len(), said);
}

#[test]
fn a_flood_stays_flat_and_known_callers_stay_judged() {
    let config = EngineConfig { mode: Mode::Enforce, memory_bytes: 24 << 20, ..EngineConfig::default() };
    let mut stage = Stage::new(config);
    stage.shop(30, 8);
    for n in 0..300_000_u64 {
        let junk = names().digested(model::PrincipalKind::Token, digest(n));
        let client = std::net::IpAddr::from([10, (n >> 16) as u8, (n >> 8) as u8, n as u8]);
        let mut flood = call("GET", "/api/profile", if n % 2 == 0 { 200 } else { 401 }).by(&junk);
        flood.client = client;
        stage.play_every(flood, 0.001);
    }
    let summary = stage.engine.summary();
    assert!(summary.memory_bytes <= 24 << 20, "{}", summary.memory_bytes);
    assert!(summary.losses.of(Loss::PrincipalEvicted) > 0);
    let turned = token("customer-3");
    for n in 0..8 {
        stage.play(call("GET", &format!("/api/orders/{}", (n + 5) * 10), 200).by(&turned).from("198.51.1.4"));
    }
    assert_eq!(stage.strongest(&turned), Some(Action::Block));
}

fn digest(n: u64) -> model::Digest {
    format!("{n:064x}").parse().expect("hex")
}

#[test]
fn scanners_do_not_grow_the_routes() {
    let mut stage = Stage::new(EngineConfig::default());
    stage.shop(10, 4);
    let before: Vec<_> = stage.engine.summary().routes.iter().map(|route| route.template.clone()).collect();
    for n in 0..500 {
        stage.play(call("GET", &format!("/wp-{n}q/admin"), 404).from("192.0.2.1"));
    }
    let after: Vec<_> = stage.engine.summary().routes.iter().map(|route| route.template.clone()).collect();
    assert_eq!(before, after);
    assert_eq!(after, ["/api/orders/{int}", "/api/profile"]);
}

#[test]
fn words_that_are_ids_become_slugs_and_collections_do_not() {
    let mut stage = Stage::new(EngineConfig::default());
    let word = |n: u64| {
        (0..6).map(|place| char::from(b'a' + (n * 7 + place * n + 3 * place) as u8 % 26)).collect::<String>()
    };
    for n in 0..80 {
        let who = token(&format!("c{n}"));
        stage.play(call("GET", &format!("/users/{}", word(n)), 200).by(&who));
        for other in 0..4 {
            let path = format!("/rpc/list{}", ["Orders", "Carts", "Shops", "Bills"][other]);
            stage.play(call("GET", &path, 200).by(&who));
        }
    }
    let templates: Vec<_> =
        stage.engine.summary().routes.iter().map(|route| route.template.to_string()).collect();
    assert!(templates.contains(&"/users/{slug}".to_owned()), "{templates:?}");
    assert!(templates.contains(&"/rpc/listOrders".to_owned()), "{templates:?}");
    assert!(templates.len() < 12, "{templates:?}");
}

#[test]
fn a_tick_before_the_first_call_is_harmless() {
    let mut engine = Engine::new(EngineConfig::default(), names());
    let mut said = Vec::new();
    engine.tick(model::Timestamp::from_parts(1, 0), &mut said);
    assert!(said.is_empty());
    assert_eq!(engine.summary().calls, 0);
    assert_eq!(engine.losses().nonzero().count(), 0);
}

/// Blocks two credentials of one user, an hour apart.
fn block_twice(stage: &mut Stage, who: &model::Principal) {
    for (n, credential) in ["first", "second"].into_iter().enumerate() {
        let credential = token(credential);
        stage.play(call("GET", "/api/profile", 401).from("192.0.2.77"));
        for _ in 0..6 {
            stage.play(call("GET", "/api/profile", 200).by(&credential).by(who).from("192.0.2.77"));
        }
        let mut touch = call("GET", "/trap", 404).by(&credential).by(who).from("192.0.2.77");
        touch.decoys.push(format!("trap-{n}").into());
        stage.play(touch);
        stage.wait(3_600.0);
    }
}

#[test]
fn two_blocked_credentials_of_one_user_make_it_the_user() {
    let mut stage = Stage::enforcing();
    stage.shop(10, 4);
    block_twice(&mut stage, &support::user("mallory"));
    let verdict = stage.verdicts().last().copied().expect("a verdict").clone();
    assert_eq!((verdict.principal, verdict.would), (support::user("mallory"), Action::Block));
    assert!(verdict.reason.starts_with("2 credentials of this user"), "{}", verdict.reason);
}

#[test]
fn a_user_that_is_never_blocked_is_not_blocked_by_its_credentials_either() {
    let config = EngineConfig {
        mode: Mode::Enforce,
        never_block: vec![engine::NeverBlock::User("mallory".into())],
        ..EngineConfig::default()
    };
    let mut stage = Stage::new(config);
    stage.shop(10, 4);
    block_twice(&mut stage, &support::user("mallory"));
    stage.assert_quiet();
}

#[test]
fn who_is_still_served_after_its_block_is_told_once() {
    let mut stage = Stage::enforcing();
    stage.shop(10, 4);
    let culprit = token("customer-2");
    let mut touch = call("GET", "/trap", 404).by(&culprit).from("198.51.1.3");
    touch.decoys.push("trap".into());
    stage.play(touch);
    let failed = |stage: &Stage| {
        stage.findings().iter().filter(|finding| finding.detector == "enforcement_failed").count()
    };
    (0..30).for_each(|_| stage.play(call("GET", "/api/profile", 200).by(&culprit).from("198.51.1.3")));
    assert_eq!(failed(&stage), 0);
    (0..90).for_each(|_| stage.play(call("GET", "/api/profile", 200).by(&culprit).from("198.51.1.3")));
    assert_eq!(failed(&stage), 1);
}

#[test]
fn people_keep_the_account_of_wrong_blocks() {
    let mut stage = Stage::enforcing();
    let probe = |n: u64, from: &str| call("GET", &format!("/admin/t{n}x"), 404).from(from);
    for n in 0..12 {
        stage.play(probe(n, "192.0.2.66"));
        stage.play(probe(n, "192.0.2.67"));
    }
    stage.engine.confirm(address("192.0.2.66").id);
    stage.engine.false_alarm(address("192.0.2.67").id, stage.now);
    let budget = stage.engine.summary().budget;
    assert_eq!((budget.blocks, budget.confirmed, budget.false_alarms), (2, 1, 1));
    assert!(budget.expected < 4e-6, "{budget:?}");
    stage.said.clear();
    (12..40).for_each(|n| stage.play(probe(n, "192.0.2.67")));
    assert_eq!(stage.strongest(&address("192.0.2.67")), Some(Action::Notify));
}
