//! Kong's http-log plugin: what it posts in, records out. One object, an array of them, or one a line.

use std::{net::SocketAddr, time::Duration};

use model::{Source, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    Answer, Record, Refusal, Why,
    json::socket,
    record::{HEADERS_MAX, Headers, method, target},
};

/// Records of one post.
const BATCH_MAX: usize = 10_000;

#[derive(Deserialize)]
struct Entry {
    request: Request,
    #[serde(default)]
    response: Response,
    #[serde(default)]
    latencies: Latencies,
    client_ip: String,
    started_at: u64,
    #[serde(default)]
    consumer: Option<Consumer>,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    #[serde(default)]
    uri: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    size: Value,
    #[serde(default)]
    headers: Map<String, Value>,
}

#[derive(Default, Deserialize)]
struct Response {
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    size: Value,
    #[serde(default)]
    headers: Map<String, Value>,
}

#[derive(Default, Deserialize)]
struct Latencies {
    #[serde(default)]
    request: i64,
}

#[derive(Deserialize)]
struct Consumer {
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    custom_id: Option<String>,
}

/// The records of a post's body: all of them, or the first mistake.
///
/// # Errors
/// If any of it can not be read. Nothing of the post may be used then: the gateway sends it again.
pub fn kong(body: &[u8]) -> Result<Vec<Record>, Refusal> {
    let is_array = body.trim_ascii_start().first() == Some(&b'[');
    let entries: Vec<Entry> = if is_array {
        serde_json::from_slice(body).map_err(|error| Refusal::json(&error))?
    } else {
        let stream = serde_json::Deserializer::from_slice(body).into_iter();
        stream.take(BATCH_MAX + 1).collect::<Result<_, _>>().map_err(|error| Refusal::json(&error))?
    };
    if entries.is_empty() {
        return Err(Refusal::at(Why::Cut, "body"));
    }
    if entries.len() > BATCH_MAX {
        return Err(Refusal::at(Why::Form, format!("entry {}", BATCH_MAX + 1)));
    }
    entries.into_iter().enumerate().map(|(number, entry)| record(entry, number + 1)).collect()
}

fn record(entry: Entry, number: usize) -> Result<Record, Refusal> {
    let refuse = |why, place: &str| Refusal::at(why, format!("entry {number} {place}"));
    let client: SocketAddr =
        socket(&entry.client_ip, None).ok_or_else(|| refuse(Why::Client, "client_ip"))?;
    let at = i64::try_from(entry.started_at / 1_000).map_err(|_| refuse(Why::Time, "started_at"))?;
    let millis = u32::try_from(entry.started_at % 1_000).unwrap_or(0);
    let mut record = Record::new(Source::HttpLog, Timestamp::from_parts(at, millis * 1_000_000), client);
    let span = Duration::from_millis(u64::try_from(entry.latencies.request).unwrap_or(0));
    record.ended_at = record.at.after(span.min(Duration::from_secs(86_400)));
    record.method = method(&entry.request.method).ok_or_else(|| refuse(Why::NotHttp, "request.method"))?;
    let place = entry.request.uri.or(entry.request.url);
    let place = place.ok_or_else(|| refuse(Why::NotHttp, "request.uri"))?;
    record.target = target(place.as_bytes()).ok_or_else(|| refuse(Why::NotHttp, "request.uri"))?;
    record.headers = headers(entry.request.headers);
    record.request_bytes = size(&entry.request.size);
    if let Some(status) = entry.response.status {
        if !(100..=999).contains(&status) {
            return Err(refuse(Why::Status, "response.status"));
        }
        let headers = headers(entry.response.headers);
        record.answer = Some(Answer { status, headers, body: None, bytes: size(&entry.response.size) });
    }
    let consumer = entry.consumer.and_then(|consumer| consumer.custom_id.or(consumer.username));
    record.user = consumer.filter(|user| !user.is_empty());
    Ok(record)
}

/// A size that some versions write as text.
fn size(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str().and_then(|text| text.parse().ok())).unwrap_or(0)
}

/// `name: value` or `name: [values]`. An `authorization` that the gateway was told to hide (`REDACTED`) is left out.
fn headers(map: Map<String, Value>) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in map {
        let values = match value {
            Value::Array(values) => values,
            one => vec![one],
        };
        for value in values {
            let text = match value {
                Value::String(text) if text != "REDACTED" => text,
                Value::Number(number) => number.to_string(),
                _ => continue,
            };
            if headers.len() < HEADERS_MAX {
                headers.push((name.clone(), text.into_bytes()));
            }
        }
    }
    headers
}
