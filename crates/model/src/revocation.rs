//! Revocations: one verdict on its way to one gateway, and what became of it.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::{Action, Principal, Timestamp, VerdictId};

/// One verdict for one gateway. Idempotent: (gateway, principal) is the key, `verdict` the version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// The verdict it carries out.
    pub verdict: VerdictId,
    /// The gateway's name in the settings.
    pub gateway: CompactString,
    /// Whom it concerns.
    pub principal: Principal,
    /// What the gateway is to do.
    pub action: Action,
    /// When the gateway is to forget it.
    pub until: Timestamp,
    /// Deliveries tried so far.
    pub attempt: u32,
}

/// What became of a revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// In the ledger, not yet confirmed by the gateway.
    Pending,
    /// Confirmed by the gateway.
    Delivered,
    /// The gateway or its connector can not carry it out; it will not be tried again.
    Refused,
    /// Its time ran out; removed from the gateway where it had been delivered.
    Expired,
    /// Taken back by an operator or replaced by a newer verdict.
    Withdrawn,
    /// Dry run: written down, not sent.
    DryRun,
}

/// A change of state of a revocation, for the SOC log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// When the state changed.
    pub at: Timestamp,
    /// The revocation.
    #[serde(flatten)]
    pub revocation: Revocation,
    /// Its state from now on.
    pub state: DeliveryState,
    /// What the gateway said, shortened and free of secrets; empty when there is nothing to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}
