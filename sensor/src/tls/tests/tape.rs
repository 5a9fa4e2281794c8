//! Tapes: a capture's bytes as they were sent, to be cut, joined and forged before sessions hear them. Tests only.

use std::{collections::BTreeMap, fs, net::SocketAddr};

use model::{ApiCall, Losses, Pseudonyms, Timestamp};

use super::path;
use crate::{
    HttpConfig, TlsConfig, TlsFlow,
    capture::{Capture, Step},
    decap::plain,
    http::Desk,
    session::Session,
    stream::{Close, Direction, FlowFacts, Piece},
    tls::Vault,
};

/// Pieces of one flow, in the order in which they were sent.
pub(super) type Tape = Vec<(Direction, Vec<u8>)>;

/// What sessions made of tapes.
pub(super) struct Heard {
    pub(super) calls: Vec<ApiCall>,
    pub(super) flows: Vec<TlsFlow>,
    pub(super) losses: Losses,
}

/// The flows of a capture. What was sent again is left out.
pub(super) fn tapes(name: &str) -> Vec<Tape> {
    let mut capture = Capture::file(&path(&format!("{name}.pcap"))).expect("a capture");
    let mut flows: BTreeMap<SocketAddr, (Tape, [Option<u32>; 2])> = BTreeMap::new();
    let mut order = Vec::new();
    while let Step::Frame(frame) = capture.next().expect("a frame") {
        let Some(segment) = plain(&frame) else { continue };
        let direction = if segment.source.port() < segment.destination.port() {
            Direction::Response
        } else {
            Direction::Request
        };
        let client = if direction == Direction::Request { segment.source } else { segment.destination };
        let (tape, next) = flows.entry(client).or_insert_with(|| {
            order.push(client);
            Default::default()
        });
        let next = next.get_mut(direction as usize).expect("two");
        let fresh = next.is_none_or(|next| next == segment.seq.0);
        if fresh && !segment.payload.is_empty() {
            tape.push((direction, segment.payload.to_vec()));
        }
        if fresh {
            let length = u32::try_from(segment.payload.len()).expect("short");
            *next = Some(segment.seq.0.wrapping_add(length + u32::from(segment.syn)));
        }
    }
    order.iter().map(|client| flows.remove(client).expect("there").0).collect()
}

/// What is heard of tapes with the keys of a capture, or without any.
pub(super) fn hear(tapes: &[Tape], keys: Option<&str>) -> Heard {
    let names = Pseudonyms::new([1; 16]);
    let mut desk = Desk::new(HttpConfig::default(), names.clone());
    desk.vault = Vault::new(TlsConfig { list_flows: true, ..TlsConfig::default() }, &names);
    if let Some(name) = keys {
        let text = fs::read(path(&format!("{name}.keys"))).expect("a key log");
        desk.vault.learn(&text, Timestamp::ZERO, &mut desk.losses);
    }
    let (mut calls, mut at) = (Vec::new(), Timestamp::from_nanos(1_000));
    for (number, tape) in (0..).zip(tapes) {
        let address = |text: &str| text.parse().expect("literal");
        let (client, server) = (address("198.51.100.7:40000"), address("192.0.2.1:443"));
        let facts = FlowFacts { client, server, number, handshake: true, one_sided_unknown: false };
        let mut session = Session::new(&facts);
        let mut sent = 0;
        for (direction, bytes) in tape {
            at = at.after(std::time::Duration::from_micros(1));
            if *direction == Direction::Response {
                session.acknowledged(sent);
            } else {
                sent += bytes.len() as u64;
            }
            session.piece(&facts, *direction, Piece::Bytes(bytes), at, &mut desk, &mut calls);
        }
        session.acknowledged(sent);
        for close in [Close::Fin(Direction::Response), Close::Fin(Direction::Request), Close::End] {
            session.close(&facts, close, at, &mut desk, &mut calls);
        }
        assert_eq!(desk.vault.held, 0, "nothing is held for a flow that is over");
    }
    let flows = desk.vault.take_flows();
    Heard { calls, flows, losses: desk.losses }
}

/// Everything cut into pieces of `n` bytes.
pub(super) fn cut(tape: &Tape, n: usize) -> Tape {
    tape.iter()
        .flat_map(|(direction, bytes)| bytes.chunks(n).map(|part| (*direction, part.to_vec())))
        .collect()
}

/// All that one side sends in a row as one piece.
pub(super) fn joined(tape: &Tape) -> Tape {
    let mut all: Tape = Vec::new();
    for (direction, bytes) in tape {
        match all.last_mut().filter(|(last, _)| last == direction) {
            Some((_, piece)) => piece.extend_from_slice(bytes),
            None => all.push((*direction, bytes.clone())),
        }
    }
    all
}

/// Both streams, whole.
pub(super) fn streams(tape: &Tape) -> [Vec<u8>; 2] {
    let mut streams = [Vec::new(), Vec::new()];
    for (direction, bytes) in tape {
        streams[*direction as usize].extend_from_slice(bytes);
    }
    streams
}

/// Sealed records of a stream: those of data, and before TLS 1.3 all behind the change of cipher.
pub(super) fn sealed(mut stream: &[u8], modern: bool) -> u64 {
    let (mut n, mut changed) = (0, false);
    while let [kind, _, _, high, low, rest @ ..] = stream {
        n += u64::from(*kind == 23 || (changed && !modern));
        changed |= *kind == 20;
        stream = rest.get(usize::from(u16::from_be_bytes([*high, *low]))..).unwrap_or_default();
    }
    n
}
