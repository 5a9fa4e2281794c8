//! What was named: keyed hashes of ids in, whether one is among those of late out. Sets of bits that forget by halves: may
//! take one for another, and never grow.

use serde::{Deserialize, Serialize};

/// Words of a set, and bits set from which it begins anew: some 150 members.
const WORDS: usize = 4;
const BITS_MAX: u32 = 112;

/// A set of keyed hashes with one bit each: may take one in ten for another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Few([u64; WORDS]);

impl Few {
    /// A word of it.
    pub(crate) fn glance(&self) -> u64 {
        self.0[0]
    }

    pub(crate) fn has(&self, hash: u64) -> bool {
        let (word, bit) = place(hash);
        self.0[word] & bit != 0
    }

    /// Puts one in. Past about 150 it begins anew.
    pub(crate) fn put(&mut self, hash: u64) {
        let (word, bit) = place(hash);
        if self.0[word] & bit == 0 && self.is_full() {
            self.0 = [0; WORDS];
        }
        self.0[word] |= bit;
    }

    fn is_full(&self) -> bool {
        self.0.iter().map(|word| word.count_ones()).sum::<u32>() >= BITS_MAX
    }
}

/// What answers named lately: some 150 to 300 ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Given {
    now: Few,
    before: Few,
}

impl Given {
    pub(crate) fn has(&self, hash: u64) -> bool {
        self.now.has(hash) || self.before.has(hash)
    }

    pub(crate) fn put(&mut self, hash: u64) {
        if self.now.is_full() {
            self.before = std::mem::take(&mut self.now);
        }
        self.now.put(hash);
    }
}

fn place(hash: u64) -> (usize, u64) {
    ((hash >> 6) as usize % WORDS, 1 << (hash & 63))
}

/// Words of the set of what was named to newcomers, and members after which it begins anew; the last one is kept beside.
const NAMED_WORDS: usize = 8_192;
const NAMED_MAX: u32 = 60_000;

/// What answers named to callers that have no habits yet: twice half a million bits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Newcomers {
    now: Vec<u64>,
    before: Vec<u64>,
    members: u32,
}

impl Default for Newcomers {
    fn default() -> Self {
        Self { now: vec![0; NAMED_WORDS], before: vec![0; NAMED_WORDS], members: 0 }
    }
}

impl Newcomers {
    /// `hash` is of the object and of the caller.
    pub(crate) fn has(&self, hash: u64) -> bool {
        let (word, bit) = Self::place(hash);
        (self.now[word] | self.before[word]) & bit != 0
    }

    pub(crate) fn put(&mut self, hash: u64) {
        if self.members >= NAMED_MAX {
            std::mem::swap(&mut self.now, &mut self.before);
            self.now.fill(0);
            self.members = 0;
        }
        let (word, bit) = Self::place(hash);
        self.now[word] |= bit;
        self.members += 1;
    }

    fn place(hash: u64) -> (usize, u64) {
        ((hash >> 6) as usize % NAMED_WORDS, 1 << (hash & 63))
    }

    pub(crate) fn settle(&self) -> Option<()> {
        (self.now.len() == NAMED_WORDS && self.before.len() == NAMED_WORDS).then_some(())
    }

    pub(crate) fn bytes(&self) -> usize {
        2 * NAMED_WORDS * size_of::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_forgets_and_goes_on() {
        let mut few = Few::default();
        for n in 0..10_000_u64 {
            let hash = crate::hash::mix(n, 3);
            few.put(hash);
            assert!(few.has(hash));
        }
        let known = (20_000..30_000_u64).filter(|n| few.has(crate::hash::mix(*n, 3))).count();
        assert!(known < 4_500, "{known}");
    }
}
