//! Summary: what was learnt, for people. Numbers in, plain values out. Never a credential.

use compact_str::CompactString;
use model::{Action, Losses, Timestamp};

use crate::{age::Phase, budget::Budget};

/// The engine at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Calls observed.
    pub calls: u64,
    /// Principals with a row.
    pub principals: u64,
    /// Learnt routes, by template, then method.
    pub routes: Vec<RouteSummary>,
    /// Live verdicts by action, in climbing order.
    pub live: Vec<(Action, u64)>,
    /// What was dropped.
    pub losses: Losses,
    /// Bytes held by the tables, to within a fifth.
    pub memory_bytes: usize,
    /// How far the deployment has come in learning.
    pub phase: Phase,
    /// The account of wrong blocks.
    pub budget: Budget,
}

/// One learnt route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteSummary {
    /// Method as sent.
    pub method: CompactString,
    /// Path with its ids replaced: `/orders/{int}`.
    pub template: CompactString,
    /// Calls seen.
    pub calls: u64,
    /// Distinct callers, estimated; good to a tenth up to about 1 500.
    pub principals: u64,
    /// Calls refused with a 4xx other than 401 and 407.
    pub errors: u64,
    /// End of its first call.
    pub first: Timestamp,
    /// End of its last call.
    pub last: Timestamp,
    /// Places of ids in the path, counted from 0.
    pub id_positions: Vec<usize>,
}
