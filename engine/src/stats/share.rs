//! A share of tries, such as that of first sign-ins that fail: tries in, evidence that more of them hit than usual out.
//! Null hypothesis: the share of an hour is beta-distributed about what is usual at that hour of the day, as widely as in
//! the hours before. Never forgets evidence by itself.

use model::Timestamp;
use serde::{Deserialize, Serialize};

use super::Hit;

/// Shares of additional tries, all of them hits, that are tried.
pub(crate) type Added = [f64; 3];
/// A day's mass of 1 begins in equal parts every five minutes.
const START_S: u64 = 300;
const START: f64 = START_S as f64 / 86_400.0 / 3.0;
/// Evidence no longer grows beyond, so that it falls soon once the share is usual again.
const EVIDENCE_MAX: f64 = 1e6;
/// Evidence from which an hour hardly teaches what is usual, and by how much at most it moves it then: a lasting change is
/// learnt in a month or two.
const TEACHES_BELOW: f64 = 30.0;
const DOUBTFUL: f32 = 0.02;
/// What is kept of an hour of the day when its next comes: some ten days.
const KEPT: f32 = 0.9;
/// Tries that the usual share of all hours counts for in one hour, and the shipped one in all.
const ALL_TRIES: f32 = 30.0;
const SHIPPED_TRIES: f32 = 20.0;
/// Correlation of two tries of one hour: shipped, hours that it counts for, what is kept per hour, bounds.
const ALIKE: f64 = 0.02;
const ALIKE_HOURS: f64 = 6.0;
const ALIKE_KEPT: f64 = 0.995;
const ALIKE_BOUNDS: (f64, f64) = (2e-4, 0.2);
/// Tries of an hour at which it tells half as much of the correlation as it could.
const TELLING_TRIES: f64 = 50.0;
/// One hour's distance from the usual counts as no more standard deviations than this.
const DISTANCE_MAX: f64 = 4.0;
/// Bounds of the usual share.
const SHARE_BOUNDS: (f64, f64) = (5e-3, 0.9);

/// The share of tries that hit: 300 bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Share {
    shipped: f64,
    added: Added,
    /// Tries and hits of each hour of the day, slowly forgotten.
    hours: [(f32, f32); 24],
    /// Correlations of the hours before, weighted, and the weights.
    alike: (f64, f64),
    /// The present hour since the epoch, its tries and hits.
    hour: u64,
    tries: f64,
    hits: f64,
    /// When mass was started last, in units of five minutes.
    started: u64,
    evidence: [f64; 3],
    strongest: f64,
    day: u64,
    /// Strongest of the present hour.
    peak: f64,
}

/// What is usual at an hour: the mean share, and how many tries it is worth.
#[derive(Clone, Copy, Debug)]
struct Usual {
    share: f64,
    tries: f64,
}

impl Share {
    /// A share that is `shipped` until it is learnt, and the shares of added tries that are looked for.
    pub(crate) fn new(shipped: f64, added: Added) -> Self {
        Self {
            shipped,
            added,
            hours: [(0.0, 0.0); 24],
            alike: (0.0, 0.0),
            hour: 0,
            tries: 0.0,
            hits: 0.0,
            started: 0,
            evidence: [0.0; 3],
            strongest: 0.0,
            day: 0,
            peak: 0.0,
        }
    }

    /// One try at `at`. `stands` while an alarm does: then the present hour excuses nothing.
    pub(crate) fn step(&mut self, hit: Hit, at: Timestamp, stands: bool) {
        self.advance(at);
        let usual = self.usual_at(self.hour);
        let mut rate = usual.share;
        if !stands {
            rate = (usual.share * usual.tries + self.hits) / (usual.tries + self.tries);
        }
        for (slot, added) in self.evidence.iter_mut().zip(self.added) {
            let raised = raised(usual.share, added);
            let ratio = match hit {
                Hit::Yes => raised / rate,
                Hit::No => (1.0 - raised) / (1.0 - rate),
            };
            *slot = (*slot * ratio).min(EVIDENCE_MAX);
        }
        self.strongest = self.strongest.max(self.evidence());
        self.peak = self.peak.max(if stands { EVIDENCE_MAX } else { self.evidence() });
        self.tries += 1.0;
        self.hits += if hit == Hit::Yes { 1.0 } else { 0.0 };
    }

    /// A hit of before has turned out to be none, as added tries never do.
    pub(crate) fn relent(&mut self, at: Timestamp) {
        self.advance(at);
        let usual = self.usual_at(self.hour).share;
        for (slot, added) in self.evidence.iter_mut().zip(self.added) {
            *slot *= usual * (1.0 - added) / raised(usual, added);
        }
    }

    /// Time passes: only `kept` of the evidence is left.
    pub(crate) fn fade(&mut self, kept: f64) {
        self.evidence.iter_mut().for_each(|evidence| *evidence *= kept);
    }

    /// The present evidence: how many times likelier the tries are with hits added.
    pub(crate) fn evidence(&self) -> f64 {
        self.evidence.iter().sum()
    }

    /// Probability of as much evidence on one day without (Ville 1939).
    pub(crate) fn p(&self) -> f64 {
        1.0 / self.strongest.max(1.0)
    }

    /// The usual share of the present hour, 0 to 1.
    pub(crate) fn usual(&self) -> f64 {
        self.usual_at(self.hour).share
    }

    /// Tries that it was learnt from, the old ones hardly counted.
    pub(crate) fn learnt(&self) -> f32 {
        self.hours.iter().map(|(tries, _)| tries).sum()
    }

    fn advance(&mut self, at: Timestamp) {
        let hour = at.as_secs() / 3_600;
        if hour > self.hour {
            self.end_hour();
            (self.hour, self.tries, self.hits, self.peak) = (hour, 0.0, 0.0, self.evidence());
        }
        if at.as_secs() / 86_400 > self.day {
            (self.day, self.strongest) = (at.as_secs() / 86_400, self.evidence());
        }
        let started = at.as_secs() / START_S;
        if started > self.started {
            self.started = started;
            self.evidence.iter_mut().for_each(|evidence| *evidence += START);
        }
    }

    /// Learns from the hour that is over.
    fn end_hour(&mut self) {
        if self.tries < 1.0 {
            return;
        }
        let calm = self.peak < TEACHES_BELOW;
        if calm {
            self.learn_spread();
        }
        let (tries, hits) = &mut self.hours[(self.hour % 24) as usize];
        let (all, share) = (self.tries as f32, (self.hits / self.tries) as f32);
        let (kept, added) = if calm { (KEPT, all) } else { (1.0, all.min(DOUBTFUL * (*tries + ALL_TRIES))) };
        *tries = *tries * kept + added;
        *hits = *hits * kept + added * share;
    }

    fn learn_spread(&mut self) {
        if self.tries < 2.0 {
            return;
        }
        let Usual { share, .. } = self.usual_at(self.hour);
        let variance = share * (1.0 - share);
        let squares = (self.hits - self.tries * share).powi(2) / variance;
        let squares = squares.min(self.tries * DISTANCE_MAX * DISTANCE_MAX);
        let alike = (squares - self.tries) / (self.tries * (self.tries - 1.0));
        let weight = self.tries.powi(2) / (self.tries.powi(2) + TELLING_TRIES.powi(2));
        self.alike.0 = self.alike.0 * ALIKE_KEPT + alike * weight;
        self.alike.1 = self.alike.1 * ALIKE_KEPT + weight;
    }

    fn usual_at(&self, hour: u64) -> Usual {
        let all = self.hours.iter().fold((0.0, 0.0), |sum, hour| (sum.0 + hour.0, sum.1 + hour.1));
        let mean = (all.1 + SHIPPED_TRIES * self.shipped as f32) / (all.0 + SHIPPED_TRIES);
        let (tries, hits) = self.hours[(hour % 24) as usize];
        let share = f64::from((hits + ALL_TRIES * mean) / (tries + ALL_TRIES));
        let learnt = f64::from((tries + ALL_TRIES).min(all.0 + SHIPPED_TRIES));
        let alike = (self.alike.0 + ALIKE * ALIKE_HOURS) / (self.alike.1 + ALIKE_HOURS);
        let alike = alike.clamp(ALIKE_BOUNDS.0, ALIKE_BOUNDS.1);
        Usual { share: share.clamp(SHARE_BOUNDS.0, SHARE_BOUNDS.1), tries: 1.0 / (alike + 1.0 / learnt) }
    }
}

/// The share of hits when `added` of all tries are hits that were added.
fn raised(usual: f64, added: f64) -> f64 {
    usual + (1.0 - usual) * added
}

#[cfg(test)]
mod tests {
    use super::{super::draws::Draws, *};

    /// Hours of a site whose share wanders as widely as `spread` tells; the highest evidence, and tries until it passed
    /// 1e4 once `added` tries per 100 came in.
    fn play(seed: u64, hours: u64, per_hour: u32, spread: f64, added: f64) -> (f64, Option<u32>) {
        let (mut draws, mut share) = (Draws(seed), Share::new(0.1, [0.08, 0.25, 0.7]));
        let (mut highest, mut hostile): (f64, u32) = (0.0, 0);
        for hour in 0..hours + 4 {
            let rate = (0.1 * (1.0 + spread * draws.normal())).clamp(0.01, 0.5);
            let attacked = hour >= hours;
            for n in 0..per_hour {
                let at = Timestamp::from_parts(
                    (hour * 3_600 + u64::from(n) * 3_600 / u64::from(per_hour)) as i64,
                    0,
                );
                let chance = |draws: &mut Draws| draws.below(1_000_000) as f64 / 1e6;
                let hit = if chance(&mut draws) < rate { Hit::Yes } else { Hit::No };
                share.step(hit, at, false);
                if attacked && chance(&mut draws) < added {
                    share.step(Hit::Yes, at, false);
                    hostile += 1;
                    if share.evidence() > 1e4 {
                        return (highest, Some(hostile));
                    }
                }
            }
            if !attacked {
                highest = highest.max(share.evidence());
            }
        }
        (highest, None)
    }

    #[test]
    fn a_share_that_wanders_as_it_did_raises_no_alarm() {
        let alarms = (0..40).filter(|seed| play(*seed, 24 * 21, 60, 0.3, 0.0).0 > 1e4).count();
        assert_eq!(alarms, 0);
    }

    #[test]
    fn added_hits_are_found_within_hours() {
        for (per_hour, added, most) in [(600, 0.1, 180), (600, 1.0, 60), (40, 2.0, 60)] {
            let mut tries: Vec<u32> =
                (0..11).map(|seed| play(seed, 24 * 7, per_hour, 0.1, added).1.unwrap_or(9_999)).collect();
            tries.sort_unstable();
            assert!(tries[5] <= most, "{per_hour} {added}: {tries:?}");
        }
    }

    #[test]
    fn hits_that_turn_out_to_be_none_are_no_evidence() {
        let mut share = Share::new(0.1, [0.08, 0.25, 0.7]);
        for n in 0..4_000_u32 {
            let at = Timestamp::from_parts(i64::from(n) * 20, 0);
            let forgetful = n > 2_000 && n % 3 == 0;
            share.step(if forgetful || n % 12 == 0 { Hit::Yes } else { Hit::No }, at, false);
            if forgetful {
                share.relent(at);
            }
        }
        assert!(share.p() > 1e-3, "{}", share.p());
    }
}
