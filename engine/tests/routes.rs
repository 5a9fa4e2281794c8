//! Templates: served paths in, the route that a person would write out.

mod support;

use engine::EngineConfig;
use support::{Build, Stage, call, token};

#[test]
fn paths_become_the_templates_a_person_would_write() {
    let rows = [
        ("/api/v1/orders/17", "/api/v1/orders/{int}"),
        ("/api/v1/orders/18/items/3", "/api/v1/orders/{int}/items/{int}"),
        ("/users/018f5a3e-9c1b-7d2a-8e4f-5a6b7c8d9e0f", "/users/{uuid}"),
        ("/files/5f43a9c0b1d2e3f4", "/files/{hash}"),
        ("/blobs/01ARZ3NDEKTSV4RRFFQ69G5FAV/raw", "/blobs/{hash}/raw"),
        ("/invoices/INV-2024-0017", "/invoices/{id}"),
        ("/invoices/INV-2024-0018/pdf", "/invoices/{id}/pdf"),
        ("/by-mail/amal@example.org", "/by-mail/{id}"),
        ("/v2/oauth2/token", "/v2/oauth2/token"),
        ("/health", "/health"),
        ("/", "/"),
        ("//double//slash/9/", "/double/slash/{int}"),
    ];
    for (path, expected) in rows {
        let mut stage = Stage::new(EngineConfig::default());
        stage.play(call("GET", path, 200).by(&token("t")));
        let routes = stage.engine.summary().routes;
        assert_eq!(routes.len(), 1, "{path}");
        assert_eq!(routes[0].template, expected, "{path}");
        let ids = expected.split('/').filter(|part| !part.is_empty()).enumerate();
        let ids: Vec<_> = ids.filter(|(_, part)| part.starts_with('{')).map(|(at, _)| at).collect();
        assert_eq!(routes[0].id_positions, ids, "{path}");
    }
}

#[test]
fn thirty_collections_with_ids_stay_thirty_routes() {
    let mut stage = Stage::new(EngineConfig::default());
    for round in 0..5 {
        for n in 0..30_u8 {
            let noun: String = [b'a' + n % 26, b'k' + n / 26, b'z'].map(char::from).iter().collect();
            stage.play(call("GET", &format!("/api/{noun}s/{round}"), 200).by(&token(&format!("t{round}"))));
        }
    }
    assert_eq!(stage.engine.summary().routes.len(), 30);
}

#[test]
fn hostile_paths_are_bounded() {
    let config = EngineConfig { memory_bytes: 1 << 20, ..EngineConfig::default() };
    let mut stage = Stage::new(config);
    for n in 0..20_000_u64 {
        let word = |k: u64| (0..5).map(|p| char::from(b'a' + ((k >> (p * 3)) % 8) as u8)).collect::<String>();
        let path = format!("/{}/{}/{}", word(n), word(n * 7), word(n * 31));
        stage.play_every(call("GET", &path, 200).by(&token("t")), 0.01);
    }
    stage.play(call("GET", &"/a".repeat(4_000), 200).by(&token("t")));
    let summary = stage.engine.summary();
    assert!(summary.routes.len() <= 4_096, "{}", summary.routes.len());
    assert!(summary.losses.of(model::Loss::RouteOverflow) > 0);
}
