//! Lines of the SOC log that are about ourselves: audit of what people and we did, health of the machinery.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::{ByteFates, Losses, Timestamp};

/// Somebody changed something: an operator, or we ourselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// When.
    pub at: Timestamp,
    /// Who: `operator:<uid>` or `sidewatch`.
    pub actor: CompactString,
    /// What was done, a stable verb such as `unblock`, `start`, `stop`, `gateway_resync`.
    pub act: CompactString,
    /// To what: a verdict id, a principal, a gateway's name.
    pub target: String,
    /// Anything else worth knowing, free of secrets.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// How the machinery does, written at a steady interval.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// When.
    pub at: Timestamp,
    /// Frames read since start.
    pub frames: u64,
    /// Frames of those that reached a flow: all but the losses that count frames.
    #[serde(default)]
    pub frames_used: u64,
    /// Captured bytes read since start.
    pub bytes: u64,
    /// What became of the payload bytes of those frames.
    #[serde(default)]
    pub fates: ByteFates,
    /// Calls judged since start.
    pub calls: u64,
    /// Calls of those that were incomplete.
    pub incomplete_calls: u64,
    /// What was missed since start, by name; names with zero left out.
    pub losses: Losses,
    /// Principals known now.
    pub principals: u64,
    /// Routes learnt.
    pub routes: u64,
    /// Verdicts in force now.
    pub verdicts_live: u64,
    /// Revocations not yet confirmed.
    pub deliveries_pending: u64,
    /// Resident memory of the process in bytes; 0 when unknown.
    pub memory_bytes: u64,
}
