//! A second reader and a writer of HPACK, as plain as can be, to compare the first one with. Tests and fuzzing only.

use std::collections::{BTreeMap, VecDeque};

use super::{fixed::FIELDS, huffman::LENGTHS};

/// A field.
pub(crate) type Pair = (Vec<u8>, Vec<u8>);

/// A table of fields, newest first.
pub(crate) struct Plain {
    fields: VecDeque<Pair>,
    size_max: usize,
    allowed: usize,
    codes: BTreeMap<(u8, u64), u16>,
}

impl Plain {
    pub(crate) fn new() -> Self {
        let mut order: Vec<u16> = (0..257).collect();
        order.sort_by_key(|byte| (LENGTHS[usize::from(*byte)], *byte));
        let (mut codes, mut code, mut before) = (BTreeMap::new(), 0_u64, LENGTHS[usize::from(order[0])]);
        for byte in order {
            let length = LENGTHS[usize::from(byte)];
            code <<= length - before;
            before = length;
            codes.insert((length, code), byte);
            code += 1;
        }
        Self { fields: VecDeque::new(), size_max: 4_096, allowed: 4_096, codes }
    }

    /// The fields of a block; nothing when it must not be.
    pub(crate) fn decode(&mut self, block: &[u8]) -> Option<Vec<Pair>> {
        let (mut at, mut list, mut may_resize) = (0, Vec::new(), true);
        while at < block.len() {
            let first = block[at];
            if first >= 0x80 {
                let index = self.number(block, &mut at, 7)?;
                list.push(self.field(index)?);
            } else if first >= 0x40 {
                let field = self.literal(block, &mut at, 6)?;
                list.push(field.clone());
                self.fields.push_front(field);
                self.evict();
            } else if first >= 0x20 {
                let size = self.number(block, &mut at, 5)?;
                if size > self.allowed || !may_resize {
                    return None;
                }
                self.size_max = size;
                self.evict();
                continue;
            } else {
                list.push(self.literal(block, &mut at, 4)?);
            }
            may_resize = false;
        }
        Some(list)
    }

    fn evict(&mut self) {
        while self.fields.iter().map(|(name, value)| name.len() + value.len() + 32).sum::<usize>()
            > self.size_max
        {
            self.fields.pop_back();
        }
    }

    fn field(&self, index: usize) -> Option<Pair> {
        let fixed = FIELDS.get(index.checked_sub(1)?).map(|(name, value)| (name.to_vec(), value.to_vec()));
        fixed.or_else(|| self.fields.get(index - 1 - FIELDS.len()).cloned())
    }

    fn literal(&self, block: &[u8], at: &mut usize, bits: u8) -> Option<Pair> {
        let index = self.number(block, at, bits)?;
        let name = if index == 0 { self.string(block, at)? } else { self.field(index)?.0 };
        Some((name, self.string(block, at)?))
    }

    fn string(&self, block: &[u8], at: &mut usize) -> Option<Vec<u8>> {
        let is_coded = block.get(*at)? & 0x80 != 0;
        let length = self.number(block, at, 7)?;
        let bytes = block.get(*at..(*at).checked_add(length)?)?;
        *at += length;
        if !is_coded {
            return Some(bytes.to_vec());
        }
        let (mut text, mut code, mut length) = (Vec::new(), 0_u64, 0_u8);
        for bit in bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)) {
            (code, length) = (code << 1 | u64::from(bit), length + 1);
            if length > 30 {
                return None;
            }
            if let Some(byte) = self.codes.get(&(length, code)) {
                text.push(u8::try_from(*byte).ok()?);
                (code, length) = (0, 0);
            }
        }
        (length < 8 && code + 1 == 1 << length).then_some(text)
    }

    fn number(&self, block: &[u8], at: &mut usize, bits: u8) -> Option<usize> {
        let mask = (1_usize << bits) - 1;
        let mut number = usize::from(*block.get(*at)?) & mask;
        *at += 1;
        if number < mask {
            return Some(number);
        }
        for place in 0..5 {
            let byte = *block.get(*at)?;
            *at += 1;
            number += usize::from(byte & 0x7F) << (7 * place);
            if number > 0x7FFF_FFFF {
                return None;
            }
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }
}

/// How a field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// By index where it can be; what is new goes into the table.
    Indexed,
    /// Spelt out, with its name by index where it can be.
    Spelt,
    /// Spelt out wholly, never to be indexed.
    Never,
}

/// A writer with a table of its own.
pub(crate) struct Writer {
    table: Plain,
    codes: BTreeMap<u16, (u8, u64)>,
    /// Whether texts are Huffman-coded.
    pub(crate) codes_text: bool,
}

impl Writer {
    pub(crate) fn new() -> Self {
        let table = Plain::new();
        let codes = table.codes.iter().map(|(code, byte)| (*byte, *code)).collect();
        Self { table, codes, codes_text: true }
    }

    /// Begins a block with a change of the table's size; at most what the other end allows.
    pub(crate) fn resize(&mut self, size: usize, block: &mut Vec<u8>) {
        write_number(size, 5, 0x20, block);
        self.table.allowed = self.table.allowed.max(size);
        self.table.size_max = size;
        self.table.evict();
    }

    pub(crate) fn field(&mut self, name: &[u8], value: &[u8], style: Style, block: &mut Vec<u8>) {
        let wanted = (name.to_vec(), value.to_vec());
        let all = 1..=FIELDS.len() + self.table.fields.len();
        let whole = all.clone().find(|index| self.table.field(*index).as_ref() == Some(&wanted));
        if let (Style::Indexed, Some(index)) = (style, whole) {
            return write_number(index, 7, 0x80, block);
        }
        let named = all.clone().find(|index| self.table.field(*index).is_some_and(|field| field.0 == name));
        let named = named.filter(|_| style != Style::Never).unwrap_or(0);
        let (bits, mark) = match style {
            Style::Indexed => (6, 0x40),
            Style::Spelt => (4, 0),
            Style::Never => (4, 0x10),
        };
        write_number(named, bits, mark, block);
        if named == 0 {
            self.text(name, block);
        }
        self.text(value, block);
        if style == Style::Indexed {
            self.table.fields.push_front(wanted);
            self.table.evict();
        }
    }

    fn text(&self, text: &[u8], block: &mut Vec<u8>) {
        if !self.codes_text {
            write_number(text.len(), 7, 0, block);
            return block.extend_from_slice(text);
        }
        let (mut coded, mut bits, mut have) = (Vec::new(), 0_u64, 0);
        for byte in text {
            let (length, code) = self.codes[&u16::from(*byte)];
            (bits, have) = (bits << length | code, have + length);
            while have >= 8 {
                have -= 8;
                coded.push(u8::try_from(bits >> have & 0xFF).unwrap_or(0));
            }
            bits &= (1 << have) - 1;
        }
        if have > 0 {
            coded.push(u8::try_from((bits << (8 - have) | ((1 << (8 - have)) - 1)) & 0xFF).unwrap_or(0));
        }
        write_number(coded.len(), 7, 0x80, block);
        block.extend_from_slice(&coded);
    }
}

/// Writes a number behind the bits of `mark`.
pub(crate) fn write_number(number: usize, bits: u8, mark: u8, block: &mut Vec<u8>) {
    let mask = (1_usize << bits) - 1;
    let low = |n: usize| u8::try_from(n & 0xFF).unwrap_or(0);
    if number < mask {
        return block.push(mark | low(number));
    }
    block.push(mark | low(mask));
    let mut rest = number - mask;
    while rest >= 0x80 {
        block.push(low(rest) | 0x80);
        rest >>= 7;
    }
    block.push(low(rest));
}
