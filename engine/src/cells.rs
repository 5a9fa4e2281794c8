//! Cells: the daily maxima of a detector among peers of one cohort and age in, the probability of a score among them out.
//! Never takes more than one vote of a principal a day.

use serde::{Deserialize, Serialize};

use crate::{
    age::Age,
    cohorts::Cohort,
    detect::{DETECTORS, Detector, Grounds, REGISTRY},
    snapshot::Settle,
    stats::{Calibrator, Kind, ville},
};

/// Bytes of a full cell.
const CELL_BYTES: usize = 13_000;
/// Votes from which a cell may contradict a detector's own theory.
const VOTES_SETTLED: u32 = 2_000;
/// A peer's highest score of a day is charged when at most one peer in this many has a day like it.
const CHARGED_BELOW: f64 = 1e-2;
/// Highest score of an e-process that is looked at, in nats.
const NATS_MAX: f32 = 64.0;
/// Votes above a score that say how rare it is.
const VOTES_ABOVE_MIN: f64 = 10.0;
/// Slowest fall of the tail beyond what was seen, per nat. Theory has 1.
const FALL_MIN: f64 = 0.5;
/// Cells that are fitted anew at a time, once a day each.
const REFITS: usize = 4;
/// Rows of peers: each cohort, and all callers with a credential together.
const ROWS: usize = Cohort::COUNT + 1;
const EVERYBODY: usize = Cohort::COUNT;

/// The daily maxima of all detectors, cohorts and ages.
#[derive(Serialize, Deserialize)]
pub(crate) struct Cells {
    cells: Vec<Option<Box<Cell>>>,
    made: usize,
    #[serde(skip)]
    made_max: usize,
    /// The day of the present fits, and the next cell to fit.
    day: u16,
    next: usize,
}

#[derive(Serialize, Deserialize)]
struct Cell {
    calibrator: Calibrator,
    /// From this score on a call is charged; infinite while there are too few votes.
    charged_from: f32,
    /// Of an e-process: the rarest score that is well attested, its probability, and how the tail falls from there.
    worst: Option<Worst>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Worst {
    score: f32,
    p: f64,
    fall: f64,
}

impl Cells {
    /// Cells that fit into about `bytes`.
    pub(crate) fn within(bytes: usize) -> Self {
        let cells = std::iter::repeat_with(|| None).take(DETECTORS * ROWS * Age::COUNT).collect();
        Self { cells, made: 0, made_max: bytes / CELL_BYTES, day: 0, next: usize::MAX }
    }

    /// Probability that a peer's highest score of a day is at least `score`; `None` while there are too few votes.
    pub(crate) fn p(&self, detector: Detector, cohort: Cohort, age: Age, score: f32) -> Option<f64> {
        let own = self.cell(detector, cohort.place(), age);
        let parent = self.cell(detector, EVERYBODY, age).filter(|_| cohort != Cohort::ADDRESSES);
        match REGISTRY[detector as usize].grounds {
            Grounds::Score => {
                let parents = parent.map(|parent| &parent.calibrator);
                let blank = Calibrator::new(Kind::Surprise);
                let own = own.map_or(&blank, |own| &own.calibrator);
                let p = own.p(score, parents);
                (p < 1.0).then_some(p)
            }
            // Peers contradict a theory only with what was seen: a few of them can never make it smaller.
            Grounds::Bound => {
                [own, parent].into_iter().flatten().find_map(|cell| cell.worst).map(|worst| worst.p(score))
            }
        }
    }

    /// Whether a score is rare enough among peers to be charged: seldom a peer's highest score of a day.
    pub(crate) fn is_rare(&self, detector: Detector, cohort: Cohort, age: Age, score: f32) -> bool {
        let own = self.cell(detector, cohort.place(), age).filter(|cell| cell.charged_from.is_finite());
        let parent = || self.cell(detector, EVERYBODY, age).filter(|_| cohort != Cohort::ADDRESSES);
        own.or_else(parent).is_some_and(|cell| score >= cell.charged_from)
    }

    /// Takes the highest score of one principal on one day; `vote` is a keyed hash of both.
    pub(crate) fn vote(&mut self, detector: Detector, cohort: Cohort, age: Age, vote: u64, score: f32) {
        self.learn(detector, cohort.place(), age, vote, score);
        if cohort != Cohort::ADDRESSES {
            self.learn(detector, EVERYBODY, age, vote, score);
        }
    }

    /// Empties the cells of a cohort whose place another one has taken.
    pub(crate) fn forget(&mut self, cohort: Cohort) {
        for spec in &REGISTRY {
            for age in [Age::New, Age::Young, Age::Settled, Age::Old] {
                let cell = self.cells.get_mut(place(spec.detector, cohort.place(), age));
                self.made -= usize::from(cell.and_then(Option::take).is_some());
            }
        }
    }

    /// Fits a few cells anew, each once a day.
    pub(crate) fn refit(&mut self, day: u16) {
        if day != self.day {
            (self.day, self.next) = (day, 0);
        }
        let mut fitted = 0;
        while fitted < REFITS && self.next < self.cells.len() {
            if let Some(cell) = &mut self.cells[self.next] {
                cell.refit();
                fitted += 1;
            }
            self.next += 1;
        }
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.made * CELL_BYTES
    }

    /// Votes behind the fit of a cell.
    #[cfg(test)]
    pub(crate) fn votes(&self, detector: Detector, cohort: Cohort, age: Age) -> u32 {
        self.cell(detector, cohort.place(), age).map_or(0, |cell| cell.calibrator.votes())
    }

    fn cell(&self, detector: Detector, row: usize, age: Age) -> Option<&Cell> {
        self.cells.get(place(detector, row, age))?.as_deref()
    }

    fn learn(&mut self, detector: Detector, row: usize, age: Age, vote: u64, score: f32) {
        let Some(cell) = self.cells.get_mut(place(detector, row, age)) else { return };
        if cell.is_none() {
            // The last quarter of the room is for everybody's cells: they stand in for all others.
            let room = if row == EVERYBODY { self.made_max } else { self.made_max / 4 * 3 };
            if self.made >= room {
                return;
            }
            self.made += 1;
        }
        cell.get_or_insert_with(|| Box::new(Cell::new(detector))).calibrator.learn(vote, score);
    }
}

impl Settle for Cells {
    fn settle(&mut self, fresh: Self) -> Option<()> {
        self.made_max = fresh.made_max;
        let made = self.cells.iter().flatten().count();
        (self.cells.len() == fresh.cells.len() && self.made == made).then_some(())
    }
}

fn place(detector: Detector, row: usize, age: Age) -> usize {
    (detector as usize * ROWS + row) * Age::COUNT + age as usize
}

impl Cell {
    fn new(detector: Detector) -> Self {
        let kind = match REGISTRY[detector as usize].grounds {
            Grounds::Bound => Kind::Evidence,
            Grounds::Score => Kind::Surprise,
        };
        Self { calibrator: Calibrator::new(kind), charged_from: f32::INFINITY, worst: None }
    }

    fn refit(&mut self) {
        self.calibrator.refit();
        let votes = self.calibrator.votes();
        if votes == 0 {
            return;
        }
        self.charged_from = self.score_at(CHARGED_BELOW, 1e30).unwrap_or(f32::INFINITY);
        if votes >= VOTES_SETTLED {
            let least = VOTES_ABOVE_MIN / f64::from(votes);
            self.worst = self.score_at(least, NATS_MAX).map(|score| {
                let p = self.calibrator.p(score, None);
                let fall = self
                    .score_at(CHARGED_BELOW, NATS_MAX)
                    .filter(|from| *from < score)
                    .map_or(1.0, |from| (self.calibrator.p(from, None) / p).ln() / f64::from(score - from));
                Worst { score, p, fall: fall.clamp(FALL_MIN, 1.0) }
            });
        }
    }

    /// The least score up to `max` that is at most as probable as `p`, by halving.
    fn score_at(&self, p: f64, max: f32) -> Option<f32> {
        let rare = |score: f32| self.calibrator.p(score, None) <= p;
        let mut least = 1.0 / 1_024.0;
        while !rare(least) {
            least *= 2.0;
            if least > max {
                return None;
            }
        }
        let mut common = 0.0;
        for _ in 0..20 {
            let middle = f32::midpoint(common, least);
            if rare(middle) { least = middle } else { common = middle }
        }
        Some(least)
    }
}

impl Worst {
    /// Theory's bound, raised to what was seen of the rarest scores and their fall.
    fn p(self, score: f32) -> f64 {
        let beyond = f64::from((score - self.score).max(0.0));
        let seen = if score < self.score { 0.0 } else { self.p * (-self.fall * beyond).exp() };
        ville(score).max(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uniform(n: u64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits")]
        let x = (crate::hash::mix(n, 5) >> 11) as f64;
        x / 9_007_199_254_740_992.0
    }

    fn learnt(scale: f64) -> Cells {
        let mut cells = Cells::within(1 << 20);
        for n in 0..6_000 {
            #[expect(clippy::cast_possible_truncation, reason = "a score")]
            let score = (-uniform(n).ln() * scale) as f32;
            cells.vote(Detector::Probing, Cohort::GLOBAL, Age::Old, crate::hash::mix(n, 9), score);
        }
        (0..20).for_each(|_| cells.refit(1));
        cells
    }

    #[test]
    fn peers_that_behave_as_theory_says_change_little() {
        let cells = learnt(1.0);
        let p = cells.p(Detector::Probing, Cohort::GLOBAL, Age::Old, 16.0).expect("settled");
        assert!(p >= ville(16.0) && p < 50.0 * ville(16.0), "{p}");
    }

    #[test]
    fn peers_that_are_worse_than_theory_says_make_it_less_sure() {
        let cells = learnt(1.8);
        let p = cells.p(Detector::Probing, Cohort::GLOBAL, Age::Old, 16.0).expect("settled");
        assert!(p > 1e-5, "{p}");
    }

    #[test]
    fn nothing_is_said_before_there_are_votes() {
        let cells = Cells::within(1 << 20);
        assert_eq!(cells.p(Detector::Probing, Cohort::GLOBAL, Age::Old, 16.0), None);
        assert!(!cells.is_rare(Detector::Probing, Cohort::GLOBAL, Age::Old, 1e9));
        assert_eq!(learnt(1.0).votes(Detector::Probing, Cohort::GLOBAL, Age::Old), 6_000);
    }
}
