//! Honest actors: their calls and what was done to them in, actor-days and wrongs by archetype, age and day out.

use std::collections::BTreeMap;

use ahash::AHashMap;
use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{tier::Tier, truth::Label};

/// Actors told apart; further ones are counted as `untracked`.
const ACTORS_MAX: usize = 4_000_000;
/// Names of the age buckets.
pub const AGES: [&str; 4] = ["under 1 day", "1 to 3 days", "4 to 14 days", "15 days and more"];
/// Ages in days at which the next bucket begins.
const AGE_LIMITS: [u64; 3] = [1, 4, 15];

/// Days of honest actors, and on how many of them something was done to the actor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// Days on which an honest actor made a call.
    pub actor_days: u64,
    /// With a block of a principal that only honest actors used.
    pub blocks: u64,
    /// With a step-up of such a principal.
    pub step_ups: u64,
    /// With a slow-down of such a principal.
    pub softs: u64,
    /// With a call refused by any block, rightly placed or not.
    pub denied: u64,
}

impl Cell {
    /// Adds another cell's counts.
    pub fn add(&mut self, other: &Self) {
        self.actor_days += other.actor_days;
        self.blocks += other.blocks;
        self.step_ups += other.step_ups;
        self.softs += other.softs;
        self.denied += other.denied;
    }
}

/// What can be done to an honest actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Raised(Tier),
    Denied,
}

/// One actor.
#[derive(Clone, Copy, Debug)]
struct Actor {
    first: Timestamp,
    archetype: u16,
    /// Day of its last call, and the age bucket on it.
    day: u16,
    age: u8,
    /// Took part in an attack: its days are no longer honest.
    tainted: bool,
    /// Days on which each wrong was counted last, plus one.
    counted: [u16; 4],
    /// The verdict whose denial was counted last.
    denied_by: Option<u32>,
}

/// All honest actors of one world.
#[derive(Debug, Default)]
pub(crate) struct Honest {
    actors: AHashMap<u32, Actor>,
    pub(crate) calls: u64,
    pub(crate) untracked: u64,
    pub(crate) archetypes: BTreeMap<u16, Cell>,
    pub(crate) ages: [Cell; 4],
    pub(crate) days: BTreeMap<u16, Cell>,
    pub(crate) total: Cell,
}

impl Honest {
    /// Takes in a call that is part of no attack.
    pub(crate) fn call(&mut self, label: Label, at: Timestamp) {
        let day = day_of(at);
        if self.actors.len() >= ACTORS_MAX && !self.actors.contains_key(&label.actor) {
            self.untracked += 1;
            return;
        }
        let actor = self.actors.entry(label.actor).or_insert(Actor {
            first: at,
            archetype: label.archetype,
            day: u16::MAX,
            age: 0,
            tainted: false,
            counted: [0; 4],
            denied_by: None,
        });
        if actor.tainted {
            return;
        }
        self.calls += 1;
        if actor.day == day {
            return;
        }
        (actor.day, actor.age) = (day, age(actor.first, at));
        let actor = *actor;
        self.each_cell(&actor, day, |cell| cell.actor_days += 1);
    }

    /// The actor takes part in an attack from now on.
    pub(crate) fn taint(&mut self, actor: u32) {
        if let Some(actor) = self.actors.get_mut(&actor) {
            actor.tainted = true;
        }
    }

    /// Counts a wrong to an actor, once per day and kind. Says whether it counted.
    pub(crate) fn wrong(&mut self, number: u32, at: Timestamp, wrong: Wrong) -> bool {
        let Some(actor) = self.actors.get_mut(&number).filter(|actor| !actor.tainted) else { return false };
        let day = day_of(at);
        let place = match wrong {
            Wrong::Raised(tier) => tier as usize,
            Wrong::Denied => 3,
        };
        if actor.counted[place] == day + 1 {
            return false;
        }
        actor.counted[place] = day + 1;
        let actor = *actor;
        self.each_cell(&actor, day, |cell| match wrong {
            Wrong::Raised(Tier::Block) => cell.blocks += 1,
            Wrong::Raised(Tier::StepUp) => cell.step_ups += 1,
            Wrong::Raised(Tier::Soft) => cell.softs += 1,
            Wrong::Denied => cell.denied += 1,
        });
        true
    }

    /// Whether this verdict's denial is new to the actor.
    pub(crate) fn denied_by(&mut self, number: u32, verdict: u32) -> bool {
        let Some(actor) = self.actors.get_mut(&number).filter(|actor| !actor.tainted) else { return false };
        actor.denied_by.replace(verdict) != Some(verdict)
    }

    /// Place of the actor's archetype and its age bucket on its last day.
    pub(crate) fn kind_of(&self, number: u32) -> Option<(u16, usize)> {
        self.actors.get(&number).map(|actor| (actor.archetype, usize::from(actor.age)))
    }

    fn each_cell(&mut self, actor: &Actor, day: u16, change: impl Fn(&mut Cell)) {
        change(&mut self.total);
        change(self.archetypes.entry(actor.archetype).or_default());
        change(self.days.entry(day).or_default());
        if let Some(cell) = self.ages.get_mut(usize::from(actor.age)) {
            change(cell);
        }
    }
}

/// The age bucket of an actor first seen at `first`.
fn age(first: Timestamp, now: Timestamp) -> u8 {
    let days = now.since(first).as_secs() / 86_400;
    AGE_LIMITS.iter().map(|limit| u8::from(days >= *limit)).sum()
}

/// Days since the epoch.
pub(crate) fn day_of(at: Timestamp) -> u16 {
    u16::try_from(at.as_secs() / 86_400).unwrap_or(u16::MAX - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: u64, hour: u64) -> Timestamp {
        Timestamp::from_nanos((day * 24 + hour) * 3_600_000_000_000)
    }

    fn of(actor: u32) -> Label {
        Label { actor, archetype: 1, attack: None, denied: false, leaked: 0 }
    }

    #[test]
    fn a_day_of_an_actor_counts_once() {
        let mut honest = Honest::default();
        for (actor, day, hour) in [(1, 0, 0), (1, 0, 5), (2, 0, 6), (1, 1, 0), (1, 30, 0)] {
            honest.call(of(actor), at(day, hour));
        }
        assert_eq!((honest.total.actor_days, honest.calls), (4, 5));
        assert_eq!(honest.ages.map(|cell| cell.actor_days), [2, 1, 0, 1]);
        assert_eq!(honest.days[&0].actor_days, 2);
    }

    #[test]
    fn a_wrong_counts_once_per_actor_day_and_kind() {
        let mut honest = Honest::default();
        honest.call(of(1), at(0, 0));
        assert!(honest.wrong(1, at(0, 1), Wrong::Raised(Tier::Block)));
        assert!(!honest.wrong(1, at(0, 2), Wrong::Raised(Tier::Block)));
        assert!(honest.wrong(1, at(0, 2), Wrong::Raised(Tier::Soft)));
        assert!(honest.wrong(1, at(1, 2), Wrong::Raised(Tier::Block)));
        assert_eq!((honest.total.blocks, honest.total.softs), (2, 1));
    }

    #[test]
    fn who_attacks_is_no_longer_honest() {
        let mut honest = Honest::default();
        honest.call(of(1), at(0, 0));
        honest.taint(1);
        honest.call(of(1), at(1, 0));
        assert!(!honest.wrong(1, at(1, 1), Wrong::Denied));
        assert_eq!(honest.total, Cell { actor_days: 1, ..Cell::default() });
    }
}
