//! Streams of a connection: those that are open, by number, and those that lately were. A table with two limits.

use std::collections::VecDeque;

use crate::{http::Exchange, stream::Direction, websocket::Socket};

/// Open streams that are followed.
pub(super) const STREAMS_MAX: usize = 1_024;
/// Bytes that open streams may hold.
pub(super) const STREAM_BYTES_MAX: usize = 256 << 10;
/// Streams whose end is remembered.
const ENDED_MAX: usize = 256;

/// What a stream carries.
pub(super) enum Talk {
    Call(Box<Exchange>),
    Socket(Box<Socket>),
    /// Bytes that nobody reads.
    Tunnel,
}

/// One direction of a stream.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Side {
    /// Bytes that its head announced.
    pub(super) announced: Option<u64>,
    /// Bytes of body that came.
    pub(super) bytes: u64,
    pub(super) is_over: bool,
    /// Whether frames of it may have been lost.
    pub(super) is_cut: bool,
}

impl Side {
    /// Whether another number of bytes came than was announced.
    pub(super) fn differs(&self) -> bool {
        !self.is_cut && self.announced.is_some_and(|announced| announced != self.bytes)
    }
}

/// An open stream.
pub(super) struct Stream {
    pub(super) id: u32,
    pub(super) talk: Talk,
    pub(super) sent: Side,
    pub(super) received: Side,
    /// Whether it asked for a WebSocket.
    pub(super) wants_socket: bool,
    /// Whether its answer may have been lost.
    pub(super) is_doubtful: bool,
    /// What the accounts say it holds.
    pub(super) held: usize,
}

impl Stream {
    pub(super) fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Request => &mut self.sent,
            Direction::Response => &mut self.received,
        }
    }

    pub(super) fn memory(&self) -> usize {
        match &self.talk {
            Talk::Call(exchange) => exchange.memory(),
            Talk::Socket(socket) => size_of::<Socket>() + socket.memory(),
            Talk::Tunnel => 0,
        }
    }
}

/// How a stream came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Both sides said so.
    Whole,
    /// Reset: frames may still be on their way.
    Reset,
    /// We stopped following it.
    GivenUp,
}

/// The streams of a connection.
#[derive(Default)]
pub(super) struct Streams {
    /// By number.
    open: VecDeque<Stream>,
    ended: VecDeque<(u32, Ended)>,
    /// Bytes that open streams hold.
    held: usize,
}

impl Streams {
    pub(super) fn is_over_full(&self) -> bool {
        self.open.len() > STREAMS_MAX || self.held > STREAM_BYTES_MAX
    }

    pub(super) fn memory(&self) -> usize {
        self.held
            + self.open.capacity() * size_of::<Stream>()
            + self.ended.capacity() * size_of::<(u32, Ended)>()
    }

    pub(super) fn at(&mut self, id: u32) -> Option<&mut Stream> {
        let place = self.place(id).ok()?;
        self.open.get_mut(place)
    }

    pub(super) fn oldest(&self) -> Option<&Stream> {
        self.open.front()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Stream> {
        self.open.iter_mut()
    }

    pub(super) fn insert(&mut self, stream: Stream) {
        if let Err(place) = self.place(stream.id) {
            self.held += stream.held;
            self.open.insert(place, stream);
        }
    }

    pub(super) fn remove(&mut self, id: u32, how: Ended) -> Option<Stream> {
        let place = self.place(id).ok()?;
        let stream = self.open.remove(place)?;
        self.held = self.held.saturating_sub(stream.held);
        self.note(id, how);
        Some(stream)
    }

    /// Looks again at what a stream holds.
    pub(super) fn account(&mut self, id: u32) {
        let Ok(place) = self.place(id) else { return };
        let Some(stream) = self.open.get_mut(place) else { return };
        let now = stream.memory();
        self.held = (self.held + now).saturating_sub(stream.held);
        stream.held = now;
    }

    /// A stream that is not followed.
    pub(super) fn note(&mut self, id: u32, how: Ended) {
        if self.ended.len() == ENDED_MAX {
            self.ended.pop_front();
        }
        self.ended.push_back((id, how));
    }

    /// How a stream that is not open ended, if it ended lately.
    pub(super) fn ended(&self, id: u32) -> Option<Ended> {
        self.ended.iter().rev().find(|(known, _)| *known == id).map(|(_, how)| *how)
    }

    fn place(&self, id: u32) -> Result<usize, usize> {
        self.open.binary_search_by_key(&id, |stream| stream.id)
    }
}
