//! Cold rows: subjects that lost their place though they were worth keeping, as bytes to a store and back. Never more than
//! the store holds, never a row that another deployment or another learning has written.

use std::collections::{BTreeMap, VecDeque};

use model::{Loss, PrincipalId};

use crate::{subjects::Subject, world::World};

/// Calls from which a row is worth keeping.
const WORTH_CALLS: u32 = 20;
/// Longest row.
const ROW_BYTES_MAX: usize = 8_192;

/// Keeps rows that had no room in memory. It may forget any of them.
pub trait ColdStore: Send {
    /// Keeps a row under a key, in place of an older one. Returns how many rows it had to forget since the last time.
    fn put(&mut self, key: u128, row: &[u8]) -> u64;
    /// Gives a row back, and need not keep it any longer.
    fn take(&mut self, key: u128) -> Option<Vec<u8>>;
}

/// A store in memory, that forgets its oldest rows past a number of bytes.
#[derive(Debug, Default)]
pub struct ColdMemory {
    rows: BTreeMap<u128, (u64, Vec<u8>)>,
    order: VecDeque<(u64, u128)>,
    next: u64,
    bytes: usize,
    bytes_max: usize,
}

impl ColdMemory {
    /// A store of at most so many bytes of rows.
    #[must_use]
    pub fn within(bytes_max: usize) -> Self {
        Self { bytes_max, ..Self::default() }
    }
}

impl ColdStore for ColdMemory {
    fn put(&mut self, key: u128, row: &[u8]) -> u64 {
        self.take(key);
        let mut forgotten = 0;
        self.next += 1;
        self.bytes += row.len();
        self.rows.insert(key, (self.next, row.to_vec()));
        self.order.push_back((self.next, key));
        while self.bytes > self.bytes_max || self.order.len() > 2 * self.rows.len() + 64 {
            let Some((number, key)) = self.order.pop_front() else { break };
            if self.rows.get(&key).is_some_and(|(newest, _)| *newest == number) {
                self.take(key);
                forgotten += 1;
            }
        }
        forgotten
    }

    fn take(&mut self, key: u128) -> Option<Vec<u8>> {
        let (_, row) = self.rows.remove(&key)?;
        self.bytes -= row.len();
        Some(row)
    }
}

impl World {
    /// Gives an evicted row to the store, if it is worth it.
    pub(crate) fn freeze(&mut self, mut subject: Subject) {
        if subject.served < WORTH_CALLS {
            return;
        }
        let Some(cold) = &mut self.cold else { return };
        let key = subject.principal.id;
        subject.shed();
        let Ok(mut row) = postcard::to_allocvec(&subject) else { return };
        if row.len() > ROW_BYTES_MAX {
            return self.losses.count(Loss::ColdForgotten);
        }
        let seal = seal(&self.names, self.started, key, &row);
        row.extend_from_slice(&seal.to_le_bytes());
        self.losses.add(Loss::ColdForgotten, cold.put(key.0, &row));
    }

    /// The row that the store has of a principal.
    pub(crate) fn thaw(&mut self, key: PrincipalId) -> Option<Subject> {
        let row = self.cold.as_mut()?.take(key.0)?;
        let Some(mut subject) = self.believe(key, &row) else {
            self.losses.count(Loss::ColdForgotten);
            return None;
        };
        if subject.habits.is_some() {
            if self.habits >= self.habits_max {
                subject.habits = None;
            } else {
                self.habits += 1;
            }
        }
        Some(subject)
    }

    /// What a row says, if it is what was put under this key.
    fn believe(&self, key: PrincipalId, row: &[u8]) -> Option<Subject> {
        let (row, said) = row.split_last_chunk::<8>()?;
        if row.len() > ROW_BYTES_MAX || u64::from_le_bytes(*said) != seal(&self.names, self.started, key, row)
        {
            return None;
        }
        postcard::from_bytes(row).ok().filter(|row: &Subject| row.principal.id == key)
    }
}

/// Binds a row to its principal, to the deployment's key, and to the learning that its numbers refer to.
fn seal(names: &model::Pseudonyms, started: model::Timestamp, key: PrincipalId, row: &[u8]) -> u64 {
    names.short(b"cold row", &[&started.as_nanos().to_be_bytes()[..], &key.0.to_be_bytes(), row].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_forgets_its_oldest_rows() {
        let mut cold = ColdMemory::within(100);
        for key in 0..1_000_u128 {
            cold.put(key % 7, &[1; 30]);
            assert!(cold.bytes <= 100 && cold.order.len() <= 80);
        }
        assert_eq!((cold.take(0), cold.take(5), cold.take(5)), (None, Some(vec![1; 30]), None));
    }
}
