//! How much: what the detectors of this group keep of a subject and of everybody. Never judges.

use model::Pseudonyms;
use serde::{Deserialize, Serialize};

/// Of one subject: how much it uses. At most 500 bytes with its boxes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Own {}

/// Of everybody.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shared {}

impl Shared {
    /// Within about `bytes`; hash keys come from `names`.
    pub(crate) fn within(_bytes: usize, _names: &Pseudonyms) -> Self {
        Self {}
    }

    /// Read from a snapshot: takes limits and keys from a fresh one, and checks itself. `None` when it contradicts itself.
    pub(crate) fn settle(&mut self, _fresh: Self) -> Option<()> {
        Some(())
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        0
    }
}
