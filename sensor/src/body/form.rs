//! Forms: `name=value&...` in pieces or whole in, decoded pairs out. Never holds more than one pair.

use std::borrow::Cow;

use zeroize::Zeroize as _;

use super::{
    Harvest, Rules,
    fields::{Fields, clean, keep, text_field},
};
use crate::sensitive::Watcher;

/// Longest pair that is read, encoded; a longer one is passed over.
const PAIR_BYTES_MAX: usize = 12_288;
/// Pairs read of one form or query.
const PAIRS_MAX: usize = 256;

/// The pairs of a query or form, decoded; at most 256.
pub(crate) fn pairs(text: &[u8]) -> impl Iterator<Item = (Cow<'_, [u8]>, Cow<'_, [u8]>)> {
    text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).take(PAIRS_MAX).map(|pair| {
        let cut = memchr::memchr(b'=', pair).unwrap_or(pair.len());
        (decoded(pair.get(..cut).unwrap_or_default()), decoded(pair.get(cut + 1..).unwrap_or_default()))
    })
}

/// Percent-decoded, `+` as a space; what is not an escape stays as it is.
fn decoded(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr2(b'%', b'+', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'+', _) => plain.push(b' '),
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit =
                    |hex: u8| char::from(hex).to_digit(16).and_then(|n| u8::try_from(n).ok()).unwrap_or(0);
                plain.push(digit(*high) << 4 | digit(*low));
                rest = after;
            }
            _ => plain.push(*byte),
        }
    }
    Cow::Owned(plain)
}

/// A form while it streams by.
#[derive(Default)]
pub(super) struct FormScan {
    pair: Vec<u8>,
    seen: usize,
    overlong: bool,
    pub(super) fields: Fields,
    /// Whether there were more pairs, or a longer one, than are read.
    pub(super) is_over_full: bool,
}

impl FormScan {
    pub(super) fn push(
        &mut self,
        mut bytes: &[u8],
        rules: Rules<'_>,
        harvest: &mut Harvest,
        watcher: &mut Watcher,
    ) {
        while let Some(end) = memchr::memchr(b'&', bytes) {
            let (part, after) = bytes.split_at(end);
            self.keep(part);
            self.end_pair(rules, harvest, watcher);
            bytes = after.get(1..).unwrap_or_default();
        }
        self.keep(bytes);
    }

    /// The pair in hand is over.
    pub(super) fn end_pair(&mut self, rules: Rules<'_>, harvest: &mut Harvest, watcher: &mut Watcher) {
        self.is_over_full |= self.overlong || self.seen >= PAIRS_MAX && !self.pair.is_empty();
        if !self.overlong && self.seen < PAIRS_MAX {
            let pair = self.pair.trim_ascii_end();
            for (name, value) in pairs(pair) {
                self.seen += 1;
                keep(&mut self.fields, text_field(clean(&name), &value));
                watcher.push(&name);
                watcher.push(b"=");
                watcher.push(&value);
                watcher.push(b"\n");
                if let Ok(name) = std::str::from_utf8(&name) {
                    harvest.scalar(name, "", &value, rules);
                }
                if let Cow::Owned(mut value) = value {
                    value.zeroize();
                }
            }
        }
        self.drop_pair();
    }

    fn drop_pair(&mut self) {
        self.pair.zeroize();
        self.overlong = false;
    }

    /// Bytes held on the heap.
    pub(super) fn memory(&self) -> usize {
        self.pair.capacity() + self.fields.capacity() * 48
    }

    fn keep(&mut self, part: &[u8]) {
        self.overlong |= self.pair.len() + part.len() > PAIR_BYTES_MAX;
        if !self.overlong {
            self.pair.extend_from_slice(part);
        }
    }
}
