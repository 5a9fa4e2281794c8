//! Steps: what a reader can meet.

use model::Timestamp;

use super::Reader;
use crate::http2::frame::Frame;

/// A whole header block.
pub(in crate::http2) struct Block<'p> {
    pub(in crate::http2) stream: u32,
    /// The stream that it promises, if it is a promise.
    pub(in crate::http2) promised: Option<u32>,
    pub(in crate::http2) ends_stream: bool,
    /// Time and stream position of its first byte.
    pub(in crate::http2) begun: (Timestamp, u64),
    /// Stream position behind its last.
    pub(in crate::http2) end: u64,
    /// `None` when a part of it is missing. Hand it back with `give_back`.
    pub(in crate::http2) bytes: Option<BlockBytes<'p>>,
}

/// A block, in place or put together.
pub(in crate::http2) enum BlockBytes<'p> {
    InPlace(&'p [u8]),
    Copied(Vec<u8>),
}

impl BlockBytes<'_> {
    pub(in crate::http2) fn bytes(&self) -> &[u8] {
        match self {
            Self::InPlace(bytes) => bytes,
            Self::Copied(bytes) => bytes,
        }
    }
}

/// What a reader met.
pub(in crate::http2) enum Step<'p> {
    /// The piece is used up.
    More,
    /// A frame begins.
    Frame(Frame),
    /// Bytes of a body, without padding.
    Data {
        stream: u32,
        bytes: &'p [u8],
    },
    /// Padding that is longer than its frame.
    BadPadding {
        stream: u32,
    },
    /// The end of a body; its last frame ends at this position.
    End {
        stream: u32,
        position: u64,
    },
    Block(Block<'p>),
    Reset {
        stream: u32,
    },
    Setting {
        id: u16,
        value: u32,
    },
    Window {
        stream: u32,
        increment: u32,
    },
    Priority {
        stream: u32,
        bytes: [u8; 5],
    },
    GoAway,
    /// What no receiver accepts.
    Broken,
    /// A header block past its limits.
    Limit,
}

impl Reader {
    /// Whether the bytes of a body just met are the last of it: behind them is nothing but padding.
    pub(in crate::http2) fn has_all_data(&self) -> bool {
        self.frame.ends_stream() && self.left == self.padding
    }
}
