//! Amounts against what is usual: bytes of a day in, ln of the chance of so many out. Log-normal, drawn to the peers.
//! Never counts bytes one by one: their spread is in orders of magnitude.

use serde::{Deserialize, Serialize};

use super::special::ln_normal_above;

/// Own days that the peers' level, and their spread, count for.
const LEVEL_DAYS: f32 = 2.0;
const SPREAD_DAYS: f32 = 8.0;
const FORGET: f32 = 0.02;
/// A day may teach no more than this many standard deviations.
const WINSOR: f32 = 3.0;
/// Bounds of the standard deviation of a logarithm: ten percent to a factor of twenty.
const SPREAD_BOUNDS: (f32, f32) = (0.1, 3.0);

/// What amounts a cohort has, in natural logarithms.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AmountPrior {
    /// Mean of the principals' levels and their standard deviation.
    pub(crate) level: f32,
    pub(crate) between: f32,
    /// Standard deviation of one principal's days.
    pub(crate) within: f32,
}

/// What is usual for one principal: 12 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct UsualAmount {
    sum: f32,
    squares: f32,
    days: f32,
}

impl Default for AmountPrior {
    /// Some 20 kB a day, give or take a factor of ten.
    fn default() -> Self {
        Self { level: 10.0, between: 2.0, within: 1.0 }
    }
}

impl UsualAmount {
    /// Takes one day's amount of an unflagged principal.
    pub(crate) fn learn(&mut self, prior: &AmountPrior, amount: f64) {
        let (level, spread) = (self.level(prior), self.spread(prior));
        let log = ln(amount).clamp(level - WINSOR * spread, level + WINSOR * spread);
        let kept = 1.0 - FORGET;
        self.squares = self.squares * kept + (log - level).powi(2);
        self.sum = self.sum * kept + log;
        self.days = self.days * kept + 1.0;
    }

    /// Its usual level, in logarithms.
    pub(crate) fn level(&self, prior: &AmountPrior) -> f32 {
        (self.sum + LEVEL_DAYS * prior.level) / (self.days + LEVEL_DAYS)
    }

    /// Standard deviation of its days.
    pub(crate) fn spread(&self, prior: &AmountPrior) -> f32 {
        let variance = (self.squares + SPREAD_DAYS * prior.within.powi(2)) / (self.days + SPREAD_DAYS);
        variance.sqrt().clamp(SPREAD_BOUNDS.0, SPREAD_BOUNDS.1)
    }

    /// Standard deviations that `amount`, divided by the strength of its span, lies above its usual level; with few
    /// days the peers' spread counts too.
    pub(crate) fn z(&self, prior: &AmountPrior, amount: f64, strength: f32) -> f32 {
        let doubt = LEVEL_DAYS / (self.days + LEVEL_DAYS);
        let variance = self.spread(prior).powi(2) * (1.0 + 1.0 / (self.days + LEVEL_DAYS))
            + (prior.between * doubt).powi(2);
        (ln(amount) - self.level(prior) - strength.max(1e-3).ln()) / variance.sqrt()
    }

    /// Surprise at `amount`, in nats: 0 at or below the usual level.
    pub(crate) fn surprise(&self, prior: &AmountPrior, amount: f64, strength: f32) -> f32 {
        let z = f64::from(self.z(prior, amount, strength));
        if z <= 0.0 { 0.0 } else { (-ln_normal_above(z)) as f32 }
    }
}

fn ln(amount: f64) -> f32 {
    amount.clamp(0.0, 1e18).ln_1p() as f32
}

#[cfg(test)]
mod tests {
    use super::{super::draws::Draws, *};

    #[test]
    fn a_newcomer_is_judged_like_its_peers_and_an_old_hand_by_its_days() {
        let (mut draws, prior) = (Draws(1), AmountPrior::default());
        let mut usual = UsualAmount::default();
        assert!(usual.surprise(&prior, 3e5, 1.0) < 4.0);
        (0..40).for_each(|_| usual.learn(&prior, (9.0 + 0.3 * draws.normal()).exp()));
        assert!(usual.surprise(&prior, 3e5, 1.0) > 12.0);
        assert!(usual.surprise(&prior, 9_f64.exp(), 1.0) < 1.5);
    }

    #[test]
    fn half_a_day_is_held_to_half() {
        let (prior, mut usual) = (AmountPrior::default(), UsualAmount::default());
        (0..40).for_each(|_| usual.learn(&prior, 1e5));
        let (whole, half) = (usual.z(&prior, 2e5, 1.0), usual.z(&prior, 1e5, 0.5));
        assert!((whole - half).abs() < 1e-3);
    }

    #[test]
    fn crosses_about_as_often_as_it_says() {
        let (mut draws, mut below, mut days) = (Draws(5), 0_u32, 0_u32);
        let prior = AmountPrior { level: 10.0, between: 1.5, within: 0.8 };
        for _ in 0..2_000 {
            let (level, mut usual) = (10.0 + 1.5 * draws.normal(), UsualAmount::default());
            for _ in 0..40 {
                let amount = (level + 0.8 * draws.normal()).exp();
                below += u32::from(usual.surprise(&prior, amount, 1.0) > -(0.001_f32).ln());
                days += 1;
                usual.learn(&prior, amount);
            }
        }
        let ratio = f64::from(below) / f64::from(days) / 1e-3;
        assert!((0.3..2.0).contains(&ratio), "{ratio}");
    }
}
