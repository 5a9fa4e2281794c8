//! HTTP/2 (RFC 9113): pieces of a flow in, a call per stream out.

use model::{Ambiguity, ApiCall, Loss, Timestamp};

use crate::{
    http::{Desk, Exchange},
    stream::{Close, Direction, FlowFacts, Piece},
};

/// What a client sends first (RFC 9113, section 3.4).
pub(crate) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Whether bytes are surely the beginning of HTTP/2 frames.
pub(crate) fn looks_like_frames(_direction: Direction, _bytes: &[u8], _from_start: bool) -> bool {
    false
}

/// The HTTP/2 of one flow.
pub(crate) struct Connection {
    opaque: bool,
}

impl Connection {
    /// A connection that begins with the preface, or was joined late.
    pub(crate) fn new(_facts: &FlowFacts) -> Self {
        Self { opaque: false }
    }

    /// A connection whose first stream began as HTTP/1 (RFC 7540, section 3.2).
    pub(crate) fn upgraded(_first: Box<Exchange>) -> Self {
        Self { opaque: false }
    }

    /// The next piece of a direction.
    pub(crate) fn piece(
        &mut self,
        _facts: &FlowFacts,
        _direction: Direction,
        _piece: Piece<'_>,
        _at: Timestamp,
        desk: &mut Desk,
        _calls: &mut Vec<ApiCall>,
    ) {
        if !self.opaque {
            desk.losses.count(Loss::NotHttp);
            self.opaque = true;
        }
    }

    /// The flow, or one direction of it, is over.
    pub(crate) fn close(
        &mut self,
        _facts: &FlowFacts,
        _close: Close,
        _at: Timestamp,
        _desk: &mut Desk,
        _calls: &mut Vec<ApiCall>,
    ) {
    }

    /// Bytes of this flow are ambiguous.
    pub(crate) fn taint(&mut self, _why: Ambiguity) {}

    /// Whether nothing more will be read.
    pub(crate) fn is_opaque(&self) -> bool {
        self.opaque
    }

    /// Bytes held on the heap.
    pub(crate) fn memory(&self) -> usize {
        0
    }
}
