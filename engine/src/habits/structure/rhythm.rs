//! Rhythm: when calls come in; whether they come like clockwork, and at hours when peers rest, out. Never a time zone.

use serde::{Deserialize, Serialize};

use crate::{cohorts::Cohort, stats::Process};

/// Calls closer together are one burst; after a longer pause a new visit begins. In milliseconds.
const BURST_MS: u64 = 150;
const PAUSE_MS: u64 = 7_200_000;
/// A gap is even when it is within this of the usual one, as a difference of logarithms.
const EVEN_LN: f32 = 0.25;
/// Weight of a gap for the usual one.
const SPEED: f32 = 0.1;
/// Gaps after which the usual one is known.
const GAPS_MIN: u8 = 6;
/// Votes of one subject and day.
const VOTES_A_DAY: u8 = 24;
/// Gaps and hours after which a subject's way is known, and those of them that make it a habit.
const KNOWN_GAPS: u8 = 30;
const HABIT_GAPS: u8 = 21;
const KNOWN_HOURS: u8 = 8;
const HABIT_HOURS: u8 = 6;
/// Votes from which a cohort's rhythm is learnt, and past which the old ones count half.
const VOTES_MIN: f32 = 300.0;
const VOTES_MAX: f32 = 100_000.0;
/// An hour is quiet in which peers are active less than this share of an even hour.
const QUIET: f32 = 0.4;

/// When one subject calls: some 100 bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rhythm {
    last_ms: u64,
    usual_ln: f32,
    /// The last hour in which it was active, in hours since the epoch.
    hour: u32,
    pub(crate) even: Process,
    pub(crate) night: Process,
    day: u16,
    gaps: u8,
    evens: u8,
    hours: u8,
    quiets: u8,
    votes: u8,
    counted: Counted,
}

/// As what a subject is counted among its peers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Counted {
    gaps: bool,
    clock: bool,
    hours: bool,
    nightly: bool,
    cohort: u8,
}

impl Rhythm {
    pub(crate) fn glance(&self) -> u64 {
        self.last_ms
    }

    /// Whether the gap since the last call is an even one; `None` within a burst, after a pause, and at first.
    pub(crate) fn beat(&mut self, now_ms: u64) -> Option<bool> {
        let gap = now_ms.saturating_sub(self.last_ms);
        if gap < BURST_MS {
            return None;
        }
        let first = std::mem::replace(&mut self.last_ms, now_ms) == 0;
        if first || gap > PAUSE_MS {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "at most two hours")]
        let ln = (gap as f32).ln();
        let known = self.gaps >= GAPS_MIN;
        let even = (ln - self.usual_ln).abs() < EVEN_LN;
        self.gaps = self.gaps.saturating_add(1);
        let speed = if known { SPEED } else { 1.0 / f32::from(self.gaps) };
        self.usual_ln += (ln - self.usual_ln) * speed;
        self.evens = self.evens.saturating_add(u8::from(known && even));
        known.then_some(even)
    }

    /// The usual gap between calls, in seconds.
    pub(crate) fn usual_s(&self) -> f32 {
        self.usual_ln.exp() / 1_000.0
    }

    /// Whether this is the first call of its hour.
    pub(crate) fn enters(&mut self, hour: u32) -> bool {
        let news = hour != self.hour;
        self.hour = hour;
        news
    }

    fn may_vote(&mut self, day: u16) -> bool {
        if day != self.day {
            (self.day, self.votes) = (day, 0);
        }
        self.votes = self.votes.saturating_add(1);
        self.votes <= VOTES_A_DAY
    }

    pub(crate) fn forgive(&mut self) {
        (self.even, self.night) = (Process::default(), Process::default());
    }
}

/// The rhythm of one cohort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Peers {
    gaps: f32,
    even: f32,
    /// Active hours of members, by hour of the day.
    hours: [f32; 24],
    total: f32,
    /// Hours of the day in which few are active, a bit each, and their share of all activity.
    quiet: u32,
    quiet_share: f32,
    /// Members whose gaps are known and those like clockwork; whose hours are known and those of the quiet ones.
    beaters: f32,
    clocks: f32,
    sleepers: f32,
    nightly: f32,
}

/// The rhythms of all cohorts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rhythms(Vec<Peers>);

impl Default for Rhythms {
    fn default() -> Self {
        Self(vec![Peers::default(); Cohort::COUNT])
    }
}

impl Rhythms {
    pub(crate) fn of(&self, cohort: Cohort) -> &Peers {
        &self.0[cohort.place().min(self.0.len() - 1)]
    }

    /// Takes a gap of a subject that teaches.
    pub(crate) fn vote_gap(&mut self, cohort: Cohort, own: &mut Rhythm, even: bool, day: u16) {
        if !own.may_vote(day) {
            return;
        }
        let Some(peers) = self.0.get_mut(cohort.place()) else { return };
        peers.gaps += 1.0;
        peers.even += f32::from(u8::from(even));
        if peers.gaps > VOTES_MAX {
            (peers.gaps, peers.even) = (peers.gaps / 2.0, peers.even / 2.0);
        }
        if own.gaps >= KNOWN_GAPS && !own.counted.gaps {
            own.counted.gaps = true;
            own.counted.cohort = cohort.0;
            peers.beaters += 1.0;
            own.counted.clock = own.evens >= HABIT_GAPS;
            peers.clocks += f32::from(u8::from(own.counted.clock));
        }
    }

    /// Takes an active hour of a subject that teaches.
    pub(crate) fn vote_hour(&mut self, cohort: Cohort, own: &mut Rhythm, hour: u8, quiet: bool) {
        let Some(peers) = self.0.get_mut(cohort.place()) else { return };
        peers.hours[usize::from(hour) % 24] += 1.0;
        peers.total += 1.0;
        if peers.total > VOTES_MAX {
            peers.hours.iter_mut().for_each(|count| *count /= 2.0);
            peers.total /= 2.0;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 100 000")]
        if peers.total as u32 & 127 == 0 {
            peers.find_quiet();
        }
        own.hours = own.hours.saturating_add(1);
        own.quiets = own.quiets.saturating_add(u8::from(quiet));
        if own.hours >= KNOWN_HOURS && !own.counted.hours {
            own.counted.hours = true;
            peers.sleepers += 1.0;
            own.counted.nightly = own.quiets >= HABIT_HOURS;
            peers.nightly += f32::from(u8::from(own.counted.nightly));
        }
    }

    /// Takes back what a culprit taught.
    pub(crate) fn retract(&mut self, own: &mut Rhythm) {
        let Some(peers) = self.0.get_mut(Cohort(own.counted.cohort).place()) else { return };
        if std::mem::take(&mut own.counted.clock) {
            peers.clocks = (peers.clocks - 1.0).max(0.0);
        }
        if std::mem::take(&mut own.counted.nightly) {
            peers.nightly = (peers.nightly - 1.0).max(0.0);
        }
    }

    pub(crate) fn settle(&self) -> Option<()> {
        (self.0.len() == Cohort::COUNT).then_some(())
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.len() * size_of::<Peers>()
    }
}

impl Peers {
    fn find_quiet(&mut self) {
        if self.total < VOTES_MIN {
            return;
        }
        let limit = QUIET * self.total / 24.0;
        let quiet = (0..24).filter(|hour| self.hours[*hour] < limit);
        (self.quiet, self.quiet_share) =
            quiet.fold((0, 0.0), |(set, sum), hour| (set | 1 << hour, sum + self.hours[hour] / self.total));
    }

    /// Whether peers rest at this hour of the day.
    pub(crate) fn rests(&self, hour: u8) -> bool {
        self.quiet >> (hour % 24) & 1 != 0
    }

    /// Share of even gaps; `None` while not learnt.
    pub(crate) fn even(&self) -> Option<f64> {
        (self.gaps >= VOTES_MIN).then(|| (f64::from(self.even) + 0.5) / (f64::from(self.gaps) + 1.0))
    }

    /// Share of active hours at which most rest; `None` while not learnt, or when there are no such hours.
    pub(crate) fn night(&self) -> Option<f64> {
        (self.quiet != 0).then(|| f64::from(self.quiet_share).max(0.01))
    }

    /// Shares of other members that are like clockwork, and that are active when most rest.
    pub(crate) fn practised(&self, own: &Rhythm) -> (f64, f64) {
        (
            super::practised(self.clocks, own.counted.clock, self.beaters),
            super::practised(self.nightly, own.counted.nightly, self.sleepers),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clockwork_is_even_and_people_are_not() {
        let (mut clock, mut person) = (Rhythm::default(), Rhythm::default());
        let (mut at, mut then, mut even, mut uneven) = (1_000_000, 1_000_000, 0, 0);
        for n in 0..60_u64 {
            at += 4_000 + n % 7 * 50;
            even += u32::from(clock.beat(at) == Some(true));
            then += 500 << (crate::hash::mix(n, 3) % 8);
            uneven += u32::from(person.beat(then) == Some(true));
        }
        assert!(even > 50 && uneven < 20, "{even} {uneven}");
        assert!((clock.usual_s() - 4.15).abs() < 0.3, "{}", clock.usual_s());
        assert_eq!(clock.beat(at + 20), None);
        assert_eq!(clock.beat(at + 10_000_000), None);
    }

    #[test]
    fn hours_in_which_few_are_active_are_quiet() {
        let mut all = Rhythms::default();
        for n in 0..640_u64 {
            let mut own = Rhythm::default();
            let hour = if n % 100 == 0 { 3 } else { 8 + n % 12 };
            all.vote_hour(Cohort(2), &mut own, hour as u8, false);
        }
        let peers = all.of(Cohort(2));
        assert!(peers.rests(3) && peers.rests(23) && !peers.rests(12));
        assert!(peers.night().is_some_and(|share| share < 0.05));
        assert_eq!(all.of(Cohort(3)).night(), None);
    }
}
