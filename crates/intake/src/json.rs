//! JSON log lines: one object in, one record out. Which key means what is the business of [`Fields`].

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use model::Source;
use serde_json::{Map, Value};

use crate::{
    Answer, Fields, Meaning, Record, Refusal, Why,
    record::{Headers, method, request_line, target, version},
    time,
};

/// One line.
pub(crate) fn line(line: &[u8], fields: &Fields) -> Result<Record, Refusal> {
    // nginx with escape=json passes bytes that are not UTF-8 as they are.
    let text = String::from_utf8_lossy(line);
    let object: Map<String, Value> = serde_json::from_str(&text).map_err(|error| Refusal::json(&error))?;
    let get = |meaning| fields.text(&object, meaning);
    let number = |meaning| get(meaning).and_then(|text| text.parse::<u64>().ok());
    let refuse = |why, place: &str| Refusal::at(why, place);
    let client = get(Meaning::Client).and_then(|text| socket(&text, get(Meaning::ClientPort).as_deref()));
    let client = client.ok_or_else(|| refuse(Why::Client, "client"))?;
    let span = get(Meaning::Seconds)
        .and_then(|text| time::span(&text, Duration::from_secs(1)))
        .or_else(|| get(Meaning::Milliseconds).and_then(|text| time::span(&text, Duration::from_millis(1))))
        .unwrap_or_default();
    let read = |meaning| get(meaning).map(|text| time::any(&text));
    let (at, ended_at) = match (read(Meaning::Started), read(Meaning::Time)) {
        (Some(Some(started)), _) => (started, started.after(span)),
        (None, Some(Some(ended))) => (ended.before(span), ended),
        (Some(None), _) => return Err(refuse(Why::Time, "started")),
        (None, _) => return Err(refuse(Why::Time, "time")),
    };
    let mut record = Record::new(Source::AccessLog, at, client);
    record.ended_at = ended_at;
    request(&mut record, get)?;
    if let Some(server) =
        get(Meaning::Server).and_then(|text| socket(&text, get(Meaning::ServerPort).as_deref()))
    {
        record.server = server;
    }
    record.request_bytes = number(Meaning::RequestBytes).unwrap_or(0);
    for (meaning, name) in Meaning::headers() {
        if let Some(value) = get(meaning) {
            record.headers.push((name.to_owned(), value.into_bytes()));
        }
    }
    let status = get(Meaning::Status).filter(|text| !matches!(text.as_str(), "0" | "000"));
    if let Some(status) = status {
        let status = status.parse().ok().filter(|status| (100..=999).contains(status));
        let status = status.ok_or_else(|| refuse(Why::Status, "status"))?;
        let bytes = number(Meaning::ResponseBytes).unwrap_or(0);
        record.answer = Some(Answer { status, headers: Headers::new(), body: None, bytes });
    }
    record.user = get(Meaning::User);
    record.token = get(Meaning::TokenSha256).and_then(|hex| hex.to_ascii_lowercase().parse().ok());
    Ok(record)
}

/// Method, target and version, apart or as a request line.
fn request(record: &mut Record, get: impl Fn(Meaning) -> Option<String>) -> Result<(), Refusal> {
    let refuse = |place: &str| Refusal::at(Why::NotHttp, place);
    match (get(Meaning::Method), get(Meaning::Target), get(Meaning::Request)) {
        (Some(word), Some(place), _) => {
            record.method = method(&word).ok_or_else(|| refuse("method"))?;
            record.target = target(place.as_bytes()).ok_or_else(|| refuse("target"))?;
            record.http = get(Meaning::Protocol).map_or(record.http, |text| version(&text));
        }
        (_, _, Some(line)) => {
            (record.method, record.target, record.http) =
                request_line(line.as_bytes()).ok_or_else(|| refuse("request"))?;
        }
        (None, ..) => return Err(refuse("method")),
        (_, None, _) => return Err(refuse("target")),
    }
    Ok(())
}

/// An address with or without port, IPv6 with or without brackets.
pub(crate) fn socket(text: &str, port: Option<&str>) -> Option<SocketAddr> {
    let text = text.trim();
    if let Ok(both) = text.parse::<SocketAddr>() {
        return Some(both);
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address: IpAddr = bare.parse().ok()?;
    Some(SocketAddr::new(address, port.and_then(|port| port.parse().ok()).unwrap_or(0)))
}
