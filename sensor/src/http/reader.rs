//! Readers: pieces of one direction in, heads and body bytes out. Copies only heads that are split over pieces,
//! and never reads a byte twice while it looks for the next message.

use model::{Loss, SessionFates, Timestamp};
use zeroize::Zeroize as _;

use super::{
    framing::{Chunk, ChunkStep, Framing},
    head::{head_end, plausible_request, plausible_status},
};
use crate::stream::Direction;

/// Bytes of line ends skipped before a head: the gateways that were measured skip any number.
const LINE_ENDS_MAX: u8 = 64;
/// Bytes of a head that must look like the beginning of one, however they are cut.
const BEGINNING_BYTES: usize = 48;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Between messages, or in a head: `buffer` holds what came of it.
    Head,
    /// In a body of which so many bytes are to come.
    Length(u64),
    Chunked(Chunk),
    UntilClose,
    /// Behind the head of an answer that may be one to HEAD: its body, or the next head. `buffer` holds as much as
    /// a status line may begin with.
    Doubt(Framing),
    /// Looking for the next message: `buffer` holds what may be its beginning.
    Seek,
    /// Nothing more is read.
    Deaf,
}

/// One direction of a conversation.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) direction: Direction,
    pub(super) state: State,
    /// Line ends skipped before a head.
    pub(super) line_ends: u8,
    /// Bytes of this stream so far, gaps included.
    pub(super) position: u64,
    /// Time and stream position of the first byte of the head in hand.
    pub(super) begun: (Timestamp, u64),
    /// The chunks in hand have something that some refuse.
    odd_chunks: bool,
    /// A head or the beginning of one; wiped after use, because heads hold secrets.
    pub(super) buffer: Vec<u8>,
}

/// What a reader met.
pub(super) enum Step<'p> {
    /// The piece is used up.
    More,
    /// A whole head: the caller must say how its body is framed by `body`. Hand a copied one back with `give_back`.
    Head(HeadBytes<'p>),
    /// Bytes of a body, without chunk framing.
    Body(&'p [u8]),
    /// The message is over.
    End,
    /// A message can not begin like this, or its framing broke: the reader seeks the next one.
    Broken(Loss),
    /// The chunks in hand can not be read: the reader seeks the next message.
    BrokenBody,
    /// So many bytes were skipped in search of a message.
    Skipped(u64),
}

/// A head, in place or put together.
pub(super) enum HeadBytes<'p> {
    InPlace(&'p [u8]),
    Copied(Vec<u8>),
}

impl HeadBytes<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::InPlace(bytes) => bytes,
            Self::Copied(bytes) => bytes,
        }
    }
}

/// What a gap did to the message in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GapFate {
    /// It lay inside the body: framing goes on exactly.
    Inside,
    /// It was exactly the rest of the body.
    Ended,
    /// The message is cut short, and others may have been lost.
    Lost,
}

impl Reader {
    pub(super) fn new(direction: Direction, from_start: bool) -> Self {
        let state = if from_start { State::Head } else { State::Seek };
        Self {
            direction,
            state,
            line_ends: 0,
            position: 0,
            begun: (Timestamp::ZERO, 0),
            odd_chunks: false,
            buffer: Vec::new(),
        }
    }

    /// Stream position behind the last byte read.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Time and position of the first byte of the head just met.
    pub(super) fn begun(&self) -> (Timestamp, u64) {
        self.begun
    }

    pub(super) fn memory(&self) -> usize {
        self.buffer.capacity()
    }

    /// Bytes that wait for the rest of a head.
    pub(super) fn waiting(&self) -> u64 {
        self.buffer.len() as u64
    }

    /// Whether nothing of the body in hand is to come but the end of its framing, when these bytes are next.
    pub(super) fn ends_with(&self, rest: &[u8]) -> bool {
        match self.state {
            State::Length(left) => left == 0,
            State::Chunked(Chunk::DataEnd(false)) => rest.starts_with(b"\r\n0\r\n\r\n"),
            _ => false,
        }
    }

    pub(super) fn reads_until_close(&self) -> bool {
        self.state == State::UntilClose
    }

    /// Whether the chunks of the message that just ended have something that some refuse; tells it once.
    pub(super) fn take_odd_chunks(&mut self) -> bool {
        std::mem::take(&mut self.odd_chunks)
    }

    /// Says how the body behind the head just met is framed.
    pub(super) fn body(&mut self, framing: Framing) {
        self.state = match framing {
            Framing::Length(n) => State::Length(n),
            Framing::Chunked => {
                self.odd_chunks = false;
                State::Chunked(Chunk::START)
            }
            Framing::UntilClose => State::UntilClose,
            Framing::Unknown => State::Seek,
        };
    }

    /// As `body`, for an answer that may be one to HEAD: if a status line follows at once, it had no body.
    pub(super) fn doubtful_body(&mut self, framing: Framing) {
        match framing {
            Framing::Length(0) | Framing::Unknown => self.body(framing),
            _ => self.state = State::Doubt(framing),
        }
    }

    /// Gives up the message in hand and looks for the next.
    pub(super) fn seek(&mut self, fates: &mut SessionFates) {
        fates.skipped += self.waiting();
        self.forget();
        self.state = State::Seek;
    }

    /// Reads nothing more.
    pub(super) fn deafen(&mut self, fates: &mut SessionFates) {
        fates.unfinished += self.waiting();
        self.buffer.zeroize();
        self.buffer = Vec::new();
        self.state = State::Deaf;
    }

    /// Takes a head's buffer back for the next one; large ones are let go.
    pub(super) fn give_back(&mut self, head: HeadBytes<'_>) {
        if let HeadBytes::Copied(mut buffer) = head {
            buffer.zeroize();
            if buffer.capacity() <= 4_096 && self.buffer.is_empty() {
                self.buffer = buffer;
            }
        }
    }

    /// `n` bytes of this stream will never come.
    pub(super) fn gap(&mut self, n: u64, fates: &mut SessionFates) -> GapFate {
        self.position = self.position.saturating_add(n);
        match &mut self.state {
            State::Length(left) if n <= *left => {
                *left -= n;
                if *left > 0 {
                    return GapFate::Inside;
                }
                self.state = State::Head;
                GapFate::Ended
            }
            State::Chunked(Chunk::Data(left)) if n < *left => {
                *left -= n;
                GapFate::Inside
            }
            State::UntilClose | State::Deaf => GapFate::Inside,
            _ => {
                self.seek(fates);
                GapFate::Lost
            }
        }
    }

    /// The next thing in `rest`, which moves on by what was read.
    pub(super) fn read<'p>(
        &mut self,
        rest: &mut &'p [u8],
        at: Timestamp,
        head_bytes_max: usize,
        fates: &mut SessionFates,
    ) -> Step<'p> {
        let before = rest.len();
        let step = match self.state {
            // A message without body ends before another byte comes.
            State::Length(0) => {
                self.state = State::Head;
                Step::End
            }
            _ if rest.is_empty() => Step::More,
            State::Head => self.read_head(rest, at, head_bytes_max, fates),
            State::Length(left) => {
                let n = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                self.state = State::Length(left - n as u64);
                fates.bodies += n as u64;
                Step::Body(take(rest, n))
            }
            State::Chunked(mut chunk) => {
                let met = chunk.step(rest, &mut self.odd_chunks);
                self.state = State::Chunked(chunk);
                let data_bytes = if let ChunkStep::Data(data) = met { data.len() } else { 0 };
                fates.bodies += data_bytes as u64;
                fates.framing += (before - rest.len() - data_bytes) as u64;
                match met {
                    ChunkStep::More => Step::More,
                    ChunkStep::Data(data) => Step::Body(data),
                    ChunkStep::End => {
                        self.state = State::Head;
                        Step::End
                    }
                    ChunkStep::Bad => {
                        self.seek(fates);
                        Step::BrokenBody
                    }
                }
            }
            State::UntilClose => {
                fates.bodies += before as u64;
                Step::Body(take(rest, before))
            }
            State::Doubt(framing) => self.read_doubt(framing, rest, at, fates),
            State::Seek => self.read_seek(rest, at, fates),
            State::Deaf => {
                fates.opaque += before as u64;
                take(rest, before);
                Step::More
            }
        };
        self.position += (before - rest.len()) as u64;
        step
    }

    fn read_head<'p>(
        &mut self,
        rest: &mut &'p [u8],
        at: Timestamp,
        head_bytes_max: usize,
        fates: &mut SessionFates,
    ) -> Step<'p> {
        if self.buffer.is_empty() {
            while self.line_ends < LINE_ENDS_MAX && matches!(rest.first(), Some(b'\r' | b'\n')) {
                self.line_ends += 1;
                fates.framing += 1;
                take(rest, 1);
            }
            if rest.is_empty() {
                return Step::More;
            }
            // `position` moves at the end of `read`: what was skipped here is at most so many bytes off.
            self.begun = (at, self.position);
        }
        let whole_before = self.buffer.len();
        if whole_before < BEGINNING_BYTES && !self.plausible(rest) {
            // What is buffered stays: the next message may begin in it.
            self.state = State::Seek;
            return Step::Broken(Loss::BadHead);
        }
        if whole_before == 0
            && let Some(end) = head_end(rest, 0).filter(|end| *end <= head_bytes_max)
        {
            return self.whole_head(HeadBytes::InPlace(take(rest, end)), head_bytes_max, fates);
        }
        // Look for the end across the border, then copy no more than the head.
        let room = head_bytes_max.saturating_add(1).saturating_sub(whole_before);
        let n = rest.len().min(room);
        self.buffer.extend_from_slice(rest.get(..n).unwrap_or_default());
        if let Some(end) = head_end(&self.buffer, whole_before) {
            take(rest, end.saturating_sub(whole_before));
            let mut head = std::mem::take(&mut self.buffer);
            head.truncate(end);
            return self.whole_head(HeadBytes::Copied(head), head_bytes_max, fates);
        }
        take(rest, n);
        if self.buffer.len() > head_bytes_max {
            self.seek(fates);
            return Step::Broken(Loss::HeadTooLong);
        }
        Step::More
    }

    fn whole_head<'p>(
        &mut self,
        head: HeadBytes<'p>,
        head_bytes_max: usize,
        fates: &mut SessionFates,
    ) -> Step<'p> {
        self.line_ends = 0;
        let bytes = head.bytes().len();
        if bytes > head_bytes_max {
            self.seek(fates);
            fates.skipped += bytes as u64;
            return Step::Broken(Loss::HeadTooLong);
        }
        fates.heads += bytes as u64;
        Step::Head(head)
    }

    /// Whether the head in hand can go on with `rest`.
    fn plausible(&self, rest: &[u8]) -> bool {
        let plausible = match self.direction {
            Direction::Request => plausible_request,
            Direction::Response => plausible_status,
        };
        if self.buffer.is_empty() {
            return plausible(rest.get(..BEGINNING_BYTES).unwrap_or(rest));
        }
        let mut start = [0_u8; BEGINNING_BYTES];
        let mut n = 0;
        for (slot, byte) in start.iter_mut().zip(self.buffer.iter().chain(rest)) {
            *slot = *byte;
            n += 1;
        }
        plausible(start.get(..n).unwrap_or_default())
    }

    pub(super) fn forget(&mut self) {
        self.buffer.zeroize();
        self.line_ends = 0;
    }
}

/// The first `n` bytes, which `rest` moves past.
pub(super) fn take<'p>(rest: &mut &'p [u8], n: usize) -> &'p [u8] {
    let (taken, after) = rest.split_at(n.min(rest.len()));
    *rest = after;
    taken
}
