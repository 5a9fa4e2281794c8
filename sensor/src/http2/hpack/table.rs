//! The table of HPACK (RFC 7541, section 2.3): fields in as they are inserted, fields out by index. Knows what it does not
//! know; wiped at its end, because fields are secrets.

use std::collections::VecDeque;

use zeroize::Zeroize as _;

use super::{Broken, KEPT_BYTES_MAX, fixed::FIELDS};

/// The size that every table has at first (RFC 9113, section 6.5.2).
pub(super) const FIRST_BYTES: usize = 4_096;
/// What the standard adds for each entry (RFC 7541, section 4.1): no entry is smaller.
const ENTRY_BYTES: usize = 32;
/// Bytes of dead entries that are let lie.
const DEAD_BYTES_MIN: usize = 4_096;

/// What stands at an index.
pub(super) enum Found<'t> {
    Field {
        name: &'t [u8],
        value: &'t [u8],
        odd: bool,
    },
    /// Its name stood at an index that we do not know.
    Nameless {
        value: &'t [u8],
    },
    /// An entry from before we listened.
    Older,
}

struct Entry {
    /// Where its name begins, counted from the first byte ever kept; its value follows.
    start: u64,
    name: u32,
    value: u32,
    has_name: bool,
    odd: bool,
}

impl Entry {
    /// Its size, or as much of it as is known.
    fn size(&self) -> usize {
        self.name as usize + self.value as usize + ENTRY_BYTES
    }
}

/// Entries newest last, as far as they are known.
pub(super) struct Table {
    bytes: Vec<u8>,
    /// Position of the first of `bytes`.
    base: u64,
    entries: VecDeque<Entry>,
    /// Sum of the sizes of `entries`, or less where a name is not known.
    size: usize,
    /// The size at which the encoder evicts. `None` when it is not known.
    max: Option<usize>,
    /// Whether there may be entries below the known ones.
    has_older: bool,
}

impl Table {
    /// An encoder's first table.
    pub(super) fn fresh() -> Self {
        Self::new(Some(FIRST_BYTES), false)
    }

    /// A table of which nothing is known.
    pub(super) fn late() -> Self {
        Self::new(None, true)
    }

    fn new(max: Option<usize>, has_older: bool) -> Self {
        Self { bytes: Vec::new(), base: 0, entries: VecDeque::new(), size: 0, max, has_older }
    }

    pub(super) fn memory(&self) -> usize {
        self.bytes.capacity() + self.entries.capacity() * size_of::<Entry>()
    }

    /// What stands at an index; an error when nothing can.
    pub(super) fn find(&self, index: usize) -> Result<Found<'_>, Broken> {
        let index = index.checked_sub(1).ok_or(Broken::Block)?;
        let Some(depth) = index.checked_sub(FIELDS.len()) else {
            let (name, value) = FIELDS.get(index).ok_or(Broken::Block)?;
            return Ok(Found::Field { name, value, odd: false });
        };
        let known = self.entries.len().checked_sub(depth + 1);
        let Some(entry) = known.and_then(|place| self.entries.get(place)) else {
            return if self.has_older { Ok(Found::Older) } else { Err(Broken::Block) };
        };
        let start = self.place(entry.start);
        let text = self.bytes.get(start..).unwrap_or_default();
        let (name, rest) = text.split_at_checked(entry.name as usize).ok_or(Broken::Block)?;
        let value = rest.get(..entry.value as usize).ok_or(Broken::Block)?;
        Ok(if entry.has_name {
            Found::Field { name, value, odd: entry.odd }
        } else {
            Found::Nameless { value }
        })
    }

    /// Puts a field in front; its name may be unknown.
    pub(super) fn insert(&mut self, name: Option<&[u8]>, value: &[u8], odd: bool) -> Result<(), Broken> {
        let has_name = name.is_some();
        let name = name.unwrap_or_default();
        let entry = Entry {
            start: self.base + self.bytes.len() as u64,
            name: u32::try_from(name.len()).map_err(|_| Broken::Limit)?,
            value: u32::try_from(value.len()).map_err(|_| Broken::Limit)?,
            has_name,
            odd,
        };
        let size = entry.size();
        if self.max.is_some_and(|max| size > max) {
            // Larger than the table: it empties it and is not kept (RFC 7541, section 4.4).
            self.clear();
            self.has_older = false;
            return Ok(());
        }
        if size > KEPT_BYTES_MAX {
            return Err(Broken::Limit);
        }
        self.make_room(name.len() + value.len());
        let entry = Entry { start: self.base + self.bytes.len() as u64, ..entry };
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(value);
        self.entries.push_back(entry);
        self.size += size;
        self.trim();
        Ok(())
    }

    /// The encoder evicts at this size from now on.
    pub(super) fn resize(&mut self, max: usize) {
        self.max = Some(max);
        self.trim();
    }

    /// Evicts as the encoder does; keeps no more than our limit.
    fn trim(&mut self) {
        let max = self.max.unwrap_or(usize::MAX);
        while self.size > max.min(KEPT_BYTES_MAX) {
            let Some(oldest) = self.entries.pop_front() else { break };
            // Entries are evicted oldest first: if this one is, so are all below it.
            self.has_older = self.size <= max;
            self.size -= oldest.size();
        }
        if max.saturating_sub(self.size) < ENTRY_BYTES {
            self.has_older = false;
        }
        if self.entries.is_empty() {
            self.clear();
        }
    }

    /// Wipes what was used since the last time, no more: an attacker may make it empty often.
    fn clear(&mut self) {
        self.entries.clear();
        self.size = 0;
        self.bytes.as_mut_slice().zeroize();
        self.bytes.clear();
        self.base = 0;
    }

    /// Lets go of dead bytes rather than growing.
    fn make_room(&mut self, more: usize) {
        if self.bytes.capacity() - self.bytes.len() >= more {
            return;
        }
        let dead = self.entries.front().map_or(self.bytes.len(), |oldest| self.place(oldest.start));
        if dead >= DEAD_BYTES_MIN.max((self.bytes.len() - dead) / 2) {
            self.bytes.drain(..dead);
            self.base += dead as u64;
        }
        if self.bytes.capacity() - self.bytes.len() < more {
            let step = more.max(self.bytes.len() / 2).max(256);
            let mut larger = Vec::with_capacity(self.bytes.len() + step);
            larger.extend_from_slice(&self.bytes);
            self.bytes.zeroize();
            self.bytes = larger;
        }
    }

    fn place(&self, position: u64) -> usize {
        usize::try_from(position.saturating_sub(self.base)).unwrap_or(usize::MAX)
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}
