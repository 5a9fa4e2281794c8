//! Real requests: what the signs and the detectors of content make of a rule set's own tests, of two sites' logs and of a
//! scanner's. Writes the table of docs/detection-quality.md; skips what is not there, and says so.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use engine::{Engine, EngineConfig, Judgement};
use intake::{Fields, Format, LogReader};
use model::{Action, ApiCall, HeadSign, Pseudonyms, Source, Timestamp};
use sensor::{Attested, AttestedAnswer, Attestor, HttpConfig};
use tests::binary::workspace;

const BEGIN: &str = "<!-- requests -->\n";
const END: &str = "<!-- end of requests -->";
const CONTENT: [&str; 6] = ["assignment", "header", "injection", "jwt", "open_door", "shape"];

fn data() -> PathBuf {
    workspace().join("../shared/data")
}

/// One test of the rule set: a request, and whether the rule must match.
#[derive(Clone, Debug, Default)]
struct Case {
    method: String,
    uri: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Option<String>,
    must: Option<bool>,
}

/// Reads the part of YAML that these files are written in.
fn cases(text: &str) -> Vec<Case> {
    let (mut cases, mut case, mut in_headers, mut block) = (Vec::new(), Case::default(), usize::MAX, None);
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim().trim_start_matches("- ");
        if let Some(at) = block {
            if indent > at || line.is_empty() {
                let body: &mut String = case.body.get_or_insert_default();
                body.push_str(line);
                body.push('\n');
                continue;
            }
            block = None;
        }
        let Some((key, value)) = line.split_once(':').map(|(key, value)| (key, value.trim())) else {
            continue;
        };
        if indent > in_headers {
            case.headers.push((key.to_owned(), scalar(value).into_bytes()));
            continue;
        }
        in_headers = usize::MAX;
        match key {
            "input" => case = Case { method: "GET".to_owned(), uri: "/".to_owned(), ..Case::default() },
            "headers" => in_headers = indent,
            "method" => case.method = scalar(value),
            "uri" => case.uri = scalar(value),
            "data" if value.starts_with(['|', '>']) => block = Some(indent),
            "data" => case.body = Some(scalar(value)),
            "expect_ids" | "no_expect_ids" => {
                case.must = Some(key == "expect_ids");
                cases.push(std::mem::take(&mut case));
            }
            _ => {}
        }
    }
    cases
}

/// A plain or quoted scalar of one line.
fn scalar(text: &str) -> String {
    if let Some(text) = text.strip_prefix('\'') {
        return text.trim_end_matches('\'').replace("''", "'");
    }
    let Some(text) = text.strip_prefix('"') else { return text.to_owned() };
    let (mut out, mut chars) = (String::new(), text.strip_suffix('"').unwrap_or(text).chars());
    while let Some(next) = chars.next() {
        let escaped = if next == '\\' { chars.next() } else { None };
        let digits = match escaped {
            Some('x') => 2,
            Some('u') => 4,
            Some('n') => {
                out.push('\n');
                continue;
            }
            Some('r') => {
                out.push('\r');
                continue;
            }
            Some('t') => {
                out.push('\t');
                continue;
            }
            Some(other) => {
                out.push(other);
                continue;
            }
            None => {
                out.push(next);
                continue;
            }
        };
        let code: String = chars.by_ref().take(digits).collect();
        out.extend(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32));
    }
    out
}

fn call_of(attestor: &mut Attestor, case: &Case) -> ApiCall {
    let mut headers = case.headers.clone();
    if case.body.is_some() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        headers.push(("Content-Type".to_owned(), b"application/x-www-form-urlencoded".to_vec()));
    }
    attestor.call(&Attested {
        source: Source::Har,
        trusted: true,
        at: Timestamp::from_parts(1_770_000_000, 0),
        ended_at: Timestamp::from_parts(1_770_000_000, 1_000_000),
        client: "192.0.2.1:4000".parse().expect("literal"),
        server: "192.0.2.2:80".parse().expect("literal"),
        http: model::HttpVersion::Http11,
        method: &case.method,
        target: case.uri.as_bytes(),
        headers: &headers,
        body: case.body.as_deref().map(str::as_bytes),
        request_bytes: case.body.as_ref().map_or(0, |body| body.len() as u64),
        answer: Some(AttestedAnswer { status: 200, headers: &[], body: None, bytes: 0 }),
        user: None,
        token: None,
    })
}

/// Whether anything of a request looks like code.
fn is_signed(call: &ApiCall) -> bool {
    let details = call.details.as_ref();
    let fields = details
        .into_iter()
        .flat_map(|details| details.query.iter().chain(details.request.iter().flat_map(|body| &body.fields)));
    let head = [HeadSign::Path, HeadSign::Field].iter().any(|sign| call.context.signs.contains(*sign));
    head || fields.into_iter().any(|field| !field.signs.is_empty())
}

fn attestor() -> Attestor {
    Attestor::new(HttpConfig::default(), Pseudonyms::new([7; 16]))
}

/// Rows about the rule set's tests of one family.
fn rules(folder: &str, name: &str) -> Option<String> {
    let path = data().join("attacks/coreruleset").join(folder);
    let mut files: Vec<_> = fs::read_dir(&path).ok()?.map(|file| file.expect("a file").path()).collect();
    files.sort();
    let mut attestor = attestor();
    let mut counts =
        BTreeMap::from([((true, true), 0_u32), ((true, false), 0), ((false, true), 0), ((false, false), 0)]);
    for case in files.iter().flat_map(|file| cases(&fs::read_to_string(file).unwrap_or_default())) {
        let call = call_of(&mut attestor, &case);
        if case.must == Some(true) && !is_signed(&call) && std::env::var_os("MISSED").is_some() {
            println!("missed: {} {} {:?}", case.method, case.uri, case.body);
        }
        *counts.entry((case.must.unwrap_or_default(), is_signed(&call))).or_default() += 1;
    }
    let [right, missed, wrong, left] =
        [(true, true), (true, false), (false, true), (false, false)].map(|key| counts[&key]);
    let percent = |part: u32, of: u32| 100.0 * f64::from(part) / f64::from(of.max(1));
    Some(format!(
        "| {name} | {} | {right} of {} must-match ({:.0} %) | {wrong} of {} must-not-match; precision {:.0} % |\n",
        right + missed + wrong + left,
        right + missed,
        percent(right, right + missed),
        wrong + left,
        percent(right, right + wrong),
    ))
}

/// What one log shows.
#[derive(Default)]
struct Log {
    calls: u64,
    signed: u64,
    callers: usize,
    /// Principals that a detector of content led to more than a notice, and to a block; findings by them.
    limited: usize,
    blocked: usize,
    findings: usize,
    /// Signed calls of the first caller until it was blocked by whatever detector.
    until: Option<u64>,
}

fn log(path: &Path) -> Option<Log> {
    let text = fs::read(path).ok()?;
    let (mut reader, mut attestor) = (LogReader::new(Format::Auto, Fields::default()), attestor());
    let mut calls = Vec::new();
    for line in text.split(|byte| *byte == b'\n') {
        // One of the logs was quoted as a whole.
        let line = line.strip_prefix(b"\"").map_or(line, |rest| rest.strip_suffix(b"\"").unwrap_or(rest));
        let Ok(Some(record)) = reader.line(line) else { continue };
        calls.push(attestor.call(&Attested {
            source: record.source,
            trusted: true,
            at: record.at,
            ended_at: record.ended_at,
            client: record.client,
            server: record.server,
            http: record.http,
            method: &record.method,
            target: &record.target,
            headers: &record.headers,
            body: record.body.as_deref(),
            request_bytes: record.request_bytes,
            answer: record.answer.as_ref().map(|answer| AttestedAnswer {
                status: answer.status,
                headers: &answer.headers,
                body: answer.body.as_deref(),
                bytes: answer.bytes,
            }),
            user: record.user.as_deref(),
            token: record.token,
        }));
    }
    calls.sort_by_key(|call| (call.ended_at, call.at, call.id));
    Some(judge(&calls))
}

fn judge(calls: &[ApiCall]) -> Log {
    let mut engine = Engine::new(EngineConfig::default(), Pseudonyms::new([7; 16]));
    let (mut told, mut said) = (Log::default(), Vec::new());
    let (mut limited, mut blocked) = (BTreeSet::new(), BTreeSet::new());
    for call in calls {
        told.calls += 1;
        told.signed += u64::from(is_signed(call));
        engine.observe(call, &mut said);
        for said in said.drain(..) {
            match said {
                Judgement::Finding(finding) => {
                    told.findings += usize::from(CONTENT.contains(&finding.detector.as_str()));
                }
                Judgement::Verdict(verdict) => {
                    let ours = CONTENT.contains(&verdict.detectors[0].as_str());
                    if ours && verdict.would > Action::Notify {
                        limited.insert(verdict.principal.id);
                    }
                    if verdict.would == Action::Block {
                        told.until = told.until.or(Some(told.calls));
                        if ours {
                            blocked.insert(verdict.principal.id);
                        }
                    }
                }
            }
        }
    }
    told.callers = calls.iter().map(|call| call.client).collect::<BTreeSet<_>>().len();
    (told.limited, told.blocked) = (limited.len(), blocked.len());
    told
}

fn row(name: &str, log: &Log) -> String {
    format!(
        "| {name} | {} | {} calls look like code | of {} callers {} limited, {} of them blocked, by content; {} findings |\n",
        log.calls, log.signed, log.callers, log.limited, log.blocked, log.findings
    )
}

#[test]
fn real_requests_are_told_apart() {
    let logs = data().join("logs");
    let families = [
        ("REQUEST-930-APPLICATION-ATTACK-LFI", "rule set, paths and files (930)"),
        ("REQUEST-941-APPLICATION-ATTACK-XSS", "rule set, scripts (941)"),
    ];
    let rows: Option<Vec<String>> = families.iter().map(|(folder, name)| rules(folder, name)).collect();
    let sites = [
        ("elastic_apache_2015.log", "a site, 2015"),
        ("zanbil_2019_first5000.log", "a shop, 2019"),
        ("acunetix.txt", "a scanner"),
    ];
    let read: Option<Vec<Log>> = sites.iter().map(|(file, _)| log(&logs.join(file))).collect();
    let (Some(rows), Some(read)) = (rows, read) else {
        println!("SKIPPED: {} is not there, no figures about real requests", data().display());
        return;
    };
    let mut table =
        "| requests | number | attacks found by their looks | others |\n|---|---|---|---|\n".to_owned();
    table.extend(rows);
    sites.iter().zip(&read).for_each(|((_, name), log)| table.push_str(&row(name, log)));
    println!("{table}");
    for (at, (_, name)) in sites.iter().enumerate().take(2) {
        assert_eq!(read[at].blocked, 0, "{name}: honest callers blocked by content");
    }
    assert!(read[2].until.is_some_and(|calls| calls < 500), "the scanner was not blocked early");
    compare(&table);
}

/// The page holds this table; `UPDATE=1` writes it.
fn compare(table: &str) {
    let path = workspace().join("docs/detection-quality.md");
    let page = fs::read_to_string(&path).expect("the page");
    let (before, rest) = page.split_once(BEGIN).expect("the mark of the table");
    let (held, after) = rest.split_once(END).expect("the end of the table");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).expect("writes");
    } else {
        assert!(held == table, "docs/detection-quality.md holds another table: run with UPDATE=1");
    }
}

#[test]
fn the_reader_of_cases_reads_its_yaml() {
    let text = "tests:\n  - test_id: 1\n    stages:\n      - input:\n          method: POST\n          headers:\n            Host: \"a\"\n          \
                uri: '/x?a=''b'\n          data: \"q=\\x41\\\"\"\n        output:\n          log:\n            no_expect_ids: [1]\n";
    let cases = cases(text);
    let case = &cases[0];
    assert_eq!((case.uri.as_str(), case.body.as_deref(), case.must), ("/x?a='b", Some("q=A\""), Some(false)));
    assert_eq!(case.headers, [("Host".to_owned(), b"a".to_vec())]);
}
