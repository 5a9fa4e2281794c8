//! Kinds of objects: whose lists show strangers' objects, in; whether a kind is one that many show one another, out.

use std::collections::BTreeMap;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::{routes::Class, subjects::Subject};

/// Kinds of objects kept. Further kinds have no name and are not learnt to be shared.
const CLASSES_MAX: usize = 4_096;
/// Strangers' objects in its lists from which a subject counts as somebody who serves others.
pub(crate) const STRANGERS_MAX: u8 = 8;
/// Callers whose lists show strangers' objects before that is a practice, and their least share in percent.
const SHARERS_MIN: u32 = 3;
const SHARERS_PERCENT: u32 = 15;

/// What is known of one kind.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Kind {
    noun: CompactString,
    voters: u32,
    sharers: u32,
    /// Callers that came to one that belongs to many.
    public: u32,
}

/// What a subject did with one kind of object.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Votes {
    pub(crate) class: Class,
    /// Strangers met for the first time, and objects of many.
    pub(crate) foreign: u8,
    /// Distinct strangers' objects that were listed to it.
    pub(crate) strangers: u8,
    pub(crate) voted: bool,
    /// Came to one that belongs to many.
    pub(crate) public: bool,
}

impl Votes {
    /// Deals with what is others'.
    pub(crate) fn shares(self) -> bool {
        self.foreign >= 2 || self.strangers >= STRANGERS_MAX
    }
}

/// All kinds.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Classes {
    kinds: BTreeMap<Class, Kind>,
}

/// Who comes to objects of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Commons {
    /// One owner.
    Private,
    /// Often several.
    Shared,
    /// Often many.
    Public,
}

impl Commons {
    pub(crate) const ALL: [Self; 3] = [Self::Private, Self::Shared, Self::Public];
}

impl Classes {
    /// What objects of a kind are called; empty when unknown.
    pub(crate) fn noun(&self, class: Class) -> &str {
        self.kinds.get(&class).map_or("", |kind| &kind.noun)
    }

    /// Callers that had to do with such objects, their own or strangers'.
    pub(crate) fn voters(&self, class: Class) -> u32 {
        self.kinds.get(&class).map_or(0, |kind| kind.voters)
    }

    /// The caller came back to its own object.
    pub(crate) fn own(&mut self, class: Class, noun: &CompactString, subject: &mut Subject) {
        self.vote(class, noun, subject);
    }

    /// The caller touched something of a stranger it had not met before, or of many.
    pub(crate) fn foreign(&mut self, class: Class, noun: &CompactString, subject: &mut Subject) {
        self.vote(class, noun, subject);
        let votes = subject.votes_mut(class);
        votes.foreign = votes.foreign.saturating_add(1);
    }

    /// The caller touched one that belongs to many.
    pub(crate) fn many(&mut self, class: Class, noun: &CompactString, subject: &mut Subject) {
        self.foreign(class, noun, subject);
        let votes = subject.votes_mut(class);
        if !std::mem::replace(&mut votes.public, true)
            && let Some(kind) = self.kinds.get_mut(&class)
        {
            kind.public += 1;
        }
    }

    /// A stranger's object was listed to the caller.
    pub(crate) fn listed_stranger(&mut self, class: Class, noun: &CompactString, subject: &mut Subject) {
        let Some(kind) = self.vote(class, noun, subject) else { return };
        let votes = subject.votes_mut(class);
        votes.strangers = votes.strangers.saturating_add(1);
        if votes.strangers == STRANGERS_MAX {
            kind.sharers += 1;
        }
    }

    /// Takes back what a culprit taught.
    pub(crate) fn retract(&mut self, subject: &mut Subject) {
        for votes in &mut subject.votes {
            if let Some(kind) = self.kinds.get_mut(&votes.class) {
                kind.sharers = kind.sharers.saturating_sub(u32::from(votes.strangers >= STRANGERS_MAX));
            }
            (votes.foreign, votes.strangers) = (0, 0);
        }
    }

    /// What is usual with objects of this kind, as far as callers other than this one tell.
    pub(crate) fn commons(&self, class: Class, subject: &Subject) -> Commons {
        match () {
            () if self.is_public(class, subject) => Commons::Public,
            () if self.is_shared(class, subject) => Commons::Shared,
            () => Commons::Private,
        }
    }

    /// Whether callers other than this one are usually shown strangers' objects of this kind.
    pub(crate) fn is_shared(&self, class: Class, subject: &Subject) -> bool {
        let Some(kind) = self.kinds.get(&class) else { return false };
        let mine = subject.votes(class);
        let sharers = kind.sharers.saturating_sub(u32::from(mine.strangers >= STRANGERS_MAX));
        sharers >= SHARERS_MIN && sharers * 100 > SHARERS_PERCENT * kind.voters
    }

    /// Whether objects of this kind often belong to many, as products do.
    pub(crate) fn is_public(&self, class: Class, subject: &Subject) -> bool {
        let Some(kind) = self.kinds.get(&class) else { return false };
        let public = kind.public.saturating_sub(u32::from(subject.votes(class).public));
        public >= SHARERS_MIN && public * 100 > SHARERS_PERCENT * kind.voters
    }

    fn vote(&mut self, class: Class, noun: &CompactString, subject: &mut Subject) -> Option<&mut Kind> {
        if self.kinds.len() >= CLASSES_MAX && !self.kinds.contains_key(&class) {
            return None;
        }
        let fresh = || Kind { noun: noun.clone(), ..Kind::default() };
        let kind = self.kinds.entry(class).or_insert_with(fresh);
        let votes = subject.votes_mut(class);
        kind.voters += u32::from(!votes.voted);
        votes.voted = true;
        Some(kind)
    }
}
