//! The border between reassembly and HTTP: pieces of a flow, in order. Nothing here holds bytes or decides anything.

use std::net::SocketAddr;

/// Which way bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Client to server.
    Request,
    /// Server to client.
    Response,
}

impl Direction {
    /// The other way.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Request => Self::Response,
            Self::Response => Self::Request,
        }
    }
}

/// Bytes of one direction, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// The next bytes.
    Bytes(&'a [u8]),
    /// So many bytes will never come; never `u64::MAX`.
    Gap(u64),
}

/// How a flow, or one direction of it, came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Close {
    /// That direction will send nothing more.
    Fin(Direction),
    /// Reset by either end.
    Reset,
    /// Nothing came for longer than the idle limit.
    Idle,
    /// Dropped to make room.
    Evicted,
    /// The input ended.
    End,
}

/// What reassembly knows of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FlowFacts {
    /// The end that asks.
    pub(crate) client: SocketAddr,
    /// The end that answers.
    pub(crate) server: SocketAddr,
    /// Keyed hash of the flow's ends, its first time and its first byte's number: the root of its call ids.
    pub(crate) number: u64,
    /// Whether the handshake was seen from both sides.
    pub(crate) handshake: bool,
    /// Whether only one direction has shown itself so far.
    pub(crate) one_sided_unknown: bool,
}
