//! What is sent: what the detectors of this group keep of a subject and of everybody. Never judges.

mod doors;
mod forms;
pub(crate) mod places;
mod signatures;

use model::Pseudonyms;
use serde::{Deserialize, Serialize};

pub(crate) use doors::Doors;
pub(crate) use forms::{Forms, Oddest, key as form_key};
pub(crate) use places::Places;
pub(crate) use signatures::{Odd, Redeemed, Signatures};

use crate::snapshot::Settle;

/// Of one subject: which forms it has voted on today. 24 bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Own {
    day: u16,
    voted: [u64; 2],
}

impl Own {
    /// Whether this is its first vote of the day on `key`; now and then a second key passes for a known one.
    pub(crate) fn votes_on(&mut self, day: u16, key: u64) -> bool {
        if day != self.day {
            *self = Self { day, voted: [0; 2] };
        }
        let (word, bit) = ((key >> 6) as usize & 1, 1_u64 << (key & 63));
        let fresh = self.voted[word] & bit == 0;
        self.voted[word] |= bit;
        fresh
    }
}

/// Of everybody.
#[derive(Serialize, Deserialize)]
pub(crate) struct Shared {
    /// What requests of each route look like.
    pub(crate) forms: Forms,
    /// Where honest callers send what looks like an attack.
    pub(crate) places: Places,
    /// How tokens and heads look.
    pub(crate) signatures: Signatures,
    /// Which routes serve callers without a credential.
    pub(crate) doors: Doors,
}

impl Shared {
    /// Within about `bytes`; hash keys come from `names`.
    pub(crate) fn within(bytes: usize, _names: &Pseudonyms) -> Self {
        Self {
            forms: Forms::within(bytes / 10 * 8),
            places: Places::within(bytes / 10),
            signatures: Signatures::within(bytes / 10),
            doors: Doors::default(),
        }
    }

    /// Read from a snapshot: takes limits and keys from a fresh one, and checks itself. `None` when it contradicts itself.
    pub(crate) fn settle(&mut self, fresh: Self) -> Option<()> {
        self.forms.settle(fresh.forms)?;
        self.places.settle(fresh.places)?;
        self.signatures.settle(fresh.signatures)
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.forms.bytes() + self.places.bytes() + self.signatures.bytes() + self.doors.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_gets_one_vote_a_day() {
        let mut own = Own::default();
        assert!(own.votes_on(7, 5) && !own.votes_on(7, 5) && own.votes_on(7, 70) && own.votes_on(8, 5));
    }
}
