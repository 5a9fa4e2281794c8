//! Failures of one address within ten minutes, as fail2ban's default jail counts them.

use std::collections::VecDeque;

use model::PrincipalId;

use super::{Baseline, View};
use crate::recent::Recent;

/// Addresses of one generation.
const ADDRESSES_MAX: usize = 200_000;
/// Seconds that a failure counts.
const FIND_TIME_S: u64 = 600;
/// Failures that ban.
const RETRIES: f32 = 5.0;
/// Failures remembered per address.
const FAILURES_MAX: usize = 512;

/// The rule.
pub(crate) struct Fail2ban(Recent<PrincipalId, VecDeque<u64>>);

impl Fail2ban {
    pub(crate) fn new() -> Self {
        Self(Recent::new(ADDRESSES_MAX))
    }
}

impl Baseline for Fail2ban {
    /// Failures in the window over those that ban.
    fn score(&mut self, view: &View<'_>) -> f32 {
        let failed = view.is_failed_login();
        if !failed && self.0.get(&view.address).is_none() {
            return 0.0;
        }
        let failures = self.0.row(view.address, VecDeque::new);
        while failures.front().is_some_and(|at| at + FIND_TIME_S < view.second) {
            failures.pop_front();
        }
        if failed && failures.len() < FAILURES_MAX {
            failures.push_back(view.second);
        }
        failures.len() as f32 / RETRIES
    }
}
