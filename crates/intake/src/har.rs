//! HAR files (HTTP Archive 1.2): a document in, a record per entry out, with bodies. A HAR names no client: its entries
//! are all the recording program's, so the caller says whose they are.

use std::{net::SocketAddr, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use model::{Source, Timestamp};
use serde::Deserialize;

use crate::{
    Answer, Record, Refusal, Why,
    json::socket,
    record::{HEADERS_MAX, Headers, method, target, version},
    time,
};

/// Largest document that is read.
pub const HAR_BYTES_MAX: u64 = 256 << 20;

#[derive(Deserialize)]
struct Document {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    started_date_time: String,
    #[serde(default)]
    time: f64,
    request: Request,
    response: Response,
    #[serde(rename = "serverIPAddress", default)]
    server: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    #[serde(default)]
    http_version: String,
    #[serde(default)]
    headers: Vec<Pair>,
    #[serde(default)]
    post_data: Option<PostData>,
    #[serde(default)]
    body_size: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PostData {
    #[serde(default)]
    mime_type: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    encoding: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    #[serde(default)]
    status: i64,
    #[serde(default)]
    headers: Vec<Pair>,
    #[serde(default)]
    content: Content,
    #[serde(default)]
    body_size: i64,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    #[serde(default)]
    size: i64,
    #[serde(default)]
    mime_type: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    encoding: Option<String>,
}

#[derive(Deserialize)]
struct Pair {
    name: String,
    value: String,
}

/// The entries of a document, each a record or the reason why not. `client` is whose they are.
///
/// # Errors
/// If the document is no HAR at all.
pub fn har(document: &[u8], client: SocketAddr) -> Result<Vec<Result<Record, Refusal>>, Refusal> {
    // Some writers begin with a byte order mark.
    let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    let document: Document = serde_json::from_slice(document).map_err(|error| Refusal::json(&error))?;
    let entries = document.log.entries.into_iter().enumerate();
    Ok(entries.map(|(number, entry)| record(entry, client, number + 1)).collect())
}

fn record(entry: Entry, client: SocketAddr, number: usize) -> Result<Record, Refusal> {
    let refuse = |why, place: &str| Refusal::at(why, format!("entry {number} {place}"));
    let at = time::any(&entry.started_date_time).ok_or_else(|| refuse(Why::Time, "startedDateTime"))?;
    let mut record = Record::new(Source::Har, at, client);
    record.ended_at = ended(at, entry.time);
    if let Some(server) = entry.server.as_deref().and_then(|text| socket(text, None)) {
        record.server = server;
    }
    let request = entry.request;
    record.method = method(&request.method).ok_or_else(|| refuse(Why::NotHttp, "method"))?;
    record.target = target(request.url.as_bytes()).ok_or_else(|| refuse(Why::NotHttp, "url"))?;
    record.http = version(&request.http_version);
    record.headers = headers(request.headers);
    if let Some(post) = request.post_data {
        name_type(&mut record.headers, post.mime_type);
        record.body = body(post.text, post.encoding.as_deref());
    }
    record.request_bytes = size(request.body_size, record.body.as_ref());
    let response = entry.response;
    if let Some(status) = u16::try_from(response.status).ok().filter(|status| (100..=999).contains(status)) {
        let mut headers = headers(response.headers);
        name_type(&mut headers, response.content.mime_type);
        let body = body(response.content.text, response.content.encoding.as_deref());
        let told = if response.body_size > 0 { response.body_size } else { response.content.size };
        record.answer = Some(Answer { status, headers, bytes: size(told, body.as_ref()), body });
    }
    Ok(record)
}

/// `milliseconds` after the start; a negative or absurd time is none.
fn ended(at: Timestamp, milliseconds: f64) -> Timestamp {
    let span = Duration::try_from_secs_f64(milliseconds / 1e3).unwrap_or_default();
    at.after(span.min(Duration::from_secs(86_400)))
}

fn size(told: i64, body: Option<&Vec<u8>>) -> u64 {
    match u64::try_from(told) {
        Ok(told) if told > 0 => told,
        _ => body.map_or(0, |body| body.len() as u64),
    }
}

/// Header fields without HTTP/2's pseudo fields, and without codings: a HAR holds bodies with these taken off.
fn headers(pairs: Vec<Pair>) -> Headers {
    let kept = pairs.into_iter().filter(|pair| {
        !pair.name.starts_with(':')
            && !["content-encoding", "transfer-encoding"]
                .iter()
                .any(|name| pair.name.eq_ignore_ascii_case(name))
    });
    kept.take(HEADERS_MAX).map(|pair| (pair.name, pair.value.into_bytes())).collect()
}

/// A body's type where no header tells it.
fn name_type(headers: &mut Headers, kind: String) {
    let told = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if !told && !kind.is_empty() && headers.len() < HEADERS_MAX {
        headers.push(("Content-Type".to_owned(), kind.into_bytes()));
    }
}

fn body(text: Option<String>, encoding: Option<&str>) -> Option<Vec<u8>> {
    let text = text.filter(|text| !text.is_empty())?;
    match encoding {
        Some("base64") => BASE64_STANDARD.decode(text.trim()).ok(),
        _ => Some(text.into_bytes()),
    }
}
