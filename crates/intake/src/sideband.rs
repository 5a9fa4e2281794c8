//! Sideband calls, as the gateway policies for PingIntelligence send them: one before the request goes on, one after its
//! answer. Each half in, the joined record out. Halves wait for a bounded time in a bounded table.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use model::{Source, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    Answer, Record, Refusal, Why,
    json::socket,
    record::{HEADERS_MAX, Headers, method, target, version},
};

/// Longest correlation id.
const ID_BYTES_MAX: usize = 128;

/// What a gateway reports before it lets a request go on.
#[derive(Debug)]
pub struct Ask {
    /// The request; without an answer yet.
    pub record: Record,
}

/// What a gateway reports of the answer.
#[derive(Debug)]
pub struct Reply(Answer);

#[derive(Deserialize)]
struct Request {
    source_ip: String,
    #[serde(default)]
    source_port: Value,
    method: String,
    url: String,
    #[serde(default)]
    http_version: Value,
    #[serde(default)]
    headers: Vec<Map<String, Value>>,
    #[serde(default)]
    user_info: Vec<Map<String, Value>>,
    #[serde(default)]
    body: Option<Value>,
}

#[derive(Deserialize)]
struct Response {
    response_code: Value,
    #[serde(default)]
    headers: Vec<Map<String, Value>>,
    #[serde(default)]
    body: Option<Value>,
}

/// Reads the body of `POST /ase/request`, which came at `at`.
///
/// # Errors
/// If it is not of that form; the place is named, what stands there is not.
pub fn sideband_request(body: &[u8], at: Timestamp) -> Result<Ask, Refusal> {
    let request: Request = serde_json::from_slice(body).map_err(|error| Refusal::json(&error))?;
    let port = text(&request.source_port);
    let client = socket(&request.source_ip, port.as_deref());
    let mut record =
        Record::new(Source::Sideband, at, client.ok_or_else(|| Refusal::at(Why::Client, "source_ip"))?);
    record.method = method(&request.method).ok_or_else(|| Refusal::at(Why::NotHttp, "method"))?;
    record.target = target(request.url.as_bytes()).ok_or_else(|| Refusal::at(Why::NotHttp, "url"))?;
    record.http = text(&request.http_version).map_or(record.http, |text| version(&text));
    record.headers = headers(request.headers);
    record.user = request.user_info.iter().find_map(|map| map.get("username")).and_then(text);
    record.body = request.body.as_ref().and_then(text).map(String::into_bytes);
    record.request_bytes = length(&record.headers, record.body.as_ref());
    Ok(Ask { record })
}

/// Reads the body of `POST /ase/response`.
///
/// # Errors
/// If it is not of that form; the place is named, what stands there is not.
pub fn sideband_response(body: &[u8]) -> Result<Reply, Refusal> {
    let response: Response = serde_json::from_slice(body).map_err(|error| Refusal::json(&error))?;
    let status = text(&response.response_code).and_then(|text| text.trim().parse::<u16>().ok());
    let status = status.filter(|status| (100..=999).contains(status));
    let status = status.ok_or_else(|| Refusal::at(Why::Status, "response_code"))?;
    let headers = headers(response.headers);
    let body = response.body.as_ref().and_then(text).map(String::into_bytes);
    let bytes = length(&headers, body.as_ref());
    Ok(Reply(Answer { status, headers, body, bytes }))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Objects of one pair each; some policies put all pairs into one.
fn headers(maps: Vec<Map<String, Value>>) -> Headers {
    let pairs =
        maps.into_iter().flatten().filter_map(|(name, value)| Some((name, text(&value)?.into_bytes())));
    pairs.take(HEADERS_MAX).collect()
}

fn length(headers: &Headers, body: Option<&Vec<u8>>) -> u64 {
    let told = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let told = told.and_then(|(_, value)| std::str::from_utf8(value).ok()?.trim().parse().ok());
    told.or_else(|| body.map(|body| body.len() as u64)).unwrap_or(0)
}

/// Requests that wait for their answers. The same correlation id once more takes the place of the earlier one, which
/// goes on unanswered.
#[derive(Debug)]
pub struct Pairs {
    open: BTreeMap<String, (u64, Record)>,
    /// Ids in the order of their coming; those that are gone meanwhile are passed over.
    order: VecDeque<(u64, Timestamp, String)>,
    number: u64,
    open_max: usize,
    patience: Duration,
    orphans: u64,
    unanswered: u64,
}

impl Pairs {
    /// Pairs with at most `open_max` requests waiting, each for at most `patience`.
    #[must_use]
    pub fn new(open_max: usize, patience: Duration) -> Self {
        Self {
            open: BTreeMap::new(),
            order: VecDeque::new(),
            number: 0,
            open_max: open_max.max(1),
            patience,
            orphans: 0,
            unanswered: 0,
        }
    }

    /// A request has come. `done` gets those that it pushes out, unanswered.
    pub fn ask(&mut self, id: &str, ask: Ask, mut done: impl FnMut(Record)) {
        let at = ask.record.at;
        self.expire(at, &mut done);
        let Some(id) = key(id) else {
            self.unanswered += 1;
            done(ask.record);
            return;
        };
        self.number += 1;
        if let Some((_, earlier)) = self.open.insert(id.clone(), (self.number, ask.record)) {
            self.unanswered += 1;
            done(earlier);
        }
        self.order.push_back((self.number, at, id));
        while self.open.len() > self.open_max || self.order.len() > self.open_max.saturating_mul(2) {
            let Some(next) = self.order.pop_front() else { break };
            self.give_up(next, at, &mut done);
        }
    }

    /// An answer has come at `at`: the joined record, unless nobody asked.
    pub fn reply(&mut self, id: &str, reply: Reply, at: Timestamp) -> Option<Record> {
        let found = key(id).and_then(|id| self.open.remove(&id));
        let Some((_, mut record)) = found else {
            self.orphans += 1;
            return None;
        };
        record.ended_at = at.max(record.at);
        record.answer = Some(reply.0);
        Some(record)
    }

    /// Time passes: `done` gets the requests that have waited too long.
    pub fn expire(&mut self, now: Timestamp, mut done: impl FnMut(Record)) {
        while self.order.front().is_some_and(|(_, at, _)| now.since(*at) >= self.patience) {
            if let Some(next) = self.order.pop_front() {
                self.give_up(next, now, &mut done);
            }
        }
    }

    /// Requests that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.open.len()
    }

    /// Answers whose request was never told.
    #[must_use]
    pub fn orphans(&self) -> u64 {
        self.orphans
    }

    /// Requests whose answer was not told in time.
    #[must_use]
    pub fn unanswered(&self) -> u64 {
        self.unanswered
    }

    fn give_up(
        &mut self,
        (number, _, id): (u64, Timestamp, String),
        now: Timestamp,
        mut done: impl FnMut(Record),
    ) {
        if self.open.get(&id).is_some_and(|(open, _)| *open == number)
            && let Some((_, mut record)) = self.open.remove(&id)
        {
            record.ended_at = now.max(record.at);
            self.unanswered += 1;
            done(record);
        }
    }
}

fn key(id: &str) -> Option<String> {
    (!id.is_empty() && id.len() <= ID_BYTES_MAX).then(|| id.to_owned())
}
