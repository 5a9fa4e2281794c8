//! Counts against what is usual: how many today, how many on other days and among peers in, ln of the chance of so many
//! out. Gamma-Poisson with days of unequal strength (negative binomial). Never trusts a principal's own days alone.

use serde::{Deserialize, Serialize};

use super::special::ln_beta_regularised;

/// Own days that the peers' spread between days counts for.
const SPREAD_DAYS: f32 = 8.0;
/// Share of what is known that a day forgets.
const FORGET: f32 = 0.02;
/// What a day may teach at most, in multiples of what was expected; and below that many calls it may teach freely.
const WINSOR: f32 = 5.0;
const WINSOR_FREE: f32 = 10.0;
/// Exposure under which a day teaches nothing: too much of it was not seen.
const EXPOSURE_MIN: f32 = 0.8;
/// Bounds of the spread between days, 1/k of a gamma distribution: almost none to a hundredfold.
const SPREAD_BOUNDS: (f32, f32) = (0.02, 10.0);
/// Principals under which a cohort has no rates of its own.
const RATES_MIN: usize = 10;

/// What rates and spreads a cohort has: a gamma distribution of daily rates.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RatePrior {
    /// Shape and inverse scale, in counts per day.
    shape: f32,
    per_day: f32,
    /// Usual spread of one principal between its days, as 1/k.
    spread: f32,
}

/// What is usual for one principal: 12 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Usual {
    /// Counts, and the days in which they came, both slowly forgotten.
    total: f32,
    days: f32,
    /// Sum over days of the squared excess beyond Poisson, in squares of the expected count.
    excess: f32,
}

/// What to expect of a span.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Expected {
    /// Mean count.
    pub(crate) mean: f64,
    /// Size of the negative binomial: the smaller, the wilder.
    pub(crate) size: f64,
}

impl Default for RatePrior {
    /// Twenty a day, give or take a factor of five: for a cohort nobody has seen.
    fn default() -> Self {
        Self { shape: 0.6, per_day: 0.03, spread: 0.6 }
    }
}

impl RatePrior {
    /// From the daily rates of principals and their spreads, one of each per principal; the lists are sorted in place.
    /// Medians rule: neither a tenth of attackers nor a few partners move it. `None` for fewer than ten.
    pub(crate) fn learnt(rates: &mut [f32], spreads: &mut [f32]) -> Option<Self> {
        if rates.len() < RATES_MIN {
            return None;
        }
        for rate in rates.iter_mut() {
            *rate = rate.max(0.05).ln();
        }
        let middle = median(rates);
        for rate in rates.iter_mut() {
            *rate = (*rate - middle).abs();
        }
        let variance = (1.4826 * median(rates)).powi(2).clamp(0.05, 6.0);
        let shape = 1.0 / variance + 0.5;
        let mean = (middle + variance / 2.0).exp();
        let spread = if spreads.is_empty() { 0.6 } else { median(spreads) };
        Some(Self { shape, per_day: shape / mean, spread: spread.clamp(SPREAD_BOUNDS.0, SPREAD_BOUNDS.1) })
    }

    /// Mean rate per day.
    pub(crate) fn mean(&self) -> f32 {
        self.shape / self.per_day.max(1e-9)
    }
}

fn median(values: &mut [f32]) -> f32 {
    let middle = values.len() / 2;
    if values.is_empty() { 0.0 } else { *values.select_nth_unstable_by(middle, f32::total_cmp).1 }
}

impl Usual {
    /// Takes one whole day: its count, and its strength: the calendar's factor times the share of it that was seen.
    /// For unflagged principals alone.
    pub(crate) fn learn(&mut self, prior: &RatePrior, count: f32, strength: f32, exposure: f32) {
        let seen = strength * exposure;
        if exposure < EXPOSURE_MIN || !seen.is_finite() || seen <= 0.0 || !count.is_finite() {
            return;
        }
        let mean = (self.rate(prior) * seen).max(1e-3);
        let count = count.clamp(0.0, (WINSOR * mean).max(WINSOR_FREE));
        let kept = 1.0 - FORGET;
        let excess = ((count - mean).powi(2) - mean) / mean.powi(2).max(1.0);
        self.excess = self.excess * kept + excess.clamp(-1.0, SPREAD_BOUNDS.1);
        self.total = self.total * kept + count;
        self.days = self.days * kept + seen;
    }

    /// Takes a first day before anything is known of the peers.
    pub(crate) fn begin(&mut self, count: f32) {
        if count.is_finite() {
            *self = Self { total: count.max(0.0), days: 1.0, excess: 0.0 };
        }
    }

    /// Its own mean count of a day and spread between days, whatever the peers do; `None` before its first day.
    pub(crate) fn own(&self) -> Option<(f32, f32)> {
        (self.days > 0.5).then(|| (self.total / self.days, self.excess / self.days))
    }

    /// Counts per day to expect of it.
    pub(crate) fn rate(&self, prior: &RatePrior) -> f32 {
        let (shape, per_day) = self.posterior(prior);
        shape / per_day
    }

    /// Shape and inverse scale of what its rate may be. Its counts weigh less than under Poisson's law, for what differs
    /// between days does not average out within one.
    fn posterior(&self, prior: &RatePrior) -> (f32, f32) {
        let rate = (prior.shape + self.total) / (prior.per_day + self.days);
        let weight = 1.0 / (1.0 + self.spread(prior) * rate);
        (prior.shape + weight * self.total, prior.per_day + weight * self.days)
    }

    /// Its spread between days as 1/k, drawn to that of its peers.
    pub(crate) fn spread(&self, prior: &RatePrior) -> f32 {
        let spread = (SPREAD_DAYS * prior.spread + self.excess) / (SPREAD_DAYS + self.days);
        spread.clamp(SPREAD_BOUNDS.0, SPREAD_BOUNDS.1)
    }

    /// What to expect of a span of `strength` days: the sum of the calendar's factors over it, times the share seen.
    pub(crate) fn expect(&self, prior: &RatePrior, strength: f32) -> Expected {
        let (shape, per_day) = self.posterior(prior);
        let (spread, doubt) = (f64::from(self.spread(prior)), 1.0 / f64::from(shape.max(1e-6)));
        Expected {
            mean: (f64::from(shape / per_day) * f64::from(strength)).max(1e-6),
            size: 1.0 / (spread + doubt + spread * doubt),
        }
    }
}

impl Expected {
    /// ln of the chance of at least `count`: 0 at or below the mean, where nothing is odd. A third of a microsecond;
    /// ask anew only when a count has grown by a tenth.
    pub(crate) fn ln_p(&self, count: f64) -> f64 {
        if count.is_nan() || count <= self.mean || count < 0.5 {
            return 0.0;
        }
        ln_beta_regularised(self.mean / (self.mean + self.size), count, self.size)
    }

    /// Surprise at `count`, in nats: 0 at or below the mean.
    pub(crate) fn surprise(&self, count: f64) -> f32 {
        (-self.ln_p(count)).max(0.0) as f32
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::draws::Draws, *};

    #[test]
    fn a_cohort_is_learnt_from_its_middle() {
        let mut draws = Draws(1);
        let mut rates: Vec<f32> = (0..1_000).map(|_| (10.0 * draws.gamma(2.0)) as f32).collect();
        rates.extend([1e6; 50]);
        let prior = RatePrior::learnt(&mut rates, &mut []).expect("enough");
        assert!((15.0..30.0).contains(&prior.mean()), "{}", prior.mean());
        assert!((1.0..3.0).contains(&prior.shape), "{}", prior.shape);
    }

    #[test]
    fn crosses_about_as_often_as_it_says() {
        // Principals with gamma rates, days with gamma strength: the model's own world.
        let (mut draws, mut below, mut days) = (Draws(5), [0_u32; 2], 0_u32);
        let prior = RatePrior { shape: 1.5, per_day: 0.05, spread: 0.5 };
        for _ in 0..1_500 {
            let (rate, mut usual) = (draws.gamma(1.5) / 0.05, Usual::default());
            for _ in 0..60 {
                let strength = draws.gamma(2.0) / 2.0;
                let count = f64::from(draws.poisson(rate * strength));
                let p = usual.expect(&prior, 1.0).ln_p(count).exp();
                below[0] += u32::from(p <= 1e-2);
                below[1] += u32::from(p <= 1e-3);
                days += 1;
                usual.learn(&prior, count as f32, 1.0, 1.0);
            }
        }
        let ratios =
            [f64::from(below[0]) / f64::from(days) / 1e-2, f64::from(below[1]) / f64::from(days) / 1e-3];
        assert!((0.3..2.0).contains(&ratios[0]) && (0.2..3.0).contains(&ratios[1]), "{ratios:?}");
    }

    #[test]
    fn one_huge_day_teaches_little() {
        let (prior, mut usual) = (RatePrior::default(), Usual::default());
        (0..30).for_each(|_| usual.learn(&prior, 20.0, 1.0, 1.0));
        let before = usual.rate(&prior);
        usual.learn(&prior, 1e9, 1.0, 1.0);
        assert!(usual.rate(&prior) < 1.3 * before);
        let spoilt = usual;
        usual.learn(&prior, 1e9, 1.0, 0.5);
        assert_eq!(usual, spoilt);
    }

    proptest! {
        #[test]
        fn is_the_sum_of_the_negative_binomial(mean in 0.1_f64..30.0, size in 0.1_f64..20.0, count in 1_u32..80) {
            let expected = Expected { mean, size };
            let q = mean / (mean + size);
            let (mut term, mut below) = ((1.0 - q).powf(size), 0.0);
            for k in 0..count {
                below += term;
                term *= q * (f64::from(k) + size) / (f64::from(k) + 1.0);
            }
            if f64::from(count) > mean && below < 0.999_999 {
                let ln_p = expected.ln_p(f64::from(count));
                prop_assert!((ln_p - (1.0 - below).ln()).abs() < 1e-6, "{ln_p} {}", (1.0 - below).ln());
            }
        }

        #[test]
        fn huge_counts_are_no_trouble(mean in 1e-6_f64..1e12, size in 0.05_f64..50.0, count in 0.0_f64..1e15) {
            let expected = Expected { mean, size };
            let (near, far) = (expected.ln_p(count), expected.ln_p(count * 1.5));
            prop_assert!(near.is_finite() && far <= near + 1e-6 && near <= 0.0, "{near} {far}");
        }
    }
}
