//! Strings of a JSON text: bytes in pieces in, names and wanted values without their escapes out. Wipes what may be a
//! secret.

use model::{Charset, Signs};
use zeroize::Zeroize as _;

use super::{Expect, JsonScan, State, Verdict};
use crate::{
    body::{
        Harvest, Rules,
        shape::ID_BYTES_MAX,
        text::{Utf8, plain_len},
    },
    signs,
};

/// Bytes of a name that are held; a longer one is not told from others.
pub(super) const NAME_HELD_MAX: usize = 256;

/// The string in hand.
#[derive(Default)]
pub(super) struct Text {
    /// What came of it, without escapes.
    held: Vec<u8>,
    /// How much is worth holding.
    held_max: usize,
    overlong: bool,
    is_name: bool,
    /// Whether its classes are asked for.
    is_told: bool,
    pub(super) length: u32,
    pub(super) charset: Charset,
    /// What it looks like, for the first value under a path.
    pub(super) signs: Signs,
    /// Place in an escape: zero outside, one behind the backslash, then one per hex digit awaited.
    escape: u8,
    unit: u16,
    /// First half of a surrogate pair; zero for none.
    high: u16,
    utf8: Utf8,
}

impl Text {
    pub(super) fn begin(&mut self, held_max: usize) {
        self.forget();
        *self = Self { held: std::mem::take(&mut self.held), held_max, ..Self::default() };
    }

    pub(super) fn hold(&mut self, part: &[u8]) {
        let room = self.held_max.saturating_sub(self.held.len());
        self.overlong |= part.len() > room;
        self.held.extend_from_slice(part.get(..room).unwrap_or(part));
    }

    /// Wipes what may be a secret; ids and names of fields are none, and wiping every one is dear.
    pub(super) fn forget(&mut self) {
        if self.held.len() > ID_BYTES_MAX || self.held_max > NAME_HELD_MAX {
            self.held.zeroize();
        }
        self.held.clear();
    }

    pub(super) fn memory(&self) -> usize {
        self.held.capacity()
    }

    /// Takes decoded text.
    fn add(&mut self, part: &[u8]) {
        self.length = self.length.saturating_add(u32::try_from(part.len()).unwrap_or(u32::MAX));
        if self.is_told {
            self.charset.0 |= Charset::of(part).0;
        }
        if self.held_max > 0 {
            self.hold(part);
        }
    }

    /// The next byte of an escape (RFC 8259, section 7); whether it may stand here.
    fn escaped(&mut self, byte: u8) -> bool {
        if self.escape == 1 {
            let plain = match byte {
                b'"' | b'\\' | b'/' => byte,
                b'b' => 8,
                b'f' => 12,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'u' => {
                    (self.escape, self.unit) = (2, 0);
                    return true;
                }
                _ => return false,
            };
            self.escape = 0;
            self.add(&[plain]);
            return self.high == 0;
        }
        let Some(digit) = char::from(byte).to_digit(16).and_then(|n| u16::try_from(n).ok()) else {
            return false;
        };
        self.unit = self.unit << 4 | digit;
        self.escape += 1;
        if self.escape < 6 {
            return true;
        }
        self.escape = 0;
        let (high, unit) = (std::mem::take(&mut self.high), self.unit);
        if high == 0 && (0xd800..0xdc00).contains(&unit) {
            self.high = unit;
            return true;
        }
        let units = if high == 0 { [unit, 0] } else { [high, unit] };
        let units = units.get(..1 + usize::from(high != 0)).unwrap_or_default();
        let Some(Ok(plain)) = char::decode_utf16(units.iter().copied()).next() else { return false };
        self.add(plain.encode_utf8(&mut [0; 4]).as_bytes());
        true
    }
}

impl JsonScan {
    /// A name begins behind its quote.
    pub(super) fn name<'b>(&mut self, bytes: &'b [u8], rules: Rules<'_>, harvest: &mut Harvest) -> &'b [u8] {
        let n = plain_len(bytes);
        if bytes.get(n) == Some(&b'"') {
            let (name, rest) = bytes.split_at(n);
            self.end_name(name, rules, harvest);
            return match rest {
                // Without a blank between them, as programs write it.
                [_, b':', value @ ..] if !value.is_empty() => {
                    self.state = State::Between(Expect::Value);
                    self.between(Expect::Value, value, rules, harvest)
                }
                _ => rest.get(1..).unwrap_or_default(),
            };
        }
        self.text.begin(NAME_HELD_MAX + 1);
        self.text.is_name = true;
        self.state = State::Text;
        self.in_text(bytes, rules, harvest)
    }

    /// A value begins behind its quote.
    pub(super) fn string<'b>(
        &mut self,
        bytes: &'b [u8],
        rules: Rules<'_>,
        harvest: &mut Harvest,
    ) -> &'b [u8] {
        let wanted = usize::from(self.interest().bytes_max);
        let n = plain_len(bytes);
        if bytes.get(n) == Some(&b'"') {
            let (text, rest) = bytes.split_at(n);
            if self.is_first {
                self.text.length = u32::try_from(n).unwrap_or(u32::MAX);
                self.text.charset = Charset::of(text);
                self.text.signs = signs::of_value(text, self.text.charset);
            }
            self.end_string(Some(text).filter(|text| text.len() <= wanted), rules, harvest);
            return rest.get(1..).unwrap_or_default();
        }
        self.text.begin(if self.is_first { wanted.max(signs::LOOK_BYTES_MAX) } else { wanted });
        self.text.is_told = self.is_first;
        self.state = State::Text;
        self.in_text(bytes, rules, harvest)
    }

    /// Takes bytes of the string in hand.
    pub(super) fn in_text<'b>(
        &mut self,
        mut bytes: &'b [u8],
        rules: Rules<'_>,
        harvest: &mut Harvest,
    ) -> &'b [u8] {
        while let Some((&byte, after)) = bytes.split_first() {
            let text = &mut self.text;
            let fits = if text.escape > 0 {
                bytes = after;
                text.escaped(byte)
            } else if byte == b'\\' {
                text.escape = 1;
                bytes = after;
                text.utf8.is_whole()
            } else if byte == b'"' {
                let fits = text.utf8.is_whole() && text.high == 0;
                return self.end_text(fits, after, rules, harvest);
            } else if byte >= 0x80 {
                let n = bytes.iter().position(u8::is_ascii).unwrap_or(bytes.len());
                let (wide, rest) = bytes.split_at(n);
                bytes = rest;
                text.add(wide);
                text.high == 0 && wide.iter().all(|byte| text.utf8.push(*byte))
            } else {
                let n = plain_len(bytes);
                let (plain, rest) = bytes.split_at(n);
                bytes = rest;
                text.add(plain);
                n > 0 && text.high == 0 && text.utf8.is_whole()
            };
            if !fits {
                self.lose(Verdict::Broken);
                return bytes;
            }
        }
        bytes
    }

    fn end_text<'b>(
        &mut self,
        fits: bool,
        rest: &'b [u8],
        rules: Rules<'_>,
        harvest: &mut Harvest,
    ) -> &'b [u8] {
        if !fits {
            self.lose(Verdict::Broken);
            return rest;
        }
        if self.text.is_told {
            self.text.signs = signs::of_value(&self.text.held, self.text.charset);
        }
        self.with_held(|scan, text| {
            if scan.text.is_name {
                // One byte longer than any name that counts.
                scan.end_name(text.unwrap_or(&[0; NAME_HELD_MAX + 1]), rules, harvest);
            } else {
                let wanted = usize::from(scan.interest().bytes_max);
                scan.end_string(text.filter(|text| text.len() <= wanted), rules, harvest);
            }
        });
        rest
    }

    /// Lends the text in hand, `None` if it was longer than is worth holding, and forgets it.
    pub(super) fn with_held(&mut self, take: impl FnOnce(&mut Self, Option<&[u8]>)) {
        let held = std::mem::take(&mut self.text.held);
        let text = Some(held.as_slice()).filter(|_| !self.text.overlong);
        take(self, text);
        self.text.held = held;
        self.text.forget();
    }
}
