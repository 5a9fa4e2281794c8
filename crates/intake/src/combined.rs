//! Common and combined log lines (Apache, nginx): one line in, one record out. The client can put text into user, request
//! line, referer and agent, but never an unescaped quote: the places of quotes decide, nothing else.

use std::net::{IpAddr, SocketAddr};

use model::Source;

use crate::{
    Answer, Record, Refusal, Why,
    record::{Headers, request_line},
    time,
};

/// `client ident user [time] "request" status bytes "referer" "agent"`, the last two and more after them optional.
pub(crate) fn line(line: &[u8]) -> Result<Record, Refusal> {
    // Some exports put each line into quotes once more.
    let line = match line.strip_prefix(b"\"") {
        Some(inner) => inner.strip_suffix(b"\"").unwrap_or(inner),
        None => line,
    };
    let quote = line.iter().position(|byte| *byte == b'"').ok_or_else(|| Refusal::at(Why::Cut, "request"))?;
    let before = std::str::from_utf8(line.get(..quote).unwrap_or_default())
        .map_err(|_| Refusal::at(Why::Form, "client"))?;
    let (names, moment) = before
        .trim_end()
        .strip_suffix(']')
        .and_then(|before| before.rsplit_once('['))
        .ok_or_else(|| Refusal::at(Why::Time, "time"))?;
    let at = time::common(moment).ok_or_else(|| Refusal::at(Why::Time, "time"))?;
    let mut words = names.trim_end().splitn(3, ' ');
    let client = words.next().unwrap_or_default();
    let client: IpAddr = client.parse().map_err(|_| Refusal::at(Why::Client, "client"))?;
    let user = words.nth(1).filter(|user| !matches!(*user, "" | "-"));
    let (request, rest) =
        quoted(line.get(quote..).unwrap_or_default()).ok_or_else(|| Refusal::at(Why::Cut, "request"))?;
    let (method, target, http) =
        request_line(&request).ok_or_else(|| Refusal::at(Why::NotHttp, "request"))?;
    let mut record = Record::new(Source::AccessLog, at, SocketAddr::new(client, 0));
    (record.method, record.target, record.http) = (method, target, http);
    record.user = user.and_then(|user| String::from_utf8(unescape(user.as_bytes())).ok());
    let (answer, rest) = answer(rest)?;
    record.answer = answer;
    let mut rest = rest;
    for name in ["Referer", "User-Agent"] {
        let Some(after) = next_quoted(rest, name, &mut record.headers) else { break };
        rest = after;
    }
    Ok(record)
}

/// The next quoted text as a header, `-` being none, and what stands behind it.
fn next_quoted<'l>(rest: &'l [u8], name: &str, headers: &mut Headers) -> Option<&'l [u8]> {
    let start = rest.iter().position(|byte| *byte == b'"')?;
    let (value, after) = quoted(rest.get(start..)?)?;
    if !value.is_empty() && value != b"-" {
        headers.push((name.to_owned(), value));
    }
    Some(after)
}

/// Status and bytes.
fn answer(rest: &[u8]) -> Result<(Option<Answer>, &[u8]), Refusal> {
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let word = |bytes: &[u8]| bytes.iter().position(|byte| *byte == b' ').unwrap_or(bytes.len());
    let (status, after) = rest.split_at_checked(word(rest)).unwrap_or_default();
    let status = std::str::from_utf8(status).unwrap_or_default();
    if status.is_empty() {
        return Err(Refusal::at(Why::Cut, "status"));
    }
    let after = after.strip_prefix(b" ").unwrap_or(after);
    let (bytes, after) = after.split_at_checked(word(after)).unwrap_or_default();
    let bytes = std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    if status == "-" || status == "000" {
        return Ok((None, after));
    }
    let status = status.parse().ok().filter(|status| (100..=999).contains(status));
    let status = status.ok_or_else(|| Refusal::at(Why::Status, "status"))?;
    Ok((Some(Answer { status, headers: Headers::new(), body: None, bytes }), after))
}

/// A text in quotes with its escapes undone, and what stands behind it.
fn quoted(bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let inner = bytes.strip_prefix(b"\"")?;
    let mut at = 0;
    loop {
        match inner.get(at)? {
            b'"' => return Some((unescape(inner.get(..at)?), inner.get(at + 1..)?)),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Undoes `\xHH`, `\"`, `\\`, `\n`, `\r` and `\t`.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'\\' {
            plain.push(*first);
            continue;
        }
        let Some((sign, after)) = rest.split_first() else {
            plain.push(b'\\');
            break;
        };
        rest = after;
        match sign {
            b'n' => plain.push(b'\n'),
            b'r' => plain.push(b'\r'),
            b't' => plain.push(b'\t'),
            b'x' => {
                let hex = rest.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
                match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                    Some(byte) => {
                        plain.push(byte);
                        rest = rest.get(2..).unwrap_or_default();
                    }
                    None => plain.extend_from_slice(b"\\x"),
                }
            }
            other => plain.push(*other),
        }
    }
    plain
}
