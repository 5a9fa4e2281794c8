//! Eight bytes at once: a word in, a mark for each byte that is no digit out.

const ONES: u64 = 0x0101_0101_0101_0101;

/// The highest bit of each byte that is no digit, the first byte lowest.
pub(crate) fn no_digits(eight: [u8; 8]) -> u64 {
    // Digits become the bytes below ten; those and no others stay below 128 when 118 is added to their lower seven bits.
    let shifted = u64::from_le_bytes(eight) ^ (ONES * 0x30);
    (((shifted & (ONES * 0x7f)) + ONES * 0x76) | shifted) & (ONES * 0x80)
}

/// The byte that begins at a bit; of later bits only where in the word they are counts.
pub(crate) fn byte_at(eight: [u8; 8], bit: u32) -> u8 {
    eight[(bit as usize / 8) % 8]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_byte_is_marked_that_is_no_digit(eight in any::<[u8; 8]>(), digit in 0_usize..8) {
            let mut eight = eight;
            eight[digit] = b'0' + u8::try_from(digit).unwrap_or(0);
            for at in 0..8 {
                let bit = u32::try_from(at).unwrap_or(0) * 8;
                let marked = no_digits(eight) >> bit & 0x80 != 0;
                prop_assert_eq!(marked, !byte_at(eight, bit).is_ascii_digit());
            }
        }
    }
}
