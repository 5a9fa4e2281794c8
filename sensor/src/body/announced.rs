//! What a head announces of a body: `Content-Type` and `Content-Encoding` in, form and codings out. Reads no body.

use std::borrow::Cow;

use httparse::Header;
use model::{BodyForm, Coding};
use smallvec::SmallVec;

/// Codings that are undone, one behind the other.
const CODINGS_MAX: usize = 3;

/// What a body is said to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Announced {
    pub(super) kind: Kind,
    /// In the order in which they were applied.
    pub(super) codings: SmallVec<[Coding; 3]>,
    /// Whether a session of the Model Context Protocol was named.
    pub(super) is_mcp: bool,
    /// The coding of those messages of gRPC that say that they are coded.
    pub(super) message_coding: Coding,
}

/// The forms of body that are told apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing is said: its first byte may tell.
    #[default]
    Unsaid,
    Json,
    JsonLines,
    Form,
    Multipart(Option<Box<[u8]>>),
    Graphql,
    Events,
    /// Messages of gRPC, as base64 text or not.
    Grpc {
        is_text: bool,
    },
    /// Of which only the form, the size and sensitive text are told.
    Text(BodyForm),
    /// Of which only the form and the size are told.
    Opaque(BodyForm),
}

impl Announced {
    /// From the header fields of a request or an answer.
    pub(crate) fn gather(headers: &[Header<'_>]) -> Self {
        let mut found = Self::default();
        for header in headers {
            match header.name.len() {
                12 if header.name.eq_ignore_ascii_case("content-type") => {
                    found.kind = Kind::of(header.value);
                }
                14 if header.name.eq_ignore_ascii_case("mcp-session-id") => found.is_mcp = true,
                13 if header.name.eq_ignore_ascii_case("grpc-encoding") => found.message_coded(header.value),
                16 if header.name.eq_ignore_ascii_case("content-encoding") => found.coded(header.value),
                20 if header.name.eq_ignore_ascii_case("mcp-protocol-version") => found.is_mcp = true,
                _ => {}
            }
        }
        found
    }

    /// A text of JSON and nothing more.
    pub(crate) fn json() -> Self {
        Self { kind: Kind::Json, ..Self::default() }
    }

    /// Whether it is such a one: what is told of it depends on nothing but its bytes.
    pub(crate) fn is_plain_json(&self) -> bool {
        self.kind == Kind::Json && self.codings.is_empty() && !self.is_mcp
    }

    /// The coding as it is told.
    pub(super) fn coding(&self) -> Coding {
        match self.codings.as_slice() {
            [] => Coding::Identity,
            [one] => *one,
            _ => Coding::Several,
        }
    }

    /// Whether the codings can be undone.
    pub(super) fn is_readable(&self) -> bool {
        self.codings.len() <= CODINGS_MAX && !self.codings.contains(&Coding::Unknown)
    }

    fn coded(&mut self, value: &[u8]) {
        for name in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            let coding = coding_named(name);
            if coding != Coding::Identity && self.codings.len() <= CODINGS_MAX {
                self.codings.push(coding);
            }
        }
    }

    fn message_coded(&mut self, value: &[u8]) {
        self.message_coding = coding_named(value.trim_ascii());
    }
}

fn coding_named(name: &[u8]) -> Coding {
    let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
    if name.is_empty() || is(b"identity") {
        Coding::Identity
    } else if is(b"gzip") || is(b"x-gzip") {
        Coding::Gzip
    } else if is(b"deflate") {
        Coding::Deflate
    } else if is(b"br") {
        Coding::Brotli
    } else if is(b"zstd") {
        Coding::Zstd
    } else {
        Coding::Unknown
    }
}

impl Kind {
    /// From a `Content-Type` value.
    fn of(value: &[u8]) -> Self {
        let essence = value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let mut lower = [0_u8; 80];
        let Some(lower) = lower.get_mut(..essence.len()) else { return Self::Opaque(BodyForm::Other) };
        lower.copy_from_slice(essence);
        lower.make_ascii_lowercase();
        match &*lower {
            b"" => Self::Unsaid,
            b"application/json" | b"text/json" => Self::Json,
            b"application/x-ndjson"
            | b"application/ndjson"
            | b"application/jsonl"
            | b"application/json-lines"
            | b"application/x-jsonlines" => Self::JsonLines,
            b"application/x-www-form-urlencoded" => Self::Form,
            b"application/graphql" => Self::Graphql,
            b"text/event-stream" => Self::Events,
            b"text/html" | b"application/xhtml+xml" => Self::Text(BodyForm::Html),
            b"text/xml" | b"application/xml" => Self::Text(BodyForm::Xml),
            b"application/javascript" | b"application/x-yaml" | b"application/yaml" => {
                Self::Text(BodyForm::Text)
            }
            b"application/x-protobuf" | b"application/protobuf" | b"application/vnd.google.protobuf" => {
                Self::Opaque(BodyForm::Protobuf)
            }
            other if other.ends_with(b"+json") => Self::Json,
            other if other.ends_with(b"+xml") => Self::Text(BodyForm::Xml),
            other if other.starts_with(b"application/grpc") => {
                Self::Grpc { is_text: other.starts_with(b"application/grpc-web-text") }
            }
            other if other.starts_with(b"multipart/") => {
                Self::Multipart(parameter(value, b"boundary").filter(|text| !text.is_empty()).map(Into::into))
            }
            other if other.starts_with(b"text/") => Self::Text(BodyForm::Text),
            _ => Self::Opaque(BodyForm::Other),
        }
    }
}

/// A parameter of a header value (RFC 9110, section 5.6.6), without its quotes.
pub(super) fn parameter<'v>(value: &'v [u8], name: &[u8]) -> Option<Cow<'v, [u8]>> {
    let mut rest = value;
    loop {
        let at = end_of_parameter(rest);
        let (text, after) = rest.split_at(at);
        let equals = memchr::memchr(b'=', text).unwrap_or(text.len());
        let (found, text) = text.split_at(equals);
        if found.trim_ascii().eq_ignore_ascii_case(name) && !text.is_empty() {
            return Some(unquoted(text.get(1..).unwrap_or_default().trim_ascii()));
        }
        rest = after.get(1..).filter(|rest| !rest.is_empty())?;
    }
}

/// Where the next `;` outside quotes stands.
fn end_of_parameter(value: &[u8]) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    let ends = |byte: &u8| {
        let ends = *byte == b';' && !quoted;
        quoted ^= *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && quoted && !escaped;
        ends
    };
    value.iter().position(ends).unwrap_or(value.len())
}

fn unquoted(text: &[u8]) -> Cow<'_, [u8]> {
    let Some(inner) = text.strip_prefix(b"\"") else { return Cow::Borrowed(text) };
    let inner = inner.strip_suffix(b"\"").unwrap_or(inner);
    if !inner.contains(&b'\\') {
        return Cow::Borrowed(inner);
    }
    let mut plain = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter();
    while let Some(byte) = bytes.next() {
        plain.extend(if *byte == b'\\' { bytes.next() } else { Some(byte) });
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announced(content_type: &str, coding: &str) -> Announced {
        Announced::gather(&[
            Header { name: "Content-Type", value: content_type.as_bytes() },
            Header { name: "content-encoding", value: coding.as_bytes() },
        ])
    }

    #[test]
    fn types_by_table() {
        let boundary = |text: &str| Kind::Multipart(Some(text.as_bytes().into()));
        for (text, kind) in [
            ("application/json; charset=utf-8", Kind::Json),
            ("Application/Problem+JSON", Kind::Json),
            ("application/x-ndjson", Kind::JsonLines),
            ("multipart/form-data; boundary=abc", boundary("abc")),
            ("multipart/form-data; x=\"a;boundary=no\"; boundary=\"a b\\\"c\"", boundary("a b\"c")),
            ("multipart/form-data", Kind::Multipart(None)),
            ("image/png", Kind::Opaque(BodyForm::Other)),
            ("application/soap+xml", Kind::Text(BodyForm::Xml)),
            ("application/grpc-web+proto", Kind::Grpc { is_text: false }),
            ("application/grpc-web-text+proto", Kind::Grpc { is_text: true }),
        ] {
            assert_eq!(announced(text, "").kind, kind, "{text}");
        }
    }

    #[test]
    fn codings_by_table() {
        for (text, coding, readable) in [
            ("", Coding::Identity, true),
            ("identity", Coding::Identity, true),
            ("X-Gzip", Coding::Gzip, true),
            ("gzip, br", Coding::Several, true),
            ("gzip,gzip,gzip,gzip", Coding::Several, false),
            ("aws-chunked", Coding::Unknown, false),
        ] {
            let found = announced("", text);
            assert_eq!((found.coding(), found.is_readable()), (coding, readable), "{text}");
        }
    }
}
