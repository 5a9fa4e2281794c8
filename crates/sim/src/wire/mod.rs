//! The wire: what a call was made of in, the bytes of its request and answer out, and packets that carry them. Optional:
//! calls are made without it.

mod frames;
mod pcap;

pub use pcap::PcapWriter;

use std::net::IpAddr;

use crate::{
    looks::{Look, is_optional},
    world::Login,
};

/// A request and its answer as bytes (RFC 9112).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bytes {
    /// Request line, header fields, body.
    pub request: Vec<u8>,
    /// Status line, header fields, body; empty when there was no answer.
    pub answer: Vec<u8>,
}

/// What heads are made of.
pub(crate) struct Heads<'a> {
    pub(crate) method: &'a str,
    pub(crate) host: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a [u8],
    pub(crate) look: Option<&'a Look>,
    /// What the request claims to be forwarded for.
    pub(crate) forwarded: Option<IpAddr>,
    pub(crate) login: Login,
    pub(crate) credential: String,
    pub(crate) body: Option<&'a [u8]>,
    pub(crate) status: Option<u16>,
    pub(crate) cookie: Option<String>,
    pub(crate) answer: Option<&'a [u8]>,
}

/// Request and answer.
pub(crate) fn bytes(heads: &Heads<'_>) -> Bytes {
    Bytes {
        request: request(heads),
        answer: heads.status.map(|status| answer(heads, status)).unwrap_or_default(),
    }
}

fn request(heads: &Heads<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(600 + heads.body.map_or(0, <[u8]>::len));
    out.extend_from_slice(heads.method.as_bytes());
    out.push(b' ');
    out.extend_from_slice(heads.path.as_bytes());
    if !heads.query.is_empty() {
        out.push(b'?');
        out.extend_from_slice(heads.query);
    }
    out.extend_from_slice(b" HTTP/1.1\r\n");
    for name in heads.look.map_or(&[][..], |look| look.headers) {
        let Some(value) = header(name, heads) else { continue };
        if value.is_empty() && is_optional(name) {
            continue;
        }
        field(&mut out, name, value.as_bytes());
    }
    credential_elsewhere(&mut out, heads);
    if let Some(address) = heads.forwarded {
        field(&mut out, "X-Forwarded-For", address.to_string().as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(heads.body.unwrap_or_default());
    out
}

/// Software that was not made for such a credential has it put behind its own fields.
fn credential_elsewhere(out: &mut Vec<u8>, heads: &Heads<'_>) {
    let has = |known: &str| {
        heads.look.is_some_and(|look| look.headers.iter().any(|name| name.eq_ignore_ascii_case(known)))
    };
    let clear = &heads.credential;
    match heads.login {
        Login::Cookie if !has("cookie") => field(out, "Cookie", format!("sid={clear}").as_bytes()),
        Login::Key if !has("x-api-key") => field(out, "Authorization", format!("ApiKey {clear}").as_bytes()),
        Login::Jwt | Login::Opaque | Login::ClientJwt if !has("authorization") => {
            field(out, "Authorization", format!("Bearer {clear}").as_bytes());
        }
        _ => {}
    }
}

fn field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// The value of a header field; `None` when this request has no such field.
fn header(name: &str, heads: &Heads<'_>) -> Option<String> {
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    let text = |text: &str| Some(text.to_owned());
    let look = heads.look?;
    match () {
        () if is("host") => text(heads.host),
        () if is("user-agent") => text(&look.agent),
        () if is("accept-language") => text(&look.language),
        () if is("content-type") => heads.body.and_then(|_| text("application/json")),
        () if is("content-length") => heads.body.map(|body| body.len().to_string()),
        () if is("authorization") => {
            let bears = matches!(heads.login, Login::Jwt | Login::Opaque | Login::ClientJwt);
            bears.then(|| format!("Bearer {}", heads.credential))
        }
        () if is("x-api-key") => (heads.login == Login::Key).then(|| heads.credential.clone()),
        () if is("cookie") => {
            (heads.login == Login::Cookie).then(|| format!("theme=dark; sid={}", heads.credential))
        }
        () if is("accept") => text("application/json"),
        () if is("accept-encoding") => text("gzip, deflate"),
        () if is("connection") => text("keep-alive"),
        () if is("sec-fetch-site") => text("same-origin"),
        () if is("sec-fetch-mode") => text("cors"),
        () => text("1"),
    }
}

fn answer(heads: &Heads<'_>, status: u16) -> Vec<u8> {
    let body = heads.answer.unwrap_or_default();
    let mut out = Vec::with_capacity(160 + body.len());
    out.extend_from_slice(format!("HTTP/1.1 {status} {}\r\nServer: api\r\n", reason(status)).as_bytes());
    if let Some(cookie) = &heads.cookie {
        field(&mut out, "Set-Cookie", format!("sid={cookie}; Path=/; HttpOnly; Secure").as_bytes());
    }
    if heads.answer.is_some() {
        field(&mut out, "Content-Type", b"application/json");
    }
    if !matches!(status, 204 | 304) {
        field(&mut out, "Content-Length", body.len().to_string().as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
    out
}

const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        413 => "Content Too Large",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Other",
    }
}
