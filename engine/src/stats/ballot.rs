//! Ballots: what a principal taught today in, whether it may teach this too out. Never more than one vote per thing and
//! day, so that one caller can not teach a crowd's habits.

use serde::{Deserialize, Serialize};

use crate::hash::mix;

/// Bits set beyond which the day's votes are used up: half of them.
const BITS_MAX: u32 = 128;

/// Votes of one principal on one day: 40 bytes. May take a new thing for one voted on already, never the other way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ballot {
    bits: [u64; 4],
    day: u16,
}

impl Ballot {
    /// Whether `what`, a hash of the thing taught, may be taught today; the vote is then cast.
    pub(crate) fn cast(&mut self, day: u16, what: u64) -> bool {
        if day != self.day {
            *self = Self { day, bits: [0; 4] };
        }
        let place = mix(what, 0x0b) & 255;
        let (word, bit) = ((place >> 6) as usize, 1 << (place & 63));
        if self.bits[word] & bit != 0 || self.votes() >= BITS_MAX {
            return false;
        }
        self.bits[word] |= bit;
        true
    }

    fn votes(&self) -> u32 {
        self.bits.iter().map(|word| word.count_ones()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_vote_a_day_and_not_without_end() {
        let mut ballot = Ballot::default();
        assert!(ballot.cast(3, 7));
        assert!(!ballot.cast(3, 7));
        assert!(ballot.cast(4, 7));
        let cast = (0..10_000).filter(|what| ballot.cast(5, *what)).count();
        assert_eq!(cast, 128);
    }
}
