//! Readers: pieces of one direction in, body bytes, header blocks and signals out. Copies only header blocks that are
//! split over pieces or frames.

mod gaps;
mod stage;
mod steps;

pub(super) use gaps::GapFate;
pub(super) use steps::{Block, BlockBytes, Step};

use model::{SessionFates, Timestamp};
use zeroize::Zeroize as _;

use super::{
    PREFACE,
    frame::{
        DATA, Frame, GOAWAY, HEAD_BYTES, HEADERS, PAYLOAD_BYTES_FIRST, PRIORITY, PUSH_PROMISE, RST_STREAM,
        SETTINGS, WINDOW_UPDATE,
    },
};
use crate::stream::Direction;
use stage::Stage;

/// Bytes of a header block.
pub(super) const BLOCK_BYTES_MAX: usize = 65_536;
/// Frames of a header block behind its first.
const CONTINUATIONS_MAX: u8 = 8;
/// A buffer for blocks that is larger is let go after use.
const SPARE_BYTES_MAX: usize = 4_096;

/// A header block in the making.
#[derive(Clone, Copy, Debug)]
struct Growing {
    stream: u32,
    /// The stream that a push promises.
    promised: Option<u32>,
    ends_stream: bool,
    begun: (Timestamp, u64),
    continuations: u8,
    is_lost: bool,
}

/// One direction of a connection.
pub(super) struct Reader {
    direction: Direction,
    stage: Stage,
    frame: Frame,
    /// Bytes of a head, or before a body.
    part: [u8; HEAD_BYTES],
    have: usize,
    /// Payload bytes still to come, padding included, and the padding of those.
    left: u32,
    padding: u32,
    /// Bytes of this stream so far, gaps included.
    pub(super) position: u64,
    begun: (Timestamp, u64),
    growing: Option<Growing>,
    /// The block in the making; wiped after use.
    block: Vec<u8>,
    /// Largest payload that the other end allows. `None` when that is not known.
    payload_max: Option<u32>,
    /// The next frame has to be settings, for lack of other signs that these are frames.
    opens: bool,
}

impl Reader {
    pub(super) fn new(direction: Direction) -> Self {
        let stage = if direction == Direction::Request { Stage::Preface(0) } else { Stage::Head };
        Self {
            direction,
            stage,
            frame: Frame::default(),
            part: [0; HEAD_BYTES],
            have: 0,
            left: 0,
            padding: 0,
            position: 0,
            begun: (Timestamp::ZERO, 0),
            growing: None,
            block: Vec::new(),
            payload_max: Some(PAYLOAD_BYTES_FIRST),
            opens: false,
        }
    }

    /// The other end takes frames of so many bytes.
    pub(super) fn allow(&mut self, announced: u32) {
        self.payload_max = self.payload_max.map(|known| known.max(announced));
    }

    /// What the other end takes was not seen.
    pub(super) fn allow_any(&mut self) {
        self.payload_max = None;
    }

    pub(super) fn is_seeking(&self) -> bool {
        self.stage == Stage::Seek
    }

    /// A frame begins with the next byte.
    pub(super) fn found(&mut self) {
        self.stage = Stage::Head;
        self.have = 0;
    }

    /// Settings come next, and nothing else (RFC 9113, section 3.4).
    pub(super) fn expect_settings(&mut self) {
        self.opens = true;
    }

    /// Whether the preface comes next.
    pub(super) fn expect_preface(&mut self) {
        self.stage = Stage::Preface(0);
    }

    pub(super) fn seek(&mut self) {
        self.forget();
        self.opens = false;
        self.stage = Stage::Seek;
    }

    /// Reads nothing more.
    pub(super) fn deafen(&mut self) {
        self.forget();
        self.block = Vec::new();
        self.stage = Stage::Deaf;
    }

    pub(super) fn memory(&self) -> usize {
        self.block.capacity()
    }

    /// Takes a block's buffer back for the next one.
    pub(super) fn give_back(&mut self, bytes: BlockBytes<'_>) {
        if let BlockBytes::Copied(mut buffer) = bytes {
            buffer.as_mut_slice().zeroize();
            buffer.clear();
            if buffer.capacity() <= SPARE_BYTES_MAX {
                self.block = buffer;
            }
        }
    }

    /// Passes over bytes while seeking.
    pub(super) fn pass(&mut self, n: usize) {
        self.position += n as u64;
    }

    /// The next thing in `rest`, which moves on by what was read.
    pub(super) fn read<'p>(
        &mut self,
        rest: &mut &'p [u8],
        at: Timestamp,
        fates: &mut SessionFates,
    ) -> Step<'p> {
        let before = rest.len();
        let step = loop {
            let (stage, unread) = (self.stage, rest.len());
            let step = match self.stage {
                Stage::Preface(have) => self.read_preface(have, rest),
                Stage::Head => self.read_head(rest, at, before),
                Stage::Fixed => self.read_fixed(rest),
                Stage::Body => self.read_body(rest),
                Stage::Skip => self.skip(rest),
                Stage::Seek | Stage::Deaf => {
                    *rest = &[];
                    Some(Step::More)
                }
            };
            stage.count(self.frame, unread - rest.len(), fates);
            if let Some(step) = step {
                break step;
            }
        };
        self.position += (before - rest.len()) as u64;
        step
    }

    fn read_preface<'p>(&mut self, have: usize, rest: &mut &'p [u8]) -> Option<Step<'p>> {
        let wanted = PREFACE.get(have..).unwrap_or_default();
        let n = wanted.len().min(rest.len());
        let (bytes, after) = rest.split_at(n);
        if wanted.get(..n) != Some(bytes) {
            return Some(Step::Broken);
        }
        *rest = after;
        self.stage = if n == wanted.len() { Stage::Head } else { Stage::Preface(have + n) };
        (n < wanted.len()).then_some(Step::More)
    }

    fn read_head<'p>(&mut self, rest: &mut &'p [u8], at: Timestamp, before: usize) -> Option<Step<'p>> {
        if rest.is_empty() {
            return Some(Step::More);
        }
        if self.have == 0 {
            self.begun = (at, self.position + (before - rest.len()) as u64);
            if let Some(frame) = Frame::read(rest) {
                *rest = rest.get(HEAD_BYTES..).unwrap_or_default();
                return Some(self.begin(frame));
            }
        }
        self.collect(rest, HEAD_BYTES);
        if self.have < HEAD_BYTES {
            return Some(Step::More);
        }
        let frame = Frame::read(&self.part)?;
        Some(self.begin(frame))
    }

    /// A frame begins.
    fn begin<'p>(&mut self, frame: Frame) -> Step<'p> {
        self.have = 0;
        let opens = std::mem::take(&mut self.opens);
        if opens && (frame.kind != SETTINGS || frame.is_ack())
            || self.payload_max.is_some_and(|max| frame.length > max)
            || frame.is_fatal(self.direction, self.growing.map(|growing| growing.stream))
        {
            return Step::Broken;
        }
        (self.frame, self.left, self.padding) = (frame, frame.length, 0);
        self.stage = if frame.fixed_bytes() > 0 { Stage::Fixed } else { Stage::Body };
        if frame.has_block() {
            if let Some(growing) = &mut self.growing {
                growing.continuations += 1;
                if growing.continuations > CONTINUATIONS_MAX {
                    return Step::Limit;
                }
            } else {
                self.growing = Some(Growing {
                    stream: frame.stream,
                    promised: (frame.kind == PUSH_PROMISE).then_some(0),
                    ends_stream: frame.ends_stream(),
                    begun: self.begun,
                    continuations: 0,
                    is_lost: false,
                });
            }
        }
        Step::Frame(frame)
    }

    fn read_fixed<'p>(&mut self, rest: &mut &'p [u8]) -> Option<Step<'p>> {
        let wanted = usize::from(self.frame.fixed_bytes());
        if (self.left as usize) < wanted - self.have {
            // Only a padded frame of DATA without the length of its padding comes here.
            self.stage = Stage::Skip;
            return Some(Step::BadPadding { stream: self.frame.stream });
        }
        let taken = self.collect(rest, wanted);
        self.left -= u32::try_from(taken).unwrap_or(0);
        if self.have < wanted {
            return Some(Step::More);
        }
        self.have = 0;
        self.fixed()
    }

    /// What stands before the body of the frame in hand.
    fn fixed<'p>(&mut self) -> Option<Step<'p>> {
        let frame = self.frame;
        self.stage = Stage::Body;
        let mut part = self.part.as_slice();
        if frame.is_padded() {
            self.padding = u32::from(self.part[0]);
            part = part.get(1..).unwrap_or_default();
            if self.padding > self.left {
                self.padding = self.left;
                if frame.has_block() {
                    return Some(Step::Broken);
                }
                return Some(Step::BadPadding { stream: frame.stream });
            }
        }
        let number = part.first_chunk::<4>().map_or(0, |four| u32::from_be_bytes(*four)) & 0x7FFF_FFFF;
        match frame.kind {
            HEADERS if frame.has_priority() => {
                let bytes = *part.first_chunk::<5>()?;
                Some(Step::Priority { stream: frame.stream, bytes })
            }
            PRIORITY => Some(Step::Priority { stream: frame.stream, bytes: *part.first_chunk::<5>()? }),
            RST_STREAM => Some(Step::Reset { stream: frame.stream }),
            WINDOW_UPDATE => Some(Step::Window { stream: frame.stream, increment: number }),
            GOAWAY => Some(Step::GoAway),
            PUSH_PROMISE => {
                self.growing.iter_mut().for_each(|growing| growing.promised = Some(number));
                None
            }
            SETTINGS => {
                self.stage = if self.left > 0 { Stage::Fixed } else { Stage::Body };
                let [a, b, c, d, e, f, ..] = self.part;
                Some(Step::Setting {
                    id: u16::from_be_bytes([a, b]),
                    value: u32::from_be_bytes([c, d, e, f]),
                })
            }
            _ => None,
        }
    }

    fn read_body<'p>(&mut self, rest: &mut &'p [u8]) -> Option<Step<'p>> {
        let body = self.left - self.padding;
        if body == 0 && !self.frame.has_block() {
            self.stage = Stage::Skip;
            return None;
        }
        let n = rest.len().min(body as usize);
        let (bytes, after) = rest.split_at(n);
        match self.frame.kind {
            DATA if n > 0 => {
                *rest = after;
                self.left -= u32::try_from(n).unwrap_or(0);
                return Some(Step::Data { stream: self.frame.stream, bytes });
            }
            DATA => return Some(Step::More),
            _ if self.frame.has_block() => {}
            _ => {
                self.stage = Stage::Skip;
                return None;
            }
        }
        *rest = after;
        self.left -= u32::try_from(n).unwrap_or(0);
        let is_whole = n == body as usize;
        let is_first = self.block.is_empty();
        let is_lost = self.growing.is_some_and(|growing| growing.is_lost);
        if is_whole && is_first && self.frame.ends_block() && !is_lost {
            self.stage = Stage::Skip;
            return self.end_block(BlockBytes::InPlace(bytes));
        }
        if !is_lost {
            if self.block.len() + n > BLOCK_BYTES_MAX {
                return Some(Step::Limit);
            }
            self.block.extend_from_slice(bytes);
        }
        if !is_whole {
            return Some(Step::More);
        }
        self.stage = Stage::Skip;
        if self.frame.ends_block() {
            let block = std::mem::take(&mut self.block);
            return self.end_block(BlockBytes::Copied(block));
        }
        None
    }

    fn end_block<'p>(&mut self, bytes: BlockBytes<'p>) -> Option<Step<'p>> {
        let growing = self.growing.take()?;
        Some(Step::Block(Block {
            stream: growing.stream,
            promised: growing.promised,
            ends_stream: growing.ends_stream,
            begun: growing.begun,
            end: self.frame_end(),
            bytes: (!growing.is_lost).then_some(bytes),
        }))
    }

    /// Position behind the frame in hand.
    fn frame_end(&self) -> u64 {
        // `begun` is where this frame begins: a block keeps its own.
        self.begun.1 + (HEAD_BYTES as u64) + u64::from(self.frame.length)
    }

    /// Passes over what is left of the frame in hand.
    fn skip<'p>(&mut self, rest: &mut &'p [u8]) -> Option<Step<'p>> {
        let n = rest.len().min(self.left as usize);
        *rest = rest.get(n..).unwrap_or_default();
        self.left -= u32::try_from(n).unwrap_or(0);
        if self.left > 0 {
            return Some(Step::More);
        }
        self.stage = Stage::Head;
        if self.frame.kind == DATA && self.frame.ends_stream() {
            return Some(Step::End { stream: self.frame.stream, position: self.frame_end() });
        }
        if self.frame.ends_block() && self.growing.is_some_and(|growing| growing.is_lost) {
            return self.end_block(BlockBytes::InPlace(&[]));
        }
        None
    }

    /// Adds to `part` up to `wanted` bytes; how many.
    fn collect(&mut self, rest: &mut &[u8], wanted: usize) -> usize {
        let n = rest.len().min(wanted.saturating_sub(self.have));
        let (bytes, after) = rest.split_at(n);
        if let Some(place) = self.part.get_mut(self.have..self.have + n) {
            place.copy_from_slice(bytes);
        }
        *rest = after;
        self.have += n;
        n
    }

    fn forget(&mut self) {
        self.lose_block();
        self.growing = None;
        self.have = 0;
    }
}
