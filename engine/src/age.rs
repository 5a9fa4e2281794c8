//! Ages of principals: first and present time in, the bracket of peers of like age out.

use model::Timestamp;
use serde::{Deserialize, Serialize};

/// How long a principal has been known. What is usual on a first day is not usual on the twentieth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Age {
    /// On its first day.
    #[default]
    New,
    /// One to three days.
    Young,
    /// Four to fourteen days.
    Settled,
    /// Fifteen days and more.
    Old,
}

impl Age {
    /// Brackets there are.
    #[allow(dead_code, reason = "for the tables of days")]
    pub(crate) const COUNT: usize = 4;

    /// The bracket on `day` of what was first seen on day `first`.
    pub(crate) fn of(first: u16, day: u16) -> Self {
        match day.saturating_sub(first) {
            0 => Self::New,
            1..=3 => Self::Young,
            4..=14 => Self::Settled,
            _ => Self::Old,
        }
    }
}

/// How far a deployment or a cohort has come in learning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Phase {
    /// The first 24 hours: scores count for nothing yet. What proves itself (decoys, strangers' objects, probing, password
    /// guessing) counts from the first call on.
    #[default]
    Observe,
    /// Up to the seventh day: scores may slow down and step up, not block.
    Warm,
    /// From the seventh day.
    Armed,
}

impl Phase {
    /// The phase at `now` of what began at `first`.
    pub(crate) fn of(first: Timestamp, now: Timestamp) -> Self {
        match now.since(first).as_secs() / 3_600 {
            0..=23 => Self::Observe,
            24..=167 => Self::Warm,
            _ => Self::Armed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_meet_without_gap() {
        let day = |n: i64| Timestamp::from_parts(n * 86_400, 0);
        let ages = [0, 1, 3, 4, 14, 15].map(|n| Age::of(100, 100 + n));
        assert_eq!(ages, [Age::New, Age::Young, Age::Young, Age::Settled, Age::Settled, Age::Old]);
        let phases = [0, 1, 6, 7].map(|n| Phase::of(day(0), day(n)));
        assert_eq!(phases, [Phase::Observe, Phase::Warm, Phase::Warm, Phase::Armed]);
    }
}
