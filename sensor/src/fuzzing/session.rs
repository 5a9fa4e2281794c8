//! Sessions: bytes of both directions in. Any cutting gives the same calls; gaps and rubbish never panic.

use std::net::{Ipv4Addr, SocketAddr};

use model::{ApiCall, Timestamp};

use super::{Dice, assert_same, with_desk};
use crate::{
    http::Desk,
    ledger::{Ledger, Waiting},
    session::Session,
    stream::{Close, Direction, FlowFacts, Piece},
};

pub(super) fn facts(handshake: bool) -> FlowFacts {
    FlowFacts {
        client: SocketAddr::from((Ipv4Addr::new(198, 51, 100, 7), 40_000)),
        server: SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), 80)),
        number: 7,
        handshake,
        one_sided_unknown: false,
    }
}

/// The first two bytes say how many of the others the client sends; what is left answers.
pub(super) fn sides(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (head, rest) = data.split_first_chunk::<2>()?;
    Some(rest.split_at(usize::from(u16::from_be_bytes(*head)).min(rest.len())))
}

pub(super) fn hear(handshake: bool, pieces: &[(Direction, Piece<'_>)]) -> Vec<ApiCall> {
    with_desk(|desk| hear_at(desk, handshake, pieces))
}

/// The same at a desk of one's own.
pub(super) fn hear_at(desk: &mut Desk, handshake: bool, pieces: &[(Direction, Piece<'_>)]) -> Vec<ApiCall> {
    let (facts, mut calls) = (facts(handshake), Vec::new());
    let at = Timestamp::from_nanos(1_000);
    let mut session = Session::new(&facts);
    // Entries that feed a reader by itself deliver nothing.
    desk.ledger = Ledger::default();
    for (direction, piece) in pieces {
        if let Piece::Bytes(bytes) = piece {
            desk.ledger.deliver(bytes.len());
        }
        session.piece(&facts, *direction, *piece, at, desk, &mut calls);
    }
    session.close(&facts, Close::End, at, desk, &mut calls);
    let held = Waiting { payload: 0, sessions: session.waiting() };
    desk.ledger.hold(Waiting::default(), held);
    desk.ledger.end(held);
    let [fates, inside] = [desk.ledger.fates().sessions, desk.ledger.fates().inside];
    assert_eq!(fates.sum(), fates.delivered, "{fates:?}");
    assert_eq!(inside.sum(), inside.delivered, "{inside:?}");
    calls
}

/// Requests, then answers: whole, and cut in pieces.
pub fn session(data: &[u8]) {
    let Some((asked, answered)) = sides(data) else { return };
    let whole = [(Direction::Request, Piece::Bytes(asked)), (Direction::Response, Piece::Bytes(answered))];
    let mut dice = Dice::of(data);
    let mut pieces = Vec::new();
    for (direction, bytes) in [(Direction::Request, asked), (Direction::Response, answered)] {
        pieces.extend(dice.cut(bytes).into_iter().map(|piece| (direction, Piece::Bytes(piece))));
    }
    assert_same(&hear(true, &whole), &hear(true, &pieces));
}

/// Pieces of both directions in any order, with gaps, from the middle of a flow.
pub fn gaps(data: &[u8]) {
    let Some((asked, answered)) = sides(data) else { return };
    let mut dice = Dice::of(data);
    let mut sides = [dice.cut(asked).into_iter(), dice.cut(answered).into_iter()];
    let mut pieces = Vec::new();
    let mut left = 2_u8;
    while left > 0 {
        let roll = dice.roll();
        let direction = if roll & 1 == 0 { Direction::Request } else { Direction::Response };
        let Some(bytes) = sides[roll & 1].next() else {
            left -= 1;
            continue;
        };
        let piece = if roll & 0x70 == 0 { Piece::Gap(bytes.len() as u64) } else { Piece::Bytes(bytes) };
        pieces.push((direction, piece));
    }
    hear(data.len() & 1 == 0, &pieces);
}

/// One request head with any fields.
pub fn head(data: &[u8]) {
    let mut bytes = b"GET /".to_vec();
    bytes.extend_from_slice(data);
    bytes.extend_from_slice(b"\r\n\r\n");
    hear(true, &[(Direction::Request, Piece::Bytes(&bytes))]);
}
