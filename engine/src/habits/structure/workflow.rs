//! Workflows: which calls of a visit come before a change in; which of the usual ones are missing before this one out.
//! Never the order among them: pages load side by side.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{routes::RouteId, stats::Process};

/// Calls told apart within a visit.
const STEPS: usize = 128;
const WORDS: usize = STEPS / 64;
/// A visit is the calls of this span and of the one before, in seconds.
const SPAN_S: u64 = 600;
/// Changes of which it is learnt what comes before; bytes of each.
const CHANGES_MAX: usize = 512;
const CHANGE_BYTES: usize = STEPS * 2 + 96;
/// Votes from which it is learnt, and past which the old ones count half.
const VOTES_MIN: f32 = 40.0;
const VOTES_MAX: f32 = 20_000.0;
/// Tenths of the votes in which a call came before that make it a part of the workflow.
const REQUIRED_TENTHS: f32 = 9.0;
/// Changes after which a subject's way is known, and those of them with something missing that make it a habit.
const KNOWN_TRIES: u8 = 6;
const HABIT_TRIES: u8 = 4;

/// How often something is missing in a visit within a day of one in which something was; spans of a day.
const AGAIN: f64 = 0.3;
const SPANS_A_DAY: u8 = (86_400 / SPAN_S) as u8;

/// Calls of one visit, a bit each.
pub(crate) type Visit = [u64; WORDS];

/// One subject's visit: some 90 bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Workflow {
    now: Visit,
    before: Visit,
    span: u32,
    pub(crate) skips: Process,
    /// Changes on which it voted today, by a part of their number.
    voted: u64,
    day: u16,
    tries: u8,
    lacking: u8,
    pub(crate) counted: bool,
    pub(crate) skipper: bool,
    /// The call that was missing last, and the low bits of the span in which something was.
    pub(crate) missing: u8,
    lapsed: u8,
}

impl Workflow {
    pub(crate) fn glance(&self) -> u64 {
        self.now[0] ^ u64::from(self.span)
    }

    /// The calls of this visit up to now.
    pub(crate) fn visit(&mut self, seconds: u64) -> Visit {
        let span = u32::try_from(seconds / SPAN_S).unwrap_or(u32::MAX);
        if span != self.span {
            self.before = if span == self.span.wrapping_add(1) { self.now } else { Visit::default() };
            (self.now, self.span) = (Visit::default(), span);
        }
        std::array::from_fn(|at| self.now[at] | self.before[at])
    }

    /// Takes a call into the visit.
    pub(crate) fn enter(&mut self, symbol: u32) {
        let (word, bit) = place(step(symbol));
        self.now[word] |= bit;
    }

    /// Something is missing in the present visit: how usual that is, given how usual it is for others; `None` when something
    /// was missing in it before. Whoever leaves out something does so again: its software is of another version, or a
    /// script is at work.
    pub(crate) fn lapse(&mut self, usual: f64) -> Option<f64> {
        let span = (self.span & 0xff) as u8;
        let since = span.wrapping_sub(std::mem::replace(&mut self.lapsed, span));
        match since {
            _ if self.skips.counts().1 < 1.0 => Some(usual),
            0..=1 => None,
            2..=SPANS_A_DAY => Some(usual.max(AGAIN)),
            _ => Some(usual),
        }
    }

    /// Whether it may vote on this change today.
    fn may_vote(&mut self, symbol: u32, day: u16) -> bool {
        if day != self.day {
            (self.day, self.voted) = (day, 0);
        }
        let bit = 1 << (symbol & 63);
        let free = self.voted & bit == 0;
        self.voted |= bit;
        free
    }

    pub(crate) fn forgive(&mut self) {
        self.skips = Process::default();
    }
}

/// Which of the 128 steps a call is.
pub(crate) fn step(symbol: u32) -> u8 {
    (symbol % STEPS as u32) as u8
}

fn place(step: u8) -> (usize, u64) {
    (usize::from(step) / 64, 1 << (step & 63))
}

/// Whether a call came up in a visit.
pub(crate) fn holds(visit: &Visit, symbol: u32) -> bool {
    let (word, bit) = place(step(symbol));
    visit[word] & bit != 0
}

/// What comes before one change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Change {
    votes: f32,
    before: Vec<u16>,
    required: Visit,
    /// Votes since something was required, and those of them in which a part of it was missing.
    judged: f32,
    lacking: f32,
}

/// What comes before all changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Workflows {
    changes: BTreeMap<u32, Change>,
    #[serde(skip)]
    changes_max: usize,
    /// A route of each step, for people.
    routes: Vec<Option<RouteId>>,
    /// Subjects whose way with workflows is known, and those of them that leave steps out.
    voters: f32,
    skippers: f32,
}

impl Default for Workflows {
    fn default() -> Self {
        Self::within(0)
    }
}

/// What is missing before a change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Gap {
    pub(crate) missing: Option<u8>,
    /// Share of visits in which something is missing, from those of others.
    pub(crate) usual: f64,
}

impl Workflows {
    pub(crate) fn within(bytes: usize) -> Self {
        let changes_max = (bytes / CHANGE_BYTES).clamp(16, CHANGES_MAX);
        Self { changes: BTreeMap::new(), changes_max, routes: vec![None; STEPS], voters: 0.0, skippers: 0.0 }
    }

    /// What is missing in a visit before a change; `None` while nothing is known to belong before it.
    pub(crate) fn gap(&self, symbol: u32, visit: &Visit) -> Option<Gap> {
        let change = self.changes.get(&symbol).filter(|change| change.votes >= VOTES_MIN)?;
        if change.required == Visit::default() {
            return None;
        }
        let missing = change.missing(visit);
        Some(Gap { missing, usual: (f64::from(change.lacking) + 0.5) / (f64::from(change.judged) + 5.0) })
    }

    /// Takes one vote of a subject that teaches: what came before a change in its visit.
    pub(crate) fn vote(&mut self, symbol: u32, visit: &Visit, own: &mut Workflow, day: u16) {
        if !own.may_vote(symbol, day) {
            return;
        }
        if self.changes.len() >= self.changes_max && !self.changes.contains_key(&symbol) {
            return;
        }
        self.changes.entry(symbol).or_default().learn(visit);
    }

    /// Counts whether the subject is one that leaves steps out.
    pub(crate) fn know(&mut self, own: &mut Workflow, lacks: bool) {
        own.tries = own.tries.saturating_add(1);
        own.lacking = own.lacking.saturating_add(u8::from(lacks));
        if own.tries >= KNOWN_TRIES && !own.counted {
            own.counted = true;
            self.voters += 1.0;
            if own.lacking >= HABIT_TRIES {
                own.skipper = true;
                self.skippers += 1.0;
            }
        }
    }

    /// Takes back that a culprit leaves steps out.
    pub(crate) fn retract(&mut self, own: &mut Workflow) {
        if std::mem::take(&mut own.skipper) {
            self.skippers = (self.skippers - 1.0).max(0.0);
        }
    }

    /// Share of other subjects that leave steps out.
    pub(crate) fn practised(&self, own: &Workflow) -> f64 {
        super::practised(self.skippers, own.skipper, self.voters)
    }

    /// Remembers a route of a step.
    pub(crate) fn name(&mut self, symbol: u32, route: RouteId) {
        if let Some(named) = self.routes.get_mut(usize::from(step(symbol))) {
            named.get_or_insert(route);
        }
    }

    pub(crate) fn route(&self, step: u8) -> Option<RouteId> {
        self.routes.get(usize::from(step)).copied().flatten()
    }

    pub(crate) fn settle(&mut self, fresh: &Self) -> Option<()> {
        self.changes_max = fresh.changes_max;
        let fits = self.changes.values().all(|change| matches!(change.before.len(), 0 | STEPS));
        (fits && self.routes.len() == STEPS && self.changes.len() <= CHANGES_MAX).then_some(())
    }

    pub(crate) fn bytes(&self) -> usize {
        self.changes.len() * CHANGE_BYTES + STEPS * size_of::<Option<RouteId>>()
    }
}

impl Change {
    fn missing(&self, visit: &Visit) -> Option<u8> {
        let lacks = |(at, words): (usize, (&u64, &u64))| {
            let lacking = words.0 & !words.1;
            (lacking != 0).then(|| (at * 64) as u8 + lacking.trailing_zeros() as u8)
        };
        self.required.iter().zip(visit).enumerate().find_map(lacks)
    }

    fn learn(&mut self, visit: &Visit) {
        if self.votes >= VOTES_MIN && self.required != Visit::default() {
            self.judged += 1.0;
            self.lacking += f32::from(u8::from(self.missing(visit).is_some()));
        }
        self.before.resize(STEPS, 0);
        self.votes += 1.0;
        if self.votes > VOTES_MAX {
            self.before.iter_mut().for_each(|count| *count /= 2);
            (self.votes, self.judged, self.lacking) =
                (self.votes / 2.0, self.judged / 2.0, self.lacking / 2.0);
        }
        for (at, count) in self.before.iter_mut().enumerate() {
            let (word, bit) = (at / 64, 1_u64 << (at % 64));
            *count = count.saturating_add(u16::from(visit[word] & bit != 0));
            let required = f32::from(*count) * 10.0 >= self.votes * REQUIRED_TENTHS;
            self.required[word] =
                if required { self.required[word] | bit } else { self.required[word] & !bit };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nearly_always_comes_before_is_missed() {
        let mut all = Workflows::within(1 << 20);
        for n in 0..200_u64 {
            let mut own = Workflow::default();
            let visit = own.visit(n * 50_000);
            assert_eq!(visit, Visit::default());
            if n % 20 != 0 {
                own.enter(11);
            }
            own.enter(12 + (n % 3) as u32);
            let visit = own.visit(n * 50_000 + 30);
            all.vote(40, &visit, &mut own, 1);
            all.vote(40, &visit, &mut own, 1);
        }
        let gap = all.gap(40, &Visit::default()).expect("learnt");
        assert_eq!(gap.missing, Some(11));
        assert!((0.02..0.08).contains(&gap.usual), "{}", gap.usual);
        let mut own = Workflow::default();
        own.enter(11);
        let visit = own.visit(0);
        assert_eq!(all.gap(40, &visit).expect("learnt").missing, None);
        assert_eq!(all.gap(41, &visit), None);
        assert_eq!(all.changes[&40].votes, 200.0);
    }

    #[test]
    fn a_visit_ends_after_a_while() {
        let mut own = Workflow::default();
        own.visit(100);
        own.enter(5);
        assert!(holds(&own.visit(700), 5));
        assert!(!holds(&own.visit(1_900), 5));
    }
}
