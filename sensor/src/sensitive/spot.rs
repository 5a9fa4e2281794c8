//! Spots: a place in a text with what may be seen around it. Never looks further, wherever the text was cut.

use super::{AHEAD, BEHIND};

/// A place in a text.
#[derive(Clone, Copy)]
pub(super) struct Spot<'a> {
    /// What may be seen.
    pub(super) text: &'a [u8],
    /// The place in it.
    pub(super) at: usize,
}

impl<'a> Spot<'a> {
    /// The place `at` of `text`.
    pub(super) fn new(text: &'a [u8], at: usize) -> Self {
        let from = at.saturating_sub(BEHIND);
        let to = text.len().min(at + AHEAD);
        Self { text: text.get(from..to).unwrap_or_default(), at: at - from }
    }

    /// The byte at an index of the visible text.
    pub(super) fn byte(&self, index: usize) -> Option<u8> {
        self.text.get(index).copied()
    }

    /// The text from the place on.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Whether a value may begin at this index: nothing before it belongs to it.
    pub(super) fn begins(&self, index: usize) -> bool {
        let Some(before) = index.checked_sub(1) else {
            // The visible text begins here: the start of all text, or too far away to tell.
            return self.at < BEHIND;
        };
        let second = before.checked_sub(1).and_then(|second| self.byte(second));
        match self.byte(before).unwrap_or(b'0') {
            b':' => !second.is_some_and(|byte| byte.is_ascii_digit()),
            b'n' | b'r' | b't' => second == Some(b'\\'),
            byte => byte == b'=' || parts(byte),
        }
    }

    /// Whether a value may end before this index.
    pub(super) fn ends(&self, index: usize) -> bool {
        let Some(byte) = self.byte(index) else { return true };
        match byte {
            b'.' => !self.byte(index + 1).is_some_and(|next| next.is_ascii_alphanumeric()),
            byte => matches!(byte, b':' | b'\\') || parts(byte),
        }
    }
}

/// Whether a byte stands between values: white space, quotes, brackets, list marks, or a letter that is not ASCII.
fn parts(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n') || b"\"'`<>()[]{};,|&?*!".contains(&byte) || byte >= 0x80
}
