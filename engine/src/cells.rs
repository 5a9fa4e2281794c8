//! Cells: the daily maxima of a detector among peers of one cohort and age in, the probability of a score among them out.
//! Never takes more than one vote of a principal a day.

use crate::{age::Age, cohorts::Cohort, detect::Detector};

/// The daily maxima of all detectors, cohorts and ages.
#[derive(Default)]
pub(crate) struct Cells {}

impl Cells {
    /// Probability that a peer's highest score of a day is at least `score`; `None` while there are too few votes.
    pub(crate) fn p(&self, _detector: Detector, _cohort: Cohort, _age: Age, _score: f32) -> Option<f64> {
        None
    }

    /// Whether a score is rare enough among peers to be charged: seldom a peer's highest score of a day.
    pub(crate) fn is_rare(&self, _detector: Detector, _cohort: Cohort, _age: Age, _score: f32) -> bool {
        false
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        0
    }

    /// Takes the highest score of one principal on one day.
    pub(crate) fn vote(&mut self, _detector: Detector, _cohort: Cohort, _age: Age, _score: f32) {}
}
