//! HTTP/1: requests, answers, chunks, paths and what names a caller. However bytes are cut, the calls are the same;
//! a canonical path is canonical.

use super::{Dice, assert_same, session::hear};
use crate::{
    http::{Look, canonical},
    stream::{Direction, Piece},
};

/// Heads that lead a parser straight to what is worth its time.
const BEGINNINGS: [&[u8]; 6] = [
    b"",
    b"GET / HTTP/1.1\r\nHost: a\r\n",
    b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
    b"POST / HTTP/1.1\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
];

/// A beginning by the first byte, then a stream of requests, whole and cut in pieces.
pub fn requests(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let mut bytes =
        BEGINNINGS.get(usize::from(*choice) % BEGINNINGS.len()).copied().unwrap_or_default().to_vec();
    bytes.extend_from_slice(rest);
    let whole = [(Direction::Request, Piece::Bytes(&bytes))];
    let pieces: Vec<_> = Dice::of(data)
        .cut(&bytes)
        .into_iter()
        .map(|piece| (Direction::Request, Piece::Bytes(piece)))
        .collect();
    assert_same(&hear(true, &whole), &hear(true, &pieces));
}

/// Three requests by kind, then answers, whole and cut in pieces: no call is told twice.
pub fn answers(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let mut asked = Vec::new();
    for place in 0..3 {
        asked.extend_from_slice(match choice >> (2 * place) & 3 {
            0 => b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n".as_slice(),
            1 => b"HEAD /b HTTP/1.1\r\nHost: a\r\n\r\n",
            2 => b"POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
            _ => b"GET /d HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
        });
    }
    let whole = [(Direction::Request, Piece::Bytes(&asked)), (Direction::Response, Piece::Bytes(rest))];
    let mut pieces = vec![whole[0]];
    pieces
        .extend(Dice::of(data).cut(rest).into_iter().map(|piece| (Direction::Response, Piece::Bytes(piece))));
    let calls = hear(true, &whole);
    // A socket tells of itself again when it ends.
    let most = 3 + calls.iter().filter(|call| call.continues()).count();
    assert!(calls.len() <= most, "three requests, {} calls", calls.len());
    assert_same(&calls, &hear(true, &pieces));
}

/// A chunked body of one request, whole and cut in pieces.
pub fn chunks(data: &[u8]) {
    let mut bytes = vec![2];
    bytes.extend_from_slice(data);
    requests(&bytes);
}

/// A path: canonical once is canonical, and what looks plain is.
pub fn path(data: &[u8]) {
    let once = canonical(data).path;
    assert_eq!(canonical(&once).path, once, "not canonical at once");
    assert!(once.is_ascii(), "a canonical path is ASCII");
    let is_path = data.first() == Some(&b'/') && !data.iter().any(|byte| b"?#".contains(byte));
    assert!(!is_path || Look::of(data).may_differ() || once == data, "a plain path changed");
}

/// Credentials, cookies, tokens and forwarding headers, a line each: read alike however they are cut.
pub fn identity(data: &[u8]) {
    let mut bytes = b"GET / HTTP/1.1\r\nHost: a\r\n".to_vec();
    for (place, line) in data.split(|byte| *byte == b'\n').take(8).enumerate() {
        let name =
            ["Authorization: ", "Cookie: ", "X-Forwarded-For: ", "Forwarded: ", "Authorization: Bearer "];
        bytes.extend_from_slice(name.get(place % name.len()).copied().unwrap_or_default().as_bytes());
        bytes.extend(line.iter().filter(|byte| **byte != b'\r'));
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    let whole = [(Direction::Request, Piece::Bytes(&bytes))];
    let pieces: Vec<_> = Dice::of(data)
        .cut(&bytes)
        .into_iter()
        .map(|piece| (Direction::Request, Piece::Bytes(piece)))
        .collect();
    assert_same(&hear(true, &whole), &hear(true, &pieces));
}
