//! Tiers: how strongly a verdict acts, in three steps that do not depend on the kind of principal.

use model::{Action, Verdict};
use serde::{Deserialize, Serialize};

/// Probability below which slowing down is as strong an answer as asking again.
const FIRM_BELOW: f64 = 1e-4;

/// How strongly a verdict acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Slowed down.
    Soft,
    /// Asked again who it is; or slowed down at `p < 1e-4`, where asking again would not help.
    StepUp,
    /// Refused.
    Block,
}

impl Tier {
    /// Every tier, in climbing order.
    pub const ALL: [Self; 3] = [Self::Soft, Self::StepUp, Self::Block];

    /// The tier of a verdict as it would be enforced; `None` when no gateway has anything to do.
    #[must_use]
    pub fn of(verdict: &Verdict) -> Option<Self> {
        match verdict.would {
            Action::Block => Some(Self::Block),
            Action::StepUp => Some(Self::StepUp),
            Action::RateLimit if verdict.p < FIRM_BELOW => Some(Self::StepUp),
            Action::RateLimit => Some(Self::Soft),
            Action::Notify | Action::Observe => None,
        }
    }
}
