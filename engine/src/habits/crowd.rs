//! Who acts together, and who acts in whose name: what the detectors of this group keep of a subject and of everybody.
//! Never judges.

pub(crate) mod contexts;
pub(crate) mod journeys;
pub(crate) mod newcomers;
pub(crate) mod openings;
pub(crate) mod origins;
pub(crate) mod pairs;
pub(crate) mod rings;
pub(crate) mod traits;
pub(crate) mod wave;

use model::Pseudonyms;
use serde::{Deserialize, Serialize};

use super::volume::Users;
use crate::detect::Taken;

/// Of one subject: where and with what it is used, and what it took as one of many newcomers. At most 500 bytes with its
/// boxes. Members of a crowd seldom come thrice, and habits begin with the third call: of their sign-ins nothing is kept here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Own {
    pub(crate) contexts: contexts::Contexts,
    pub(crate) taken: Taken,
}

impl Own {
    /// A word of each part that most calls need.
    pub(crate) fn glance(&self) -> u64 {
        self.contexts.glance()
    }
}

/// Of everybody.
#[derive(Serialize, Deserialize)]
pub(crate) struct Shared {
    pub(crate) pairs: pairs::Pairs,
    pub(crate) wave: wave::Wave,
    pub(crate) openings: openings::Openings,
    /// The last credential of each user that has contexts, by the names of sign-ins and of credentials.
    pub(crate) users: Users,
    pub(crate) newcomers: newcomers::Newcomers,
    pub(crate) origins: origins::Origins,
    pub(crate) journeys: journeys::Journeys,
    pub(crate) rings: rings::Rings,
}

impl Shared {
    /// Within about `bytes`; hash keys come from `names`.
    pub(crate) fn within(bytes: usize, names: &Pseudonyms) -> Self {
        Self {
            pairs: pairs::Pairs::within(bytes / 2, names.short(b"pairs", &[])),
            wave: wave::Wave::default(),
            openings: openings::Openings::default(),
            newcomers: newcomers::Newcomers::default(),
            origins: origins::Origins::default(),
            users: Users::within(bytes / 4),
            journeys: journeys::Journeys::within(bytes / 6),
            rings: rings::Rings::default(),
        }
    }

    /// Read from a snapshot: takes limits and keys from a fresh one, and checks itself. `None` when it contradicts itself.
    pub(crate) fn settle(&mut self, fresh: Self) -> Option<()> {
        self.pairs.settle(&fresh.pairs)?;
        self.newcomers.settle()?;
        self.wave.settle()?;
        self.origins.settle()?;
        self.rings.settle()?;
        self.users.settle(&fresh.users);
        self.journeys.settle(fresh.journeys)?;
        self.openings.settle(fresh.openings)
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.pairs.bytes()
            + self.wave.bytes()
            + self.openings.bytes()
            + self.users.bytes()
            + self.newcomers.bytes()
            + self.origins.bytes()
            + self.journeys.bytes()
            + self.rings.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_subject_is_small() {
        let boxed = size_of::<contexts::Guest>();
        assert!(size_of::<Own>() + boxed <= 500, "{} {boxed}", size_of::<Own>());
    }
}
