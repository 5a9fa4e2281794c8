//! Odd requests sent to a live gateway, and what the sensor makes of the same bytes: the two compared call by call.
//! Reads answers with its own plain parser.

use std::{
    collections::BTreeMap,
    fs,
    net::{Ipv4Addr, SocketAddrV4},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use model::{ApiCall, Grade, Losses, PrincipalKind};
use sensor::{Frame, GatewayProfile, LinkType, Sensor, SensorConfig};

use crate::{
    binary::workspace,
    gateways::{Forwarded, Gateway, Heard},
    judged::names,
    wire::{Connection, Side, Wire},
};

/// Bytes of a segment: small, so that every call has a time of its own.
const SEGMENT_BYTES: usize = 11;

/// One odd request.
#[derive(Clone, Debug)]
pub struct Odd {
    /// Its name; begins with the number of its case.
    pub id: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The list of odd requests; each alone, and with a plain request behind it.
///
/// # Panics
/// When the list is gone or not well formed.
#[must_use]
pub fn odd_requests() -> Vec<Odd> {
    let text = fs::read_to_string(workspace().join("tests/data/ambiguous.txt")).expect("in the repository");
    let mut list = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (id, bytes) = line.split_once(" | ").expect("id | bytes");
        let bytes = unescaped(bytes);
        let mut followed = bytes.clone();
        followed.extend(
            b"GET /after HTTP/1.1\r\nHost: after\r\nAuthorization: Bearer after-token-0123456789\r\n\r\n",
        );
        list.push(Odd { id: id.to_owned(), bytes });
        list.push(Odd { id: format!("{id}+after"), bytes: followed });
    }
    list
}

fn unescaped(text: &str) -> Vec<u8> {
    let text = text
        .replace("{H}", "Host: shop~")
        .replace("{A}", "Authorization: Bearer alpha-token-0123456789abcdef~")
        .replace("{B}", "Authorization: Bearer beta-token-0123456789abcdef~");
    let (mut bytes, mut rest) = (Vec::new(), text.chars());
    while let Some(letter) = rest.next() {
        match letter {
            '~' => bytes.extend(b"\r\n"),
            '\\' => bytes.push(match rest.next().expect("something to escape") {
                'r' => b'\r',
                'n' => b'\n',
                't' => b'\t',
                '0' => 0,
                'x' => {
                    let digits: String = rest.by_ref().take(2).collect();
                    u8::from_str_radix(&digits, 16).expect("two hex digits")
                }
                other => u8::try_from(other).expect("ASCII"),
            }),
            _ => bytes.push(u8::try_from(letter).expect("ASCII")),
        }
    }
    bytes
}

/// Asks a gateway everything, through all its doors at once. In the order of `list`.
///
/// # Panics
/// When a door's thread does.
#[must_use]
pub fn ask_all(gateway: &Gateway, list: &[Odd]) -> Vec<Heard> {
    let next = AtomicUsize::new(0);
    let mut heard: Vec<(usize, Heard)> = thread::scope(|scope| {
        let doors: Vec<_> = (0..gateway.doors())
            .map(|door| {
                let next = &next;
                scope.spawn(move || {
                    let mut heard = Vec::new();
                    loop {
                        let place = next.fetch_add(1, Ordering::Relaxed);
                        let Some(odd) = list.get(place) else { return heard };
                        heard.push((place, gateway.ask(door, &odd.bytes)));
                    }
                })
            })
            .collect();
        doors.into_iter().flat_map(|door| door.join().expect("a door's thread")).collect()
    });
    heard.sort_by_key(|(place, _)| *place);
    heard.into_iter().map(|(_, heard)| heard).collect()
}

/// A final answer as the client got it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its request's place among those forwarded; `None` when the gateway answered itself.
    pub seen: Option<usize>,
}

/// The final answers in the bytes that a gateway sent.
#[must_use]
pub fn answers(mut rest: &[u8]) -> Vec<Answer> {
    let mut found = Vec::new();
    while let Some(end) = rest.windows(4).position(|four| four == b"\r\n\r\n") {
        let head = String::from_utf8_lossy(&rest[..end]).into_owned();
        rest = &rest[end + 4..];
        let mut lines = head.lines();
        let first = lines.next().unwrap_or_default();
        let status = first.strip_prefix("HTTP/1.").and_then(|text| text.get(2..5)?.parse().ok());
        let Some(status) = status else { break };
        let fields: BTreeMap<String, String> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        if status < 200 && status != 101 {
            continue;
        }
        found.push(Answer { status, seen: fields.get("x-seen").and_then(|text| text.parse().ok()) });
        let length = fields.get("content-length").and_then(|text| text.parse::<usize>().ok());
        // An answer to HEAD has none of the bytes that it announces.
        if !rest.starts_with(b"HTTP/1.") {
            rest = rest.get(length.unwrap_or(rest.len())..).unwrap_or_default();
        }
    }
    found
}

/// What the sensor makes of the bytes of both sides.
#[must_use]
pub fn sensed(asked: &[u8], answered: &[u8], profile: GatewayProfile) -> (Vec<ApiCall>, Losses) {
    let mut wire = Wire::starting_at(1_700_000_000);
    let client = SocketAddrV4::new(Ipv4Addr::new(198, 51, 100, 7), 40_000);
    let mut connection = Connection::new(client, SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 80))
        .with_segments_of(SEGMENT_BYTES);
    connection.open(&mut wire);
    connection.data(&mut wire, Side::Client, asked);
    connection.data(&mut wire, Side::Server, answered);
    connection.close(&mut wire);
    let mut config = SensorConfig::default();
    config.http.gateway = profile;
    let (mut sensor, mut calls) = (Sensor::new(config, names()), Vec::new());
    for frame in &wire.frames {
        let wire_len = u32::try_from(frame.bytes.len()).unwrap_or(u32::MAX);
        let frame = Frame { at: frame.at, bytes: &frame.bytes, wire_len, link: LinkType::Ethernet };
        sensor.push(frame, &mut calls);
    }
    sensor.finish(&mut calls);
    let losses = sensor.losses().clone();
    (calls, losses)
}

/// How the two compare over one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Comparison {
    /// Every answered call is the same, and none is doubted.
    Agree,
    /// The same, but some call is ambiguous or of grade C.
    AgreeDoubted,
    /// Some call differs or is too many, and is ambiguous or of grade C; or one is missing and a loss says so.
    DifferTold,
    /// They differ and nothing says so.
    DifferSilent,
}

/// Compares, with a line for each difference.
#[must_use]
pub fn compare(heard: &Heard, calls: &[ApiCall], losses: &Losses) -> (Comparison, Vec<String>) {
    let answers = answers(&heard.answered);
    let ours: Vec<&ApiCall> = calls.iter().filter(|call| call.status.is_some()).collect();
    let is_doubted = |call: &ApiCall| !call.ambiguities.is_empty() || call.grade == Grade::C;
    let (mut worst, mut lines) = (Comparison::Agree, Vec::new());
    for place in 0..answers.len().max(ours.len()) {
        let verdict = match (answers.get(place), ours.get(place)) {
            (Some(answer), Some(call)) => {
                let seen = answer.seen.and_then(|seen| heard.forwarded.get(seen));
                let found = differences(*answer, seen, call);
                let doubted = is_doubted(call);
                lines.extend(found.iter().cloned());
                match (found.is_empty(), doubted) {
                    (true, false) => Comparison::Agree,
                    (true, true) => Comparison::AgreeDoubted,
                    (false, true) => Comparison::DifferTold,
                    (false, false) => Comparison::DifferSilent,
                }
            }
            (Some(answer), None) => {
                lines.push(format!("no call for {answer:?}"));
                let told = losses.nonzero().next().is_some();
                if told { Comparison::DifferTold } else { Comparison::DifferSilent }
            }
            (None, Some(call)) => {
                lines.push(format!("a call too many: {} {} {:?}", call.method, call.path, call.status));
                if is_doubted(call) { Comparison::DifferTold } else { Comparison::DifferSilent }
            }
            (None, None) => Comparison::Agree,
        };
        worst = worst.max(verdict);
    }
    if calls.iter().any(|call| call.status.is_none() && call.grade == Grade::A) {
        lines.push("a call without answer is of grade A".to_owned());
        worst = Comparison::DifferSilent;
    }
    (worst, lines)
}

fn differences(answer: Answer, seen: Option<&Forwarded>, call: &ApiCall) -> Vec<String> {
    let mut found = Vec::new();
    let mut same = |what: &str, theirs: String, ours: String| {
        if theirs != ours {
            found.push(format!("{what}: gateway {theirs:?}, we {ours:?}"));
        }
    };
    same("status", answer.status.to_string(), call.status.unwrap_or(0).to_string());
    let Some(seen) = seen else { return found };
    same("method", shown(&seen.method), call.method.to_string());
    same("path", shown(path_of(&seen.target)), call.path.to_string());
    let host = seen.values("host").first().copied().unwrap_or_default().to_ascii_lowercase();
    same("host", shown(&host), call.host.to_string());
    same("body", seen.body.to_string(), call.request_bytes.to_string());
    let tokens = |principals: &[model::Principal]| -> Vec<String> {
        let tokens = principals.iter().filter(|known| known.kind == PrincipalKind::Token);
        tokens.map(|known| known.id.to_string()).collect()
    };
    let mut theirs: Vec<model::Principal> = seen
        .values("authorization")
        .iter()
        .filter_map(|value| value.strip_prefix(b"Bearer "))
        .map(|token| names().credential(PrincipalKind::Token, token.trim_ascii()))
        .collect();
    theirs.dedup();
    same("identity", tokens(&theirs).join(" "), tokens(&call.identities).join(" "));
    found
}

fn path_of(target: &[u8]) -> &[u8] {
    let rest = match target.windows(3).position(|three| three == b"://") {
        Some(at) if at < 6 => {
            let after = &target[at + 3..];
            &after[after.iter().position(|byte| b"/?".contains(byte)).unwrap_or(after.len())..]
        }
        _ => target,
    };
    let path = rest.split(|byte| b"?#".contains(byte)).next().unwrap_or_default();
    if path.is_empty() { b"/" } else { path }
}

/// As calls show bytes that are no text.
fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => bytes.iter().fold(String::new(), |mut text, byte| {
            if byte.is_ascii_graphic() {
                text.push(char::from(*byte));
            } else {
                text.push_str(&format!("%{byte:02X}"));
            }
            text
        }),
    }
}
