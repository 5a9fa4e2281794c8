//! What a verdict's line needs so that the verdict can be reached again. Never a key, never a setting's value.

use model::{Digest, Timestamp};
use serde::{Deserialize, Serialize};

/// Under what a verdict was reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Version of the program.
    pub version: String,
    /// SHA-256 of the settings that judgements depend on, in one order.
    pub settings: Digest,
    /// Name of the key of all pseudonyms: a keyed hash, which gives nothing of the key away.
    pub key: String,
    /// The snapshot of learning from which the calls up to the verdict were judged; none when nothing was learnt before.
    pub learning: Option<LearningRef>,
}

/// A snapshot of learning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LearningRef {
    /// Its seal: the last eight bytes of the file in hex.
    pub id: String,
    /// The engine's time when it was taken: calls that ended later are judged from it.
    pub at: Timestamp,
}
