//! A book in memory, and a HAProxy with the rules of the example.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]
#![allow(
    clippy::disallowed_methods,
    reason = "these tests run against programs that live by the host's clock"
)]

use std::{
    collections::BTreeMap,
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use connect::{Book, BookError, Clock, Dispatcher, DispatcherHandle, GatewayConfig, Report};
use model::{
    Action, Delivery, DeliveryState, Principal, PrincipalKind, Pseudonyms, Revocation, Timestamp, VerdictId,
};
use tokio::sync::mpsc;

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::ZERO.after(since)
}

pub(crate) fn clock() -> Clock {
    Arc::new(now)
}

pub(crate) fn names() -> Pseudonyms {
    Pseudonyms::new([5; 16])
}

pub(crate) fn credential(kind: PrincipalKind, clear: &str) -> Principal {
    names().credential(kind, clear.as_bytes())
}

/// A ledger in memory: one row per verdict.
#[derive(Default)]
pub(crate) struct Notes(Mutex<BTreeMap<u128, (Delivery, bool)>>);

impl Notes {
    pub(crate) fn add(&self, principal: Principal, action: Action, ttl: Duration) -> VerdictId {
        let mut rows = self.0.lock().unwrap();
        let id = VerdictId(rows.len() as u128 + 1);
        let at = now();
        let revocation = Revocation {
            verdict: id,
            gateway: "edge".into(),
            principal,
            action,
            until: at.after(ttl),
            attempt: 0,
        };
        let delivery = Delivery { at, revocation, state: DeliveryState::Pending, detail: String::new() };
        rows.insert(id.0, (delivery, false));
        id
    }

    pub(crate) fn block(&self, principal: Principal) -> VerdictId {
        self.add(principal, Action::Block, Duration::from_secs(600))
    }

    pub(crate) fn withdraw(&self, id: VerdictId) {
        self.0.lock().unwrap().get_mut(&id.0).unwrap().0.state = DeliveryState::Withdrawn;
    }

    pub(crate) fn delivery(&self, id: VerdictId) -> Delivery {
        self.0.lock().unwrap()[&id.0].0.clone()
    }

    pub(crate) fn state(&self, id: VerdictId) -> DeliveryState {
        self.delivery(id).state
    }
}

impl Book for Notes {
    fn desired(&self, _: &str, now: Timestamp) -> Result<Vec<Revocation>, BookError> {
        use DeliveryState::{Delivered, DryRun, Pending};
        let rows = self.0.lock().unwrap();
        let live = rows.values().map(|(row, _)| row).filter(|row| row.revocation.until > now);
        let live = live.filter(|row| matches!(row.state, Pending | Delivered | DryRun));
        Ok(live.map(|row| row.revocation.clone()).collect())
    }

    fn owed(&self, _: &str, now: Timestamp) -> Result<Vec<Delivery>, BookError> {
        let rows = self.0.lock().unwrap();
        let owed = rows.values().filter(|(row, held)| match row.state {
            DeliveryState::Pending => row.revocation.until > now,
            DeliveryState::Withdrawn => *held,
            _ => false,
        });
        Ok(owed.map(|(row, _)| row.clone()).collect())
    }

    fn note(&self, deliveries: &[Delivery]) -> Result<Vec<Delivery>, BookError> {
        let mut rows = self.0.lock().unwrap();
        let mut news = Vec::new();
        for delivery in deliveries {
            let (row, held) = rows.get_mut(&delivery.revocation.verdict.0).unwrap();
            if row.state != delivery.state || *held {
                news.push(delivery.clone());
            }
            *held = delivery.state == DeliveryState::Delivered;
            *row = delivery.clone();
        }
        Ok(news)
    }
}

/// A dispatcher for one gateway, with its book and its reports.
pub(crate) struct Rig {
    pub(crate) notes: Arc<Notes>,
    pub(crate) handle: DispatcherHandle,
    reports: mpsc::Receiver<Report>,
    heard: Vec<Report>,
}

impl Rig {
    pub(crate) fn start(config: GatewayConfig) -> Self {
        Self::resume(config, Arc::new(Notes::default()))
    }

    pub(crate) fn resume(config: GatewayConfig, notes: Arc<Notes>) -> Self {
        let (sender, reports) = mpsc::channel(1_000);
        let book: Arc<dyn Book> = notes.clone();
        let handle = Dispatcher::start(vec![config], &book, &clock(), &sender).unwrap();
        Self { notes, handle, reports, heard: Vec::new() }
    }

    /// Whether an audit line of this name has been reported.
    pub(crate) fn audited(&mut self, act: &str) -> bool {
        while let Ok(report) = self.reports.try_recv() {
            self.heard.push(report);
        }
        self.heard.iter().any(|report| matches!(report, Report::Audit(audit) if audit.act == act))
    }
}

/// Waits until `holds`, at most 5 s.
pub(crate) async fn within_5_s(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..100 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(holds(), "not within 5 s: {what}");
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// HAProxy with the example's rules, and an API behind it that answers 200.
pub(crate) struct Haproxy {
    folder: tempfile::TempDir,
    child: Option<Child>,
    port: u16,
}

impl Haproxy {
    /// `None`, with a line that says so, where HAProxy is not installed.
    pub(crate) fn new() -> Option<Self> {
        if Command::new("haproxy").arg("-v").stdout(Stdio::null()).status().is_err() {
            let _ = std::io::Write::write_fmt(
                &mut std::io::stderr(),
                format_args!("skipped: haproxy is not installed\n"),
            );
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("maps")).unwrap();
        for map in ["tokens", "api_keys", "cookies", "users", "addresses"] {
            fs::write(folder.path().join("maps").join(format!("{map}.map")), "").unwrap();
        }
        let port = free_port();
        let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/haproxy/haproxy.cfg");
        let here = folder.path().to_str().unwrap();
        let rules = fs::read_to_string(example)
            .unwrap()
            .replace("/etc/haproxy/sidewatch", &format!("{here}/maps"))
            .replace("/run/haproxy/admin.sock", &format!("{here}/admin.sock"))
            .replace("bind :8080", &format!("bind 127.0.0.1:{port}\n    bind ::1:{port}"))
            .replace("    server one 127.0.0.1:9000", "    http-request return status 200");
        fs::write(folder.path().join("haproxy.cfg"), rules).unwrap();
        Some(Self { folder, child: None, port })
    }

    pub(crate) fn up(mut self) -> Self {
        self.start();
        self
    }

    pub(crate) fn start(&mut self) {
        let file = self.folder.path().join("haproxy.cfg");
        let child =
            Command::new("haproxy").arg("-db").arg("-f").arg(file).stderr(Stdio::null()).spawn().unwrap();
        self.child = Some(child);
        for _ in 0..100 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("admin.sock")
    }

    pub(crate) fn config(&self) -> GatewayConfig {
        GatewayConfig {
            address: format!("unix:{}", self.socket().display()),
            maps: format!("{}/maps", self.folder.path().display()),
            ..GatewayConfig::new("edge", "haproxy")
        }
    }

    /// What the Runtime API says to a command; `MAPS/` stands for the folder of the maps.
    pub(crate) fn ask(&self, command: &str) -> String {
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        let command = command.replace("MAPS", &format!("{}/maps", self.folder.path().display()));
        writeln!(stream, "{command}").unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }

    pub(crate) fn entries(&self, map: &str) -> usize {
        self.ask(&format!("show map MAPS/{map}.map")).lines().filter(|line| line.starts_with("0x")).count()
    }

    /// The status and head of the answer to a request with these header lines.
    pub(crate) fn get(&self, path: &str, headers: &str) -> (u16, String) {
        self.get_from(SocketAddr::from(([127, 0, 0, 1], self.port)), path, headers)
    }

    pub(crate) fn get_v6(&self) -> u16 {
        self.get_from(SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], self.port)), "/", "").0
    }

    fn get_from(&self, to: SocketAddr, path: &str, headers: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(to).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap_or("0").parse().unwrap();
        (status, answer)
    }

    pub(crate) fn status(&self, headers: &str) -> u16 {
        self.get("/", headers).0
    }
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        self.stop();
    }
}
