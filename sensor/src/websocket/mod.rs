//! WebSocket (RFC 6455): pieces of a flow in, counts and sizes of its messages out. Never keeps a message.

use model::{Ambiguity, ApiCall, Loss, Timestamp};

use crate::{
    http::Desk,
    stream::{Close, Direction, FlowFacts, Piece},
};

/// The WebSocket of one flow.
pub(crate) struct Socket {
    opaque: bool,
}

impl Socket {
    /// A socket opened by this call.
    pub(crate) fn new(_opened_by: Box<ApiCall>) -> Self {
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
            desk.losses.count(Loss::Opaque);
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
