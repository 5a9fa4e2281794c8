//! `backtest` as an operator sees it: what differs between two settings, in a table and in JSON, the same each time.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

/// A capture of real clients with three that are to be blocked.
const CAPTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/quickstart/quickstart.pcap");

fn backtest(folder: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidewatch"));
    command.current_dir(folder).args(["backtest", "--log-level", "error", "--a", "a.toml", "--b", "b.toml"]);
    command.args(more).output().expect("runs")
}

fn settings(a: &str, b: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("folder");
    fs::write(folder.path().join("a.toml"), a).expect("writes");
    fs::write(folder.path().join("b.toml"), b).expect("writes");
    folder
}

fn told(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn fits(value: &Value) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/schemas/backtest.schema.json");
    let schema = serde_json::from_str(&fs::read_to_string(path).expect("schema")).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    let wrong: Vec<_> = schema.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

fn detectors(changes: &Value) -> Vec<&str> {
    changes.as_array().expect("a list").iter().filter_map(|change| change["detector"].as_str()).collect()
}

#[test]
fn a_detector_that_may_no_longer_block_is_missed_by_name() {
    let folder = settings("", "[detectors]\nforeign_owner = \"watch\"\n");
    let json = told(&backtest(folder.path(), &["--json", CAPTURE]));
    let found: Value = serde_json::from_str(&json).expect("JSON");
    fits(&found);
    assert_eq!(detectors(&found["added"]), [""; 0]);
    assert_eq!(detectors(&found["removed"]), ["foreign_owner"]);
    let gone = &found["removed"][0];
    assert!(gone["refused_calls"].as_u64() > Some(0), "{gone}");
    assert_ne!(gone["otherwise"], "block", "{gone}");
    assert_eq!(found["a"]["calls"], found["b"]["calls"]);
    let rows = found["detectors"].as_array().expect("rows");
    let row = rows.iter().find(|row| row["detector"] == "foreign_owner").expect("named");
    assert_eq!((&row["removed"], &row["b"]["blocked"]), (&1.into(), &0.into()), "{row}");
}

#[test]
fn the_table_says_who_and_is_the_same_each_time() {
    let folder = settings("[detectors]\nlogin = \"off\"\n", "mode = \"enforce\"\n");
    let page = told(&backtest(folder.path(), &[CAPTURE]));
    assert!(page.contains("Blocked by B and not by A: 1\n"), "{page}");
    assert!(page.contains("ip 10.20.5.68  login  refuses "), "{page}");
    assert!(page.contains("Blocked by A and no longer by B: nobody.\n"), "{page}");
    assert!(page.contains("Nothing was enabled."), "{page}");
    assert_eq!(page, told(&backtest(folder.path(), &["--shards", "2", CAPTURE])));
}

#[test]
fn equal_settings_differ_in_nothing() {
    let folder = settings("", "");
    let found: Value =
        serde_json::from_str(&told(&backtest(folder.path(), &["--json", CAPTURE]))).expect("JSON");
    assert_eq!((detectors(&found["added"]), detectors(&found["removed"])), (vec![], vec![]));
    assert_eq!((&found["both"]["sooner"], &found["both"]["later"]), (&0.into(), &0.into()));
    assert_eq!(found["a"]["budget"], found["b"]["budget"]);
}

#[test]
fn mistakes_are_one_clear_line() {
    let folder = settings("", "[detectors]\nlogn = \"off\"\n");
    for (files, exit, said) in [(vec![CAPTURE], 64, "b.toml"), (vec!["-"], 64, "read twice")] {
        let output = backtest(folder.path(), &files);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), errors.lines().count()), (Some(exit), 1), "{errors}");
        assert!(errors.contains(said), "{errors}");
    }
    fs::write(folder.path().join("b.toml"), "").expect("writes");
    let output = backtest(folder.path(), &["absent.pcap"]);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), errors.lines().count()), (Some(66), 1), "{errors}");
}
