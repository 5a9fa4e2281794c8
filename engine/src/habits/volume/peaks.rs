//! Peaks: some amounts of a caller's day in, how rare they are beside those of peers and of its own other days out. Never lets
//! one day make much more usual than half as much again.

use serde::{Deserialize, Serialize};

use crate::stats::Records;

/// What one day may make usual, in multiples of what was.
const RISE: f32 = 1.5;
/// Evidence from which a call is charged, and again at each doubling, in nats.
const CHARGED_FROM: f32 = 4.6;
const CHARGED_AGAIN: f32 = 0.7;

/// How peaks of one sort are taken.
pub(crate) struct Terms {
    /// Amounts that are not many, whatever others do.
    pub(crate) least: &'static [f32],
    /// What is left after a day of what is usual.
    pub(crate) kept: f32,
    /// Whether anything may become usual as long as it is not known what peers do.
    pub(crate) free_at_first: bool,
}

/// An array of amounts.
pub(crate) trait Amounts: Copy + Default + AsRef<[f32]> + AsMut<[f32]> {}
impl<A: Copy + Default + AsRef<[f32]> + AsMut<[f32]>> Amounts for A {}

/// The highest amounts of one caller: of this day and of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Peaks<A> {
    pub(crate) day: u16,
    /// Which of them says most, and what peers or it itself had reached.
    pub(crate) which: u8,
    pub(crate) known: f32,
    pub(crate) today: A,
    pub(crate) usual: A,
    /// Evidence of the day, in nats, as it was told last and as it is.
    charged: f32,
    pub(crate) nats: f32,
}

impl<A: Amounts> Peaks<A> {
    /// Begins a day, unless it has begun: what was reached on the last one becomes usual, at a bounded speed.
    pub(crate) fn begin(
        &mut self,
        day: u16,
        peers: &mut [Records],
        (who, teaches): (u32, bool),
        terms: &Terms,
    ) {
        if self.day == day {
            return;
        }
        let amounts = self.usual.as_mut().iter_mut().zip(self.today.as_ref());
        for ((usual, today), (records, least)) in amounts.zip(peers.iter_mut().zip(terms.least)) {
            records.enter();
            let known = usual.max(records.peak(who)).max(*least);
            let bound = if terms.free_at_first && records.is_young() { f32::MAX } else { RISE * known };
            let reached = if teaches { today.min(bound) } else { 0.0 };
            *usual = reached.max(terms.kept * *usual);
        }
        (self.day, self.today, self.nats, self.charged) = (day, A::default(), 0.0, 0.0);
    }

    /// Takes an amount as it is now; whether it is rarer than what was told, if it is to be `judged`.
    pub(crate) fn take(
        &mut self,
        (which, amount): (usize, f32),
        peers: &mut Records,
        (who, teaches): (u32, bool),
        judged: bool,
        terms: &Terms,
    ) -> bool {
        let Some(today) = self.today.as_mut().get_mut(which).filter(|today| amount > **today) else {
            return false;
        };
        *today = amount;
        if amount <= terms.least[which] {
            return false;
        }
        let rarer = judged && self.weigh(which, amount, peers, who, terms);
        if teaches {
            peers.learn(who, amount, self.day, terms.least[which]);
        }
        rarer
    }

    fn weigh(&mut self, which: usize, amount: f32, peers: &Records, who: u32, terms: &Terms) -> bool {
        let usual = self.usual.as_ref().get(which).copied().unwrap_or_default();
        let known = peers.peak(who).max(usual).max(terms.least[which]);
        let nats = crate::votes::nats(peers.p(amount / known));
        if nats > self.nats {
            (self.nats, self.known) = (nats, known);
            self.which = u8::try_from(which).unwrap_or(u8::MAX);
        }
        self.nats >= CHARGED_FROM && self.nats >= self.charged + CHARGED_AGAIN
    }

    /// The amount that says most: of today, and its own highest of other days.
    pub(crate) fn most(&self) -> (f32, f32) {
        let at = usize::from(self.which);
        let of = |amounts: &A| amounts.as_ref().get(at).copied().unwrap_or_default();
        (of(&self.today), of(&self.usual))
    }

    /// What it shows is told.
    pub(crate) fn tell(&mut self) {
        self.charged = self.nats;
    }

    /// What was held against it is usual for it from now on.
    pub(crate) fn forgive(&mut self) {
        for (usual, today) in self.usual.as_mut().iter_mut().zip(self.today.as_ref()) {
            *usual = usual.max(*today);
        }
        (self.nats, self.charged) = (0.0, 0.0);
    }
}
