//! Findings: what one detector saw of one principal, with the evidence for a person to check.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::{CallRef, Principal, Timestamp, digest::hex_id};

/// A finding's id: a keyed hash of detector, principal and first evidence call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FindingId(pub u64);
hex_id!(FindingId, u64, 8);

/// One detector's suspicion of one principal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// When the call that completed it was judged.
    pub at: Timestamp,
    /// Who it is.
    pub id: FindingId,
    /// Stable name of the detector, such as `foreign_owner`.
    pub detector: CompactString,
    /// Whom it is about.
    pub principal: Principal,
    /// Probability that a normal principal shows this or worse on one day, 0 to 1.
    pub p: f64,
    /// What was expected, what was seen, and in which calls.
    pub evidence: Evidence,
    /// One plain sentence.
    pub reason: String,
}

/// What a judgement rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What is normal, for this principal or its peers, in plain words with its figure.
    pub expected: String,
    /// What was seen, in plain words with its figure.
    pub observed: String,
    /// The calls that led to it, oldest first, at most 20.
    pub calls: Vec<CallRef>,
}
