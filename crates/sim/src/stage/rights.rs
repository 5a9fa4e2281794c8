//! Rights: a sender, a route and an object in; what the service lets him do out, and whether it should have.

use super::{Sender, Stage};
use crate::{
    objects::Object,
    rng::mix,
    world::{ORG, Route, Scope, USER, Who},
};

/// What the service does about a request for an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Right {
    Granted,
    /// Granted because the route forgets to ask.
    Leaked,
    Refused,
    /// No such thing.
    Missing,
}

impl Stage {
    /// Whether the route is for such senders; `Leaked` where it should not be.
    pub(super) fn may_call(&self, sender: &Sender, route: &Route) -> Right {
        if route.who.allows(sender.role) {
            return Right::Granted;
        }
        // A route for staff that only the page hides from customers.
        let forgets = sender.role & Who::CUSTOMER != 0
            && route.who.0 & (Who::STAFF | Who::ADMIN) != 0
            && route.is_open
            && mix(self.seed, route.name.len() as u64).is_multiple_of(3);
        if forgets { Right::Leaked } else { Right::Refused }
    }

    /// What becomes of a request for this object.
    pub(super) fn may_see(&self, sender: &Sender, route: &Route, object: Object) -> Right {
        let Some(place) = object.place else { return Right::Missing };
        if place >= self.objects.len(object.kind) {
            return Right::Missing;
        }
        if self.is_entitled(sender, object, place) {
            return Right::Granted;
        }
        match (route.is_open, mix(self.seed, u64::from(object.kind)) & 1) {
            (true, _) => Right::Leaked,
            // Some services do not even say that it exists.
            (false, 0) => Right::Refused,
            (false, _) => Right::Missing,
        }
    }

    /// Whether the sender has a right to it.
    pub(crate) fn is_entitled(&self, sender: &Sender, object: Object, place: u32) -> bool {
        let scope = self.objects.scope(object.kind);
        if scope == Scope::Public || sender.role & (Who::STAFF | Who::ADMIN) != 0 {
            return true;
        }
        let owner = self.objects.owner(object.kind, place).unwrap_or(place);
        let is_partner = sender.role & Who::PARTNER != 0;
        match (object.kind, scope) {
            (ORG, _) => self.people.is_one(sender.org, place),
            (USER, _) if is_partner => self.people.consents(place, sender.org),
            (USER, _) => place == sender.user || self.people.shares(place, sender.user),
            (_, Scope::Org) => self.people.is_one(sender.org, owner),
            (_, Scope::Private | Scope::Shared) if is_partner => self.people.consents(owner, sender.org),
            (_, Scope::Shared) => self.people.shares(owner, sender.user) || is_link(place),
            (_, Scope::Private | Scope::Public) => owner == sender.user,
        }
    }
}

/// Whether everybody who has the link may see a shared object: one in 25.
pub(crate) fn is_link(place: u32) -> bool {
    mix(u64::from(place), 0x6c69_6e6b).is_multiple_of(25)
}
