//! Stages: where in a direction a reader is, and as what the bytes count that it reads there.

use model::SessionFates;

use crate::http2::frame::{DATA, Frame};

/// Where a reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// So many bytes of the preface came.
    Preface(usize),
    Head,
    /// In the bytes before the body of the frame in hand.
    Fixed,
    Body,
    /// In padding, or in bytes that say nothing.
    Skip,
    /// Frames begin at an unknown place.
    Seek,
    /// Nothing more is read.
    Deaf,
}

impl Stage {
    /// Counts bytes that were read at this stage, of this frame.
    pub(super) fn count(self, frame: Frame, bytes: usize, fates: &mut SessionFates) {
        let fate = match self {
            Self::Body if frame.kind == DATA => &mut fates.bodies,
            Self::Body => &mut fates.heads,
            Self::Preface(_) | Self::Head | Self::Fixed | Self::Skip => &mut fates.framing,
            Self::Seek => &mut fates.skipped,
            Self::Deaf => &mut fates.opaque,
        };
        *fate += bytes as u64;
    }
}
