//! The Huffman code of HPACK (RFC 7541, section 5.2 and appendix B): coded bytes in, text out. The code is canonical, so
//! that lengths alone give it; a table answers for the short codes that text is made of.

use super::Broken;

/// Bits of the code of each byte, and of the mark of the end.
#[rustfmt::skip]
pub(super) const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];
/// Longest code.
const LONGEST: usize = 30;
/// Bits that are looked up at once.
const SHORT: u32 = 9;

/// Codes by length: the first of each length, left-aligned to 32 bits, and the place of its byte in `sorted`.
struct Code {
    /// Left-aligned codes below this have at most this length.
    limit: [u32; LONGEST + 1],
    first: [u32; LONGEST + 1],
    place: [u16; LONGEST + 1],
    sorted: [u16; 257],
    /// Byte and length for the next `SHORT` bits; length zero for longer codes.
    short: [(u8, u8); 1 << SHORT],
}

static CODE: Code = code();

const fn code() -> Code {
    let mut made = Code {
        limit: [0; LONGEST + 1],
        first: [0; LONGEST + 1],
        place: [0; LONGEST + 1],
        sorted: [0; 257],
        short: [(0, 0); 1 << SHORT],
    };
    let (mut length, mut place, mut next) = (1, 0, 0_u64);
    while length <= LONGEST {
        made.first[length] = next as u32;
        made.place[length] = place as u16;
        let mut byte = 0;
        while byte < 257 {
            if LENGTHS[byte] as usize == length {
                made.sorted[place] = byte as u16;
                place += 1;
                let step = 1_u64 << (32 - length);
                if length <= SHORT as usize {
                    let mut slot = (next >> (32 - SHORT)) as usize;
                    while slot < ((next + step) >> (32 - SHORT)) as usize {
                        made.short[slot] = (byte as u8, length as u8);
                        slot += 1;
                    }
                }
                next += step;
            }
            byte += 1;
        }
        made.limit[length] = if next > u32::MAX as u64 { u32::MAX } else { next as u32 };
        length += 1;
    }
    made
}

/// Appends the text. What is left at the end must be less than a byte of ones.
pub(super) fn decode(coded: &[u8], text: &mut Vec<u8>) -> Result<(), Broken> {
    text.reserve(coded.len() * 8 / 5 + 1);
    let (mut bits, mut have, mut rest) = (0_u64, 0_u32, coded);
    loop {
        if have <= 32
            && let Some((four, after)) = rest.split_first_chunk::<4>()
        {
            bits |= u64::from(u32::from_be_bytes(*four)) << (32 - have);
            have += 32;
            rest = after;
        } else {
            while have <= 56
                && let Some((byte, after)) = rest.split_first()
            {
                bits |= u64::from(*byte) << (56 - have);
                have += 8;
                rest = after;
            }
        }
        if have < LONGEST as u32 && rest.is_empty() {
            return last(bits, have, text);
        }
        while have >= LONGEST as u32 {
            let (byte, length) = next((bits >> 32) as u32)?;
            text.push(byte);
            bits <<= length;
            have -= length;
        }
    }
}

/// The last bits, fewer than the longest code has.
fn last(mut bits: u64, mut have: u32, text: &mut Vec<u8>) -> Result<(), Broken> {
    loop {
        if have < 8 && bits | u64::MAX >> have == u64::MAX {
            return Ok(());
        }
        // Ones behind the end: no code but that of the end begins with so many that it could be mistaken for one.
        let (byte, length) = next(((bits | u64::MAX >> have) >> 32) as u32)?;
        if length > have {
            return Err(Broken::Block);
        }
        text.push(byte);
        bits <<= length;
        have -= length;
    }
}

/// The byte whose code comes first, and its length.
fn next(bits: u32) -> Result<(u8, u32), Broken> {
    let (byte, length) = CODE.short[(bits >> (32 - SHORT)) as usize];
    if length > 0 {
        return Ok((byte, u32::from(length)));
    }
    let mut length = SHORT as usize + 1;
    while length <= LONGEST {
        if bits < CODE.limit[length] {
            let offset = (bits - CODE.first[length]) >> (32 - length);
            let place = usize::from(CODE.place[length]) + offset as usize;
            let byte = CODE.sorted.get(place).copied().unwrap_or(256);
            return Ok((u8::try_from(byte).map_err(|_| Broken::Block)?, length as u32));
        }
        length += 1;
    }
    Err(Broken::Block)
}
