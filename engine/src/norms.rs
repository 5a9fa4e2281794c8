//! Norms: what the peers of a cohort use a day, in; what to expect of one of them, and how busy a day was for all, out.
//! Never one vote more for who uses more.

use serde::{Deserialize, Serialize};

use crate::{
    cohorts::Cohort,
    meters::{Amounts, Metric},
    stats::RatePrior,
    subjects::Subject,
    world::World,
};

/// Subjects that the norms of a night are learnt from.
const ROWS: usize = 3_000;
/// Finished days remembered.
const DAYS: usize = 8;
/// Active peers below which a day is like any other.
const ACTIVE_MIN: f32 = 20.0;
/// What one peer counts at most, in multiples of its own usual day.
const EACH_MAX: f32 = 3.0;
/// Weight of a day for what is typical.
const SPEED: f32 = 0.1;
/// Bounds of a day's strength.
const STRENGTH_BOUNDS: (f32, f32) = (0.25, 6.0);
/// Row of everybody with a credential.
const EVERYBODY: usize = Cohort::COUNT;

/// One list for each metric.
type Lists = [Vec<f32>; Metric::COUNT];

/// The norms of all cohorts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Norms {
    rows: Vec<Norm>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Norm {
    priors: Option<[RatePrior; Metric::COUNT]>,
    day: u16,
    /// Sum over the active peers of today's amounts, in multiples of their usual days.
    sums: Amounts,
    active: f32,
    /// What such a mean typically is; 0 before the first day.
    typical: Amounts,
    /// Strengths of the last days.
    strengths: [Amounts; DAYS],
}

impl Default for Norms {
    fn default() -> Self {
        Self { rows: vec![Norm::default(); EVERYBODY + 1] }
    }
}

impl Norms {
    /// What peers use; `None` before the first night.
    pub(crate) fn priors(&self, cohort: Cohort) -> Option<&[RatePrior; Metric::COUNT]> {
        let everybody = || self.rows.get(EVERYBODY).filter(|_| cohort != Cohort::ADDRESSES);
        let own = self.rows.get(cohort.place())?.priors.as_ref();
        own.or_else(|| everybody()?.priors.as_ref())
    }

    /// A peer with a usual day has its first call of the day.
    pub(crate) fn enter(&mut self, cohort: Cohort, day: u16) {
        if let Some(row) = self.rows.get_mut(cohort.place()) {
            row.roll(day);
            row.active += 1.0;
        }
    }

    /// Takes what a call added to a peer's day.
    #[inline]
    pub(crate) fn count(
        &mut self,
        cohort: Cohort,
        day: u16,
        more: &Amounts,
        today: &Amounts,
        unit: &Amounts,
    ) {
        let Some(row) = self.rows.get_mut(cohort.place()).filter(|row| row.day == day) else { return };
        for at in 0..Metric::COUNT {
            let left = EACH_MAX - (today[at] - more[at]) * unit[at];
            row.sums[at] += (more[at] * unit[at]).min(left).max(0.0);
        }
    }

    /// How busy a finished day was for all, 1 for an ordinary one.
    pub(crate) fn strength(&self, cohort: Cohort, metric: usize, day: u16) -> f32 {
        let Some(row) = self.rows.get(cohort.place()) else { return 1.0 };
        if row.day == day {
            return row.strength(metric);
        }
        let known = row.day > day && usize::from(row.day - day) < DAYS;
        let strength = row.strengths[usize::from(day) % DAYS][metric];
        if known && strength > 0.0 { strength } else { 1.0 }
    }

    /// Forgets a cohort whose place another one has taken.
    pub(crate) fn forget(&mut self, cohort: Cohort) {
        if let Some(row) = self.rows.get_mut(cohort.place()) {
            *row = Norm::default();
        }
    }

    /// Learns what peers use from their rates, and how those of one peer differ from day to day.
    fn learn(&mut self, place: usize, rates: &mut Lists, spreads: &mut Lists) {
        let Some(row) = self.rows.get_mut(place) else { return };
        let learnt: Vec<RatePrior> = rates
            .iter_mut()
            .zip(spreads)
            .filter_map(|(rates, spreads)| RatePrior::learnt(rates, spreads))
            .collect();
        if let Ok(priors) = learnt.try_into() {
            row.priors = Some(priors);
        }
    }

    /// Whether what was read makes sense.
    pub(crate) fn is_sound(&self) -> bool {
        self.rows.len() == EVERYBODY + 1
    }

    pub(crate) fn bytes(&self) -> usize {
        self.rows.len() * size_of::<Norm>()
    }
}

impl Norm {
    fn roll(&mut self, day: u16) {
        if day <= self.day {
            return;
        }
        let finished = std::array::from_fn(|metric| self.strength(metric));
        self.strengths[usize::from(self.day) % DAYS] = finished;
        // Days without anybody were like any other.
        for skipped in (self.day + 1..day).take(DAYS) {
            self.strengths[usize::from(skipped) % DAYS] = [1.0; Metric::COUNT];
        }
        if self.active >= ACTIVE_MIN {
            for (typical, sum) in self.typical.iter_mut().zip(self.sums) {
                let mean = sum / self.active;
                *typical += if *typical > 0.0 { SPEED * (mean - *typical) } else { mean };
            }
        }
        (self.day, self.sums, self.active) = (day, Amounts::default(), 0.0);
    }

    /// Of the present day, as far as it has come.
    fn strength(&self, metric: usize) -> f32 {
        if self.active < ACTIVE_MIN || self.typical[metric] <= 0.0 {
            return 1.0;
        }
        (self.sums[metric] / self.active / self.typical[metric]).clamp(STRENGTH_BOUNDS.0, STRENGTH_BOUNDS.1)
    }
}

impl World {
    /// Learns anew what peers use, once a night.
    pub(crate) fn learn_norms(&mut self) {
        let every = (self.subjects.len() / ROWS).max(1);
        let mut places: Vec<(Lists, Lists)> =
            std::iter::repeat_with(Default::default).take(EVERYBODY + 1).collect();
        for subject in self.subjects.rows().step_by(every).filter(|subject| teaches(subject)) {
            let Some(habits) = &subject.habits else { continue };
            let everybody = (subject.cohort != Cohort::ADDRESSES).then_some(EVERYBODY);
            for place in [Some(subject.cohort.place()), everybody].into_iter().flatten() {
                let Some((rates, spreads)) = places.get_mut(place) else { continue };
                for metric in Metric::ALL {
                    let (rate, spread) = habits.volume.meters.rate(metric);
                    rates[metric as usize].push(rate);
                    spreads[metric as usize].extend(spread);
                }
            }
        }
        for (place, (rates, spreads)) in places.iter_mut().enumerate() {
            self.shared.volume.norms.learn(place, rates, spreads);
        }
    }
}

fn teaches(subject: &Subject) -> bool {
    subject.teaches() && subject.calls >= 5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_that_is_busy_for_all_is_known_as_one() {
        let mut norms = Norms::default();
        let unit = [0.1; Metric::COUNT];
        for day in 1..10 {
            let times = if day == 9 { 2.0 } else { 1.0 };
            for _ in 0..40 {
                norms.enter(Cohort::GLOBAL, day);
                let amounts = [10.0 * times; Metric::COUNT];
                norms.count(Cohort::GLOBAL, day, &amounts, &amounts, &unit);
            }
        }
        assert!((norms.strength(Cohort::GLOBAL, 0, 9) - 2.0).abs() < 1e-3);
        assert!((norms.strength(Cohort::GLOBAL, 0, 8) - 1.0).abs() < 1e-3);
        assert!((norms.strength(Cohort::GLOBAL, 0, 1) - 1.0).abs() < 1e-3);
    }

    #[test]
    fn one_peer_makes_no_busy_day() {
        let mut norms = Norms::default();
        for day in 1..4 {
            for n in 0..30 {
                norms.enter(Cohort::GLOBAL, day);
                let amounts = [if n == 0 && day == 3 { 1e9 } else { 10.0 }; Metric::COUNT];
                norms.count(Cohort::GLOBAL, day, &amounts, &amounts, &[0.1; Metric::COUNT]);
            }
        }
        assert!(norms.strength(Cohort::GLOBAL, 0, 3) < 1.1);
    }
}
