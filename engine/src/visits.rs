//! Visits: what one caller did at each door, in; whether it serves others there by its work, out. Never takes a caller's word for
//! it on one day: who serves others comes back to do so.

use serde::{Deserialize, Serialize};

use crate::{age::Phase, subjects::Subject};

/// Doors at which a subject votes. It has no voice at further ones: a caller that forgot its votes could vote again.
const VISITS_MAX: usize = 24;
/// Distinct strangers at one door from which it may be a caller's work to serve others, and how many times it may come for its
/// own for each of them.
const SERVES_FROM: u8 = 6;
const OWN_PER_STRANGER: u32 = 4;
/// Days that must lie between the first stranger and the one that shows that it is its work.
const SERVES_AFTER_DAYS: u16 = 2;
/// How often somebody whose work it is touches a stranger's object.
const WORK_RATE: f64 = 0.95;

/// What one subject did at one door.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Visit {
    pub(crate) door: u64,
    /// Day of the first stranger met.
    since: u16,
    /// Votes that it cast, for its own and for strangers' objects.
    pub(crate) own: u8,
    pub(crate) foreign: u8,
    /// Distinct strangers met, and times that it came for its own; up to 255.
    met: u8,
    came: u8,
    pub(crate) shares: bool,
    pub(crate) serves: Serves,
}

/// Whether a caller serves others by its work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Serves {
    #[default]
    No,
    /// On trial: it does what those do whose work it is, in a deployment's first week. It counts until that is over.
    Trial,
    /// It has come back to do so on another day.
    Yes,
}

/// How far a caller and its deployment are known when it meets a stranger.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub(crate) phase: Phase,
    pub(crate) day: u16,
    /// Nothing is held against it.
    pub(crate) in_good_faith: bool,
    /// It has been known for days.
    pub(crate) known_for_days: bool,
}

impl Serves {
    /// Whether it counts in this phase.
    pub(crate) fn counts(self, phase: Phase) -> bool {
        match self {
            Self::No => false,
            Self::Trial => phase != Phase::Armed,
            Self::Yes => true,
        }
    }
}

impl Subject {
    /// What it did at a door, to be changed; none past the limit.
    pub(crate) fn visit_mut(&mut self, door: u64) -> Option<&mut Visit> {
        let at = self.visits.iter().position(|visit| visit.door == door);
        if at.is_none() && self.visits.len() < VISITS_MAX {
            self.visits.push(Visit { door, ..Visit::default() });
            return self.visits.last_mut();
        }
        self.visits.get_mut(at?)
    }

    pub(crate) fn visit(&self, door: u64) -> Visit {
        self.visits.iter().find(|visit| visit.door == door).copied().unwrap_or_default()
    }

    /// Deals with strangers' objects more than with its own, at all doors together.
    fn is_of_service(&self) -> bool {
        let sum =
            |count: fn(&Visit) -> u8| self.visits.iter().map(|visit| u32::from(count(visit))).sum::<u32>();
        // Each of them went through two doors.
        is_of_service(sum(|visit| visit.met) / 2, sum(|visit| visit.came) / 2)
    }

    /// Serves others at some door by its work, as far as is known.
    pub(crate) fn serves(&self, phase: Phase) -> bool {
        self.visits.iter().any(|visit| visit.serves.counts(phase))
    }

    /// What one more stranger at a door tells of its work: nothing yet, or what has turned out by it.
    pub(crate) fn serving(&self, visit: &Visit, standing: Standing) -> Serves {
        let of_service = self.is_of_service() || visit.is_of_service();
        if !standing.in_good_faith || !of_service {
            return visit.serves;
        }
        let since = self.visits.iter().filter(|visit| visit.met > 0).map(|visit| visit.since).min();
        let comes_back = since.is_some_and(|since| since + SERVES_AFTER_DAYS <= standing.day);
        match visit.serves {
            _ if comes_back && standing.known_for_days => Serves::Yes,
            Serves::No if standing.phase != Phase::Armed => Serves::Trial,
            serves => serves,
        }
    }
}

impl Visit {
    /// Came for something of its own.
    pub(crate) fn come(&mut self) {
        self.came = self.came.saturating_add(1);
    }

    /// Met a stranger that it had not met before.
    pub(crate) fn meet(&mut self, day: u16) {
        if self.met == 0 {
            self.since = day;
        }
        self.met = self.met.saturating_add(1);
    }

    /// Deals with strangers' objects more than with its own.
    pub(crate) fn is_of_service(&self) -> bool {
        is_of_service(self.met.into(), self.came.into())
    }

    /// How likely it is for one whose work it is to come for so much of its own: those who do so seldom are one of them.
    pub(crate) fn own_too(&self) -> f64 {
        (1.0 - WORK_RATE).powi(self.own.into())
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.own == 0 && self.foreign == 0 && self.met == 0
    }

    /// With what it did for its own only.
    pub(crate) fn without_strangers(self) -> Self {
        Self { door: self.door, own: self.own, came: self.came, ..Self::default() }
    }
}

fn is_of_service(met: u32, came: u32) -> bool {
    met >= u32::from(SERVES_FROM) && came <= met.saturating_mul(OWN_PER_STRANGER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(met: u8, came: u8) -> Visit {
        Visit { met, came, ..Visit::default() }
    }

    #[test]
    fn who_mostly_comes_for_its_own_serves_nobody() {
        assert!(visit(6, 0).is_of_service() && visit(9, 36).is_of_service());
        assert!(!visit(5, 0).is_of_service() && !visit(9, 200).is_of_service());
    }

    #[test]
    fn a_trial_ends_with_the_first_week() {
        assert!(Serves::Trial.counts(Phase::Observe) && Serves::Trial.counts(Phase::Warm));
        assert!(!Serves::Trial.counts(Phase::Armed) && Serves::Yes.counts(Phase::Armed));
    }

    #[test]
    fn a_visit_stays_small() {
        assert_eq!(size_of::<Visit>(), 16);
    }
}
