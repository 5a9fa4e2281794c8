//! Framing: an attacker who speaks in a victim's name never gets the victim blocked, slowed down or asked again.

use std::net::Ipv4Addr;

use model::{Action, Principal, PrincipalKind};
use sensor::SensorConfig;
use tests::{
    http,
    judged::{Judged, judged, names},
    scene::{Customer, Scene, base64url, customers, jwt},
    wire::{flags, frame},
};

const ATTACKER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 66);

fn victim() -> Customer {
    Customer { number: 3 }
}

/// Everything by which the victim could be blocked.
fn victims_names() -> Vec<Principal> {
    let names = names();
    let victim = victim();
    vec![
        names.named(PrincipalKind::User, &victim.name()),
        names.credential(PrincipalKind::Token, victim.token().as_bytes()),
        names.address(victim.address().into()),
    ]
}

fn assert_victim_untouched(judged: &Judged) {
    for name in victims_names() {
        let worst = judged.worst_for(&name);
        assert!(worst.is_none_or(|action| !action.is_enforceable()), "{name}: {worst:?}");
    }
}

/// An ordinary day, the attack, and the victim going on as usual.
fn day_with(attack: impl FnOnce(&mut Scene)) -> Judged {
    let everybody = customers(30);
    let mut scene = Scene::default();
    scene.ordinary_day(&everybody, 3);
    attack(&mut scene);
    scene.ordinary_day(&everybody, 1);
    judged(&scene.wire.frames, SensorConfig::default())
}

#[test]
fn passwords_tried_in_the_victims_name() {
    let judged = day_with(|scene| {
        let tries = (0..60).map(|n| {
            let body = format!("{{\"username\":\"{}\",\"password\":\"guess-{n}\"}}", victim().name());
            (http::request("POST", "/api/login", &[], &body), http::answer(401, "{\"error\":\"wrong\"}"))
        });
        let tries: Vec<_> = tries.collect();
        scene.visit(ATTACKER, &tries);
    });
    assert_victim_untouched(&judged);
}

#[test]
fn basic_auth_in_the_victims_name() {
    let judged = day_with(|scene| {
        let tries = (0..60).map(|n| {
            let pair = base64url(format!("{}:guess-{n:03}xx", victim().name()).as_bytes());
            let pair = pair.replace('-', "+").replace('_', "/");
            let basic = format!("Basic {pair}");
            (http::get("/api/orders", &[("Authorization", &basic)]), http::answer(401, "{}"))
        });
        let tries: Vec<_> = tries.collect();
        scene.visit(ATTACKER, &tries);
    });
    assert_victim_untouched(&judged);
}

#[test]
fn forged_tokens_with_the_victims_subject_refused_by_the_shop() {
    let judged = day_with(|scene| {
        let tries = (0..60).map(|n| {
            let token = format!("Bearer {}", jwt(&victim().name(), &format!("forged-{n}")));
            let path = format!("/api/orders/{}", 100_000 + n * 7);
            (http::get(&path, &[("Authorization", &token)]), http::answer(401, "{}"))
        });
        let tries: Vec<_> = tries.collect();
        scene.visit(ATTACKER, &tries);
    });
    assert_victim_untouched(&judged);
}

#[test]
fn forged_tokens_with_the_victims_subject_on_public_routes() {
    let judged = day_with(|scene| {
        let mut tries = Vec::new();
        for n in 0..80 {
            let token = format!("Bearer {}", jwt(&victim().name(), &format!("forged-{}", n % 4)));
            let headers = [("Authorization", token.as_str())];
            tries.push((http::get("/api/products/1", &headers), http::answer(200, "{}")));
            tries.push((http::get(&format!("/api/hidden/{n}/x{n}"), &headers), http::answer(404, "{}")));
        }
        scene.visit(ATTACKER, &tries);
    });
    assert_victim_untouched(&judged);
}

#[test]
fn the_victims_address_in_forwarding_headers() {
    let judged = day_with(|scene| {
        let address = victim().address().to_string();
        let forwarded = format!("for={address}");
        let headers =
            [("X-Forwarded-For", address.as_str()), ("Forwarded", &forwarded), ("X-Real-IP", &address)];
        let probes = (0..60).map(|n| (http::get(&format!("/probe/{n}"), &headers), http::answer(404, "{}")));
        let probes: Vec<_> = probes.collect();
        scene.visit(ATTACKER, &probes);
    });
    assert_victim_untouched(&judged);
    let attacker = names().address(ATTACKER.into());
    let worst = judged.worst_for(&attacker);
    assert_eq!(worst, Some(Action::Block), "the real prober is blocked by its own address");
}

#[test]
fn spoofed_requests_with_the_victims_token_and_no_handshake() {
    let judged = day_with(|scene| {
        let token = format!("Bearer {}", victim().token());
        for n in 0..60_u16 {
            let request = http::get(&format!("/probe/{n}"), &[("Authorization", &token)]);
            let from = std::net::SocketAddrV4::new(victim().address(), 40_000 + n);
            scene.wire.put(frame(from, tests::scene::SHOP, 77, 88, flags::ACK | flags::PSH, &request));
            scene.wire.put(frame(tests::scene::SHOP, from, 88, 0, flags::RST, &[]));
        }
    });
    assert_victim_untouched(&judged);
}

#[test]
fn spoofed_answers_too_without_a_handshake() {
    let judged = day_with(|scene| {
        let token = format!("Bearer {}", victim().token());
        for n in 0..60_u16 {
            let request = http::get(&format!("/probe/{n}"), &[("Authorization", &token)]);
            let answer = http::answer(404, "{}");
            let from = std::net::SocketAddrV4::new(victim().address(), 41_000 + n);
            let request_end = 77 + u32::try_from(request.len()).expect("small");
            scene.wire.put(frame(from, tests::scene::SHOP, 77, 88, flags::ACK | flags::PSH, &request));
            scene.wire.put(frame(tests::scene::SHOP, from, 88, request_end, flags::ACK, &answer));
        }
    });
    assert_victim_untouched(&judged);
}
