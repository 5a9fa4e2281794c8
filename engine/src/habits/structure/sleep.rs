//! Sleep: the days on which a credential was used in; whether it has just woken from a long silence, and what of it is as it
//! was before, out. Never an address in clear.

use serde::{Deserialize, Serialize};

/// Days of silence that are long, and the multiple of its longest silence before that they must be.
const LONG_DAYS: u16 = 14;
const TIMES_OWN: u16 = 3;
/// Calls before a silence, from which it is known what a credential was used for.
const KNOWN_CALLS: u32 = 20;
/// Days after waking in which it is compared with before.
const AWAKE_DAYS: u16 = 3;
/// Aspects: network, software, hour, route.
pub(crate) const ASPECTS: usize = 4;
/// Shares of the newly woken that differ in each aspect, as long as few are known, and how many subjects that counts for.
const SHIPPED: [f32; ASPECTS] = [0.6, 0.4, 0.3, 0.2];
const SHIPPED_VOTES: f32 = 20.0;
const VOTES_MAX: f32 = 5_000.0;
/// The same shares of thieves, as assumed.
const THIEF: [f64; ASPECTS] = [0.95, 0.7, 0.6, 0.5];
const EVIDENCE_MAX: f32 = 1e12;
/// Bounds of what may be learnt of honest ones.
const USUAL_BOUNDS: (f64, f64) = (0.02, 0.9);

/// When and how one credential was used: some 60 bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sleep {
    /// Days since the epoch: the last with a call, and the one on which it woke; 0 for none.
    last: u16,
    woke: u16,
    /// Its longest silence before, and the one from which it woke, in days.
    longest: u16,
    pub(crate) silence: u16,
    calls: u32,
    network: u32,
    software: u32,
    /// Hours of the day at which it was active, a bit each.
    hours: u32,
    /// Aspects compared since it woke, and those that differ, a bit each; routes may differ again and again.
    compared: u8,
    repeated: u8,
    pub(crate) differs: u8,
    /// How many times likelier this is of a thief, now and at most since it woke.
    evidence: f32,
    strongest: f32,
}

/// One use of a credential.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) day: u16,
    pub(crate) hour: u8,
    pub(crate) network: u32,
    pub(crate) software: u32,
    /// The route is one that it never used, and no news. `None` for one that it has used.
    pub(crate) new_route: bool,
}

impl Sleep {
    /// Takes one use; what there is to compare with before the silence, aspect by aspect, if it has just woken.
    pub(crate) fn use_at(&mut self, now: Moment) -> [Option<bool>; ASPECTS] {
        let gap = self.gap(now.day);
        if self.is_long(gap) {
            (self.woke, self.silence) = (now.day, gap);
            (self.compared, self.repeated, self.differs) = (0, 0, 0);
            (self.evidence, self.strongest) = (1.0, 1.0);
        }
        self.longest = self.longest.max(gap);
        self.last = now.day;
        let awake = self.woke != 0 && now.day.saturating_sub(self.woke) < AWAKE_DAYS;
        if awake {
            return self.compare(now);
        }
        self.calls = self.calls.saturating_add(1);
        (self.network, self.software) = (now.network, now.software);
        self.hours |= 1 << (now.hour % 24);
        self.woke = 0;
        [None; ASPECTS]
    }

    /// The last day before the silence from which it wakes on this day, or woke lately.
    pub(crate) fn asleep_since(&self, day: u16) -> Option<u16> {
        if self.is_long(self.gap(day)) {
            return Some(self.last);
        }
        self.is_awake().then(|| self.woke.saturating_sub(self.silence))
    }

    fn gap(&self, day: u16) -> u16 {
        if self.last == 0 { 0 } else { day.saturating_sub(self.last) }
    }

    fn is_long(&self, gap: u16) -> bool {
        let own = self.longest.saturating_mul(TIMES_OWN);
        gap >= LONG_DAYS && gap >= own && self.calls >= KNOWN_CALLS
    }

    fn compare(&mut self, now: Moment) -> [Option<bool>; ASPECTS] {
        // Neighbouring hours count as known, across midnight too.
        let around = self.hours >> 23 & 1 | (self.hours & 1) << 23;
        let near = self.hours << 1 | self.hours | self.hours >> 1 | around;
        let differ = [
            now.network != self.network,
            now.software != self.software,
            near >> (now.hour % 24) & 1 == 0,
            now.new_route,
        ];
        std::array::from_fn(|at| {
            let bit = 1 << at;
            let again = at + 1 == ASPECTS && now.new_route;
            if self.compared & bit != 0 && !again {
                return None;
            }
            self.repeated |= self.compared & bit;
            self.compared |= bit;
            self.differs |= if differ[at] { bit } else { 0 };
            Some(differ[at])
        })
    }

    /// Weighs one comparison. Its beginning is known, so that the evidence is a plain likelihood ratio.
    pub(crate) fn weigh(&mut self, aspect: usize, differs: bool, usual: f64) {
        let thief = THIEF[aspect % ASPECTS];
        let ratio = if differs { thief / usual } else { (1.0 - thief) / (1.0 - usual) };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "stored in half the space; seven digits are plenty"
        )]
        let ratio = ratio as f32;
        self.evidence = (self.evidence * ratio).min(EVIDENCE_MAX);
        self.strongest = self.strongest.max(self.evidence);
    }

    /// Whether an aspect was compared for the first time: only then it teaches what is usual.
    pub(crate) fn is_first(&self, aspect: usize) -> bool {
        self.repeated >> aspect & 1 == 0
    }

    /// Probability of as much evidence under normal behaviour (Ville 1939); 1 for who has not just woken.
    pub(crate) fn p(&self) -> f64 {
        if self.woke == 0 { 1.0 } else { 1.0 / f64::from(self.strongest).max(1.0) }
    }

    /// Whether it woke lately.
    pub(crate) fn is_awake(&self) -> bool {
        self.woke != 0
    }

    pub(crate) fn forgive(&mut self) {
        self.woke = 0;
    }
}

/// How the newly woken differ from before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Wakings {
    compared: [f32; ASPECTS],
    differ: [f32; ASPECTS],
}

impl Wakings {
    /// Share of the newly woken that differ in an aspect.
    pub(crate) fn usual(&self, aspect: usize) -> f64 {
        let (compared, differ) = (self.compared[aspect % ASPECTS], self.differ[aspect % ASPECTS]);
        let share = (differ + SHIPPED[aspect % ASPECTS] * SHIPPED_VOTES) / (compared + SHIPPED_VOTES);
        f64::from(share).clamp(USUAL_BOUNDS.0, USUAL_BOUNDS.1)
    }

    /// Takes one comparison of a subject that teaches.
    pub(crate) fn vote(&mut self, aspect: usize, differs: bool) {
        let at = aspect % ASPECTS;
        self.compared[at] += 1.0;
        self.differ[at] += f32::from(u8::from(differs));
        if self.compared[at] > VOTES_MAX {
            (self.compared[at], self.differ[at]) = (self.compared[at] / 2.0, self.differ[at] / 2.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: u16, network: u32, hour: u8) -> Moment {
        Moment { day, hour, network, software: 1, new_route: false }
    }

    #[test]
    fn who_wakes_is_compared_once_with_before() {
        let mut sleep = Sleep::default();
        for n in 0..30 {
            assert_eq!(sleep.use_at(at(100 + n / 10, 5, 10)), [None; ASPECTS]);
        }
        assert_eq!(sleep.use_at(at(130, 6, 3)), [Some(true), Some(false), Some(true), Some(false)]);
        assert_eq!((sleep.silence, sleep.differs), (28, 0b101));
        assert_eq!(sleep.use_at(at(130, 6, 3)), [None; ASPECTS]);
        let new = Moment { new_route: true, ..at(130, 6, 3) };
        assert_eq!(sleep.use_at(new), [None, None, None, Some(true)]);
        assert_eq!(sleep.use_at(at(134, 6, 3)), [None; ASPECTS]);
        assert!(!sleep.is_awake());
    }

    #[test]
    fn who_comes_once_a_month_is_not_woken() {
        let mut sleep = Sleep::default();
        for month in 0..8_u16 {
            for _ in 0..12 {
                sleep.use_at(at(100 + month * 30, 5, 10));
            }
        }
        assert!(!sleep.is_awake());
    }
}
