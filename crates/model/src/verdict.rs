//! Verdicts: what is to happen to a principal, for how long, and why.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::{Evidence, Principal, Timestamp, digest::hex_id};

/// A verdict's id: a keyed hash of principal, action and time. The same calls give the same id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerdictId(pub u128);
hex_id!(VerdictId, u128, 16);

/// What is to happen, in climbing order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Keep an eye on it.
    Observe,
    /// Tell a person.
    Notify,
    /// Slow it down.
    RateLimit,
    /// Make it prove again who it is.
    StepUp,
    /// Refuse it.
    Block,
}

impl Action {
    /// Every action, in climbing order.
    pub const ALL: [Self; 5] = [Self::Observe, Self::Notify, Self::RateLimit, Self::StepUp, Self::Block];

    /// The stable name used in all outputs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Notify => "notify",
            Self::RateLimit => "rate_limit",
            Self::StepUp => "step_up",
            Self::Block => "block",
        }
    }

    /// Whether a gateway has something to do.
    #[must_use]
    pub const fn is_enforceable(self) -> bool {
        matches!(self, Self::RateLimit | Self::StepUp | Self::Block)
    }
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether verdicts may reach a gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Nothing is enforced: no verdict goes beyond `notify`; `would` says what enforcement would have done.
    #[default]
    Monitor,
    /// Verdicts carry their full action and are delivered.
    Enforce,
}

/// What is to happen to one principal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// When it was reached: the end of the call that completed it.
    pub at: Timestamp,
    /// Who it is.
    pub id: VerdictId,
    /// What happens. In monitor mode at most `notify`.
    pub action: Action,
    /// What happens in enforce mode.
    pub would: Action,
    /// To whom.
    pub principal: Principal,
    /// 0-100: `-20 log10 p`. 60 is one in a thousand normal principal-days, 100 one in a hundred thousand or rarer.
    pub risk: u8,
    /// Probability that a normal principal shows this or worse on one day.
    pub p: f64,
    /// When it ends by itself.
    pub until: Timestamp,
    /// The detectors behind it, strongest first.
    pub detectors: Vec<CompactString>,
    /// Expected, observed and calls of the strongest detector.
    pub evidence: Evidence,
    /// What each detector adds, strongest first.
    pub contributions: Vec<Contribution>,
    /// One plain sentence.
    pub reason: String,
    /// What would show the verdict to be wrong, in one plain sentence.
    pub refuted_by: String,
    /// Which rail held the action below what the evidence asks for, if one did: `shared_address`, `never_block`, ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<CompactString>,
    /// The verdict on the same principal that this one replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<VerdictId>,
}

/// One detector's share in a verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    /// Stable name of the detector.
    pub detector: CompactString,
    /// Its probability under normal behaviour.
    pub p: f64,
    /// Share of the fused evidence, 0 to 1.
    pub share: f64,
    /// What was expected, in plain words.
    pub expected: String,
    /// What was seen, in plain words.
    pub observed: String,
}
