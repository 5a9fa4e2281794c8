//! Half of a socket: bytes of one direction in, whole messages by count and size out. Never keeps a message.

use model::{Sensitive, SessionFates};
use smallvec::SmallVec;
use zeroize::Zeroize;

use crate::{sensitive::Watcher, stream::Direction};

/// Bytes of the longest frame head: two, a 64-bit length, a mask (RFC 6455, section 5.2).
const HEAD_MAX: usize = 14;
/// Bytes unmasked at a time.
const CHUNK: usize = 256;

/// Opcodes of RFC 6455, section 11.8.
const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PONG: u8 = 0xA;

/// The bytes break the protocol, or their place in it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lost;

/// A message while it comes.
#[derive(Default)]
struct Open {
    bytes: u64,
    /// Present while its text is read.
    watcher: Option<Watcher>,
    /// Bytes of text that may still be read.
    budget: usize,
}

/// A frame while its payload comes.
#[derive(Clone, Copy)]
struct Running {
    opcode: u8,
    fin: bool,
    /// Payload bytes still to come.
    left: u64,
    mask: [u8; 4],
    /// Payload bytes so far, modulo 4.
    turn: usize,
}

/// What a direction sent since the last report.
#[derive(Default)]
pub(super) struct Count {
    pub(super) messages: u64,
    pub(super) bytes: u64,
    pub(super) longest: u32,
    /// Bytes of plain text that were read.
    pub(super) read: u64,
    /// Whether a message was compressed: its text was not read.
    pub(super) compressed: bool,
    /// Whether bytes were missing.
    pub(super) holed: bool,
    pub(super) sensitive: SmallVec<[Sensitive; 0]>,
}

/// One direction of a socket.
pub(super) struct Half {
    direction: Direction,
    head: [u8; HEAD_MAX],
    head_len: usize,
    frame: Option<Running>,
    message: Option<Open>,
    pub(super) count: Count,
    /// Whether it said that it will send nothing more.
    pub(super) closed: bool,
    pub(super) lost: bool,
}

impl Half {
    pub(super) fn new(direction: Direction) -> Self {
        Self {
            direction,
            head: [0; HEAD_MAX],
            head_len: 0,
            frame: None,
            message: None,
            count: Count::default(),
            closed: false,
            lost: false,
        }
    }

    /// Whether the stream stands between two messages.
    pub(super) fn is_between(&self) -> bool {
        self.message.is_none() && self.frame.is_none() && self.head_len == 0 && !self.lost
    }

    /// Reads on in `rest`, to the end of the next message at most. At most `budget` bytes of a text are read for sensitive
    /// data.
    pub(super) fn push(
        &mut self,
        rest: &mut &[u8],
        budget: usize,
        fates: &mut SessionFates,
    ) -> Result<(), Lost> {
        while !rest.is_empty() && !self.closed {
            let (messages, before) = (self.count.messages, rest.len());
            if let Some(frame) = self.frame {
                *rest = self.read_payload(frame, rest);
                fates.bodies += (before - rest.len()) as u64;
            } else {
                let read = self.read_head(rest, budget);
                fates.framing += (before - rest.len()) as u64;
                read?;
            }
            if self.count.messages != messages {
                return Ok(());
            }
        }
        fates.opaque += rest.len() as u64;
        *rest = &[];
        Ok(())
    }

    /// `n` bytes are missing: inside a payload they are passed over exactly.
    pub(super) fn gap(&mut self, n: u64) -> Result<(), Lost> {
        if self.closed {
            return Ok(());
        }
        self.count.holed = true;
        let mut frame = self.frame.filter(|frame| frame.left >= n).ok_or(Lost)?;
        if frame.opcode < CLOSE
            && let Some(message) = &mut self.message
        {
            message.bytes = message.bytes.saturating_add(n);
            self.count.bytes = self.count.bytes.saturating_add(n);
            if let Some(watcher) = &mut message.watcher {
                watcher.cut();
            }
        }
        frame.left -= n;
        frame.turn = (frame.turn + usize::try_from(n % 4).unwrap_or(0)) % 4;
        self.advance(frame);
        Ok(())
    }

    fn read_head(&mut self, rest: &mut &[u8], budget: usize) -> Result<(), Lost> {
        while let [byte, after @ ..] = *rest {
            *self.head.get_mut(self.head_len).ok_or(Lost)? = *byte;
            self.head_len += 1;
            *rest = after;
            if self.head_len == 2 {
                self.check_head()?;
            }
            if self.head_len >= 2 && self.head_len == self.head_size() {
                self.begin(budget)?;
                break;
            }
        }
        Ok(())
    }

    /// Bytes of the head in hand, as its second byte tells.
    fn head_size(&self) -> usize {
        let length = match self.head[1] & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        2 + length + if self.head[1] & 0x80 == 0 { 0 } else { 4 }
    }

    /// RFC 6455, sections 5.1, 5.2, 5.4 and 5.5; RFC 7692 for the first reserved bit.
    fn check_head(&self) -> Result<(), Lost> {
        let [first, second, ..] = self.head;
        let (opcode, fin, compressed) = (first & 0x0f, first & 0x80 != 0, first & 0x40 != 0);
        let masked_right = (second & 0x80 != 0) == (self.direction == Direction::Request);
        let fits = match opcode {
            CONTINUATION => self.message.is_some() && !compressed,
            TEXT | BINARY => self.message.is_none(),
            CLOSE..=PONG => fin && !compressed && second & 0x7f <= 125,
            _ => false,
        };
        if masked_right && fits && first & 0x30 == 0 { Ok(()) } else { Err(Lost) }
    }

    fn begin(&mut self, budget: usize) -> Result<(), Lost> {
        let size = std::mem::take(&mut self.head_len);
        let head = self.head.get(..size).ok_or(Lost)?;
        let mask = if self.head[1] & 0x80 == 0 { [0; 4] } else { *head.last_chunk::<4>().ok_or(Lost)? };
        let left = match self.head[1] & 0x7f {
            126 => u64::from(u16::from_be_bytes(*head.get(2..4).and_then(<[u8]>::first_chunk).ok_or(Lost)?)),
            127 => u64::from_be_bytes(*head.get(2..10).and_then(<[u8]>::first_chunk).ok_or(Lost)?),
            small => u64::from(small),
        };
        if left > u64::MAX >> 1 {
            return Err(Lost);
        }
        let opcode = self.head[0] & 0x0f;
        if matches!(opcode, TEXT | BINARY) {
            let compressed = self.head[0] & 0x40 != 0;
            self.count.compressed |= compressed;
            let watcher = (opcode == TEXT && !compressed && budget > 0).then(Watcher::new);
            self.message = Some(Open { bytes: 0, watcher, budget });
        }
        self.advance(Running { opcode, fin: self.head[0] & 0x80 != 0, left, mask, turn: 0 });
        Ok(())
    }

    fn read_payload<'a>(&mut self, mut frame: Running, bytes: &'a [u8]) -> &'a [u8] {
        let size = usize::try_from(frame.left).unwrap_or(usize::MAX).min(bytes.len());
        let (payload, rest) = bytes.split_at_checked(size).unwrap_or((bytes, &[]));
        if frame.opcode < CLOSE
            && let Some(message) = &mut self.message
        {
            message.bytes = message.bytes.saturating_add(size as u64);
            self.count.bytes = self.count.bytes.saturating_add(size as u64);
            let read = message.read(payload, frame);
            self.count.read = self.count.read.saturating_add(read as u64);
        }
        frame.left -= size as u64;
        frame.turn = (frame.turn + size) % 4;
        self.advance(frame);
        rest
    }

    /// Goes on in this frame, or past its end.
    fn advance(&mut self, frame: Running) {
        self.frame = (frame.left > 0).then_some(frame);
        if frame.left > 0 {
            return;
        }
        self.closed |= frame.opcode == CLOSE;
        if frame.opcode < CLOSE
            && frame.fin
            && let Some(message) = self.message.take()
        {
            self.count.messages += 1;
            self.count.longest = self.count.longest.max(u32::try_from(message.bytes).unwrap_or(u32::MAX));
            let seen = message.watcher.map(Watcher::finish).unwrap_or_default();
            add(&mut self.count.sensitive, &seen);
        }
    }
}

impl Open {
    /// Reads text through its mask; how many bytes.
    fn read(&mut self, payload: &[u8], frame: Running) -> usize {
        let Some(watcher) = &mut self.watcher else { return 0 };
        let size = payload.len().min(self.budget);
        self.budget -= size;
        let text = payload.get(..size).unwrap_or_default();
        if frame.mask == [0; 4] {
            watcher.push(text);
            return size;
        }
        let mut plain = [0; CHUNK];
        let mask = frame.mask.iter().cycle().skip(frame.turn);
        for chunk in text.chunks(CHUNK) {
            // A chunk is a multiple of four: each begins at the same turn of the mask.
            let bytes = plain.iter_mut().zip(chunk.iter().zip(mask.clone()));
            bytes.for_each(|(place, (byte, key))| *place = byte ^ key);
            watcher.push(plain.get(..chunk.len()).unwrap_or_default());
        }
        plain.zeroize();
        size
    }
}

/// Adds counts to counts, in order of the classes.
fn add(counts: &mut SmallVec<[Sensitive; 0]>, more: &[Sensitive]) {
    for found in more {
        match counts.binary_search_by_key(&found.class, |known| known.class) {
            Ok(at) => {
                if let Some(known) = counts.get_mut(at) {
                    known.count = known.count.saturating_add(found.count);
                }
            }
            Err(at) => counts.insert(at, *found),
        }
    }
}
