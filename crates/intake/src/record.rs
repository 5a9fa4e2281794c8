//! Records: what somebody else wrote about one call, in one form for all sources. Holds clear header values, so it
//! never shows them and lives only until the sensor has read it.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
};

use model::{Digest, HttpVersion, Source, Timestamp};

/// Header fields kept of a message.
pub(crate) const HEADERS_MAX: usize = 128;
/// Bytes of a method.
pub(crate) const METHOD_BYTES_MAX: usize = 32;
/// Bytes of a target; the rest is left off.
pub(crate) const TARGET_BYTES_MAX: usize = 32 << 10;

/// Header fields in the order of the source, names as written there.
pub type Headers = Vec<(String, Vec<u8>)>;

/// One call as somebody else tells it.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// What kind of source told it.
    pub source: Source,
    /// When the request began, as far as the source tells.
    pub at: Timestamp,
    /// When it was over.
    pub ended_at: Timestamp,
    /// The peer that the source saw; port 0 when it does not tell.
    pub client: SocketAddr,
    /// Who answered; `0.0.0.0:0` when the source does not tell.
    pub server: SocketAddr,
    /// HTTP version. HTTP/3 counts as 2: it has the same meaning.
    pub http: HttpVersion,
    /// Method, at most 32 bytes.
    pub method: String,
    /// Target as in the request line, at most 32 KiB.
    pub target: Vec<u8>,
    /// The request's header fields, at most 128.
    pub headers: Headers,
    /// The request's body, content codings already taken off.
    pub body: Option<Vec<u8>>,
    /// Its size on the wire, as told.
    pub request_bytes: u64,
    /// What was answered; `None` when the source tells of no answer.
    pub answer: Option<Answer>,
    /// The user, as the source authenticated it.
    pub user: Option<String>,
    /// SHA-256 of the bearer token, from sources that do not write the token itself.
    pub token: Option<Digest>,
}

/// What was answered.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// Status, 100 to 999.
    pub status: u16,
    /// Header fields, at most 128.
    pub headers: Headers,
    /// The body, content codings already taken off.
    pub body: Option<Vec<u8>>,
    /// Its size on the wire, as told.
    pub bytes: u64,
}

impl Record {
    /// A record of a request about which nothing else is known yet.
    pub(crate) fn new(source: Source, at: Timestamp, client: SocketAddr) -> Self {
        Self {
            source,
            at,
            ended_at: at,
            client,
            server: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            http: HttpVersion::Http11,
            method: String::new(),
            target: Vec::new(),
            headers: Headers::new(),
            body: None,
            request_bytes: 0,
            answer: None,
            user: None,
            token: None,
        }
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.answer.as_ref().map(|answer| answer.status);
        write!(f, "Record({:?} {} {} {status:?}, ..)", self.source, self.at, self.client)
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({}, ..)", self.status)
    }
}

/// Why something is no record. Never quotes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// Not in the form of its source.
    Form,
    /// Cut off.
    Cut,
    /// No time, or one that can not be read.
    Time,
    /// No client address, or a name instead of one.
    Client,
    /// What the client sent was no HTTP request.
    NotHttp,
    /// No status, or none that can be.
    Status,
}

impl Why {
    /// A stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Cut => "cut",
            Self::Time => "time",
            Self::Client => "client",
            Self::NotHttp => "not_http",
            Self::Status => "status",
        }
    }
}

/// Why something is no record, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub why: Why,
    /// The place: a field's name or a position; never what stands there.
    pub place: String,
}

impl Refusal {
    pub(crate) fn at(why: Why, place: impl Into<String>) -> Self {
        Self { why, place: place.into() }
    }

    /// What a JSON parser says, without what it quotes.
    pub(crate) fn json(error: &serde_json::Error) -> Self {
        let why = if error.is_eof() { Why::Cut } else { Why::Form };
        Self::at(why, format!("line {} column {}", error.line(), error.column()))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.why.name(), self.place)
    }
}

impl std::error::Error for Refusal {}

/// `HTTP/1.1`, `1.1`, `HTTP/2.0`, `h2`...; anything else counts as 1.1.
pub(crate) fn version(text: &str) -> HttpVersion {
    let bare = text.trim();
    let bare = bare.strip_prefix("HTTP/").or_else(|| bare.strip_prefix("http/")).unwrap_or(bare);
    match bare {
        "1.0" => HttpVersion::Http10,
        "2" | "2.0" | "3" | "3.0" | "h2" | "h2c" | "h3" => HttpVersion::Http2,
        _ => HttpVersion::Http11,
    }
}

/// A method: a token of RFC 9110 section 5.6.2 without the rarest signs.
pub(crate) fn method(text: &str) -> Option<String> {
    let sound = !text.is_empty()
        && text.len() <= METHOD_BYTES_MAX
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    sound.then(|| text.to_owned())
}

/// A target that a request line can hold, cut to its limit.
pub(crate) fn target(bytes: &[u8]) -> Option<Vec<u8>> {
    let bytes = bytes.get(..bytes.len().min(TARGET_BYTES_MAX))?;
    let sound = !bytes.is_empty() && !bytes.iter().any(|byte| *byte <= b' ' || *byte == 0x7f);
    sound.then(|| bytes.to_vec())
}

/// `GET /x HTTP/1.1` taken apart.
pub(crate) fn request_line(line: &[u8]) -> Option<(String, Vec<u8>, HttpVersion)> {
    let space = line.iter().position(|byte| *byte == b' ')?;
    let (word, rest) = (line.get(..space)?, line.get(space + 1..)?);
    let (place, protocol) = match rest.iter().rposition(|byte| *byte == b' ') {
        Some(at) if rest.get(at + 1..)?.starts_with(b"HTTP/") => (rest.get(..at)?, rest.get(at + 1..)?),
        _ => return None,
    };
    let word = method(std::str::from_utf8(word).ok()?)?;
    // A log may hold a target with spaces that a server has taken: they are written as it would have to be.
    let mut place = place.to_vec();
    if place.contains(&b' ') {
        place =
            place.iter().flat_map(|byte| if *byte == b' ' { b"%20".to_vec() } else { vec![*byte] }).collect();
    }
    Some((word, target(&place)?, version(std::str::from_utf8(protocol).ok()?)))
}
