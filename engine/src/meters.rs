//! Meters: the calls of one subject in, what it used today and what it uses on other days out. Never judges.

use model::PrincipalId;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::{
    cohorts::Cohort,
    hash::mix,
    norms::Norms,
    scene::{Deed, Scene},
    stats::{Distinct, RatePrior, Usual},
    subjects::Subject,
    world::World,
};

/// What is measured of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Metric {
    /// Calls that are more than pages' own doing.
    #[default]
    Calls,
    /// Kilobytes of answers.
    Kilobytes,
    /// Records in answers.
    Records,
    /// Distinct objects named and served.
    Objects,
    /// Values of sensitive classes in answers.
    Sensitive,
    /// Hundredths of a second that such calls usually take, whatever they took now.
    Time,
    /// Distinct existing objects changed.
    Changes,
    /// Distinct objects deleted.
    Deletions,
}

impl Metric {
    pub(crate) const COUNT: usize = 8;
    pub(crate) const ALL: [Self; Self::COUNT] = [
        Self::Calls,
        Self::Kilobytes,
        Self::Records,
        Self::Objects,
        Self::Sensitive,
        Self::Time,
        Self::Changes,
        Self::Deletions,
    ];
    /// What somebody who carries things away takes more of.
    pub(crate) const TAKEN: [Self; 5] =
        [Self::Calls, Self::Kilobytes, Self::Records, Self::Objects, Self::Sensitive];

    /// Amount and unit in words.
    pub(crate) fn words(self, amount: f32) -> String {
        match self {
            Self::Calls => format!("{amount:.0} calls"),
            Self::Kilobytes => format!("{amount:.0} kB"),
            Self::Records => format!("{amount:.0} records"),
            Self::Objects => format!("{amount:.0} distinct objects"),
            Self::Sensitive => format!("{amount:.0} sensitive values"),
            Self::Time => format!("{:.1} s of the service's time", amount / 100.0),
            Self::Changes => format!("{amount:.0} objects changed"),
            Self::Deletions => format!("{amount:.0} objects deleted"),
        }
    }
}

/// Amounts of all metrics.
pub(crate) type Amounts = [f32; Metric::COUNT];

/// Sizes of lasting growth that are looked for.
const GROWTHS: [f32; 2] = [2.0, 3.5];
/// One day counts no more than this, in nats.
const DAY_NATS_MAX: f32 = 2.5;
/// Evidence of growth from which a day no longer raises what is usual, in nats.
const TEACHES_BELOW: f32 = 2.5;
/// What the level may rise in a day, as a factor: in the first days freely, then less and less.
const FREE_DAYS: u8 = 5;
const YOUNG_DAYS: u8 = 28;
const YOUNG_RISE: f32 = 1.01;
const RISE: f32 = 1.003;
const FALL: f32 = 0.98;
/// Active days from which growth is looked for.
const DRIFT_FROM_DAYS: u8 = 3;
/// Steps of a nat in which surprise is kept.
const ODD_STEPS: f32 = 16.0;
/// Weight of a day for the mean of the last ones.
const LATELY: f32 = 0.3;
/// Surprise is asked for from this multiple of the usual amount and from this amount on (of changes from the first), and again
/// at each tenth more.
const ASK_FROM: f32 = 2.0;
const ASK_LEAST: f32 = 4.0;
const ASK_AGAIN: f32 = 1.1;

/// What one subject uses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Meters {
    /// The day of `today`, in days since the epoch; 0 when it is over.
    day: u16,
    /// Days with a call, at most 255.
    active: u8,
    today: Amounts,
    /// One over what is usual for a day; 0 while nothing is known.
    unit: Amounts,
    /// Amounts from which surprise is asked for anew.
    ask: Amounts,
    /// Surprise at today's amounts, in sixteenths of a nat, as asked last.
    odd: [u16; Metric::COUNT],
    usual: [Usual; Metric::COUNT],
    seen: Distinct<64>,
    changed: Distinct<64>,
    growth: [Growth; Metric::TAKEN.len()],
    /// Evidence of growth, in nats.
    grown: f32,
}

/// Evidence that one amount has grown for good, against a level that cannot be raised quickly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Growth {
    level: f32,
    /// Mean of the last days, for words.
    lately: f32,
    /// Evidence per size of growth, in nats, each a sum that never falls below nothing (Page 1954).
    nats: [f32; GROWTHS.len()],
}

impl Meters {
    /// A word of each part that most calls need.
    pub(crate) fn glance(&self) -> u64 {
        let amounts = self.today[0].to_bits() ^ self.unit[0].to_bits() ^ self.ask[0].to_bits();
        u64::from(self.day ^ self.odd[0])
            ^ u64::from(amounts ^ self.grown.to_bits())
            ^ self.seen.glance()
            ^ u64::from(self.growth[0].level.to_bits())
    }

    /// What it used today.
    pub(crate) fn today(&self, metric: Metric) -> f32 {
        self.today[metric as usize]
    }

    /// What is usual for one of its days; 0 when nothing is known.
    pub(crate) fn usual(&self, metric: Metric) -> f32 {
        let unit = self.unit[metric as usize];
        if unit > 0.0 { 1.0 / unit } else { 0.0 }
    }

    /// Days with a call, at most 255.
    pub(crate) fn active(&self) -> u8 {
        self.active
    }

    /// Its mean of a day, for its peers to be compared with; before its first whole day what it used today.
    pub(crate) fn rate(&self, metric: Metric) -> (f32, Option<f32>) {
        let at = metric as usize;
        match self.usual[at].own() {
            Some((rate, spread)) => (rate, (self.active >= 4).then_some(spread)),
            None => (self.today[at], None),
        }
    }

    /// Begins a day: what is usual for it.
    fn open(&mut self, day: u16, norms: &Norms, cohort: Cohort) -> bool {
        (self.day, self.today, self.odd) = (day, Amounts::default(), [0; Metric::COUNT]);
        self.seen.clear();
        self.changed.clear();
        self.active = self.active.saturating_add(1);
        let Some(priors) = norms.priors(cohort) else { return false };
        for (at, prior) in priors.iter().enumerate() {
            let usual = self.usual[at].rate(prior).max(0.05);
            self.unit[at] = 1.0 / usual;
            let least = if at < Metric::Changes as usize { ASK_LEAST } else { 1.0 };
            self.ask[at] = (ASK_FROM * usual).max(least);
        }
        true
    }

    /// Takes a call.
    fn take(&mut self, scene: &Scene<'_>, time: f32, key: u64) -> Amounts {
        let before = self.today;
        let mut add = |metric: Metric, amount: f32| self.today[metric as usize] += amount;
        add(Metric::Calls, 1.0);
        add(Metric::Time, time);
        if scene.served() {
            add(Metric::Kilobytes, scene.bytes() as f32 / 1_024.0);
            add(Metric::Records, scene.records as f32);
            add(Metric::Sensitive, scene.sensitive as f32);
            let mut news = false;
            for object in &scene.seen.objects {
                news |= self.seen.add(key, object.id);
            }
            if news {
                self.today[Metric::Objects as usize] = self.seen.count() as f32;
            }
            self.take_change(scene, key);
        }
        std::array::from_fn(|at| (self.today[at] - before[at]).max(0.0))
    }

    /// Counts what was there before and is now another, or gone.
    fn take_change(&mut self, scene: &Scene<'_>, key: u64) {
        let deletes = scene.deed == Deed::Delete;
        if !(deletes || scene.deed == Deed::Write && (scene.seen.ends_in_id || scene.call.method != "POST")) {
            return;
        }
        let object = scene.seen.objects.first().map_or(scene.seen.target, |object| object.id);
        if self.changed.add(key, mix(object, u64::from(deletes))) {
            self.today[Metric::Changes as usize] = self.changed.count() as f32;
            self.today[Metric::Deletions as usize] += f32::from(u8::from(deletes));
        }
    }

    /// Whether an amount has grown enough to ask how surprising it is.
    #[inline]
    pub(crate) fn is_due(&self, metric: Metric) -> bool {
        let at = metric as usize;
        self.today[at] >= self.ask[at] && self.unit[at] > 0.0
    }

    /// Surprise at an amount of today, in nats; `strength` is how busy the day is for all.
    pub(crate) fn ask(&mut self, metric: Metric, prior: &RatePrior, strength: f32) {
        let at = metric as usize;
        self.ask[at] = self.today[at] * ASK_AGAIN;
        let odd = self.usual[at].expect(prior, strength.max(1.0)).surprise(f64::from(self.today[at]));
        self.odd[at] = (odd * ODD_STEPS).clamp(0.0, f32::from(u16::MAX)) as u16;
    }

    /// The oddest of these metrics today, and how odd the one that comes as number `rank` is, in nats.
    pub(crate) fn oddest(&self, metrics: &[Metric], rank: usize) -> (Metric, f32) {
        let mut odd: SmallVec<[(u16, Metric); Metric::COUNT]> =
            metrics.iter().map(|metric| (self.odd[*metric as usize], *metric)).collect();
        odd.sort_by_key(|(odd, _)| std::cmp::Reverse(*odd));
        let most = odd.first().map_or(Metric::Calls, |(_, metric)| *metric);
        (most, odd.get(rank).map_or(0.0, |(odd, _)| f32::from(*odd) / ODD_STEPS))
    }

    /// Ends its day: what it shows of growth, and what it teaches of itself. `is_flagged` days teach nothing.
    fn close(&mut self, is_flagged: bool, norms: &Norms, cohort: Cohort) {
        let day = std::mem::take(&mut self.day);
        let Some(priors) = norms.priors(cohort) else {
            for (usual, amount) in self.usual.iter_mut().zip(self.today) {
                usual.begin(amount);
            }
            return;
        };
        for (at, prior) in priors.iter().enumerate() {
            let strength = norms.strength(cohort, at, day);
            let mut amount = self.today[at];
            if let Some(growth) = self.growth.get_mut(at) {
                growth.lately += LATELY * (amount / strength - growth.lately);
                let bounds = (self.active > FREE_DAYS).then_some(growth.level * strength);
                let mut expected = self.usual[at].expect(prior, strength);
                expected.mean = expected.mean.min(bounds.map_or(f64::MAX, f64::from));
                if self.active > DRIFT_FROM_DAYS {
                    growth.step(amount, expected.mean as f32, expected.size as f32);
                }
                if growth.strongest() > TEACHES_BELOW {
                    amount = amount.min(expected.mean as f32);
                }
            }
            if !is_flagged {
                self.usual[at].learn(prior, amount, strength, 1.0);
            }
            if let Some(growth) = self.growth.get_mut(at) {
                growth.follow(self.usual[at].rate(prior), self.active);
            }
        }
        self.grown = self.mean_growth();
    }

    /// Evidence by its finished days that it takes more than it used to, in nats.
    #[inline]
    pub(crate) fn growth_of_days(&self) -> f32 {
        self.grown
    }

    /// A mean over what is taken and how much it has grown.
    fn mean_growth(&self) -> f32 {
        let nats = self.growth.iter().flat_map(|growth| growth.nats);
        let top = nats.clone().fold(0.0, f32::max);
        if top <= 0.0 {
            return 0.0;
        }
        let sum: f32 = nats.map(|nats| (nats - top).exp()).sum();
        (top + (sum / (GROWTHS.len() * Metric::TAKEN.len()) as f32).ln()).max(0.0)
    }

    /// What has grown most, the level that it is held to, and its mean of the last days.
    pub(crate) fn grown(&self) -> (Metric, f32, f32) {
        let strongest = |at: &usize| self.growth[*at].strongest();
        let most = (0..self.growth.len()).max_by(|a, b| strongest(a).total_cmp(&strongest(b))).unwrap_or(0);
        (Metric::TAKEN[most], self.growth[most].level, self.growth[most].lately)
    }

    /// Takes what it does now for what is usual: somebody said that it is.
    pub(crate) fn accept(&mut self) {
        (self.growth, self.grown) = (Default::default(), 0.0);
        self.active = self.active.min(DRIFT_FROM_DAYS);
        for (usual, amount) in self.usual.iter_mut().zip(self.today) {
            usual.begin(amount);
        }
    }
}

impl Growth {
    /// One day: how much likelier its amount is after growth than before, under the same negative binomial.
    fn step(&mut self, amount: f32, mean: f32, size: f32) {
        for (nats, growth) in self.nats.iter_mut().zip(GROWTHS) {
            let grown = (mean + size) / (growth * mean + size);
            let day = amount * (growth * grown).ln() + size * grown.ln();
            let day = if day.is_finite() { day.clamp(-DAY_NATS_MAX, DAY_NATS_MAX) } else { 0.0 };
            *nats = (*nats + day).max(0.0);
        }
    }

    /// The level follows what is usual, at a bounded speed.
    fn follow(&mut self, usual: f32, active: u8) {
        let rise = if active <= YOUNG_DAYS { YOUNG_RISE } else { RISE };
        self.level = if active <= FREE_DAYS {
            usual
        } else {
            usual.clamp(self.level * FALL, (self.level * rise).max(1e-3))
        };
    }

    fn strongest(&self) -> f32 {
        self.nats.iter().copied().fold(0.0, f32::max)
    }
}

impl World {
    /// Ends a subject's last day, before `day` begins.
    pub(crate) fn close_day(&mut self, slot: usize, day: u16) {
        let subject = self.subjects.at_mut(slot);
        let (flagged, cohort) = (subject.today.flagged, subject.cohort);
        let Some(habits) = &mut subject.habits else { return };
        let meters = &mut habits.volume.meters;
        if meters.day != 0 && meters.day < day {
            meters.close(flagged, &self.shared.volume.norms, cohort);
        }
    }

    /// A new credential of a user begins where the user's last one stands: the password was accepted, and nobody begins
    /// anew by signing in again.
    pub(crate) fn take_up(&mut self, subject: &mut Subject, user: PrincipalId) {
        let stumbles = self.stumbles(user, subject.first);
        let contexts = self.contexts_of(user, stumbles).unwrap_or_default();
        let last = self.shared.volume.users.succeed(user, subject.principal.id);
        let Some(last) = last.and_then(|id| self.subjects.get_mut(id)) else { return };
        subject.go_on(last);
        if let (Some(habits), None) = (&last.habits, &subject.habits)
            && self.habits < self.habits_max
        {
            // The other session may still be in use.
            let mut mine = habits.clone();
            mine.crowd.contexts = contexts;
            subject.habits = Some(mine);
            self.habits += 1;
        }
    }

    /// Takes a call into the meters of those who answer for it. Calls that are not well attested are not counted, nor those
    /// of an outage.
    pub(crate) fn meter(&mut self, scene: &Scene<'_>) {
        if !scene.attested || scene.deed == Deed::Aside {
            return;
        }
        let volume = &mut self.shared.volume;
        let time = volume.times.take(scene);
        if scene.outage {
            return;
        }
        for slot in &scene.judged {
            let subject = self.subjects.at_mut(*slot);
            let Some(habits) = &mut subject.habits else { continue };
            let meters = &mut habits.volume.meters;
            if meters.day != scene.day && meters.open(scene.day, &volume.norms, subject.cohort) {
                volume.norms.enter(subject.cohort, scene.day);
            }
            let amounts = meters.take(scene, time, volume.key);
            volume.norms.count(subject.cohort, scene.day, &amounts, &meters.today, &meters.unit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth_after(factor: f32, days: u32) -> f32 {
        let mut growth = Growth::default();
        (0..days).for_each(|_| growth.step(20.0 * factor, 20.0, 1.5));
        growth.strongest()
    }

    #[test]
    fn growth_adds_up_and_steadiness_does_not() {
        assert!(growth_after(1.0, 100) == 0.0 && growth_after(1.3, 100) == 0.0);
        assert!(growth_after(2.0, 20) > 8.0 && growth_after(3.0, 8) > 8.0);
        assert!(growth_after(1e9, 1) <= DAY_NATS_MAX && growth_after(f32::NAN, 3) == 0.0);
    }

    #[test]
    fn the_level_cannot_be_pushed_up_quickly() {
        let mut growth = Growth::default();
        growth.follow(10.0, 1);
        (6..=255).for_each(|active| growth.follow(1e9, active));
        assert!(growth.level < 10.0 * 1.01_f32.powi(23) * 1.003_f32.powi(230), "{}", growth.level);
    }
}
