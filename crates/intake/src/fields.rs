//! Fields: which key of a JSON log line means what. Never guesses at values, only at names.

use std::collections::BTreeMap;

/// What a field of a log line can mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Meaning {
    /// When the line was written: the end of the call.
    Time,
    /// When the request began.
    Started,
    /// Address of the client, with or without port.
    Client,
    /// Its port.
    ClientPort,
    /// Address of the server, with or without port.
    Server,
    /// Its port.
    ServerPort,
    /// Method.
    Method,
    /// Target: path and query.
    Target,
    /// The whole request line, when method and target do not stand apart.
    Request,
    /// HTTP version.
    Protocol,
    /// Status.
    Status,
    /// Bytes of the request's body.
    RequestBytes,
    /// Bytes of the answer's body.
    ResponseBytes,
    /// From the first byte to the last, in seconds.
    Seconds,
    /// The same in milliseconds.
    Milliseconds,
    /// The authenticated user.
    User,
    /// SHA-256 of the bearer token in hex digits.
    TokenSha256,
    /// Value of the header `Host`.
    Host,
    /// Value of the header `User-Agent`.
    UserAgent,
    /// Value of the header `X-Forwarded-For`.
    ForwardedFor,
    /// Value of the header `Authorization`.
    Authorization,
    /// Value of the header `Cookie`.
    Cookie,
    /// Value of the header `X-Api-Key`.
    ApiKey,
    /// Value of the header `Accept-Language`.
    AcceptLanguage,
    /// Value of the request's header `Content-Type`.
    ContentType,
    /// Value of the header `Referer`.
    Referer,
}

use Meaning as M;

/// Every meaning with its name in the settings, the keys that nginx's recommended format, nginx's own variables and
/// Envoy's and Istio's default JSON formats give it, and the header that it is the value of.
const KNOWN: &[(Meaning, &str, &[&str], &str)] = &[
    (M::Time, "time", &["time", "msec", "time_iso8601", "time_local", "timestamp", "@timestamp", "ts"], ""),
    (M::Started, "started", &["started", "start_time", "started_at"], ""),
    (
        M::Client,
        "client",
        &[
            "client",
            "remote_addr",
            "downstream_remote_address",
            "downstream_direct_remote_address",
            "client_ip",
        ],
        "",
    ),
    (M::ClientPort, "client_port", &["client_port", "remote_port"], ""),
    (M::Server, "server", &["server", "server_addr", "downstream_local_address"], ""),
    (M::ServerPort, "server_port", &["server_port"], ""),
    (M::Method, "method", &["method", "request_method"], ""),
    (M::Target, "target", &["target", "request_uri", "uri", "path"], ""),
    (M::Request, "request", &["request"], ""),
    (M::Protocol, "protocol", &["protocol", "server_protocol"], ""),
    (M::Status, "status", &["status", "response_code"], ""),
    (M::RequestBytes, "request_bytes", &["request_bytes", "bytes_received", "content_length"], ""),
    (M::ResponseBytes, "response_bytes", &["response_bytes", "body_bytes_sent", "bytes_sent"], ""),
    (M::Seconds, "seconds", &["seconds", "request_time"], ""),
    (M::Milliseconds, "milliseconds", &["milliseconds", "duration"], ""),
    (M::User, "user", &["user", "remote_user", "sub"], ""),
    (M::TokenSha256, "token_sha256", &["token_sha256"], ""),
    (M::Host, "host", &["host", "http_host", "authority"], "Host"),
    (M::UserAgent, "user_agent", &["user_agent", "http_user_agent"], "User-Agent"),
    (
        M::ForwardedFor,
        "forwarded_for",
        &["forwarded_for", "x_forwarded_for", "http_x_forwarded_for"],
        "X-Forwarded-For",
    ),
    (M::Authorization, "authorization", &["authorization", "http_authorization"], "Authorization"),
    (M::Cookie, "cookie", &["cookie", "http_cookie"], "Cookie"),
    (M::ApiKey, "api_key", &["api_key", "http_x_api_key"], "X-Api-Key"),
    (M::AcceptLanguage, "accept_language", &["accept_language", "http_accept_language"], "Accept-Language"),
    (M::ContentType, "content_type", &["content_type"], "Content-Type"),
    (M::Referer, "referer", &["referer", "http_referer"], "Referer"),
];

impl Meaning {
    /// The meaning with this name in the settings.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        KNOWN.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// All names, in order.
    pub fn names() -> impl Iterator<Item = &'static str> {
        KNOWN.iter().map(|row| row.1)
    }

    /// The meanings that are values of request headers, with the headers' names.
    pub(crate) fn headers() -> impl Iterator<Item = (Self, &'static str)> {
        KNOWN.iter().filter(|row| !row.3.is_empty()).map(|row| (row.0, row.3))
    }
}

/// Which key holds which field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(BTreeMap<Meaning, String>);

impl Fields {
    /// The usual keys, except where `own` names another one for a meaning.
    #[must_use]
    pub fn new(own: impl IntoIterator<Item = (Meaning, String)>) -> Self {
        Self(own.into_iter().collect())
    }

    /// The value of a field as text; empty texts, `-` and `null` are none. A key with points reaches into objects.
    pub(crate) fn text(
        &self,
        line: &serde_json::Map<String, serde_json::Value>,
        meaning: Meaning,
    ) -> Option<String> {
        if let Some(own) = self.0.get(&meaning) {
            return value(line, own);
        }
        let keys = KNOWN.iter().find(|row| row.0 == meaning).map(|row| row.2)?;
        keys.iter().find_map(|key| value(line, key))
    }
}

fn value(line: &serde_json::Map<String, serde_json::Value>, key: &str) -> Option<String> {
    let found = match line.get(key) {
        Some(found) => found,
        None => {
            let mut parts = key.split('.');
            let first = line.get(parts.next()?)?;
            parts.try_fold(first, |at, part| at.get(part))?
        }
    };
    let text = match found {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty() && text != "-").then_some(text)
}
