//! Memos: what bytes that came before were read as. Bytes are known by a keyed hash (HighwayHash, Alakuijala et al., 2016):
//! none of them stay, and nobody without the key can make two texts look alike. A fixed number of places; the newest takes
//! that of the oldest of its set.

use highway::{HighwayHash as _, HighwayHasher, Key};
use model::Pseudonyms;

/// Places of a set.
const WAYS: usize = 8;

/// What was read lately.
pub(crate) struct Memo<T> {
    key: Key,
    sets: Vec<Set<T>>,
}

/// What falls on one place.
struct Set<T> {
    /// Parts of the keys: few enough that all sets stay in the caches of a core.
    tags: [u32; WAYS],
    kept: [Option<Box<(u128, T)>>; WAYS],
    /// The place that the next takes.
    oldest: u8,
}

impl<T> Memo<T> {
    /// A memo of so many sets of eight, or the next power of two, with keys of its own.
    pub(crate) fn new(sets: usize, name: &[u8], names: &Pseudonyms) -> Self {
        let part = |n: u8| names.short(name, &[n]);
        let empty = || Set { tags: [0; WAYS], kept: Default::default(), oldest: 0 };
        Self {
            key: Key([part(0), part(1), part(2), part(3)]),
            sets: std::iter::repeat_with(empty).take(sets.next_power_of_two()).collect(),
        }
    }

    /// The key of a text that is given in parts.
    pub(crate) fn key(&self, parts: &[&[u8]]) -> u128 {
        let [low, high] = if let [whole] = parts {
            HighwayHasher::new(self.key).hash128(whole)
        } else {
            let mut hasher = HighwayHasher::new(self.key);
            parts.iter().for_each(|part| hasher.append(part));
            hasher.finalize128()
        };
        u128::from(high) << 64 | u128::from(low)
    }

    /// What is kept under a key.
    pub(crate) fn find(&self, key: u128) -> Option<&T> {
        let set = self.sets.get(self.place(key))?;
        let way = set.tags.iter().position(|known| *known == tag(key))?;
        set.kept.get(way)?.as_deref().filter(|kept| kept.0 == key).map(|kept| &kept.1)
    }

    /// Keeps something under a key.
    pub(crate) fn keep(&mut self, key: u128, what: T) {
        let place = self.place(key);
        let Some(set) = self.sets.get_mut(place) else { return };
        let way = usize::from(set.oldest) % WAYS;
        set.oldest = set.oldest.wrapping_add(1);
        if let (Some(place), Some(kept)) = (set.tags.get_mut(way), set.kept.get_mut(way)) {
            *place = tag(key);
            *kept = Some(Box::new((key, what)));
        }
    }

    /// Remembers nothing, now and from here on.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn shut(&mut self) {
        self.sets = Vec::new();
    }

    fn place(&self, key: u128) -> usize {
        usize::try_from(key & 0xffff_ffff).unwrap_or(0) & self.sets.len().saturating_sub(1)
    }
}

fn tag(key: u128) -> u32 {
    u32::try_from(key >> 96).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_takes_the_place_of_the_oldest() {
        let mut memo = Memo::new(1, b"test", &Pseudonyms::new([3; 16]));
        let keys: Vec<u128> = (0..9_u8).map(|n| memo.key(&[&[n]])).collect();
        keys.iter().zip(0..).for_each(|(key, n)| memo.keep(*key, n));
        assert_eq!(memo.find(keys[0]), None);
        assert!((1..9).all(|n| memo.find(keys[n]) == Some(&n)));
    }

    #[test]
    fn keys_are_of_the_whole_text_and_of_one_deployment() {
        let memo = |key| Memo::<()>::new(4, b"test", &Pseudonyms::new([key; 16]));
        assert_eq!(memo(1).key(&[b"ab", b"c"]), memo(1).key(&[b"abc"]));
        assert_ne!(memo(1).key(&[b"abc"]), memo(2).key(&[b"abc"]));
    }
}
