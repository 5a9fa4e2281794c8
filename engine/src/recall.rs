//! Recalling: a credential that is used for the third time in, the contexts of its holder's former ones out. Never believes a
//! user's name that no guarded route has served.

use std::time::Duration;

use model::{PrincipalId, PrincipalKind, Timestamp};

use crate::{habits::crowd::contexts::Contexts, scene::Scene, world::World};

/// Time after a sign-in for which the failed passwords before it are remembered.
const STUMBLED: Duration = Duration::from_secs(3_600);

impl World {
    /// Gives a credential the contexts of the one that it renews, or of its user's last one.
    pub(crate) fn recall(&mut self, slot: usize, scene: &Scene<'_>) {
        let subject = self.subjects.at(slot);
        let Some(habits) = &subject.habits else { return };
        let (id, first, blank) = (subject.principal.id, subject.first, !habits.crowd.contexts.is_met());
        let guarded =
            scene.served() && scene.seen.route.is_some_and(|route| self.routes.route(route).is_guarded());
        let named = scene.call.identities.iter().find(|who| who.kind == PrincipalKind::User);
        let claimed = named.filter(|_| guarded && !subject.is_shared_key()).map(|user| user.id);
        let users = [subject.user_id, claimed];
        let stumbles = subject.user_id.map_or(0, |user| self.stumbles(user, first));
        let last = || users.into_iter().flatten().find_map(|user| self.contexts_of(user, stumbles));
        let known = blank.then(|| self.renewed(id).or_else(last)).flatten();
        for user in users.into_iter().flatten() {
            self.shared.crowd.users.succeed(user, id);
        }
        if let (Some(known), Some(habits)) = (known, &mut self.subjects.at_mut(slot).habits) {
            habits.crowd.contexts = known;
        }
    }

    /// The contexts of a user's last credential, for one that was signed in for after so many failed passwords.
    pub(crate) fn contexts_of(&self, user: PrincipalId, stumbles: u8) -> Option<Contexts> {
        let last = self.shared.crowd.users.last(user)?;
        let contexts = &self.subjects.get(last)?.habits.as_ref()?.crowd.contexts;
        contexts.is_met().then(|| contexts.heir(stumbles))
    }

    /// Failed passwords before the last sign-in under this name, if that was just now.
    pub(crate) fn stumbles(&self, user: PrincipalId, now: Timestamp) -> u8 {
        let failed = self.users.get(user).map(|user| user.stumbles);
        failed.filter(|(_, at)| now.since(*at) <= STUMBLED).map_or(0, |(times, _)| times)
    }

    /// The contexts of the nearest credential that this one renews.
    fn renewed(&self, id: PrincipalId) -> Option<Contexts> {
        let link = self.links.take(id)?;
        let contexts = |id| {
            let habits = self.subjects.get(id)?.habits.as_ref()?;
            Some(&habits.crowd.contexts).filter(|contexts| contexts.is_met())
        };
        self.links.nearest(&link, |id| contexts(id).is_some()).and_then(contexts).cloned()
    }
}
