//! Gauges and categories: sizes and sorts of normal values in, the surprise of another out. Never a value: sizes in
//! half-octaves, sorts as numbers.

use serde::{Deserialize, Serialize};

/// Half-octaves told apart: up to 2^23.5; what is larger counts as that when learnt, not when judged.
const BINS: usize = 48;
/// Votes under which nothing is odd.
pub(crate) const VOTES_MIN: u32 = 20;
/// Least width of the tail, in octaves: a size that was always the same may still change.
const WIDTH_MIN: f32 = 0.4;
/// Votes at which all are halved.
const VOTES_MAX: u32 = 60_000;

/// Sizes of one thing: 96 bytes in a list that is as long as the largest size needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Gauge {
    bins: Vec<u16>,
}

impl Gauge {
    /// Takes one size.
    pub(crate) fn learn(&mut self, size: f32) {
        let bin = bin(octaves(size));
        if self.bins.len() <= bin {
            self.bins.resize(bin + 1, 0);
        }
        self.bins[bin] = self.bins[bin].saturating_add(1);
        if self.votes() >= VOTES_MAX {
            self.bins.iter_mut().for_each(|votes| *votes = votes.div_ceil(2));
        }
    }

    pub(crate) fn votes(&self) -> u32 {
        self.bins.iter().map(|votes| u32::from(*votes)).sum()
    }

    /// Surprise of `size` in nats, from both sides; beyond the largest one known it grows with the octaves, by the width
    /// of the upper half.
    pub(crate) fn surprise(&self, size: f32) -> f32 {
        let votes = self.votes();
        if votes < VOTES_MIN {
            return 0.0;
        }
        let (octaves, total) = (octaves(size), votes as f32 + 1.0);
        let at = bin(octaves);
        let sum = |bins: &[u16]| bins.iter().map(|votes| u32::from(*votes)).sum::<u32>() as f32;
        let above = sum(self.bins.get(at..).unwrap_or(&[]));
        let below = sum(self.bins.get(..=at).unwrap_or(&self.bins));
        let mut ln_p = ((above.min(below) + 0.5) / total).ln();
        if above == 0.0 {
            ln_p -= (octaves - self.bins.len() as f32 / 2.0).max(0.0) / self.width();
        }
        (-ln_p - std::f32::consts::LN_2).max(0.0)
    }

    /// Octaves in which the tail falls by a factor of e, as for a power law through the median and the upper tenth.
    fn width(&self) -> f32 {
        let middle = self.quantile(0.5);
        ((self.quantile(0.9) - middle) / 5_f32.ln()).max(WIDTH_MIN)
    }

    /// Octaves under which a share `q` of the votes lies.
    pub(crate) fn quantile(&self, q: f32) -> f32 {
        let mut left = q * self.votes() as f32;
        for (bin, votes) in self.bins.iter().enumerate() {
            left -= f32::from(*votes);
            if left <= 0.0 {
                return (bin as f32 + 0.5) / 2.0;
            }
        }
        self.bins.len() as f32 / 2.0
    }
}

/// Octaves of a size, 1 counted as 0.
fn octaves(size: f32) -> f32 {
    (size.clamp(0.0, 1e30) + 1.0).log2()
}

fn bin(octaves: f32) -> usize {
    ((octaves * 2.0) as usize).min(BINS - 1)
}

/// Counts of `N` sorts: 2 N bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Categories<const N: usize>([u16; N]);

impl<const N: usize> Default for Categories<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> Categories<N> {
    /// Takes one of sort `which`; one past the end is nobody's.
    pub(crate) fn learn(&mut self, which: usize) {
        if let Some(votes) = self.0.get_mut(which) {
            *votes += 1;
            if u32::from(*votes) >= VOTES_MAX {
                self.0 = self.0.map(|votes| votes.div_ceil(2));
            }
        }
    }

    pub(crate) fn votes(&self) -> u32 {
        self.0.iter().map(|votes| u32::from(*votes)).sum()
    }

    /// Votes of each sort.
    pub(crate) fn each(&self) -> impl Iterator<Item = u32> {
        self.0.iter().map(|votes| u32::from(*votes))
    }

    /// Surprise of one of sort `which`, in nats.
    pub(crate) fn surprise(&self, which: usize) -> f32 {
        let votes = self.votes();
        if votes < VOTES_MIN {
            return 0.0;
        }
        let count = f32::from(self.0.get(which).copied().unwrap_or(0));
        -((count + 0.5) / (votes as f32 + 0.5 * N as f32)).ln()
    }
}

impl<const N: usize> Serialize for Categories<N> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Categories<N> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let votes: Vec<u16> = Vec::deserialize(deserializer)?;
        let wrong = |_| serde::de::Error::custom(format!("expected {N} counts"));
        Ok(Self(votes.try_into().map_err(wrong)?))
    }
}

/// A set of few choices, or too many to be one: at most 64, 8 bytes each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Choices {
    known: Vec<(u32, u16)>,
    votes: u16,
    free: bool,
}

impl Choices {
    const MAX: usize = 64;

    /// Takes one choice, as a hash.
    pub(crate) fn learn(&mut self, choice: u32) {
        if self.free {
            return;
        }
        self.votes = self.votes.saturating_add(1);
        if let Some((_, votes)) = self.known.iter_mut().find(|(known, _)| *known == choice) {
            *votes = votes.saturating_add(1);
        } else if self.known.len() < Self::MAX {
            self.known.push((choice, 1));
        } else {
            *self = Self { known: Vec::new(), votes: 0, free: true };
        }
    }

    /// Surprise of a choice in nats: 0 for a known one; for a new one by how many came but once (Good and Turing).
    pub(crate) fn surprise(&self, choice: u32) -> f32 {
        if self.free
            || u32::from(self.votes) < VOTES_MIN
            || self.known.iter().any(|(known, _)| *known == choice)
        {
            return 0.0;
        }
        let once = self.known.iter().filter(|(_, votes)| *votes == 1).count();
        -((once as f32 + 0.5) / (f32::from(self.votes) + 1.0)).ln()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::draws::Draws, *};

    #[test]
    fn twenty_thousand_where_there_were_eight_is_a_catastrophe() {
        let (mut gauge, mut draws) = (Gauge::default(), Draws(1));
        (0..300).for_each(|_| gauge.learn(1.0 + draws.below(8) as f32));
        assert!(gauge.surprise(5.0) < 2.0);
        assert!(gauge.surprise(12.0) < 8.0);
        assert!(gauge.surprise(20_000.0) > 20.0, "{}", gauge.surprise(20_000.0));
    }

    #[test]
    fn wide_sizes_are_judged_widely() {
        let (mut gauge, mut draws) = (Gauge::default(), Draws(1));
        let mut size = || (5.0 + 1.5 * draws.normal()).exp() as f32;
        (0..1_000).for_each(|_| gauge.learn(size()));
        let mut odd = 0;
        (0..20_000).for_each(|_| odd += u32::from(gauge.surprise(size()) > 6.9));
        assert!(odd < 60, "{odd} of 20 000 are rarer than one in a thousand");
    }

    #[test]
    fn new_choices_are_odd_only_among_few() {
        let (mut few, mut many) = (Choices::default(), Choices::default());
        (0..500).for_each(|n| few.learn(n % 5));
        (0..500).for_each(|n| many.learn(n));
        assert!(few.surprise(99) > 6.0 && few.surprise(3) == 0.0 && many.surprise(999) == 0.0);
    }

    proptest! {
        #[test]
        fn larger_is_never_less_odd_beyond_the_largest(
            sizes in proptest::collection::vec(0.0_f32..1e6, 20..200),
            more in 1.0_f32..1e6,
        ) {
            let mut gauge = Gauge::default();
            sizes.iter().for_each(|size| gauge.learn(*size));
            let largest = sizes.iter().copied().fold(0.0, f32::max);
            prop_assert!(gauge.surprise(largest + more) <= gauge.surprise(largest + 2.0 * more + 1.0));
        }
    }
}
