//! Votes: the end of a subject's day in, one vote for each detector's cell out. Never a vote of who is
//! surely a culprit.

use crate::{
    cohorts::COHORT_FROM_CALLS,
    detect::{Grounds, REGISTRY},
    hash::mix,
    subjects::Subject,
    world::World,
};

/// Callers that the kinds are learnt from.
const KINDS_ROWS: usize = 3_000;

impl World {
    /// Ends the day of a subject with its first call of another, and tells whether this is one: unless it is surely a culprit it votes with its day's highest scores.
    pub(crate) fn roll_over(&mut self, slot: usize, day: u16) -> bool {
        let before = self.subjects.at(slot).today.day;
        if before == day {
            return false;
        }
        if before != 0 {
            self.audit(slot);
            self.vote(slot);
        }
        self.close_day(slot, day);
        let subject = self.subjects.at_mut(slot);
        subject.today.begin(day);
        let (cohort, age) = (subject.cohort, subject.age(day));
        self.causes.enter(day, cohort, age);
        self.sample_ring(slot, day);
        // Evidence of former days is still there this morning.
        for spec in REGISTRY.iter().filter(|spec| spec.grounds == Grounds::Bound) {
            let subject = self.subjects.at(slot);
            let p = (spec.assess)(self, subject).p;
            if p < 1.0 {
                self.subjects.at_mut(slot).today.raise(spec.detector, nats(p));
            }
        }
        true
    }

    /// Finds the kinds of callers anew, from those that are known well enough and teach.
    pub(crate) fn discover_kinds(&mut self) {
        let known = |subject: &&Subject| {
            subject.principal.kind.is_credential() && subject.calls >= COHORT_FROM_CALLS && subject.teaches()
        };
        let every = (self.subjects.len() / KINDS_ROWS).max(1);
        let rows: Vec<_> =
            self.subjects.rows().step_by(every).filter(known).map(|row| row.profile.row()).collect();
        self.cohorts.discover(&rows, self.names.short(b"kinds", &[]));
    }

    fn vote(&mut self, slot: usize) {
        let subject = self.subjects.at(slot);
        self.budget.end_day(self.config.budget_false_blocks_per_million * 1e-6);
        if subject.today.condemned || !subject.is_peer() {
            return;
        }
        #[expect(clippy::cast_possible_truncation, reason = "a part of a keyed hash is a keyed hash")]
        let vote = mix(subject.principal.id.0 as u64, u64::from(subject.today.day));
        let (cohort, age) = (subject.cohort, subject.age(subject.today.day));
        for spec in &REGISTRY {
            self.cells.vote(spec.detector, cohort, age, vote, subject.today.peak(spec.detector));
        }
    }
}

/// A probability as a score: `-ln p`, 0 to 690.
#[expect(clippy::cast_possible_truncation, reason = "a score keeps seven digits")]
pub(crate) fn nats(p: f64) -> f32 {
    -p.clamp(1e-300, 1.0).ln() as f32
}
