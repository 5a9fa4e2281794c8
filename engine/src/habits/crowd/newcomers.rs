//! Newcomers: users let in for the first time, in; whether more of them come from one address, or use much at once, than on
//! other days, out. Never says that being new is wrong.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    hash::Tag,
    stats::{Records, Span, beyond},
};

/// Users of the last day remembered; with more, newer ones are not.
const RECENT_MAX: usize = 4_096;
/// Hours for which a user is new.
const NEW_HOURS: u32 = 24;
/// Users let in for the first time from one address within an hour, and newcomers that use much within one, of which peaks
/// are of interest.
const SIGN_UPS_MIN: f32 = 5.0;
const HEAVY_MIN: f32 = 3.0;
/// Multiple of what is known from which it is anything at all.
const TIMES_MIN: f32 = 2.0;
/// Hours before it can be said how many newcomers use much at once.
const HOURS_MIN: f32 = 24.0;
/// New users for each that works behind an address, seen today or yesterday: a class or a team that begins.
const EACH_BRINGS: f32 = 8.0;
/// An address's own peak may become usual for it by so much a day, and is forgotten so slowly.
const RISE: f32 = 1.5;
const KEPT: f32 = 0.9;

/// Newcomers of everybody.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Newcomers {
    /// By user, the hour since the epoch in which it was first let in.
    recent: BTreeMap<Tag, u32>,
    /// Most of an hour: from one address, by address; that used much, by day.
    sign_ups: Records,
    heavy: Records,
    /// Hours in which they were counted.
    hours: f32,
    /// Newcomers that used much in the present hour, and their evidence in nats.
    busy: Span,
    hour: u32,
    pub(crate) crowd: f32,
    pub(crate) nats: f32,
}

/// Users first let in from one address: 28 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct SignUps {
    span: Span,
    day: u16,
    /// Highest of an hour today, on other days, and what others have reached.
    pub(crate) peak: f32,
    usual: f32,
    pub(crate) known: f32,
    /// Evidence of the day, as it is and as it was told last.
    pub(crate) nats: f32,
    charged: f32,
}

impl Newcomers {
    /// A user was let in from an address in an hour, a newcomer or not; whether that is news. `learns` is false while
    /// everybody is new, and for culprits.
    pub(crate) fn sign_in(
        &mut self,
        signs: &mut SignUps,
        (address, user, is_new): (Tag, Tag, bool),
        works: u8,
        (day, hour): (u16, u32),
        learns: bool,
    ) -> bool {
        if signs.day != day {
            if learns {
                self.sign_ups.enter();
            }
            signs.begin(day, self.sign_ups.peak(address.0));
        }
        if !is_new {
            return false;
        }
        self.remember(user, hour);
        let count = signs.span.add(hour, 1.0);
        if count <= signs.peak {
            return false;
        }
        signs.peak = count;
        if learns && count > SIGN_UPS_MIN {
            self.sign_ups.learn(address.0, count, day, SIGN_UPS_MIN);
        }
        signs.known = self.sign_ups.peak(address.0).max(signs.usual).max(SIGN_UPS_MIN);
        signs.known = signs.known.max(EACH_BRINGS * f32::from(works));
        if count < TIMES_MIN * signs.known {
            return false;
        }
        signs.nats = signs.nats.max(crate::votes::nats(self.sign_ups.p(count / signs.known)));
        signs.is_news()
    }

    /// Whether a user was first let in within a day.
    pub(crate) fn is_recent(&self, user: Tag, hour: u32) -> bool {
        self.recent.get(&user).is_some_and(|since| hour <= since + NEW_HOURS)
    }

    /// One more newcomer has used much in this hour; evidence that so many are no chance, in nats.
    pub(crate) fn use_much(&mut self, (day, hour): (u16, u32), learns: bool) -> f32 {
        let who = u32::from(day) + 1;
        self.crowd = self.busy.add(hour, 1.0);
        let known = self.heavy.peak(who).max(HEAVY_MIN);
        if self.hours >= HOURS_MIN {
            self.nats = self.nats.max(crate::votes::nats(beyond(self.hours, self.crowd / known)));
        }
        if learns {
            self.heavy.learn(who, self.crowd, day, HEAVY_MIN);
        }
        self.nats
    }

    /// Time passes: each hour is one more in which the newcomers that use much were counted.
    pub(crate) fn advance(&mut self, hour: u32, learns: bool) {
        if hour <= self.hour {
            return;
        }
        if learns && self.hour > 0 {
            self.hours += (hour - self.hour) as f32;
        }
        (self.hour, self.nats, self.crowd) = (hour, 0.0, 0.0);
        self.recent.retain(|_, since| hour <= *since + NEW_HOURS);
    }

    /// Evidence that so many newcomers use much in this hour, in nats.
    pub(crate) fn evidence(&self, hour: u32) -> f32 {
        if hour == self.hour { self.nats } else { 0.0 }
    }

    fn remember(&mut self, user: Tag, hour: u32) {
        if self.recent.len() < RECENT_MAX {
            self.recent.insert(user, hour);
        }
    }

    pub(crate) fn settle(&self) -> Option<()> {
        (self.recent.len() <= RECENT_MAX).then_some(())
    }

    pub(crate) fn bytes(&self) -> usize {
        self.recent.len() * 16
    }
}

impl SignUps {
    /// Begins a day: what it reached on the last one becomes usual for it, at a bounded speed.
    fn begin(&mut self, day: u16, others: f32) {
        let bound = RISE * self.usual.max(others).max(SIGN_UPS_MIN);
        self.usual = self.peak.min(bound).max(KEPT * self.usual);
        (self.day, self.peak, self.nats, self.charged) = (day, 0.0, 0.0, 0.0);
    }

    /// Rare, and rarer than when it was told last.
    fn is_news(&mut self) -> bool {
        let news = self.nats >= 4.6 && self.nats >= self.charged + 0.7;
        if news {
            self.charged = self.nats;
        }
        news
    }
}
