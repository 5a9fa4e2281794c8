//! HPACK (RFC 7541): header blocks in, fields out. Follows an encoder's table as a passive reader must: what was put into
//! it before we listened is `unknown`, never a guess.
//!
//! Fields are counted from the newest entry of the table, so what was inserted while we listened is exact whatever lies
//! below it: an encoder that keeps to the standard names an entry only while it is there, and neither an eviction nor
//! an entry larger than the whole table, which empties it, moves entries that are newer.

mod fixed;
mod huffman;
mod integer;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod plain;
mod table;
#[cfg(test)]
mod tests;

use super::fields::FieldList;
use integer::integer;
use table::{Found, Table};

/// Bytes of entries that are kept, by the standard's count. What lies deeper in a larger table is unknown.
pub(super) const KEPT_BYTES_MAX: usize = 65_536;

/// A block that no decoder may accept, or that is past our limits: the table can not be followed any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// Against the standard.
    Block,
    /// One field larger than all that is kept.
    Limit,
}

/// The table of one direction.
pub(crate) struct Decoder {
    table: Table,
    /// The largest size that the encoder may choose: what the other end announced. `None` when that is not known.
    allowed: Option<usize>,
}

impl Decoder {
    /// A connection's first block comes next.
    pub(crate) fn fresh() -> Self {
        Self { table: Table::fresh(), allowed: Some(table::FIRST_BYTES) }
    }

    /// Blocks came before that were not seen.
    pub(crate) fn late() -> Self {
        Self { table: Table::late(), allowed: None }
    }

    /// A block was missed: nothing is known of the table.
    pub(crate) fn lose(&mut self) {
        self.table = Table::late();
    }

    /// The other end allows a table of so many bytes.
    pub(crate) fn allow(&mut self, announced: u32) {
        let announced = usize::try_from(announced).unwrap_or(usize::MAX);
        self.allowed = self.allowed.map(|known| known.max(announced));
    }

    /// What the other end allows was not seen.
    pub(crate) fn allow_any(&mut self) {
        self.allowed = None;
    }

    /// Bytes held on the heap.
    pub(crate) fn memory(&self) -> usize {
        self.table.memory()
    }

    /// Reads a whole block. After an error nothing of this direction can be read any more.
    pub(crate) fn decode(&mut self, block: &[u8], list: &mut FieldList) -> Result<(), Broken> {
        let mut rest = block;
        let mut may_resize = true;
        while let Some(first) = rest.first().copied() {
            match first {
                0x80.. => self.indexed(&mut rest, list)?,
                0x40.. => self.literal(&mut rest, 6, list)?,
                0x20.. if may_resize => {
                    self.resize(&mut rest)?;
                    continue;
                }
                0x20.. => return Err(Broken::Block),
                _ => self.literal(&mut rest, 4, list)?,
            }
            may_resize = false;
        }
        Ok(())
    }

    fn resize(&mut self, rest: &mut &[u8]) -> Result<(), Broken> {
        let size = integer(rest, 5)?;
        if self.allowed.is_some_and(|allowed| size > allowed) {
            return Err(Broken::Block);
        }
        self.table.resize(size);
        Ok(())
    }

    fn indexed(&self, rest: &mut &[u8], list: &mut FieldList) -> Result<(), Broken> {
        match self.table.find(integer(rest, 7)?)? {
            Found::Field { name, value, odd } => list.add(name, value, odd),
            Found::Nameless { value } => list.add_nameless(value),
            Found::Older => list.add_unknown(),
        }
        Ok(())
    }

    /// A field of which at least the value is spelt out; with six bits of index it goes into the table.
    fn literal(&mut self, rest: &mut &[u8], bits: u32, list: &mut FieldList) -> Result<(), Broken> {
        let index = integer(rest, bits)?;
        let mut field = list.begin();
        let mut has_name = true;
        if index == 0 {
            string(rest, field.text())?;
        } else {
            match self.table.find(index)? {
                Found::Field { name, .. } => field.text().extend_from_slice(name),
                Found::Nameless { .. } | Found::Older => has_name = false,
            }
        }
        field.end_name(has_name);
        string(rest, field.text())?;
        let (name, value, odd) = field.end_value();
        if bits == 6 {
            self.table.insert(has_name.then_some(name), value, odd)?;
        }
        list.end();
        Ok(())
    }
}

/// Appends a string (RFC 7541, section 5.2).
fn string(rest: &mut &[u8], text: &mut Vec<u8>) -> Result<(), Broken> {
    let is_coded = rest.first().is_some_and(|first| first & 0x80 != 0);
    let length = integer(rest, 7)?;
    let (bytes, after) = rest.split_at_checked(length).ok_or(Broken::Block)?;
    *rest = after;
    if is_coded {
        huffman::decode(bytes, text)
    } else {
        text.extend_from_slice(bytes);
        Ok(())
    }
}
