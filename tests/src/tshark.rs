//! Calls as tshark and as `sidewatch decode` see them, in one form that can be compared.

use std::{
    collections::{BTreeMap, VecDeque},
    path::Path,
    process::Command,
};

use serde_json::Value;

use crate::binary::run;

/// How often each (method, host, path, status) occurs; status 0 stands for no answer.
pub type Calls = BTreeMap<Row, u64>;

/// What both sides say of a call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// Method.
    pub method: String,
    /// Host, lower case, with its port where one was sent.
    pub host: String,
    /// Path without query.
    pub path: String,
    /// Status of the final answer, 0 without answer.
    pub status: u16,
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?} {:?} {}", self.method, self.host, self.path, self.status)
    }
}

/// What `sidewatch decode` makes of a capture.
///
/// # Panics
/// When it fails or writes something else than calls.
#[must_use]
pub fn decoded(capture: &Path) -> Calls {
    let output = run(&["decode", capture.to_str().expect("a plain path")]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "decode {}: {said}", capture.display());
    let mut calls = Calls::new();
    for line in String::from_utf8(output.stdout).expect("decode writes UTF-8").lines() {
        let call: Value = serde_json::from_str(line).expect("a call a line");
        if call["status"] == 101 && call["details"]["messages"].is_object() {
            // What passed through a WebSocket: no request of its own.
            continue;
        }
        let text = |field: &str| call[field].as_str().expect("a text field").to_owned();
        let status = call["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(0);
        let row = Row { method: text("method"), host: text("host"), path: text("path"), status };
        *calls.entry(row).or_default() += 1;
    }
    calls
}

/// What tshark makes of it: its requests and answers, paired in order within each connection.
///
/// # Panics
/// When tshark cannot be started.
#[must_use]
pub fn dissected(capture: &Path) -> Calls {
    let mut tshark = Command::new("tshark");
    tshark.arg("-r").arg(capture).args(["-Y", "http.request or http.response", "-T", "fields"]);
    tshark.args(["-E", "occurrence=a", "-E", "aggregator=\u{1f}"]);
    for field in ["tcp.stream", "http.request.method", "http.request.uri", "http.host"] {
        tshark.args(["-e", field]);
    }
    tshark.args(["-e", "http.response.code"]);
    let output = tshark.output().expect("tshark starts");
    let mut open: BTreeMap<String, VecDeque<Row>> = BTreeMap::new();
    let mut calls = Calls::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [stream, methods, uris, hosts, codes] = fields.as_slice() else { continue };
        let open = open.entry((*stream).to_owned()).or_default();
        for status in parts(codes).filter_map(|code| code.parse::<u16>().ok()) {
            let is_final = status >= 200 || status == 101;
            if let Some(row) = if is_final { open.pop_front() } else { None } {
                *calls.entry(Row { status, ..row }).or_default() += 1;
            }
        }
        let hosts: Vec<&str> = parts(hosts).collect();
        for (place, (method, uri)) in parts(methods).zip(parts(uris)).enumerate() {
            open.push_back(requested(method, uri, hosts.get(place).copied().unwrap_or_default()));
        }
    }
    for row in open.into_values().flatten() {
        *calls.entry(row).or_default() += 1;
    }
    calls
}

fn parts(field: &str) -> impl Iterator<Item = &str> {
    field.split('\u{1f}').filter(|part| !part.is_empty())
}

fn requested(method: &str, uri: &str, host: &str) -> Row {
    let absolute =
        uri.split_once("://").map(|(_, rest)| rest.find('/').map_or((rest, "/"), |at| rest.split_at(at)));
    let (host, target) = absolute.unwrap_or((host, uri));
    let host = host.to_lowercase();
    let path = target.split(['?', '#']).next().unwrap_or_default().to_owned();
    Row { method: method.to_owned(), host, path, status: 0 }
}

/// What only the one or only the other side has: `+` ours, `-` tshark's, with the count.
#[must_use]
pub fn differences(ours: &Calls, theirs: &Calls) -> Vec<String> {
    let mut found = Vec::new();
    let rows: std::collections::BTreeSet<&Row> = ours.keys().chain(theirs.keys()).collect();
    for row in rows {
        let (mine, yours) = (ours.get(row).copied().unwrap_or(0), theirs.get(row).copied().unwrap_or(0));
        if mine > yours {
            found.push(format!("+{} {row}", mine - yours));
        } else if yours > mine {
            found.push(format!("-{} {row}", yours - mine));
        }
    }
    found
}
