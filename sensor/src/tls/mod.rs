//! TLS (RFC 5246, RFC 8446): pieces of a flow in; what is inside is read if its keys are known.

use model::{Ambiguity, ApiCall, Loss, Timestamp};

use crate::{
    http::Desk,
    stream::{Close, Direction, FlowFacts, Piece},
};

/// Whether bytes are surely the beginning of TLS records.
pub(crate) fn looks_like_records(bytes: &[u8], from_start: bool) -> bool {
    from_start && matches!(bytes, [0x16, 3, ..])
}

/// The TLS of one flow.
pub(crate) struct Channel {
    opaque: bool,
}

impl Channel {
    /// A channel that begins with a hello, or was joined late.
    pub(crate) fn new(_facts: &FlowFacts) -> Self {
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
