//! Listeners as gateways and strangers see them: who is let in, what is refused and how, and that a bad guest costs nothing
//! but himself. Loopback only.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

const SECRET: &str = "a-secret-of-the-gateway";
/// Tries before a condition counts as never met, 50 ms each.
const TRIES: u32 = 400;

struct Daemon {
    child: Child,
    log: std::path::PathBuf,
    kong: SocketAddr,
    sideband: SocketAddr,
}

/// An address that is free now.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port")
}

impl Daemon {
    fn start(folder: &Path) -> Self {
        let (kong, sideband) = (free(), free());
        let path = |name: &str| folder.join(name);
        fs::write(path("secret"), format!("{SECRET}\n")).expect("writes");
        let text = format!(
            "[state]\ndirectory = {state:?}\n[soclog]\nhealth_s = 1\n\
             [[intake]]\nname = 'kong'\nkind = 'http_log'\nlisten = '{kong}'\nsecret_file = {secret:?}\n\
             [[intake]]\nname = 'ase'\nkind = 'sideband'\nlisten = '{sideband}'\nsecret_file = {secret:?}\n",
            state = path("state"),
            secret = path("secret"),
        );
        fs::write(path("s.toml"), text).expect("writes");
        let mut command = Command::new(env!("CARGO_BIN_EXE_sidewatch"));
        let child =
            command.arg("-c").arg(path("s.toml")).arg("run").stderr(Stdio::null()).spawn().expect("starts");
        let daemon = Self { child, log: path("state").join("soc.ndjson"), kong, sideband };
        let up = [kong, sideband].iter().all(|at| eventually(|| TcpStream::connect(at).is_ok()));
        assert!(up && eventually(|| daemon.log.exists()), "it listens");
        daemon
    }

    /// The newest health line, once it satisfies.
    #[track_caller]
    fn health(&self, met: impl Fn(&Value) -> bool) {
        let newest = || {
            let text = fs::read_to_string(&self.log).unwrap_or_default();
            let mut lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            lines.rfind(|line| line["event"] == "health")
        };
        assert!(eventually(|| newest().is_some_and(|line| met(&line))), "{:?}", newest());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
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

/// Status and text of the answer to these bytes; 0 when the connection ended without one.
fn say(to: SocketAddr, bytes: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(to).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("sets");
    // Who is refused early may find the way shut.
    let _ = stream.write_all(bytes);
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text).into_owned();
    (text.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0), text)
}

fn post(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn bearer(secret: &str) -> String {
    format!("Authorization: Bearer {secret}\r\n")
}

/// What Kong writes of a call.
fn report(path: &str) -> Value {
    json!({
        "request": { "method": "GET", "uri": path, "url": format!("http://api{path}"), "size": 100, "headers": { "host": "api" } },
        "response": { "status": 200, "size": 300, "headers": {} },
        "latencies": { "request": 12 }, "client_ip": "192.0.2.7", "started_at": 1_700_000_000_000_u64
    })
}

#[test]
fn only_who_knows_the_secret_is_heard() {
    let folder = tempfile::tempdir().expect("folder");
    let daemon = Daemon::start(folder.path());
    let body = report("/a").to_string();
    let wrong = [
        String::new(),
        bearer(""),
        bearer("a-secret-of-the-gatewaX"),
        bearer(&format!("{SECRET}x")),
        bearer(SECRET.strip_suffix('y').expect("its last letter")),
        format!("Authorization: Basic {SECRET}\r\n"),
        format!("Authorization: {SECRET}\r\n"),
        // The other kind's header.
        format!("ASE-Token: {SECRET}\r\n"),
        bearer(&"x".repeat(20_000)),
    ];
    for headers in &wrong {
        let (status, text) = say(daemon.kong, &post("/", headers, body.as_bytes()));
        assert_eq!(status, 401, "{headers}: {text}");
        assert!(!text.contains(SECRET), "{text}");
    }
    for headers in &wrong[..7] {
        let (status, text) = say(daemon.sideband, &post("/ase/request", headers, b"{}"));
        assert_eq!(status, 401, "{headers}: {text}");
    }
    let right = [bearer(SECRET), format!("authorization: bEARER  {SECRET} \r\n")];
    for headers in &right {
        assert_eq!(say(daemon.kong, &post("/", headers, body.as_bytes())).0, 200, "{headers}");
    }
    daemon.health(|line| line["calls"] == 2 && line["losses"].get("intake_refused").is_none());
}

#[test]
fn what_is_no_report_is_refused_with_its_place_and_counted() {
    let folder = tempfile::tempdir().expect("folder");
    let daemon = Daemon::start(folder.path());
    let known = bearer(SECRET);
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    let rubbish: [&[u8]; 8] = [
        b"",
        b"{",
        b"nonsense",
        b"\0\xff\xfe",
        b"[1,2,3]",
        b"{\"request\":7}",
        &deep,
        b"{\"request\":{\"uri\":null}}",
    ];
    for body in rubbish {
        let (status, text) = say(daemon.kong, &post("/", &known, body));
        assert_eq!(status, 400, "{:?}: {text}", String::from_utf8_lossy(&body[..body.len().min(30)]));
        let (status, text) = say(daemon.sideband, &post("/ase/request", &known, body));
        assert_eq!(status, 400, "{:?}: {text}", String::from_utf8_lossy(&body[..body.len().min(30)]));
    }
    let large = post("/", &known, &vec![b' '; (8 << 20) + 1]);
    assert!(matches!(say(daemon.kong, &large).0, 0 | 413));
    let announced = format!("POST / HTTP/1.1\r\nHost: a\r\n{known}Content-Length: 99999999999\r\n\r\n");
    assert!(matches!(say(daemon.kong, announced.as_bytes()).0, 0 | 413));
    let get = format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{known}\r\n");
    assert_eq!(say(daemon.kong, get.as_bytes()).0, 405);
    assert_eq!(say(daemon.sideband, &post("/ase/other", &known, b"{}")).0, 404);
    let smuggled = format!(
        "POST / HTTP/1.1\r\nHost: a\r\n{known}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    );
    assert!(matches!(say(daemon.kong, format!("{smuggled}X").as_bytes()).0, 0 | 400));
    let endless = [b"POST / HTTP/1.1\r\nHost: ", vec![b'a'; 200_000].as_slice()].concat();
    assert!(matches!(say(daemon.kong, &endless).0, 0 | 400 | 431));
    assert_eq!(say(daemon.kong, &post("/", &known, report("/still").to_string().as_bytes())).0, 200);
    daemon.health(|line| line["calls"] == 1 && line["losses"]["intake_refused"].as_u64() >= Some(16));
}

#[test]
fn guests_who_say_nothing_keep_nobody_out_for_long() {
    let folder = tempfile::tempdir().expect("folder");
    let daemon = Daemon::start(folder.path());
    let silent: Vec<_> = (0..200).map(|_| TcpStream::connect(daemon.kong).expect("it listens")).collect();
    let slow: Vec<_> = (0..50)
        .map(|_| {
            let mut stream = TcpStream::connect(daemon.kong).expect("it listens");
            let _ = stream.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nX: ");
            stream
        })
        .collect();
    // The other listener has seats of its own.
    let (status, _) = say(daemon.sideband, &post("/ase/other", &bearer(SECRET), b"{}"));
    assert_eq!(status, 404);
    drop((silent, slow));
    let (status, text) = say(daemon.kong, &post("/", &bearer(SECRET), report("/a").to_string().as_bytes()));
    assert_eq!(status, 200, "{text}");
}

/// A body of so many calls, made 8 MiB long by blanks: the longest that is taken.
fn long(calls: usize) -> Vec<u8> {
    let reports = vec![report("/a").to_string(); calls].join(",");
    format!("[{reports}{}]", " ".repeat((8 << 20) - reports.len() - 2)).into_bytes()
}

#[test]
fn a_full_queue_says_later_and_takes_it_later() {
    let folder = tempfile::tempdir().expect("folder");
    let daemon = Daemon::start(folder.path());
    let known = bearer(SECRET);
    let (work, blanks) = (post("/", &known, &long(10_000)), post("/", &known, &long(1)));
    let mut taken = 0_u64;
    // While the first is judged, there is room for one more like it.
    let refused = (0..20).find_map(|_| {
        [(&work, 10_000), (&blanks, 1), (&blanks, 1)].into_iter().find_map(|(post, calls)| {
            let (status, text) = say(daemon.kong, post);
            taken += if status == 200 { calls } else { 0 };
            (status != 200).then_some((status, text))
        })
    });
    let (status, text) = refused.expect("a queue that is full");
    assert_eq!(status, 503, "{text}");
    assert!(text.to_ascii_lowercase().contains("\r\nretry-after: 1\r\n"), "{text}");
    assert!(eventually(|| say(daemon.kong, &blanks).0 == 200), "there is room again");
    daemon.health(|line| {
        line["calls"].as_u64() == Some(taken + 1) && line["losses"]["intake_busy"].as_u64() >= Some(1)
    });
}

#[test]
fn a_sideband_pair_becomes_one_call() {
    let folder = tempfile::tempdir().expect("folder");
    let daemon = Daemon::start(folder.path());
    let headers = format!("ASE-Token: {SECRET}\r\nX-CorrelationID: one\r\n");
    let asked = json!({
        "source_ip": "192.0.2.7", "source_port": "40000", "method": "GET", "url": "/orders/1", "http_version": "1.1",
        "headers": [{ "host": "api" }, { "authorization": "Bearer alpha-token-0123456789" }]
    });
    let told = json!({
        "response_code": "200", "response_status": "OK", "method": "GET", "url": "/orders/1", "http_version": "1.1",
        "headers": [{ "content-type": "application/json" }], "body": "{}"
    });
    let (status, text) = say(daemon.sideband, &post("/ase/request", &headers, asked.to_string().as_bytes()));
    assert_eq!(status, 200, "monitor mode refuses nobody: {text}");
    let (status, text) = say(daemon.sideband, &post("/ase/response", &headers, told.to_string().as_bytes()));
    assert_eq!(status, 200, "{text}");
    // An answer to nothing.
    let orphan = format!("ASE-Token: {SECRET}\r\nX-CorrelationID: two\r\n");
    say(daemon.sideband, &post("/ase/response", &orphan, told.to_string().as_bytes()));
    daemon.health(|line| line["calls"] == 1 && line["losses"]["half_pair"] == 1);
}
