//! The command line as scripts see it: exit codes, one line an error, outputs that fit their schemas.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::{Value, json};

fn sidewatch(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sidewatch")).args(arguments).output().expect("runs")
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A call as `replay --calls` writes it: a scanner that asks for things that are not there.
fn call(number: u64) -> Value {
    let at = format!("2026-01-31T08:00:{:02}.000000000Z", number % 60);
    json!({
        "at": at, "id": format!("{number:016x}"), "client": "192.0.2.7", "peer": "192.0.2.7:40000",
        "server": "198.51.100.1:80", "http": "1.1", "method": "GET", "host": "api",
        "path": format!("/secret-{number}"), "status": 404, "request_bytes": 0, "response_bytes": 9,
        "duration_us": 800, "identities": [], "complete": true, "grade": "A", "ended_at": at,
        "context": { "agent": 1, "headers": 2, "language": 0, "cross_site": false }
    })
}

fn calls_file(folder: &Path, n: u64) -> String {
    let path = folder.join("calls.ndjson");
    let lines: String = (0..n).map(|number| format!("{}\n", call(number))).collect();
    fs::write(&path, lines).expect("writes");
    path.display().to_string()
}

fn schema(name: &str) -> jsonschema::Validator {
    let path = format!("{}/../../docs/schemas/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&path).expect("schema");
    jsonschema::validator_for(&serde_json::from_str(&text).expect("JSON")).expect("a schema")
}

fn fits(name: &str, lines: &str) -> usize {
    let schema = schema(name);
    for line in lines.lines() {
        let value = serde_json::from_str(line).expect("JSON");
        let wrong: Vec<_> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{name}: {wrong:?}: {line}");
    }
    lines.lines().count()
}

#[test]
fn every_mistake_has_its_exit_code_and_one_clear_line() {
    let folder = tempfile::tempdir().expect("folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let calls = calls_file(folder.path(), 3);
    fs::write(path("bad.toml"), "[capture]\nintrface = 'x'\n").expect("writes");
    fs::write(path("bad.ndjson"), "{\"at\":1}\n").expect("writes");
    fs::write(path("state.toml"), format!("[state]\ndirectory = {:?}\n", path("none"))).expect("writes");
    let cases: &[(&[&str], i32, &str)] = &[
        (&["replya"], 64, "replay"),
        (&["replay"], 64, "FILE"),
        (&["check", "-c", &path("absent.toml")], 64, "absent.toml"),
        (&["check", "-c", &path("bad.toml")], 64, "did you mean `interface`"),
        (&["run"], 64, "-i"),
        (&["run", "-i", "lo", "-c", &path("bad.toml")], 64, "intrface"),
        (&["replay", &calls, "--deliver"], 64, "mode = \"enforce\""),
        (&["replay", &calls, "--verdicts", "/nowhere/v"], 73, "/nowhere/v"),
        (&["replay", &calls, "--verdicts", "/dev/full", "--calls", "/dev/full"], 74, "/dev/full"),
        (&["replay", &path("absent.ndjson")], 66, "absent.ndjson"),
        (&["replay", &path("bad.ndjson")], 65, "line 1"),
        (&["verdicts", "-c", &path("state.toml")], 69, "no daemon and no ledger"),
        (&["check", "--log-level", "a=b=c"], 64, "--log-level"),
    ];
    for (arguments, exit, said) in cases {
        let output = sidewatch(arguments);
        let errors = errors(&output);
        assert_eq!(output.status.code(), Some(*exit), "{arguments:?}: {errors}");
        assert!(errors.contains(said), "{arguments:?}: {errors}");
        assert_eq!(
            errors.lines().filter(|line| line.starts_with("sidewatch: error: ")).count(),
            1,
            "{errors}"
        );
    }
}

#[test]
fn a_file_with_seven_mistakes_is_told_seven_times() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("bad.toml");
    let text = "mode = 'x'\nmdoe = 1\n[capture]\nshards = 'a'\n[sensr]\n[rails]\nttl = 1\nnever_block = 3\n[soclog]\nx = 1\n";
    fs::write(&path, text).expect("writes");
    let output = sidewatch(&["check", "-c", &path.display().to_string()]);
    assert_eq!(output.status.code(), Some(64));
    assert_eq!(errors(&output).lines().count(), 7, "{}", errors(&output));
}

#[test]
fn files_of_addresses_are_read_before_anything_starts() {
    let folder = tempfile::tempdir().expect("folder");
    let at = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("writes");
        path.display().to_string()
    };
    let (good, bad) = (at("tor.txt", "192.0.2.0/24 # exits\n"), at("bad.txt", "192.0.2.1\nwho\n"));
    let sound = at("sound.toml", &format!("[addresses]\nthreat_lists = ['{good}']\n"));
    let output = sidewatch(&["check", "-c", &sound]);
    assert!(output.status.success(), "{}", errors(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("threats    tor"));
    let wrong = at("wrong.toml", &format!("[addresses]\nplaces = '{good}'\nthreat_lists = ['{bad}']\n"));
    for command in [&["check"][..], &["replay", "none.pcap"]] {
        let output = sidewatch(&[command, &["-c", &wrong]].concat());
        assert_eq!(output.status.code(), Some(64));
        let said = errors(&output);
        assert!(said.contains("`places`") && said.contains("is no database of places"), "{said}");
        assert!(said.contains("bad.txt: line 2: expected an address or a network"), "{said}");
    }
    // Who only asks needs none of them.
    let output = sidewatch(&["feedback", "-c", &wrong]);
    assert!(!errors(&output).contains("addresses"), "{}", errors(&output));
}

#[test]
fn replayed_calls_are_judged_the_same_each_time_and_fit_the_schemas() {
    let folder = tempfile::tempdir().expect("folder");
    let calls = calls_file(folder.path(), 55);
    let run = |turn: &str| {
        let path = |name: &str| folder.path().join(format!("{name}-{turn}")).display().to_string();
        let output = sidewatch(&[
            "replay",
            &calls,
            "--verdicts",
            &path("v"),
            "--findings",
            &path("f"),
            "--calls",
            &path("c"),
            "--summary",
            &path("s"),
        ]);
        assert!(output.status.success(), "{}", errors(&output));
        ["v", "f", "c", "s"].map(|name| fs::read_to_string(path(name)).expect("written"))
    };
    let [verdicts, findings, written, summary] = run("1");
    let again = run("2");
    assert_eq!([&verdicts, &findings, &written], [&again[0], &again[1], &again[2]]);
    assert_eq!(fits("call", &written), 55);
    assert!(fits("verdict", &verdicts) > 0);
    assert!(fits("finding", &findings) > 0);
    assert_eq!(fits("summary", &summary), 1);
}

#[test]
fn help_teaches_with_an_example() {
    for command in [
        "run",
        "replay",
        "backtest",
        "inventory",
        "verify",
        "decode",
        "check",
        "explain",
        "verdicts",
        "unblock",
        "confirm",
        "false-alarm",
        "unlearn",
        "feedback",
        "completions",
    ] {
        let output = sidewatch(&[command, "--help"]);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("Example"), "{command}: {text}");
    }
}

#[test]
fn check_says_that_gateways_are_not_used_in_monitor_mode() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("s.toml");
    let text = "[[gateways]]\nname = 'edge'\nkind = 'haproxy'\naddress = '/run/haproxy/admin.sock'\n";
    fs::write(&path, text).expect("writes");
    let output = sidewatch(&["check", "-c", &path.display().to_string()]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", errors(&output));
    assert!(text.contains("the gateways are not used: edge (haproxy)"), "{text}");
}

#[test]
fn completions_name_every_command() {
    let output = sidewatch(&["completions", "bash"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(["replay", "explain", "unblock"].iter().all(|command| text.contains(command)));
}
