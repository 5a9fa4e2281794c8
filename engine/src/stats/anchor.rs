//! Anchored baselines: a day's logarithm in, how far it lies above a level that cannot be boiled out. Never rises by more
//! than 0.3 % a day, however long it is pushed.

use serde::{Deserialize, Serialize};

/// What the anchor may rise and fall in a day, in logarithms; the rise also of one younger than four weeks.
const RISE_MAX: f32 = 0.003;
const FALL_MAX: f32 = 0.01;
const YOUNG_RISE_MAX: f32 = 0.01;
const YOUNG_DAYS: u8 = 28;
/// Days in which it may find its place freely.
const FREE_DAYS: u8 = 14;
/// Weight of a day for the recent level that the anchor follows. It follows no single days: at unequal speeds up and
/// down it would come to rest far below their middle.
const RECENT_SPEED: f32 = 0.03;
/// Weight of a day for the spread, and its bounds.
const SPREAD_SPEED: f32 = 0.03;
const SPREAD_BOUNDS: (f32, f32) = (0.15, 2.0);
/// A day counts as no more than this many standard deviations.
const WINSOR: f32 = 3.0;
/// Mean absolute deviation of a normal distribution, in standard deviations.
const ABSOLUTE: f32 = 0.797_884_6;

/// The level of one principal's days: 16 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Anchor {
    level: f32,
    /// Mean of recent days.
    recent: f32,
    /// Standard deviation of its days.
    spread: f32,
    /// Days taken, at most 255.
    days: u8,
}

impl Anchor {
    /// Takes the logarithm of one day's amount, calendar removed. Returns its standardised distance to the level before,
    /// less the level's own standard error; 0 in the first fortnight.
    pub(crate) fn step(&mut self, log: f32, peers_spread: f32) -> f32 {
        if !log.is_finite() {
            return 0.0;
        }
        let spread = if self.days == 0 { peers_spread } else { self.spread };
        let spread = spread.clamp(SPREAD_BOUNDS.0, SPREAD_BOUNDS.1);
        let reach = WINSOR * spread;
        let age = f32::from(self.days);
        self.days = self.days.saturating_add(1);
        if age < f32::from(FREE_DAYS) {
            // The running mean of the first days; none of them beyond the peers' reach.
            let near = if age < 1.0 { log } else { log.clamp(self.level - reach, self.level + reach) };
            self.level += (near - self.level) / (age + 1.0);
            (self.recent, self.spread) = (self.level, spread);
            return 0.0;
        }
        let distance = log - self.level;
        self.recent += RECENT_SPEED * (log - self.recent).clamp(-reach, reach);
        let rise = if self.days <= YOUNG_DAYS { YOUNG_RISE_MAX } else { RISE_MAX };
        self.level += (self.recent - self.level).clamp(-FALL_MAX, rise);
        let absolute = distance.abs().min(reach) / ABSOLUTE;
        self.spread = (spread + SPREAD_SPEED * (absolute - spread)).clamp(SPREAD_BOUNDS.0, SPREAD_BOUNDS.1);
        let doubt = if distance > 0.0 { 1.0 / age.sqrt() } else { 0.0 };
        distance / spread - doubt
    }

    /// Takes a new level as good: an operator said so, or the peers moved too.
    pub(crate) fn accept(&mut self, log: f32) {
        if log.is_finite() {
            (self.level, self.recent) = (log, log);
        }
    }

    /// The level, in logarithms.
    pub(crate) fn level(&self) -> f32 {
        self.level
    }

    /// Whether it has found its place.
    pub(crate) fn is_set(&self) -> bool {
        self.days >= FREE_DAYS
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            cusum::{Bank, Drifts},
            draws::Draws,
        },
        *,
    };

    const DRIFTS: Drifts<2> = Drifts { k: [0.4, 1.0], clip: 2.5 };

    /// The days on which evidence first passes `limit` when amounts grow by `factor` after 60 days.
    fn found(factor: f64, daily: f64, limit: f32, seed: u64) -> Option<u32> {
        let (mut draws, mut anchor, mut bank) = (Draws(seed), Anchor::default(), Bank::<2>::default());
        for day in 0..60 {
            let z = anchor.step((3.0 + 0.5 * draws.normal()) as f32, 0.5);
            if day >= 14 {
                bank.step(z, &DRIFTS);
            }
        }
        (0..120).find(|day| {
            let growth = factor.ln().min(daily.ln() * f64::from(day + 1));
            bank.step(anchor.step((3.0 + growth + 0.5 * draws.normal()) as f32, 0.5), &DRIFTS);
            bank.evidence(&DRIFTS) > limit
        })
    }

    #[test]
    fn slow_boiling_is_found_and_steadiness_is_not() {
        let quiet = (0..200).filter(|seed| found(1.0, 2.0, 14.0, *seed).is_some()).count();
        assert!(quiet <= 2, "{quiet}");
        let tripled =
            (0..50).filter(|seed| found(3.0, 1.03, 14.0, *seed).is_some_and(|day| day < 70)).count();
        assert!(tripled >= 48, "{tripled}");
    }

    /// What is taken beyond the usual in 120 days, in usual days' amounts, until evidence passes `limit`, when amounts grow by a
    /// part a day without end.
    fn won(daily: f64, limit: f32, seed: u64) -> f64 {
        let (mut draws, mut anchor, mut bank) = (Draws(seed), Anchor::default(), Bank::<2>::default());
        for day in 0..60 {
            let z = anchor.step((3.0 + 0.5 * draws.normal()) as f32, 0.5);
            if day >= 14 {
                bank.step(z, &DRIFTS);
            }
        }
        let mut won = 0.0;
        for day in 0..120 {
            let growth = daily.ln() * f64::from(day + 1);
            bank.step(anchor.step((3.0 + growth + 0.5 * draws.normal()) as f32, 0.5), &DRIFTS);
            if bank.evidence(&DRIFTS) > limit {
                break;
            }
            won += growth.exp() - 1.0;
        }
        won
    }

    #[test]
    fn a_slow_boil_wins_hardly_more_than_sixty_days_amounts() {
        for daily in [1.001, 1.002, 1.003, 1.004, 1.006, 1.008, 1.01, 1.015, 1.02, 1.03, 1.05, 1.1] {
            let mut won: Vec<f64> = (0..40).map(|seed| won(daily, 14.0, seed)).collect();
            won.sort_by(f64::total_cmp);
            assert!(won[20] <= 60.0 && won[36] <= 90.0, "{daily}: {} {}", won[20], won[36]);
        }
    }

    #[test]
    fn a_year_of_pushing_moves_it_by_no_more_than_its_speed() {
        let mut anchor = Anchor::default();
        (0..28).for_each(|_| _ = anchor.step(3.0, 0.5));
        (0..365).for_each(|_| _ = anchor.step(30.0, 0.5));
        assert!(anchor.level() < 3.0 + 365.0 * 0.003 + 0.01, "{}", anchor.level());
    }
}
