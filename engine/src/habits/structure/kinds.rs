//! Kinds: how callers of each sort go about a kind of object, and about lists, out of their votes. Never an id, never one
//! caller's word for all.

use serde::{Deserialize, Serialize};

use super::{
    ids::{Ask, Ids, Lister},
    practised,
};
use crate::{
    classes::Commons,
    hash::mix,
    routes::Class,
    stats::{Records, beyond},
};

/// Kinds of objects, and sorts of callers that ask for them, told apart by a part of their keyed hash.
const KINDS: usize = 4_096;
/// Sorts of callers whose ways with lists are told apart.
const LISTERS: usize = 64;
/// Callers of a sort from which it is large: who of them comes to a kind that hardly one of the others comes to is compared
/// with all other sorts.
const LARGE_FROM: f32 = 100.0;
/// Where callers of a sort are counted, whatever they ask for.
const ANY_CLASS: Class = Class(u32::MAX);
/// Where it is kept how many strangers callers of a sort meet, by who usually comes to such objects.
const STRANGERS: [Class; Commons::ALL.len()] =
    [Class(u32::MAX - 1), Class(u32::MAX - 2), Class(u32::MAX - 3)];
/// All sorts of callers together.
pub(crate) const ALL_SORTS: u32 = 0;
/// Steps by number that make a walker; distinct objects after which a subject's way with a kind is known, and those of
/// them that nobody had named which make it a habit.
const WALKER_STEPS: u8 = 3;
const KNOWN_TRIES: u8 = 8;
const HABIT_TRIES: u8 = 6;
/// Votes, numbers and subjects from which a kind is learnt.
const VOTES_MIN: f32 = 60.0;
const NUMBERED_MIN: f32 = 20.0;
const CALLERS_MIN: f32 = 10.0;
/// Lists from which it is learnt how many are a further page, and past which the old ones count half; lists after which a
/// subject's way with them is known, and those of them that were a further page which make it a habit.
const LISTS_MIN: f32 = 100.0;
const LISTS_MAX: f32 = 50_000.0;
const KNOWN_LISTS: u8 = 5;
const HABIT_LISTS: u8 = 4;
/// Objects a day that nobody had named which anybody may ask for, and callers of a kind from which it is known what is usual.
const REACH_LEAST: f32 = 4.0;
const REACHERS_MIN: f32 = 20.0;
/// What is left of a vote after a day.
const KEPT: f32 = 0.97;

/// What is usual with one kind of object among callers of one sort, or of all sorts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct KindUse {
    /// Distinct objects asked for; those that nobody had named; those of them with a number to compare; those that
    /// followed it.
    asked: f32,
    unprompted: f32,
    numbered: f32,
    steps: f32,
    /// Subjects that asked for one; those whose way is known, and those of them that walk or ask unprompted.
    callers: f32,
    voters: f32,
    walkers: f32,
    guessers: f32,
    day: u16,
    /// Most distinct objects that one caller asked for on one day without having been told of them.
    reach: Records,
}

/// What is usual with all kinds, and with lists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kinds {
    kinds: Vec<KindUse>,
    lists: Vec<Lists>,
}

impl Lists {
    /// Share of lists that are a further page; `None` while not learnt.
    pub(crate) fn further(&self) -> Option<f64> {
        (self.read >= LISTS_MIN).then(|| (f64::from(self.further) + 0.5) / (f64::from(self.read) + 1.0))
    }

    /// Share of other readers of lists that turn page after page: evidence goes no further.
    pub(crate) fn practised(&self, own: &Ids) -> f64 {
        practised(self.pagers, own.lister == Lister::Pager, self.readers)
    }
}

/// What is usual with lists: lists read, and those that were a further page; readers of lists, and those of them that turn
/// page after page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lists {
    read: f32,
    further: f32,
    readers: f32,
    pagers: f32,
}

impl Default for Kinds {
    fn default() -> Self {
        Self { kinds: vec![KindUse::default(); KINDS], lists: vec![Lists::default(); LISTERS] }
    }
}

impl Kinds {
    /// What callers of a sort do with a kind.
    pub(crate) fn of(&self, class: Class, sort: u32) -> KindUse {
        self.kinds.get(place(class, sort)).copied().unwrap_or_default()
    }

    /// The sort of callers to compare one with: its own, or all of them. Who shows no credential, and one of a large sort that
    /// comes where few others of it do, is compared with everybody while too little is known of its sort; but who shows
    /// a credential of a sort that few have, such as a partner, has a task of its own.
    pub(crate) fn peers(&self, class: Class, sort: u32, shows_none: bool) -> u32 {
        let own = self.of(class, sort);
        let is_large = self.of(ANY_CLASS, sort).callers >= LARGE_FROM;
        if own.unprompted().is_none() && (shows_none || is_large) { ALL_SORTS } else { sort }
    }

    /// Takes one vote of a subject that teaches.
    pub(crate) fn vote(&mut self, (class, sort): (Class, u32), own: &mut Ids, ask: Ask, day: u16) {
        let Some(trail) = own.trails.iter().find(|trail| trail.class == class).copied() else { return };
        own.sort = sort;
        let bit = bit(class);
        let is_new = own.met & bit == 0;
        if own.met == 0
            && let Some(any) = self.kinds.get_mut(place(ANY_CLASS, sort))
        {
            any.fade(day);
            any.callers += 1.0;
        }
        let is_known = trail.tries >= KNOWN_TRIES && own.counted & bit == 0;
        let guesses = is_known && trail.unprompted >= HABIT_TRIES;
        let walks = trail.steps >= WALKER_STEPS && own.walks & bit == 0;
        for at in [place(class, sort), place(class, ALL_SORTS)] {
            let Some(kind) = self.kinds.get_mut(at) else { continue };
            kind.fade(day);
            for (count, counts) in [
                (&mut kind.asked, true),
                (&mut kind.unprompted, ask.unprompted),
                (&mut kind.numbered, ask.step.is_some()),
                (&mut kind.steps, ask.step == Some(true)),
                (&mut kind.callers, is_new),
                (&mut kind.voters, is_known),
                (&mut kind.guessers, guesses),
                (&mut kind.walkers, walks),
            ] {
                *count += f32::from(u8::from(counts));
            }
        }
        own.met |= bit;
        own.counted |= if is_known { bit } else { 0 };
        own.guesses |= if guesses { bit } else { 0 };
        own.walks |= if walks { bit } else { 0 };
    }

    /// Takes how many distinct objects that nobody had named a caller that teaches asked for today.
    pub(crate) fn learn_reach(&mut self, (class, sort): (Class, u32), who: u32, today: u16, day: u16) {
        for at in [place(class, sort), place(class, ALL_SORTS)] {
            let Some(kind) = self.kinds.get_mut(at) else { continue };
            if today == 1 {
                kind.reach.enter();
            }
            kind.reach.learn(who, today.into(), day, REACH_LEAST);
        }
    }

    /// Forgets what a culprit has reached, among its own sort and among all.
    pub(crate) fn forget_reach(&mut self, class: Class, own: &Ids, who: u32) {
        for at in [place(class, own.sort), place(class, ALL_SORTS)] {
            self.kinds.get_mut(at).into_iter().for_each(|kind| kind.reach.forget(who));
        }
    }

    /// A caller of a sort that teaches has a day.
    pub(crate) fn begin_day(&mut self, sort: u32) {
        for class in STRANGERS {
            self.kinds.get_mut(place(class, sort)).into_iter().for_each(|kind| kind.reach.enter());
        }
    }

    /// Takes how many strangers a caller that teaches has met by such objects.
    pub(crate) fn learn_strangers(&mut self, (sort, commons): (u32, Commons), who: u32, met: u16, day: u16) {
        if let Some(kind) = self.kinds.get_mut(place(STRANGERS[commons as usize], sort)) {
            kind.reach.learn(who, met.into(), day, REACH_LEAST);
        }
    }

    /// Most strangers that others than `who` of a sort have met; `None` where the sort is not large.
    pub(crate) fn strangers(&self, (sort, commons): (u32, Commons), who: u32) -> Option<f32> {
        let is_large = self.of(ANY_CLASS, sort).callers >= LARGE_FROM;
        is_large.then(|| self.of(STRANGERS[commons as usize], sort).reach.peak(who).max(REACH_LEAST))
    }

    /// Probability that one of a sort meets so many times as many strangers on a day.
    pub(crate) fn beyond_strangers(&self, (sort, commons): (u32, Commons), times: f32) -> f64 {
        // Where objects have several owners some meet far more strangers than most: the tail falls with the second power.
        let times = if commons == Commons::Private { times } else { times.powf(2.0 / 3.0) };
        self.of(STRANGERS[commons as usize], sort).reach.p(times)
    }

    /// How callers of a sort go through lists.
    pub(crate) fn lists(&self, sort: u32) -> Lists {
        self.lists.get(lists_place(sort)).copied().unwrap_or_default()
    }

    /// Takes one list of a subject that teaches.
    pub(crate) fn vote_list(&mut self, sort: u32, own: &mut Ids, further: bool, day: u16) {
        own.lists_sort = sort;
        let counts = own.may_vote(day);
        let is_known = own.lists >= KNOWN_LISTS && own.lister == Lister::Unknown;
        let pages = own.further >= HABIT_LISTS;
        for at in [lists_place(sort), lists_place(ALL_SORTS)] {
            let Some(lists) = self.lists.get_mut(at) else { continue };
            lists.read += f32::from(u8::from(counts));
            lists.further += f32::from(u8::from(counts && further));
            if lists.read > LISTS_MAX {
                (lists.read, lists.further) = (lists.read / 2.0, lists.further / 2.0);
            }
            lists.readers += f32::from(u8::from(is_known));
            lists.pagers += f32::from(u8::from(is_known && pages));
        }
        if is_known {
            own.lister = if pages { Lister::Pager } else { Lister::Reader };
        }
    }

    /// Takes back that a culprit walks, guesses and turns pages.
    pub(crate) fn retract(&mut self, own: &mut Ids) {
        let sort = own.sort;
        let less = |count: &mut f32, mine: bool| *count = (*count - f32::from(u8::from(mine))).max(0.0);
        let pages = own.lister == Lister::Pager;
        own.lister = if pages { Lister::Reader } else { own.lister };
        for at in [lists_place(own.lists_sort), lists_place(ALL_SORTS)] {
            self.lists.get_mut(at).into_iter().for_each(|lists| less(&mut lists.pagers, pages));
        }
        for class in own.trails.map(|trail| trail.class) {
            for at in [place(class, sort), place(class, ALL_SORTS)] {
                let Some(kind) = self.kinds.get_mut(at) else { continue };
                less(&mut kind.walkers, own.walks & bit(class) != 0);
                less(&mut kind.guessers, own.guesses & bit(class) != 0);
            }
            own.walks &= !bit(class);
            own.guesses &= !bit(class);
        }
    }

    pub(crate) fn settle(&self) -> Option<()> {
        (self.kinds.len() == KINDS && self.lists.len() == LISTERS).then_some(())
    }

    pub(crate) fn bytes(&self) -> usize {
        KINDS * size_of::<KindUse>() + LISTERS * size_of::<Lists>()
    }
}

/// The sort of callers that a mark was made among.
pub(crate) fn sort_at(door: u64) -> u32 {
    u32::try_from(door).unwrap_or(ALL_SORTS)
}

/// Where callers of a sort stand with a kind.
fn place(class: Class, sort: u32) -> usize {
    (mix(u64::from(class.0), sort.into()) % KINDS as u64) as usize
}

fn lists_place(sort: u32) -> usize {
    if sort == ALL_SORTS { 0 } else { 1 + (sort % (LISTERS as u32 - 1)) as usize }
}

fn bit(class: Class) -> u64 {
    1 << (class.0 >> 10 & 63)
}

impl KindUse {
    fn fade(&mut self, day: u16) {
        if self.day == day {
            return;
        }
        let kept = KEPT.powi(i32::from(day.saturating_sub(self.day)).min(400));
        for count in [
            &mut self.asked,
            &mut self.unprompted,
            &mut self.numbered,
            &mut self.steps,
            &mut self.callers,
            &mut self.voters,
            &mut self.walkers,
            &mut self.guessers,
        ] {
            *count *= kept;
        }
        self.day = day;
    }

    /// Share of distinct objects that callers ask for without having been told of them; `None` while not learnt.
    pub(crate) fn unprompted(&self) -> Option<f64> {
        self.share(self.unprompted, self.asked)
    }

    /// Share of numbers asked for unprompted that follow the one before; `None` while not learnt.
    pub(crate) fn steps(&self) -> Option<f64> {
        self.share(self.steps, self.numbered)
    }

    fn share(&self, part: f32, whole: f32) -> Option<f64> {
        let learnt = self.asked >= VOTES_MIN && whole >= NUMBERED_MIN && self.callers >= CALLERS_MIN;
        learnt.then(|| (f64::from(part) + 0.5) / (f64::from(whole) + 10.0))
    }

    /// Share of other callers that walk through this kind, and that ask for what nobody named: evidence goes no further.
    pub(crate) fn practised(&self, class: Class, own: &Ids) -> (f64, f64) {
        let share = |count: f32, mine: u64| practised(count, mine & bit(class) != 0, self.voters);
        (share(self.walkers, own.walks), share(self.guessers, own.guesses))
    }

    /// What others than `who` have reached on one day, and the probability that one of them reaches `most`; `None` while too
    /// few are known.
    pub(crate) fn beyond(&self, who: u32, most: u16, before: u16) -> Option<(f32, f64)> {
        let known = self.reach.peak(who).max(f32::from(before)).max(REACH_LEAST);
        (self.callers >= REACHERS_MIN).then(|| (known, beyond(self.callers, f32::from(most) / known)))
    }

    /// Callers that asked for one.
    pub(crate) fn callers(&self) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count that is not negative"
        )]
        let callers = self.callers.round() as u64;
        callers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_learnt_from_many_and_forgets_slowly() {
        let (mut kinds, class) = (Kinds::default(), Class(5));
        for who in 0..30_u64 {
            let mut own = Ids::default();
            for n in 0..8 {
                let ask = own.follow(class, Some(who * 1_000 + n * 7), n == 0);
                kinds.vote((class, 7), &mut own, ask, 1);
            }
        }
        let kind = kinds.of(class, 7);
        assert_eq!(kinds.of(class, ALL_SORTS), kind);
        assert_eq!(kinds.of(class, 8), KindUse::default());
        assert!(kind.unprompted().is_some_and(|share| (0.1..0.15).contains(&share)));
        assert_eq!((kind.steps(), kind.callers()), (None, 30));
        let (walkers, guessers) = kind.practised(class, &Ids::default());
        assert!(walkers == guessers && walkers < 1e-6, "{walkers}");
    }
}
