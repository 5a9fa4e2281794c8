//! Simulations: settings in, calls with their origins in order of `ended_at` out.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

use model::{ApiCall, PrincipalId, Pseudonyms, Timestamp};

use crate::{
    ActorId, Archetype, ConfigError, Origin, SimConfig, Truth,
    attack::Attack,
    order::Made,
    people::{Actor, Clock, mix_of},
    rng::{Rng, mix, nanos},
    stage::Stage,
    wire::Bytes,
};

/// Most actors.
const ACTORS_MAX: usize = 8_000_000;
/// Between two looks at crowds and newcomers.
const BEAT: u64 = 20_000_000_000;

/// Who wakes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    /// Events, crowds, newcomers.
    Beat,
    Actor(u32),
    Attack(u32),
}

/// A simulation at work: an iterator over calls.
///
/// Takes memory for actors and objects, about a kilobyte for each client, and none for calls that were taken.
#[derive(Debug)]
pub struct Simulation {
    config: SimConfig,
    clock: Clock,
    stage: Stage,
    actors: Vec<Actor>,
    attacks: Vec<Attack>,
    turns: BinaryHeap<Reverse<(u64, Turn)>>,
    rng: Rng,
    next_id: u32,
    now: u64,
    /// Share of all clients that comes new each day.
    growth: f64,
    merged: bool,
}

impl Simulation {
    /// Sets the world up.
    ///
    /// # Errors
    /// Names the first setting that cannot be simulated.
    pub fn new(config: SimConfig, names: Pseudonyms) -> Result<Self, ConfigError> {
        config.check()?;
        let mut rng = Rng::new(mix(config.seed, 0x0053_696d), 7);
        let clock = Clock::new(&config, &mut rng);
        let mut simulation = Self {
            stage: Stage::new(&config, names),
            actors: Vec::with_capacity(config.principals as usize),
            attacks: Vec::new(),
            turns: BinaryHeap::new(),
            next_id: 0,
            now: clock.start,
            growth: 0.005 + 0.015 * rng.unit(),
            merged: false,
            clock,
            rng,
            config,
        };
        simulation.populate();
        simulation.plan_attacks();
        simulation.turns.push(Reverse((simulation.clock.start, Turn::Beat)));
        Ok(simulation)
    }

    /// A gateway refuses this principal from `at` until `until`: its calls get 403, and whoever it is reacts. Calls
    /// already under way are not changed.
    pub fn refuse(&mut self, principal: PrincipalId, at: Timestamp, until: Timestamp) {
        self.stage.refuse(principal, at.as_nanos(), until.as_nanos());
    }

    /// Has the bytes of requests and answers made as well, for [`Self::next_with_bytes`].
    pub fn with_bytes(&mut self) {
        self.stage.with_bytes = true;
    }

    /// The next call with its bytes: `None` in place of them where the sensor did not see all.
    pub fn next_with_bytes(&mut self) -> Option<(ApiCall, Origin, Option<Bytes>)> {
        self.take().map(|made| (made.call, made.origin, made.bytes.map(|bytes| *bytes)))
    }

    /// Who did what so far.
    #[must_use]
    pub fn truth(&self) -> Truth {
        let actors = self.stage.ledger.actors();
        let owned: BTreeMap<ActorId, &Vec<PrincipalId>> =
            actors.iter().map(|actor| (actor.id, &actor.principals)).collect();
        let of = |actor: ActorId| owned.get(&actor).map(|ids| (*ids).clone()).unwrap_or_default();
        let attacks =
            self.attacks.iter().map(|attack| attack.truth(self.stage.ledger.tally(attack.id), of)).collect();
        drop(owned);
        let events = self.stage.weather.events().to_vec();
        Truth { config: self.config.clone(), actors, attacks, events }
    }

    /// Everybody who is there on the first day.
    fn populate(&mut self) {
        let sorts = mix_of(self.config.principals, &mut self.rng);
        let second = self.config.start.as_secs();
        let mut last_user = 0;
        for (at, archetype) in (0..).zip(sorts) {
            // The devices of a family have one account.
            let user = if archetype == Archetype::Family && at % 3 != 0 { last_user } else { at };
            last_user = user;
            self.add(archetype, user, second);
        }
    }

    fn add(&mut self, archetype: Archetype, user: u32, second: u64) {
        let id = ActorId(self.next_id);
        self.next_id += 1;
        let mut actor = Actor::new(id, archetype, user, self.config.rate, &mut self.stage);
        actor.settle(second, &mut self.stage);
        actor.leaves = self.last_day(archetype, self.clock.day(self.now));
        self.start(actor);
    }

    fn start(&mut self, mut actor: Actor) {
        let Some(at) = actor.next_visit(self.now, &self.clock, &self.stage) else { return };
        actor.wake = at;
        let place = u32::try_from(self.actors.len()).unwrap_or(u32::MAX);
        self.turns.push(Reverse((at, Turn::Actor(place))));
        self.actors.push(actor);
    }

    /// One in sixty leaves a day; machines and staff stay.
    fn last_day(&mut self, archetype: Archetype, today: u32) -> u32 {
        use Archetype::{Admin, Crawler, Monitor, Partner, Poller, Reports, Support};
        if matches!(archetype, Admin | Crawler | Monitor | Partner | Poller | Reports | Support) {
            return u32::MAX;
        }
        let days = 1.0 + 60.0 * self.rng.exponential();
        let last = today.saturating_add(crate::rng::count(days));
        if last > self.clock.days { u32::MAX } else { last }
    }

    fn plan_attacks(&mut self) {
        for order in self.config.attacks.clone() {
            for _ in 0..order.count {
                let id = u32::try_from(self.attacks.len()).unwrap_or(u32::MAX);
                let attack = Attack::new(id, &order, &self.clock, &self.stage, self.next_id);
                self.next_id += attack.actors();
                self.turns.push(Reverse((attack.planned, Turn::Attack(id))));
                self.attacks.push(attack);
            }
        }
    }

    /// The next call that is over.
    fn take(&mut self) -> Option<Made> {
        loop {
            if let Some(made) = self.stage.order.pop(self.now) {
                return Some(made);
            }
            let Some(Reverse((at, turn))) = self.turns.pop() else {
                // Nobody comes any more: what is under way comes to its end.
                self.now = u64::MAX;
                return self.stage.order.pop(self.now);
            };
            self.now = self.now.max(at);
            if at >= self.clock.end() {
                continue;
            }
            let _ = self.stage.weather.tick(self.now);
            let next = match turn {
                Turn::Beat => self.beat(),
                Turn::Actor(place) => self.wake(place, at),
                Turn::Attack(id) => {
                    let attack = self.attacks.get_mut(id as usize);
                    attack.and_then(|attack| attack.act(at, &self.clock, &mut self.stage, &mut self.actors))
                }
            };
            if let Some(next) = next {
                self.turns.push(Reverse((next.max(at + 1), turn)));
            }
        }
    }

    fn wake(&mut self, place: u32, at: u64) -> Option<u64> {
        let actor = self.actors.get_mut(place as usize)?;
        if actor.wake != at {
            // A crowd took it along before.
            return None;
        }
        let next = actor.act(at, &self.clock, &mut self.stage)?.max(at + 1);
        actor.wake = next;
        Some(next)
    }

    /// What happens to everybody: crowds, newcomers, partners who join, organisations that merge.
    fn beat(&mut self) -> Option<u64> {
        self.stage.forget_refusals(self.now);
        let sky = self.stage.weather.sky;
        let share = BEAT as f64 * 1e-9 / 86_400.0;
        if sky.crowd > 0.0 {
            let visits = f64::from(self.config.principals) * 2.0 * sky.crowd * share * self.config.rate;
            for _ in 0..self.rng.poisson(visits) {
                self.join_crowd(sky.is_wave);
            }
        }
        let newcomers = f64::from(self.config.principals) * (self.growth + 1.0 / 60.0) * share;
        for _ in 0..self.rng.poisson(newcomers) {
            self.newcomer();
        }
        if sky.is_merged && !self.merged {
            self.merged = true;
            let orgs = self.stage.people.orgs;
            let (a, b) = (self.rng.below(orgs / 2 + 1), orgs / 2 + self.rng.below(orgs / 2));
            self.stage.people.merge(a, b.min(orgs - 1));
        }
        let now = self.now;
        let joins = self.stage.weather.of("partner_onboarding").filter(|event| {
            let began = event.began.as_nanos();
            began <= now && now < began + BEAT
        });
        if joins.count() > 0 {
            self.add(Archetype::Partner, 0, now / 1_000_000_000);
            if let Some(partner) = self.actors.last_mut() {
                // Everything is copied once at first.
                partner.rate *= 20.0;
            }
        }
        Some(now + BEAT)
    }

    /// Somebody comes who would not have come now.
    fn join_crowd(&mut self, logs_in: bool) {
        let n = u32::try_from(self.actors.len()).unwrap_or(u32::MAX);
        let at = self.now + nanos(BEAT as f64 * 1e-9 * self.rng.unit()) + 1;
        for _ in 0..6 {
            let place = self.rng.below(n);
            let Some(actor) = self.actors.get_mut(place as usize).filter(|actor| actor.is_idle_customer())
            else {
                continue;
            };
            if logs_in {
                // The link in the mail leads to a page where nobody is logged in.
                actor.sender.ticket.expires = 0;
                actor.sender.ticket.renewal = 0;
            }
            actor.wake = at;
            self.turns.push(Reverse((at, Turn::Actor(place))));
            return;
        }
    }

    /// A new customer, or an old one's new device.
    fn newcomer(&mut self) {
        if self.actors.len() >= ACTORS_MAX {
            return;
        }
        let archetype = match self.rng.below(20) {
            0..10 => Archetype::Mobile,
            10..16 => Archetype::Web,
            16 => Archetype::Family,
            17 => Archetype::Agent,
            18 => Archetype::Traveller,
            _ => Archetype::Editor,
        };
        let is_device = self.rng.chance(0.4);
        let user = if is_device { self.rng.below(self.stage.people.users) } else { self.stage.new_user() };
        let id = ActorId(self.next_id);
        self.next_id += 1;
        let mut actor = Actor::new(id, archetype, user, self.config.rate, &mut self.stage);
        actor.is_new = !is_device;
        actor.leaves = self.last_day(archetype, self.clock.day(self.now));
        // He is here now.
        actor.wake = self.now + nanos(BEAT as f64 * 1e-9 * self.rng.unit()) + 1;
        let place = u32::try_from(self.actors.len()).unwrap_or(u32::MAX);
        self.turns.push(Reverse((actor.wake, Turn::Actor(place))));
        self.actors.push(actor);
    }
}

impl Iterator for Simulation {
    type Item = (ApiCall, Origin);

    fn next(&mut self) -> Option<Self::Item> {
        self.take().map(|made| (made.call, made.origin))
    }
}
