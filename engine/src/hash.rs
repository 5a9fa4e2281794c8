//! Hashes: keyed pseudonyms in, table positions and short tags out. Never hashes a clear credential.

use std::hash::{BuildHasherDefault, Hasher};

use model::PrincipalId;
use serde::{Deserialize, Serialize};

/// Map from a key that is a keyed hash already.
pub(crate) type KeyedMap<K, V> = std::collections::HashMap<K, V, BuildHasherDefault<PassThrough>>;

/// Takes a keyed hash as it is. Only for keys that a stranger can not choose.
#[derive(Clone, Copy, Default)]
pub(crate) struct PassThrough(u64);

impl Hasher for PassThrough {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }

    #[expect(clippy::cast_possible_truncation, reason = "any half of a keyed hash is a keyed hash")]
    fn write_u128(&mut self, key: u128) {
        self.0 = key as u64;
    }
}

/// 32 bits of a pseudonym: who owns an object, who shares an address. Zero is nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Tag(pub(crate) u32);

impl Tag {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn of(id: PrincipalId) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "any part of a keyed hash is a keyed hash")]
        let part = (id.0 >> 64) as u32;
        Self(part.max(1))
    }

    /// From a 64-bit hash.
    pub(crate) fn short(hash: u64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "folded, not cut")]
        let part = (hash ^ (hash >> 32)) as u32;
        Self(part.max(1))
    }

    pub(crate) fn is_some(self) -> bool {
        self.0 != 0
    }
}

/// Mixes two 64-bit hashes into one (the finaliser of SplitMix64).
pub(crate) fn mix(a: u64, b: u64) -> u64 {
    let mut z = a ^ b.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A small set of tags that forgets its oldest member past `cap`.
pub(crate) fn remember(set: &mut Vec<Tag>, tag: Tag, cap: usize) -> Novelty {
    if set.contains(&tag) {
        return Novelty::Known;
    }
    if set.len() >= cap {
        set.remove(0);
    }
    set.push(tag);
    Novelty::New
}

/// Whether something was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Novelty {
    New,
    Known,
}
