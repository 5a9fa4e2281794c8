//! `inventory` as an operator sees it: learnt from a capture, written as an OpenAPI document that others accept, and compared
//! with documents in which changes were planted.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::{Value, json};

/// A capture of real clients of a shop.
const CAPTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/quickstart/quickstart.pcap");

fn inventory(folder: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidewatch"));
    command.current_dir(folder).args(["inventory", "--log-level", "error"]);
    command.args(more).output().expect("runs")
}

fn told(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn value(output: &Output) -> Value {
    serde_json::from_str(&told(output)).expect("JSON")
}

fn fits(name: &str, value: &Value) {
    let path = format!("{}/../../docs/schemas/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
    let schema = serde_json::from_str(&fs::read_to_string(path).expect("schema")).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    let wrong: Vec<_> = schema.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

fn export(folder: &Path) -> Value {
    value(&inventory(folder, &[CAPTURE, "--export", "openapi"]))
}

/// Differences as "kind method path".
fn compared(folder: &Path, document: &Value) -> (Vec<String>, Value) {
    fs::write(folder.join("api.json"), document.to_string()).expect("writes");
    let found = value(&inventory(folder, &[CAPTURE, "--openapi", "api.json", "--json"]));
    fits("inventory-comparison", &found);
    let word = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    let differences = found["differences"].as_array().expect("a list").iter();
    let lines =
        differences.map(|one| format!("{} {} {}", word(one, "kind"), word(one, "method"), word(one, "path")));
    (lines.collect(), found)
}

#[test]
fn routes_are_told_in_a_table_in_full_and_in_json() {
    let folder = tempfile::tempdir().expect("folder");
    let found = value(&inventory(folder.path(), &[CAPTURE, "--json"]));
    fits("inventory", &found);
    let routes = found["routes"].as_array().expect("a list");
    let order = routes
        .iter()
        .find(|route| route["method"] == "GET" && route["template"] == "/api/orders/{int}")
        .expect("the route of orders");
    assert_eq!((&order["calls"], &order["access"]["posture"]), (&json!(1_929), &json!("guarded")), "{order}");
    assert!(order["consumers"].as_u64().is_some_and(|n| (48..=58).contains(&n)), "{order}");
    let page = told(&inventory(folder.path(), &[CAPTURE]));
    assert!(page.contains("GET /api/orders/{int}"), "{page}");
    let page = told(&inventory(folder.path(), &[CAPTURE, "--route", "GET /api/orders/{int}"]));
    assert!(page.contains("access       guarded: "), "{page}");
    assert_eq!(page, told(&inventory(folder.path(), &[CAPTURE, "--route", "GET /api/orders/{int}"])));
}

#[test]
fn the_exported_document_is_accepted_by_a_validator_of_others() {
    let folder = tempfile::tempdir().expect("folder");
    let document = export(folder.path());
    fs::write(folder.path().join("learnt.json"), document.to_string()).expect("writes");
    let python = |code: &str| Command::new("python3").current_dir(folder.path()).args(["-c", code]).output();
    if !python("import openapi_spec_validator").is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: no openapi-spec-validator: pip install openapi-spec-validator");
        return;
    }
    let code = "import json, openapi_spec_validator as v\n\
        v.OpenAPIV31SpecValidator(json.load(open('learnt.json'))).validate()";
    let output = python(code).expect("runs");
    assert!(output.status.success(), "{}\n{document:#}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_document_of_what_was_seen_differs_in_nothing_but_what_fails() {
    let folder = tempfile::tempdir().expect("folder");
    let (differences, found) = compared(folder.path(), &export(folder.path()));
    let calm: Vec<_> = differences.iter().filter(|line| !line.starts_with("broken")).collect();
    assert!(calm.is_empty(), "{found:#}");
    assert_eq!(found["documented"], found["called"]);
}

#[test]
fn planted_changes_are_found() {
    let folder = tempfile::tempdir().expect("folder");
    let mut document = export(folder.path());
    let paths = document["paths"].as_object_mut().expect("paths");
    let order = paths.remove("/api/orders/{orders_id}").expect("the path of orders");
    paths.insert(
        "/api/refunds".to_owned(),
        json!({ "get": { "responses": { "200": { "description": "" } } } }),
    );
    let list = &mut paths["/api/orders"]["get"];
    list["deprecated"] = json!(true);
    list["security"] = json!([]);
    list["responses"] = json!({ "204": { "description": "" } });
    list["parameters"] = json!([]);
    let (differences, found) = compared(folder.path(), &document);
    assert!(order.get("get").is_some());
    for expected in [
        "shadow GET /api/orders/{int}",
        "unused GET /api/refunds",
        "zombie GET /api/orders",
        "drifted GET /api/orders",
    ] {
        assert!(differences.iter().any(|line| line == expected), "{expected}: {found:#}");
    }
    let drifted = found["differences"].as_array().into_iter().flatten();
    let mut drifted = drifted.filter(|one| one["kind"] == "drifted" && one["path"] == "/api/orders");
    let because = drifted.next().expect("told")["because"].to_string();
    assert!(because.contains(r#""place":"auth""#) && because.contains(r#""name":"200""#), "{because}");
    let page = told(&inventory(folder.path(), &[CAPTURE, "--openapi", "api.json"]));
    assert!(page.contains("Shadow (served, not documented): "), "{page}");
}

#[test]
fn mistakes_are_one_clear_line() {
    let folder = tempfile::tempdir().expect("folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("api.yaml"), "openapi: 3.1.0\n").expect("writes");
    fs::write(path("old.json"), r#"{"swagger":"2.0"}"#).expect("writes");
    fs::write(path("s.toml"), format!("[state]\ndirectory = {:?}\n", path("none"))).expect("writes");
    let cases: &[(&[&str], i32, &str)] = &[
        (&["-c", "s.toml"], 69, "no daemon and nothing learnt"),
        (&[CAPTURE, "--openapi", "api.yaml"], 65, "not JSON"),
        (&[CAPTURE, "--openapi", "old.json"], 65, "not 3.x"),
        (&[CAPTURE, "--openapi", "none.json"], 66, "--openapi"),
        (&["absent.pcap"], 66, "absent.pcap"),
    ];
    for (arguments, exit, said) in cases {
        let output = inventory(folder.path(), arguments);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            (output.status.code(), errors.lines().count()),
            (Some(*exit), 1),
            "{arguments:?}: {errors}"
        );
        assert!(errors.contains(said), "{arguments:?}: {errors}");
    }
}
