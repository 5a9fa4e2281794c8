//! Frame heads (RFC 9113, section 4.1): nine bytes in, a head and whether it may stand where it stands out.

use crate::stream::Direction;

/// Bytes of a frame's head.
pub(super) const HEAD_BYTES: usize = 9;
/// Largest payload as long as nothing else was announced.
pub(super) const PAYLOAD_BYTES_FIRST: u32 = 16_384;

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const PRIORITY: u8 = 2;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PUSH_PROMISE: u8 = 5;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 0x1;
const ACK: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const WITH_PRIORITY: u8 = 0x20;

/// The head of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Frame {
    /// Bytes of payload.
    pub(super) length: u32,
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
}

impl Frame {
    /// Reads a head; the reserved bit is passed over.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let [a, b, c, kind, flags, s, t, u, v] = *bytes.first_chunk::<HEAD_BYTES>()?;
        Some(Self {
            length: u32::from_be_bytes([0, a, b, c]),
            kind,
            flags,
            stream: u32::from_be_bytes([s, t, u, v]) & 0x7FFF_FFFF,
        })
    }

    pub(super) fn ends_stream(self) -> bool {
        matches!(self.kind, DATA | HEADERS) && self.flags & END_STREAM != 0
    }

    pub(super) fn ends_block(self) -> bool {
        self.has_block() && self.flags & END_HEADERS != 0
    }

    pub(super) fn is_ack(self) -> bool {
        matches!(self.kind, SETTINGS | PING) && self.flags & ACK != 0
    }

    /// Whether it carries a part of a header block.
    pub(super) fn has_block(self) -> bool {
        matches!(self.kind, HEADERS | PUSH_PROMISE | CONTINUATION)
    }

    pub(super) fn is_padded(self) -> bool {
        matches!(self.kind, DATA | HEADERS | PUSH_PROMISE) && self.flags & PADDED != 0
    }

    pub(super) fn has_priority(self) -> bool {
        self.kind == HEADERS && self.flags & WITH_PRIORITY != 0
    }

    /// Bytes before the body: length of padding, priority, numbers. Of SETTINGS those of one setting.
    pub(super) fn fixed_bytes(self) -> u8 {
        let padding = u8::from(self.is_padded());
        match self.kind {
            DATA => padding,
            HEADERS => padding + if self.has_priority() { 5 } else { 0 },
            PRIORITY if self.length == 5 => 5,
            SETTINGS if self.length > 0 => 6,
            PUSH_PROMISE => padding + 4,
            RST_STREAM | GOAWAY | WINDOW_UPDATE => 4,
            _ => 0,
        }
    }

    /// Whether any receiver ends the connection at sight of it (RFC 9113, sections 4 and 6). `block` is the stream whose
    /// header block goes on.
    pub(super) fn is_fatal(self, direction: Direction, block: Option<u32>) -> bool {
        if let Some(stream) = block {
            return self.kind != CONTINUATION || self.stream != stream;
        }
        let on_stream = self.stream != 0;
        match self.kind {
            DATA | PRIORITY => !on_stream,
            HEADERS => !on_stream || self.length < u32::from(self.fixed_bytes()),
            RST_STREAM => !on_stream || self.length != 4,
            SETTINGS => on_stream || !self.length.is_multiple_of(6) || self.is_ack() && self.length > 0,
            PUSH_PROMISE => {
                !on_stream || direction == Direction::Request || self.length < u32::from(self.fixed_bytes())
            }
            PING => on_stream || self.length != 8,
            GOAWAY => on_stream || self.length < 8,
            WINDOW_UPDATE => self.length != 4,
            CONTINUATION => true,
            _ => false,
        }
    }
}
