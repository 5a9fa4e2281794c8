//! Callers: where the callers of an attack come from, what they look like, whom a verdict may name and whom it must spare.

use std::net::IpAddr;

use compact_str::CompactString;
use model::{PrincipalId, PrincipalKind};

use super::{
    instance::{Attack, Caller, GUILTY_MAX},
    program::Source,
};
use crate::{
    ActorId, Archetype,
    looks::Family,
    nets::Net,
    people::Actor,
    rng::mix,
    stage::{Ask, Name, Sender, Stage},
    world::{Act, KindId, Login, Scope, Who},
};

impl Attack {
    pub(super) fn begin(&mut self, now: u64, stage: &mut Stage, people: &mut [Actor]) -> bool {
        self.has_begun = true;
        self.routes = self.find_routes(stage);
        match self.program.source {
            Source::Turned { factor, support } => self.turn(now, (factor, support), people),
            Source::Stolen | Source::StolenPartner => self.steal(now, stage, people),
            Source::Dormant => {
                let mut sender = self.sender(0, stage);
                sender.login = Login::Key;
                sender.role = Who::PARTNER;
                sender.org = self.rng.below(stage.people.orgs);
                sender.client = "partner-old".into();
                stage.hand_out(&mut sender, now / 1_000_000_000 - 90 * 86_400, u64::MAX / 4);
                self.take(&sender, stage, true);
                self.callers.push(Caller { sender, account: None, left: u32::MAX });
                true
            }
            Source::Accounts(_) | Source::Addresses(_) => {
                if self.victim.is_none() {
                    let n = people.len().max(1);
                    let users = (0..64).map(|_| self.rng.next() as usize % n).filter_map(|at| people.get(at));
                    self.victim = users.map(|actor| actor.sender.user).find(|user| *user != u32::MAX);
                }
                true
            }
        }
    }

    /// An honest client goes bad.
    pub(super) fn turn(&mut self, now: u64, (factor, support): (f64, bool), people: &mut [Actor]) -> bool {
        let fits = |actor: &Actor| {
            let sort = actor.sender.archetype;
            let wanted = if support {
                sort == Archetype::Support
            } else {
                matches!(sort, Archetype::Web | Archetype::Editor | Archetype::Partner | Archetype::Mobile)
            };
            wanted && actor.sender.attack.is_none() && actor.rate > 1.5 && actor.wake > now
        };
        let start = self.rng.next() as usize % people.len().max(1);
        let n = people.len();
        let found = (0..n).map(|at| (start + at) % n).find(|at| people.get(*at).is_some_and(fits));
        let Some(actor) = found.and_then(|at| people.get_mut(at)) else { return false };
        actor.sender.attack = Some(self.id);
        actor.rate *= factor;
        actor.leaves = u32::MAX;
        self.first_actor = actor.sender.actor.0;
        self.guilty.extend(own(&actor.sender));
        true
    }

    /// Takes the credential of somebody who is logged in.
    pub(super) fn steal(&mut self, now: u64, stage: &mut Stage, people: &[Actor]) -> bool {
        let second = now / 1_000_000_000;
        let from_partner = self.program.source == Source::StolenPartner;
        let fits = |actor: &Actor| {
            let sender = &actor.sender;
            let wanted = if from_partner {
                sender.archetype == Archetype::Partner
            } else {
                sender.role == Who::CUSTOMER && (self.name != "cookie_fork" || sender.login == Login::Cookie)
            };
            wanted
                && sender.attack.is_none()
                && sender.ticket.login != Login::Nobody
                && sender.ticket.expires > second + 120
        };
        let n = people.len();
        let start = self.rng.next() as usize % n.max(1);
        let found = (0..n).map(|at| (start + at) % n).find(|at| people.get(*at).is_some_and(fits));
        let Some(owner) = found.and_then(|at| people.get(at)) else { return false };
        let place = u32::try_from(self.callers.len()).unwrap_or(0);
        let mut sender = self.sender(place, stage);
        sender.ticket = owner.sender.ticket.clone();
        (sender.login, sender.client) = (owner.sender.login, owner.sender.client.clone());
        (sender.user, sender.org, sender.role) = (owner.sender.user, owner.sender.org, owner.sender.role);
        // Whoever is noisy does not take the trouble, however well it behaves otherwise.
        let copies = self.name != "token_theft_noisy" && self.rng.chance(self.mimicry);
        if self.name == "token_theft_replay" || copies {
            sender.look = owner.sender.look;
        }
        self.victim = Some(sender.user).filter(|user| *user != u32::MAX);
        let (credential, named): (Vec<_>, Vec<_>) =
            sender.ticket.principals.iter().partition(|principal| principal.kind.is_credential());
        self.guilty.extend(credential.iter().map(|principal| principal.id));
        self.victims.extend(named.iter().map(|principal| principal.id));
        self.callers.push(Caller { sender, account: None, left: u32::MAX });
        true
    }

    /// A caller who looks and sits as well as he can.
    pub(super) fn sender(&mut self, place: u32, stage: &Stage) -> Sender {
        let actor = ActorId(self.first_actor + place % self.actors());
        let mut sender = Sender::new(actor, Archetype::Attacker, Some(self.id));
        let hash = self.rng.next();
        // Thousands of addresses are rented from households.
        let at_home = self.rng.chance(self.mimicry) || self.spread > 100 && self.rng.chance(0.8);
        let net = if at_home {
            Net::Home
        } else if self.rng.chance(0.25) {
            Net::Exit
        } else {
            Net::Hosting
        };
        sender.address = stage.nets.address(net, hash, 0);
        let family = if self.rng.chance(self.mimicry) {
            [Family::Apple, Family::Android, Family::Browser][(hash % 3) as usize]
        } else {
            Family::Tool
        };
        // One program, one look, unless it takes pains.
        let look = if self.mimicry > 0.5 { hash } else { mix(stage.seed, u64::from(self.id.0)) };
        sender.look = stage.looks.of(family, look, false);
        sender
    }

    /// What a verdict on him may name.
    pub(super) fn take(&mut self, sender: &Sender, stage: &Stage, address: bool) {
        if self.guilty.len() >= GUILTY_MAX {
            return;
        }
        self.guilty.extend(own(sender));
        if address && !is_shared(sender.address) {
            self.guilty.push(stage.names.address(sender.address).id);
        }
    }

    pub(super) fn condemn(&mut self, principal: PrincipalId) {
        if self.guilty.len() < GUILTY_MAX {
            self.guilty.push(principal);
        }
    }

    pub(super) fn spare(&mut self, principal: PrincipalId) {
        if !self.victims.contains(&principal) {
            self.victims.push(principal);
        }
    }

    /// Who calls next: logged in if it takes an account.
    pub(super) fn caller(&mut self, now: u64, stage: &mut Stage) -> Option<usize> {
        if matches!(self.program.source, Source::Accounts(_) | Source::Addresses(_)) {
            let known = u32::try_from(self.callers.len()).unwrap_or(u32::MAX);
            // New ones join as it goes on; each does his share.
            let joins = known < self.spread && (known == 0 || self.rng.chance(0.6));
            if joins {
                self.join(known, now, stage);
                return Some(self.callers.len() - 1);
            }
        }
        let ready: Vec<usize> =
            (0..8).map(|_| self.rng.next() as usize % self.callers.len().max(1)).collect();
        ready
            .into_iter()
            .find(|at| self.callers.get(*at).is_some_and(|caller| caller.left > 0))
            .or_else(|| self.callers.iter().position(|caller| caller.left > 0))
    }

    pub(super) fn join(&mut self, place: u32, now: u64, stage: &mut Stage) {
        let mut sender = self.sender(place, stage);
        let mut account = None;
        if let Source::Accounts(_) = self.program.source {
            let user = self.account(stage);
            (sender.role, sender.login) = (Who::CUSTOMER, stage.world.app);
            sender.client = CompactString::from("mobile");
            if self.rng.chance(0.3) {
                (sender.login, sender.client) = (stage.world.page, "web".into());
            }
            (sender.user, sender.org) = (user, stage.people.org_of(user));
            account = Some(user);
            self.guilty.push(stage.login_principal(user).id);
            log_in(&mut sender, user, now, stage);
        }
        self.take(&sender, stage, true);
        // Most of a botnet's addresses try once or a few times.
        let left = if self.spread > 1_000 {
            match self.rng.below(100) {
                0..10 => 1,
                10..65 => 2 + self.rng.below(9),
                65..92 => 11 + self.rng.below(10),
                _ => 21 + self.rng.below(60),
            }
        } else {
            u32::MAX
        };
        self.callers.push(Caller { sender, account, left });
    }

    /// An account of the attacker's: signed up long ago, with some things of its own.
    pub(super) fn account(&mut self, stage: &mut Stage) -> u32 {
        let user = stage.new_user();
        for kind in 2..KindId::try_from(stage.world.kinds.len()).unwrap_or(2) {
            if matches!(stage.objects.scope(kind), Scope::Private | Scope::Shared) {
                for _ in 0..self.rng.below(5) {
                    let _ = stage.objects.create(kind, user);
                }
            }
        }
        user
    }
}

/// Its principals that are nobody else's: applications are many people's.
pub(super) fn own(sender: &Sender) -> impl Iterator<Item = PrincipalId> {
    sender.ticket.principals.iter().filter(|one| one.kind != PrincipalKind::Client).map(|one| one.id)
}

/// Logs an attacker's account in.
pub(super) fn log_in(sender: &mut Sender, user: u32, now: u64, stage: &mut Stage) {
    let Some(route) = stage.world.routes_where(|route| route.act == Act::Login).first().copied() else {
        return;
    };
    let password = stage.people.password(user);
    let hash = mix(now, u64::from(user));
    // A login that fails by chance is tried again.
    for step in 0..3 {
        let ask = Ask::new(now + step * 1_000_000_000, route, hash ^ step).login(Name::User(user), &password);
        if stage.send(sender, &ask).is_served() {
            return;
        }
    }
}

/// Whether others sit behind an address too.
fn is_shared(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(v4) if matches!(v4.octets(), [185, 220, ..] | [92, 40, ..] | [194, 25, ..]))
}
