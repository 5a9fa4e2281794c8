//! Evidence against normal behaviour: tries with their normal rate in, a probability out (Ville 1939). The start of the
//! misbehaviour is unknown, so that mass 1 per day is spread over all starts. Never forgets by the clock.

use serde::{Deserialize, Serialize};

/// Rates of misbehaviour that are tried, with their prior weights.
const ALTERNATIVES: [(f64, f64); 3] = [(0.3, 0.2), (0.7, 0.3), (0.95, 0.5)];
/// Bounds of the normal rate: below, one try would decide alone; above, nothing could.
const RATE_MIN: f64 = 1e-3;
const RATE_MAX: f64 = 0.95;
/// Tries a day among which a start is equally likely; later ones share a tail.
const EVEN_STARTS: f64 = 100.0;
/// Evidence beyond which a principal teaches others nothing.
const TEACHES_BELOW: f32 = 50.0;
/// Evidence up to which every try counts as habit. Of simulated callers whose rates come from the prior itself, 7 in 10 000
/// passed 1/1e-4 with 12 here and 1.3 with 100; a caller that does nothing but hit is found one try later.
const LEARNS_BELOW: f32 = 100.0;
/// The same for what is excused slowly, and the weight beyond. Weight 0 would let a rate that is merely high grow into
/// evidence for ever.
const LEARNS_BELOW_SLOWLY: f32 = 12.0;
const SLOWLY: f32 = 0.15;
/// Tries after which the oldest half is forgotten.
const TRIES_MAX: f32 = 500.0;
/// Tries of a day from which its share of hits says something.
const DAY_TRIES_MIN: u8 = 10;
/// Beyond it evidence no longer grows: far past any budget, far from overflow.
const EVIDENCE_MAX: f64 = 1e30;

/// One e-process: P(max over a day >= 1/a) <= a for a normal principal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Process {
    /// Evidence per alternative, not as logarithms: a step costs no transcendental function.
    evidence: [f32; 3],
    strongest: f32,
    tries: f32,
    hits: f32,
    day: u16,
    today: u16,
    /// Tries and hits since the evidence last stood at nothing.
    run: (u16, u16),
    /// Share of hits in that run when the evidence was strongest, in parts of 255.
    share: u8,
    /// Hits and tries of the day up to now that count in full for the own rate, halved when they are many; and the highest
    /// share of hits on a day before, in parts of 255.
    hits_today: u8,
    tries_today: u8,
    highest: u8,
}

impl Process {
    /// One try: whether it hit, the normal rate, and the day it fell on.
    #[expect(clippy::cast_possible_truncation, reason = "stored in half the space; seven digits are plenty")]
    pub(crate) fn step(&mut self, hit: Hit, rate: f64, day: u16, excuse: Excuse) {
        let rate = rate.clamp(RATE_MIN, RATE_MAX);
        if day != self.day {
            self.end_day();
            (self.day, self.today) = (day, 0);
            self.strongest = self.evidence();
        }
        self.today = self.today.saturating_add(1);
        let start = start_mass(f64::from(self.today));
        for (slot, (alternative, weight)) in self.evidence.iter_mut().zip(ALTERNATIVES) {
            let ratio = match hit {
                Hit::Yes => alternative / rate,
                Hit::No => (1.0 - alternative) / (1.0 - rate),
            };
            *slot = ((f64::from(*slot) + weight * start) * ratio).min(EVIDENCE_MAX) as f32;
        }
        let now = self.evidence();
        self.run =
            if now < 1.0 && hit == Hit::No { (0, 0) } else { (self.run.0.saturating_add(1), self.run.1) };
        self.run.1 = self.run.1.saturating_add(u16::from(hit == Hit::Yes));
        if now >= self.strongest {
            self.strongest = now;
            self.share = part(self.run.1, self.run.0);
        }
        let weight = match excuse {
            Excuse::Never if now < LEARNS_BELOW => 1.0,
            Excuse::Slowly if now < LEARNS_BELOW_SLOWLY => 1.0,
            Excuse::Slowly => SLOWLY,
            Excuse::Never => 0.0,
        };
        self.count(hit, weight);
    }

    /// One try that speaks neither for nor against: it only shows what is usual for the principal.
    pub(crate) fn accustom(&mut self, hit: Hit, day: u16) {
        if day != self.day {
            self.end_day();
            (self.day, self.today) = (day, 0);
            self.strongest = self.evidence();
        }
        self.count(hit, 1.0);
    }

    /// Closes the books of a day. What is done in bursts differs more from day to day than single tries would.
    fn end_day(&mut self) {
        if self.tries_today >= DAY_TRIES_MIN {
            self.highest = self.highest.max(part(self.hits_today.into(), self.tries_today.into()));
        }
        (self.hits_today, self.tries_today) = (0, 0);
    }

    fn count(&mut self, hit: Hit, weight: f32) {
        if weight >= 1.0 {
            if self.tries_today == u8::MAX {
                (self.hits_today, self.tries_today) = (self.hits_today / 2, self.tries_today / 2);
            }
            self.tries_today += 1;
            self.hits_today = self.hits_today.saturating_add(u8::from(hit == Hit::Yes));
        }
        self.tries += weight;
        self.hits += if hit == Hit::Yes { weight } else { 0.0 };
        if self.tries > TRIES_MAX {
            self.tries /= 2.0;
            self.hits /= 2.0;
        }
    }

    /// The present evidence: how many times likelier the tries are under misbehaviour.
    pub(crate) fn evidence(&self) -> f32 {
        self.evidence.iter().sum()
    }

    /// The strongest evidence of the day.
    pub(crate) fn strongest(&self) -> f32 {
        self.strongest
    }

    /// Whether it is innocent enough to teach others.
    pub(crate) fn teaches(&self) -> bool {
        self.evidence() < TEACHES_BELOW
    }

    /// Probability of as much evidence on one day under normal behaviour.
    pub(crate) fn p(&self) -> f64 {
        1.0 / f64::from(self.strongest).max(1.0)
    }

    /// Share of hits from the evidence's beginning to its strongest moment, 0 to 1.
    pub(crate) fn run_share(&self) -> f32 {
        f32::from(self.share) / 255.0
    }

    /// Highest share of hits on one finished day of ordinary conduct, 0 to 1.
    pub(crate) fn highest_share(&self) -> f32 {
        f32::from(self.highest) / 255.0
    }

    /// Tries and hits from which the principal's own rate is learnt.
    pub(crate) fn counts(&self) -> (f32, f32) {
        (self.tries, self.hits)
    }
}

/// `some` of `all` in parts of 255.
fn part(some: u16, all: u16) -> u8 {
    let part = u32::from(some.min(all)) * 255 / u32::from(all.max(1));
    u8::try_from(part).unwrap_or(u8::MAX)
}

/// Whether a try hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hit {
    Yes,
    No,
}

/// Whether a suspicious principal may still make its hits look like its habit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excuse {
    /// For what some do often and in good faith, such as following broken links.
    Slowly,
    /// For what the kind of object tells apart already.
    Never,
}

/// Share of the day's mass that starts at the n-th try; the sum over all n stays below 1.
fn start_mass(n: f64) -> f64 {
    if n < 1.5 {
        0.3
    } else if n <= EVEN_STARTS {
        0.45 / EVEN_STARTS
    } else {
        0.25 * EVEN_STARTS / (n * (n + 1.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn uniform(state: &mut u64) -> f64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        #[expect(clippy::cast_precision_loss, reason = "53 bits")]
        let x = (crate::hash::mix(*state, 7) >> 11) as f64;
        x / 9_007_199_254_740_992.0
    }

    #[test]
    fn starts_share_less_than_one() {
        let sum: f64 = (1..1_000_000).map(|n| start_mass(f64::from(n))).sum();
        assert!(sum < 1.0, "{sum}");
    }

    #[test]
    fn hits_in_a_row_are_strong_evidence() {
        let mut process = Process::default();
        (0..4).for_each(|_| process.step(Hit::Yes, 0.005, 1, Excuse::Never));
        assert!(process.p() < 1e-7, "{}", process.p());
    }

    #[test]
    fn long_good_standing_does_not_hide_a_turn() {
        let mut process = Process::default();
        (0..150).for_each(|_| process.step(Hit::No, 0.003, 1, Excuse::Never));
        assert!(process.p() > 0.5);
        (0..5).for_each(|_| process.step(Hit::Yes, 0.003, 1, Excuse::Never));
        assert!(process.p() < 1e-7, "{}", process.p());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn normal_principals_cross_no_more_often_than_promised(seed in any::<u64>(), rate in 0.002_f64..0.4) {
            let (mut state, mut crossed) = (seed, 0_u32);
            let days = 2_000;
            for _ in 0..days {
                let mut process = Process::default();
                for _ in 0..60 {
                    let hit = if uniform(&mut state) < rate { Hit::Yes } else { Hit::No };
                    process.step(hit, rate, 1, Excuse::Never);
                }
                crossed += u32::from(process.p() <= 0.02);
            }
            // 2 % of 2 000 is 40; 70 is more than four standard deviations above.
            prop_assert!(crossed < 70, "{crossed}");
        }
    }
}
