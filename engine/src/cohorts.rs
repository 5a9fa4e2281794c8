//! Cohorts: the client application of a caller in, the group of its peers out. Never more than 16 groups beside the
//! general ones; a principal belongs to everybody until its twentieth call.

use std::time::Duration;

use model::{ApiCall, PrincipalKind, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    age::Phase,
    hash::{Tag, mix},
    profile::Profile,
    stats::Kinds,
    subjects::software,
};

/// Calls from which a principal has a cohort of its own kind.
pub(crate) const COHORT_FROM_CALLS: u32 = 20;
/// Groups found from the calls, beside the general ones.
const LIVE_MAX: usize = 16;
/// Applications that are counted until they have enough callers; the least called goes first.
const CANDIDATES_MAX: usize = 64;
/// A cohort that nobody was in for this long makes room.
const FORSAKEN: Duration = Duration::from_secs(14 * 86_400);
/// Callers from which an application is a cohort.
const CALLERS_MIN: u32 = 30;

/// A group of peers: its place in the tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Cohort(pub(crate) u8);

impl Cohort {
    /// Everybody with a credential.
    pub(crate) const GLOBAL: Self = Self(0);
    /// Addresses that answer for themselves.
    pub(crate) const ADDRESSES: Self = Self(1);
    /// Groups at most, general ones included.
    pub(crate) const COUNT: usize = LIVE_MAX + 2;

    /// Its place.
    pub(crate) fn place(self) -> usize {
        usize::from(self.0).min(Self::COUNT - 1)
    }
}

/// All cohorts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Cohorts {
    live: Vec<Group>,
    candidates: Vec<(u64, u32)>,
    /// Kinds of callers as the last night found them.
    kinds: Option<Kinds>,
}

/// Where a caller was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Joined {
    pub(crate) cohort: Cohort,
    /// The cohort has just taken the place of one that everybody had left.
    pub(crate) replaced: bool,
}

/// One group found from the calls.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Group {
    key: u64,
    born: Timestamp,
    /// When somebody last joined, or was here at the start of a day.
    last: Timestamp,
}

impl Cohorts {
    /// The cohort of a caller that has made enough calls: of its application, and of its kind among all callers.
    pub(crate) fn join(&mut self, call: &ApiCall, profile: &Profile) -> Joined {
        let kind = self.kinds.as_ref().and_then(|kinds| kinds.of(&profile.row()));
        let key = match kind {
            // Software says less of a caller than what it does, once that is known.
            Some(kind) => mix(named_application(call).unwrap_or(0), 1 + u64::from(kind)),
            None => named_application(call).unwrap_or_else(|| mix(u64::from(software(&call.context)), 3)),
        };
        let known = |cohort| Joined { cohort, replaced: false };
        if let Some(at) = self.live.iter().position(|group| group.key == key) {
            self.live[at].last = call.ended_at;
            return known(cohort_at(at));
        }
        let Some(at) = self.candidate(key) else { return known(Cohort::GLOBAL) };
        self.candidates[at].1 = self.candidates[at].1.saturating_add(1);
        if self.candidates[at].1 < CALLERS_MIN {
            return known(Cohort::GLOBAL);
        }
        let group = Group { key, born: call.ended_at, last: call.ended_at };
        if self.live.len() < LIVE_MAX {
            self.candidates.swap_remove(at);
            self.live.push(group);
            return known(cohort_at(self.live.len() - 1));
        }
        let forsaken = self.live.iter().position(|old| call.ended_at.since(old.last) > FORSAKEN);
        let Some(place) = forsaken else { return known(Cohort::GLOBAL) };
        self.candidates.swap_remove(at);
        self.live[place] = group;
        Joined { cohort: cohort_at(place), replaced: true }
    }

    /// Finds the kinds of callers anew from their profiles; some tenths of a second, once a night.
    pub(crate) fn discover(&mut self, rows: &[Vec<f64>], seed: u64) {
        if let Some(kinds) = Kinds::learnt(rows, self.kinds.as_ref(), seed) {
            self.kinds = Some(kinds);
        }
    }

    /// How far a cohort has come in learning; `started` is when the deployment began. In a deployment that knows its
    /// callers a new cohort leans on all of them, and is no beginner.
    pub(crate) fn phase(&self, cohort: Cohort, started: Timestamp, now: Timestamp) -> Phase {
        let all = Phase::of(started, now);
        let group = cohort.place().checked_sub(2).and_then(|at| self.live.get(at));
        let own = group.map_or(all, |group| Phase::of(group.born, now));
        own.max(if all == Phase::Armed { Phase::Warm } else { Phase::Observe }).min(all)
    }

    /// Where a candidate stands; the least called one makes room.
    fn candidate(&mut self, key: u64) -> Option<usize> {
        if let Some(at) = self.candidates.iter().position(|(known, _)| *known == key) {
            return Some(at);
        }
        if self.candidates.len() >= CANDIDATES_MAX {
            let least = (0..self.candidates.len()).min_by_key(|at| self.candidates[*at].1)?;
            // The newcomer takes over the count (Space-Saving), halved, so that a flood of new ones makes no cohort.
            let count = self.candidates[least].1 / 2;
            self.candidates[least] = (key, count);
            return Some(least);
        }
        self.candidates.push((key, 0));
        Some(self.candidates.len() - 1)
    }
}

fn cohort_at(place: usize) -> Cohort {
    Cohort(u8::try_from(place + 2).unwrap_or(0))
}

/// A hash of the client application that the credential names, or that it is an API key.
fn named_application(call: &ApiCall) -> Option<u64> {
    let named = call.identities.iter().find(|who| who.kind == PrincipalKind::Client);
    let key = call.identities.iter().any(|who| who.kind == PrincipalKind::ApiKey);
    named.map(|client| mix(u64::from(Tag::of(client.id).0), 1)).or(key.then(|| mix(0, 2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_becomes_a_cohort_with_its_thirtieth_caller() {
        let mut cohorts = Cohorts::default();
        let call = crate::scene::tests::call();
        let joined: Vec<_> = (0..31).map(|_| cohorts.join(&call, &Profile::default()).cohort).collect();
        assert!(joined[..29].iter().all(|cohort| *cohort == Cohort::GLOBAL));
        assert_eq!(joined[29..], [Cohort(2), Cohort(2)]);
        assert_eq!(cohorts.phase(Cohort(2), Timestamp::ZERO, call.ended_at), Phase::Warm);
        assert_eq!(cohorts.phase(Cohort(2), call.ended_at, call.ended_at), Phase::Observe);
        assert_eq!(cohorts.phase(Cohort::GLOBAL, Timestamp::ZERO, call.ended_at), Phase::Armed);
    }

    #[test]
    fn a_flood_of_applications_makes_no_cohort() {
        let mut cohorts = Cohorts::default();
        let mut call = crate::scene::tests::call();
        for n in 1..100_000_u64 {
            call.context.agent = n;
            assert_eq!(cohorts.join(&call, &Profile::default()).cohort, Cohort::GLOBAL);
        }
    }

    #[test]
    fn a_cohort_that_everybody_left_makes_room() {
        let mut cohorts = Cohorts::default();
        let mut call = crate::scene::tests::call();
        let mut crowd = |cohorts: &mut Cohorts, agent: u64, at: Timestamp| {
            (call.context.agent, call.ended_at) = (agent, at);
            (0..30).map(|_| cohorts.join(&call, &Profile::default())).last()
        };
        let day = |n: i64| Timestamp::from_parts(n * 86_400, 0);
        for agent in 1..=16 {
            crowd(&mut cohorts, agent, day(if agent == 5 { 0 } else { 10 }));
        }
        assert_eq!(crowd(&mut cohorts, 17, day(11)).map(|joined| joined.cohort), Some(Cohort::GLOBAL));
        let joined = crowd(&mut cohorts, 17, day(16));
        assert_eq!(joined, Some(Joined { cohort: Cohort(6), replaced: false }));
        assert_eq!(cohorts.phase(Cohort(6), day(0), day(16)), Phase::Warm);
    }

    #[test]
    fn kinds_split_what_no_application_names() {
        let mut cohorts = Cohorts::default();
        let call = crate::scene::tests::call();
        let row = |n: u64, lister: bool| {
            let mut row = Profile::default().row();
            row[17] = if lister { 0.9 } else { 0.1 };
            row[0] = if lister { 0.2 } else { 0.8 };
            row[2] = f64::from(u32::try_from(mix(n, 1) % 100).unwrap_or(0)) / 1_000.0;
            row
        };
        let rows: Vec<_> = (0..200).map(|n| row(n, n % 2 == 0)).collect();
        cohorts.discover(&rows, 7);
        let joined: Vec<_> = (0..40).map(|_| cohorts.join(&call, &Profile::default()).cohort).collect();
        assert_eq!(joined.last(), Some(&Cohort(2)));
        assert!(cohorts.kinds.as_ref().is_some_and(|kinds| kinds.len() >= 2));
    }
}
