//! Instances: one attack from its first call to its last, with its callers, its goal, and what it does when it is refused.

use model::{PrincipalId, Timestamp};

use super::{
    ATTACKS,
    callers::log_in,
    program::{self, Move, Program, Source},
};
use crate::{
    ActorId, AttackId, AttackOrder, AttackTruth,
    ledger::Tally,
    objects::Object,
    people::{Actor, Clock},
    rng::{Rng, count, mix, nanos},
    stage::{Reply, Sender, Stage},
    world::{KindId, RouteId, USER},
};

/// Longest mean pause, in seconds, of who slows down at each refusal.
const SLOWEST_S: f64 = 172_800.0;
/// Times that an attack comes back after having been refused.
const RETURNS_MAX: u32 = 20;
/// Principals remembered of one attack.
pub(super) const GUILTY_MAX: usize = 100_000;

/// What an attacker does when a gateway refuses him.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    GiveUp,
    /// A new login, from the same address.
    Login,
    /// Another address, with a new login if there is one.
    Move,
    /// The same, four times slower.
    Slower,
    /// The same, an hour later.
    Wait,
}

/// One attack.
#[derive(Debug)]
pub(crate) struct Attack {
    pub(crate) id: AttackId,
    pub(super) name: &'static str,
    pub(super) program: Program,
    pub(super) rng: Rng,
    pub(super) mimicry: f64,
    policy: Policy,
    /// Beginning and end, as planned.
    pub(crate) planned: u64,
    pub(super) until: u64,
    pub(super) every: f64,
    /// Number of callers, and those that have called.
    pub(super) spread: u32,
    pub(super) callers: Vec<Caller>,
    /// Number of the first of its actors.
    pub(super) first_actor: u32,
    /// The route that it lives on, and where it stands there.
    pub(super) routes: Vec<RouteId>,
    pub(super) cursor: u64,
    /// The user whom it is after.
    pub(super) victim: Option<u32>,
    /// Calls, and units of its goal.
    pub(super) step: u32,
    pub(super) reached: u64,
    pub(super) is_over: bool,
    pub(super) has_begun: bool,
    pub(super) returns: u32,
    pub(super) guilty: Vec<PrincipalId>,
    pub(super) victims: Vec<PrincipalId>,
}

/// One of an attack's callers.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) sender: Sender,
    /// Whose password it knows, if it has an account.
    pub(super) account: Option<u32>,
    /// Calls that it may still make.
    pub(super) left: u32,
}

impl Attack {
    pub(crate) fn new(id: u32, order: &AttackOrder, clock: &Clock, stage: &Stage, first_actor: u32) -> Self {
        let mut rng = Rng::new(mix(stage.seed, 0x6174_7461), u64::from(id));
        let name = ATTACKS.iter().find(|kind| kind.name == order.kind).map_or("", |kind| kind.name);
        let program = program::of(name);
        let run = clock.end() - clock.start;
        let share = if order.from_start { 0.0 } else { 0.12 + 0.6 * rng.unit() };
        let planned = clock.start + nanos(run as f64 * 1e-9 * share) + 1_000_000;
        let fuzz = |rng: &mut Rng| 0.5 + rng.unit();
        let policy = [Policy::GiveUp, Policy::Login, Policy::Move, Policy::Slower, Policy::Wait]
            [rng.weighted([0.2, 0.2, 0.35, 0.1, 0.15].into_iter())];
        let callers = match program.source {
            Source::Accounts(n) | Source::Addresses(n) => {
                f64::from(n) * order.spread * if n > 1 { fuzz(&mut rng) } else { 1.0 }
            }
            _ => 1.0,
        };
        let days = program.days * fuzz(&mut rng) * order.pace.recip().clamp(0.2, 5.0);
        Self {
            id: AttackId(id),
            name,
            program,
            mimicry: order.mimicry.unwrap_or_else(|| rng.unit()),
            policy,
            planned,
            until: (planned + nanos(days * 86_400.0)).min(clock.end()),
            every: program.every * fuzz(&mut rng) / order.pace,
            spread: count(callers).max(1),
            callers: Vec::new(),
            first_actor,
            routes: Vec::new(),
            cursor: rng.next(),
            victim: None,
            step: 0,
            reached: 0,
            is_over: false,
            has_begun: false,
            returns: 0,
            guilty: Vec::new(),
            victims: Vec::new(),
            rng,
        }
    }

    /// Numbers that its actors take.
    pub(crate) fn actors(&self) -> u32 {
        self.spread + RETURNS_MAX + 1
    }

    /// Does the next thing; when it goes on, or `None` when it is over.
    pub(crate) fn act(
        &mut self,
        now: u64,
        clock: &Clock,
        stage: &mut Stage,
        people: &mut [Actor],
    ) -> Option<u64> {
        if !self.has_begun && !self.begin(now, stage, people) {
            self.is_over = true;
            return None;
        }
        if now >= self.until || self.reached >= u64::from(self.program.wanted) {
            self.end(people);
            return None;
        }
        if self.program.moves == Move::Live {
            return Some((now + 3_600_000_000_000).min(self.until));
        }
        if let Some(dawn) = self.asleep(now, clock) {
            return Some(dawn);
        }
        let before = self.callers.len();
        let chosen = self.caller(now, stage);
        let joined = self.callers.len() > before;
        let Some(place) = chosen else {
            self.end(people);
            return None;
        };
        // Whoever just logged in looks around first.
        let at = if joined { now + nanos(1.0 + 3.0 * self.rng.unit()) } else { now };
        let reply = self.play(place, at, stage);
        self.step += 1;
        let Some(reply) = reply else { return Some(now + self.pause()) };
        if reply.denied {
            return self.react(place, &reply, stage, people);
        }
        Some(reply.ended.max(now) + self.pause())
    }

    fn end(&mut self, people: &mut [Actor]) {
        self.is_over = true;
        if let Source::Turned { factor, .. } = self.program.source {
            for actor in people.iter_mut().filter(|actor| actor.sender.attack == Some(self.id)) {
                actor.sender.attack = None;
                actor.rate /= factor;
            }
        }
    }

    fn pause(&mut self) -> u64 {
        // Patience of programs is even, that of people is not; copies of people have theirs.
        let sigma = 0.15 + 0.8 * self.mimicry;
        nanos(self.rng.log_normal(self.every, sigma).min(self.every * 30.0))
    }

    /// Until when it sleeps, if it does.
    fn asleep(&mut self, now: u64, clock: &Clock) -> Option<u64> {
        let hour = (now - clock.start) / 3_600_000_000_000 % 24;
        let rests = match self.program.at_night {
            true => !(1..5).contains(&hour),
            // Those who copy people sleep; slow ones have to work at all hours.
            false => self.mimicry > 0.6 && self.program.days > 1.0 && !(7..23).contains(&hour),
        };
        let wakes = if self.program.at_night { 1 } else { 7 };
        let hours = (wakes + 24 - hour - 1) % 24;
        rests.then(|| now + nanos((hours as f64 + self.rng.unit()) * 3_600.0) + 1_000_000)
    }

    /// Refused: gives up, or comes back in another guise.
    fn react(&mut self, place: usize, reply: &Reply, stage: &mut Stage, people: &mut [Actor]) -> Option<u64> {
        self.returns += 1;
        if self.policy == Policy::GiveUp && self.callers.len() < 2
            || self.returns > RETURNS_MAX.max(self.spread)
        {
            self.end(people);
            return None;
        }
        let soon = reply.ended + nanos(30.0 + self.rng.log_normal(400.0, 1.0));
        let is_stolen =
            matches!(self.program.source, Source::Stolen | Source::StolenPartner | Source::Dormant);
        match self.policy {
            Policy::Slower => self.every = (self.every * 4.0).min(SLOWEST_S),
            Policy::Wait => return Some(reply.ended + 3_600_000_000_000),
            Policy::GiveUp => {
                if let Some(caller) = self.callers.get_mut(place) {
                    caller.left = 0;
                }
            }
            Policy::Login | Policy::Move if is_stolen => {
                self.callers.clear();
                if self.program.source == Source::Dormant || !self.steal(soon, stage, people) {
                    self.end(people);
                    return None;
                }
            }
            Policy::Login | Policy::Move => {
                let fresh = self.sender(self.spread + self.returns, stage).address;
                let moves = self.policy == Policy::Move;
                let Some(caller) = self.callers.get_mut(place) else { return Some(soon) };
                if moves {
                    caller.sender.address = fresh;
                }
                if let Some(user) = caller.account {
                    log_in(&mut caller.sender, user, soon, stage);
                } else if !moves {
                    // Without an account there is nothing to log in with.
                    caller.sender.address = fresh;
                }
                let sender = caller.sender.clone();
                self.take(&sender, stage, true);
                return Some(soon + 60_000_000_000);
            }
        }
        Some(soon)
    }

    /// What is to be told of it; `tally` counts its calls, `owned` are the credentials that its actors were given.
    pub(crate) fn truth(&self, tally: Tally, owned: impl Fn(ActorId) -> Vec<PrincipalId>) -> AttackTruth {
        let actors: Vec<ActorId> = match self.program.source {
            Source::Turned { .. } if self.has_begun => vec![ActorId(self.first_actor)],
            _ => self.callers.iter().map(|caller| caller.sender.actor).collect(),
        };
        let mut guilty = self.guilty.clone();
        actors.iter().for_each(|actor| guilty.extend(owned(*actor)));
        guilty.retain(|known| !self.victims.contains(known));
        guilty.sort_unstable();
        guilty.dedup();
        AttackTruth {
            id: self.id,
            kind: self.name.to_owned(),
            planned: Timestamp::from_nanos(self.planned),
            began: tally.first,
            ended: tally.last,
            is_over: self.is_over,
            calls: tally.calls,
            denied: tally.denied,
            leaked: tally.leaked,
            wanted: u64::from(self.program.wanted),
            reached: self.reached,
            returns: self.returns,
            mimicry: self.mimicry,
            actors,
            guilty,
            victims: self.victims.clone(),
        }
    }
}

/// An object of anybody.
pub(super) fn anybodys(kind: KindId, rng: &mut Rng, stage: &Stage) -> Object {
    let n = stage.objects.len(kind);
    if n == 0 || kind == USER && stage.people.users == 0 {
        return Object::missing(kind, rng.next() % 9_000_000);
    }
    Object::at(kind, rng.below(n))
}
