//! Cohorts: the client application of a caller in, the group of its peers out. Never more than 16 groups beside the
//! general ones; a principal belongs to everybody until its twentieth call.

use model::{ApiCall, PrincipalKind, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    age::Phase,
    hash::{Tag, mix},
    subjects::software,
};

/// Calls from which a principal has a cohort of its own kind.
pub(crate) const COHORT_FROM_CALLS: u32 = 20;
/// Groups found from the calls, beside the general ones.
const LIVE_MAX: usize = 16;
/// Applications that are counted until they have enough callers; the least called goes first.
const CANDIDATES_MAX: usize = 64;
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
}

/// One group found from the calls.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Group {
    key: u64,
    born: Timestamp,
    members: u32,
}

impl Cohorts {
    /// The cohort of a caller that has made enough calls; one more caller of this application is counted.
    pub(crate) fn join(&mut self, call: &ApiCall, role: u8) -> Cohort {
        let key = mix(application(call), u64::from(role));
        if let Some(at) = self.live.iter().position(|group| group.key == key) {
            self.live[at].members = self.live[at].members.saturating_add(1);
            return Cohort(u8::try_from(at + 2).unwrap_or(0));
        }
        let Some(at) = self.candidate(key) else { return Cohort::GLOBAL };
        self.candidates[at].1 = self.candidates[at].1.saturating_add(1);
        if self.candidates[at].1 >= CALLERS_MIN && self.live.len() < LIVE_MAX {
            let members = self.candidates.swap_remove(at).1;
            self.live.push(Group { key, born: call.ended_at, members });
            return Cohort(u8::try_from(self.live.len() + 1).unwrap_or(0));
        }
        Cohort::GLOBAL
    }

    /// How far a cohort has come in learning; `started` is when the deployment began.
    pub(crate) fn phase(&self, cohort: Cohort, started: Timestamp, now: Timestamp) -> Phase {
        let born = cohort
            .place()
            .checked_sub(2)
            .and_then(|at| self.live.get(at))
            .map_or(started, |group| group.born);
        Phase::of(born, now)
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

/// A hash of the client application: the one that the credential names, else that it is an API key, else the software.
fn application(call: &ApiCall) -> u64 {
    let named = call.identities.iter().find(|who| who.kind == PrincipalKind::Client);
    if let Some(client) = named {
        return mix(u64::from(Tag::of(client.id).0), 1);
    }
    if call.identities.iter().any(|who| who.kind == PrincipalKind::ApiKey) {
        return mix(0, 2);
    }
    mix(u64::from(software(&call.context)), 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_becomes_a_cohort_with_its_thirtieth_caller() {
        let mut cohorts = Cohorts::default();
        let call = crate::scene::tests::call();
        let joined: Vec<_> = (0..31).map(|_| cohorts.join(&call, 0)).collect();
        assert!(joined[..29].iter().all(|cohort| *cohort == Cohort::GLOBAL));
        assert_eq!(joined[29..], [Cohort(2), Cohort(2)]);
        assert_eq!(cohorts.phase(Cohort(2), Timestamp::ZERO, call.ended_at), Phase::Observe);
    }

    #[test]
    fn a_flood_of_applications_makes_no_cohort() {
        let mut cohorts = Cohorts::default();
        let mut call = crate::scene::tests::call();
        for n in 1..100_000_u64 {
            call.context.agent = n;
            assert_eq!(cohorts.join(&call, 0), Cohort::GLOBAL);
        }
    }
}
