//! The two capture formats (draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng): record heads in, where their frames lie
//! out. Numbers are in the byte order of the machine that wrote them.

use model::Timestamp;

use crate::frame::LinkType;

/// Bytes of a classic file's head, and of each frame's.
pub(super) const FILE_HEAD: usize = 24;
pub(super) const FRAME_HEAD: usize = 16;
/// Bytes in front of a pcapng block's body, and behind it.
pub(super) const BLOCK_HEAD: usize = 8;
const BLOCK_FOOT: usize = 4;
/// Interfaces of one section.
const INTERFACES_MAX: usize = 4_096;

pub(super) const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const PACKET: u32 = 6;
const SECRETS: u32 = 10;
/// TLS key log lines, among the kinds of secrets.
const TLS_KEY_LOG: u32 = 0x544c_534b;
const BYTE_ORDER: u32 = 0x1a2b_3c4d;

/// Byte order of a file or section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    pub(super) fn u16(self, bytes: &[u8], at: usize) -> u16 {
        let two = bytes.get(at..).and_then(|rest| rest.first_chunk::<2>()).copied().unwrap_or_default();
        if self == Self::Little { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) }
    }

    pub(super) fn u32(self, bytes: &[u8], at: usize) -> u32 {
        let four = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()).copied().unwrap_or_default();
        if self == Self::Little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) }
    }
}

/// What a classic file's head says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Classic {
    pub(super) order: Order,
    pub(super) link: LinkType,
    /// Nanoseconds per unit of the second half of a time.
    unit: u32,
}

impl Classic {
    /// `None` when it is something else.
    pub(super) fn read(head: &[u8]) -> Option<Self> {
        let (order, unit) = match *head.first_chunk::<4>()? {
            [0xd4, 0xc3, 0xb2, 0xa1] => (Order::Little, 1_000),
            [0xa1, 0xb2, 0xc3, 0xd4] => (Order::Big, 1_000),
            [0x4d, 0x3c, 0xb2, 0xa1] => (Order::Little, 1),
            [0xa1, 0xb2, 0x3c, 0x4d] => (Order::Big, 1),
            _ => return None,
        };
        // The upper half may tell of a frame check sequence.
        let link = i32::from(order.u16(head, if order == Order::Little { 20 } else { 22 }));
        Some(Self { order, unit, link: link.into() })
    }

    /// Time, captured length and length on the wire.
    pub(super) fn frame(self, head: &[u8]) -> (Timestamp, usize, u32) {
        let nanos = self.order.u32(head, 4).saturating_mul(self.unit);
        let at = Timestamp::from_parts(i64::from(self.order.u32(head, 0)), nanos);
        (at, self.order.u32(head, 8) as usize, self.order.u32(head, 12))
    }
}

/// An interface that a section describes.
#[derive(Clone, Copy, Debug)]
struct Interface {
    link: LinkType,
    snap_bytes: u32,
    /// Units of a second, and the seconds added to each time.
    per_second: u64,
    offset: i64,
}

/// A section of a pcapng file.
#[derive(Clone, Debug)]
pub(super) struct Section {
    pub(super) order: Order,
    interfaces: Vec<Interface>,
}

/// What a block holds, by place in its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Block {
    Frame {
        at: Timestamp,
        from: usize,
        to: usize,
        wire_len: u32,
        link: LinkType,
    },
    Secrets {
        from: usize,
        to: usize,
    },
    /// Nothing for us.
    Other,
}

impl Section {
    /// From the first 12 bytes of a section header block.
    pub(super) fn read(head: &[u8]) -> Option<Self> {
        let magic = head.get(8..12)?;
        let order =
            [Order::Little, Order::Big].into_iter().find(|order| order.u32(magic, 0) == BYTE_ORDER)?;
        Some(Self { order, interfaces: Vec::new() })
    }

    /// Length of a block, and whether it can be right.
    pub(super) fn length(&self, head: &[u8]) -> Option<usize> {
        let length = self.order.u32(head, 4) as usize;
        (length >= BLOCK_HEAD + BLOCK_FOOT && length.is_multiple_of(4)).then_some(length)
    }

    /// Reads a whole block. The error says what is wrong with it.
    pub(super) fn block(&mut self, block: &[u8]) -> Result<Block, &'static str> {
        let end = block.len().saturating_sub(BLOCK_FOOT);
        let body = block.get(..end).unwrap_or_default();
        match self.order.u32(block, 0) {
            INTERFACE => {
                if self.interfaces.len() >= INTERFACES_MAX {
                    return Err("too many interfaces");
                }
                let interface = self.interface(body)?;
                self.interfaces.push(interface);
                Ok(Block::Other)
            }
            PACKET => {
                let interface = self.order.u32(body, 8) as usize;
                self.frame(interface, (body, 28), (12, 20, 24))
            }
            OLD_PACKET => {
                let interface = usize::from(self.order.u16(body, 8));
                self.frame(interface, (body, 28), (12, 20, 24))
            }
            SIMPLE_PACKET => {
                let interface = *self.interfaces.first().ok_or("a frame without an interface")?;
                let wire_len = self.order.u32(body, 8);
                let snap = if interface.snap_bytes == 0 { u32::MAX } else { interface.snap_bytes };
                let to = 12 + wire_len.min(snap) as usize;
                let fits = to <= body.len();
                fits.then_some(()).ok_or("a frame longer than its block")?;
                Ok(Block::Frame { at: Timestamp::ZERO, from: 12, to, wire_len, link: interface.link })
            }
            SECRETS if self.order.u32(body, 8) == TLS_KEY_LOG => {
                let to = 16_usize.saturating_add(self.order.u32(body, 12) as usize);
                if to > body.len() {
                    Err("secrets longer than their block")
                } else {
                    Ok(Block::Secrets { from: 16, to })
                }
            }
            _ => Ok(Block::Other),
        }
    }

    fn frame(
        &self,
        interface: usize,
        (body, from): (&[u8], usize),
        (time, captured, wire): (usize, usize, usize),
    ) -> Result<Block, &'static str> {
        let interface =
            self.interfaces.get(interface).ok_or("a frame of an interface that is not described")?;
        let to = from.saturating_add(self.order.u32(body, captured) as usize);
        if to > body.len() {
            return Err("a frame longer than its block");
        }
        let ticks = u64::from(self.order.u32(body, time)) << 32 | u64::from(self.order.u32(body, time + 4));
        let wire_len = self.order.u32(body, wire);
        Ok(Block::Frame { at: interface.time(ticks), from, to, wire_len, link: interface.link })
    }

    fn interface(&self, body: &[u8]) -> Result<Interface, &'static str> {
        if body.len() < 16 {
            return Err("an interface without its head");
        }
        let mut interface = Interface {
            link: i32::from(self.order.u16(body, 8)).into(),
            snap_bytes: self.order.u32(body, 12),
            per_second: 1_000_000,
            offset: 0,
        };
        let mut rest = body.get(16..).unwrap_or_default();
        while rest.len() >= 4 {
            let (code, length) = (self.order.u16(rest, 0), usize::from(self.order.u16(rest, 2)));
            let value = rest.get(4..4 + length).ok_or("an option longer than its block")?;
            match (code, value) {
                (0, _) => break,
                (9, [unit]) => {
                    interface.per_second = per_second(*unit).ok_or("a unit of time out of range")?;
                }
                (14, [_, _, _, _, _, _, _, _]) => {
                    let (one, other) = (self.order.u32(value, 0), self.order.u32(value, 4));
                    let (low, high) = if self.order == Order::Little { (one, other) } else { (other, one) };
                    interface.offset = (u64::from(high) << 32 | u64::from(low)).cast_signed();
                }
                _ => {}
            }
            rest = rest.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
        }
        Ok(interface)
    }
}

impl Interface {
    fn time(&self, ticks: u64) -> Timestamp {
        let (seconds, part) = (ticks / self.per_second, ticks % self.per_second);
        let nanos = u128::from(part) * 1_000_000_000 / u128::from(self.per_second);
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_add(self.offset);
        Timestamp::from_parts(seconds, u32::try_from(nanos).unwrap_or(0))
    }
}

/// Units of a second from `if_tsresol`: a power of ten, or with the upper bit of two.
fn per_second(unit: u8) -> Option<u64> {
    let exponent = u32::from(unit & 0x7f);
    if unit & 0x80 == 0 { 10_u64.checked_pow(exponent) } else { 1_u64.checked_shl(exponent) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_time() {
        assert_eq!([6, 9, 0x80 + 20].map(per_second), [Some(1_000_000), Some(1_000_000_000), Some(1 << 20)]);
        assert_eq!([20, 0xff].map(per_second), [None, None]);
        let interface = Interface { link: LinkType::Ethernet, snap_bytes: 0, per_second: 1 << 20, offset: 5 };
        assert_eq!(interface.time((2 << 20) + (1 << 19)), Timestamp::from_nanos(7_500_000_000));
    }
}
