//! Other services than the recorded shop: ids in other places and forms, other credentials, no lists. Whoever walks
//! through the objects of others is blocked; nobody else meets more than a note.

use std::net::Ipv4Addr;

use model::{Action, Principal, PrincipalKind};
use sensor::SensorConfig;
use tests::{
    http,
    judged::{judged, names},
    scene::Scene,
};

/// How a service names objects and callers.
struct Service {
    name: &'static str,
    /// The path that reads object `n` of caller `who`.
    path: fn(who: u16, n: u32) -> String,
    /// The header that presents the credential of caller `who`.
    credential: fn(who: u16) -> (&'static str, String, PrincipalKind, String),
    /// Whether a list tells the callers their objects first.
    lists: bool,
}

fn object(who: u16, n: u32) -> u64 {
    u64::from(who) * 977 + u64::from(n) * 31 + 5000
}

fn uuid(who: u16, n: u32) -> String {
    let mixed = object(who, n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        mixed >> 32,
        mixed >> 16 & 0xffff,
        mixed & 0xfff,
        mixed >> 8 & 0xfff,
        mixed & 0xffff_ffff_ffff
    )
}

fn opaque(who: u16) -> String {
    format!("{:032x}", u128::from(who) * 0x1234_5678_9abc_def1_2345 + 0xabcd)
}

fn bearer(who: u16) -> (&'static str, String, PrincipalKind, String) {
    ("Authorization", format!("Bearer {}", opaque(who)), PrincipalKind::Token, opaque(who))
}

fn api_key(who: u16) -> (&'static str, String, PrincipalKind, String) {
    ("X-API-Key", opaque(who), PrincipalKind::ApiKey, opaque(who))
}

fn cookie(who: u16) -> (&'static str, String, PrincipalKind, String) {
    ("Cookie", format!("theme=dark; sessionid={}", opaque(who)), PrincipalKind::Cookie, opaque(who))
}

const SERVICES: &[Service] = &[
    Service {
        name: "uuids",
        path: |w, n| format!("/v2/documents/{}", uuid(w, n)),
        credential: bearer,
        lists: true,
    },
    Service {
        name: "no lists",
        path: |w, n| format!("/invoices/{}/pdf", object(w, n)),
        credential: bearer,
        lists: false,
    },
    Service {
        name: "query",
        path: |w, n| format!("/account?account_id={}", object(w, n)),
        credential: api_key,
        lists: false,
    },
    Service {
        name: "nested",
        path: |w, n| format!("/users/{}/messages/{}", 40 + w, object(w, n)),
        credential: cookie,
        lists: true,
    },
    Service {
        name: "composite",
        path: |w, n| format!("/api/claims/CLM-2026-{:05}", object(w, n)),
        credential: bearer,
        lists: true,
    },
];

fn headers(service: &Service, who: u16) -> (&'static str, String) {
    let (name, value, ..) = (service.credential)(who);
    (name, value)
}

fn read(service: &Service, reader: u16, owner: u16, n: u32) -> (Vec<u8>, Vec<u8>) {
    let (name, value) = headers(service, reader);
    let fields = [(name, value.as_str()), ("User-Agent", "client/2"), ("Accept", "application/json")];
    (http::get(&(service.path)(owner, n), &fields), http::answer(200, "{\"state\":\"open\",\"amount\":3}"))
}

fn address(who: u16) -> Ipv4Addr {
    let [high, low] = (who + 1).to_be_bytes();
    Ipv4Addr::new(172, 18, high, low)
}

fn visits(scene: &mut Scene, service: &Service, who: u16) {
    let mut exchanges = Vec::new();
    if service.lists {
        let (name, value) = headers(service, who);
        let paths: Vec<String> = (0..3).map(|n| (service.path)(who, n)).collect();
        let parent = paths[0].rsplit_once('/').map_or("/", |(parent, _)| parent).to_string();
        let ids: Vec<String> = paths
            .iter()
            .filter_map(|path| path.rsplit('/').next())
            .map(|id| {
                if id.bytes().all(|b| b.is_ascii_digit()) {
                    format!("{{\"id\":{id}}}")
                } else {
                    format!("{{\"id\":\"{id}\"}}")
                }
            })
            .collect();
        let body = format!("{{\"items\":[{}]}}", ids.join(","));
        exchanges.push((
            http::get(&parent, &[(name, value.as_str()), ("User-Agent", "client/2")]),
            http::answer(200, &body),
        ));
    }
    exchanges.extend((0..3).map(|n| read(service, who, who, n)));
    scene.visit(address(who), &exchanges);
}

#[test]
fn whoever_walks_through_the_objects_of_others_is_blocked_and_nobody_else() {
    for service in SERVICES {
        let mut scene = Scene::default();
        for _ in 0..4 {
            for who in 0..30 {
                visits(&mut scene, service, who);
            }
            scene.wire.wait_ms(5_000);
        }
        let culprit = 11;
        let walk: Vec<_> =
            (0..30).filter(|who| *who != culprit).map(|who| read(service, culprit, who, 1)).collect();
        scene.visit(address(culprit), &walk);
        for who in 0..30 {
            visits(&mut scene, service, who);
        }
        let judged = judged(&scene.wire.frames, SensorConfig::default());
        for who in 0..30 {
            let (_, _, kind, clear) = (service.credential)(who);
            let principals: [Principal; 2] =
                [names().credential(kind, clear.as_bytes()), names().address(address(who).into())];
            let worst = principals.iter().filter_map(|one| judged.worst_for(one)).max();
            if who == culprit {
                assert_eq!(worst, Some(Action::Block), "{}: the culprit", service.name);
            } else {
                assert!(worst <= Some(Action::Notify), "{}: client {who} met {worst:?}", service.name);
            }
        }
        let first =
            judged.verdicts.iter().find(|verdict| verdict.action == Action::Block).expect("just seen");
        let calls = first.evidence.calls.len();
        println!("{}: blocked after {calls} evidence calls: {}", service.name, first.reason);
    }
}
