//! Traits: what first sign-ins have in common, usually and since an alarm began. Never a name: keyed hashes alone.

use std::collections::{BTreeMap, VecDeque};

use model::ApiCall;
use serde::{Deserialize, Serialize};

use crate::{
    hash::{Tag, mix},
    subjects::software,
};

/// Values of one trait remembered: as usual ones, and since an alarm began.
const USUAL_MAX: usize = 1_024;
const LATELY_MAX: usize = 1_024;
/// Seconds for which first sign-ins wait before they show what is usual, and how many may: a campaign that has just begun is
/// not yet known for one.
const WAIT_S: u64 = 3_600;
const WAITING_MAX: usize = 4_096;
/// Tries that an unseen value counts for among all, and failures since the alarm that show a trait no more than usual.
const UNSEEN: f32 = 0.5;
const DOUBT: f32 = 50.0;
const LATELY_DOUBT: f32 = 10.0;
/// A trait makes membership no likelier than this.
const RATIO_MAX: f32 = 1_000.0;
/// Share of first sign-ins that fail after 0, 1, ... failures of their address since somebody was let in, until it is learnt,
/// and tries for which this counts. The first is learnt by the hour.
const AGAIN: [f32; 8] = [0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45];
const AGAIN_TRIES: f32 = 30.0;
/// What is kept of the usual from one day to the next: some two weeks.
const KEPT: f32 = 0.95;

/// In what callers can be alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trait {
    Software,
    Network,
    Password,
    User,
}

impl Trait {
    pub(crate) const ALL: [Self; 4] = [Self::Software, Self::Network, Self::Password, Self::User];

    /// In words, as what members share.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Software => "one software (agent and header fields)",
            Self::Network => "one provider's network",
            Self::Password => "one password",
            Self::User => "one user tried",
        }
    }
}

/// The traits of one try, in the order of [`Trait::ALL`]. Zero is none.
pub(crate) type Look = [u32; 4];

/// The look of a try.
pub(crate) fn look(call: &ApiCall, user: u64, password: u16) -> Look {
    [software(&call.context), provider(call), u32::from(password) + 1, Tag::short(user).0]
}

/// The network of a provider: /16 or /32; inside private and laboratory networks each address by itself.
fn provider(call: &ApiCall) -> u32 {
    match call.client.to_canonical() {
        std::net::IpAddr::V4(v4) if v4.is_private() || v4.is_loopback() || v4.is_documentation() => {
            crate::scene::network(call)
        }
        std::net::IpAddr::V4(v4) => Tag::short(mix(u64::from(v4.to_bits() >> 16), 19)).0,
        std::net::IpAddr::V6(v6) => Tag::short(mix((v6.to_bits() >> 96) as u64, 23)).0,
    }
}

/// What first sign-ins look like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Traits {
    usual: [BTreeMap<u32, Seen>; 4],
    all: Seen,
    /// First sign-ins after so many failures of an address.
    again: [Seen; AGAIN.len()],
    waiting: VecDeque<Waiting>,
    /// Failures since the alarm began, by value, and all of them.
    lately: [BTreeMap<u32, u32>; 4],
    failed: u32,
}

/// A first sign-in of the last hour.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Waiting {
    look: Look,
    failed: bool,
    run: Option<u8>,
    second: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Seen {
    tries: f32,
    failed: f32,
}

impl Seen {
    fn take(&mut self, failed: bool) {
        self.tries += 1.0;
        self.failed += f32::from(u8::from(failed));
    }

    fn fade(&mut self, kept: f32) {
        self.tries *= kept;
        self.failed *= kept;
    }
}

impl Traits {
    /// Takes a first sign-in while no alarm stands, after `run` failures of its address, at a second.
    pub(crate) fn take(&mut self, look: &Look, failed: bool, run: Option<u8>, second: u64) {
        while self.waiting.len() >= WAITING_MAX
            || self.waiting.front().is_some_and(|first| second >= first.second + WAIT_S)
        {
            let Some(first) = self.waiting.pop_front() else { break };
            self.learn(&first);
        }
        self.waiting.push_back(Waiting { look: *look, failed, run, second });
    }

    /// Share of first sign-ins that fail after so many failures of their address.
    pub(crate) fn again(&self, run: u8) -> f64 {
        let at = usize::from(run).min(AGAIN.len() - 1);
        let Seen { tries, failed } = self.again[at];
        f64::from((failed + AGAIN[at] * AGAIN_TRIES) / (tries + AGAIN_TRIES))
    }

    /// An alarm begins: the failures of the last hour are its own, and nothing of that hour is usual. The second of the first.
    pub(crate) fn begin(&mut self) -> Option<u64> {
        self.lately = Default::default();
        self.failed = 0;
        let failures: Vec<_> = self.waiting.drain(..).filter(|one| one.failed).collect();
        failures.iter().for_each(|one| {
            self.fail(&one.look);
        });
        failures.first().map(|one| one.second)
    }

    fn learn(&mut self, one: &Waiting) {
        let failed = one.failed;
        self.all.take(failed);
        if let Some(run) = one.run {
            self.again[usize::from(run).min(AGAIN.len() - 1)].take(failed);
        }
        for (usual, value) in self.usual.iter_mut().zip(&one.look) {
            if usual.len() >= USUAL_MAX && !usual.contains_key(value) {
                // Half of what is seldom makes room; what is frequent stays.
                let mut weights: Vec<f32> = usual.values().map(|seen| seen.tries).collect();
                weights.sort_unstable_by(f32::total_cmp);
                let least = weights[weights.len() / 2];
                usual.retain(|_, seen| seen.tries > least);
            }
            usual.entry(*value).or_default().take(failed);
        }
    }

    /// Takes a failure while an alarm stands; how many values found no room.
    pub(crate) fn fail(&mut self, look: &Look) -> u64 {
        self.failed = self.failed.saturating_add(1);
        let mut lost = 0;
        for (lately, value) in self.lately.iter_mut().zip(look) {
            if lately.len() < LATELY_MAX || lately.contains_key(value) {
                let count = lately.entry(*value).or_default();
                *count = count.saturating_add(1);
            } else {
                lost += 1;
            }
        }
        lost
    }

    /// A new day: what is usual is slowly forgotten.
    pub(crate) fn fade(&mut self) {
        self.all.fade(KEPT);
        self.again.iter_mut().for_each(|again| again.fade(KEPT));
        for usual in &mut self.usual {
            usual.values_mut().for_each(|seen| seen.fade(KEPT));
            usual.retain(|_, seen| seen.tries > 0.2);
        }
    }

    /// How many times likelier the look is among the failures since the alarm began than usual: the mean over the traits, and
    /// over that nothing is shared, so that it is at most 1 on average for who has nothing to do with it. `own` failures are
    /// the caller's.
    pub(crate) fn ratio(&self, look: &Look, own: u32) -> f32 {
        let each = |kind: Trait| self.ratio_of(kind, look[kind as usize], own);
        f32::midpoint(1.0, Trait::ALL.into_iter().map(each).sum::<f32>() / Trait::ALL.len() as f32)
    }

    fn ratio_of(&self, kind: Trait, value: u32, own: u32) -> f32 {
        if value == 0 {
            return 1.0;
        }
        let count = self.lately[kind as usize].get(&value).copied().unwrap_or(0).saturating_sub(own);
        let now = count as f32 / (self.failed.saturating_sub(own) as f32 + LATELY_DOUBT);
        (now / self.usual_share(kind, value)).min(RATIO_MAX)
    }

    /// Share of usual first sign-ins with a value, or of those that failed, whichever is more.
    fn usual_share(&self, kind: Trait, value: u32) -> f32 {
        let seen = self.usual[kind as usize].get(&value).copied().unwrap_or_default();
        let tried = (seen.tries + UNSEEN) / (self.all.tries + DOUBT);
        tried.max((seen.failed + UNSEEN) / (self.all.failed + DOUBT * 10.0)).min(1.0)
    }

    /// The trait that tells members from others best: its share among the failures since the alarm began, and usually.
    pub(crate) fn shared(&self) -> Option<(Trait, f32, f32)> {
        let most = Trait::ALL.into_iter().filter_map(|kind| {
            let (value, count) = self.lately[kind as usize].iter().max_by_key(|(_, count)| **count)?;
            let (now, usual) = (*count as f32 / self.failed.max(1) as f32, self.usual_share(kind, *value));
            (now > 0.3 && now > 3.0 * usual && *value != 0).then_some((kind, now, usual))
        });
        most.max_by(|a, b| (a.1 / a.2).total_cmp(&(b.1 / b.2)))
    }

    /// Failures of the campaign.
    pub(crate) fn failed(&self) -> u32 {
        self.failed
    }

    pub(crate) fn settle(&mut self) -> Option<()> {
        let fits =
            self.waiting.len() <= WAITING_MAX && self.usual.iter().all(|usual| usual.len() <= USUAL_MAX);
        (fits && self.lately.iter().all(|lately| lately.len() <= LATELY_MAX)).then_some(())
    }

    pub(crate) fn bytes(&self) -> usize {
        let rows: usize = self.usual.iter().map(BTreeMap::len).sum();
        rows * 24 + self.waiting.len() * 32 + self.lately.iter().map(BTreeMap::len).sum::<usize>() * 16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_program_among_many_tells_members() {
        let mut traits = Traits::default();
        (0..2_000_u32).for_each(|n| {
            let look = [1 + n % 7, 100 + n, 1 + n % 997, 1 + n];
            traits.learn(&Waiting { look, failed: n % 10 == 0, run: None, second: 0 });
        });
        (0..60_u32).for_each(|n| {
            traits.fail(&[99, 5_000 + n, 3_000 + n, 9_000 + n]);
        });
        assert!(traits.ratio(&[99, 5_000, 1, 1], 1) > 50.0);
        assert!(traits.ratio(&[3, 5_000, 1, 1], 1) < 1.0);
        let (kind, now, usual) = traits.shared().expect("a trait");
        assert!(kind == Trait::Software && now > 0.9 && usual < 0.01);
    }
}
