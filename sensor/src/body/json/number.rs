//! Numbers of a JSON text: bytes in pieces in, where each one ends out. Computes none.

use super::{JsonScan, Verdict};
use crate::body::{Harvest, Rules, shape::ID_BYTES_MAX};

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
            if is_whole && length <= ID_BYTES_MAX && self.interest().bytes_max > 0 {
                self.take(digits, rules, harvest);
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
        let is_wanted = self.interest().bytes_max > 0;
        if begins && !rest.is_empty() {
            if is_wanted && digits.len() <= ID_BYTES_MAX && self.number.is_digits() {
                self.take(digits, rules, harvest);
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
                    scan.take(text, rules, harvest);
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
