//! Inference: fields that no rule knows in, those that turn out to say who calls out. Never acts on one before the answers of
//! many callers have shown it, and takes it back when they show otherwise.

mod field;
mod host;
mod marks;
mod report;
mod rule;
mod votes;

use model::{ApiCall, FieldPlace, Grade, Handle, Issued, Loss, Losses, Outcome, Principal, Pseudonyms};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::{engine::Engine, hash::mix, routes::RouteId, scene::Scene, snapshot::Settle};
use host::Host;

/// What one host holds at most, about.
const HOST_BYTES: usize = 56 << 10;
/// Hosts that are kept, at most, whatever memory there is.
const HOSTS_MAX: usize = 64;
/// Seconds of silence after which a host gives its place to another.
const IDLE_S: u64 = 3_600;
/// Credentials handed out by one answer: the limit of `ApiCall::issued`.
const ISSUED_MAX: usize = 4;
/// Principals of a call: the limit of `ApiCall::identities`.
const IDENTITIES_MAX: usize = 8;

/// What is known of the fields that may carry credentials, by host.
#[derive(Serialize, Deserialize)]
pub(crate) struct Inference {
    hosts: Vec<Host>,
    #[serde(skip)]
    hosts_max: usize,
    #[serde(skip)]
    key: u64,
}

impl Inference {
    /// What fits into about `bytes`.
    pub(crate) fn within(bytes: usize, names: &Pseudonyms) -> Self {
        let hosts_max = (bytes / HOST_BYTES).clamp(4, HOSTS_MAX);
        Self { hosts: Vec::new(), hosts_max, key: names.short(b"inference", b"") }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.hosts.iter().map(Host::bytes).sum()
    }

    /// The call with those principals among its identities and credentials handed out that were inferred; nothing if there
    /// are none.
    pub(crate) fn identify(&self, call: &ApiCall, names: &Pseudonyms) -> Option<Box<ApiCall>> {
        let details = call.details.as_ref()?;
        if details.candidates.is_empty() && details.offered.is_empty() || !call.ambiguities.is_empty() {
            return None;
        }
        let host = self.hosts.get(self.find(&call.host)?)?;
        let shown = details.candidates.iter().filter(|one| host.is_inferred(one.place, &one.name));
        let shown: SmallVec<[_; 4]> = shown.collect();
        let issued = issued(host, call, names);
        if shown.is_empty() && issued.is_empty() {
            return None;
        }
        let mut whole = Box::new(call.clone());
        for one in shown {
            for who in [Some(&one.principal), one.user.as_ref()].into_iter().flatten() {
                let is_room = whole.identities.len() < IDENTITIES_MAX;
                if is_room && !whole.identities.iter().any(|known| is_same(known, who)) {
                    whole.identities.push(who.clone());
                }
            }
        }
        whole.issued.extend(issued);
        whole.issued.truncate(ISSUED_MAX);
        Some(whole)
    }

    /// Learns from a call, as it came. Routes that turn out to have served nobody without a credential.
    pub(crate) fn learn(
        &mut self,
        call: &ApiCall,
        scene: &Scene<'_>,
        losses: &mut Losses,
    ) -> SmallVec<[RouteId; 0]> {
        if call.grade == Grade::C || scene.outage {
            return SmallVec::new();
        }
        let host = self.find(&call.host).or_else(|| self.enter(call, losses));
        let Some(host) = host.and_then(|at| self.hosts.get_mut(at)) else { return SmallVec::new() };
        host.learn(call, scene, self.key, losses)
    }

    fn find(&self, name: &str) -> Option<usize> {
        let hash = text_hash(name);
        self.hosts.iter().position(|host| host.hash == hash && host.name == name)
    }

    /// A place for a host that served somebody who showed what is or may be a credential.
    fn enter(&mut self, call: &ApiCall, losses: &mut Losses) -> Option<usize> {
        let may = call.details.as_ref().is_some_and(|details| !details.candidates.is_empty());
        let is_known = call.identities.iter().any(|who| who.kind.is_credential());
        if call.outcome() != Outcome::Served || !may && !is_known {
            return None;
        }
        let fresh = Host::new(call.host.clone(), text_hash(&call.host), call.ended_at);
        if self.hosts.len() < self.hosts_max {
            self.hosts.push(fresh);
            return Some(self.hosts.len() - 1);
        }
        let idle = |host: &Host| call.ended_at.since(host.last).as_secs() > IDLE_S;
        let least =
            (0..self.hosts.len()).filter(|at| idle(&self.hosts[*at])).min_by_key(|at| self.hosts[*at].calls);
        match least {
            Some(at) => self.hosts[at] = fresh,
            None => losses.add(Loss::CandidateFull, u64::from(may)),
        }
        least
    }
}

/// What an answer hands out under inferred names.
fn issued(host: &Host, call: &ApiCall, names: &Pseudonyms) -> SmallVec<[Issued; 0]> {
    let mut issued = SmallVec::new();
    let Some(details) = call.details.as_ref().filter(|_| call.status.is_some_and(|status| status < 400))
    else {
        return issued;
    };
    for one in &details.offered {
        let shown = |place, name: &str| {
            let mut shown = details.candidates.iter();
            shown.find(|old| old.place == place && old.name == name).map(|old| old.principal.clone())
        };
        if one.place == FieldPlace::Cookie && host.is_inferred(FieldPlace::Cookie, &one.name) {
            let renews = shown(FieldPlace::Cookie, &one.name);
            if renews.as_ref() != Some(&one.principal) {
                issued.push(Issued { credential: one.principal.clone(), renews });
            }
        } else if one.place == FieldPlace::Answer
            && let Some((place, name, kind)) = host.handed_out_in_answers()
            && let Handle::Sha256(digest) = one.principal.handle
        {
            issued.push(Issued { credential: names.digested(kind, digest), renews: shown(place, name) });
        }
    }
    // A member of a known name may hold what is shown under a name that was inferred.
    if let Some((_, _, kind)) = host.handed_out_in_answers().filter(|_| call.login.is_some()) {
        for known in &call.issued {
            if let Handle::Sha256(digest) = known.credential.handle
                && kind != known.credential.kind
            {
                issued.push(Issued { credential: names.digested(kind, digest), renews: None });
            }
        }
    }
    issued
}

/// The same principal, or another user or client: of these a call has one.
fn is_same(known: &Principal, new: &Principal) -> bool {
    known.id == new.id || known.kind == new.kind && !new.kind.is_credential()
}

/// A hash of a name that the service has chosen; names are compared too.
fn text_hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| mix(hash, u64::from(byte)))
}

impl Settle for Inference {
    fn settle(&mut self, fresh: Self) -> Option<()> {
        (self.hosts_max, self.key) = (fresh.hosts_max, fresh.key);
        self.hosts.truncate(self.hosts_max);
        self.hosts.iter().all(Host::is_sound).then_some(())
    }
}

impl Engine {
    /// Learns which fields say who calls; the routes that asked for them are known to be guarded from then on.
    pub(crate) fn infer(&mut self, call: &ApiCall, scene: &Scene<'_>) {
        let world = &mut self.world;
        for RouteId(route) in world.inference.learn(call, scene, &mut world.losses) {
            if let Some(route) = world.routes.table.get_mut(route as usize) {
                route.serves_anyone = false;
            }
        }
    }
}
