//! What is sent: what the detectors of this group keep of a subject and of everybody. Never judges.

use model::Pseudonyms;
use serde::{Deserialize, Serialize};

/// Of one subject: what its requests hold. At most 500 bytes with its boxes.
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

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        0
    }
}
