//! Waves: failures of first sign-ins of everybody in, whether a campaign is on out. Null hypothesis: from networks that a
//! user never came from, as many sign-ins fail as usual at that hour. Never says who takes part.

use std::collections::VecDeque;

use model::{Principal, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    pairs::Meeting,
    traits::{Look, Traits},
};
use crate::{
    hash::Tag,
    scene::day_of,
    stats::{Hit, Share},
};

/// Evidence from which an alarm stands, and to which it has to fall for its end.
const RAISED_FROM: f64 = 1e4;
const LOWERED_BELOW: f64 = 1.0;
/// Half-life of the evidence while an alarm stands, in seconds: a campaign that goes on feeds it.
const HALF_LIFE_S: f64 = 900.0;
/// Evidence that users known from a network fail too: the fault is the service's.
const FAULT_FROM: f64 = 30.0;
/// First sign-ins that must have shown what is usual, and seconds.
const LEARNT_MIN: f32 = 50.0;
const LEARNT_S: u64 = 21_600;
/// Addresses and failures of a campaign: fewer are no crowd.
const ADDRESSES_MIN: usize = 5;
const FAILED_MIN: u32 = 12;
/// Share of first sign-ins, and of those of known users, that fail until it is learnt.
const FIRST_FAIL: f64 = 0.1;
const KNOWN_FAIL: f64 = 0.06;
/// Share of first sign-ins that failed and were not put right in time, until it is learnt.
const LEFT: f64 = 0.2;
/// Shares of tries with a list that are looked for among first sign-ins, and among those that fail. The latter are the larger
/// part: people who were long away give up more often than others.
const AMONG_FIRST: [f64; 3] = [0.08, 0.25, 0.7];
const AMONG_FAILED: [f64; 3] = [0.4, 0.6, 0.85];
/// Within this time who has mistyped puts it right, in seconds; and failures that may still be.
const PUT_RIGHT_S: u64 = 600;
const OPEN_MAX: usize = 1_024;
/// Days among which an alarm is expected on one, before there are any.
const DAYS: f32 = 300.0;
/// Members named.
const NAMED_MAX: usize = 6;

/// Sign-ins of everybody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Wave {
    first: Share,
    left: Share,
    known: Share,
    /// Failures that may still be put right: pair and second.
    open: VecDeque<(u64, u64)>,
    pub(crate) traits: Traits,
    began: Timestamp,
    raised: Option<Timestamp>,
    /// Addresses that failed since the evidence began, the first few, and failures.
    addresses: Vec<Tag>,
    failed: u32,
    /// Likely members since the alarm, and the first ones by name.
    pub(crate) members: u32,
    pub(crate) named: Vec<Principal>,
    /// Powers of ten of members that were told.
    pub(crate) told: u8,
    day: u16,
    days: f32,
    alarmed: f32,
    alarmed_today: bool,
    started: Timestamp,
    last: Timestamp,
}

impl Default for Wave {
    fn default() -> Self {
        Self {
            first: Share::new(FIRST_FAIL, AMONG_FIRST),
            left: Share::new(LEFT, AMONG_FAILED),
            known: Share::new(KNOWN_FAIL, AMONG_FIRST),
            open: VecDeque::new(),
            traits: Traits::default(),
            began: Timestamp::ZERO,
            raised: None,
            addresses: Vec::new(),
            failed: 0,
            members: 0,
            named: Vec::new(),
            told: 0,
            day: 0,
            days: 0.0,
            alarmed: 0.0,
            alarmed_today: false,
            started: Timestamp::ZERO,
            last: Timestamp::ZERO,
        }
    }
}

/// One try.
pub(crate) struct Try<'a> {
    pub(crate) pair: u64,
    pub(crate) meeting: Meeting,
    pub(crate) hit: Hit,
    pub(crate) look: &'a Look,
    pub(crate) address: Tag,
    /// Failures of the address since somebody was let in from there, if it shows what is usual.
    pub(crate) run: Option<u8>,
    /// False for one of a single address's many: they are no crowd.
    pub(crate) counts: bool,
    pub(crate) at: Timestamp,
}

/// What a try means for an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    Nothing,
    Raised,
}

impl Wave {
    /// Takes a try; news, and how many things were forgotten for lack of room.
    pub(crate) fn take(&mut self, one: &Try<'_>) -> (News, u64) {
        let at = one.at;
        self.begin_day(at);
        self.fade(at);
        self.give_up(at);
        let mut lost = 0;
        let stands = self.stands();
        match (one.meeting, one.hit) {
            (Meeting::New, Hit::Yes) if one.counts => {
                if self.evidence() < LOWERED_BELOW && !stands {
                    self.begin(at);
                }
                self.first.step(Hit::Yes, at, stands);
                lost += self.fail(one);
            }
            (Meeting::New, Hit::No) => self.first.step(Hit::No, at, stands),
            (Meeting::Failed, Hit::No) => self.put_right(one),
            (Meeting::Served, Hit::No) => self.known.step(Hit::No, at, false),
            (Meeting::Served, Hit::Yes) if one.counts => self.known.step(Hit::Yes, at, false),
            _ => {}
        }
        if one.meeting == Meeting::New && !stands && (one.counts || one.hit == Hit::No) {
            self.traits.take(one.look, one.hit == Hit::Yes, one.run, at.as_secs());
        }
        (self.decide(at), lost)
    }

    /// A campaign is on.
    pub(crate) fn stands(&self) -> bool {
        self.raised.is_some()
    }

    /// Users fail whom their networks are known for: they forgot nothing all at once.
    pub(crate) fn is_fault(&self) -> bool {
        self.known.evidence() >= FAULT_FROM
    }

    /// Failures since its evidence began.
    pub(crate) fn failed(&self) -> u32 {
        self.failed.max(self.traits.failed())
    }

    /// When its evidence began.
    pub(crate) fn began(&self) -> Timestamp {
        self.began
    }

    /// Probability of such an alarm on a day without campaign.
    pub(crate) fn p(&self) -> f64 {
        2.0 * self.first.p().min(self.left.p())
    }

    /// Share of the days before on which an alarm stood: that one does is as rare for who has nothing to do with it.
    pub(crate) fn rarity(&self) -> f64 {
        f64::from((1.0 + self.alarmed) / (DAYS + self.days)).min(1.0)
    }

    /// Usual share of first sign-ins that fail after so many failures of their address, 0 to 1.
    pub(crate) fn rate(&self, run: u8) -> f64 {
        let rate = if run == 0 { self.first.usual() } else { self.traits.again(run).max(self.first.usual()) };
        rate.clamp(0.02, 0.95)
    }

    /// Usual share of first sign-ins that fail, 0 to 1.
    pub(crate) fn usual(&self) -> f64 {
        self.first.usual()
    }

    pub(crate) fn settle(&mut self) -> Option<()> {
        self.traits.settle()?;
        (self.open.len() <= OPEN_MAX
            && self.named.len() <= NAMED_MAX
            && self.addresses.len() <= ADDRESSES_MIN)
            .then_some(())
    }

    pub(crate) fn bytes(&self) -> usize {
        self.traits.bytes() + self.open.len() * 16
    }

    /// Counts a likely member.
    pub(crate) fn join(&mut self, who: &Principal) {
        self.members = self.members.saturating_add(1);
        if self.named.len() < NAMED_MAX {
            self.named.push(who.clone());
        }
    }

    fn begin(&mut self, at: Timestamp) {
        self.began = at;
        self.addresses.clear();
        self.failed = 0;
    }

    fn fail(&mut self, one: &Try<'_>) -> u64 {
        if self.began == Timestamp::ZERO {
            self.began = one.at;
        }
        if self.addresses.len() < ADDRESSES_MIN && !self.addresses.contains(&one.address) {
            self.addresses.push(one.address);
        }
        let full = self.open.len() >= OPEN_MAX;
        if full {
            self.open.pop_front();
        }
        self.open.push_back((one.pair, one.at.as_secs()));
        self.failed = self.failed.saturating_add(1);
        let lost = if self.stands() { self.traits.fail(one.look) } else { 0 };
        lost + u64::from(full)
    }

    fn put_right(&mut self, one: &Try<'_>) {
        self.first.relent(one.at);
        if let Some(open) = self.open.iter().rposition(|(pair, _)| *pair == one.pair) {
            self.open.remove(open);
            self.left.step(Hit::No, one.at, self.raised.is_some());
        }
    }

    fn fade(&mut self, at: Timestamp) {
        let seconds = at.since(self.last).as_secs_f64();
        self.last = self.last.max(at);
        if self.stands() {
            let kept = (-seconds / HALF_LIFE_S).exp2();
            self.first.fade(kept);
            self.left.fade(kept);
        }
    }

    /// What was not put right in time never will be.
    fn give_up(&mut self, at: Timestamp) {
        let stands = self.stands();
        while self.open.front().is_some_and(|(_, failed)| at.as_secs() >= failed + PUT_RIGHT_S) {
            self.open.pop_front();
            self.left.step(Hit::Yes, at, stands);
        }
    }

    /// How many times likelier the tries are with a campaign: the mean of what first sign-ins say and of what becomes of those
    /// that fail, for the two depend on each other.
    fn evidence(&self) -> f64 {
        f64::midpoint(self.first.evidence(), self.left.evidence())
    }

    fn decide(&mut self, at: Timestamp) -> News {
        let evidence = self.evidence();
        if self.stands() {
            if evidence < LOWERED_BELOW {
                self.raised = None;
                (self.members, self.told) = (0, 0);
                self.named.clear();
                self.open.clear();
                self.begin(at);
            }
            return News::Nothing;
        }
        let crowd = self.addresses.len() >= ADDRESSES_MIN && self.failed >= FAILED_MIN;
        let learnt = self.first.learnt() >= LEARNT_MIN && at.since(self.started).as_secs() >= LEARNT_S;
        if evidence < RAISED_FROM || !crowd || !learnt || self.is_fault() {
            return News::Nothing;
        }
        self.raised = Some(at);
        let second = self.traits.begin().and_then(|second| i64::try_from(second).ok());
        let first = second.map_or(self.began, |second| Timestamp::from_parts(second, 0));
        self.began = if self.began == Timestamp::ZERO { first } else { self.began.min(first) };
        self.alarmed_today = true;
        News::Raised
    }

    fn begin_day(&mut self, at: Timestamp) {
        if self.started == Timestamp::ZERO {
            self.started = at;
        }
        let day = day_of(at);
        if day > self.day {
            self.day = day;
            self.days += 1.0;
            self.alarmed += if self.alarmed_today { 1.0 } else { 0.0 };
            self.alarmed_today = self.stands();
            self.traits.fade();
        }
    }
}
