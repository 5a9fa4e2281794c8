//! What others know of addresses: a holder at two places at once is asked who it is, unless that is usual here; a listed address
//! makes odd deeds count for more, unless honest callers come from there too; and nobody is judged for its address alone.
#![allow(clippy::panic, reason = "tests")]

mod support;

use std::{net::IpAddr, sync::Arc};

use engine::EngineConfig;
use model::{Action, ApiCall, Known, Mode, Places, Spot, ThreatList};
use support::{Build, Stage, call, token};

/// 198.51.0.0/16 is Berlin, 203.0.0.0/8 is Lima, of all others nobody knows.
#[derive(Debug)]
struct Atlas;

impl Places for Atlas {
    fn find(&self, address: IpAddr) -> Option<Spot> {
        let IpAddr::V4(v4) = address else { return None };
        match v4.octets() {
            [198, 51, ..] => Some(Spot { latitude: 52.5, longitude: 13.4, radius_km: 20.0, country: *b"DE" }),
            [203, ..] => Some(Spot { latitude: -12.0, longitude: -77.0, radius_km: 50.0, country: *b"PE" }),
            _ => None,
        }
    }
}

fn stage(known: Known) -> Stage {
    Stage::new(EngineConfig { mode: Mode::Enforce, known, ..EngineConfig::default() })
}

fn read(who: u64) -> ApiCall {
    call("GET", &format!("/api/orders/{}", who * 10), 200).by(&token(&format!("customer-{who}")))
}

fn home(who: u64) -> String {
    format!("198.51.{}.7", who % 250)
}

/// Callers of Berlin on so many days, of whom one in `leap_every` is in Lima an hour later.
fn days(stage: &mut Stage, callers: u64, days: u64, leap_every: u64) {
    for day in 0..days {
        for who in 0..callers {
            (0..3).for_each(|_| stage.play_every(read(who).from(&home(who)), 1.0));
        }
        stage.wait(3_600.0);
        for who in (0..callers).filter(|who| (who + day) % leap_every == 0) {
            stage.play_every(read(who).from("203.0.113.9"), 1.0);
        }
        stage.wait(86_400.0 - 3_600.0 - (callers * 3) as f64);
    }
}

fn leaps(stage: &mut Stage, who: u64) {
    for n in 0..6 {
        let from = if n % 2 == 0 { home(who) } else { "203.0.113.77".to_owned() };
        stage.play_every(read(who).from(&from), 600.0);
    }
}

fn told_of_travel(stage: &Stage, who: u64) -> bool {
    let name = token(&format!("customer-{who}"));
    stage
        .findings()
        .iter()
        .any(|found| found.detector == "travel" && found.principal == name && found.p < 1e-2)
}

#[test]
fn who_is_at_two_places_at_once_is_asked_who_it_is() {
    let mut stage = stage(Known { places: Some(Arc::new(Atlas)), ..Known::default() });
    days(&mut stage, 150, 25, u64::MAX);
    stage.assert_quiet();
    leaps(&mut stage, 7);
    assert_eq!(stage.strongest(&token("customer-7")), Some(Action::StepUp));
    let found = stage.findings();
    let said = found.iter().rfind(|found| found.detector == "travel").expect("a finding");
    assert!(
        said.reason.contains("DE (52.5, 13.4)") && said.reason.contains("PE (-12.0, -77.0)"),
        "{}",
        said.reason
    );
}

#[test]
fn without_places_nobody_travels() {
    let mut stage = stage(Known::default());
    days(&mut stage, 150, 25, u64::MAX);
    leaps(&mut stage, 7);
    stage.assert_quiet();
    assert!(!told_of_travel(&stage, 7));
}

#[test]
fn where_many_come_out_elsewhere_nobody_is_asked() {
    let mut stage = stage(Known { places: Some(Arc::new(Atlas)), ..Known::default() });
    days(&mut stage, 150, 25, 20);
    leaps(&mut stage, 7);
    stage.assert_quiet();
}

/// Calls until a prober at an address suffers the action.
fn probes(stage: &mut Stage, from: &str) -> u64 {
    let who = support::address(from);
    for n in 0..60 {
        stage.play_every(call("GET", &format!("/old-{n}/x"), 404).from(from), 1.0);
        if stage.strongest(&who) == Some(Action::Block) {
            return n;
        }
    }
    60
}

fn listed(networks: &[(&str, u8)]) -> Known {
    let networks = networks.iter().map(|(net, prefix)| (net.parse().expect("literal"), *prefix));
    Known { lists: [ThreatList::new("scanners", networks)].into(), ..Known::default() }
}

/// Callers without credentials, as many days as a list needs.
fn visitors(stage: &mut Stage) {
    for day in 0..6 {
        for who in 0..150 {
            stage.play_every(call("GET", "/api/news", 200).from(&format!("198.51.{day}.{who}")), 1.0);
        }
        stage.wait(86_000.0);
    }
}

#[test]
fn a_prober_at_a_listed_address_is_blocked_sooner_and_says_why() {
    let (mut plain, mut heeding) = (stage(Known::default()), stage(listed(&[("192.0.2.0", 24)])));
    visitors(&mut plain);
    visitors(&mut heeding);
    let (late, soon) = (probes(&mut plain, "192.0.2.9"), probes(&mut heeding, "192.0.2.9"));
    assert!(soon < late && late < 60, "{soon} {late}");
    let verdicts = heeding.verdicts();
    let verdict = verdicts.iter().find(|verdict| verdict.would == Action::Block).expect("a block");
    assert!(verdict.reason.contains("on the list scanners"), "{}", verdict.reason);
}

#[test]
fn a_listed_address_alone_is_nothing() {
    let mut stage = stage(listed(&[("192.0.2.0", 24)]));
    visitors(&mut stage);
    for n in 0..300 {
        let path = format!("/api/news/{}", n % 7);
        stage.play_every(call("GET", &path, if n % 60 == 0 { 404 } else { 200 }).from("192.0.2.9"), 20.0);
    }
    stage.assert_quiet();
}

#[test]
fn a_list_that_names_the_honest_changes_nothing() {
    let (mut plain, mut heeding) =
        (stage(Known::default()), stage(listed(&[("198.51.0.0", 16), ("192.0.2.0", 24)])));
    visitors(&mut plain);
    visitors(&mut heeding);
    assert_eq!(probes(&mut plain, "192.0.2.9"), probes(&mut heeding, "192.0.2.9"));
}
