//! A stand: a shop on the loopback interface, HAProxy with the shipped rules and a running Sidewatch that watches the shop,
//! for tests that break one of them. Never touches anything outside its own folder.
#![expect(clippy::disallowed_methods, reason = "real processes are driven by the wall clock")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use model::{Digest, Timestamp};
use serde_json::Value;

use crate::binary;

/// Until the shipped rules of HAProxy and Sidewatch agree, once both are up.
pub const AGREE_WITHIN: Duration = Duration::from_secs(5);

/// The shop, and the folder in which everything else lies.
#[derive(Debug)]
pub struct Stand {
    folder: tempfile::TempDir,
    shop: u16,
    /// The port that Sidewatch watches: the shop's unless set otherwise.
    pub watched: u16,
    /// How much Sidewatch says.
    pub log_level: &'static str,
    /// Sidewatch's state directory.
    pub state: PathBuf,
    /// Sidewatch's SOC log.
    pub log: PathBuf,
    /// How long a verdict lasts, seconds.
    pub ttl_s: u64,
}

/// A process that ends with its owner.
#[derive(Debug)]
pub struct Running(Child);

impl Running {
    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Ends it without a chance to tidy up.
    pub fn kill(mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// Sends SIGTERM and waits up to 20 s; `None` when it is still there.
    pub fn terminate(mut self) -> Option<ExitStatus> {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        self.ended(Duration::from_secs(20))
    }

    /// Its exit status, if it ends within that time.
    pub fn ended(&mut self, within: Duration) -> Option<ExitStatus> {
        let mut status = None;
        soon(within, || {
            status = self.0.try_wait().ok().flatten();
            status.is_some()
        });
        status
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether a stand can be set up; says why when not.
#[must_use]
pub fn is_possible() -> bool {
    let possible = binary::is_root() && binary::has("haproxy");
    if !possible {
        crate::binary::skipped("capturing on lo needs root, and haproxy must be installed");
    }
    possible
}

impl Stand {
    /// A shop that answers, with nothing else running.
    ///
    /// # Panics
    /// When the folder can not be written: no test could go on.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("temporary directory");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let shop = listener.local_addr().expect("bound").port();
        thread::spawn(move || serve(&listener));
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("maps")).expect("writable");
        for map in ["tokens", "api_keys", "cookies", "users", "addresses"] {
            fs::write(path(&format!("maps/{map}.map")), "").expect("writable");
        }
        let (state, log) = (path("state"), path("soc.ndjson"));
        let stand = Self { folder, shop, watched: shop, log_level: "info", state, log, ttl_s: 600 };
        fs::write(stand.path("haproxy.cfg"), stand.haproxy_settings()).expect("writable");
        stand
    }

    /// A path in its folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The shipped example with its places moved here; it listens on `front.sock` and answers by itself.
    fn haproxy_settings(&self) -> String {
        let example = fs::read_to_string(binary::workspace().join("examples/haproxy/haproxy.cfg"));
        let text = |name: &str| self.path(name).display().to_string();
        let front = format!("bind unix@{}", text("front.sock"));
        example
            .expect("shipped")
            .replace("/etc/haproxy/sidewatch", &text("maps"))
            .replace("/run/haproxy/admin.sock", &text("admin.sock"))
            .replace("bind :8080", &front)
            .replace("server one 127.0.0.1:9000", &format!("server one 127.0.0.1:{}", self.shop))
    }

    /// Sidewatch's settings in enforce mode: one decoy, no cap on blocks, one gateway.
    #[must_use]
    pub fn settings(&self) -> String {
        let place = |path: &Path| path.display().to_string();
        format!(
            "mode = \"enforce\"\n[capture]\ninterface = \"lo\"\nfilter = \"tcp port {}\"\nring_mib = 8\n\
             [state]\ndirectory = \"{}\"\n[soclog]\npath = \"{}\"\nhealth_s = 1\n\
             [rails]\nttl_s = [{}]\nblocks_per_10min = 1000000\nblocks_per_10min_share = 1.0\nblocks_per_day_share = 1.0\n\
             [[decoys.paths]]\nname = \"trap\"\npath = \"/trap\"\n\
             [[gateways]]\nname = \"edge\"\nkind = \"haproxy\"\naddress = \"{}\"\nmaps = \"{}\"\n",
            self.watched,
            place(&self.state),
            place(&self.log),
            self.ttl_s,
            place(&self.path("admin.sock")),
            place(&self.path("maps")),
        )
    }

    /// Writes Sidewatch's settings; their path.
    ///
    /// # Panics
    /// When the folder can not be written.
    #[must_use]
    pub fn config(&self) -> String {
        let path = self.path("sidewatch.toml");
        fs::write(&path, self.settings()).expect("writable");
        path.display().to_string()
    }

    /// Starts HAProxy with its maps empty, as after a reboot, and waits for its socket.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn start_haproxy(&self) -> Running {
        let _ = fs::remove_file(self.path("admin.sock"));
        let mut haproxy = Command::new("haproxy");
        haproxy.arg("-db").arg("-f").arg(self.path("haproxy.cfg"));
        let haproxy = haproxy.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("haproxy starts");
        let haproxy = Running(haproxy);
        assert!(soon(AGREE_WITHIN, || self.gateway().is_some()), "HAProxy answers");
        haproxy
    }

    /// Starts Sidewatch and returns at once.
    ///
    /// # Panics
    /// When the binary can not be started.
    #[must_use]
    pub fn launch_sidewatch(&self) -> Running {
        let diagnostics = fs::File::options().create(true).append(true).open(self.path("diagnostics"));
        let mut sidewatch = Command::new(binary::sidewatch());
        sidewatch.args(["run", "--log-level", self.log_level, "-c", &self.config()]).stdout(Stdio::null());
        Running(sidewatch.stderr(diagnostics.expect("writable")).spawn().expect("sidewatch starts"))
    }

    /// Starts Sidewatch and waits until it answers questions.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn start_sidewatch(&self) -> Running {
        let sidewatch = self.launch_sidewatch();
        let socket = self.state.join("control.sock");
        let up = soon(AGREE_WITHIN, || UnixStream::connect(&socket).is_ok());
        assert!(up, "sidewatch comes up:\n{}", self.diagnostics());
        sidewatch
    }

    /// What Sidewatch said on standard error.
    #[must_use]
    pub fn diagnostics(&self) -> String {
        fs::read_to_string(self.path("diagnostics")).unwrap_or_default()
    }

    /// Somebody with the token `visitor-NAME` looks at a page and then touches the decoy. The token.
    pub fn visit(&self, name: &str) -> String {
        let token = format!("visitor-{name}");
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.shop)) else { return token };
        let mut reply = [0_u8; 1024];
        for path in ["/page", "/trap"] {
            let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n");
            if stream.write_all(request.as_bytes()).is_err() || stream.read(&mut reply).is_err() {
                break;
            }
        }
        token
    }

    /// What HAProxy answers to somebody with this token.
    #[must_use]
    pub fn status_at_gateway(&self, token: &str) -> Option<u16> {
        let mut stream = UnixStream::connect(self.path("front.sock")).ok()?;
        stream.set_read_timeout(Some(AGREE_WITHIN)).ok()?;
        let request = format!(
            "GET /page HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).ok()?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply).ok()?;
        reply.split(' ').nth(1)?.parse().ok()
    }

    /// HAProxy's token map: until when it refuses whom, by SHA-256. `None` while it does not answer.
    #[must_use]
    pub fn gateway(&self) -> Option<BTreeMap<String, u64>> {
        let mut socket = UnixStream::connect(self.path("admin.sock")).ok()?;
        socket.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
        let map = self.path("maps/tokens.map");
        socket.write_all(format!("show map {}\n", map.display()).as_bytes()).ok()?;
        let mut text = String::new();
        socket.read_to_string(&mut text).ok()?;
        let rows = text.lines().filter_map(|line| {
            let mut words = line.split(' ').skip(1);
            let (key, value) = (words.next()?, words.next()?);
            Some((key.to_owned(), value.split(':').next()?.parse().ok()?))
        });
        Some(rows.collect())
    }

    /// Verdicts in force that Sidewatch tells of; `None` when it can not be asked.
    #[must_use]
    pub fn verdicts(&self) -> Option<Vec<Value>> {
        let config = self.path("sidewatch.toml").display().to_string();
        let output = binary::run(&["verdicts", "--live", "--json", "--limit", "100000", "-c", &config]);
        let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
        text.lines().map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// SHA-256 of the tokens that the ledger blocks.
    #[must_use]
    pub fn ledger(&self) -> Option<BTreeSet<String>> {
        let blocks = self.verdicts()?.into_iter().filter(|row| row["action"] == "block");
        Some(blocks.filter_map(|row| row["principal"]["sha256"].as_str().map(str::to_owned)).collect())
    }

    /// Lines of the SOC log with this `event`. A line that is cut off is left out.
    #[must_use]
    pub fn log_lines(&self, event: &str) -> Vec<Value> {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["event"] == event).collect()
    }

    /// How much of a loss the last health line counts.
    #[must_use]
    pub fn lost(&self, name: &str) -> u64 {
        let last = self.log_lines("health").pop().unwrap_or_default();
        last["losses"][name].as_u64().unwrap_or(0)
    }
}

impl Default for Stand {
    fn default() -> Self {
        Self::new()
    }
}

/// The key of a token in HAProxy's map.
#[must_use]
pub fn key(token: &str) -> String {
    Digest::of(token.as_bytes()).to_string()
}

/// The wall clock.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

/// Waits until `met` holds; false when it does not in that time.
pub fn soon(within: Duration, mut met: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < within {
        if met() {
            return true;
        }
        thread::sleep(Duration::from_millis(50));
    }
    met()
}

/// A small disk of its own, in memory.
#[derive(Debug)]
pub struct Disk(PathBuf);

impl Disk {
    /// Mounts a disk of so many MiB at `path`; `None` where that is not allowed.
    #[must_use]
    pub fn mount(path: &Path, mib: u32) -> Option<Self> {
        fs::create_dir(path).ok()?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={mib}m,mode=700"), "tmpfs"]).arg(path);
        let mounted = mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        if !mounted {
            crate::binary::skipped("this machine allows no mounts");
        }
        mounted.then(|| Self(path.to_owned()))
    }

    /// Takes all room that is left.
    pub fn fill(&self) {
        let Ok(mut ballast) = fs::File::options().create(true).append(true).open(self.0.join("ballast"))
        else {
            return;
        };
        while ballast.write_all(&[0; 4096]).is_ok() {}
    }

    /// Gives it back.
    pub fn free(&self) {
        let _ = fs::remove_file(self.0.join("ballast"));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
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
