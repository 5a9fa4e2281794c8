//! Records: a list asked for in, the objects that it shows out.

use smallvec::SmallVec;

use super::{Ask, Sender, Stage};
use crate::{
    objects::Object,
    rng::mix,
    world::{KindId, ORG, Scope, USER, Who},
};

/// Objects of an answer.
pub(super) type Records = SmallVec<[Object; 24]>;

impl Stage {
    /// The page that a list shows to this sender, at most `size` objects.
    pub(super) fn page(&self, sender: &Sender, ask: &Ask<'_>, kind: KindId, size: u32) -> Records {
        let total = self.objects.len(kind);
        if total == 0 {
            return Records::new();
        }
        let by_hash = u32::try_from(mix(ask.hash, 17) % u64::from(total)).unwrap_or(0);
        let is_staff = sender.role & (Who::STAFF | Who::ADMIN) != 0;
        let in_path = ask.objects[0].filter(|object| object.kind != kind);
        let start = ask.page.map_or(by_hash, |page| page.saturating_mul(size) % total);
        match (self.objects.scope(kind), in_path) {
            (Scope::Public, _) => run(kind, start, size.min(total), total),
            _ if kind == USER || kind == ORG => run(kind, start, size.min(total), total),
            (Scope::Org, path) => {
                let org = match path.and_then(|object| Some((object.kind, object.place?))) {
                    Some((ORG, place)) => place,
                    Some((kind, place)) => self.objects.owner(kind, place).unwrap_or(sender.org),
                    None if is_staff => by_hash % self.people.orgs,
                    None => sender.org,
                };
                self.latest(kind, org, ask, size)
            }
            (Scope::Private | Scope::Shared, Some(object)) => {
                let place = object.place.unwrap_or(0);
                let owner = if object.kind == USER {
                    place
                } else {
                    self.objects.owner(object.kind, place).unwrap_or(0)
                };
                self.latest(kind, owner, ask, size)
            }
            (Scope::Private | Scope::Shared, None) if is_staff => run(kind, start, size.min(total), total),
            (Scope::Private | Scope::Shared, None) if sender.role & Who::PARTNER != 0 => {
                let all = (start..total).chain(0..start).take(size as usize * 12);
                let mine = all.filter(|place| {
                    let owner = self.objects.owner(kind, *place);
                    owner.is_some_and(|owner| self.people.consents(owner, sender.org))
                });
                mine.take(size as usize).map(|place| Object::at(kind, place)).collect()
            }
            (Scope::Private | Scope::Shared, None) => self.latest(kind, sender.user, ask, size),
        }
    }

    /// The owner's latest objects, on the page asked for.
    fn latest(&self, kind: KindId, owner: u32, ask: &Ask<'_>, size: u32) -> Records {
        // People look at the first page mostly.
        let page = ask.page.unwrap_or(if mix(ask.hash, 18).is_multiple_of(8) { 1 } else { 0 });
        let mut place = self.objects.recent(kind, owner, 0);
        for _ in 0..page.saturating_mul(size).min(20_000) {
            place = place.and_then(|place| self.objects.before(kind, place));
        }
        let mut records = Records::new();
        while let Some(one) = place.filter(|_| records.len() < size as usize) {
            records.push(Object::at(kind, one));
            place = self.objects.before(kind, one);
        }
        records
    }
}

/// Objects with places in a row.
fn run(kind: KindId, start: u32, size: u32, total: u32) -> Records {
    (0..size).map(|at| Object::at(kind, (start + at) % total)).collect()
}
