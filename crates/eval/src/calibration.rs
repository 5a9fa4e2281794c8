//! Calibration: the probabilities of honest principal-days in, how often each level was passed against how often it should
//! be, out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::interval::Share;

/// The levels at which nominal and observed rates are compared.
pub const LEVELS: [f64; 5] = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6];
/// Detector and cohort pairs told apart; further ones count under the cohort `other`.
const PAIRS_MAX: usize = 4_096;
/// The name of the fused probability among the detectors.
pub const FUSED: &str = "fused";

/// The probabilities of one principal at the end of one day.
#[derive(Clone, Debug, PartialEq)]
pub struct Day<'a> {
    /// The principals that it was made by are judged as one cohort.
    pub cohort: &'a str,
    /// The fused probability.
    pub p: f64,
    /// Each detector's probability by name.
    pub voices: &'a [(&'a str, f64)],
}

/// How often one detector passed each level on honest principal-days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Passed {
    /// Honest principal-days.
    pub days: u64,
    /// Of these, how many had a probability below each of [`LEVELS`].
    pub below: [u64; 5],
}

/// Counts by detector and cohort.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calibration(BTreeMap<String, BTreeMap<String, Passed>>);

impl Calibration {
    /// Takes in the day of an honest principal.
    pub fn day(&mut self, day: &Day<'_>) {
        self.count(FUSED, day.cohort, day.p);
        for (detector, p) in day.voices {
            self.count(detector, day.cohort, *p);
        }
    }

    /// Adds the counts of another run.
    pub fn add(&mut self, other: &Self) {
        for (detector, cohorts) in &other.0 {
            for (cohort, passed) in cohorts {
                let row = self.row(detector, cohort);
                row.days += passed.days;
                for (mine, more) in row.below.iter_mut().zip(passed.below) {
                    *mine += more;
                }
            }
        }
    }

    /// One row per detector over all cohorts, then one per detector and cohort; sorted.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for (detector, cohorts) in &self.0 {
            let mut all = Passed::default();
            for passed in cohorts.values() {
                all.days += passed.days;
                for (sum, more) in all.below.iter_mut().zip(passed.below) {
                    *sum += more;
                }
            }
            rows.push(Row::new(detector, "all", &all));
        }
        let each = self.0.iter().flat_map(|(detector, cohorts)| {
            cohorts.iter().map(|(cohort, passed)| Row::new(detector, cohort, passed))
        });
        rows.extend(each);
        rows
    }

    fn count(&mut self, detector: &str, cohort: &str, p: f64) {
        let row = self.row(detector, cohort);
        row.days += 1;
        for (below, level) in row.below.iter_mut().zip(LEVELS) {
            *below += u64::from(p < level);
        }
    }

    fn row(&mut self, detector: &str, cohort: &str) -> &mut Passed {
        let full = self.0.values().map(BTreeMap::len).sum::<usize>() >= PAIRS_MAX;
        if !self.0.contains_key(detector) {
            self.0.insert(detector.to_owned(), BTreeMap::new());
        }
        let cohorts = self.0.entry(detector.to_owned()).or_default();
        let name = if full && !cohorts.contains_key(cohort) { "other" } else { cohort };
        cohorts.entry(name.to_owned()).or_default()
    }
}

/// One detector in one cohort.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its name, or `fused`.
    pub detector: String,
    /// The cohort, or `all`.
    pub cohort: String,
    /// Honest principal-days.
    pub days: u64,
    /// Share of them below each of [`LEVELS`].
    pub observed: [Share; 5],
    /// Observed share divided by the level.
    pub ratio: [f64; 5],
}

impl Row {
    fn new(detector: &str, cohort: &str, passed: &Passed) -> Self {
        let observed = passed.below.map(|below| Share::new(below, passed.days));
        let ratio = std::array::from_fn(|at| observed[at].share / LEVELS[at]);
        Self { detector: detector.to_owned(), cohort: cohort.to_owned(), days: passed.days, observed, ratio }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calibrated_detector_passes_each_level_as_often_as_it_says() {
        let mut calibration = Calibration::default();
        for n in 0..10_000 {
            let p = f64::from(n) / 10_000.0;
            calibration.day(&Day {
                cohort: if n % 2 == 0 { "web" } else { "app" },
                p,
                voices: &[("volume", 1.0)],
            });
        }
        let rows = calibration.rows();
        let names: Vec<_> = rows.iter().map(|row| (row.detector.as_str(), row.cohort.as_str())).collect();
        assert_eq!(
            names,
            [
                ("fused", "all"),
                ("volume", "all"),
                ("fused", "app"),
                ("fused", "web"),
                ("volume", "app"),
                ("volume", "web")
            ]
        );
        assert_eq!(rows[0].observed.map(|share| share.hits), [100, 10, 1, 1, 1]);
        assert!((rows[0].ratio[0] - 1.0).abs() < 1e-9 && (rows[0].ratio[3] - 10.0).abs() < 1e-9);
        assert_eq!(rows[1].ratio, [0.0; 5]);
    }

    #[test]
    fn runs_add_up_and_cohorts_are_bounded() {
        let mut one = Calibration::default();
        for n in 0..PAIRS_MAX * 2 {
            one.day(&Day { cohort: &n.to_string(), p: 1.0, voices: &[] });
        }
        assert!(one.rows().len() <= PAIRS_MAX + 2);
        let mut sum = one.clone();
        sum.add(&one);
        assert_eq!(sum.rows()[0].days, one.rows()[0].days * 2);
    }
}
