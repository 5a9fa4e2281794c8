//! What people say of verdicts as an operator sees it, without a running daemon: kept in the ledger with who, when and why.

mod common;

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use common::block_in_force;
use serde_json::Value;

fn sidewatch(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidewatch"));
    command.current_dir(folder).args(["-c", "s.toml"]).args(arguments).output().expect("runs")
}

fn told(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A state directory whose ledger has one block in force.
fn ledger() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("folder");
    let state = folder.path().join("state");
    fs::write(folder.path().join("s.toml"), format!("[state]\ndirectory = {state:?}\n")).expect("writes");
    block_in_force(folder.path());
    folder
}

#[test]
fn a_false_alarm_takes_the_verdict_back_and_is_kept_with_its_reason() {
    let folder = ledger();
    let done = told(&sidewatch(folder.path(), &["false-alarm", "abc", "--why", "our own load test"]));
    assert!(done.starts_with("False alarm: block on user amal (abc0"), "{done}");
    let said = told(&sidewatch(folder.path(), &["feedback", "--json"]));
    let said: Value = serde_json::from_str(said.trim()).expect("one line of JSON");
    assert_eq!((&said["word"], &said["why"]), (&"false_alarm".into(), &"our own load test".into()), "{said}");
    assert!(said["by"].as_str().is_some_and(|by| by.starts_with("operator:")), "{said}");
    assert_eq!(told(&sidewatch(folder.path(), &["verdicts", "--live"])), "No verdicts.\n");
    let page = told(&sidewatch(folder.path(), &["explain", "abc"]));
    assert!(page.contains("people say  false_alarm by operator:"), "{page}");
}

#[test]
fn confirming_and_unlearning_leave_the_verdict_in_force() {
    let folder = ledger();
    told(&sidewatch(folder.path(), &["confirm", "user:amal", "--why", "she told us"]));
    told(&sidewatch(folder.path(), &["unlearn", "user:amal", "--why", "all of Tuesday"]));
    assert!(told(&sidewatch(folder.path(), &["verdicts", "--live"])).contains("in force"));
    let page = told(&sidewatch(folder.path(), &["feedback"]));
    let words: Vec<_> = page.lines().skip(1).filter_map(|line| line.split_whitespace().nth(2)).collect();
    assert_eq!(words, ["unlearnt", "confirmed"], "{page}");
}

#[test]
fn mistakes_are_one_clear_line() {
    let folder = ledger();
    let cases: &[(&[&str], i32, &str)] = &[
        (&["confirm", "abc"], 64, "--why"),
        (&["confirm", "abc", "--why", " "], 64, "--why"),
        (&["confirm", "def", "--why", "x"], 66, "no verdict"),
        (&["unlearn", "user:sami", "--why", "x"], 66, "no verdict on user:sami"),
        (&["false-alarm", "usr:amal", "--why", "x"], 64, "unknown kind"),
        (&["confirm", "abc", "--why", &"x".repeat(1_001)], 64, "longer than"),
    ];
    for (arguments, exit, said) in cases {
        let output = sidewatch(folder.path(), arguments);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            (output.status.code(), errors.lines().count()),
            (Some(*exit), 1),
            "{arguments:?}: {errors}"
        );
        assert!(errors.contains(said), "{arguments:?}: {errors}");
    }
}
