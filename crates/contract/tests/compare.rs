//! Documents beside what was seen: every kind of difference, references, and hostile documents.

use contract::{Comparison, Document, DocumentError, Kind, compare, export};
use model::{
    Access, BodyForm, Inventory, ParameterRecord, Place, Posture, RouteRecord, StatusCount, Timestamp,
    ValueKind,
};
use serde_json::{Value, json};

fn parameter(place: Place, name: &str, kind: ValueKind, share: f64) -> ParameterRecord {
    let (name, kinds, first) = (name.into(), vec![kind], Timestamp::ZERO);
    ParameterRecord { place, name, kinds, calls: 100, share, shared: true, first, longest: 4 }
}

fn route(method: &str, template: &str) -> RouteRecord {
    RouteRecord {
        method: method.into(),
        template: template.into(),
        calls: 100,
        consumers: 9,
        statuses: vec![StatusCount { status: 200, calls: 100 }],
        access: Access { posture: Posture::Guarded, token: 100, refused_without: 1, ..Access::default() },
        ..RouteRecord::default()
    }
}

fn inventory(routes: Vec<RouteRecord>) -> Inventory {
    Inventory { calls: 100, routes, ..Inventory::default() }
}

fn document(paths: &Value) -> Document {
    let text = json!({
        "openapi": "3.0.3", "info": { "title": "t", "version": "1" }, "paths": paths,
        "servers": [{ "url": "https://api.example/v1/" }], "security": [{ "token": [] }],
        "components": {
            "schemas": {
                "Money": { "type": "object", "properties": { "amount": { "type": "integer" } }, "required": ["amount"] },
                "Order": { "allOf": [
                    { "type": "object", "properties": { "note": { "type": "string", "nullable": true } } },
                    { "type": "object", "properties": { "total": { "$ref": "#/components/schemas/Money" } } },
                ] },
                "Loop": { "allOf": vec![json!({ "$ref": "#/components/schemas/Loop" }); 50] },
            },
            "parameters": { "Page": { "name": "page", "in": "query", "schema": { "type": "integer" } } },
        },
    });
    Document::read(&text.to_string()).expect("a document")
}

fn kinds(found: &Comparison) -> Vec<(Kind, &str)> {
    found.differences.iter().map(|one| (one.kind, one.path.as_str())).collect()
}

/// Places and names of what drifted.
fn drifts(found: &Comparison) -> Vec<String> {
    let drifted = found.differences.iter().filter(|one| one.kind == Kind::Drifted);
    drifted.flat_map(|one| &one.because).map(|drift| format!("{:?} {}", drift.place, drift.name)).collect()
}

fn order() -> Value {
    let schema = json!({ "$ref": "#/components/schemas/Order" });
    json!({ "/orders/{id}": { "post": {
        "parameters": [{ "$ref": "#/components/parameters/Page" }],
        "requestBody": { "content": { "application/json": { "schema": schema } } },
        "responses": { "200": { "description": "" } },
    } } })
}

#[test]
fn what_is_as_documented_does_not_differ() {
    let mut seen = route("POST", "/v1/orders/{int}");
    seen.request_forms = vec![BodyForm::Json];
    seen.parameters = vec![
        parameter(Place::Query, "page", ValueKind::Int, 1.0),
        parameter(Place::Body, "note", ValueKind::Null, 1.0),
        parameter(Place::Body, "total", ValueKind::Object, 1.0),
        parameter(Place::Body, "total.amount", ValueKind::Int, 1.0),
    ];
    let found = compare(&document(&order()), &inventory(vec![seen]));
    assert_eq!(kinds(&found), []);
    assert_eq!((found.documented, found.called, found.seen), (1, 1, 1));
}

#[test]
fn parameters_types_statuses_and_credentials_that_drift_are_named() {
    let mut seen = route("POST", "/v1/orders/{uuid}");
    seen.request_forms = vec![BodyForm::Json];
    seen.access = Access { posture: Posture::Open, served_without: 100, ..Access::default() };
    seen.statuses.push(StatusCount { status: 422, calls: 3 });
    seen.parameters = vec![
        parameter(Place::Query, "debug", ValueKind::Bool, 0.1),
        parameter(Place::Query, "page", ValueKind::Text, 0.9),
        parameter(Place::Body, "total.amount", ValueKind::Text, 1.0),
    ];
    let found = compare(&document(&order()), &inventory(vec![seen]));
    let expected = ["Auth open", "Query debug", "Query page", "Body total.amount", "Status 422"];
    assert_eq!(drifts(&found), expected);
}

#[test]
fn shadows_zombies_broken_and_unused_are_told_apart() {
    let paths = json!({
        "/old": { "get": { "deprecated": true, "responses": {} } },
        "/gone": { "get": { "responses": {} } },
        "/sick": { "get": { "responses": {} } },
        "/idle": { "get": { "responses": {} } },
    });
    let mut gone = route("GET", "/v1/gone");
    gone.statuses = vec![StatusCount { status: 200, calls: 2 }, StatusCount { status: 404, calls: 98 }];
    let sick = RouteRecord { failed_share: 0.2, ..route("GET", "/v1/sick") };
    let seen = vec![route("GET", "/v1/old"), gone, sick, route("GET", "/debug"), route("OPTIONS", "/debug")];
    let found = compare(&document(&paths), &inventory(seen));
    let expected = [
        (Kind::Shadow, "/debug"),
        (Kind::Zombie, "/v1/gone"),
        (Kind::Unused, "/v1/idle"),
        (Kind::Zombie, "/v1/old"),
        (Kind::Broken, "/v1/sick"),
    ];
    assert_eq!(kinds(&found), expected);
}

#[test]
fn a_parameter_of_one_caller_among_many_counts_for_nothing() {
    let mut seen = route("POST", "/v1/orders/{int}");
    seen.parameters =
        vec![ParameterRecord { shared: false, ..parameter(Place::Query, "x", ValueKind::Int, 0.1) }];
    assert_eq!(drifts(&compare(&document(&order()), &inventory(vec![seen.clone()]))), [""; 0]);
    seen.consumers = 1;
    assert_eq!(drifts(&compare(&document(&order()), &inventory(vec![seen]))), ["Query x"]);
}

#[test]
fn documents_that_are_none_or_refer_to_themselves_are_no_trouble() {
    assert_eq!(Document::read("openapi: 3.0.0").err(), Some(DocumentError::NotJson));
    assert_eq!(Document::read(r#"{"swagger":"2.0"}"#).err(), Some(DocumentError::NotOpenApi3));
    assert_eq!(Document::read(r#"{"openapi":"3.1.0"}"#).err(), Some(DocumentError::NoPaths));
    let schema = json!({ "$ref": "#/components/schemas/Loop" });
    let body = json!({ "content": { "application/json": { "schema": schema } } });
    let paths = json!({ "/loop": { "post": { "requestBody": body, "responses": {} } } });
    assert_eq!(document(&paths).operations.len(), 1);
}

#[test]
fn an_export_reads_back_and_joins_templates_that_differ_in_their_ids_only() {
    let mut first = route("GET", "/orders/{int}/items/{int}");
    first.parameters = vec![parameter(Place::Answer, "lines.sku", ValueKind::Text, 1.0)];
    first.answer_forms = vec![BodyForm::Json];
    let seen = inventory(vec![first, route("GET", "/orders/{uuid}/items/{int}"), route("PROPFIND", "/dav")]);
    let written = export(&seen);
    let paths: Vec<_> = written["paths"].as_object().expect("paths").keys().collect();
    assert_eq!(paths, ["/orders/{orders_id}/items/{items_id}"]);
    assert_eq!(written["x-sidewatch"]["left_out"], 1);
    let answer =
        &written["paths"][paths[0]]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(answer["properties"]["lines"]["properties"]["sku"]["type"], "string", "{answer}");
    let read = Document::read(&written.to_string()).expect("reads");
    let found = compare(&read, &inventory(seen.routes[..2].to_vec()));
    assert_eq!(kinds(&found), []);
}
