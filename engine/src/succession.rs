//! Succession: a new credential of a known caller in; what of its forerunner's evidence, habits and peers goes on with it, out.

use crate::{
    strangers::Strangers,
    subjects::{Subject, Suspicion},
};

impl Subject {
    /// Goes on where the last session of its user stands: with its peers, its day and its evidence. Not with the places that it
    /// was used from: another session may be on another device.
    pub(crate) fn go_on(&mut self, last: &Self) {
        self.first = last.first;
        (self.cohort, self.profile) = (last.cohort, last.profile);
        self.today = last.today.clone();
        (self.foreign, self.probing) = (last.foreign, last.probing);
        self.votes.clone_from(&last.votes);
        self.visits.clone_from(&last.visits);
        self.air = last.air;
        // Whom somebody else may have met in its user's name does not count as a number.
        let kept = |suspicion: &Suspicion| Suspicion {
            strangers: Strangers::default(),
            ..suspicion.without_calls()
        };
        self.suspicion = last.suspicion.as_ref().map(|suspicion| Box::new(kept(suspicion)));
    }

    /// Takes over what its forerunner has shown, and its habits and its day; of the evidence the forerunner keeps its own
    /// copy for calls under way.
    pub(crate) fn inherit(&mut self, from: &mut Self) {
        self.first = from.first;
        (self.cohort, self.profile) = (from.cohort, from.profile);
        self.today = std::mem::take(&mut from.today);
        self.habits = from.habits.take();
        self.family = from.family;
        (self.user, self.user_id, self.proven) = (from.user, from.user_id, from.proven);
        (self.contradicts, self.unasked) = (from.contradicts, from.unasked);
        (self.foreign, self.probing) = (from.foreign, from.probing);
        self.places.clone_from(&from.places);
        self.votes.clone_from(&from.votes);
        self.visits.clone_from(&from.visits);
        self.air = from.air;
        self.companions = from.companions;
        if let Some(suspicion) = &from.suspicion {
            self.suspicion = Some(Box::new(suspicion.without_calls()));
        }
    }
}

impl Suspicion {
    /// The same, for another credential of the same caller.
    fn without_calls(&self) -> Self {
        Self {
            marks: self.marks.clone(),
            owners: self.owners.clone(),
            met: self.met,
            ways: self.ways.clone(),
            strangers: self.strangers,
            targets: self.targets.clone(),
            calls: Vec::new(),
        }
    }
}
