//! Text inside quotes: bytes in pieces in, where it stops being plain and whether it is UTF-8 out. Keeps no text.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Bytes before the first quote, backslash, control character or byte above 127.
pub(super) fn plain_len(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*eight);
        let quote = word ^ (ONES * 0x22);
        let backslash = word ^ (ONES * 0x5c);
        let low = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word;
        // Borrows spoil only what lies above the first hit, and only the first hit counts.
        let hits = (low(quote, 1) | low(backslash, 1) | low(word, 0x20) | word) & HIGHS;
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let is_plain = |byte: &u8| (0x20..0x80).contains(byte) && *byte != b'"' && *byte != b'\\';
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| !is_plain(byte)).unwrap_or(rest.len())
}

/// Checks UTF-8 (RFC 3629) in pieces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Utf8 {
    /// Bytes that must still come.
    awaited: u8,
    /// Range of the next of them.
    low: u8,
    high: u8,
}

impl Utf8 {
    /// The next byte; whether it may stand here.
    pub(super) fn push(&mut self, byte: u8) -> bool {
        if self.awaited > 0 {
            let fits = (self.low..=self.high).contains(&byte);
            *self = Self { awaited: self.awaited - 1, low: 0x80, high: 0xbf };
            return fits;
        }
        (self.awaited, self.low, self.high) = match byte {
            0..=0x7f => return true,
            0xc2..=0xdf => (1, 0x80, 0xbf),
            0xe0 => (2, 0xa0, 0xbf),
            0xed => (2, 0x80, 0x9f),
            0xe1..=0xef => (2, 0x80, 0xbf),
            0xf0 => (3, 0x90, 0xbf),
            0xf1..=0xf3 => (3, 0x80, 0xbf),
            0xf4 => (3, 0x80, 0x8f),
            _ => return false,
        };
        true
    }

    /// Whether no character is half done.
    pub(super) fn is_whole(self) -> bool {
        self.awaited == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn plain_text_ends_where_the_slow_way_says(
            bytes in proptest::collection::vec(prop_oneof![6 => 0x20..0x7f_u8, 1 => any::<u8>()], 0..40),
        ) {
            let slow = bytes.iter().position(|byte| !(0x20..0x80).contains(byte) || b"\"\\".contains(byte));
            prop_assert_eq!(plain_len(&bytes), slow.unwrap_or(bytes.len()));
        }

        #[test]
        fn utf8_is_what_the_standard_library_takes(
            bytes in proptest::collection::vec(
                prop_oneof![any::<u8>(), 0xc0..=0xff_u8, 0x80..0xc0_u8, Just(0xed), Just(0xa0)], 0..6),
        ) {
            let mut check = Utf8::default();
            let ours = bytes.iter().all(|byte| check.push(*byte)) && check.is_whole();
            prop_assert_eq!(ours, std::str::from_utf8(&bytes).is_ok());
        }
    }
}
