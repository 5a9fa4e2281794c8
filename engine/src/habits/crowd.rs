//! Who acts together: what the detectors of this group keep of a subject and of everybody. Never judges.

pub(crate) mod pairs;
pub(crate) mod traits;
pub(crate) mod wave;

use model::Pseudonyms;
use serde::{Deserialize, Serialize};

/// Of one subject: whom it acts with. Nothing: members of a crowd seldom come thrice, and habits begin with the third call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Own {}

/// Of everybody.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shared {
    pub(crate) pairs: pairs::Pairs,
    pub(crate) wave: wave::Wave,
}

impl Shared {
    /// Within about `bytes`; hash keys come from `names`.
    pub(crate) fn within(bytes: usize, names: &Pseudonyms) -> Self {
        Self { pairs: pairs::Pairs::within(bytes / 2, names.short(b"pairs", &[])), ..Self::default() }
    }

    /// Read from a snapshot: takes limits and keys from a fresh one, and checks itself. `None` when it contradicts itself.
    pub(crate) fn settle(&mut self, fresh: &Self) -> Option<()> {
        self.pairs.settle(&fresh.pairs)?;
        self.wave.settle()
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.pairs.bytes() + self.wave.bytes()
    }
}
