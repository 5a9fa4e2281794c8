//! Whose objects a client touches: its own, its friends', its customers', its share of a partner's, anybody's.

use super::{Actor, Archetype};
use crate::{
    objects::Object,
    rng::mix,
    stage::{Stage, is_link},
    world::{KindId, ORG, Route, Scope, USER, Who},
};

impl Actor {
    /// Objects for the ids in a route's path; `None` when it has nothing to do there.
    pub(super) fn objects_for(&mut self, route: &Route, stage: &Stage) -> Option<[Option<Object>; 2]> {
        let mut chosen = [None; 2];
        let graphql =
            if route.ids().next().is_none() { route.act.kind().filter(|_| is_graphql(route)) } else { None };
        for (place, kind) in chosen.iter_mut().zip(route.ids().chain(graphql)) {
            *place = Some(self.object(kind, stage)?);
        }
        Some(chosen)
    }

    fn object(&mut self, kind: KindId, stage: &Stage) -> Option<Object> {
        // Some objects are gone: an old bookmark, another device deleted it. Most clients hardly ever ask for one, one in a
        // hundred does so all the time.
        let gone = match self.hash % 100 {
            0 => 0.12,
            1..12 => 0.025,
            _ => 0.003,
        };
        if self.rng.chance(gone) {
            return Some(Object::missing(kind, 2_000_000 + self.rng.next() % 7_000_000));
        }
        let role = self.sender.role;
        let place = if role & (Who::STAFF | Who::ADMIN) != 0 {
            self.strangers(kind, stage)
        } else if role & Who::PARTNER != 0 {
            self.entitled(kind, stage)
        } else if self.sender.archetype == Archetype::Crawler {
            let n = stage.objects.len(kind);
            self.cursor = self.cursor.wrapping_add(1);
            (n > 0).then(|| self.cursor % n)
        } else {
            self.mine(kind, stage)
        };
        place.map(|place| Object::at(kind, place))
    }

    /// A customer's own things, mostly the newest; some are others' who share them.
    fn mine(&mut self, kind: KindId, stage: &Stage) -> Option<u32> {
        let (user, org) = (self.sender.user, self.sender.org);
        let back = self.back();
        match (kind, stage.objects.scope(kind)) {
            (USER, _) => {
                let friend = stage.people.friend(user, self.rng.next());
                if self.rng.chance(0.3) { friend } else { None }.or(Some(user))
            }
            (ORG, _) => Some(org),
            (_, Scope::Public) => {
                let n = stage.objects.len(kind);
                // Everybody likes the same goods, and each has his own taste.
                let rank = self.rng.zipf(n);
                let taste = if self.rng.chance(0.6) { 0 } else { mix(self.hash, 0x7461) };
                u32::try_from((u64::from(rank) * 7_919 + taste) % u64::from(n.max(1))).ok()
            }
            (_, Scope::Org) => {
                let org = match stage.people.twin(org) {
                    Some(twin) if self.rng.chance(0.3) => twin,
                    _ => org,
                };
                stage.objects.recent(kind, org, back * 3)
            }
            (_, Scope::Private) => stage.objects.recent(kind, user, back),
            (_, Scope::Shared) => {
                if self.rng.chance(0.03) {
                    // A link that went round.
                    let n = stage.objects.len(kind).max(1);
                    let start = self.rng.below(n);
                    return (0..60).map(|step| (start + step) % n).find(|place| is_link(*place));
                }
                let friend = stage.people.friend(user, self.rng.next()).filter(|_| self.rng.chance(0.27));
                stage.objects.recent(kind, friend.unwrap_or(user), back)
            }
        }
    }

    /// How far back in time: most look at the newest, some go through everything.
    fn back(&mut self) -> u32 {
        match self.rng.below(20) {
            0..9 => 0,
            9..17 => self.rng.below(5),
            17..19 => self.rng.below(20),
            _ => self.rng.below(400),
        }
    }

    /// Support works on one customer at a time.
    fn strangers(&mut self, kind: KindId, stage: &Stage) -> Option<u32> {
        if self.focus == u32::MAX {
            self.focus = self.rng.below(stage.people.users);
        }
        let org = stage.people.org_of(self.focus);
        let own = match (kind, stage.objects.scope(kind)) {
            (USER, _) => Some(self.focus),
            (ORG, _) => Some(org),
            (_, Scope::Org) => stage.objects.recent(kind, org, self.rng.below(6)),
            (_, Scope::Private | Scope::Shared) => stage.objects.recent(kind, self.focus, self.rng.below(3)),
            _ => None,
        };
        let n = stage.objects.len(kind);
        own.or_else(|| (n > 0).then(|| self.rng.below(n)))
    }

    /// A partner walks through what it is entitled to, number by number.
    fn entitled(&mut self, kind: KindId, stage: &Stage) -> Option<u32> {
        let (org, n) = (self.sender.org, stage.objects.len(kind));
        if n == 0 {
            return None;
        }
        if stage.objects.scope(kind) == Scope::Org {
            let first = stage.objects.recent(kind, org, 0)?;
            let next = stage.objects.before(kind, self.cursor).filter(|next| {
                stage.objects.owner(kind, *next) == Some(org)
                    && stage.objects.owner(kind, self.cursor) == Some(org)
            });
            self.cursor = next.unwrap_or(first);
            return Some(self.cursor);
        }
        if stage.objects.scope(kind) == Scope::Public {
            self.cursor = self.cursor.wrapping_add(1);
            return Some(self.cursor % n);
        }
        for _ in 0..80 {
            self.cursor = if self.cursor + 1 >= n { 0 } else { self.cursor + 1 };
            let owner = stage.objects.owner(kind, self.cursor).unwrap_or(self.cursor);
            if stage.people.consents(owner, org) {
                return Some(self.cursor);
            }
        }
        None
    }
}

fn is_graphql(route: &Route) -> bool {
    route.path.first().is_some_and(|piece| piece.text.contains("graphql"))
}
