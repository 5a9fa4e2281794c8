//! Distinct counts: keyed hashes in, how many different ones out. Exact to 16, then HyperLogLog (Flajolet 2007) with the
//! estimator of Ertl (2017). Never counts under a hash that a stranger could compute: he could drive it either way.

use serde::{Deserialize, Serialize};

use crate::hash::mix;

/// Different hashes that are kept as they are.
const EXACT_MAX: usize = 16;
/// Registers in one word. One word more than they need tells registers from hashes.
const PER_WORD: usize = 4;

/// A distinct counter of `M` registers, 64 or 256: standard error 13 % or 6.5 %. 24 bytes, and outside the row
/// at most 64 while exact, `M` + 4 after.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Distinct<const M: usize>(Vec<u32>);

/// The same over the present and the last bucket of a span: forgets by halves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DistinctLately<const M: usize> {
    bucket: u32,
    now: Distinct<M>,
    before: Distinct<M>,
}

impl<const M: usize> Distinct<M> {
    /// A word of what is outside the row.
    pub(crate) fn glance(&self) -> u64 {
        self.0.first().copied().unwrap_or_default().into()
    }

    /// Takes one hash, keyed by the caller and here once more by the secret `key`. Tells whether the count may have changed.
    pub(crate) fn add(&mut self, key: u64, hash: u64) -> bool {
        self.put(mix(hash, key))
    }

    fn put(&mut self, hash: u64) -> bool {
        if self.0.len() > EXACT_MAX {
            return self.raise(hash);
        }
        // Enough of the hash to rebuild what a register needs of it.
        let tag = (hash >> 32) as u32;
        if self.0.contains(&tag) {
            return false;
        }
        if self.0.len() == EXACT_MAX {
            let tags = std::mem::replace(&mut self.0, vec![0; M / PER_WORD + 1]);
            for tag in tags {
                self.raise(u64::from(tag) << 32);
            }
            return self.raise(hash);
        }
        self.0.push(tag);
        true
    }

    /// Of the upper 32 bits the lowest choose the register, the leading zeros of the rest are its rank.
    fn raise(&mut self, hash: u64) -> bool {
        let tag = (hash >> 32) as u32;
        let bits = M.trailing_zeros();
        let register = tag as usize % M;
        let rank = ((tag >> bits).leading_zeros() - bits + 1).min(Self::RANK_MAX);
        let shift = 8 * (register % PER_WORD);
        let Some(word) = self.0.get_mut(register / PER_WORD) else { return false };
        if (*word >> shift) & 0xff >= rank {
            return false;
        }
        *word = (*word & !(0xff << shift)) | (rank << shift);
        true
    }

    /// Highest rank: all 32 bits but those of the register are zero.
    const RANK_MAX: u32 = 33 - M.trailing_zeros();

    /// How many different hashes, about.
    pub(crate) fn count(&self) -> f64 {
        if self.0.len() <= EXACT_MAX {
            return self.0.len() as f64;
        }
        let mut ranks = [0_u32; 34];
        for word in self.0.iter().take(M / PER_WORD) {
            for byte in word.to_le_bytes() {
                ranks[usize::from(byte).min(33)] += 1;
            }
        }
        estimate(&ranks, M as f64, Self::RANK_MAX as usize)
    }

    /// Takes in everything that `other` has seen under the same key.
    pub(crate) fn merge(&mut self, other: &Self) {
        if other.0.len() <= EXACT_MAX {
            for tag in &other.0 {
                self.put(u64::from(*tag) << 32);
            }
            return;
        }
        if self.0.len() <= EXACT_MAX {
            let tags = std::mem::replace(&mut self.0, other.0.clone());
            for tag in tags {
                self.raise(u64::from(tag) << 32);
            }
            return;
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            let (a, b) = (mine.to_le_bytes(), theirs.to_le_bytes());
            *mine = u32::from_le_bytes(std::array::from_fn(|at| a[at].max(b[at])));
        }
    }

    /// Forgets everything, and keeps the room.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

impl<const M: usize> DistinctLately<M> {
    /// Takes one hash in bucket `bucket`, a time divided by the span. Late ones count as now.
    pub(crate) fn add(&mut self, bucket: u32, key: u64, hash: u64) -> bool {
        if bucket > self.bucket {
            let adjacent = bucket == self.bucket + 1;
            std::mem::swap(&mut self.now, &mut self.before);
            self.now.clear();
            if !adjacent {
                self.before.clear();
            }
            self.bucket = bucket;
        }
        self.now.add(key, hash)
    }

    /// Different hashes in the present bucket, and in it and the last together.
    pub(crate) fn counts(&self, bucket: u32) -> (f64, f64) {
        match bucket.checked_sub(self.bucket) {
            None | Some(0) => {
                let mut both = self.now.clone();
                both.merge(&self.before);
                (self.now.count(), both.count())
            }
            Some(1) => (0.0, self.now.count()),
            Some(_) => (0.0, 0.0),
        }
    }
}

/// Ertl's improved estimator: no tables, no correction at either end.
fn estimate(ranks: &[u32; 34], m: f64, rank_max: usize) -> f64 {
    let share = |rank: usize| f64::from(ranks[rank]) / m;
    let mut z = m * tau(1.0 - share(rank_max));
    for rank in (1..rank_max).rev() {
        z = 0.5 * (z + f64::from(ranks[rank]));
    }
    z += m * sigma(share(0));
    m * m / (2.0 * std::f64::consts::LN_2) / z
}

/// x + sum of 2^(k-1) x^(2^k); infinite at 1.
fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    for _ in 0..64 {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z <= before {
            break;
        }
    }
    z
}

/// (1 - x - sum of 2^-k (1 - x^(2^-k))^2) / 3
fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    for _ in 0..64 {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x).powi(2) * y;
        if z >= before {
            break;
        }
    }
    z / 3.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::draws::Draws, *};

    fn relative_error<const M: usize>(count: u64, seed: u64) -> f64 {
        let (mut draws, mut distinct) = (Draws(seed), Distinct::<M>::default());
        for _ in 0..count {
            distinct.add(9, draws.word());
        }
        distinct.count() / count as f64 - 1.0
    }

    #[test]
    fn errs_as_little_as_promised_at_every_size() {
        for count in [20, 100, 1_000, 30_000, 300_000] {
            let (mut small, mut large) = (0.0, 0.0);
            for seed in 0..40 {
                small += relative_error::<64>(count, seed).powi(2) / 40.0;
                large += relative_error::<256>(count, seed).powi(2) / 40.0;
            }
            assert!(small.sqrt() < 0.17, "{count}: {}", small.sqrt());
            assert!(large.sqrt() < 0.085, "{count}: {}", large.sqrt());
        }
    }

    #[test]
    fn sixteen_are_exact() {
        let (mut draws, mut distinct) = (Draws(1), Distinct::<64>::default());
        let words: Vec<u64> = (0..16).map(|_| draws.word()).collect();
        assert!(words.iter().all(|word| distinct.add(5, *word)));
        assert!(!words.iter().any(|word| distinct.add(5, *word)));
        assert!((distinct.count() - 16.0).abs() < 1e-12);
    }

    #[test]
    fn a_span_forgets_what_is_two_buckets_old() {
        let (mut draws, mut lately) = (Draws(1), DistinctLately::<64>::default());
        (0..10).for_each(|_| _ = lately.add(7, 5, draws.word()));
        (0..5).for_each(|_| _ = lately.add(8, 5, draws.word()));
        assert_eq!(lately.counts(8), (5.0, 15.0));
        assert_eq!(lately.counts(9), (0.0, 5.0));
        assert_eq!(lately.counts(10), (0.0, 0.0));
        _ = lately.add(20, 5, 1);
        assert_eq!(lately.counts(20), (1.0, 1.0));
    }

    proptest! {
        #[test]
        fn merged_is_as_if_seen_by_one(
            a in proptest::collection::vec(0_u64..500, 0..60),
            b in proptest::collection::vec(0_u64..500, 0..60),
        ) {
            let (mut one, mut two, mut all) = <(Distinct<64>, Distinct<64>, Distinct<64>)>::default();
            a.iter().for_each(|hash| _ = one.add(3, *hash));
            b.iter().for_each(|hash| _ = two.add(3, *hash));
            a.iter().chain(&b).for_each(|hash| _ = all.add(3, *hash));
            one.merge(&two);
            prop_assert!((one.count() - all.count()).abs() < 1e-9);
            let text = serde_json::to_string(&one).expect("serialises");
            prop_assert_eq!(serde_json::from_str::<Distinct<64>>(&text).expect("reads back"), one);
        }
    }
}
