//! Openings: how often contexts as new as one are opened in good faith, and what is done in them at first. New contexts of
//! many holders in, rates out. Never learns from who is surely a culprit.

use serde::{Deserialize, Serialize};

use super::contexts::{Contexts, Distance, Guest};
use crate::{hash::Tag, snapshot::Settle, stats::Prior};

/// Signs of the software that may differ, and one for none.
const PARTS: usize = 4;
/// Cells: network known or new, by signs that differ, by a pause or none.
const CELLS: usize = 2 * PARTS * 2;
/// Holders of credentials that people have and that machines have; young ones, and all.
const GROUPS: usize = 4;
/// Days and sign-ins that stand for what is known of traffic in general, with half an opening among them.
const SHIPPED: f64 = 500.0;
const HALF: f64 = 0.5;
/// The same for people's software that differs in all its signs: no update changes agent, header order and language at once,
/// and a session does not move to another device.
const SHIPPED_OTHER: f64 = 2_500.0;
/// The same for the question who it is, which costs less than a block, when the network is new besides.
const SHIPPED_ASKED: f64 = 10_000.0;
/// Rarer contexts than this are asked about at once.
const ASKED_BELOW: f64 = 1e-4;
/// The same for sign-ins from new contexts, and failures before them.
const SHIPPED_STUMBLES: f64 = 50.0;
/// Guests that stand for what is known of forks in general, and those of them that had one.
const SHIPPED_GUESTS: f64 = 4.0;
const SHIPPED_FORKS: f64 = 0.5;
/// Days after which all counts are halved.
const DAYS_MAX: f64 = 4e6;
/// Distinct routes of days from which a holder is known well.
const KNOWN_TRIES: f32 = 20.0;
/// How much likelier who has other software does something new, as odds, as long as nobody has shown it.
const FAR: f64 = 1.5;
/// Share of thieves whose context is as new as any one kind.
const THIEVES: f64 = 0.5;
/// Share of thieves who use what they took while its holder does, and share of guessers who fail before.
const FORKING: f64 = 0.5;
const STUMBLING: f64 = 0.3;
/// Failed passwords before a sign-in from which they say something.
const STUMBLES_MIN: u8 = 2;

/// Openings of one sort, and occasions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Tally {
    occasions: f64,
    opened: [f64; CELLS],
}

impl Tally {
    /// Chance of a context at least as new as this, with so many occasions for what is known of traffic in general. Never
    /// below what network and software make of it independently.
    fn rate(&self, distance: Distance, shipped: f64) -> f64 {
        let all = self.occasions + shipped;
        let sum = |holds: &dyn Fn(usize, usize, usize) -> bool| {
            let cells = self.opened.iter().enumerate();
            let wanted = cells.filter(|(at, _)| holds(at / (2 * PARTS), at / 2 % PARTS, at % 2));
            (wanted.map(|(_, n)| *n).sum::<f64>() + HALF) / all
        };
        let (network, parts) = (usize::from(distance.network), usize::from(distance.parts));
        let soon = usize::from(distance.soon);
        let direct = sum(&|n, p, s| n >= network && p >= parts && s >= soon);
        if network == 0 || parts == 0 {
            return direct.min(1.0);
        }
        direct.max(sum(&|_, p, _| p >= parts) * sum(&|n, _, _| n == 1)).min(1.0)
    }

    fn count(&mut self, distance: Distance, by: f64) {
        let parts = usize::from(distance.parts).min(PARTS - 1);
        let at = usize::from(distance.network) * 2 * PARTS + parts * 2 + usize::from(distance.soon);
        self.opened[at] = (self.opened[at] + by).max(0.0);
    }

    fn fade(&mut self) {
        self.occasions += 1.0;
        if self.occasions > DAYS_MAX {
            self.occasions /= 2.0;
            self.opened.iter_mut().for_each(|n| *n /= 2.0);
        }
    }
}

/// What everybody's new contexts are like.
#[derive(Serialize, Deserialize)]
pub(crate) struct Openings {
    /// On active days, and at sign-ins.
    days: [Tally; GROUPS],
    logins: [Tally; GROUPS],
    /// Sign-ins from new contexts after 0, 1, 2 and more failed passwords.
    stumbles: [f64; 4],
    /// Guests with the holder's software and with another one, and those of them with a fork.
    guests: [[f64; 2]; 2],
    /// Share of the routes of a day that are new to a holder.
    wander: Prior,
    /// The same of the routes in a new context, of holders who are known little and well; in all new contexts, and in those
    /// with other software.
    novel: [[Prior; 2]; 2],
    /// Share of the routes in a new context that change something, likewise.
    writes: [Prior; 2],
}

impl Default for Openings {
    fn default() -> Self {
        let novel = || Prior::new([0.05, 0.1, 0.15, 0.2, 0.2, 0.15, 0.1, 0.02, 2e-3, 2e-4]);
        let writes = || Prior::new([0.02, 0.02, 0.03, 0.1, 0.2, 0.25, 0.25, 0.1, 0.02, 1e-3]);
        Self {
            days: [Tally::default(); GROUPS],
            logins: [Tally::default(); GROUPS],
            stumbles: [0.0; 4],
            guests: [[0.0; 2]; 2],
            wander: novel(),
            novel: [[novel(), novel()], [novel(), novel()]],
            writes: [writes(), writes()],
        }
    }
}

impl Openings {
    /// A settled holder's active day, or its sign-in.
    pub(crate) fn enter(&mut self, contexts: &Contexts, machine: bool, by_login: bool) {
        let tallies = if by_login { &mut self.logins } else { &mut self.days };
        let (mine, all) = groups(contexts, machine);
        all.into_iter().chain([mine]).for_each(|at| tallies[at].fade());
    }

    /// Who has opened a context: how seldom that is, and what it says.
    #[expect(clippy::cast_possible_truncation, reason = "seven digits are plenty")]
    pub(crate) fn guest(
        &self,
        contexts: &Contexts,
        machine: bool,
        distance: Distance,
        stumbles: Option<u8>,
    ) -> Guest {
        let tallies = if stumbles.is_some() { &self.logins } else { &self.days };
        let (mine, _) = groups(contexts, machine);
        let own = if stumbles.is_none() { contexts.own_rate(distance) } else { 0.0 };
        let other = usize::from(distance.parts) == PARTS - 1 && !machine;
        let rate = tallies[mine].rate(distance, if other { SHIPPED_OTHER } else { SHIPPED }).max(own);
        let asks = other && distance.network && stumbles.is_none() && own <= 0.0;
        let asks = asks && tallies[mine].rate(distance, SHIPPED_ASKED) < ASKED_BELOW;
        let mut ratio = THIEVES / rate;
        if let Some(stumbles) = stumbles {
            let seldom = self.stumbling(stumbles);
            ratio *= if stumbles >= STUMBLES_MIN { STUMBLING / seldom } else { 1.0 - STUMBLING };
        }
        let mut opening = ratio.ln() as f32;
        if distance.parts == 0 && stumbles.is_none_or(|stumbles| stumbles < STUMBLES_MIN) {
            // The same software takes its holder from network to network: that others stay at home says nothing.
            opening = opening.min(0.0);
        }
        Guest { distance, rarity: rate as f32, opening, asks, stumbles, ..Guest::default() }
    }

    /// Share of sign-ins from new contexts with as many failed passwords before.
    fn stumbling(&self, stumbles: u8) -> f64 {
        let from = usize::from(stumbles).min(self.stumbles.len() - 1);
        let as_many: f64 = self.stumbles[from..].iter().sum();
        (as_many + HALF) / (self.stumbles.iter().sum::<f64>() + SHIPPED_STUMBLES)
    }

    /// Counts an opening in good faith, or takes it back.
    pub(crate) fn count(&mut self, contexts: &Contexts, machine: bool, guest: &Guest, by: f64) {
        let tallies = if guest.stumbles.is_some() { &mut self.logins } else { &mut self.days };
        let (mine, all) = groups(contexts, machine);
        all.into_iter().chain([mine]).for_each(|at| tallies[at].count(guest.distance, by));
        if let Some(stumbles) = guest.stumbles {
            let seen = &mut self.stumbles[usize::from(stumbles).min(3)];
            *seen = (*seen + by).max(0.0);
        }
        let all = &mut self.guests[kind(guest)][0];
        *all = (*all + by).max(0.0);
    }

    /// What it says that the holder goes on while the guest does, in nats.
    #[expect(clippy::cast_possible_truncation, reason = "seven digits are plenty")]
    pub(crate) fn fork(&mut self, guest: &Guest, teaches: bool) -> f32 {
        let [all, forked] = &mut self.guests[kind(guest)];
        let usual = (*forked + SHIPPED_FORKS) / (*all + SHIPPED_GUESTS);
        *forked += f64::from(u8::from(teaches));
        (FORKING / usual.clamp(1e-3, 1.0)).ln().max(0.0) as f32
    }

    /// The holder came to a route.
    pub(crate) fn wandered(&mut self, who: Tag, contexts: &Contexts) {
        self.wander.vote(who, contexts.tries, contexts.hits);
    }

    /// Weighs a route that the guest came to for the first time; `novel` when it is known what the holder does.
    pub(crate) fn weigh(&mut self, guest: &mut Guest, holder: (f32, f32), novel: Option<bool>, writes: bool) {
        let far = kind(guest) == 1;
        let (tries, hits) = (guest.novel.tries, guest.novel.hits);
        let [all, others] = &mut self.novel[usize::from(holder.0 >= KNOWN_TRIES)];
        let mut usual =
            all.predictive(tries, hits).max(self.wander.predictive(holder.0 + tries, holder.1 + hits));
        let (tries, hits) = (guest.writes.tries, guest.writes.hits);
        let [all, changing] = &mut self.writes;
        let mut changes = all.predictive(tries, hits);
        if far {
            // Who has other software looks around more than who is elsewhere: by how much is told by others, or guessed.
            usual = others.learnt(guest.novel.tries, guest.novel.hits).unwrap_or(likelier(usual)).max(usual);
            changes = changing.learnt(tries, hits).unwrap_or(likelier(changes)).max(changes);
        }
        if let Some(novel) = novel {
            guest.novel.step(novel, usual);
        }
        guest.writes.step(writes, changes);
    }

    /// Takes what a guest in good faith has done so far.
    pub(crate) fn learn(&mut self, who: Tag, guest: &Guest, holder: (f32, f32)) {
        let (novel, writes) = (guest.novel, guest.writes);
        for at in 0..=kind(guest) {
            self.novel[usize::from(holder.0 >= KNOWN_TRIES)][at].vote(who, novel.tries, novel.hits);
            self.writes[at].vote(who, writes.tries, writes.hits);
        }
    }

    /// Learns the rates anew.
    pub(crate) fn relearn(&mut self) {
        self.wander.relearn();
        self.novel.as_flattened_mut().iter_mut().chain(&mut self.writes).for_each(Prior::relearn);
    }

    /// Share of the routes in new contexts that are new to holders who are known well, and of those that change something.
    pub(crate) fn usual(&self) -> (f64, f64) {
        (self.novel[1][0].usual(), self.writes[0].usual())
    }

    pub(crate) fn settle(&mut self, fresh: Self) -> Option<()> {
        self.wander.settle(fresh.wander)?;
        let mine = self.novel.as_flattened_mut().iter_mut().chain(&mut self.writes);
        let fresh = fresh.novel.into_iter().flatten().chain(fresh.writes);
        mine.zip(fresh).try_for_each(|(mine, fresh)| mine.settle(fresh))
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        7 * Prior::BYTES
    }
}

/// Whether it is with the holder's software or with another one.
fn kind(guest: &Guest) -> usize {
    usize::from(guest.distance.parts > 0 || guest.stumbles.is_some())
}

fn likelier(rate: f64) -> f64 {
    FAR * rate / (1.0 + (FAR - 1.0) * rate)
}

/// The groups that a holder counts in, its own first. Who is young counts among all too, so that all are never thought
/// steadier than they are.
fn groups(contexts: &Contexts, machine: bool) -> (usize, Option<usize>) {
    let all = usize::from(machine) * 2;
    if contexts.is_young() { (all + 1, Some(all)) } else { (all, None) }
}
