//! Doors: who is served with and without a credential in, routes at which a credential is the norm out. Never decides whether
//! that is right.

use serde::{Deserialize, Serialize};

use crate::{hash::Tag, routes::RouteId};

/// Callers without a credential that are remembered per route; more, and it is open to everybody.
const STRANGERS_MAX: usize = 3;

/// Every route, by its number.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Doors {
    doors: Vec<Door>,
}

/// One route: calls served to callers with a credential, and who was served without.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Door {
    pub(crate) known: u32,
    /// Calls without a credential that were refused.
    pub(crate) refused: u32,
    strangers: [Tag; STRANGERS_MAX],
}

impl Door {
    /// Counts a served stranger; how many distinct ones there were before.
    pub(crate) fn let_in(&mut self, who: Tag) -> usize {
        let before = self.strangers.iter().filter(|tag| tag.is_some()).count();
        if before < STRANGERS_MAX && !self.strangers.contains(&who) {
            self.strangers[before] = who;
        }
        before
    }

    /// Whether more strangers than can be remembered come in.
    pub(crate) fn is_open(&self) -> bool {
        self.strangers[STRANGERS_MAX - 1].is_some()
    }
}

impl Doors {
    pub(crate) fn bytes(&self) -> usize {
        self.doors.capacity() * size_of::<Door>()
    }

    pub(crate) fn get(&self, route: RouteId) -> Door {
        self.doors.get(route.0 as usize).copied().unwrap_or_default()
    }

    /// The route's door; routes are limited by their own table.
    pub(crate) fn at(&mut self, route: RouteId) -> &mut Door {
        let at = route.0 as usize;
        if self.doors.len() <= at {
            self.doors.resize(at + 1, Door::default());
        }
        &mut self.doors[at]
    }
}
