//! Habits: what is usual for one subject, and what is usual for everybody, by groups of detectors. Never judges.

pub(crate) mod content;
pub(crate) mod crowd;
pub(crate) mod structure;
pub(crate) mod volume;

use model::Pseudonyms;
use serde::{Deserialize, Serialize};

use crate::snapshot::Settle;

/// Calls from which a subject has habits.
pub(crate) const HABITS_FROM_CALLS: u32 = 3;

/// What is usual for one subject. Made with its third call; when memory is short, dropped after an hour or a day of idleness.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Habits {
    pub(crate) volume: volume::Own,
    pub(crate) structure: structure::Own,
    pub(crate) content: content::Own,
    pub(crate) crowd: crowd::Own,
}

impl Habits {
    /// A word of each group, to have it read from memory.
    pub(crate) fn glance(&self) -> u64 {
        self.volume.glance() ^ self.structure.glance() ^ self.crowd.glance()
    }
}

/// What is usual for everybody.
#[derive(Serialize, Deserialize)]
pub(crate) struct Shared {
    pub(crate) volume: volume::Shared,
    pub(crate) structure: structure::Shared,
    pub(crate) content: content::Shared,
    pub(crate) crowd: crowd::Shared,
}

impl Shared {
    /// Within about `bytes`, a quarter for each group.
    pub(crate) fn within(bytes: usize, names: &Pseudonyms) -> Self {
        Self {
            volume: volume::Shared::within(bytes / 4, names),
            structure: structure::Shared::within(bytes / 4, names),
            content: content::Shared::within(bytes / 4, names),
            crowd: crowd::Shared::within(bytes / 4, names),
        }
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.volume.bytes() + self.structure.bytes() + self.content.bytes() + self.crowd.bytes()
    }
}

impl Settle for Shared {
    fn settle(&mut self, fresh: Self) -> Option<()> {
        self.volume.settle(fresh.volume)?;
        self.structure.settle(fresh.structure)?;
        self.content.settle(fresh.content)?;
        self.crowd.settle(fresh.crowd)
    }
}
