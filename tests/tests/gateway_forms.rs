//! Odd requests at live gateways: whatever nginx or HAProxy make of them, the sensor makes the same of the same bytes, or
//! says that it is not sure.

use std::collections::BTreeMap;

use sensor::GatewayProfile;
use tests::{
    binary::has,
    forms::{Comparison, Odd, ask_all, compare, odd_requests, sensed},
    gateways::{Gateway, Heard, Kind},
};

/// Doors of a gateway: requests under way at once.
const DOORS: usize = 12;

#[test]
fn nginx_and_we_never_differ_in_silence() {
    compare_with(Kind::Nginx, GatewayProfile::Nginx, "nginx");
}

#[test]
fn haproxy_and_we_never_differ_in_silence() {
    compare_with(Kind::Haproxy, GatewayProfile::Haproxy, "haproxy");
}

fn compare_with(kind: Kind, profile: GatewayProfile, program: &str) {
    if !has(program) && !has(&format!("/usr/sbin/{program}")) {
        tests::binary::skipped(&format!("{program} is not installed"));
        return;
    }
    let list = odd_requests();
    let heard = {
        let gateway = Gateway::start(kind, DOORS);
        ask_all(&gateway, &list)
    };
    let mut silent = Vec::new();
    for profile in [profile, GatewayProfile::Generic] {
        silent.extend(count(program, profile, &list, &heard));
    }
    assert!(silent.is_empty(), "{} differ in silence:\n{}", silent.len(), silent.join("\n"));
}

fn count(program: &str, profile: GatewayProfile, list: &[Odd], heard: &[Heard]) -> Vec<String> {
    let (mut figures, mut silent) = (BTreeMap::new(), Vec::new());
    for (odd, heard) in list.iter().zip(heard) {
        let (calls, losses) = sensed(&odd.bytes, &heard.answered, profile);
        let (comparison, lines) = compare(heard, &calls, &losses);
        let told: Vec<String> = calls
            .iter()
            .map(|call| format!("{} {:?} {:?}", call.status.unwrap_or(0), call.grade, call.ambiguities))
            .collect();
        *figures.entry(comparison).or_insert(0_u32) += 1;
        if comparison != Comparison::Agree {
            println!(
                "{program} read as {profile:?}: {} {comparison:?} {} [{}]",
                odd.id,
                lines.join("; "),
                told.join(", ")
            );
        }
        if comparison == Comparison::DifferSilent {
            silent.push(format!("{program} read as {profile:?}: {}: {}", odd.id, lines.join("; ")));
        }
    }
    println!("{program} read as {profile:?}: {} connections: {figures:?}", list.len());
    silent
}
