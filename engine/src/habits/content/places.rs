//! Places: fields in which callers of good standing send what looks like an attack, in; whether another one's is normal there
//! out. Never counts a caller twice in a row.

use model::{Sign, Signs};
use serde::{Deserialize, Serialize};

use crate::{
    hash::{Tag, mix},
    snapshot::Settle,
    table::{Table, Worth},
};

/// Callers remembered by place.
const CALLERS_KEPT: usize = 6;
/// Callers of good standing that make a practice of it.
const PRACTICE: u16 = 3;

/// Where what looks like an attack is usual.
#[derive(Serialize, Deserialize)]
pub(crate) struct Places {
    places: Table<u64, Place>,
}

/// Callers of good standing that sent one sign in one field of one route.
#[derive(Default, Serialize, Deserialize)]
struct Place {
    callers: [Tag; CALLERS_KEPT],
    count: u16,
}

impl Worth for Place {
    fn worth(&self) -> u32 {
        u32::from(self.count)
    }
}

impl Places {
    pub(crate) fn within(bytes: usize) -> Self {
        Self { places: Table::within(bytes) }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.places.bytes()
    }

    /// A caller of good standing sent `sign` there.
    pub(crate) fn learn(&mut self, place: u64, who: Tag) {
        if self.places.peek(place).is_none() {
            self.places.insert(place, Place::default());
        }
        let Some(known) = self.places.get_mut(place) else { return };
        if !known.callers.contains(&who) {
            known.callers.rotate_right(1);
            known.callers[0] = who;
            known.count = known.count.saturating_add(1);
        }
    }

    /// Callers of good standing, besides `who`, that sent it there.
    pub(crate) fn others(&self, place: u64, who: Tag) -> u16 {
        let known = self.places.get(place);
        known.map_or(0, |known| known.count - u16::from(known.callers.contains(&who)))
    }

    /// Whether enough of them do so that one more says nothing.
    pub(crate) fn is_practice(&self, place: u64, who: Tag) -> bool {
        self.others(place, who) >= PRACTICE
    }
}

impl Settle for Places {
    fn settle(&mut self, fresh: Self) -> Option<()> {
        self.places.settle(fresh.places)
    }
}

/// Where a sign in a field of a route stands.
pub(crate) fn place(symbol: u32, field: &str, sign: Sign) -> u64 {
    mix(member(symbol, field), sign as u64 + 31)
}

/// Where a field of a route stands.
pub(crate) fn member(symbol: u32, field: &str) -> u64 {
    field.bytes().fold(u64::from(symbol), |hash, byte| mix(hash, u64::from(byte)))
}

/// The first sign of a set; none for an empty one.
pub(crate) fn first(signs: Signs) -> Option<Sign> {
    signs.iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_others_make_a_practice() {
        let (mut places, at) = (Places::within(0), place(3, "q", Sign::Sql));
        (1..=3).for_each(|who| places.learn(at, Tag(who)));
        assert!(places.is_practice(at, Tag(9)) && !places.is_practice(at, Tag(2)));
        assert!(!places.is_practice(place(3, "q", Sign::Script), Tag(9)));
    }
}
