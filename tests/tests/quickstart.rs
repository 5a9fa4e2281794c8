//! The recorded shop: every attacker is found, nobody else is touched, and every call is read right.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde_json::Value;
use tests::{
    binary::{has, run, workspace},
    tshark::{decoded, differences, dissected},
};

fn folder() -> PathBuf {
    workspace().join("examples/quickstart")
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// The strongest action against each principal, by its SHA-256, name or address.
struct Judged {
    strongest: BTreeMap<String, usize>,
    lines: Vec<Value>,
    summary: Value,
}

impl Judged {
    fn against(&self, who: &str) -> usize {
        self.strongest.get(who).copied().unwrap_or(0)
    }
}

const CLIMB: [&str; 6] = ["", "observe", "notify", "rate_limit", "step_up", "block"];

fn tier(action: &str) -> usize {
    CLIMB.iter().position(|name| *name == action).expect("a known action")
}

fn judged() -> Judged {
    let out = tempfile::tempdir().expect("a folder");
    let path = |name: &str| out.path().join(name).to_str().expect("a plain path").to_owned();
    let (capture, settings) = (folder().join("quickstart.pcap"), folder().join("sidewatch.toml"));
    let (verdicts, summary) = (path("verdicts.ndjson"), path("summary.json"));
    let output = run(&[
        "replay",
        capture.to_str().expect("plain"),
        "--config",
        settings.to_str().expect("plain"),
        "--verdicts",
        &verdicts,
        "--summary",
        &summary,
    ]);
    assert!(output.status.success(), "replay: {}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<Value> = fs::read_to_string(&verdicts).expect("verdicts").lines().map(json).collect();
    let mut strongest = BTreeMap::new();
    for line in &lines {
        let who =
            line["principal"]["sha256"].as_str().or(line["principal"]["value"].as_str()).expect("a handle");
        let action = tier(line["action"].as_str().expect("an action"));
        let known = strongest.entry(who.to_owned()).or_insert(0);
        *known = action.max(*known);
    }
    Judged { strongest, lines, summary: json(&fs::read_to_string(&summary).expect("a summary")) }
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().expect("a list").iter().map(|text| text.as_str().expect("a text"))
}

#[test]
fn every_attacker_is_found_and_nobody_else_is_touched() {
    let truth = json(&fs::read_to_string(folder().join("truth.json")).expect("truth.json"));
    let judged = judged();
    let attacker = |name: &str, what: &str| {
        texts(&truth["attackers"][name][what]).map(|who| judged.against(who)).max().unwrap_or(0)
    };
    let found = [
        ("the enumerator's token", attacker("enumerator", "tokens"), "block"),
        ("the stuffer's address", attacker("stuffer", "addresses"), "rate_limit"),
        ("the stolen token", attacker("thief", "tokens"), "step_up"),
        ("the prober's address", attacker("prober", "addresses"), "rate_limit"),
    ];
    let mut wrong = Vec::new();
    for (who, got, wanted) in found {
        if got < tier(wanted) {
            wrong.push(format!("{who}: wanted {wanted} or more, got {:?}", CLIMB[got]));
        }
    }
    for kind in ["tokens", "api_keys", "cookies", "addresses"] {
        for who in texts(&truth["legitimate"][kind]) {
            if judged.against(who) > tier("notify") {
                let why = judged.lines.iter().find(|line| line["principal"].to_string().contains(who));
                let reason = why.map(|line| line["reason"].to_string());
                wrong.push(format!("innocent {kind} {who}: {} {reason:?}", CLIMB[judged.against(who)]));
            }
        }
    }
    // Users and client applications are never the target here: nobody lost all credentials.
    for line in &judged.lines {
        let person = ["user", "client"].contains(&line["principal"]["kind"].as_str().unwrap_or_default());
        if person && tier(line["action"].as_str().unwrap_or_default()) > tier("notify") {
            wrong.push(format!("a person: {line}"));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), judged.summary);
}

#[test]
fn every_call_is_counted() {
    let truth = json(&fs::read_to_string(folder().join("truth.json")).expect("truth.json"));
    let summary = judged().summary;
    assert_eq!(summary["calls"], truth["calls"], "{summary}");
    assert_eq!(summary["incomplete_calls"], 0, "{summary}");
}

#[test]
fn decode_and_tshark_see_the_same_calls() {
    if !has("tshark") {
        tests::binary::skipped("tshark is not installed");
        return;
    }
    let capture = folder().join("quickstart.pcap");
    let found = differences(&decoded(&capture), &dissected(&capture));
    assert!(found.is_empty(), "{}", found.join("\n"));
}
