//! Integers of HPACK (RFC 7541, section 5.1): bytes in, a number below 2^31 out. Larger ones are refused.

use super::Broken;

/// Largest number: far beyond any index, length or size that can be meant.
const MAX: u64 = (1 << 31) - 1;

/// Reads a number that begins in the low `bits` of the next byte.
pub(super) fn integer(rest: &mut &[u8], bits: u32) -> Result<usize, Broken> {
    let (first, after) = rest.split_first().ok_or(Broken::Block)?;
    *rest = after;
    let mask = (1_u64 << bits) - 1;
    let mut number = u64::from(*first) & mask;
    if number < mask {
        return small(number);
    }
    for shift in [0, 7, 14, 21, 28] {
        let (byte, after) = rest.split_first().ok_or(Broken::Block)?;
        *rest = after;
        number += u64::from(byte & 0x7F) << shift;
        if number > MAX {
            return Err(Broken::Block);
        }
        if byte & 0x80 == 0 {
            return small(number);
        }
    }
    Err(Broken::Block)
}

fn small(number: u64) -> Result<usize, Broken> {
    usize::try_from(number).map_err(|_| Broken::Block)
}
