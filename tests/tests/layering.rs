//! The star of crates: which of ours may use which, as cargo itself sees it.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use serde_json::Value;
use tests::binary::workspace;

/// Crates that wire others together.
const HUBS: [&str; 2] = ["sidewatch-daemon", "sidewatch-tests"];
/// The crate that everybody may use.
const CENTRE: &str = "sidewatch-model";

fn ours() -> BTreeMap<String, BTreeSet<String>> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version", "1", "--no-deps", "--offline"]).current_dir(workspace());
    let output = cargo.output().expect("cargo starts");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let packages = metadata["packages"].as_array().expect("a list of packages");
    let name = |value: &Value| value["name"].as_str().expect("a name").to_owned();
    let edges = |package: &Value| {
        let dependencies = package["dependencies"].as_array().expect("a list of dependencies");
        let shipped = dependencies.iter().filter(|one| one["kind"].as_str() != Some("dev"));
        shipped.map(name).filter(|name| name.starts_with("sidewatch-")).collect()
    };
    packages.iter().map(|package| (name(package), edges(package))).collect()
}

#[test]
fn every_crate_uses_the_model_at_most() {
    for (name, uses) in ours() {
        if HUBS.contains(&name.as_str()) {
            continue;
        }
        let others: Vec<_> = uses.iter().filter(|used| *used != CENTRE).collect();
        assert!(others.is_empty(), "{name} uses {others:?}; only {HUBS:?} may use more than {CENTRE}");
    }
}

#[test]
fn nobody_uses_a_hub_and_the_centre_uses_nobody() {
    let ours = ours();
    assert!(ours[CENTRE].is_empty(), "{CENTRE} uses {:?}", ours[CENTRE]);
    for (name, uses) in &ours {
        assert!(HUBS.iter().all(|hub| !uses.contains(*hub)), "{name} uses one of {HUBS:?}");
    }
}

#[test]
fn the_map_names_every_crate() {
    let map = tests::tree::text("docs/architecture.md".as_ref());
    for name in ours().keys().filter(|name| *name != "sidewatch-tests") {
        let short = name.trim_start_matches("sidewatch-");
        let named = [format!("`crates/{short}`"), format!("`{short}/`")];
        assert!(named.iter().any(|text| map.contains(text)), "docs/architecture.md does not name {short}");
    }
}
