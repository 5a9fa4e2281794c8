//! Audit of days: how improbable each principal's day was in the end, for whoever measures the engine. Off unless asked
//! for; never part of a decision.

use model::PrincipalId;

use crate::{
    age::Age,
    cohorts::Cohort,
    detect::{DETECTORS, Detector, Grounds, REGISTRY},
    stats::ville,
    subjects::Subject,
    world::World,
};

/// Days held until they are taken; with more the latest are dropped.
const DAYS_MAX: usize = 4_096;

/// One principal's day, told when its next day begins. Principals that never come again are not told.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditedDay {
    /// Whose day.
    pub principal: PrincipalId,
    /// The group of peers that it was compared with: `everybody`, `addresses`, or a group's number.
    pub cohort: CohortName,
    /// Bracket of its age: under 1 day, 1 to 3, 4 to 14, 15 days and more.
    pub age: u8,
    /// The lowest fused probability of the day.
    pub p: f64,
    /// Each detector's probability, common causes not discounted; in the order of [`crate::detectors`].
    pub voices: [f64; DETECTORS],
}

/// The name of a group of peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CohortName(Cohort);

impl std::fmt::Display for CohortName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Cohort::GLOBAL => f.write_str("everybody"),
            Cohort::ADDRESSES => f.write_str("addresses"),
            Cohort(number) => write!(f, "group {number}"),
        }
    }
}

impl World {
    /// Writes a finished day down.
    pub(crate) fn audit(&mut self, slot: usize) {
        if !self.config.audit_days || self.audited.len() >= DAYS_MAX {
            return;
        }
        let subject = self.subjects.at(slot);
        let age = subject.age(subject.today.day);
        let day = AuditedDay {
            principal: subject.principal.id,
            cohort: CohortName(subject.cohort),
            age: age as u8,
            p: subject.today.least(),
            voices: self.day_voices(subject, age),
        };
        self.audited.push(day);
    }

    /// What each detector made of the highest scores of a day.
    fn day_voices(&self, subject: &Subject, age: Age) -> [f64; DETECTORS] {
        std::array::from_fn(|at| self.day_voice(subject, REGISTRY[at].detector, age))
    }

    /// What one detector made of the highest score of a day.
    pub(crate) fn day_voice(&self, subject: &Subject, detector: Detector, age: Age) -> f64 {
        let score = subject.today.peak(detector);
        let among_peers = self.cells.p(detector, subject.cohort, age, score);
        match REGISTRY[detector as usize].grounds {
            Grounds::Bound => ville(score).max(among_peers.unwrap_or(0.0)),
            Grounds::Score => among_peers.unwrap_or(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{Pseudonyms, Timestamp};

    use crate::{Engine, EngineConfig, scene::tests::call};

    fn days(audit_days: bool) -> Vec<super::AuditedDay> {
        let mut engine =
            Engine::new(EngineConfig { audit_days, ..EngineConfig::default() }, Pseudonyms::new([1; 16]));
        for day in 20_000..20_003 {
            let mut call = call();
            call.at = Timestamp::from_parts(day * 86_400, 0);
            call.ended_at = call.at;
            engine.observe(&call, &mut Vec::new());
        }
        engine.take_days()
    }

    #[test]
    fn a_finished_day_is_told_and_only_when_asked_for() {
        assert_eq!(days(false), []);
        let told = days(true);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told.iter().all(|day| (day.p - 1.0).abs() < 1e-9 && day.voices.iter().all(|p| *p > 0.5)));
        assert_eq!(told.iter().map(|day| day.age).collect::<Vec<_>>(), [0, 1]);
    }
}
