//! What a log shipper sees: whole lines, bounded, escaped, in files that may be renamed under us.

use std::{fs, path::Path};

use model::{
    Action, Audit, CallId, CallRef, Delivery, DeliveryState, Evidence, Finding, FindingId, Health, Losses,
    PrincipalKind, Pseudonyms, Revocation, Timestamp, Verdict, VerdictId,
};
use serde_json::Value;
use soclog::{Entry, LINE_BYTES_MAX, SocLog};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_parts(seconds, 0)
}

fn call(path: &str) -> CallRef {
    CallRef {
        id: CallId(7),
        at: at(1),
        client: "192.0.2.1".parse().expect("literal"),
        method: "GET".into(),
        path: path.into(),
        status: Some(200),
    }
}

fn evidence(calls: Vec<CallRef>) -> Evidence {
    Evidence { expected: "none".into(), observed: "four".into(), calls }
}

fn verdict(calls: Vec<CallRef>) -> Verdict {
    Verdict {
        at: at(1),
        id: VerdictId(9),
        action: Action::Block,
        would: Action::Block,
        principal: Pseudonyms::new([1; 16]).credential(PrincipalKind::Token, b"t"),
        risk: 100,
        p: 1e-9,
        until: at(900),
        detectors: vec!["decoy".into()],
        evidence: evidence(calls),
        contributions: Vec::new(),
        reason: "Touched a decoy.".into(),
        refuted_by: "A link to it.".into(),
        held_by: None,
        replaces: None,
    }
}

fn audit(detail: &str) -> Audit {
    Audit {
        at: at(1),
        actor: "sidewatch".into(),
        act: "start".into(),
        target: "eth1".into(),
        detail: detail.into(),
    }
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("readable");
    text.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
}

#[test]
fn every_entry_is_one_line_with_schema_and_name() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("soc.ndjson");
    let mut log = SocLog::open(&path).expect("opens");
    let principal = Pseudonyms::new([1; 16]).named(PrincipalKind::User, "amal");
    let finding = Finding {
        at: at(1),
        id: FindingId(3),
        detector: "login".into(),
        principal: principal.clone(),
        p: 0.001,
        evidence: evidence(vec![call("/login")]),
        reason: "Failed often.".into(),
    };
    let revocation = Revocation {
        verdict: VerdictId(9),
        gateway: "edge".into(),
        principal,
        action: Action::Block,
        until: at(900),
        attempt: 1,
    };
    let delivery = Delivery { at: at(2), revocation, state: DeliveryState::Delivered, detail: String::new() };
    log.append(Entry::Finding(&finding));
    log.append(Entry::Verdict(&verdict(vec![call("/a")])));
    log.append(Entry::Delivery(&delivery));
    log.append(Entry::Health(&Health { losses: Losses::default(), ..Health::default() }));
    log.append(Entry::Audit(&audit("line\nfeed \u{202e} \u{1b}[0m")));
    let lines = lines(&path);
    let names: Vec<_> = lines.iter().filter_map(|line| line["event"].as_str()).collect();
    assert_eq!(names, ["finding", "verdict", "delivery", "health", "audit"]);
    assert!(lines.iter().all(|line| line["schema"] == "sidewatch/1"));
    assert_eq!(lines[2]["verdict"], "00000000000000000000000000000009");
    assert_eq!(log.lost(), 0);
}

#[test]
fn a_long_verdict_keeps_its_latest_calls_and_says_how_many_were_cut() {
    let calls = (0..20).map(|n| call(&format!("/{n}/{}", "x".repeat(8_000)))).collect();
    let line = Entry::Verdict(&verdict(calls)).line().expect("renders");
    assert!(line.len() <= LINE_BYTES_MAX);
    let value: Value = serde_json::from_slice(&line).expect("parses");
    let kept = value["evidence"]["calls"].as_array().expect("calls");
    assert_eq!(value["calls_cut"], 20 - kept.len());
    assert!(kept.last().expect("some")["path"].as_str().expect("text").starts_with("/19/"));
}

#[test]
fn a_million_escapes_still_fit() {
    let line = Entry::Audit(&audit(&"\u{202e}".repeat(1 << 20))).line().expect("renders");
    assert!(line.len() <= LINE_BYTES_MAX);
    let mut long = verdict(vec![call(&"\u{1b}".repeat(8_000)); 20]);
    long.reason = "\u{9b}".repeat(100_000);
    assert!(Entry::Verdict(&long).line().expect("renders").len() <= LINE_BYTES_MAX);
}

#[test]
fn a_renamed_file_is_left_behind_on_reopen() {
    let folder = tempfile::tempdir().expect("folder");
    let (path, old) = (folder.path().join("soc.ndjson"), folder.path().join("soc.1"));
    let mut log = SocLog::open(&path).expect("opens");
    log.append(Entry::Audit(&audit("one")));
    fs::rename(&path, &old).expect("renames");
    log.append(Entry::Audit(&audit("two")));
    log.reopen().expect("reopens");
    log.append(Entry::Audit(&audit("three")));
    assert_eq!((lines(&old).len(), lines(&path).len()), (2, 1));
}

#[test]
fn a_new_file_is_for_owner_and_group() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("soc.ndjson");
    let _log = SocLog::open(&path).expect("opens");
    let mode = fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o137, 0, "{mode:o}");
}

#[test]
fn lines_that_a_full_device_refuses_are_counted() {
    let mut log = SocLog::open(Path::new("/dev/full")).expect("opens");
    for _ in 0..3 {
        log.append(Entry::Audit(&audit("")));
    }
    assert_eq!(log.lost(), 3);
}

#[test]
fn a_file_that_cannot_be_opened_is_an_error_at_once() {
    let folder = tempfile::tempdir().expect("folder");
    assert!(SocLog::open(&folder.path().join("no/such/folder.log")).is_err());
}
