//! `run` under load with a flapping HAProxy, killed at random moments: no acknowledged verdict is lost, none outlives
//! its expiry, and HAProxy's map equals the ledger within seconds of both being up.
//!
//! `SIDEWATCH_KILLS` sets how often it is killed (default 12).
#![expect(clippy::disallowed_methods, reason = "the test drives real processes by the wall clock")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use tests::binary;

/// How soon gateway and ledger must agree once both are up.
const AGREE_WITHIN: Duration = Duration::from_secs(5);

struct Place {
    directory: tempfile::TempDir,
    backend_port: u16,
}

impl Place {
    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn prepare() -> Self {
        let directory = tempfile::tempdir().expect("temporary directory");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let backend_port = listener.local_addr().expect("bound").port();
        thread::spawn(move || serve(&listener));
        let place = Self { directory, backend_port };
        fs::create_dir(place.path("maps")).expect("writable");
        for map in ["tokens", "api_keys", "cookies", "users", "addresses"] {
            fs::write(place.path(&format!("maps/{map}.map")), "").expect("writable");
        }
        fs::write(place.path("haproxy.cfg"), place.haproxy_settings()).expect("writable");
        fs::write(place.path("sidewatch.toml"), place.sidewatch_settings()).expect("writable");
        place
    }

    fn haproxy_settings(&self) -> String {
        let maps = self.path("maps");
        let maps = maps.display();
        let mut rules = String::new();
        for map in ["tokens", "api_keys", "cookies", "users"] {
            rules.push_str(&format!("    http-request deny if {{ path,map({maps}/{map}.map) -m found }}\n"));
        }
        rules
            .push_str(&format!("    http-request deny if {{ src,map_ip({maps}/addresses.map) -m found }}\n"));
        format!(
            "global\n    stats socket {} level admin mode 600\ndefaults\n    mode http\n    timeout connect 1s\n    timeout client 5s\n    timeout server 5s\nfrontend f\n    bind unix@{}\n{rules}    http-request return status 200\n",
            self.path("admin.sock").display(),
            self.path("front.sock").display(),
        )
    }

    fn sidewatch_settings(&self) -> String {
        format!(
            "mode = \"enforce\"\n[capture]\ninterface = \"lo\"\nfilter = \"tcp port {}\"\n\
             [state]\ndirectory = \"{}\"\n[soclog]\npath = \"{}\"\nhealth_s = 1\n\
             [rails]\nttl_s = [6]\nblocks_per_10min = 1000000\nblocks_per_10min_share = 1.0\nblocks_per_day_share = 1.0\n\
             [[decoys.paths]]\nname = \"trap\"\npath = \"/trap\"\n\
             [[gateways]]\nname = \"edge\"\nkind = \"haproxy\"\naddress = \"{}\"\nmaps = \"{}\"\n",
            self.backend_port,
            self.path("state").display(),
            self.path("soc.ndjson").display(),
            self.path("admin.sock").display(),
            self.path("maps").display(),
        )
    }

    fn start_haproxy(&self) -> Child {
        let mut haproxy = Command::new("haproxy");
        haproxy.arg("-db").arg("-f").arg(self.path("haproxy.cfg"));
        haproxy.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("haproxy starts")
    }

    fn start_sidewatch(&self) -> Child {
        let diagnostics = fs::File::options().create(true).append(true).open(self.path("diagnostics"));
        let mut sidewatch = Command::new(binary::sidewatch());
        sidewatch.arg("run").arg("-c").arg(self.path("sidewatch.toml"));
        sidewatch
            .stdout(Stdio::null())
            .stderr(diagnostics.expect("writable"))
            .spawn()
            .expect("sidewatch starts")
    }

    /// Principals of enforceable verdicts that the SOC log acknowledges: handle by verdict id, with expiry.
    fn acknowledged(&self) -> BTreeMap<String, (String, String)> {
        let log = fs::read_to_string(self.path("soc.ndjson")).unwrap_or_default();
        let mut acknowledged = BTreeMap::new();
        for line in log.lines() {
            let Ok(line) = serde_json::from_str::<serde_json::Value>(line) else { continue };
            if line["event"] == "verdict" && line["action"] == "block" {
                let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_string();
                let whom = text(&line["principal"]["sha256"]);
                acknowledged.insert(text(&line["id"]), (whom, text(&line["until"])));
            }
        }
        acknowledged
    }

    /// Live blocks of the ledger by verdict id, asked of the running daemon.
    fn ledger(&self) -> Option<BTreeMap<String, (String, String)>> {
        let config = self.path("sidewatch.toml").display().to_string();
        let output = binary::run(&["verdicts", "--live", "--json", "--limit", "100000", "-c", &config]);
        if !output.status.success() {
            return None;
        }
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let rows = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
        let rows = rows.filter(|row| row["action"] == "block");
        let field = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_string();
        Some(
            rows.map(|row| (field(&row["id"]), (field(&row["principal"]["sha256"]), field(&row["until"]))))
                .collect(),
        )
    }

    /// Keys of HAProxy's token map that still refuse somebody: an entry says itself when it ends.
    fn gateway(&self) -> Option<BTreeSet<String>> {
        let mut socket = std::os::unix::net::UnixStream::connect(self.path("admin.sock")).ok()?;
        socket.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
        let map = self.path("maps/tokens.map");
        socket.write_all(format!("show map {}\n", map.display()).as_bytes()).ok()?;
        let mut text = String::new();
        socket.read_to_string(&mut text).ok()?;
        let now = seconds_now();
        let rows = text.lines().filter_map(|line| {
            let mut words = line.split(' ').skip(1);
            let (key, value) = (words.next()?, words.next()?);
            let until: u64 = value.split(':').next()?.parse().ok()?;
            (until > now).then(|| key.to_string())
        });
        Some(rows.collect())
    }
}

fn now() -> model::Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    model::Timestamp::from_nanos(u64::try_from(now.as_nanos()).expect("before 2554"))
}

fn seconds_now() -> u64 {
    now().as_secs()
}

/// Answers every request on every connection with 200.
fn serve(listener: &TcpListener) {
    for stream in listener.incoming().flatten() {
        thread::spawn(move || answer(stream));
    }
}

fn answer(mut stream: TcpStream) {
    let mut buffer = [0_u8; 8192];
    while let Ok(n) = stream.read(&mut buffer) {
        if n == 0 || stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").is_err() {
            return;
        }
    }
}

/// Visitors, each with a token of its own, who look at a page and then touch the decoy; about fifty a second.
fn visitors(port: u16, stop: &AtomicBool, salt: u64) {
    let mut n = salt;
    while !stop.load(Ordering::Relaxed) {
        n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { continue };
        let mut reply = [0_u8; 1024];
        for path in ["/page", "/trap"] {
            let request =
                format!("GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer visitor-{n:016x}\r\n\r\n");
            if stream.write_all(request.as_bytes()).is_err() || stream.read(&mut reply).is_err() {
                break;
            }
        }
        drop(stream);
        thread::sleep(Duration::from_millis(20));
    }
}

/// A small deterministic stream of pauses.
fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// Waits until `agreed` holds; false when it does not within the limit.
fn soon(within: Duration, mut agreed: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < within {
        if agreed() {
            return true;
        }
        thread::sleep(Duration::from_millis(50));
    }
    false
}

fn assert_nothing_acknowledged_is_lost(place: &Place) {
    let acknowledged = place.acknowledged();
    let mut ledger = None;
    assert!(
        soon(AGREE_WITHIN, || {
            ledger = place.ledger();
            ledger.is_some()
        }),
        "the daemon answers"
    );
    let ledger = ledger.expect("just filled");
    // A second later than now: what runs out while we look is no loss.
    thread::sleep(Duration::from_secs(1));
    let now = now().to_string();
    for (id, (_, until)) in &acknowledged {
        assert!(*until <= now || ledger.contains_key(id), "verdict {id} until {until} is lost at {now}");
    }
}

fn assert_gateway_equals_ledger(place: &Place) {
    let mut last = None;
    let equal = soon(AGREE_WITHIN, || {
        let (Some(ledger), Some(gateway)) = (place.ledger(), place.gateway()) else { return false };
        // What ends while we look may be on either side.
        let soon = now().after(Duration::from_secs(1)).to_string();
        let known: BTreeSet<String> = ledger.values().map(|(whom, _)| whom.clone()).collect();
        let wanted: BTreeSet<String> =
            ledger.into_values().filter(|(_, until)| *until > soon).map(|(whom, _)| whom).collect();
        let missing: Vec<_> = wanted.difference(&gateway).cloned().collect();
        let extra: Vec<_> = gateway.difference(&known).cloned().collect();
        let equal = missing.is_empty() && extra.is_empty();
        last = Some((missing, extra));
        equal
    });
    let explained = explain_all(place);
    let log = diagnostics(&place.path("diagnostics"));
    assert!(equal, "not equal within 5 s; missing, extra: {last:?}\n{explained}\n{log}");
}

/// What the daemon says of every verdict in force.
fn explain_all(place: &Place) -> String {
    let config = place.path("sidewatch.toml").display().to_string();
    let ids = place.ledger().unwrap_or_default();
    let pages = ids.keys().take(5).map(|id| binary::run(&["explain", id, "-c", &config]).stdout);
    pages.map(|page| String::from_utf8_lossy(&page).into_owned()).collect::<Vec<_>>().join("\n")
}

fn diagnostics(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().rev().take(20).collect::<Vec<_>>().join("\n")
}

#[test]
fn nothing_acknowledged_is_lost_and_the_gateway_follows_the_ledger() {
    if !binary::is_root() || !binary::has("haproxy") {
        println!("skipped: capturing on lo needs root, and haproxy must be installed");
        return;
    }
    let kills = std::env::var("SIDEWATCH_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(12_u32);
    let place = Place::prepare();
    let mut random = 20_261_123_u64;
    let mut haproxy = place.start_haproxy();
    let mut acknowledged = 0;
    for kill in 0..kills {
        let mut sidewatch = place.start_sidewatch();
        let stop = Arc::new(AtomicBool::new(false));
        let load = {
            let (stop, port, salt) = (Arc::clone(&stop), place.backend_port, next_random(&mut random));
            thread::spawn(move || visitors(port, &stop, salt))
        };
        if next_random(&mut random).is_multiple_of(2) {
            thread::sleep(Duration::from_millis(next_random(&mut random) % 400));
            haproxy.kill().expect("killable");
            haproxy.wait().expect("reaped");
            thread::sleep(Duration::from_millis(next_random(&mut random) % 300));
            haproxy = place.start_haproxy();
        }
        thread::sleep(Duration::from_millis(next_random(&mut random) % 1500));
        sidewatch.kill().expect("killable");
        sidewatch.wait().expect("reaped");
        let seen = place.acknowledged().len();
        let mut sidewatch = place.start_sidewatch();
        thread::sleep(Duration::from_millis(next_random(&mut random) % 200));
        assert_nothing_acknowledged_is_lost(&place);
        stop.store(true, Ordering::Relaxed);
        load.join().expect("the load ends");
        assert_gateway_equals_ledger(&place);
        sidewatch.kill().expect("killable");
        sidewatch.wait().expect("reaped");
        println!("kill {kill}: {} acknowledged", seen - acknowledged);
        acknowledged = seen;
    }
    let _ = haproxy.kill();
    let _ = haproxy.wait();
    let log = diagnostics(&place.path("diagnostics"));
    assert!(
        acknowledged > usize::try_from(kills).expect("small"),
        "the load made verdicts; diagnostics:\n{log}"
    );
}
