//! Live gateways on the loopback interface, each before a server that writes down what reaches it, for tests that ask
//! what a gateway makes of a request. Never reads anything with the sensor's own code.
#![expect(clippy::disallowed_methods, reason = "real processes are driven by the wall clock")]

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

/// A request as it reached the server behind the gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forwarded {
    /// First word of the request line.
    pub method: Vec<u8>,
    /// Second word.
    pub target: Vec<u8>,
    /// Header fields as sent.
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    /// Bytes of the body, without chunk framing.
    pub body: usize,
}

impl Forwarded {
    /// Values of the header with this name, in order.
    #[must_use]
    pub fn values(&self, name: &str) -> Vec<&[u8]> {
        let named = self.fields.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name.as_bytes()));
        named.map(|(_, value)| value.as_slice()).collect()
    }
}

/// What came back for bytes sent to a gateway.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// All bytes of the gateway until it closed.
    pub answered: Vec<u8>,
    /// What the server behind it saw meanwhile.
    pub forwarded: Vec<Forwarded>,
}

/// Which gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// nginx.
    Nginx,
    /// HAProxy.
    Haproxy,
}

/// A gateway with several doors, each before a server of its own: requests through different doors do not mix.
#[derive(Debug)]
pub struct Gateway {
    process: Child,
    doors: Vec<Door>,
    _folder: tempfile::TempDir,
}

#[derive(Debug)]
struct Door {
    front: PathBuf,
    seen: Arc<Mutex<Vec<Forwarded>>>,
}

impl Gateway {
    /// Starts one.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn start(kind: Kind, doors: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let doors: Vec<(Door, SocketAddr)> = (0..doors).map(|n| door(folder.path(), n)).collect();
        let ways: Vec<(&Path, u16)> =
            doors.iter().map(|(door, back)| (door.front.as_path(), back.port())).collect();
        let path = folder.path().join("gateway.conf");
        let mut command = match kind {
            Kind::Nginx => {
                fs::write(&path, nginx_settings(folder.path(), &ways)).expect("writable");
                let mut nginx = Command::new("nginx");
                nginx.arg("-c").arg(&path).arg("-p").arg(folder.path()).args(["-e", "/dev/null"]);
                nginx
            }
            Kind::Haproxy => {
                fs::write(&path, haproxy_settings(&ways)).expect("writable");
                let mut haproxy = Command::new("haproxy");
                haproxy.arg("-db").arg("-f").arg(&path);
                haproxy
            }
        };
        command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a gateway starts");
        let doors: Vec<Door> = doors.into_iter().map(|(door, _)| door).collect();
        let started = Instant::now();
        while doors.iter().any(|door| UnixStream::connect(&door.front).is_err()) {
            assert!(started.elapsed() < Duration::from_secs(20), "{kind:?} does not come up");
            thread::sleep(Duration::from_millis(20));
        }
        Self { process, doors, _folder: folder }
    }

    /// How many doors it has.
    #[must_use]
    pub fn doors(&self) -> usize {
        self.doors.len()
    }

    /// Sends bytes through a door and hears the gateway out until it closes.
    ///
    /// # Panics
    /// When there is no such door, or the gateway is gone.
    #[must_use]
    pub fn ask(&self, door: usize, bytes: &[u8]) -> Heard {
        let door = &self.doors[door];
        door.seen.lock().expect("whole").clear();
        let mut stream = UnixStream::connect(&door.front).expect("the gateway listens");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        let _ = stream.write_all(bytes);
        let (mut answered, mut buffer) = (Vec::new(), [0; 4_096]);
        while let Ok(n) = stream.read(&mut buffer) {
            answered.extend_from_slice(&buffer[..n]);
            if n == 0 {
                break;
            }
        }
        Heard { answered, forwarded: door.seen.lock().expect("whole").clone() }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A socket for the gateway, and a server behind it. The gateway listens on a file: a port that was free a moment ago
/// may be somebody else's now.
fn door(folder: &Path, n: usize) -> (Door, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let back = listener.local_addr().expect("bound");
    let front = folder.join(format!("door{n}"));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let book = Arc::clone(&seen);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let book = Arc::clone(&book);
            thread::spawn(move || serve(stream, &book));
        }
    });
    (Door { front, seen }, back)
}

fn nginx_settings(folder: &Path, ways: &[(&Path, u16)]) -> String {
    let servers: Vec<String> = ways
        .iter()
        .map(|(front, back)| {
            let front = front.display();
            format!(
                "server {{ listen unix:{front}; location / {{ proxy_pass http://127.0.0.1:{back}; \
                 proxy_http_version 1.1; proxy_set_header Host $http_host; }} }}\n"
            )
        })
        .collect();
    let folder = folder.display();
    format!(
        "daemon off; master_process off; error_log /dev/null; pid {folder}/pid;\n\
         events {{ worker_connections 512; }}\n\
         http {{ access_log off; keepalive_timeout 400ms; client_header_timeout 400ms; client_body_timeout 400ms; \
         send_timeout 5s; lingering_close off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; \
         fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n{}}}\n",
        servers.concat()
    )
}

fn haproxy_settings(ways: &[(&Path, u16)]) -> String {
    let proxies: Vec<String> = ways
        .iter()
        .map(|(front, back)| {
            format!("listen p{back}\n bind unix@{}\n server one 127.0.0.1:{back}\n", front.display())
        })
        .collect();
    format!(
        "global\n maxconn 512\ndefaults\n mode http\n option http-server-close\n timeout connect 5s\n \
         timeout client 400ms\n timeout http-request 400ms\n timeout http-keep-alive 400ms\n timeout server 5s\n{}",
        proxies.concat()
    )
}

/// Reads requests until the other side closes, writes each down and answers it with its place in the book.
fn serve(mut stream: TcpStream, book: &Mutex<Vec<Forwarded>>) {
    let _ = stream.set_read_timeout(Some(Duration::from_millis(300)));
    let mut bytes = Vec::new();
    while let Some(request) = request(&mut stream, &mut bytes) {
        let is_head = request.method == b"HEAD";
        let place = {
            let mut book = book.lock().expect("whole");
            book.push(request);
            book.len() - 1
        };
        let body = if is_head { "" } else { "ok" };
        let answer = format!("HTTP/1.1 200 OK\r\nX-Seen: {place}\r\nContent-Length: 2\r\n\r\n{body}");
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn request(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<Forwarded> {
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        more(stream, bytes)?;
    };
    let head: Vec<u8> = bytes.drain(..end).collect();
    let mut request = head_of(&head);
    let is_chunked =
        request.values("transfer-encoding").iter().any(|value| value.eq_ignore_ascii_case(b"chunked"));
    let length = request
        .values("content-length")
        .first()
        .and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
    if is_chunked {
        while let Some(size) = chunk(stream, bytes).filter(|size| *size > 0) {
            request.body += size;
        }
    } else {
        let length: usize = length.unwrap_or(0);
        while bytes.len() < length && more(stream, bytes).is_some() {}
        request.body = length.min(bytes.len());
        bytes.drain(..request.body);
    }
    Some(request)
}

/// One chunk, or the last with its trailers: its size.
fn chunk(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<usize> {
    let line = line(stream, bytes)?;
    let digits: Vec<u8> = line.iter().copied().take_while(u8::is_ascii_hexdigit).collect();
    let size = usize::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?;
    if size == 0 {
        while !self::line(stream, bytes)?.is_empty() {}
        return Some(0);
    }
    while bytes.len() < size + 2 {
        more(stream, bytes)?;
    }
    bytes.drain(..size + 2);
    Some(size)
}

fn line(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<Vec<u8>> {
    loop {
        if let Some(at) = bytes.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = bytes.drain(..=at).collect();
            return Some(line.trim_ascii_end().to_vec());
        }
        more(stream, bytes)?;
    }
}

fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let mut buffer = [0; 4_096];
    let n = stream.read(&mut buffer).ok().filter(|n| *n > 0)?;
    bytes.extend_from_slice(&buffer[..n]);
    Some(())
}

fn head_of(head: &[u8]) -> Forwarded {
    let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let first = lines.next().unwrap_or_default();
    let mut words = first.split(|byte| *byte == b' ');
    let mut word = || words.next().unwrap_or_default().to_vec();
    let (method, target) = (word(), word());
    let fields = lines.filter(|line| !line.is_empty()).map(|line| {
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        (line[..colon].to_vec(), line.get(colon + 1..).unwrap_or_default().trim_ascii().to_vec())
    });
    Forwarded { method, target, fields: fields.collect(), body: 0 }
}
