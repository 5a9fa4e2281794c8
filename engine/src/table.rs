//! Bounded tables: keyed rows in, the least worthy row out when full (CLOCK). Never grows past its capacity.

use serde::{Deserialize, Serialize};
use std::hash::Hash;

use crate::{hash::KeyedMap, snapshot::Settle};

/// Rows looked at before one is evicted. A long run of worthy rows costs this once per round of the hand.
const LOOKS_MAX: usize = 256;
/// What a row of no merit gains by its first few calls.
pub(crate) const FIRST_CALLS: u32 = 4;
/// Smallest capacity: well above the rows one call touches, so that a call never evicts its own.
const CAPACITY_MIN: usize = 1_024;

/// How much a row is worth keeping; rows of worth 0 go first.
pub(crate) trait Worth {
    fn worth(&self) -> u32;

    /// Whether it goes for a newcomer at once when it was not used lately.
    fn yields_to(&self, newcomer: &Self) -> bool {
        self.worth() <= newcomer.worth().saturating_add(FIRST_CALLS)
    }
}

/// A table of at most `capacity` rows. Order of eviction depends on the order of calls alone.
#[derive(Serialize, Deserialize)]
#[serde(bound(deserialize = "K: Deserialize<'de> + Eq + Hash, V: Deserialize<'de>"))]
pub(crate) struct Table<K, V> {
    #[serde(skip)]
    index: KeyedMap<K, u32>,
    slots: Vec<Slot<K, V>>,
    #[serde(skip)]
    capacity: usize,
    hand: usize,
}

#[derive(Serialize, Deserialize)]
struct Slot<K, V> {
    key: K,
    row: V,
    touched: bool,
}

impl<K: Copy + Eq + Hash, V: Worth> Table<K, V> {
    /// A table that fits into about `bytes`.
    pub(crate) fn within(bytes: usize) -> Self {
        Self::with_boxes(bytes, 0)
    }

    /// The same for rows that hold about `boxed` bytes each outside the table.
    pub(crate) fn with_boxes(bytes: usize, boxed: usize) -> Self {
        let row = size_of::<Slot<K, V>>() + 2 * (size_of::<(K, u32)>() + 1) + boxed;
        let capacity = (bytes / row).clamp(CAPACITY_MIN, 1 << 30);
        Self { index: KeyedMap::default(), slots: Vec::new(), capacity, hand: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Bytes held by rows and index.
    pub(crate) fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot<K, V>>() + self.index.capacity() * (size_of::<(K, u32)>() + 1)
    }

    /// Where the row of `key` stands; good until the next insert.
    pub(crate) fn find(&mut self, key: K) -> Option<usize> {
        let at = *self.index.get(&key)? as usize;
        self.slots[at].touched = true;
        Some(at)
    }

    /// Every row, in the order of their places.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &V> {
        self.slots.iter().map(|slot| &slot.row)
    }

    /// Where the row of `key` stands, without counting as a use.
    pub(crate) fn peek(&self, key: K) -> Option<usize> {
        self.index.get(&key).map(|at| *at as usize)
    }

    /// Whether the row of `key` was used lately, which says little: for reading it ahead.
    pub(crate) fn glance(&self, key: K) -> bool {
        self.index.get(&key).is_some_and(|at| self.slots[*at as usize].touched)
    }

    pub(crate) fn get(&self, key: K) -> Option<&V> {
        self.index.get(&key).map(|at| &self.slots[*at as usize].row)
    }

    pub(crate) fn get_mut(&mut self, key: K) -> Option<&mut V> {
        let at = self.find(key)?;
        Some(&mut self.slots[at].row)
    }

    pub(crate) fn at(&self, slot: usize) -> &V {
        &self.slots[slot].row
    }

    pub(crate) fn at_mut(&mut self, slot: usize) -> &mut V {
        &mut self.slots[slot].row
    }

    /// The row at `slot`, if there is one.
    pub(crate) fn try_at(&mut self, slot: usize) -> Option<&mut V> {
        self.slots.get_mut(slot).map(|slot| &mut slot.row)
    }

    /// Puts in a new row and returns its slot, and the row that had to go for it.
    pub(crate) fn insert(&mut self, key: K, row: V) -> (usize, Option<V>) {
        if let Some(at) = self.find(key) {
            return (at, Some(std::mem::replace(&mut self.slots[at].row, row)));
        }
        if self.slots.len() < self.capacity {
            let at = self.slots.len();
            self.grow();
            self.slots.push(Slot { key, row, touched: true });
            self.index.insert(key, u32::try_from(at).unwrap_or(u32::MAX));
            return (at, None);
        }
        let at = self.least_worthy(&row);
        let evicted = std::mem::replace(&mut self.slots[at], Slot { key, row, touched: true });
        self.index.remove(&evicted.key);
        self.index.insert(key, u32::try_from(at).unwrap_or(u32::MAX));
        (at, Some(evicted.row))
    }

    /// Grows by a quarter at a time, never past the capacity.
    fn grow(&mut self) {
        if self.slots.len() == self.slots.capacity() {
            let step = (self.slots.len() / 4).max(CAPACITY_MIN).min(self.capacity - self.slots.len());
            self.slots.reserve_exact(step);
        }
    }

    /// The first row not touched lately that yields to a newcomer; else the least worthy of those looked at.
    fn least_worthy(&mut self, newcomer: &V) -> usize {
        let mut least = (u64::MAX, self.hand);
        for _ in 0..LOOKS_MAX.min(self.slots.len()) {
            let at = self.hand;
            self.hand = (self.hand + 1) % self.slots.len();
            let slot = &mut self.slots[at];
            if !slot.touched && slot.row.yields_to(newcomer) {
                return at;
            }
            let rank = u64::from(slot.row.worth()) * 2 + u64::from(slot.touched);
            slot.touched = false;
            if rank < least.0 {
                least = (rank, at);
            }
        }
        least.1
    }
}

impl<K: Copy + Eq + Hash, V> Settle for Table<K, V> {
    fn settle(&mut self, fresh: Self) -> Option<()> {
        self.capacity = fresh.capacity;
        self.slots.truncate(self.capacity);
        self.index.reserve(self.slots.len());
        for (at, slot) in self.slots.iter().enumerate() {
            if self.index.insert(slot.key, u32::try_from(at).ok()?).is_some() {
                return None;
            }
        }
        if self.hand >= self.slots.len() {
            self.hand = 0;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Row(u32);

    impl Worth for Row {
        fn worth(&self) -> u32 {
            self.0
        }
    }

    #[test]
    fn a_flood_of_junk_evicts_junk() {
        let mut table: Table<u64, Row> = Table::within(0);
        for key in 0..200_u64 {
            table.insert(crate::hash::mix(key, 1), Row(9)); // in one run, as after a quiet start
        }
        for key in 0..100_000_u64 {
            table.insert(crate::hash::mix(key, 2), Row(0));
        }
        assert_eq!(table.len(), CAPACITY_MIN);
        assert!((0..200).all(|key| table.get(crate::hash::mix(key, 1)).is_some()));
    }
}
