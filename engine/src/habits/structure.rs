//! Which ways through the interface: what the detectors of this group keep of a subject and of everybody. Never judges.

pub(crate) mod functions;
pub(crate) mod ids;
pub(crate) mod kinds;
pub(crate) mod named;
pub(crate) mod rhythm;
pub(crate) mod sleep;
pub(crate) mod workflow;

use model::Pseudonyms;
use serde::{Deserialize, Serialize};

use crate::stats::{Excuse, Hit, Process};

/// Tries that what is usual for all counts for in a subject's own rate.
const USUAL_TRIES: f64 = 30.0;
/// A try that does not hit is weighed as if no more than this share were usual: a rate that is too high must not turn it
/// into evidence. Below the least rate of misbehaviour that is tried.
const MISS_RATE_MAX: f64 = 0.25;
/// From this rate on a try says nothing of a subject.
const COMMON: f64 = 0.5;
/// Evidence from which a call is charged, and up to which a subject shows others what is usual.
pub(crate) const CHARGED_FROM: f32 = 100.0;
pub(crate) const TEACHES_BELOW: f32 = 50.0;
/// Subjects of one habit before it is a practice, and the doubt that a small crowd deserves, in subjects.
const PRACTISED_MIN: f32 = 3.0;
const DOUBT: f32 = 100.0;
const PRACTICE_UNSEEN_POWER: i32 = 4;

/// Of one subject: which routes it takes and when. At most 640 bytes; 40 more in boxes for who tries functions of
/// others, and for who wakes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Own {
    pub(crate) functions: functions::Functions,
    pub(crate) ids: ids::Ids,
    pub(crate) rhythm: rhythm::Rhythm,
    pub(crate) sleep: sleep::Sleep,
    pub(crate) workflow: workflow::Workflow,
}

impl Own {
    /// A word of each part that most calls need.
    pub(crate) fn glance(&self) -> u64 {
        self.ids.glance() ^ self.functions.glance() ^ self.workflow.glance() ^ self.rhythm.glance()
    }
}

/// Of everybody.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shared {
    pub(crate) adoption: functions::Adoption,
    pub(crate) kinds: kinds::Kinds,
    pub(crate) newcomers: named::Newcomers,
    pub(crate) rhythms: rhythm::Rhythms,
    pub(crate) wakings: sleep::Wakings,
    pub(crate) workflows: workflow::Workflows,
}

impl Shared {
    /// Within about `bytes`; hash keys come from `names`.
    pub(crate) fn within(bytes: usize, _names: &Pseudonyms) -> Self {
        Self {
            adoption: functions::Adoption::within(bytes / 4),
            workflows: workflow::Workflows::within(bytes / 4),
            ..Self::default()
        }
    }

    /// Read from a snapshot: takes limits and keys from a fresh one, and checks itself. `None` when it contradicts itself.
    pub(crate) fn settle(&mut self, fresh: Self) -> Option<()> {
        self.adoption.settle(fresh.adoption)?;
        self.kinds.settle()?;
        self.newcomers.settle()?;
        self.rhythms.settle()?;
        self.workflows.settle(&fresh.workflows)
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.adoption.bytes()
            + self.kinds.bytes()
            + self.newcomers.bytes()
            + self.rhythms.bytes()
            + self.workflows.bytes()
    }
}

/// Weighs one try against what is usual for all and for the subject itself, which may be too high but not too low. While it
/// is not known what is usual for all, what a subject does is its habit.
pub(crate) fn weigh(process: &mut Process, hit: bool, usual: Option<f64>, day: u16) {
    match usual.map(|usual| own_rate(process, usual)) {
        Some(rate) if rate < COMMON => step(process, hit, rate, day),
        _ => process.accustom(if hit { Hit::Yes } else { Hit::No }, day),
    }
}

/// Weighs one try against a rate that may be too high but not too low.
fn step(process: &mut Process, hit: bool, rate: f64, day: u16) {
    let (hit, rate) = if hit { (Hit::Yes, rate) } else { (Hit::No, rate.min(MISS_RATE_MAX)) };
    process.step(hit, rate, day, Excuse::Slowly);
}

/// The rate that is usual for a subject: its own, drawn to that of all, and never below it, nor below that of its highest day.
fn own_rate(process: &Process, usual: f64) -> f64 {
    let (tries, hits) = process.counts();
    let own = (f64::from(hits) + USUAL_TRIES * usual) / (f64::from(tries) + USUAL_TRIES);
    own.max(usual).max(process.highest_share().into())
}

/// Share of other subjects that have a habit. While they are one or two it is set to half a subject in so many, to the fourth
/// power: a practice that exists is seldom that of one alone.
pub(crate) fn practised(count: f32, mine: bool, all: f32) -> f64 {
    let mine = f32::from(u8::from(mine));
    let others = count - mine;
    if others < PRACTISED_MIN {
        return 0.5 * f64::from((all - mine).max(0.0) + 1.0).powi(-PRACTICE_UNSEEN_POWER);
    }
    f64::from(others / (all + DOUBT))
}

/// Evidence against normal subjects of whom a known share does just this: no more than one over the share.
pub(crate) fn bounded(evidence: f32, share: f64) -> f64 {
    f64::from(evidence) / (1.0 + share * f64::from(evidence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_that_is_too_high_is_never_evidence() {
        for usual in [Some(0.01), Some(0.2), Some(0.4), Some(0.9), None] {
            let mut process = Process::default();
            (0..300).for_each(|n| weigh(&mut process, n % 101 == 100, usual, 1));
            assert!(process.strongest() < 40.0, "{usual:?}: {}", process.strongest());
        }
    }

    #[test]
    fn what_is_always_done_from_the_beginning_is_a_habit() {
        let mut process = Process::default();
        (0..60).for_each(|_| weigh(&mut process, true, None, 1));
        (0..300).for_each(|_| weigh(&mut process, true, Some(0.01), 2));
        assert!(process.strongest() < 1.0, "{}", process.strongest());
    }

    #[test]
    fn a_subject_weighs_no_more_than_it_should() {
        // The evidence of rare doings is in boxes.
        assert!(size_of::<Own>() <= 640, "{}", size_of::<Own>());
    }
}
