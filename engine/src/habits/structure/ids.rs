//! Ids: the objects that a caller asks for in; whether anybody had named them to it, and whether they follow one another by
//! number, out. Never an id in clear: a number, and bits of keyed hashes.

use serde::{Deserialize, Serialize};

use super::named::{Few, Given};
use crate::{routes::Class, stats::Process};

/// Kinds of objects of which a subject's trail is kept; the longest unused goes first.
const TRAILS: usize = 2;
/// Kinds of objects of which it is counted how many a subject reaches a day; the least reached goes first.
const REACHED: usize = 3;
/// Distinct objects of one subject and day that count for what is usual.
const VOTES_A_DAY: u8 = 12;
/// Neighbours: numbers this far apart. A longer stride counts when it is kept.
const NEAR: u64 = 2;
const STRIDE_MAX: u64 = 1_000;

/// One subject's way with the objects it asks for: some 220 bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// Objects that answers named to it, and those that it has asked for.
    pub(crate) given: Given,
    asked: Few,
    pub(super) trails: [Trail; TRAILS],
    reached: Option<Box<[Reached; REACHED]>>,
    /// Evidence that it counts through ids, that it asks for what nobody named to it, and that it turns page after page.
    pub(crate) walk: Process,
    pub(crate) unprompted: Process,
    pub(crate) pages: Process,
    /// The list that it read last, by a part of its number; 0 once it has asked for an object.
    list: u16,
    /// The sort of callers that it last voted among.
    pub(super) sort: u32,
    /// The same as a reader of lists.
    pub(super) lists_sort: u32,
    pub(super) lists: u8,
    pub(super) further: u8,
    pub(super) lister: Lister,
    /// Kinds, by a part of their hash, of which it is counted as a walker, as one who asks for what nobody named, and
    /// at all.
    pub(super) walks: u64,
    pub(super) guesses: u64,
    pub(super) counted: u64,
    /// Kinds on which it has voted.
    pub(super) met: u64,
    votes: u8,
    day: u16,
    /// The last day on which it asked for anything new.
    seen: u16,
    turn: u8,
}

/// As what a subject is counted among those who read lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Lister {
    #[default]
    Unknown,
    Reader,
    Pager,
}

/// The last number that a subject asked for of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Trail {
    pub(super) class: Class,
    turn: u8,
    pub(super) steps: u8,
    pub(super) tries: u8,
    pub(super) unprompted: u8,
    stride: i32,
    /// 0 before the first.
    number: u64,
}

/// Distinct objects of one kind that nobody had named: on the last day that it asked for some, and on the highest one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Reached {
    class: Class,
    day: u16,
    today: u16,
    before: u16,
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

    /// Whether it asks for something new for the first time on a day.
    pub(crate) fn begins(&mut self, day: u16) -> bool {
        std::mem::replace(&mut self.seen, day) != day
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

    /// Counts one more distinct object of a kind that nobody had named: how many there were today, and on the highest day
    /// before.
    pub(crate) fn reach(&mut self, class: Class, day: u16) -> (u16, u16) {
        let all = self.reached.get_or_insert_default();
        let at = all.iter().position(|reached| reached.class == class && reached.day > 0);
        let at = at.unwrap_or_else(|| {
            let on = |at: &usize| if all[*at].day == day { all[*at].today } else { 0 };
            let least = (0..REACHED).min_by_key(on).unwrap_or(0);
            all[least] = Reached { class, day, ..Reached::default() };
            least
        });
        let reached = &mut all[at];
        if day != reached.day {
            reached.before = reached.before.max(reached.today);
            (reached.day, reached.today) = (day, 0);
        }
        reached.today = reached.today.saturating_add(1);
        (reached.today, reached.before)
    }

    /// The same of a day without counting.
    pub(crate) fn reached(&self, class: Class, day: u16) -> (u16, u16) {
        let known = self
            .reached
            .iter()
            .flat_map(|all| all.iter())
            .find(|reached| reached.class == class && reached.day == day);
        known.map_or((0, 0), |reached| (reached.today, reached.before))
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

    /// Takes what was reached up to now as usual.
    pub(crate) fn forgive_reach(&mut self) {
        for reached in self.reached.iter_mut().flat_map(|all| all.iter_mut()) {
            (reached.before, reached.today) = (reached.before.max(reached.today), 0);
        }
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
}
