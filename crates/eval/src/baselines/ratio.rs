//! The share of failed sign-ins of everybody, hour by hour, against its own past.

use super::{Baseline, View};

/// Sign-ins in an hour before its share says anything.
const TRIES_MIN: u32 = 20;
/// Hours of past before the rule speaks.
const HOURS_MIN: f64 = 5.0;

/// The rule.
#[derive(Default)]
pub(crate) struct Ratio {
    hour: u64,
    tries: u32,
    failures: u32,
    hours: f64,
    mean: f64,
    squares: f64,
}

impl Ratio {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    fn roll(&mut self, hour: u64) {
        if self.tries >= TRIES_MIN {
            self.hours += 1.0;
            let share = f64::from(self.failures) / f64::from(self.tries);
            let off = share - self.mean;
            self.mean += off / self.hours;
            self.squares += off * (share - self.mean);
        }
        (self.hour, self.tries, self.failures) = (hour, 0, 0);
    }
}

impl Baseline for Ratio {
    /// Standard deviations of this hour's share above the mean, for who just failed; nothing for anybody else.
    fn score(&mut self, view: &View<'_>) -> f32 {
        let hour = view.second / 3_600;
        if hour != self.hour {
            self.roll(hour);
        }
        if view.call.login.is_none() {
            return -1.0;
        }
        self.tries += 1;
        if !view.is_failed_login() {
            return -1.0;
        }
        self.failures += 1;
        if self.hours < HOURS_MIN || self.tries < TRIES_MIN {
            return -1.0;
        }
        let (tries, share) = (f64::from(self.tries), f64::from(self.failures) / f64::from(self.tries));
        let chance = self.mean * (1.0 - self.mean) / tries;
        let deviation = (self.squares / (self.hours - 1.0) + chance).sqrt().max(1e-3);
        ((share - self.mean) / deviation) as f32
    }
}
