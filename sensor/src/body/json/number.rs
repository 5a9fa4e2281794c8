//! Numbers of a JSON text: bytes in pieces in, where each one ends out. Computes none.

use super::{JsonScan, Verdict};
use crate::{
    body::{Harvest, Rules, shape::ID_BYTES_MAX},
    eight::{byte_at, no_digits},
};

impl JsonScan {
    /// Takes bytes of the number in hand.
    pub(super) fn in_number<'b>(
        &mut self,
        bytes: &'b [u8],
        rules: Rules<'_>,
        harvest: &mut Harvest,
    ) -> &'b [u8] {
        let begins = self.number.length == 0;
        if begins
            && !self.is_first
            && let Some((length, is_whole)) = plain(bytes)
        {
            let (digits, rest) = bytes.split_at(length);
            self.shape.values = self.shape.values.saturating_add(1);
            if is_whole && length <= ID_BYTES_MAX {
                self.take(digits, true, rules, harvest);
            }
            self.end_value();
            return rest;
        }
        let goes_on = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        let n = bytes.iter().position(|byte| !goes_on(byte)).unwrap_or(bytes.len());
        let (digits, rest) = bytes.split_at(n);
        if !digits.iter().all(|byte| self.number.push(*byte)) {
            self.lose(Verdict::Broken);
            return rest;
        }
        if begins && !rest.is_empty() {
            if digits.len() <= ID_BYTES_MAX && self.number.is_digits() {
                self.take(digits, true, rules, harvest);
            }
            self.end_number();
            return rest;
        }
        if begins {
            self.text.begin(ID_BYTES_MAX);
        }
        self.text.hold(digits);
        if !rest.is_empty() {
            self.end_held_number(rules, harvest);
        }
        rest
    }

    /// A number that came in pieces is over.
    pub(super) fn end_held_number(&mut self, rules: Rules<'_>, harvest: &mut Harvest) {
        if self.number.is_digits() && self.interest().bytes_max > 0 {
            self.with_held(|scan, text| {
                if let Some(text) = text {
                    scan.take(text, true, rules, harvest);
                }
            });
        }
        self.end_number();
    }

    fn end_number(&mut self) {
        self.shape.values = self.shape.values.saturating_add(1);
        if !self.number.is_whole() {
            return self.lose(Verdict::Broken);
        }
        if self.is_first {
            let number = self.number;
            self.tell(number.kind(), number.length, number.charset(), number.magnitude());
        }
        self.end_value();
    }
}

/// The length of the number that begins here and ends before the end of `bytes`, and whether it is digits alone; `None`
/// when it takes a closer look.
pub(super) fn plain(bytes: &[u8]) -> Option<(usize, bool)> {
    bytes.first_chunk().and_then(|eight| short(*eight)).or_else(|| by_bytes(bytes))
}

/// The same, byte by byte.
fn by_bytes(bytes: &[u8]) -> Option<(usize, bool)> {
    let whole = bytes.iter().position(|byte| !byte.is_ascii_digit())?;
    if whole == 0 || whole > 1 && bytes.first() == Some(&b'0') {
        return None;
    }
    match bytes.get(whole..)? {
        [b',' | b'}' | b']', ..] => Some((whole, true)),
        [b'.', part @ ..] => {
            let digits = part.iter().position(|byte| !byte.is_ascii_digit())?;
            let ends = matches!(part.get(digits), Some(b',' | b'}' | b']'));
            (digits > 0 && ends).then_some((whole + 1 + digits, false))
        }
        _ => None,
    }
}

/// The same where the number ends within eight bytes, all of them looked at together; `None` when it may be longer, too.
fn short(eight: [u8; 8]) -> Option<(usize, bool)> {
    let (at, others) = (|place: u32| byte_at(eight, place), no_digits(eight));
    let ends = |place: u32| matches!(at(place), b',' | b'}' | b']');
    let whole = others.trailing_zeros() & !7;
    if others == 0 || whole == 0 || whole > 8 && at(0) == b'0' {
        return None;
    }
    if ends(whole) {
        return Some(((whole / 8) as usize, true));
    }
    let after = others & (others - 1);
    let end = after.trailing_zeros() & !7;
    let fits = after != 0 && at(whole) == b'.' && end > whole + 8 && ends(end);
    fits.then_some(((end / 8) as usize, false))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn eight_bytes_say_what_each_of_them_says(
            bytes in proptest::collection::vec(prop_oneof![4 => 0x30..0x3a_u8, 2 => Just(b'.'), 2 => Just(b','), 1 => any::<u8>()], 8),
        ) {
            let eight = bytes.first_chunk().expect("eight");
            let found = short(*eight);
            prop_assert!(found.is_none() || found == by_bytes(&bytes));
            // What ends within them is found.
            prop_assert!(found.is_some() || by_bytes(&bytes).is_none());
        }
    }
}
