//! Lists that must stay complete and sorted: losses, words, detectors, connectors.

use std::path::Path;

use model::Loss;
use tests::tree::{files, text};

#[test]
fn every_loss_has_its_paragraph_in_order() {
    let page = text("docs/losses.md".as_ref());
    let headings: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let names: Vec<&str> = Loss::ALL.iter().map(|loss| loss.name()).collect();
    assert_eq!(headings, names);
    for paragraph in page.split("### ").skip(1) {
        assert!(paragraph.lines().count() >= 2, "nothing is said of {:?}", paragraph.lines().next());
    }
}

#[test]
fn the_glossary_is_sorted_and_knows_the_nouns() {
    let page = text("docs/glossary.md".as_ref());
    let words: Vec<&str> =
        page.lines().skip_while(|line| !line.starts_with("|---")).skip(1).filter_map(word).collect();
    let mut sorted = words.clone();
    sorted.sort_unstable();
    assert_eq!(words, sorted);
    for noun in [
        "frame",
        "segment",
        "piece",
        "gap",
        "flow",
        "half-stream",
        "exchange",
        "call",
        "route",
        "principal",
        "credential",
        "baseline",
        "finding",
        "verdict",
        "revocation",
        "gateway",
        "connector",
        "shard",
        "lane",
        "loss",
    ] {
        assert!(words.contains(&noun), "docs/glossary.md does not know `{noun}`");
    }
}

fn word(row: &str) -> Option<&str> {
    row.strip_prefix("| ")?.split(" |").next()
}

#[test]
fn every_detector_is_registered_in_order() {
    registered("engine/src/detect", &["mod"]);
}

#[test]
fn every_connector_is_registered_in_order() {
    registered("crates/connect/src/connectors", &["mod"]);
}

/// The files of a folder are the `mod` lines of its `mod.rs`, sorted.
fn registered(folder: &str, besides: &[&str]) {
    let folder = Path::new(folder);
    let registry = text(&folder.join("mod.rs"));
    let lines =
        registry.lines().map(|line| line.trim_start_matches("pub(crate) ").trim_start_matches("pub "));
    let declared: Vec<&str> = lines.filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';')).collect();
    let mut found: Vec<String> = files()
        .iter()
        .filter(|name| name.parent() == Some(folder))
        .filter_map(|name| Some(name.file_stem()?.to_str()?.to_owned()))
        .filter(|stem| !besides.contains(&stem.as_str()))
        .collect();
    found.sort_unstable();
    let declared_files: Vec<&str> =
        declared.into_iter().filter(|name| found.iter().any(|file| file == name)).collect();
    assert_eq!(declared_files, found, "{}/mod.rs", folder.display());
}
