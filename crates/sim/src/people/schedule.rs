//! Schedules: a client's rate, phase and habits in; when it comes next out.

use crate::{
    SimConfig,
    rng::{Rng, nanos},
};

/// When a sort of client is awake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// At noon a little, most in the evening; more on weekends.
    Evening,
    /// Working hours of working days.
    Office,
    /// Small hours.
    Night,
    Always,
}

/// Quarters of an hour of a day.
const SLOTS: usize = 96;
const HOUR: f64 = 3_600.0;
const DAY: f64 = 86_400.0;

/// The days of a simulation and how busy each hour is.
#[derive(Debug)]
pub(crate) struct Clock {
    pub(crate) start: u64,
    pub(crate) days: u32,
    /// Shares of a day's visits up to the end of each slot.
    curves: [[f32; SLOTS]; 4],
}

impl Clock {
    pub(crate) fn new(config: &SimConfig, rng: &mut Rng) -> Self {
        let shape = |profile: Profile, hour: f64| -> f64 {
            let bump = |at: f64, width: f64| (-((hour - at) / width).powi(2)).exp();
            match profile {
                Profile::Evening => 0.04 + bump(8.0, 1.5) * 0.5 + bump(12.5, 2.0) * 0.6 + bump(20.0, 2.6),
                Profile::Office => 0.02 + bump(10.5, 2.2) + bump(15.0, 2.4) * 0.9 + bump(21.0, 1.6) * 0.12,
                Profile::Night => 0.1 + bump(2.5, 1.4) * 2.0 + bump(13.0, 3.0) * 0.4,
                Profile::Always => 1.0,
            }
        };
        let mut curves = [[0.0; SLOTS]; 4];
        let profiles = [Profile::Evening, Profile::Office, Profile::Night, Profile::Always];
        for (curve, profile) in curves.iter_mut().zip(profiles) {
            let shift = rng.unit() * 1.5 - 0.75;
            let mut sum = 0.0;
            for (at, slot) in (0_u8..).zip(curve.iter_mut()) {
                sum += shape(profile, f64::from(at) / 4.0 + shift).max(0.01);
                *slot = sum as f32;
            }
            curve.iter_mut().for_each(|slot| *slot /= sum as f32);
        }
        Self { start: config.start.as_nanos(), days: config.days, curves }
    }

    /// Day of a moment, counted from the first.
    pub(crate) fn day(&self, now: u64) -> u32 {
        u32::try_from(now.saturating_sub(self.start) / 86_400_000_000_000).unwrap_or(u32::MAX)
    }

    pub(crate) fn end(&self) -> u64 {
        self.start + u64::from(self.days) * 86_400_000_000_000
    }

    /// How busy a day of the week is; the first day of a simulation is a Monday if its start is.
    pub(crate) fn weekday(&self, day: u32, profile: Profile) -> f64 {
        // 1970-01-01 was a Thursday.
        let weekday = (self.start / 86_400_000_000_000 + u64::from(day) + 3) % 7;
        match (profile, weekday) {
            (Profile::Evening, 5 | 6) => 1.25,
            (Profile::Office, 5) => 0.2,
            (Profile::Office, 6) => 0.14,
            (Profile::Night, 6) => 0.6,
            _ => 1.0,
        }
    }

    /// The moment of a day at this share of its visits, for a client whose hours are shifted by `phase`.
    pub(crate) fn moment(&self, day: u32, profile: Profile, share: f64, phase: f64) -> u64 {
        let curve = &self.curves[profile as usize];
        let slot = curve.partition_point(|sum| f64::from(*sum) < share).min(SLOTS - 1);
        let before = if slot == 0 { 0.0 } else { f64::from(curve[slot - 1]) };
        let within = (share - before) / (f64::from(curve[slot]) - before).max(1e-9);
        let slot = f64::from(u8::try_from(slot).unwrap_or(0));
        let hour = (slot + within.clamp(0.0, 1.0)) / 4.0 + phase;
        self.start + nanos(f64::from(day) * DAY + hour.rem_euclid(24.0) * HOUR)
    }
}

/// How many visits a client pays on a day: log-normal between clients, gamma from day to day, idle days, and now and then
/// a day of eight days.
pub(crate) fn visits(mean: f64, is_steady: bool, rng: &mut Rng) -> u32 {
    if !is_steady && rng.chance(0.25) {
        return 0;
    }
    let shape = 1.5 + 0.5 * rng.unit();
    let mut factor = if is_steady { 0.85 + 0.3 * rng.unit() } else { rng.gamma(shape) };
    if rng.chance(0.001) {
        factor *= 8.0;
    }
    rng.poisson(mean * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_grow_with_their_share_and_stay_in_their_day() {
        let config = SimConfig { days: 3, ..SimConfig::default() };
        let clock = Clock::new(&config, &mut Rng::new(1, 1));
        for profile in [Profile::Evening, Profile::Office, Profile::Night, Profile::Always] {
            let times: Vec<u64> =
                (0..20).map(|n| clock.moment(1, profile, f64::from(n) / 20.0, 0.0)).collect();
            assert!(times.windows(2).all(|pair| pair[0] <= pair[1]), "{profile:?} {times:?}");
            assert!(times.iter().all(|time| clock.day(*time) == 1 || clock.day(*time) == 2), "{profile:?}");
        }
    }

    #[test]
    fn a_quarter_of_all_days_is_idle_and_tails_are_heavy() {
        let mut rng = Rng::new(1, 2);
        let days: Vec<u32> = (0..40_000).map(|_| visits(6.0, false, &mut rng)).collect();
        let idle = days.iter().filter(|n| **n == 0).count();
        assert!((10_000..13_500).contains(&idle), "{idle}");
        assert!(days.iter().any(|n| *n > 40));
    }
}
