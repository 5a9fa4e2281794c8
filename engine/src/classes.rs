//! Kinds of objects: who touches own and strangers' objects, in; how private the kind is, out. Never counts one caller
//! more than eight times.

use std::collections::BTreeMap;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::{
    config::WarmUp,
    routes::Class,
    subjects::{Subject, Votes},
};

/// Kinds of objects kept. Objects of further kinds are not judged.
const CLASSES_MAX: usize = 4_096;
/// Votes of one subject per kind and side.
const VOTES_PER_SUBJECT: u8 = 8;
/// Strangers' objects in its lists from which a subject counts as somebody who serves others.
pub(crate) const STRANGERS_MAX: u8 = 8;
/// Callers that share before sharing is a practice, and their least share in percent.
const SHARERS_MIN: u32 = 3;
const SHARERS_PERCENT: u32 = 15;

/// What is known of one kind.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Kind {
    pub(crate) noun: CompactString,
    pub(crate) own: u32,
    pub(crate) foreign: u32,
    pub(crate) owners: u32,
    pub(crate) voters: u32,
    pub(crate) sharers: u32,
}

/// All kinds.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Classes {
    kinds: BTreeMap<Class, Kind>,
}

impl Classes {
    pub(crate) fn kind(&self, class: Class) -> Option<&Kind> {
        self.kinds.get(&class)
    }

    /// The caller came back to its own object.
    pub(crate) fn own(&mut self, class: Class, noun: &CompactString, subject: &mut Subject) {
        let Some(kind) = self.enter(class, noun) else { return };
        let votes = subject.votes_mut(class);
        kind.voters += u32::from(votes.is_blank());
        kind.owners += u32::from(!votes.owns);
        votes.owns = true;
        if votes.own < VOTES_PER_SUBJECT {
            votes.own += 1;
            kind.own += 1;
        }
    }

    /// The caller touched something of a stranger it had not met before.
    pub(crate) fn foreign(&mut self, class: Class, noun: &CompactString, subject: &mut Subject) {
        let Some(kind) = self.enter(class, noun) else { return };
        let votes = subject.votes_mut(class);
        kind.voters += u32::from(votes.is_blank());
        if votes.foreign < VOTES_PER_SUBJECT {
            votes.foreign += 1;
            kind.foreign += 1;
        }
        kind.share(votes);
    }

    /// A stranger's object was listed to the caller.
    pub(crate) fn listed_stranger(&mut self, class: Class, noun: &CompactString, subject: &mut Subject) {
        let Some(kind) = self.enter(class, noun) else { return };
        let votes = subject.votes_mut(class);
        kind.voters += u32::from(votes.is_blank());
        votes.strangers = votes.strangers.saturating_add(1);
        kind.share(votes);
    }

    /// Takes back what a culprit taught.
    pub(crate) fn retract(&mut self, subject: &mut Subject) {
        for votes in &mut subject.votes {
            let Some(kind) = self.kinds.get_mut(&votes.class) else { continue };
            kind.foreign = kind.foreign.saturating_sub(u32::from(votes.foreign));
            kind.sharers = kind.sharers.saturating_sub(u32::from(votes.shares));
            (votes.foreign, votes.shares) = (0, false);
        }
    }

    /// How often callers other than this one touch strangers' objects; `None` while not learnt, or where sharing is usual.
    pub(crate) fn rate(&self, class: Class, mine: Votes, warm_up: WarmUp) -> Option<f64> {
        let kind = self.kinds.get(&class)?;
        let own = kind.own.saturating_sub(u32::from(mine.own));
        let foreign = kind.foreign.saturating_sub(u32::from(mine.foreign));
        let owners = kind.owners.saturating_sub(u32::from(mine.owns));
        let sharers = kind.sharers.saturating_sub(u32::from(mine.shares));
        let usual = sharers >= SHARERS_MIN && sharers * 100 > SHARERS_PERCENT * kind.voters;
        if owners < warm_up.owners || own < warm_up.accesses || usual {
            return None;
        }
        Some((f64::from(foreign) + 0.5) / (f64::from(foreign) + f64::from(own) + 10.0))
    }

    fn enter(&mut self, class: Class, noun: &CompactString) -> Option<&mut Kind> {
        if self.kinds.len() >= CLASSES_MAX && !self.kinds.contains_key(&class) {
            return None;
        }
        Some(self.kinds.entry(class).or_insert_with(|| Kind { noun: noun.clone(), ..Kind::default() }))
    }
}

impl Kind {
    fn share(&mut self, votes: &mut Votes) {
        if !votes.shares && (votes.foreign >= 2 || votes.strangers >= STRANGERS_MAX) {
            votes.shares = true;
            self.sharers += 1;
        }
    }
}

impl Votes {
    fn is_blank(&self) -> bool {
        self.own == 0 && self.foreign == 0 && self.strangers == 0
    }
}
