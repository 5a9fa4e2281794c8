//! IEEE 802.11 in the clear: radiotap and data frames in, EtherTypes out. Encrypted and management frames are no IP.

use model::Loss;

use super::{Next, Walk};

/// Bits of the second byte of the frame control field.
const TO_AND_FROM: u8 = 3;
const PROTECTED: u8 = 0x40;
const ORDER: u8 = 0x80;
/// Bits of the subtype of a data frame.
const NO_DATA: u8 = 4;
const QOS: u8 = 8;
/// Bits of radiotap's presence word and of its flags.
const HAS_TIME: u32 = 1;
const HAS_FLAGS: u32 = 2;
const HAS_MORE: u32 = 1 << 31;
const PADDED: u8 = 0x20;
/// Presence words of one header.
const WORDS_MAX: usize = 8;

impl<'a> Walk<'a, '_> {
    pub(super) fn radiotap(&mut self) -> Result<Next<'a>, Loss> {
        let length = usize::from(self.be16(2)?.swap_bytes());
        if self.byte(0)? != 0 || length < 8 {
            return Err(Loss::Malformed);
        }
        let present = self.be32(4)?.swap_bytes();
        let mut at = 8;
        let mut word = present;
        for _ in 0..WORDS_MAX {
            if word & HAS_MORE == 0 {
                break;
            }
            word = self.be32(at)?.swap_bytes();
            at += 4;
        }
        if present & HAS_TIME != 0 {
            at = at.next_multiple_of(8) + 8;
        }
        let padded = present & HAS_FLAGS != 0 && self.byte(at)? & PADDED != 0;
        self.skip(length)?;
        Ok(Next::Wifi(padded))
    }

    pub(super) fn wifi(&mut self, padded: bool) -> Result<Next<'a>, Loss> {
        let (first, second) = (self.byte(0)?, self.byte(1)?);
        let (kind, subtype) = ((first >> 2) & 3, first >> 4);
        if first & 3 != 0 || kind != 2 || subtype & NO_DATA != 0 || second & PROTECTED != 0 {
            return Err(Loss::NotIp);
        }
        let mut length = 24;
        if second & TO_AND_FROM == TO_AND_FROM {
            length += 6;
        }
        let mut aggregated = false;
        if subtype & QOS != 0 {
            aggregated = self.byte(length)? & 0x80 != 0;
            length += 2;
            if second & ORDER != 0 {
                length += 4;
            }
        }
        if padded {
            length = length.next_multiple_of(4);
        }
        // Of several packets in one frame the first is read: two addresses and a length stand before it.
        self.skip(if aggregated { length + 14 } else { length })?;
        Ok(Next::Llc)
    }
}
