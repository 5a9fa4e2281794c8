//! First bytes of a direction in, the protocol that they look like out. Never more certain than the bytes allow.

use crate::{
    http::Desk,
    http2::{self, PREFACE},
    socks,
    stream::Direction,
    tls,
};

/// What first bytes look like.
pub(super) enum Look {
    Http1,
    Http2,
    Tls,
    Socks,
    /// So many bytes of the preface and nothing else.
    Preface(u8),
}

/// What the first bytes of a direction look like; `from_start` if they surely are the first.
pub(super) fn look(
    direction: Direction,
    bytes: &[u8],
    held: usize,
    from_start: bool,
    desk: &mut Desk,
) -> Look {
    if direction == Direction::Request && from_start {
        let expected = PREFACE.get(held..).unwrap_or_default();
        let common = expected.iter().zip(bytes).take_while(|(a, b)| a == b).count();
        if common == expected.len() {
            return Look::Http2;
        }
        if common == bytes.len() && held + common > 0 {
            return Look::Preface(u8::try_from(held + common).unwrap_or(0));
        }
    }
    if held > 0 {
        Look::Http1
    } else if direction == Direction::Request && from_start && socks::looks_like_socks(bytes) {
        Look::Socks
    } else if tls::looks_like_records(bytes, from_start) {
        Look::Tls
    } else if http2::looks_like_frames(direction, bytes, from_start, desk) {
        Look::Http2
    } else {
        Look::Http1
    }
}
