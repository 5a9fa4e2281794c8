//! The inventory: calls in, what a person would write down of each route.

mod support;

use engine::{Engine, EngineConfig};
use model::{
    BodyFacts, BodyForm, Charset, Field, Place, Posture, PrincipalKind, Sensitive, SensitiveClass, Signs,
    ValueKind,
};
use support::{Build, Stage, call, mixed, names, token};

fn field(name: &str, kind: ValueKind) -> Field {
    Field {
        name: name.into(),
        kind,
        length: 4,
        charset: Charset::default(),
        magnitude: 0,
        signs: Signs::default(),
    }
}

#[test]
fn a_route_is_told_with_its_consumers_access_parameters_and_sensitive_answers() {
    let mut stage = Stage::new(EngineConfig::default());
    for n in 0..20 {
        let who = token(&format!("t{n}"));
        let mut one = call("GET", &format!("/api/orders/{n}"), if n % 10 == 9 { 503 } else { 200 }).by(&who);
        one.identities.push(names().named(PrincipalKind::Client, "app"));
        let details = one.details_mut();
        details.query.push(field("expand", ValueKind::Bool));
        let sensitive = Sensitive { class: SensitiveClass::Iban, count: 2 };
        details.response = Some(BodyFacts {
            form: BodyForm::Json,
            fields: [field("total", ValueKind::Int)].into_iter().collect(),
            sensitive: [sensitive].into_iter().collect(),
            ..BodyFacts::default()
        });
        stage.play(one);
    }
    stage.play(call("GET", "/api/orders/3", 401));
    stage.play(call("GET", "/health", 200));
    let inventory = stage.engine.inventory();
    assert_eq!((inventory.calls, inventory.left_out), (22, 0));
    let named: Vec<_> = inventory.routes.iter().map(|route| &*route.template).collect();
    assert_eq!(named, ["/api/orders/{int}", "/health"]);
    let orders = &inventory.routes[0];
    assert_eq!((orders.calls, orders.days, orders.busiest_hour), (21, 1, 21));
    assert!((20..=22).contains(&orders.consumers), "{}", orders.consumers);
    assert_eq!(
        (&orders.hosts[..], &orders.applications[..]),
        (&["api.example".into()][..], &["app".into()][..])
    );
    let statuses: Vec<_> = orders.statuses.iter().map(|count| (count.status, count.calls)).collect();
    assert_eq!(statuses, [(200, 18), (401, 1), (503, 2)]);
    assert_eq!((orders.access.posture, orders.access.token), (Posture::Guarded, 18));
    assert_eq!(inventory.routes[1].access.posture, Posture::Open);
    let parameters: Vec<_> =
        orders.parameters.iter().map(|one| (one.place, &*one.name, &one.kinds[..], one.shared)).collect();
    let expected = [
        (Place::Query, "expand", &[ValueKind::Bool][..], true),
        (Place::Answer, "total", &[ValueKind::Int][..], true),
    ];
    assert_eq!(parameters, expected);
    assert_eq!((orders.sensitive_calls, orders.sensitive[0].count), (18, 36));
    assert!((orders.failed_share - 2.0 / 21.0).abs() < 1e-9, "{}", orders.failed_share);
}

#[test]
fn what_is_known_of_words_that_turn_out_to_be_ids_is_joined() {
    let mut stage = Stage::new(EngineConfig::default());
    for n in 0..200 {
        stage.play(
            call("GET", &format!("/shops/{}{}", ["red", "blue", "green"][n % 3], n), 200)
                .by(&token(&format!("t{n}"))),
        );
    }
    let inventory = stage.engine.inventory();
    let calls: u64 = inventory.routes.iter().flat_map(|route| &route.statuses).map(|count| count.calls).sum();
    assert_eq!(calls, 200, "{:?}", inventory.routes);
}

#[test]
fn a_restart_keeps_the_inventory() {
    let config = || EngineConfig { memory_bytes: 24 << 20, ..EngineConfig::default() };
    let mut engine = Engine::new(config(), names());
    mixed(3, 2_000).iter().for_each(|call| engine.observe(call, &mut Vec::new()));
    let mut bytes = Vec::new();
    engine.snapshot(&mut bytes).expect("written");
    let restored = Engine::restore(config(), names(), &mut &bytes[..]).expect("read");
    assert_eq!(restored.inventory(), engine.inventory());
}
