//! Proofs: one distinct odd thing of a subject in, the evidence in the detector's own tally stepped. Never counts a day
//! without anything odd as nothing: it speaks for the subject.

use model::Timestamp;

use crate::{
    detect::Detector,
    scene::day_of,
    stats::{Excuse, Hit},
    subjects::{Mark, Subject},
};

/// Days without anything odd that count against a detector's own evidence; more make no difference.
const QUIET_DAYS_MAX: u16 = 30;

impl Mark {
    /// The probability when calls of lesser grade count too, of one that is `p` without them.
    pub(crate) fn unattested_p(&self, p: f64) -> f64 {
        if self.unattested > 0 { self.weak.p().min(p) } else { p }
    }
}

impl Subject {
    /// Steps the evidence that stands in a detector's own tally by one distinct odd thing; `rate` is the share of callers
    /// that show such a thing on a day. Days since the last one count as tries that did not hit.
    pub(crate) fn step_proof(&mut self, detector: Detector, rate: f64, day: u16, attested: bool) {
        let mark = self.mark_mut(detector);
        let last = if mark.last == Timestamp::ZERO { day } else { day_of(mark.last) };
        let from = last.max(day.saturating_sub(QUIET_DAYS_MAX));
        for process in [&mut mark.weak].into_iter().chain(attested.then_some(&mut mark.proof)) {
            (from..day).for_each(|quiet| process.step(Hit::No, rate, quiet, Excuse::Never));
            process.step(Hit::Yes, rate, day, Excuse::Never);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::tests::call;

    #[test]
    fn quiet_days_speak_for_a_subject() {
        let names = model::Pseudonyms::new([1; 16]);
        let odd_on = |days: [u16; 3]| {
            let mut subject = Subject::new(names.address([10, 0, 0, 1].into()), Timestamp::ZERO);
            for day in days {
                let mut call = call();
                call.ended_at = Timestamp::from_parts(i64::from(day) * 86_400, 0);
                subject.step_proof(Detector::Jwt, 0.05, day, true);
                subject.mark(Detector::Jwt, &call, None);
            }
            subject.marked(Detector::Jwt).map_or(0.0, |mark| mark.proof.evidence())
        };
        assert!(odd_on([100, 100, 100]) > 100.0 * odd_on([100, 110, 120]));
    }
}
