//! Records: peaks of distinct peers in, the probability of a higher one out. For what may happen at the first call, before a
//! distribution can be fitted. Never raised by one peer alone, never by more than half a day.

use serde::{Deserialize, Serialize};

/// Peaks kept, of distinct peers.
const KEPT: usize = 4;
/// The peak compared with is the third highest: two of a kind cannot raise it.
const RANK: usize = 3;
/// What a day may raise a peak to, in multiples of the morning's.
const RISE: f32 = 1.5;
/// What is left of a peak after a day on which nobody reached it, and of the days it was the highest of: both in step with
/// the fall of the tail.
const KEPT_A_DAY: f32 = 0.99;
const DAYS_KEPT_A_DAY: f32 = KEPT_A_DAY * KEPT_A_DAY * KEPT_A_DAY;
/// Peers' days that may speak for how rare a record is. More would make a small excess over it a certainty.
const DAYS_MAX: f32 = 20_000.0;
/// Peers' days below which nothing can be said.
const DAYS_MIN: f32 = 200.0;
/// Fall of the tail beyond the peak, as the power of the multiple: a generalised Pareto tail of shape one third, as heavy
/// as any that calls have been seen to have.
const TAIL_POWER: i32 = 3;

/// The highest peaks of one kind: 44 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Records {
    /// Of whom and how high; 0 is nobody.
    top: [(u32, f32); KEPT],
    /// The peak compared with as it was this morning.
    morning: f32,
    day: u16,
    days: f32,
}

/// An amount in the present span of time: 8 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Span {
    bucket: u32,
    amount: f32,
}

impl Span {
    /// Adds an amount in bucket `bucket`, a time divided by the span; what comes late counts as now. The span's sum so far.
    #[inline]
    pub(crate) fn add(&mut self, bucket: u32, amount: f32) -> f32 {
        if bucket > self.bucket {
            *self = Self { bucket, amount: 0.0 };
        }
        self.amount += amount;
        self.amount
    }
}

impl Records {
    /// Whether too few days of peers are known for anything to be said.
    pub(crate) fn is_young(&self) -> bool {
        self.days < DAYS_MIN
    }

    /// Counts one peer's day.
    pub(crate) fn enter(&mut self) {
        self.days += 1.0;
    }

    /// Takes a peak of an unflagged peer; `least` is where peaks begin to be of interest.
    pub(crate) fn learn(&mut self, who: u32, peak: f32, day: u16, least: f32) {
        if !peak.is_finite() || who == 0 {
            return;
        }
        if day > self.day {
            let passed = i32::from((day - self.day).min(1_000));
            let kept = KEPT_A_DAY.powi(passed);
            self.top.iter_mut().for_each(|(_, peak)| *peak *= kept);
            if self.day > 0 {
                self.days *= DAYS_KEPT_A_DAY.powi(passed);
            }
            (self.day, self.morning) = (day, self.peak(0));
        }
        let bound = if self.days < DAYS_MIN { f32::MAX } else { RISE * self.morning.max(least) };
        let peak = peak.min(bound);
        if let Some(known) = self.top.iter_mut().find(|(known, _)| *known == who) {
            known.1 = known.1.max(peak);
        } else if let Some(lowest) = self.top.iter_mut().min_by(|a, b| a.1.total_cmp(&b.1))
            && lowest.1 < peak
        {
            *lowest = (who, peak);
        }
    }

    /// Forgets what a culprit has shown.
    pub(crate) fn forget(&mut self, who: u32) {
        self.top.iter_mut().filter(|(known, _)| *known == who).for_each(|top| *top = (0, 0.0));
    }

    /// The peak that others than `who` have reached: the third highest of them, or 0.
    pub(crate) fn peak(&self, who: u32) -> f32 {
        let mut peaks = self.top.map(|(known, peak)| if known == who { 0.0 } else { peak });
        peaks.sort_unstable_by(|a, b| b.total_cmp(a));
        peaks[RANK - 1]
    }

    /// Probability of a day with a peak of at least `times` the one that peers have reached; 1 while there are too few days.
    pub(crate) fn p(&self, times: f32) -> f64 {
        if self.days < DAYS_MIN { 1.0 } else { beyond(self.days, times) }
    }
}

/// The same after so many days of peers.
pub(crate) fn beyond(days: f32, times: f32) -> f64 {
    if times.is_nan() || times <= 1.0 {
        return 1.0;
    }
    let rank = RANK as f64;
    rank / (f64::from(days.clamp(0.0, DAYS_MAX)) + rank) / f64::from(times).powi(TAIL_POWER)
}

#[cfg(test)]
mod tests {
    use super::{super::draws::Draws, *};

    /// Records of days whose peaks are log-normal.
    fn learnt(days: u32, sigma: f64, draws: &mut Draws) -> Records {
        let mut records = Records::default();
        for n in 0..days {
            records.enter();
            let peak = (2.0 + sigma * draws.normal()).exp() as f32;
            records.learn(1 + n, peak, 1 + (n / 100) as u16, 1.0);
        }
        records
    }

    #[test]
    fn crosses_no_more_often_than_it_says() {
        let mut draws = Draws(3);
        for (sigma, level) in [(0.8, 1e-3), (1.2, 1e-3), (1.2, 1e-4)] {
            let mut crossed = 0;
            for _ in 0..40 {
                let records = learnt(3_000, sigma, &mut draws);
                for _ in 0..10_000 {
                    let peak = (2.0 + sigma * draws.normal()).exp() as f32;
                    crossed += u32::from(records.p(peak / records.peak(0)) < level);
                }
            }
            let ratio = f64::from(crossed) / 400_000.0 / level;
            assert!(ratio < 2.0, "{sigma} {level}: {ratio}");
        }
    }

    #[test]
    fn fifty_times_the_record_is_proof_and_twice_is_not() {
        let records = learnt(5_000, 1.0, &mut Draws(1));
        assert!(records.p(50.0) < 2e-8 && records.p(2.0) > 5e-5);
        assert!((learnt(100, 1.0, &mut Draws(1)).p(50.0) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn two_of_a_kind_raise_nothing_and_three_only_slowly() {
        let mut records = learnt(1_000, 0.5, &mut Draws(1));
        let before = records.peak(0);
        (0..50).for_each(|_| records.learn(5_001, 1e9, 40, 1.0));
        records.learn(5_002, 1e9, 40, 1.0);
        assert!(records.peak(0) <= 1.5 * before && records.peak(5_001) <= 1.5 * before);
        records.learn(5_003, f32::NAN, 40, 1.0);
        records.learn(5_003, 1e9, 40, 1.0);
        assert!(records.peak(0) <= 1.5 * before, "{} {before}", records.peak(0));
    }
}
