//! Ids: the objects that a caller asks for in; whether anybody had named them to it, and whether they follow one another by
//! number, out. Never an id in clear: a number, and bits of keyed hashes.

use serde::{Deserialize, Serialize};

use super::{
    named::{Few, Given},
    practised,
};
use crate::{routes::Class, stats::Process};

/// Kinds of objects told apart, by a part of their keyed hash.
const KINDS: usize = 1_024;
/// Kinds of objects of which a subject's trail is kept; the longest unused goes first.
const TRAILS: usize = 2;
/// Distinct objects of one subject and day that count for what is usual.
const VOTES_A_DAY: u8 = 12;
/// Neighbours: numbers this far apart. A longer stride counts when it is kept.
const NEAR: u64 = 2;
const STRIDE_MAX: u64 = 1_000;
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
const KNOWN_LISTS: u8 = 20;
const HABIT_LISTS: u8 = 15;
/// What is left of a vote after a day.
const KEPT: f32 = 0.97;

/// One subject's way with the objects it asks for: some 220 bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// Objects that answers named to it, and those that it has asked for.
    pub(crate) given: Given,
    asked: Few,
    trails: [Trail; TRAILS],
    /// Evidence that it counts through ids, that it asks for what nobody named to it, and that it turns page after page.
    pub(crate) walk: Process,
    pub(crate) unprompted: Process,
    pub(crate) pages: Process,
    /// The list that it read last, by a part of its number; 0 once it has asked for an object.
    list: u16,
    lists: u8,
    further: u8,
    lister: Lister,
    /// Kinds, by a part of their hash, of which it is counted as a walker, as one who asks for what nobody named, and
    /// at all.
    walks: u64,
    guesses: u64,
    counted: u64,
    /// Kinds on which it has voted.
    met: u64,
    votes: u8,
    day: u16,
    turn: u8,
}

/// As what a subject is counted among those who read lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Lister {
    #[default]
    Unknown,
    Reader,
    Pager,
}

/// The last number that a subject asked for of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Trail {
    class: Class,
    turn: u8,
    steps: u8,
    tries: u8,
    unprompted: u8,
    stride: i32,
    /// 0 before the first.
    number: u64,
}

/// What one object asked for means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    /// No answer had named it, and it is none of the caller's.
    pub(crate) unprompted: bool,
    /// Whether its number follows the one before; `None` when it was named, or has no number to compare with.
    pub(crate) step: Option<bool>,
}

impl Ids {
    pub(crate) fn glance(&self) -> u64 {
        self.asked.glance() ^ self.counted ^ u64::from(self.walk.strongest().to_bits())
    }

    /// Whether an object is new to the subject's questions; it is none from now on.
    pub(crate) fn is_new(&mut self, key: u64) -> bool {
        self.list = 0;
        let new = !self.asked.has(key);
        self.asked.put(key);
        new
    }

    /// Takes a new object: follows the trail of its kind.
    pub(crate) fn follow(&mut self, class: Class, number: Option<u64>, unprompted: bool) -> Ask {
        self.turn = self.turn.wrapping_add(1);
        let turn = self.turn;
        let at = self.trails.iter().position(|trail| trail.class == class && trail.tries > 0);
        let at = at.unwrap_or_else(|| {
            let oldest = (0..TRAILS).max_by_key(|at| match self.trails[*at] {
                Trail { tries: 0, .. } => u16::MAX,
                trail => u16::from(turn.wrapping_sub(trail.turn)),
            });
            let oldest = oldest.unwrap_or(0);
            self.trails[oldest] = Trail { class, ..Trail::default() };
            oldest
        });
        let trail = &mut self.trails[at];
        (trail.turn, trail.tries) = (turn, trail.tries.saturating_add(1));
        trail.unprompted = trail.unprompted.saturating_add(u8::from(unprompted));
        let step = number.and_then(|number| trail.step(number)).filter(|_| unprompted);
        trail.steps = trail.steps.saturating_add(u8::from(step == Some(true)));
        trail.number = number.unwrap_or(trail.number);
        Ask { unprompted, step }
    }

    /// Takes a list that an answer held: whether it is a further page of the last one, most of it new to the subject.
    pub(crate) fn turn(&mut self, list: u32, ids: impl Iterator<Item = u64>) -> bool {
        let (mut all, mut new) = (0, 0);
        for id in ids {
            all += 1;
            new += u32::from(!self.given.has(id));
            self.given.put(id);
        }
        #[expect(clippy::cast_possible_truncation, reason = "a part of it is enough")]
        let number = (list as u16).max(1);
        let further = number == self.list && new * 2 > all;
        self.list = number;
        self.lists = self.lists.saturating_add(1);
        self.further = self.further.saturating_add(u8::from(further));
        further
    }

    /// Whether the subject may teach once more today.
    pub(crate) fn may_vote(&mut self, day: u16) -> bool {
        if day != self.day {
            (self.day, self.votes) = (day, 0);
        }
        self.votes = self.votes.saturating_add(1);
        self.votes <= VOTES_A_DAY
    }

    pub(crate) fn forgive(&mut self) {
        (self.walk, self.unprompted) = (Process::default(), Process::default());
        self.pages = Process::default();
    }
}

impl Trail {
    /// Whether `number` follows the last one.
    fn step(&mut self, number: u64) -> Option<bool> {
        let last = self.number;
        let gap = number.abs_diff(last);
        let stride = i32::try_from(gap.min(STRIDE_MAX + 1)).unwrap_or(0);
        let stride = if number < last { -stride } else { stride };
        let kept = stride == self.stride && gap <= STRIDE_MAX;
        self.stride = stride;
        (gap != 0 && last != 0).then_some(gap <= NEAR || kept)
    }
}

/// What is usual with one kind of object.
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
}

/// What is usual with all kinds, and with lists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kinds {
    kinds: Vec<KindUse>,
    lists: Lists,
}

/// What is usual with lists: lists read, and those that were a further page; readers of lists, and those of them that turn
/// page after page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Lists {
    read: f32,
    further: f32,
    readers: f32,
    pagers: f32,
}

impl Default for Kinds {
    fn default() -> Self {
        Self { kinds: vec![KindUse::default(); KINDS], lists: Lists::default() }
    }
}

impl Kinds {
    pub(crate) fn of(&self, class: Class) -> KindUse {
        self.kinds.get(class.0 as usize % KINDS).copied().unwrap_or_default()
    }

    /// Takes one vote of a subject that teaches.
    pub(crate) fn vote(&mut self, class: Class, own: &mut Ids, ask: Ask, day: u16) {
        let Some(kind) = self.kinds.get_mut(class.0 as usize % KINDS) else { return };
        kind.fade(day);
        kind.asked += 1.0;
        kind.unprompted += f32::from(u8::from(ask.unprompted));
        kind.numbered += f32::from(u8::from(ask.step.is_some()));
        kind.steps += f32::from(u8::from(ask.step == Some(true)));
        let Some(trail) = own.trails.iter().find(|trail| trail.class == class) else { return };
        let bit = bit(class);
        kind.callers += f32::from(u8::from(own.met & bit == 0));
        own.met |= bit;
        if trail.tries >= KNOWN_TRIES && own.counted & bit == 0 {
            own.counted |= bit;
            kind.voters += 1.0;
            if trail.unprompted >= HABIT_TRIES {
                own.guesses |= bit;
                kind.guessers += 1.0;
            }
        }
        if trail.steps >= WALKER_STEPS && own.walks & bit == 0 {
            own.walks |= bit;
            kind.walkers += 1.0;
        }
    }

    /// Share of lists that are a further page; `None` while not learnt.
    pub(crate) fn further(&self) -> Option<f64> {
        let Lists { read, further, .. } = self.lists;
        (read >= LISTS_MIN).then(|| (f64::from(further) + 0.5) / (f64::from(read) + 1.0))
    }

    /// Share of other readers of lists that turn page after page: evidence goes no further.
    pub(crate) fn pagers(&self, own: &Ids) -> f64 {
        practised(self.lists.pagers, own.lister == Lister::Pager, self.lists.readers)
    }

    /// Takes one list of a subject that teaches.
    pub(crate) fn vote_list(&mut self, own: &mut Ids, further: bool, day: u16) {
        if own.may_vote(day) {
            self.lists.read += 1.0;
            self.lists.further += f32::from(u8::from(further));
            if self.lists.read > LISTS_MAX {
                (self.lists.read, self.lists.further) = (self.lists.read / 2.0, self.lists.further / 2.0);
            }
        }
        if own.lists >= KNOWN_LISTS && own.lister == Lister::Unknown {
            let pages = own.further >= HABIT_LISTS;
            own.lister = if pages { Lister::Pager } else { Lister::Reader };
            self.lists.readers += 1.0;
            self.lists.pagers += f32::from(u8::from(pages));
        }
    }

    /// Takes back that a culprit walks, guesses and turns pages.
    pub(crate) fn retract(&mut self, own: &mut Ids) {
        if own.lister == Lister::Pager {
            own.lister = Lister::Reader;
            self.lists.pagers = (self.lists.pagers - 1.0).max(0.0);
        }
        for class in own.trails.map(|trail| trail.class) {
            let Some(kind) = self.kinds.get_mut(class.0 as usize % KINDS) else { continue };
            if own.walks & bit(class) != 0 {
                kind.walkers = (kind.walkers - 1.0).max(0.0);
            }
            if own.guesses & bit(class) != 0 {
                kind.guessers = (kind.guessers - 1.0).max(0.0);
            }
            own.walks &= !bit(class);
            own.guesses &= !bit(class);
        }
    }

    pub(crate) fn settle(&self) -> Option<()> {
        (self.kinds.len() == KINDS).then_some(())
    }

    pub(crate) fn bytes(&self) -> usize {
        KINDS * size_of::<KindUse>()
    }
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
    fn a_trail_knows_a_step_and_a_stride() {
        let mut ids = Ids::default();
        let mut step = |n: u64| ids.follow(Class(7), Some(n), true).step;
        assert_eq!(
            [100, 101, 99, 99, 140, 181, 222].map(&mut step),
            [None, Some(true), Some(true), None, Some(false), Some(true), Some(true)]
        );
    }

    #[test]
    fn a_kind_is_learnt_from_many_and_forgets_slowly() {
        let (mut kinds, class) = (Kinds::default(), Class(5));
        for who in 0..30_u64 {
            let mut own = Ids::default();
            for n in 0..8 {
                let ask = own.follow(class, Some(who * 1_000 + n * 7), n == 0);
                kinds.vote(class, &mut own, ask, 1);
            }
        }
        let kind = kinds.of(class);
        assert!(kind.unprompted().is_some_and(|share| (0.1..0.15).contains(&share)));
        assert_eq!((kind.steps(), kind.callers()), (None, 30));
        assert_eq!(kind.practised(class, &Ids::default()), (0.0, 0.0));
    }
}
