//! Failures and successes in, when to try again and whether the gateway counts as down out.
//! Time stays outside: it gives waits, not moments. Never waits longer than its cap.

use std::time::Duration;

/// Failures in a row after which a gateway counts as down.
const FAILURES_MAX: u32 = 5;
/// First wait.
const WAIT_MIN: Duration = Duration::from_millis(100);
/// Longest wait: a gateway that is back is found within this.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// What a success or failure changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The gateway counts as down from now on; every further try is a probe.
    Down,
    /// It is back.
    Up,
}

/// Exponential backoff with full jitter, and a breaker.
#[derive(Debug)]
pub(crate) struct Breaker {
    failures: u32,
    seed: u64,
}

impl Breaker {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { failures: 0, seed }
    }

    /// Whether the gateway counts as down.
    pub(crate) const fn is_open(&self) -> bool {
        self.failures >= FAILURES_MAX
    }

    /// Whether the last try failed.
    pub(crate) const fn is_failing(&self) -> bool {
        self.failures > 0
    }

    /// A try went well.
    pub(crate) fn succeed(&mut self) -> Option<Change> {
        let was_open = self.is_open();
        self.failures = 0;
        was_open.then_some(Change::Up)
    }

    /// A try failed: how long to wait.
    pub(crate) fn fail(&mut self) -> (Duration, Option<Change>) {
        self.failures = self.failures.saturating_add(1);
        let change = (self.failures == FAILURES_MAX).then_some(Change::Down);
        let ceiling = WAIT_MIN.saturating_mul(1 << self.failures.min(16)).min(WAIT_MAX);
        let span_us = u64::try_from(ceiling.saturating_sub(WAIT_MIN).as_micros()).unwrap_or(0);
        (WAIT_MIN + Duration::from_micros(self.random() % (span_us + 1)), change)
    }

    /// SplitMix64 (Steele, Lea, Flood 2014): spreads tries, guards nothing.
    const fn random(&mut self) -> u64 {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_open_it_and_one_success_closes_it() {
        let mut breaker = Breaker::new(1);
        let changes: Vec<_> = (0..7).map(|_| breaker.fail().1).collect();
        assert_eq!(changes, [None, None, None, None, Some(Change::Down), None, None]);
        assert_eq!(breaker.succeed(), Some(Change::Up));
        assert_eq!(breaker.succeed(), None);
    }

    #[test]
    fn waits_are_spread_and_never_beyond_the_cap() {
        let mut breaker = Breaker::new(2);
        let waits: Vec<_> = (0..200).map(|_| breaker.fail().0).collect();
        assert!(waits.iter().all(|wait| (WAIT_MIN..=WAIT_MAX).contains(wait)));
        assert!(waits.iter().any(|wait| *wait < WAIT_MAX / 2));
    }
}
