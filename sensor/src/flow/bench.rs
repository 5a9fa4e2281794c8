//! Benches: what a flow is given to work with. Holds nothing of its own.

use model::ApiCall;

use crate::{
    http::Desk,
    stream::{Direction, FlowFacts, Piece},
    tcp::TcpConfig,
};

/// What a flow is given to work with.
pub(crate) struct Bench<'a> {
    pub(crate) desk: &'a mut Desk,
    pub(crate) calls: &'a mut Vec<ApiCall>,
    /// Bytes one half may keep.
    pub(crate) half_bytes_max: usize,
    /// Bytes all halves together may still keep.
    pub(crate) room: usize,
    /// Empty buffers to reuse.
    pub(crate) spare: &'a mut Vec<Vec<u8>>,
    pub(crate) tcp: &'a TcpConfig,
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) tap: &'a mut Option<crate::tap::Tap>,
}

impl Bench<'_> {
    /// Lets a tap hear a piece.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(super) fn tap(&mut self, facts: &FlowFacts, direction: Direction, piece: Piece<'_>) {
        self.tap.iter_mut().for_each(|tap| tap.piece(facts, direction, piece));
    }

    /// Whether somebody listens, so that what is no HTTP is to be handed on as well.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) const fn is_tapped(&self) -> bool {
        self.tap.is_some()
    }

    #[cfg(not(any(test, feature = "fuzzing")))]
    #[expect(clippy::needless_pass_by_ref_mut, clippy::unused_self, reason = "nobody listens")]
    pub(super) fn tap(&mut self, _: &FlowFacts, _: Direction, _: Piece<'_>) {}

    #[cfg(not(any(test, feature = "fuzzing")))]
    #[expect(clippy::unused_self, reason = "nobody listens")]
    pub(crate) const fn is_tapped(&self) -> bool {
        false
    }
}
