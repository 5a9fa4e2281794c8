//! Pairs: who signed in from which network before. A try in, how well the pair was known out. Never a name: 30 bits of a
//! keyed hash.

use serde::{Deserialize, Serialize};

use crate::{hash::mix, stats::Hit};

/// Places in which a pair may stand.
const WAYS: usize = 8;
/// What is known of a pair, in the lowest two bits of its place; 0 is a free place.
const FAILED: u32 = 1;
const SERVED: u32 = 2;
const FAILING: u32 = 3;

/// What was known of a pair before a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meeting {
    /// Nothing.
    New,
    /// It only ever failed.
    Failed,
    /// It was let in the last time.
    Served,
    /// It was let in once, and failed the last time.
    Failing,
}

/// Pairs of a network and a user, 4 bytes each. Past the bound one that only failed goes first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pairs {
    #[serde(skip)]
    sets: usize,
    #[serde(skip)]
    key: u64,
    places: Vec<u32>,
}

impl Pairs {
    pub(crate) fn within(bytes: usize, key: u64) -> Self {
        Self { sets: (bytes / 4 / WAYS).max(64), key, places: Vec::new() }
    }

    /// The pair as one number.
    pub(crate) fn pair(&self, network: u32, user: u64) -> u64 {
        mix(mix(user, u64::from(network)), self.key)
    }

    /// Takes a try of a pair; what was known of it before, and whether another one was forgotten for it.
    pub(crate) fn meet(&mut self, pair: u64, hit: Hit) -> (Meeting, bool) {
        if self.places.is_empty() {
            self.places = vec![0; self.sets * WAYS];
        }
        let set = (pair >> 32) as usize % self.sets * WAYS;
        let name = (pair as u32) << 2;
        let Some(ways) = self.places.get_mut(set..set + WAYS) else { return (Meeting::New, false) };
        let failed = hit == Hit::Yes;
        if let Some(place) = ways.iter_mut().find(|place| **place & 3 != 0 && **place & !3 == name) {
            let (before, after) = match *place & 3 {
                FAILED => (Meeting::Failed, if failed { FAILED } else { SERVED }),
                SERVED => (Meeting::Served, if failed { FAILING } else { SERVED }),
                _ => (Meeting::Failing, if failed { FAILING } else { SERVED }),
            };
            *place = name | after;
            return (before, false);
        }
        let free = ways.iter().position(|place| *place & 3 == 0);
        let at = free.or_else(|| ways.iter().position(|place| *place & 3 == FAILED)).unwrap_or(0);
        // The oldest stands first.
        ways[at..].rotate_left(1);
        ways[WAYS - 1] = name | if failed { FAILED } else { SERVED };
        (Meeting::New, free.is_none())
    }

    pub(crate) fn settle(&mut self, fresh: &Self) -> Option<()> {
        (self.sets, self.key) = (fresh.sets, fresh.key);
        (self.places.is_empty() || self.places.len() == self.sets * WAYS).then_some(())
    }

    pub(crate) fn bytes(&self) -> usize {
        self.places.len() * 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_known_by_its_last_try() {
        let mut pairs = Pairs::within(0, 5);
        let mut meet = |hit| pairs.meet(pairs.pair(1, 2), hit).0;
        let told = [Hit::Yes, Hit::Yes, Hit::No, Hit::Yes, Hit::Yes, Hit::No, Hit::No].map(&mut meet);
        use Meeting::{Failed, Failing, New, Served};
        assert_eq!(told, [New, Failed, Failed, Served, Failing, Failing, Served]);
    }

    #[test]
    fn who_was_let_in_outlasts_a_flood_of_failures() {
        let mut pairs = Pairs::within(0, 5);
        (0..150).for_each(|user| {
            pairs.meet(pairs.pair(1, user), Hit::No);
        });
        (0..20_000).for_each(|user| {
            pairs.meet(pairs.pair(2, user), Hit::Yes);
        });
        let known =
            (0..150).filter(|user| pairs.meet(pairs.pair(1, *user), Hit::No).0 == Meeting::Served).count();
        assert!(known > 140, "{known}");
    }
}
