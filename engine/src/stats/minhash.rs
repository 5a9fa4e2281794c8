//! Likeness: sets of keyed hashes in, signatures and the pairs that are alike out (Broder 1997; Indyk and Motwani 1998).
//! Never compares all with all.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::hash::mix;

/// Smallest hashes kept of a set, one per permutation.
pub(crate) const PERMUTATIONS: usize = 64;
/// Bands of four: sets with half in common meet with a chance of 64 %, with a tenth in common of 0.2 %.
const BANDS: usize = 16;
const ROWS: usize = PERMUTATIONS / BANDS;
/// Members of one bucket that are paired with each other; a larger one pairs neighbours only.
const BUCKET_MAX: usize = 32;

/// What a set looks like: 256 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Signature(Vec<u32>);

impl Default for Signature {
    fn default() -> Self {
        Self(vec![u32::MAX; PERMUTATIONS])
    }
}

impl Signature {
    /// Takes one hash, keyed by the caller and here once more by the secret `key`.
    pub(crate) fn add(&mut self, key: u64, hash: u64) {
        let keyed = mix(hash, key);
        for (smallest, permutation) in self.0.iter_mut().zip(1_u64..) {
            *smallest = (*smallest).min((mix(keyed, permutation) >> 32) as u32);
        }
    }

    /// Share that two sets have in common (Jaccard), about: standard error 6 %.
    pub(crate) fn likeness(&self, other: &Self) -> f32 {
        let same = self.0.iter().zip(&other.0).filter(|(a, b)| a == b && **a != u32::MAX).count();
        same as f32 / PERMUTATIONS as f32
    }

    /// The smallest hashes: as numbers for a distance that counts how many differ.
    pub(crate) fn rows(&self) -> &[u32] {
        &self.0
    }

    fn bands(&self) -> impl Iterator<Item = u64> {
        self.0
            .chunks(ROWS)
            .zip(1_u64..)
            .map(|(rows, band)| rows.iter().fold(band, |hash, row| mix(u64::from(*row), hash)))
    }
}

/// Pairs (i < j) of signatures that are alike to at least `least`, sorted; candidates come from equal bands alone.
pub(crate) fn alike(signatures: &[Signature], least: f32) -> Vec<(usize, usize)> {
    let mut buckets: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (at, signature) in signatures.iter().enumerate() {
        if signature.0.iter().any(|smallest| *smallest != u32::MAX) {
            signature.bands().for_each(|band| buckets.entry(band).or_default().push(at));
        }
    }
    let mut pairs = Vec::new();
    for members in buckets.values() {
        let reach = if members.len() > BUCKET_MAX { 1 } else { BUCKET_MAX };
        for (from, one) in members.iter().enumerate() {
            pairs.extend(members.iter().skip(from + 1).take(reach).map(|other| (*one, *other)));
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs.retain(|(one, other)| signatures[*one].likeness(&signatures[*other]) >= least);
    pairs
}

/// Who belongs together, by pairs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unions(Vec<u32>);

impl Unions {
    /// As many as `count`, each alone.
    pub(crate) fn new(count: usize) -> Self {
        Self((0..u32::try_from(count).unwrap_or(u32::MAX)).collect())
    }

    /// The first member of its union; itself past the end.
    pub(crate) fn first(&mut self, of: usize) -> usize {
        let mut at = of;
        while let Some(above) = self.0.get(at).map(|above| *above as usize).filter(|above| *above != at) {
            let beyond = self.0[above];
            self.0[at] = beyond;
            at = beyond as usize;
        }
        at
    }

    /// Joins two unions under the smaller first member, whatever the order.
    pub(crate) fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.first(one), self.first(other));
        let (small, large) = (one.min(other), one.max(other));
        if let (Ok(root), Some(slot)) = (u32::try_from(small), self.0.get_mut(large)) {
            *slot = root;
        }
    }

    /// All unions of at least `least` members, by their first members.
    pub(crate) fn groups(&mut self, least: usize) -> Vec<Vec<usize>> {
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for at in 0..self.0.len() {
            let first = self.first(at);
            groups.entry(first).or_default().push(at);
        }
        groups.into_values().filter(|members| members.len() >= least).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::draws::Draws, *};

    fn set(members: impl Iterator<Item = u64>) -> Signature {
        let mut signature = Signature::default();
        members.for_each(|member| signature.add(5, member));
        signature
    }

    #[test]
    fn likeness_is_the_share_in_common() {
        let (one, other) = (set(0..300), set(100..400));
        assert!((one.likeness(&other) - 0.5).abs() < 0.2);
        assert_eq!(one.likeness(&set(0..300)), 1.0);
        assert_eq!(Signature::default().likeness(&Signature::default()), 0.0);
    }

    #[test]
    fn a_ring_is_found_in_a_crowd() {
        let mut draws = Draws(2);
        let mut signatures: Vec<Signature> = (0..500)
            .map(|_| set((0..20).map(|_| draws.below(5_000)).collect::<Vec<_>>().into_iter()))
            .collect();
        for _ in 0..20 {
            let own = 10_000 + draws.below(100);
            signatures.push(set((20_000..20_020).chain(own..own + 4)));
        }
        let mut unions = Unions::new(signatures.len());
        alike(&signatures, 0.5).into_iter().for_each(|(one, other)| unions.join(one, other));
        assert_eq!(unions.groups(5), vec![(500..520).collect::<Vec<_>>()]);
    }

    #[test]
    fn a_thousand_of_a_kind_do_not_take_a_million_steps() {
        let signatures = vec![set(0..10); 1_000];
        let pairs = alike(&signatures, 0.5);
        assert_eq!(pairs.len(), 999);
    }

    proptest! {
        #[test]
        fn unions_depend_on_no_order(pairs in proptest::collection::vec((0_usize..40, 0_usize..40), 0..60)) {
            let (mut one, mut other) = (Unions::new(40), Unions::new(40));
            pairs.iter().for_each(|(a, b)| one.join(*a, *b));
            pairs.iter().rev().for_each(|(a, b)| other.join(*b, *a));
            prop_assert_eq!(one.groups(1), other.groups(1));
        }
    }
}
