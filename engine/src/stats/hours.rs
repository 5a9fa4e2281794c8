//! Hours: when calls came in, how unusual an hour is for a principal and how busy it is for a cohort out. UTC, with the
//! phase learnt from the calls themselves. Never a time zone.

use model::Timestamp;
use serde::{Deserialize, Serialize};

const HOURS: usize = 24;
const WEEK: usize = 168;
/// Votes that the cohort's hours count for in a principal's.
const PEERS_VOTES: f32 = 8.0;
/// Bounds of the calendar's factor.
const FACTOR_BOUNDS: (f32, f32) = (0.2, 5.0);
/// Weeks that an even week counts for.
const EVEN_WEEKS: f32 = 0.5;
/// Share of a weekday that is kept when the next of its kind comes: some seven weeks.
const KEPT: f32 = 0.87;

/// An hour of the week, from Monday 00:00 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WeekHour(u8);

impl WeekHour {
    pub(crate) fn of(at: Timestamp) -> Self {
        // 1970 began on a Thursday.
        Self(((at.as_secs() / 3_600 + 72) % WEEK as u64) as u8)
    }

    /// 0 to 23.
    pub(crate) fn hour(self) -> usize {
        usize::from(self.0) % HOURS
    }

    /// 0 for Monday to 6.
    pub(crate) fn weekday(self) -> usize {
        usize::from(self.0) / HOURS % 7
    }
}

/// When one principal calls: 31 bytes. One vote per hour and day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Profile {
    hours: [u8; HOURS],
    weekdays: [u8; 7],
}

impl Profile {
    /// Takes one active hour.
    pub(crate) fn learn(&mut self, when: WeekHour) {
        let (hour, weekday) = (&mut self.hours[when.hour()], &mut self.weekdays[when.weekday()]);
        (*hour, *weekday) = (hour.saturating_add(1), weekday.saturating_add(1));
        if *hour == u8::MAX || *weekday == u8::MAX {
            self.hours = self.hours.map(|votes| votes / 2);
            self.weekdays = self.weekdays.map(|votes| votes / 2);
        }
    }

    /// How much less usual the hour is for this principal than for its peers, as ln of the ratio: 0 without votes.
    pub(crate) fn log_odds(&self, when: WeekHour, peers: &Calendar) -> f32 {
        let votes: f32 = self.hours.iter().map(|votes| f32::from(*votes)).sum();
        let at = when.hour();
        // A neighbouring hour is half as good: people are no clocks.
        let near = |hour: usize| f32::from(self.hours[hour % HOURS]);
        let own = 0.5 * near(at) + 0.25 * (near(at + 1) + near(at + HOURS - 1));
        let usual = peers.hour_share(at);
        let share = (own + PEERS_VOTES * usual) / (votes + PEERS_VOTES);
        (usual / share.max(1e-6)).max(1e-6).ln()
    }

    /// Hours of the day in which it calls at all, 0 to 24: near 24 is no person.
    pub(crate) fn duty(&self) -> usize {
        self.hours.iter().filter(|votes| **votes > 0).count()
    }
}

/// How busy each hour of the week is for a cohort.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Calendar {
    /// Calls per hour of the week, and days seen of each weekday, both slowly forgotten.
    calls: Vec<f32>,
    days: [f32; 7],
    /// What follows from them; learnt once a day.
    factors: Vec<f32>,
    shares: [f32; HOURS],
}

impl Default for Calendar {
    fn default() -> Self {
        Self {
            calls: vec![0.0; WEEK],
            days: [0.0; 7],
            factors: vec![1.0; WEEK],
            shares: [1.0 / HOURS as f32; HOURS],
        }
    }
}

impl Calendar {
    /// Takes one whole day: calls per active principal in its 24 hours, so that one caller or a growing cohort
    /// changes little.
    pub(crate) fn learn(&mut self, weekday: usize, hours: &[f32; HOURS]) {
        let weekday = weekday % 7;
        if hours.iter().any(|calls| !calls.is_finite() || *calls < 0.0) {
            return;
        }
        self.calls.resize(WEEK, 0.0);
        for (slot, calls) in self.calls[weekday * HOURS..][..HOURS].iter_mut().zip(hours) {
            *slot = *slot * KEPT + calls;
        }
        self.days[weekday] = self.days[weekday] * KEPT + 1.0;
        self.refit();
    }

    fn refit(&mut self) {
        let days: f32 = self.days.iter().sum();
        let by_hour: [f32; HOURS] =
            std::array::from_fn(|hour| (0..7).map(|day| self.calls[day * HOURS + hour]).sum::<f32>() / days);
        let mean = (by_hour.iter().sum::<f32>() / HOURS as f32).max(1e-6);
        self.factors.resize(WEEK, 1.0);
        for (at, factor) in self.factors.iter_mut().enumerate() {
            let (usual, seen) = (by_hour[at % HOURS], self.days[at / HOURS % 7]);
            let level = (self.calls[at] + EVEN_WEEKS * usual) / (seen + EVEN_WEEKS);
            *factor = (level / mean).clamp(FACTOR_BOUNDS.0, FACTOR_BOUNDS.1);
        }
        // No hour is out of the question: a tenth is spread evenly.
        self.shares = by_hour.map(|calls| (0.9 * calls / mean + 0.1) / HOURS as f32);
    }

    /// How many times busier than a mean hour: 0.2 to 5.
    pub(crate) fn factor(&self, when: WeekHour) -> f32 {
        self.factors.get(usize::from(when.0)).copied().unwrap_or(1.0)
    }

    /// Strength of the `hours` that begin with `first`, in mean days: 1 for a mean day.
    pub(crate) fn strength(&self, first: WeekHour, hours: u8) -> f32 {
        let sum: f32 = (0..hours)
            .map(|ahead| self.factor(WeekHour(((u16::from(first.0) + u16::from(ahead)) % 168) as u8)))
            .sum();
        sum / HOURS as f32
    }

    /// Share of the cohort's calls in one hour of the day; above 0.
    pub(crate) fn hour_share(&self, hour: usize) -> f32 {
        self.shares.get(hour % HOURS).copied().unwrap_or(1.0 / HOURS as f32).max(1e-4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Days of offices: busy from 8 to 18 on weekdays.
    fn offices() -> Calendar {
        let mut calendar = Calendar::default();
        for day in 0..28 {
            let busy = |hour: usize| (8..18).contains(&hour) && day % 7 < 5;
            calendar.learn(day % 7, &std::array::from_fn(|hour| if busy(hour) { 50.0 } else { 2.0 }));
        }
        calendar
    }

    #[test]
    fn knows_the_week() {
        assert_eq!(WeekHour::of(Timestamp::from_parts(0, 0)).weekday(), 3);
        let monday_noon: Timestamp = "2026-02-02T12:34:56Z".parse().expect("a time");
        let when = WeekHour::of(monday_noon);
        assert_eq!((when.weekday(), when.hour()), (0, 12));
        let calendar = offices();
        assert!(calendar.factor(when) > 2.5);
        assert!(calendar.factor(WeekHour(5 * 24 + 12)) < 0.7);
        assert!(calendar.strength(WeekHour(0), 24) > 2.0 * calendar.strength(WeekHour(6 * 24), 24));
    }

    #[test]
    fn a_weekday_never_seen_is_like_the_others() {
        let mut calendar = Calendar::default();
        calendar.learn(0, &std::array::from_fn(|hour| if hour < 12 { 1.0 } else { 9.0 }));
        assert!(calendar.factor(WeekHour(50)) < 0.5 && calendar.factor(WeekHour(3 * 24 + 13)) > 1.5);
    }

    #[test]
    fn night_is_odd_for_who_works_by_day_and_not_for_a_newcomer() {
        let (calendar, mut profile) = (Calendar::default(), Profile::default());
        let night = WeekHour(3);
        assert!(profile.log_odds(night, &calendar).abs() < 1e-6);
        for day in 0..5 {
            (9..17).for_each(|hour| profile.learn(WeekHour(day * 24 + hour)));
        }
        assert!(profile.log_odds(night, &calendar) > 1.7);
        assert!(profile.log_odds(WeekHour(10), &calendar) < -0.5);
        assert_eq!(profile.duty(), 8);
        (0..2_000).for_each(|_| profile.learn(night));
        assert!(profile.log_odds(night, &calendar) < 0.0);
    }
}
