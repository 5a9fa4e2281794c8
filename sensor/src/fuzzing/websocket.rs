//! WebSocket frames: bytes of either direction after a handshake in. Any cutting gives the same reports.

use std::net::{Ipv4Addr, SocketAddr};

use model::{ApiCall, Timestamp};

use super::{Dice, assert_same, with_desk};
use crate::{
    session::Session,
    stream::{Close, Direction, FlowFacts, Piece},
};

const ASK: &[u8] = b"GET /s HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const ANSWER: &[u8] = b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

fn hear(direction: Direction, pieces: &[Piece<'_>]) -> Vec<ApiCall> {
    let facts = FlowFacts {
        client: SocketAddr::from((Ipv4Addr::new(198, 51, 100, 7), 40_000)),
        server: SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), 80)),
        number: 7,
        handshake: true,
        one_sided_unknown: false,
    };
    let (at, mut calls) = (Timestamp::from_nanos(1_000), Vec::new());
    let mut session = Session::new(&facts);
    with_desk(|desk| {
        session.piece(&facts, Direction::Request, Piece::Bytes(ASK), at, desk, &mut calls);
        session.piece(&facts, Direction::Response, Piece::Bytes(ANSWER), at, desk, &mut calls);
        for piece in pieces {
            session.piece(&facts, direction, *piece, at, desk, &mut calls);
        }
        session.close(&facts, Close::End, at, desk, &mut calls);
    });
    calls
}

/// The first byte says who sends and how long a gap comes after the frames; the rest are frames.
pub fn websocket(data: &[u8]) {
    let Some((first, frames)) = data.split_first() else { return };
    let direction = if first & 1 == 0 { Direction::Request } else { Direction::Response };
    let gap = Piece::Gap(u64::from(first >> 1) + 1);
    let whole = hear(direction, &[Piece::Bytes(frames), gap, Piece::Bytes(frames)]);
    let mut pieces: Vec<Piece<'_>> = Dice::of(data).cut(frames).into_iter().map(Piece::Bytes).collect();
    pieces.push(gap);
    pieces.push(Piece::Bytes(frames));
    assert_same(&whole, &hear(direction, &pieces));
}
