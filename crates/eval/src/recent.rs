//! A table that forgets: keys in, rows of what was used lately out. Two generations, so that it stays within its limit.

use std::hash::Hash;

use ahash::AHashMap;

/// Rows of the keys used last. When `limit` rows are young, the old ones go.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    young: AHashMap<K, V>,
    old: AHashMap<K, V>,
    /// Rows of one generation; at most twice as many are held.
    limit: usize,
}

impl<K: Eq + Hash, V> Recent<K, V> {
    pub(crate) fn new(limit: usize) -> Self {
        Self { young: AHashMap::new(), old: AHashMap::new(), limit: limit.max(1) }
    }

    /// The row of a key, made now if there is none.
    pub(crate) fn row(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        if self.young.len() >= self.limit && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        let old = &mut self.old;
        self.young.entry(key).or_insert_with_key(|key| old.remove(key).unwrap_or_else(make))
    }

    /// The row of a key.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    /// Rows held.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_goes() {
        let mut table = Recent::new(10);
        for key in 0..1_000_u32 {
            *table.row(key, || 0) += 1;
            *table.row(7, || 0) += 1;
            assert!(table.len() <= 20);
        }
        assert_eq!(table.get(&7), Some(&1_001));
        assert_eq!(table.get(&8), None);
    }
}
