//! zstd (RFC 8878): coded bytes in pieces in, decoded out, block by block. Refuses windows beyond 8 MiB and dictionaries.

use ruzstd::decoding::FrameDecoder;

use super::{Progress, Stop, budget::Lease};

/// Largest window: what RFC 9659 asks for as a content coding.
const WINDOW_BYTES_MAX: u64 = 8 << 20;
/// Largest block, coded and decoded.
const BLOCK_BYTES_MAX: usize = 128 << 10;
/// Memory of tables and of one coded block.
const TABLES_BYTES: usize = 384 << 10;
/// The last block, of nothing, and a sum that nobody checks.
const END: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Head,
    /// In a frame that is to be skipped.
    Skip(u32),
    Block,
    Sum,
    /// Between frames, or at the end.
    Between,
}

/// A zstd decoder. It holds one coded block, and decoded bytes up to its window or its limit.
pub(super) struct Zstd {
    decoder: FrameDecoder,
    state: State,
    /// Coded bytes until there is a whole block.
    held: Vec<u8>,
    has_sum: bool,
    /// Whether decoded bytes wait in the decoder.
    is_holding: bool,
    /// Bytes that blocks may still decode to, at most.
    room: usize,
    lease: Lease,
}

impl Zstd {
    /// `bytes_max`: decoded bytes that are wanted. Blocks tell their size only once decoded; four times as many are.
    pub(super) fn new(bytes_max: usize, mut lease: Lease) -> Result<Self, Stop> {
        lease.take(TABLES_BYTES)?;
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(WINDOW_BYTES_MAX);
        let room = bytes_max.saturating_mul(4).saturating_add(16 * BLOCK_BYTES_MAX);
        let state = State::Head;
        Ok(Self { decoder, state, held: Vec::new(), has_sum: false, is_holding: false, room, lease })
    }

    pub(super) fn is_whole(&self) -> bool {
        self.state == State::Between && self.held.is_empty()
    }

    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, Stop> {
        let mut read = 0;
        loop {
            let written = self.read_out(output);
            if written > 0 {
                return Ok(Progress { read, written, is_over: false });
            }
            let rest = input.get(read..).unwrap_or_default();
            if rest.is_empty() {
                return Ok(Progress { read, written: 0, is_over: false });
            }
            if let State::Skip(left) = self.state {
                let n = rest.len().min(left as usize);
                read += n;
                let left = left - u32::try_from(n).unwrap_or(left);
                self.state = if left == 0 { State::Between } else { State::Skip(left) };
                continue;
            }
            let wanted = match self.wanted() {
                Ok(wanted) => wanted,
                Err(_) if self.state == State::Between => {
                    return Ok(Progress { read, written: 0, is_over: true });
                }
                Err(stop) => return Err(stop),
            };
            let n = wanted.saturating_sub(self.held.len()).min(rest.len());
            self.held.extend_from_slice(rest.get(..n).unwrap_or_default());
            read += n;
            if self.held.len() >= wanted {
                self.advance(wanted)?;
            }
        }
    }

    /// Decoded bytes held back for want of the rest of their frame.
    pub(super) fn drain(&mut self, output: &mut [u8]) -> usize {
        if matches!(self.state, State::Block) {
            // The frame ends here for all that we shall see of it.
            if self.decoder.decode_from_to(&END, &mut []).is_err() {
                return 0;
            }
            (self.state, self.is_holding) = (State::Between, true);
        }
        self.read_out(output)
    }

    fn read_out(&mut self, output: &mut [u8]) -> usize {
        if !self.is_holding {
            return 0;
        }
        let written = std::io::Read::read(&mut self.decoder, output).unwrap_or(0);
        self.is_holding = written > 0;
        written
    }

    /// Bytes that must be held before something can be done with them.
    fn wanted(&self) -> Result<usize, Stop> {
        let held = self.held.as_slice();
        match self.state {
            State::Head | State::Between => {
                let Some(magic) = held.first_chunk::<4>() else { return Ok(5) };
                match u32::from_le_bytes(*magic) {
                    0xfd2f_b528 => Ok(held.get(4).map_or(5, |descriptor| 5 + head_len(*descriptor))),
                    0x184d_2a50..=0x184d_2a5f => Ok(8),
                    _ => Err(Stop::Broken),
                }
            }
            State::Block => Ok(held.first_chunk::<3>().map_or(3, |head| 3 + block_len(*head).0)),
            State::Sum => Ok(4),
            State::Skip(_) => Ok(0),
        }
    }

    /// Does what the held bytes allow; they are as many as were wanted.
    fn advance(&mut self, wanted: usize) -> Result<(), Stop> {
        if self.wanted()? > wanted {
            return Ok(());
        }
        let held = std::mem::take(&mut self.held);
        match self.state {
            State::Head | State::Between => self.begin_frame(&held)?,
            State::Block => self.block(&held)?,
            State::Sum => {
                self.decoder.decode_from_to(&held, &mut []).map_err(|_| Stop::Broken)?;
                (self.state, self.is_holding) = (State::Between, true);
            }
            State::Skip(_) => {}
        }
        self.held = held;
        self.held.clear();
        Ok(())
    }

    fn begin_frame(&mut self, head: &[u8]) -> Result<(), Stop> {
        if let (Some(magic), Some(size)) = (head.first(), head.last_chunk::<4>())
            && *magic != 0x28
        {
            let size = u32::from_le_bytes(*size);
            self.state = if size == 0 { State::Between } else { State::Skip(size) };
            return Ok(());
        }
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(WINDOW_BYTES_MAX);
        decoder.init(head).map_err(|_| Stop::Broken)?;
        self.decoder = decoder;
        self.has_sum = head.get(4).is_some_and(|descriptor| descriptor & 4 != 0);
        self.state = State::Block;
        Ok(())
    }

    fn block(&mut self, block: &[u8]) -> Result<(), Stop> {
        let Some(head) = block.first_chunk::<3>() else { return Err(Stop::Broken) };
        let (coded, decoded) = block_len(*head);
        if coded.max(decoded) > BLOCK_BYTES_MAX {
            return Err(Stop::Broken);
        }
        self.room = self.room.checked_sub(decoded).ok_or(Stop::Capped)?;
        self.lease.take(decoded)?;
        self.decoder.decode_from_to(block, &mut []).map_err(|_| Stop::Broken)?;
        let is_last = head[0] & 1 != 0;
        self.state = match (is_last, self.has_sum) {
            (false, _) => State::Block,
            (true, true) => State::Sum,
            (true, false) => State::Between,
        };
        self.is_holding = true;
        Ok(())
    }
}

/// Bytes of a frame's head behind its descriptor (RFC 8878, section 3.1.1.1).
fn head_len(descriptor: u8) -> usize {
    let is_single = descriptor & 0x20 != 0;
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let size = match descriptor >> 6 {
        0 => usize::from(is_single),
        flag => 1 << flag,
    };
    usize::from(!is_single) + dictionary + size
}

/// Coded bytes behind a block's head, and the most that they decode to.
fn block_len(head: [u8; 3]) -> (usize, usize) {
    let word = usize::from(head[0]) | usize::from(head[1]) << 8 | usize::from(head[2]) << 16;
    let size = word >> 3;
    match word >> 1 & 3 {
        0 => (size, size),
        1 => (1, size),
        _ => (size, BLOCK_BYTES_MAX),
    }
}
