//! A subject's day: the highest score of each detector since midnight, and whether it did anything odd. Never more than
//! one vote a day.

use serde::{Deserialize, Serialize};

use crate::{
    detect::{DETECTORS, Detector, Set},
    threats::Looked,
    votes::nats,
};

/// What a subject showed today. Rolled over with its first call of the next day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Today {
    /// Days since the epoch; 0 before the first call.
    pub(crate) day: u16,
    /// Too unusual to teach anybody today: its fused probability fell below 1 in 1 000.
    pub(crate) flagged: bool,
    /// Too unusual even to count as a peer: it fell below what may be blocked.
    pub(crate) condemned: bool,
    /// Whether its addresses are on threat lists.
    pub(crate) looked: Looked,
    /// Detectors that found it rarer than 1 in 1 000 today, counted once in `Causes`.
    pub(crate) loud: Set,
    peaks: [f32; DETECTORS],
    /// The lowest fused probability of the day, as `-ln p`.
    unlikely: f32,
}

impl Today {
    /// The day's highest score.
    pub(crate) fn peak(&self, detector: Detector) -> f32 {
        self.peaks[detector as usize]
    }

    /// Takes a score; whether it is the day's highest so far. Scores that are no numbers count as nothing.
    pub(crate) fn raise(&mut self, detector: Detector, score: f32) -> bool {
        let peak = &mut self.peaks[detector as usize];
        let higher = score > *peak;
        if higher {
            *peak = score;
        }
        higher
    }

    /// Takes a fused probability.
    pub(crate) fn lower(&mut self, p: f64) {
        self.unlikely = self.unlikely.max(nats(p));
    }

    /// The lowest fused probability of the day; 1 when it was never judged.
    pub(crate) fn least(&self) -> f64 {
        (-f64::from(self.unlikely)).exp()
    }

    /// Forgets what it showed today.
    pub(crate) fn absolve(&mut self) {
        self.begin(self.day);
    }

    /// Begins a day with nothing shown.
    pub(crate) fn begin(&mut self, day: u16) {
        *self = Self { day, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_keeps_its_highest_score_and_a_new_day_begins_with_none() {
        let mut today = Today::default();
        today.begin(7);
        assert!(today.raise(Detector::Probing, 2.0));
        assert!(!today.raise(Detector::Probing, 1.0));
        assert!(!today.raise(Detector::Probing, f32::NAN));
        assert!((today.peak(Detector::Probing) - 2.0).abs() < 1e-6);
        today.begin(8);
        assert!(today.peak(Detector::Probing) < 1e-6);
    }
}
