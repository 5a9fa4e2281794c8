//! A running daemon as its operator sees it, on the loopback interface. Needs the right to capture.

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::Duration,
};

use common::block_in_force;
use serde_json::Value;

/// Tries before a condition counts as never met, 50 ms each.
const TRIES: u32 = 200;

struct Daemon {
    child: Child,
    folder: PathBuf,
}

impl Daemon {
    /// Starts it in `folder`; `None` without the right to capture.
    fn start(folder: &Path, more: &str) -> Option<Self> {
        let config = folder.join("s.toml");
        let text = format!("[state]\ndirectory = {:?}\n[soclog]\nhealth_s = 1\n{more}", folder.join("state"));
        fs::write(&config, text).expect("writes");
        let mut child = sidewatch(folder, &["run", "-i", "lo", "-f", "tcp port 59999"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        let socket = folder.join("state/control.sock");
        let up = eventually(|| socket.exists() || child.try_wait().is_ok_and(|ended| ended.is_some()));
        assert!(up, "neither up nor ended");
        if let Some(status) = child.try_wait().expect("waits") {
            let errors = String::from_utf8(child.wait_with_output().expect("ends").stderr).expect("text");
            assert_eq!(status.code(), Some(77), "{errors}");
            let _ = std::io::Write::write_fmt(
                &mut std::io::stderr(),
                format_args!("skipped: no right to capture on lo: {errors}\n"),
            );
            return None;
        }
        Some(Self { child, folder: folder.to_owned() })
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().expect("runs").success());
    }

    fn ask(&self, arguments: &[&str]) -> Output {
        sidewatch(&self.folder, arguments).output().expect("runs")
    }

    fn log(&self, name: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.join("state").join(name)).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn sidewatch(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidewatch"));
    command.arg("-c").arg(folder.join("s.toml")).args(arguments);
    command
}

fn eventually(mut met: impl FnMut() -> bool) -> bool {
    (0..TRIES).any(|_| {
        let done = met();
        if !done {
            thread::park_timeout(Duration::from_millis(50));
        }
        done
    })
}

fn fits(line: &Value) {
    let name = line["event"].as_str().expect("event");
    let path = format!("{}/../../docs/schemas/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
    let schema = serde_json::from_str(&fs::read_to_string(path).expect("schema")).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    let wrong: Vec<_> = schema.iter_errors(line).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:?}: {line}");
}

#[test]
fn a_daemon_starts_answers_rotates_and_stops() {
    let folder = tempfile::tempdir().expect("folder");
    let Some(mut daemon) = Daemon::start(folder.path(), "") else { return };

    let answer = daemon.ask(&["verdicts"]);
    assert!(answer.status.success());
    assert_eq!(String::from_utf8_lossy(&answer.stdout), "No verdicts.\n");
    let answer = daemon.ask(&["unblock", "ip:192.0.2.1"]);
    assert_eq!(answer.status.code(), Some(66), "{}", String::from_utf8_lossy(&answer.stderr));

    let answer = daemon.ask(&["inventory", "--json"]);
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    assert!(String::from_utf8_lossy(&answer.stdout).contains(r#""routes":[]"#));

    assert!(eventually(|| daemon.log("soc.ndjson").iter().any(|line| line["event"] == "health")));
    let state = daemon.folder.join("state");
    fs::rename(state.join("soc.ndjson"), state.join("old.ndjson")).expect("renames");
    daemon.signal("HUP");
    assert!(eventually(|| daemon.log("soc.ndjson").iter().any(|line| line["act"] == "reopen")));

    daemon.signal("TERM");
    let mut status = None;
    assert!(eventually(|| {
        status = daemon.child.try_wait().expect("waits");
        status.is_some()
    }));
    assert_eq!(status.and_then(|status| status.code()), Some(0));
    let lines: Vec<_> = [daemon.log("old.ndjson"), daemon.log("soc.ndjson")].concat();
    lines.iter().for_each(fits);
    let acts: Vec<_> = lines.iter().filter_map(|line| line["act"].as_str()).collect();
    assert_eq!(acts, ["start", "reopen", "stop"]);
    assert!(!state.join("control.sock").exists());
    let files = ["old.ndjson", "soc.ndjson"].map(|name| state.join(name).display().to_string());
    let chain = daemon.ask(&["verify", "--chain", &files[0], &files[1]]);
    assert!(chain.status.success(), "{}", String::from_utf8_lossy(&chain.stdout));
    let answer = daemon.ask(&["verdicts", "--json"]);
    assert!(answer.status.success(), "the ledger is free again: {}", String::from_utf8_lossy(&answer.stderr));
}

#[test]
fn what_people_say_reaches_a_running_daemon_and_is_audited() {
    let folder = tempfile::tempdir().expect("folder");
    block_in_force(folder.path());
    let Some(daemon) = Daemon::start(folder.path(), "") else { return };
    for (word, why) in [("confirm", "she told us"), ("unlearn", "a test"), ("false-alarm", "she was right")] {
        let answer = daemon.ask(&[word, "abc", "--why", why]);
        assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    }
    let said = daemon.ask(&["feedback"]);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("false_alarm") && said.contains("she was right"), "{said}");
    let audited = |line: &Value| line["target"].as_str().is_some_and(|target| target.starts_with("abc"));
    let lines: Vec<_> = daemon.log("soc.ndjson").into_iter().filter(audited).collect();
    let acts: Vec<_> = lines.iter().filter_map(|line| line["act"].as_str()).collect();
    assert_eq!(acts, ["confirmed", "unlearnt", "false_alarm"]);
    assert!(lines.iter().all(|line| line["actor"].as_str().is_some_and(|who| who.starts_with("operator:"))));
    assert_eq!(lines[0]["detail"], "user amal: she told us");
    lines.iter().for_each(fits);
}

#[test]
fn a_second_daemon_is_told_that_one_runs() {
    let folder = tempfile::tempdir().expect("folder");
    let Some(daemon) = Daemon::start(folder.path(), "") else { return };
    let second = daemon.ask(&["run", "-i", "lo"]);
    let errors = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(69), "{errors}");
    assert!(daemon.ask(&["verdicts"]).status.success(), "the first one still answers");
}

#[test]
fn a_missing_interface_is_one_clear_line() {
    let folder = tempfile::tempdir().expect("folder");
    fs::write(folder.path().join("s.toml"), "").expect("writes");
    let output = sidewatch(folder.path(), &["run", "-i", "nowhere0"]).output().expect("runs");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(matches!(output.status.code(), Some(66 | 77)), "{errors}");
    assert!(errors.contains("nowhere0"), "{errors}");
}

/// What calls HTTPS: its keys go to a log that is rotated in between.
fn call_with_keys(log: &Path, path: &str) {
    let url = format!("https://127.0.0.1:59999{path}");
    let mut curl = Command::new("curl");
    curl.args(["-sk", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", "-o", "/dev/null", &url]);
    assert!(curl.env("SSLKEYLOGFILE", log).status().expect("curl starts").success(), "{path}");
}

/// A server of TLS that answers every path.
fn tls_server(folder: &Path) -> Option<Child> {
    let file = |name: &str| folder.join(name).display().to_string();
    let (key, cert) = (file("key.pem"), file("cert.pem"));
    let request =
        ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=api.example", "-keyout", &key];
    let made = Command::new("openssl").args(request).args(["-out", &cert]).output();
    let has_curl = Command::new("curl").arg("-V").output().is_ok_and(|output| output.status.success());
    if !has_curl || !made.is_ok_and(|output| output.status.success()) {
        let _ = std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!("skipped: openssl and curl are needed\n"),
        );
        return None;
    }
    let server = ["s_server", "-quiet", "-www", "-accept", "127.0.0.1:59999", "-key", &key, "-cert", &cert];
    let server = Command::new("openssl").args(server).stdin(Stdio::null()).stdout(Stdio::null()).spawn();
    Some(server.expect("openssl starts"))
}

#[test]
fn a_daemon_reads_tls_with_a_key_log_that_grows_and_is_rotated() {
    let folder = tempfile::tempdir().expect("folder");
    let log = folder.path().join("keys.log");
    let Some(mut server) = tls_server(folder.path()) else { return };
    let more = format!("[tls]\nkey_logs = [{log:?}]\n");
    let daemon = Daemon::start(folder.path(), &more);
    let health =
        |daemon: &Daemon| daemon.log("soc.ndjson").into_iter().rfind(|line| line["event"] == "health");
    let calls = |daemon: &Daemon| health(daemon).and_then(|line| line["calls"].as_u64()).unwrap_or(0);
    if let Some(daemon) = &daemon {
        call_with_keys(&log, "/first");
        assert!(eventually(|| calls(daemon) == 1), "{:?}", health(daemon));
        // Rubbish costs nothing but itself.
        let rubbish = [&b"CLIENT_RANDOM zz zz\n\xff\xfe\0\n"[..], &[b'x'; 70_000], b"\n"].concat();
        let mut file = fs::OpenOptions::new().append(true).open(&log).expect("there");
        std::io::Write::write_all(&mut file, &rubbish).expect("writes");
        call_with_keys(&log, "/second");
        assert!(eventually(|| calls(daemon) == 2), "{:?}", health(daemon));
        fs::rename(&log, folder.path().join("keys.old")).expect("renames");
        call_with_keys(&log, "/third");
        assert!(eventually(|| calls(daemon) == 3), "{:?}", health(daemon));
        let losses = health(daemon).expect("told")["losses"].clone();
        assert_eq!(losses["key_line_bad"], 3, "{losses}");
        assert!(losses.get("tls_no_keys").is_none() && losses.get("tls_unread").is_none(), "{losses}");
    }
    let _ = server.kill();
    let _ = server.wait();
}
