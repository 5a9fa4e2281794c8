//! What rate is normal: (tries, hits) of many principals in, the predictive rate of one out. A grid with EM weights
//! (non-parametric maximum likelihood, Koenker and Mizera 2014). Never lets one principal vote twice.

use crate::{
    hash::{Tag, mix},
    snapshot::Settle,
};
use serde::{Deserialize, Serialize};

/// Rates of the grid.
const GRID: [f64; 10] = [3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.08, 0.2, 0.4, 0.65, 0.92];
/// A rate that nobody shows keeps this weight. More would cap the evidence at its logarithm.
const WEIGHT_MIN: f64 = 1e-7;
/// One vote per principal: its tag chooses its place, a newcomer on the same place replaces it.
const PLACES: usize = 2_048;
/// Fewer voters than this, and the shipped weights stand alone.
const VOTERS_MIN: usize = 50;
/// The shipped weights count as this many voters.
const SHIPPED_VOTERS: f64 = 100.0;
const EM_STEPS: usize = 20;
/// A place in the cache that no counts match.
const UNKNOWN: (f32, f32, f64) = (-1.0, -1.0, 1.0);

/// The population's rates.
#[derive(Serialize, Deserialize)]
pub(crate) struct Prior {
    shipped: [f64; 10],
    weights: [f64; 10],
    ln_rates: [(f64, f64); 10],
    votes: Vec<(f32, f32)>,
    is_learnt: bool,
    /// Rates computed before, by tries and hits: most principals share a few counts.
    #[serde(skip, default = "nothing_known")]
    known: Vec<(f32, f32, f64)>,
}

fn nothing_known() -> Vec<(f32, f32, f64)> {
    vec![UNKNOWN; PLACES]
}

impl Settle for Prior {
    fn settle(&mut self, _: Self) -> Option<()> {
        (self.votes.len() == PLACES).then_some(())
    }
}

impl Prior {
    /// Bytes held.
    pub(crate) const BYTES: usize = PLACES * (size_of::<(f32, f32)>() + size_of::<(f32, f32, f64)>());

    /// A prior that starts from `shipped` weights, one per rate of the grid.
    pub(crate) fn new(shipped: [f64; 10]) -> Self {
        let sum: f64 = shipped.iter().sum();
        let shipped = shipped.map(|weight| weight / sum);
        let ln_rates = GRID.map(|rate| (rate.ln(), (-rate).ln_1p()));
        Self {
            shipped,
            weights: shipped,
            ln_rates,
            votes: vec![(0.0, 0.0); PLACES],
            is_learnt: false,
            known: nothing_known(),
        }
    }

    /// The chance that the next try hits, for a principal with `hits` in `tries`.
    pub(crate) fn predictive(&mut self, tries: f32, hits: f32) -> f64 {
        let place = mix(u64::from(tries.to_bits()), u64::from(hits.to_bits())) as usize % PLACES;
        if (self.known[place].0, self.known[place].1) != (tries, hits) {
            self.known[place] = (tries, hits, self.rate(tries, hits));
        }
        self.known[place].2
    }

    /// The same once there are enough voters; `None` before.
    pub(crate) fn learnt(&mut self, tries: f32, hits: f32) -> Option<f64> {
        self.is_learnt.then(|| self.predictive(tries, hits))
    }

    /// The chance that a first try hits.
    pub(crate) fn usual(&self) -> f64 {
        self.rate(0.0, 0.0)
    }

    fn rate(&self, tries: f32, hits: f32) -> f64 {
        let (hits, misses) = (f64::from(hits), f64::from((tries - hits).max(0.0)));
        let mut ln_likelihoods = [0.0_f64; 10];
        let mut top = f64::NEG_INFINITY;
        for (slot, (ln_hit, ln_miss)) in ln_likelihoods.iter_mut().zip(self.ln_rates) {
            *slot = hits * ln_hit + misses * ln_miss;
            top = top.max(*slot);
        }
        let (mut sum, mut mean) = (0.0, 0.0);
        for ((ln, weight), rate) in ln_likelihoods.iter().zip(self.weights).zip(GRID) {
            let w = weight * (ln - top).exp();
            sum += w;
            mean += w * rate;
        }
        mean / sum
    }

    /// Takes the present count of one unsuspicious principal.
    pub(crate) fn vote(&mut self, who: Tag, tries: f32, hits: f32) {
        self.votes[who.0 as usize % PLACES] = (tries, hits);
    }

    /// Learns the weights anew from the votes; about half a millisecond.
    pub(crate) fn relearn(&mut self) {
        let voters: Vec<_> = self.votes.iter().filter(|(tries, _)| *tries >= 1.0).collect();
        if voters.len() < VOTERS_MIN {
            return;
        }
        let likelihoods: Vec<[f64; 10]> = voters
            .iter()
            .map(|(tries, hits)| {
                self.ln_rates.map(|(ln_hit, ln_miss)| {
                    (f64::from(*hits) * ln_hit + f64::from(tries - hits) * ln_miss).exp().max(1e-280)
                })
            })
            .collect();
        let mut weights = self.shipped;
        for _ in 0..EM_STEPS {
            let mut next = self.shipped.map(|weight| weight * SHIPPED_VOTERS);
            for row in &likelihoods {
                let sum: f64 = row.iter().zip(weights).map(|(like, weight)| like * weight).sum();
                for ((slot, like), weight) in next.iter_mut().zip(row).zip(weights) {
                    *slot += like * weight / sum;
                }
            }
            let sum: f64 = next.iter().sum();
            weights = next.map(|weight| (weight / sum).max(WEIGHT_MIN));
        }
        (self.weights, self.is_learnt) = (weights, true);
        self.known.fill(UNKNOWN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: [f64; 10] = [0.5, 0.3, 0.1, 0.05, 0.03, 0.01, 0.005, 0.001, 1e-5, 1e-6];

    #[test]
    fn a_newcomer_is_judged_like_its_peers() {
        let mut prior = Prior::new(SHIPPED);
        for who in 1..=1_000 {
            prior.vote(Tag(who), 50.0, 20.0);
        }
        let before = prior.predictive(0.0, 0.0);
        prior.relearn();
        let after = prior.predictive(0.0, 0.0);
        assert!(before < 0.01 && after > 0.3, "{before} {after}");
    }

    #[test]
    fn own_history_outweighs_the_population() {
        let mut prior = Prior::new(SHIPPED);
        assert!(prior.predictive(200.0, 40.0) > 0.15);
        assert!(prior.predictive(200.0, 0.0) < 0.003);
    }
}
