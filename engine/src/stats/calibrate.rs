//! Calibration: daily maxima of a statistic in, its probability on a normal principal's day out; one calibrator per
//! detector, cohort and age. Conformal in the bulk, a fitted tail beyond. Never follows an attacker who widens it slowly.

use serde::{Deserialize, Serialize};

use super::{
    maxima::Maxima,
    tail::{EXCESSES_FULL, Kind, Tail},
};

/// Votes below which it says nothing of its own.
const VOTES_MIN: u32 = 200;
/// Votes below which it goes no further than its own count, unless the parent agrees.
const VOTES_SETTLED: u32 = 2_000;
/// The tail begins where one vote in this many lies above.
const TAIL_ONE_IN: usize = 100;
/// Least probability that may be borrowed from the parent, or from theory, without votes of its own.
const BORROWED_MIN: f64 = 1e-4;
/// Steps of the bulk.
const KNOTS: usize = 64;

/// The calibration of one statistic for one kind of principal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Calibrator {
    kind: Kind,
    maxima: Maxima,
    fit: Option<Fit>,
}

/// What holds until the next refit.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Fit {
    votes: u32,
    /// (score, probability of at least it), scores rising.
    bulk: Vec<(f32, f32)>,
    median: f32,
    tail: Option<Tail>,
}

impl Calibrator {
    pub(crate) fn new(kind: Kind) -> Self {
        Self { kind, maxima: Maxima::default(), fit: None }
    }

    /// Takes one unflagged principal's largest score of one day. `vote` is a keyed hash of principal and day.
    pub(crate) fn learn(&mut self, vote: u64, score: f32) {
        self.maxima.push(vote, score);
    }

    /// Fits anew; once a day. Some 50 microseconds.
    pub(crate) fn refit(&mut self) {
        let votes = self.maxima.count();
        if votes < VOTES_MIN {
            return;
        }
        let sample = self.maxima.sample();
        let median = sample.get(sample.len() / 2).map_or(0.0, |(score, _)| *score);
        let mut tail = self.fitted_tail(votes);
        let before = self.fit.as_ref().filter(|before| before.votes >= VOTES_SETTLED);
        if let Some((old, middle)) = before.and_then(|before| Some((before.tail?, before.median))) {
            tail = Some(tail.map_or(old, |new| new.no_wider_than(&old, old.threshold() - middle)));
        }
        self.fit = Some(Fit { votes, bulk: bulk(&sample, votes), median, tail });
    }

    fn fitted_tail(&self, votes: u32) -> Option<Tail> {
        let largest = self.maxima.largest();
        let above = (votes as usize / TAIL_ONE_IN).max(EXCESSES_FULL);
        let threshold = *largest.get(above).or(largest.last())?;
        let mut excesses: Vec<f32> =
            largest.iter().map(|score| score - threshold).filter(|excess| *excess > 0.0).collect();
        excesses.reverse();
        Tail::fit(self.kind, threshold, &excesses, votes)
    }

    /// Probability of at least `score` on one day of a normal principal: above 0, at most 1. `parent` is the same
    /// statistic over all cohorts; it lets a small cohort go further, never less far.
    pub(crate) fn p(&self, score: f32, parent: Option<&Self>) -> f64 {
        if !score.is_finite() {
            return 1.0;
        }
        let parents = parent.and_then(|parent| parent.fit.as_ref()).filter(|fit| fit.votes >= VOTES_SETTLED);
        let borrowed = parents.map(|fit| fit.p(score));
        let Some(fit) = &self.fit else {
            return match (borrowed, self.kind) {
                (Some(p), _) => p.max(BORROWED_MIN),
                (None, Kind::Evidence) => ville(score).max(BORROWED_MIN),
                (None, Kind::Surprise) => 1.0,
            };
        };
        if fit.votes >= VOTES_SETTLED {
            return fit.p(score);
        }
        let own_limit = 1.0 / (f64::from(fit.votes) + 1.0);
        fit.p(score).max(own_limit.min(borrowed.unwrap_or(1.0)))
    }

    /// Votes behind the present fit; 0 before the first.
    pub(crate) fn votes(&self) -> u32 {
        self.fit.as_ref().map_or(0, |fit| fit.votes)
    }
}

impl Fit {
    fn p(&self, score: f32) -> f64 {
        let share = match &self.tail {
            Some(tail) if score > tail.threshold() => return tail.p(score),
            Some(tail) => tail.p(score),
            None => 1.0 / (f64::from(self.votes) + 1.0),
        };
        let knot = self.bulk.partition_point(|(from, _)| *from <= score);
        let p = knot.checked_sub(1).and_then(|at| self.bulk.get(at)).map_or(1.0, |(_, p)| f64::from(*p));
        p.max(share)
    }
}

/// Conformal probabilities at some scores of a sorted sample.
fn bulk(sample: &[(f32, f32)], votes: u32) -> Vec<(f32, f32)> {
    let total = votes as f32 + 1.0;
    let mut above = votes as f32;
    let every = (sample.len() / KNOTS).max(1);
    let mut knots: Vec<(f32, f32)> = Vec::with_capacity(KNOTS + 2);
    for (at, (score, weight)) in sample.iter().enumerate() {
        let new = knots.last().is_none_or(|(last, _)| last < score);
        // Denser towards the end, where it matters.
        if new && (at % every == 0 || sample.len() - at <= KNOTS / 2) {
            knots.push((*score, ((above + 1.0) / total).clamp(0.0, 1.0)));
        }
        above = (above - weight).max(0.0);
    }
    // Beyond all of them, however many share the largest.
    if let Some((largest, _)) = sample.last() {
        knots.push((largest.next_up(), 1.0 / total));
    }
    knots
}

/// Probability that evidence of this logarithm appears once by chance, whatever the data (Ville 1939).
pub(crate) fn ville(ln_evidence: f32) -> f64 {
    (-f64::from(ln_evidence)).exp().clamp(1e-18, 1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::draws::Draws, *};

    type Null = fn(&mut Draws) -> f64;

    const NULLS: [(&str, Null); 5] =
        [
            ("exponential", |draws| draws.exponential()),
            ("gamma", |draws| draws.gamma(2.5)),
            ("lognormal", |draws| (0.5 * draws.normal()).exp()),
            ("mixed", |draws| {
                if draws.uniform() < 0.97 { 0.3 * draws.exponential() } else { 2.0 * draws.exponential() }
            }),
            ("mostly nothing", |draws| if draws.uniform() < 0.9 { 0.0 } else { draws.exponential() }),
        ];

    fn learnt(kind: Kind, null: Null, seed: u64, votes: u32) -> (Calibrator, Draws) {
        let (mut draws, mut calibrator) = (Draws(seed), Calibrator::new(kind));
        for _ in 0..votes {
            calibrator.learn(draws.word(), null(&mut draws) as f32);
        }
        calibrator.refit();
        (calibrator, draws)
    }

    /// How often p falls to `level`, in multiples of `level`, over three million days and 24 calibrators.
    fn realised(kind: Kind, null: Null, level: f64, days: &[f32]) -> f64 {
        let mut below = 0;
        for seed in 0..24 {
            let (calibrator, _) = learnt(kind, null, seed, 20_000);
            below += days.len() - days.partition_point(|score| calibrator.p(*score, None) > level);
        }
        below as f64 / 24.0 / days.len() as f64 / level
    }

    fn days(null: Null) -> Vec<f32> {
        let mut draws = Draws(99);
        let mut days: Vec<f32> = (0..3_000_000).map(|_| null(&mut draws) as f32).collect();
        days.sort_unstable_by(f32::total_cmp);
        days
    }

    #[test]
    fn surprise_is_as_rare_as_it_says() {
        for (name, null) in NULLS {
            let days = days(null);
            for level in [1e-2, 1e-3, 1e-4] {
                let ratio = realised(Kind::Surprise, null, level, &days);
                assert!((0.5..=1.5).contains(&ratio), "{name} at {level}: {ratio}");
            }
        }
    }

    #[test]
    fn evidence_is_at_least_as_rare_as_it_says() {
        for (level, least) in [(1e-2, 0.9), (1e-3, 0.5), (1e-4, 0.25)] {
            let ratio = realised(Kind::Evidence, NULLS[0].1, level, &days(NULLS[0].1));
            // The scale is 1.2 times too wide on purpose.
            assert!((least..=1.2).contains(&ratio), "at {level}: {ratio}");
        }
    }

    #[test]
    fn few_votes_go_no_further_than_their_count() {
        let (calibrator, _) = learnt(Kind::Surprise, NULLS[0].1, 1, 150);
        assert!((calibrator.p(1e3, None) - 1.0).abs() < 1e-12);
        let (calibrator, _) = learnt(Kind::Surprise, NULLS[0].1, 1, 500);
        assert!((calibrator.p(1e3, None) - 1.0 / 501.0).abs() < 1e-12);
        let (calibrator, _) = learnt(Kind::Surprise, NULLS[0].1, 1, 6_000);
        assert!(calibrator.p(1e3, None) < 1e-8);
    }

    #[test]
    fn a_score_beyond_all_is_rare_even_if_all_were_alike() {
        let (calibrator, _) = learnt(Kind::Surprise, |_| 0.0, 1, 4_000);
        assert!((calibrator.p(0.0, None) - 1.0).abs() < 1e-6);
        assert!((calibrator.p(9.0, None) - 1.0 / 4_001.0).abs() < 1e-6);
    }

    #[test]
    fn a_parent_lets_a_small_cohort_go_further() {
        let (parent, _) = learnt(Kind::Surprise, NULLS[0].1, 1, 20_000);
        let (newborn, _) = learnt(Kind::Surprise, NULLS[0].1, 2, 20);
        assert!((newborn.p(100.0, Some(&parent)) - BORROWED_MIN).abs() < 1e-12);
        assert!(newborn.p(0.5, Some(&parent)) > 0.5);
        let (small, _) = learnt(Kind::Surprise, NULLS[0].1, 2, 500);
        assert!(small.p(100.0, Some(&parent)) < 1e-6);
        // A parent to whom the score is ordinary gives nothing.
        let (wild, _) = learnt(Kind::Surprise, |draws| 100.0 * draws.exponential(), 1, 20_000);
        assert!((small.p(100.0, Some(&wild)) - 1.0 / 501.0).abs() < 1e-12);
    }

    #[test]
    fn evidence_without_votes_is_bounded_by_theory() {
        let calibrator = Calibrator::new(Kind::Evidence);
        assert!((calibrator.p(5.0, None) - (-5.0_f64).exp()).abs() < 1e-9);
        assert!((calibrator.p(50.0, None) - BORROWED_MIN).abs() < 1e-12);
    }

    #[test]
    fn attackers_among_the_votes_do_not_hide_the_next() {
        let (mut calibrator, mut draws) = learnt(Kind::Surprise, NULLS[0].1, 1, 20_000);
        let clean = calibrator.p(30.0, None);
        for _ in 0..20 {
            calibrator.learn(draws.word(), 200.0);
        }
        calibrator.refit();
        let poisoned = calibrator.p(30.0, None);
        assert!(poisoned < 4.0 * clean, "{poisoned} {clean}");
        // Nor does a flood in one day: the tail widens by a fifth at most.
        for _ in 0..2_000 {
            calibrator.learn(draws.word(), 200.0);
        }
        calibrator.refit();
        assert!(calibrator.p(30.0, None) < 1e-5, "{}", calibrator.p(30.0, None));
    }

    #[test]
    fn order_within_a_day_changes_nothing() {
        let mut draws = Draws(3);
        let votes: Vec<(u64, f32)> = (0..5_000).map(|_| (draws.word(), draws.exponential() as f32)).collect();
        let (mut one, mut other) = (Calibrator::new(Kind::Surprise), Calibrator::new(Kind::Surprise));
        votes.iter().for_each(|(vote, score)| one.learn(*vote, *score));
        votes.iter().rev().for_each(|(vote, score)| other.learn(*vote, *score));
        one.refit();
        other.refit();
        let text = serde_json::to_string(&one).expect("serialises");
        assert_eq!(text, serde_json::to_string(&other).expect("serialises"));
        let restored: Calibrator = serde_json::from_str(&text).expect("reads back");
        assert_eq!(text, serde_json::to_string(&restored).expect("serialises"));
    }

    proptest! {
        #[test]
        fn stays_a_probability_that_falls_with_the_score(
            scores in proptest::collection::vec(-1e6_f32..1e6, 0..3_000),
            a in -1e7_f32..1e7,
            more in 0.0_f32..1e7,
            evidence in any::<bool>(),
        ) {
            let mut calibrator = Calibrator::new(if evidence { Kind::Evidence } else { Kind::Surprise });
            for (vote, score) in scores.iter().enumerate() {
                calibrator.learn(crate::hash::mix(vote as u64, 1), *score);
            }
            calibrator.refit();
            let (near, far) = (calibrator.p(a, None), calibrator.p(a + more, None));
            prop_assert!(0.0 < far && far <= near && near <= 1.0, "{} {}", near, far);
        }
    }
}
