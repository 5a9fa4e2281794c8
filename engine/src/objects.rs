//! Who owns what: accesses, creations and lists in; own, granted, foreign or shared out. Never lets one first touch prove
//! ownership: an enumerator that comes before the owners gains nothing.

use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    hash::{Tag, mix},
    routes::RouteId,
    snapshot::Settle,
    table::{Table, Worth},
};

/// Seconds after which what its owner did not come back to is worth no more than anything new: 14 days.
const IDLE_S: u32 = 14 * 86_400;

/// How sure the owner is, in climbing order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Hold {
    /// Touched once.
    Touched,
    /// Listed to the owner by the service.
    Listed,
    /// The owner came back to it.
    Held,
    /// The owner made it.
    Created,
}

/// One object. Owners and strangers are tags of users or credential families.
#[derive(Serialize, Deserialize)]
pub(crate) struct Object {
    owner: Tag,
    partner: Tag,
    strangers: [Tag; 2],
    /// Second of the last touch by the owner.
    seen: u32,
    /// Slot of the subject that touched it first, while nobody held it, and the route that it came by.
    first_slot: u32,
    first_route: Option<RouteId>,
    hold: Hold,
    shared: bool,
}

impl Worth for Object {
    fn worth(&self) -> u32 {
        if self.shared { 0 } else { 1 + self.hold as u32 }
    }

    /// What nobody came back to goes first, however many newcomers there are; what is known of owners who stay away does not
    /// stay for ever.
    fn yields_to(&self, newcomer: &Self) -> bool {
        self.worth() <= newcomer.worth() || newcomer.seen.saturating_sub(self.seen) > IDLE_S
    }
}

/// What an access turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Touch {
    /// Nobody was known to own it.
    New,
    /// The caller's own, and it came back to it.
    Own,
    /// Ownership is not settled.
    Unclear,
    /// The service had given it to the caller, or serves both its owner's and the caller's objects to one of the two or to a
    /// third: people of one household, team or organisation.
    Granted,
    /// Belongs to many.
    Shared,
    /// Belongs to somebody else.
    Foreign { owner: Tag },
    /// The true owner showed up; whoever sits in `slot` had touched a stranger's object before, by `route`.
    Reclaimed { suspect: Tag, slot: u32, route: Option<RouteId> },
}

/// Who touches.
#[derive(Clone, Copy)]
pub(crate) struct Toucher<'a> {
    /// All tags that speak for the caller.
    pub(crate) tags: &'a [Tag],
    /// The tag under which the caller owns things.
    pub(crate) owner: Tag,
    /// Slot of the caller's subject; `u32::MAX` when the call is not attested well enough to be held against it.
    pub(crate) slot: u32,
    /// The route that it comes by.
    pub(crate) route: Option<RouteId>,
    /// Whether the caller may claim.
    pub(crate) claims: bool,
    /// Whether its touch is a sign that an object belongs to many: not when it serves others by its work.
    pub(crate) sways: bool,
}

#[derive(Serialize, Deserialize)]
struct Grant;

impl Worth for Grant {
    fn worth(&self) -> u32 {
        0
    }
}

/// All objects and grants.
#[derive(Serialize, Deserialize)]
pub(crate) struct Objects {
    objects: Table<u64, Object>,
    grants: Table<u64, Grant>,
}

impl Objects {
    pub(crate) fn within(bytes: usize) -> Self {
        Self { objects: Table::within(bytes / 4 * 3), grants: Table::within(bytes / 4) }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.objects.bytes() + self.grants.bytes()
    }

    /// A word of an object's row.
    pub(crate) fn glance(&self, id: u64) -> u64 {
        self.objects.get(id).map_or(0, |object| u64::from(object.seen))
    }

    /// A word of the row that says that an object was given to somebody.
    pub(crate) fn glance_grant(&self, id: u64, tag: Tag) -> u64 {
        u64::from(self.grants.glance(grant_key(id, tag)))
    }

    /// A served access by id. Returns what it was and how many rows were evicted.
    pub(crate) fn touch(&mut self, id: u64, who: Toucher<'_>, now: Timestamp) -> (Touch, u64) {
        let second = u32::try_from(now.as_secs() & 0xffff_ffff).unwrap_or(0);
        let Some(object) = self.objects.get_mut(id) else {
            return if who.claims {
                (Touch::New, self.claim(id, who, Hold::Touched, second))
            } else {
                (Touch::New, 0)
            };
        };
        if object.shared {
            return (Touch::Shared, 0);
        }
        if who.tags.contains(&object.owner) || who.tags.contains(&object.partner) {
            let back = second > object.seen || object.hold == Hold::Listed;
            if back && object.hold < Hold::Held && who.tags.contains(&object.owner) {
                object.hold = Hold::Held;
            }
            object.seen = object.seen.max(second);
            return (if object.hold >= Hold::Held { Touch::Own } else { Touch::Unclear }, 0);
        }
        if who.tags.iter().any(|tag| self.grants.get(grant_key(id, *tag)).is_some()) {
            return (Touch::Granted, 0);
        }
        if object.hold == Hold::Touched {
            return self.contest(id, who, second);
        }
        let owner = object.owner;
        if who.claims && who.sways && object.stranger(who.owner) == Stranger::OneTooMany {
            object.shared = true;
            return (Touch::Shared, 0);
        }
        let others = [object.partner, object.strangers[0], object.strangers[1]];
        if !who.claims {
            return (Touch::Foreign { owner }, 0);
        }
        let evicted = self.meet(who.owner, owner);
        let circle = |other: &Tag| other.is_some() && *other != who.owner && self.have_met(who.owner, *other);
        match evicted {
            Some(evicted) if !others.iter().any(circle) => (Touch::Foreign { owner }, evicted),
            evicted => (Touch::Granted, evicted.unwrap_or(0)),
        }
    }

    /// Remembers that one was served the other's object. How many rows were evicted for it, or `None` when one of them was
    /// served the other's before: they have to do with one another.
    fn meet(&mut self, one: Tag, other: Tag) -> Option<u64> {
        let key = circle_key(one, other);
        if self.grants.find(key).is_some() {
            return None;
        }
        Some(u64::from(self.grants.insert(key, Grant).1.is_some()))
    }

    fn have_met(&self, one: Tag, other: Tag) -> bool {
        self.grants.get(circle_key(one, other)).is_some()
    }

    /// The service made it for the caller.
    pub(crate) fn create(&mut self, id: u64, who: Toucher<'_>, now: Timestamp) -> u64 {
        let second = u32::try_from(now.as_secs() & 0xffff_ffff).unwrap_or(0);
        if self.objects.get(id).is_some_and(|object| object.hold == Hold::Created || object.shared) {
            return 0;
        }
        self.claim(id, who, Hold::Created, second)
    }

    /// The service listed it to the caller.
    pub(crate) fn list(&mut self, id: u64, who: Toucher<'_>, now: Timestamp) -> (Touch, u64) {
        let second = u32::try_from(now.as_secs() & 0xffff_ffff).unwrap_or(0);
        let Some(object) = self.objects.get_mut(id) else {
            return if who.claims {
                (Touch::New, self.claim(id, who, Hold::Listed, second))
            } else {
                (Touch::New, 0)
            };
        };
        if object.shared {
            return (Touch::Shared, 0);
        }
        if who.tags.contains(&object.owner) || who.tags.contains(&object.partner) {
            if object.hold < Hold::Held && who.tags.contains(&object.owner) {
                object.hold = if second > object.seen { Hold::Held } else { Hold::Listed };
            }
            return (Touch::Own, 0);
        }
        if object.hold == Hold::Touched && who.claims {
            let (suspect, slot, route) = (object.owner, object.first_slot, object.first_route);
            let evicted = self.claim(id, who, Hold::Listed, second);
            return if self.is_granted(id, &[suspect]) {
                self.join(id, suspect);
                (Touch::Unclear, evicted)
            } else {
                (Touch::Reclaimed { suspect, slot, route }, evicted)
            };
        }
        let owner = object.owner;
        if who.claims && who.sways {
            self.join(id, who.owner);
        }
        (Touch::Foreign { owner }, 0)
    }

    /// Remembers that the service gave this object to the caller.
    pub(crate) fn grant(&mut self, id: u64, tag: Tag) -> u64 {
        let key = grant_key(id, tag);
        if self.grants.find(key).is_some() {
            return 0;
        }
        u64::from(self.grants.insert(key, Grant).1.is_some())
    }

    /// Whether the caller has a right to know this object, as far as we have seen.
    pub(crate) fn knows(&self, id: u64, tags: &[Tag]) -> bool {
        self.is_granted(id, tags)
            || self.objects.get(id).is_some_and(|object| {
                object.shared || tags.contains(&object.owner) || tags.contains(&object.partner)
            })
    }

    /// Whether the object is the caller's own, or the service gave it to the caller.
    pub(crate) fn belongs(&self, id: u64, tags: &[Tag]) -> bool {
        let own = |object: &Object| tags.contains(&object.owner) || tags.contains(&object.partner);
        !tags.is_empty() && (self.objects.get(id).is_some_and(own) || self.is_granted(id, tags))
    }

    /// Somebody without credential was served: it is public.
    pub(crate) fn publish(&mut self, id: u64) {
        if let Some(object) = self.objects.get_mut(id) {
            object.shared = true;
        }
    }

    fn is_granted(&self, id: u64, tags: &[Tag]) -> bool {
        tags.iter().any(|tag| self.grants.get(grant_key(id, *tag)).is_some())
    }

    /// A second caller at an object that was only touched once: whoever comes back owns it.
    fn contest(&mut self, id: u64, who: Toucher<'_>, second: u32) -> (Touch, u64) {
        let Some(object) = self.objects.get_mut(id) else { return (Touch::New, 0) };
        if !who.claims {
            return (Touch::Unclear, 0);
        }
        let returns = object.strangers.contains(&who.owner) && second > object.seen;
        if object.stranger(who.owner) == Stranger::OneTooMany {
            object.shared = true;
            return (Touch::Shared, 0);
        }
        if !returns {
            object.seen = second;
            return (Touch::Unclear, 0);
        }
        let (suspect, slot, route) = (object.owner, object.first_slot, object.first_route);
        let evicted = self.claim(id, who, Hold::Held, second);
        (Touch::Reclaimed { suspect, slot, route }, evicted)
    }

    fn join(&mut self, id: u64, tag: Tag) {
        let Some(object) = self.objects.get_mut(id) else { return };
        if object.partner == Tag::NONE {
            object.partner = tag;
        } else if object.partner != tag {
            object.shared = true;
        }
    }

    fn claim(&mut self, id: u64, who: Toucher<'_>, hold: Hold, seen: u32) -> u64 {
        let strangers = [Tag::NONE; 2];
        let object = Object {
            owner: who.owner,
            partner: Tag::NONE,
            strangers,
            seen,
            first_slot: who.slot,
            first_route: who.route,
            hold,
            shared: false,
        };
        if let Some(known) = self.objects.get_mut(id) {
            *known = object;
            return 0;
        }
        u64::from(self.objects.insert(id, object).1.is_some())
    }
}

impl Settle for Objects {
    fn settle(&mut self, fresh: Self) -> Option<()> {
        self.objects.settle(fresh.objects)?;
        self.grants.settle(fresh.grants)
    }
}

fn grant_key(id: u64, tag: Tag) -> u64 {
    mix(id, u64::from(tag.0))
}

/// The same for both.
fn circle_key(one: Tag, other: Tag) -> u64 {
    mix(mix(u64::from(one.min(other).0), 0x6369_7263), u64::from(one.max(other).0))
}

#[derive(PartialEq)]
enum Stranger {
    Counted,
    OneTooMany,
}

impl Object {
    /// Counts a stranger; with a third one the object belongs to many.
    fn stranger(&mut self, tag: Tag) -> Stranger {
        if self.strangers.contains(&tag) {
            return Stranger::Counted;
        }
        match self.strangers.iter_mut().find(|known| **known == Tag::NONE) {
            Some(free) => {
                *free = tag;
                Stranger::Counted
            }
            None => Stranger::OneTooMany,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An owner's touch at a second.
    fn touch(objects: &mut Objects, id: u64, owner: u32, second: i64) -> Touch {
        let tags = [Tag(owner)];
        let who = Toucher { tags: &tags, owner: tags[0], slot: 0, route: None, claims: true, sways: true };
        objects.touch(mix(id, 1), who, Timestamp::from_parts(second, 0)).0
    }

    #[test]
    fn a_flood_of_new_objects_leaves_what_owners_come_back_to() {
        let mut objects = Objects::within(0);
        let held = |n: u64| (n, u32::try_from(n).unwrap_or(0) + 1);
        for second in [100, 200] {
            (0..200).map(held).for_each(|(id, owner)| _ = touch(&mut objects, id, owner, second));
        }
        for id in 1_000..60_000 {
            touch(&mut objects, id, 999, 86_400);
        }
        let thief = |objects: &mut Objects, id| touch(objects, id, 7_777, 90_000);
        assert!((0..200).all(|id| matches!(thief(&mut objects, id), Touch::Foreign { .. } | Touch::Granted)));
        // Owners who stay away for weeks make room.
        for id in 100_000..160_000 {
            touch(&mut objects, id, 999, 30 * 86_400);
        }
        let left = (0..200).filter(|id| objects.objects.get(mix(*id, 1)).is_some()).count();
        assert!(left < 20, "{left}");
    }
}
