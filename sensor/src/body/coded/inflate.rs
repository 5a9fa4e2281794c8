//! gzip (RFC 1952) and deflate (RFC 1950, or RFC 1951 as some servers send it): coded bytes in pieces in, decoded out.
//! Checks the sum that gzip carries.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::{
    Decoders, Progress, Stop,
    budget::{Lease, SPARE_MAX},
};

/// Memory of an inflater: its window and tables.
const INFLATER_BYTES: usize = 44_000;
/// Longest head of a gzip member: file names and comments are bounded by it.
const HEAD_BYTES_MAX: usize = 4_096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The first two bytes of a deflate body tell zlib from raw.
    Kind,
    /// In the head of a gzip member.
    Head(Head),
    Deflated,
    /// In the sum and size behind a gzip member.
    Tail,
    /// Between gzip members, or at the end.
    Between,
    Over,
}

/// Where in the head of a gzip member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Head {
    Fixed,
    ExtraSize,
    Extra(u16),
    Name,
    Comment,
    Sum,
}

/// An inflater with the framing around it.
pub(super) struct Inflate {
    state: State,
    inflater: Decompress,
    is_gzip: bool,
    held: [u8; 10],
    held_len: usize,
    /// Flags of the gzip head still to be acted on.
    flags: u8,
    head_len: usize,
    crc: Crc,
    members: u32,
    _lease: Lease,
}

impl Inflate {
    pub(super) fn gzip(pool: &mut Decoders, lease: Lease) -> Result<Self, Stop> {
        Self::new(State::Head(Head::Fixed), true, pool, lease)
    }

    pub(super) fn deflate(pool: &mut Decoders, lease: Lease) -> Result<Self, Stop> {
        Self::new(State::Kind, false, pool, lease)
    }

    fn new(state: State, is_gzip: bool, pool: &mut Decoders, mut lease: Lease) -> Result<Self, Stop> {
        lease.take(INFLATER_BYTES)?;
        let mut inflater = pool.spare.pop().unwrap_or_else(|| Decompress::new(false));
        inflater.reset(false);
        Ok(Self {
            state,
            inflater,
            is_gzip,
            held: [0; 10],
            held_len: 0,
            flags: 0,
            head_len: 0,
            crc: Crc::new(),
            members: 0,
            _lease: lease,
        })
    }

    pub(super) fn is_whole(&self) -> bool {
        match self.state {
            State::Over => true,
            State::Between => self.held_len == 0,
            _ => false,
        }
    }

    pub(super) fn give_back(self, pool: &mut Decoders) {
        if pool.spare.len() < SPARE_MAX {
            pool.spare.push(self.inflater);
        }
    }

    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, Stop> {
        let mut read = 0;
        loop {
            let rest = input.get(read..).unwrap_or_default();
            if self.state == State::Deflated {
                let (n, written) = self.inflate(rest, output)?;
                return Ok(Progress { read: read + n, written, is_over: self.state == State::Over });
            }
            if self.state == State::Over {
                return Ok(Progress { read, written: 0, is_over: true });
            }
            let Some(byte) = rest.first() else { return Ok(Progress { read, written: 0, is_over: false }) };
            if self.state == State::Kind && self.held_len == 1 {
                // Both bytes belong to what follows: the first was held back, the second is still ahead.
                return self.begin_deflate(*byte, read, rest, output);
            }
            read += 1;
            self.frame(*byte)?;
        }
    }

    /// One byte of the framing.
    fn frame(&mut self, byte: u8) -> Result<(), Stop> {
        self.hold(byte);
        match self.state {
            State::Head(head) => {
                self.head_len += 1;
                if self.head_len > HEAD_BYTES_MAX {
                    return Err(Stop::Broken);
                }
                self.head(head, byte)?;
            }
            State::Tail if self.held_len == 8 => {
                let sum = self.held.first_chunk::<4>().map(|bytes| u32::from_le_bytes(*bytes));
                if sum != Some(self.crc.sum()) {
                    return Err(Stop::Broken);
                }
                (self.state, self.held_len) = (State::Between, 0);
            }
            // Another member, or bytes that no member begins with: those are passed over.
            State::Between if self.held_len == 1 && byte != 0x1f => self.state = State::Over,
            State::Between if self.held_len == 2 && byte != 0x8b => self.state = State::Over,
            State::Between if self.held_len == 2 => {
                (self.state, self.head_len) = (State::Head(Head::Fixed), 2);
                self.inflater.reset(false);
                self.crc.reset();
            }
            _ => {}
        }
        Ok(())
    }

    fn hold(&mut self, byte: u8) {
        if let Some(place) = self.held.get_mut(self.held_len) {
            *place = byte;
            self.held_len += 1;
        }
    }

    fn head(&mut self, head: Head, byte: u8) -> Result<(), Stop> {
        let over = match head {
            Head::Fixed => {
                let expected = [0x1f, 0x8b, 8];
                if expected.get(self.held_len - 1).is_some_and(|known| *known != byte) {
                    return Err(Stop::Broken);
                }
                if self.held_len == 4 {
                    self.flags = byte;
                }
                self.held_len == 10
            }
            Head::ExtraSize => {
                if let (2, Some(size)) = (self.held_len, self.held.first_chunk::<2>()) {
                    let size = u16::from_le_bytes(*size);
                    self.held_len = 0;
                    if size > 0 {
                        self.state = State::Head(Head::Extra(size));
                        return Ok(());
                    }
                    true
                } else {
                    false
                }
            }
            Head::Extra(left) => {
                self.state = State::Head(Head::Extra(left - 1));
                left == 1
            }
            Head::Name | Head::Comment => byte == 0,
            Head::Sum => self.held_len == 2,
        };
        if over {
            self.held_len = 0;
            self.next_part();
        } else if !matches!(head, Head::Fixed | Head::ExtraSize | Head::Sum) {
            self.held_len = 0;
        }
        Ok(())
    }

    /// The next optional part of a gzip head, or what it is the head of.
    fn next_part(&mut self) {
        for (flag, part) in [(4, Head::ExtraSize), (8, Head::Name), (16, Head::Comment), (2, Head::Sum)] {
            if self.flags & flag != 0 {
                self.flags &= !flag;
                self.state = State::Head(part);
                return;
            }
        }
        self.state = State::Deflated;
    }

    /// The second byte of a deflate body: with the first it is a zlib head, or it is not.
    fn begin_deflate(
        &mut self,
        second: u8,
        read: usize,
        rest: &[u8],
        output: &mut [u8],
    ) -> Result<Progress, Stop> {
        let first = self.held[0];
        let has_head = first & 0x0f == 8
            && first >> 4 <= 7
            && (u16::from(first) << 8 | u16::from(second)).is_multiple_of(31)
            && second & 0x20 == 0;
        self.inflater.reset(has_head);
        (self.state, self.held_len) = (State::Deflated, 0);
        let (_, written) = self.inflate(&[first], output)?;
        if written > 0 || self.state == State::Over {
            return Ok(Progress { read, written, is_over: self.state == State::Over });
        }
        let (n, written) = self.inflate(rest, output)?;
        Ok(Progress { read: read + n, written, is_over: self.state == State::Over })
    }

    fn inflate(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Stop> {
        let (in_before, out_before) = (self.inflater.total_in(), self.inflater.total_out());
        let status = self.inflater.decompress(input, output, FlushDecompress::None);
        let status = status.map_err(|_| Stop::Broken)?;
        let read = usize::try_from(self.inflater.total_in() - in_before).unwrap_or(0);
        let written = usize::try_from(self.inflater.total_out() - out_before).unwrap_or(0);
        if self.is_gzip {
            self.crc.update(output.get(..written).unwrap_or_default());
        }
        if status == Status::StreamEnd {
            self.members += 1;
            self.state = if self.is_gzip { State::Tail } else { State::Over };
        }
        Ok((read, written))
    }
}
