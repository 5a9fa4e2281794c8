//! The budget of wrong blocks: what was promised, what was spent, what turned out wrong. Never decides.

use serde::{Deserialize, Serialize};

/// The account of wrong blocks since the start of learning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// Days on which a principal made calls, summed over all principals.
    pub principal_days: u64,
    /// Wrong blocks that the promise allows for these days.
    pub allowed: f64,
    /// Wrong blocks to be expected of what was blocked: the sum of the blocks' probabilities, one per principal-day.
    pub expected: f64,
    /// Blocks asked for, each counted once while it lasts.
    pub blocks: u64,
    /// Blocks that a person confirmed.
    pub confirmed: u64,
    /// Blocks that a person took back, or that the blocked proved wrong.
    pub false_alarms: u64,
}

impl Budget {
    /// A principal's day has ended; `theta` is what it may cost.
    pub(crate) fn end_day(&mut self, theta: f64) {
        self.principal_days += 1;
        self.allowed += theta;
    }

    /// A new block of this probability.
    pub(crate) fn block(&mut self, p: f64) {
        self.blocks += 1;
        self.expected += p;
    }
}
