//! How much: what the detectors of this group keep of a subject and of everybody. Never judges.

pub(crate) mod peaks;

use std::collections::BTreeMap;

use model::{PrincipalId, Pseudonyms};
use peaks::Peaks;
use serde::{Deserialize, Serialize};

use crate::{
    meters::Meters,
    norms::Norms,
    routes::RouteId,
    scene::Scene,
    stats::{Records, Span},
};

/// Seconds of the spans in which bursts are counted: calls in the short one, the service's time in the long one.
pub(crate) const SHORT_S: u32 = 10;
pub(crate) const LONG_S: u32 = 600;
/// A route's usual time moves by this factor with each call: up and down alike, so that it rests at the median.
const TIME_STEP: f32 = 1.02;
/// Sorts of callers whose days are told apart.
const SORTS: usize = 1_024;
/// Amounts of a day that are compared with the highest ones of peers: see `excess`.
pub(crate) const DAY_AMOUNTS: usize = 4;
/// Longest usual time of a call, in hundredths of a second.
const TIME_MAX: f32 = 6_000.0;

/// Bytes of one user's last credential in its tree.
const USER_BYTES: usize = 48;
/// Ways in which a body can be too large.
pub(crate) const DIMENSIONS: usize = 4;

/// Of one subject: how much it uses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Own {
    pub(crate) meters: Meters,
    pub(crate) bursts: Bursts,
    /// Amounts of whole days.
    pub(crate) days: Peaks<[f32; DAY_AMOUNTS]>,
    /// Larger than any body that others send: the evidence of the day, in nats.
    pub(crate) bomb: Option<Box<Bomb>>,
}

impl Own {
    /// A word of each part that most calls need.
    pub(crate) fn glance(&self) -> u64 {
        self.meters.glance() ^ u64::from(self.bursts.peaks.day)
    }
}

/// Its bursts: the present ones, and the highest of this day and of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bursts {
    pub(crate) short: Span,
    pub(crate) long: Span,
    pub(crate) peaks: Peaks<[f32; 2]>,
}

/// The largest body it sent today.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bomb {
    pub(crate) day: u16,
    pub(crate) nats: f32,
    pub(crate) which: u8,
    pub(crate) size: f32,
    pub(crate) among_peers: f32,
    /// Such bodies sent today, and those that the service choked on.
    pub(crate) sent: u16,
    pub(crate) harmful: u16,
}

/// Of everybody.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shared {
    #[serde(skip)]
    pub(crate) key: u64,
    pub(crate) norms: Norms,
    pub(crate) times: Times,
    pub(crate) users: Users,
    /// The highest bursts, of credentials and of addresses.
    pub(crate) bursts: [[Records; 2]; 2],
    /// The highest days of callers of each sort.
    pub(crate) days: Days,
    /// The largest bodies of all routes together, and of each.
    pub(crate) bodies: [Records; DIMENSIONS],
    pub(crate) by_route: Bodies,
}

/// The highest days of callers of each sort: some sorts count as one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Days(Vec<[Records; DAY_AMOUNTS]>);

impl Default for Days {
    fn default() -> Self {
        Self(vec![Default::default(); SORTS])
    }
}

impl Days {
    /// Those of one sort.
    pub(crate) fn of(&mut self, sort: u64) -> &mut [Records; DAY_AMOUNTS] {
        let at = (sort % SORTS as u64) as usize;
        &mut self.0[at]
    }

    /// Forgets what a culprit has shown.
    pub(crate) fn forget(&mut self, who: u32) {
        self.0.as_flattened_mut().iter_mut().for_each(|records| records.forget(who));
    }

    fn is_sound(&self) -> bool {
        self.0.len() == SORTS
    }
}

/// How long the calls of each route usually take.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Times {
    #[serde(skip)]
    routes_max: usize,
    /// Hundredths of a second; 0 for a route not met yet.
    usual: Vec<f32>,
}

/// The largest bodies of each route.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bodies {
    #[serde(skip)]
    routes_max: usize,
    made: usize,
    routes: Vec<Option<Box<[Records; DIMENSIONS]>>>,
}

/// The last credential of each user whose password was accepted. Past the bound any other one is forgotten.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Users {
    #[serde(skip)]
    users_max: usize,
    last: BTreeMap<PrincipalId, PrincipalId>,
}

impl Users {
    /// Users that fit into about `bytes`.
    pub(crate) fn within(bytes: usize) -> Self {
        Self { users_max: bytes / USER_BYTES, last: BTreeMap::new() }
    }

    /// Takes the limit of a fresh one.
    pub(crate) fn settle(&mut self, fresh: &Self) {
        self.users_max = fresh.users_max;
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.last.len() * USER_BYTES
    }

    /// A user's last credential.
    pub(crate) fn last(&self, user: PrincipalId) -> Option<PrincipalId> {
        self.last.get(&user).copied()
    }

    /// A user's last credential was renewed.
    pub(crate) fn renew(&mut self, user: PrincipalId, before: PrincipalId, credential: PrincipalId) {
        if let Some(last) = self.last.get_mut(&user).filter(|last| **last == before) {
            *last = credential;
        }
    }

    /// Takes a user's new credential; the one before it.
    pub(crate) fn succeed(&mut self, user: PrincipalId, credential: PrincipalId) -> Option<PrincipalId> {
        if self.last.len() >= self.users_max && !self.last.contains_key(&user) {
            // Keys are keyed hashes: the first is as good as any.
            self.last.pop_first();
        }
        self.last.insert(user, credential)
    }
}

impl Times {
    /// The usual time of the scene's call, in hundredths of a second; learns from what it took now.
    pub(crate) fn take(&mut self, scene: &Scene<'_>) -> f32 {
        let took = scene.call.duration_us.map(|us| (us as f32 / 1e4).clamp(0.01, TIME_MAX));
        let Some(RouteId(route)) = scene.route().filter(|route| (route.0 as usize) < self.routes_max) else {
            return took.unwrap_or(1.0).min(1.0);
        };
        let at = route as usize;
        if self.usual.len() <= at {
            self.usual.resize(at + 1, 0.0);
        }
        let usual = &mut self.usual[at];
        if let Some(took) = took.filter(|_| !scene.outage) {
            *usual = match *usual {
                known if known <= 0.0 => took,
                known if took > known => known * TIME_STEP,
                known => known / TIME_STEP,
            };
        }
        *usual
    }

    /// The usual time of the scene's call, in hundredths of a second.
    pub(crate) fn of(&self, scene: &Scene<'_>) -> f32 {
        let usual = scene.route().and_then(|RouteId(route)| self.usual.get(route as usize));
        usual.copied().unwrap_or(0.0)
    }
}

impl Bodies {
    /// The largest bodies of one route, if there is room.
    pub(crate) fn of(&mut self, RouteId(route): RouteId) -> Option<&mut [Records; DIMENSIONS]> {
        let at = route as usize;
        if self.routes.len() <= at {
            if at >= self.routes_max * 8 {
                return None;
            }
            self.routes.resize_with(at + 1, || None);
        }
        if self.routes[at].is_none() {
            if self.made >= self.routes_max {
                return None;
            }
            self.made += 1;
            self.routes[at] = Some(Box::default());
        }
        self.routes[at].as_deref_mut()
    }
}

impl Shared {
    /// Within about `bytes`; hash keys come from `names`.
    pub(crate) fn within(bytes: usize, names: &Pseudonyms) -> Self {
        let (times, bodies) = (bytes / 4 / size_of::<f32>(), bytes / 2 / size_of::<[Records; DIMENSIONS]>());
        Self {
            key: names.short(b"volume", &[]),
            users: Users { users_max: bytes / 8 / USER_BYTES, ..Users::default() },
            times: Times { routes_max: times, ..Times::default() },
            by_route: Bodies { routes_max: bodies, ..Bodies::default() },
            ..Self::default()
        }
    }

    /// Read from a snapshot: takes limits and keys from a fresh one, and checks itself. `None` when it contradicts itself.
    #[expect(clippy::needless_pass_by_value, reason = "the signature of all groups")]
    pub(crate) fn settle(&mut self, fresh: Self) -> Option<()> {
        self.key = fresh.key;
        self.users.users_max = fresh.users.users_max;
        self.times.routes_max = fresh.times.routes_max;
        self.by_route.routes_max = fresh.by_route.routes_max;
        let made = self.by_route.routes.iter().flatten().count();
        (self.norms.is_sound() && self.days.is_sound() && made == self.by_route.made).then_some(())
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        let boxes = self.by_route.routes.capacity() * size_of::<usize>();
        self.times.usual.capacity() * size_of::<f32>()
            + boxes
            + self.users.last.len() * USER_BYTES
            + self.by_route.made * size_of::<[Records; DIMENSIONS]>()
            + self.norms.bytes()
            + SORTS * size_of::<[Records; 2]>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_subject_is_small() {
        // Besides it an ordinary subject has two lists of at most 16 hashes.
        assert!(size_of::<Own>() <= 450, "{}", size_of::<Own>());
    }
}
