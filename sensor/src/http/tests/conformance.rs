//! The catalogue of HTTP/1 oddities as transcripts: requests and a gateway's answers in, the table of
//! `docs/conformance/http1.md` out. The table in the repository is the one that these transcripts give.

use std::{fs, path::Path};

use super::*;
use cases::CASES;

mod cases;

/// One oddity.
pub(super) struct Case {
    pub(super) id: &'static str,
    pub(super) case: &'static str,
    /// What ought to come of it.
    pub(super) expected: &'static str,
    /// Empty when it does; else why not.
    pub(super) differs: &'static str,
    pub(super) runs: &'static [Run],
}

/// One connection.
pub(super) struct Run {
    /// `n`ginx, `h`aproxy, `e`nvoy or `g`eneric.
    pub(super) gateway: char,
    /// The client's bytes.
    pub(super) asked: &'static [u8],
    /// The gateway's, as statuses: `200`, `400!` for one that closes, `=...` for bytes as they are.
    pub(super) answered: &'static [&'static str],
    /// The calls that must come of it.
    pub(super) calls: &'static [&'static str],
}

fn profile(gateway: char) -> GatewayProfile {
    match gateway {
        'n' => GatewayProfile::Nginx,
        'h' => GatewayProfile::Haproxy,
        'e' => GatewayProfile::Envoy,
        _ => GatewayProfile::Generic,
    }
}

fn answer_bytes(text: &str) -> Vec<u8> {
    if let Some(bytes) = text.strip_prefix('=') {
        return bytes.as_bytes().to_vec();
    }
    let (status, close) =
        text.strip_suffix('!').map_or((text, ""), |status| (status, "Connection: close\r\n"));
    format!("HTTP/1.1 {status} X\r\n{close}Content-Length: 2\r\n\r\nok").into_bytes()
}

/// A call in a few words: method, path, status, grade, doubts, bytes of the body, how many identities.
fn told(call: &ApiCall) -> String {
    let mut text = format!("{} {}", call.method, call.path);
    if let Some(canonical) = call.details.as_ref().and_then(|details| details.canonical.as_ref()) {
        text.push_str(&format!(" ({canonical})"));
    }
    text.push_str(&call.status.map_or(" -".to_owned(), |status| format!(" {status}")));
    text.push_str(&format!(" {:?}", call.grade));
    for doubt in call.ambiguities.iter() {
        text.push_str(&format!(" {}", doubt.name()));
    }
    if call.request_bytes > 0 {
        text.push_str(&format!(" body={}", call.request_bytes));
    }
    if !call.identities.is_empty() {
        text.push_str(&format!(" known={}", call.identities.len()));
    }
    text
}

fn heard(run: &Run) -> Vec<String> {
    let config = HttpConfig { gateway: profile(run.gateway), ..HttpConfig::default() };
    let mut acts = vec![Ask(run.asked.to_vec())];
    acts.extend(run.answered.iter().map(|text| Answer(answer_bytes(text))));
    let heard = hear_as(config, &facts(true), &acts, Close::End);
    let mut lines: Vec<String> = heard.calls.iter().map(told).collect();
    if lines.is_empty() {
        lines = heard.losses.nonzero().map(|(loss, _)| loss.name().to_owned()).collect();
    }
    lines
}

fn table() -> String {
    let mut text = String::from(
        "# HTTP/1: the catalogue and what comes of it\n\n\
         Made by the sensor's tests (`http::tests::conformance`). Each run is a gateway (n: nginx, h: HAProxy, e: Envoy, \
         g: generic) with its answers, then the calls: method, path (canonical path), status, grade, doubts, bytes of the \
         body, identities. Without a call the losses are named. `!` marks an answer that closes.\n\n\
         | id | case | expected | actual | verdict |\n|---|---|---|---|---|\n",
    );
    for case in CASES {
        let actual: Vec<String> = case
            .runs
            .iter()
            .map(|run| {
                let answers: Vec<&str> =
                    run.answered.iter().map(|text| if text.starts_with('=') { "…" } else { text }).collect();
                format!(
                    "{} {}: `{}`",
                    run.gateway,
                    answers.join(" "),
                    heard(run).join("`, `").replace('|', "\\|")
                )
            })
            .collect();
        let verdict = if case.differs.is_empty() { "as expected" } else { case.differs };
        let (id, name, expected) = (case.id, case.case, case.expected);
        text.push_str(&format!("| {id} | {name} | {expected} | {} | {verdict} |\n", actual.join("<br>")));
    }
    text
}

#[test]
fn every_run_gives_its_calls() {
    for case in CASES {
        for run in case.runs {
            assert_eq!(
                heard(run),
                run.calls,
                "{} {}: {} {:?}",
                case.id,
                case.case,
                run.gateway,
                run.answered
            );
        }
    }
}

#[test]
fn every_case_of_the_catalogue_is_there() {
    for n in 1..=54 {
        let id = format!("H{n}");
        assert!(CASES.iter().any(|case| case.id == id), "{id}");
    }
}

#[test]
fn the_table_is_the_one_in_the_repository() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = table();
    let kept = fs::read_to_string(root.join("docs/conformance/http1.md")).unwrap_or_default();
    if kept != text {
        let made = root.join("target/conformance");
        fs::create_dir_all(&made).expect("writable");
        fs::write(made.join("http1.md"), text).expect("writable");
        panic!("docs/conformance/http1.md is not what the tests give: see target/conformance/http1.md");
    }
}
