//! The simulator as its users see it: what holds of every world, seed and attack.

use std::collections::{BTreeMap, BTreeSet};

use model::{Grade, PrincipalId, Pseudonyms, Timestamp};
use sim::{ATTACKS, Archetype, AttackOrder, Events, Origin, SimConfig, Simulation, WorldName};

fn names() -> Pseudonyms {
    Pseudonyms::new([7; 16])
}

fn config(world: WorldName, principals: u32, days: u32) -> SimConfig {
    SimConfig { world, principals, days, ..SimConfig::default() }
}

#[test]
fn the_same_seed_gives_the_same_calls_and_another_gives_others() {
    let run = |seed| {
        let attacks = vec![AttackOrder::new("bola_fast", 1), AttackOrder::new("stuffing_one_address", 1)];
        let config = SimConfig { seed, attacks, events: Events::Every, ..config(WorldName::Shop, 120, 1) };
        Simulation::new(config, names()).expect("fits").take(8_000).collect::<Vec<_>>()
    };
    let (first, second) = (run(5), run(5));
    assert_eq!(first, second);
    assert_ne!(first[..50], run(6)[..50]);
}

#[test]
fn calls_come_in_the_order_in_which_they_are_judged() {
    for world in WorldName::ALL {
        let mut last = (Timestamp::ZERO, Timestamp::ZERO);
        let mut n = 0;
        let config = SimConfig { events: Events::Every, ..config(world, 150, 2) };
        for (call, _) in Simulation::new(config, names()).expect("fits") {
            assert!((call.ended_at, call.at) >= last, "{} after {last:?}", call.ended_at);
            assert!(call.at <= call.ended_at);
            last = (call.ended_at, call.at);
            n += 1;
        }
        assert!(n > 3_000, "{}: {n} calls", world.name());
    }
}

#[test]
fn every_kind_of_attack_makes_calls_of_its_own_and_blames_nobody_else() {
    for world in WorldName::ALL {
        let attacks: Vec<_> = ATTACKS
            .iter()
            .map(|kind| AttackOrder { spread: 0.05, ..AttackOrder::new(kind.name, 1) })
            .collect();
        let config = SimConfig { attacks, events: Events::None, ..config(world, 400, 4) };
        let mut simulation = Simulation::new(config, names()).expect("fits");
        let mut by_attack: BTreeMap<u32, u64> = BTreeMap::new();
        for (_, origin) in simulation.by_ref() {
            let is_turned = origin.archetype != Archetype::Attacker;
            assert!(origin.attack.is_some() || is_turned, "an attacker's call without its attack");
            if let Some(attack) = origin.attack {
                *by_attack.entry(attack.0).or_default() += 1;
            }
        }
        let truth = simulation.truth();
        for attack in &truth.attacks {
            let calls = by_attack.get(&attack.id.0).copied().unwrap_or(0);
            assert!(calls > 0, "{}: {} made no call", world.name(), attack.kind);
            assert_eq!(calls, attack.calls, "{}", attack.kind);
            assert!(!attack.guilty.is_empty(), "{}: {} has nobody to blame", world.name(), attack.kind);
            assert!(attack.guilty.iter().all(|id| !attack.victims.contains(id)));
        }
        let honest: BTreeSet<PrincipalId> = truth
            .actors
            .iter()
            .filter(|actor| actor.attack.is_none())
            .flat_map(|actor| actor.principals.iter().copied())
            .collect();
        for attack in truth.attacks.iter().filter(|attack| attack.kind.starts_with("framing")) {
            assert!(
                attack.guilty.iter().all(|id| !honest.contains(id)),
                "{} blames an honest client",
                attack.kind
            );
        }
    }
}

#[test]
fn honest_clients_are_unlike_one_another() {
    let config = SimConfig { events: Events::None, ..config(WorldName::Shop, 1_500, 2) };
    let mut calls: BTreeMap<u32, (Archetype, u64)> = BTreeMap::new();
    let mut failed = 0;
    let mut all = 0;
    for (call, Origin { actor, archetype, .. }) in Simulation::new(config, names()).expect("fits") {
        calls.entry(actor.0).or_insert((archetype, 0)).1 += 1;
        failed += u64::from(call.status.is_some_and(|status| (400..500).contains(&status)));
        all += 1;
        assert_eq!(call.grade, Grade::A);
    }
    let seen: BTreeSet<_> = calls.values().map(|(archetype, _)| *archetype).collect();
    assert!(seen.len() >= 13, "{seen:?}");
    let mut phones: Vec<u64> =
        calls.values().filter(|(archetype, _)| *archetype == Archetype::Mobile).map(|(_, n)| *n).collect();
    phones.sort_unstable();
    let (median, top) = (phones[phones.len() / 2], phones[phones.len() * 99 / 100]);
    assert!(top > 6 * median, "median {median}, one in a hundred {top}");
    let share = failed as f64 / all as f64;
    assert!((0.002..0.08).contains(&share), "{share} of the calls fail");
}

#[test]
fn a_refused_credential_gets_403_and_its_owner_reacts() {
    let attacks = vec![AttackOrder { from_start: true, ..AttackOrder::new("bola_fast", 3) }];
    let config = SimConfig { attacks, events: Events::None, ..config(WorldName::Shop, 200, 1) };
    let mut simulation = Simulation::new(config, names()).expect("fits");
    let (mut refused, mut denied) = (BTreeSet::new(), 0);
    while let Some((call, origin)) = simulation.next() {
        if origin.denied {
            denied += 1;
            assert_eq!(call.status, Some(403));
        }
        if origin.attack.is_some()
            && let Some(one) = call.identities.iter().find(|one| one.kind.is_credential())
            && refused.insert(one.id)
        {
            simulation.refuse(one.id, call.ended_at, Timestamp::from_nanos(u64::MAX));
        }
    }
    let truth = simulation.truth();
    assert!(denied > 0 && truth.attacks.iter().any(|attack| attack.returns > 0));
    assert!(truth.attacks.iter().all(|attack| attack.calls < 600), "they go on as if nothing had happened");
    assert!(truth.actors.iter().filter(|actor| actor.attack.is_none()).all(|actor| actor.denied == 0));
}

#[test]
fn what_the_sensor_misses_is_missing_and_counted_all_the_same() {
    let n = |loss| {
        let config = SimConfig { loss, events: Events::None, ..config(WorldName::Bank, 200, 1) };
        let mut simulation = Simulation::new(config, names()).expect("fits");
        let seen = simulation.by_ref().count() as u64;
        (seen, simulation.truth().actors.iter().map(|actor| actor.calls).sum::<u64>())
    };
    let (all, made) = n(0.0);
    assert_eq!(all, made);
    let (seen, made) = n(0.3);
    let share = seen as f64 / made as f64;
    assert!((0.66..0.74).contains(&share), "{share}");
}
