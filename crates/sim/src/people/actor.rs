//! Actors: one honest client each, from its first visit to its last.

use compact_str::{CompactString, format_compact};

use super::{Archetype, Clock, habits, habits::Habits, schedule};
use crate::{
    ActorId,
    looks::Family,
    nets::Net,
    rng::{Rng, mix, nanos},
    stage::{Sender, Stage},
    world::{Login, Who},
};

/// What an actor is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Between two visits.
    Away,
    /// About to log in, for the so-manieth time.
    Entering(u8),
    /// At a step of a flow, so many calls of it left.
    Walking { flow: u16, step: u8, left: u16 },
}

/// One honest client.
#[derive(Debug)]
pub(crate) struct Actor {
    pub(crate) sender: Sender,
    pub(super) rng: Rng,
    /// What is its own: taste, home, times.
    pub(super) hash: u64,
    /// Visits a day, and the hours that its day is shifted by.
    pub(crate) rate: f64,
    phase: f64,
    /// The family of its software.
    family: Family,
    net: Net,
    pub(super) state: State,
    /// The day whose visits are counted, how many are left, and the share of the day that is over.
    day: u32,
    left: u32,
    share: f64,
    /// Calls left in this visit.
    pub(super) budget: u32,
    /// The customer whom support is busy with.
    pub(super) focus: u32,
    pub(super) cursor: u32,
    /// Calls in a row that were denied or failed.
    pub(super) strikes: u8,
    /// Calls left of a loop that it is stuck in.
    pub(super) loops: u16,
    /// Calls left of a burst after a connection came back.
    pub(super) hurry: u16,
    /// Whether it still has to sign up, or was told to set a new password.
    pub(crate) is_new: bool,
    pub(super) must_reset: bool,
    /// When it comes next. Any other wake-up is not for it.
    pub(crate) wake: u64,
    /// Day on which it leaves for good.
    pub(crate) leaves: u32,
}

impl Actor {
    /// A client of a sort, for a user or the organisation that goes with its number.
    pub(crate) fn new(id: ActorId, archetype: Archetype, user: u32, rate: f64, stage: &mut Stage) -> Self {
        let hash = mix(stage.seed ^ 0x6163_746f, u64::from(id.0));
        let mut rng = Rng::new(hash, 1);
        let habits = habits(archetype);
        let mut sender = Sender::new(id, archetype, None);
        sender.role = habits.role;
        sender.login = habits.login.login(&stage.world);
        sender.client = client_name(&habits, hash);
        let family = habits.families[(hash >> 9) as usize % habits.families.len()];
        if family == Family::Browser && sender.login == Login::Jwt && archetype != Archetype::Support {
            sender.login = stage.world.page;
        }
        match archetype {
            Archetype::Crawler | Archetype::Monitor => {}
            Archetype::Partner | Archetype::Reports | Archetype::Poller => {
                sender.org = mix(hash, 5) as u32 % stage.people.orgs;
            }
            _ => {
                sender.user = user;
                sender.org = stage.people.org_of(user);
            }
        }
        let spread = rng.log_normal(1.0, habits.sigma).clamp(0.02, 60.0);
        // Most live in one zone, one in ten lives elsewhere.
        let zone = if rng.chance(0.1) { f64::from(rng.between(0, 23)) } else { 0.0 };
        Self {
            rate: habits.visits * spread * rate,
            phase: zone + rng.normal() * 1.2,
            family,
            net: Net::Home,
            state: State::Away,
            day: 0,
            left: u32::MAX,
            share: 0.0,
            budget: 0,
            focus: u32::MAX,
            cursor: rng.next() as u32 % 10_000,
            strikes: 0,
            loops: 0,
            hurry: 0,
            is_new: false,
            must_reset: false,
            wake: 0,
            leaves: u32::MAX,
            sender,
            rng,
            hash,
        }
    }

    /// Gives it the credentials that it had before the first day.
    pub(crate) fn settle(&mut self, second: u64, stage: &mut Stage) {
        let lasts = stage.lifetime(self.sender.login);
        match self.sender.login {
            Login::Nobody => {}
            Login::Key | Login::ClientJwt => stage.hand_out(&mut self.sender, second, lasts),
            _ => {
                // Issued some time ago; perhaps over already.
                let age = (self.rng.unit() * lasts as f64 * 1.5) as u64;
                stage.hand_out(&mut self.sender, second.saturating_sub(age), lasts);
            }
        }
    }

    /// Whether it can be joined by a crowd.
    pub(crate) fn is_idle_customer(&self) -> bool {
        self.state == State::Away && self.sender.role & Who::CUSTOMER != 0 && self.leaves == u32::MAX
    }

    /// When it comes next after `now`; `None` if never.
    pub(crate) fn next_visit(&mut self, now: u64, clock: &Clock, stage: &Stage) -> Option<u64> {
        let habits = habits(self.sender.archetype);
        if habits.calls <= 1.0 {
            return self.next_poll(now, clock);
        }
        if self.left == u32::MAX {
            self.plan(clock.day(now), &habits, clock, stage);
        }
        loop {
            if self.day >= clock.days || self.day >= self.leaves {
                return None;
            }
            if self.left == 0 {
                self.plan(self.day + 1, &habits, clock, stage);
                continue;
            }
            // The least of so many times that are left.
            let least = 1.0 - (1.0 - self.rng.unit()).powf(1.0 / f64::from(self.left));
            self.share += (1.0 - self.share) * least;
            self.left -= 1;
            let at = clock.moment(self.day, habits.profile, self.share, self.phase + stage.weather.sky.clock);
            // A shifted day wraps round: what lies behind is over.
            if at > now {
                return Some(at);
            }
        }
    }

    fn plan(&mut self, day: u32, habits: &Habits, clock: &Clock, stage: &Stage) {
        (self.day, self.share) = (day, 0.0);
        self.rate *= (0.03 * self.rng.normal()).exp();
        let is_steady = matches!(self.sender.archetype, Archetype::Support | Archetype::Partner);
        let mut mean = self.rate * clock.weekday(day, habits.profile);
        if self.sender.role & Who::PARTNER != 0 {
            // Partners grow, and some sign for twice as much.
            mean *= 1.0 + 0.001 * f64::from(day);
            if self.hash.is_multiple_of(3) {
                mean *= stage.weather.sky.contract;
            }
        }
        if self.sender.archetype == Archetype::Reports && (day.is_multiple_of(7) || day % 30 == 1) {
            mean = mean * 3.0 + 1.0;
        }
        self.left = schedule::visits(mean, is_steady, &mut self.rng).min(100_000);
    }

    /// Devices come at their period; half of them on the minute, all at once.
    fn next_poll(&mut self, now: u64, clock: &Clock) -> Option<u64> {
        let period = nanos(86_400.0 / self.rate.clamp(4.0, 8_640.0));
        let mut next = now + period + nanos(self.rng.unit() * 0.4);
        if self.hash & 1 == 0 && self.sender.archetype == Archetype::Poller {
            let minute = 60_000_000_000;
            next = (next / minute).max(now / minute + 1) * minute + nanos(0.3 + 0.4 * self.rng.exponential());
        }
        (next < clock.end() && clock.day(next) < self.leaves).then_some(next)
    }

    /// Comes in from where it is now.
    pub(super) fn arrive(&mut self, now: u64, clock: &Clock, stage: &mut Stage) {
        let habits = habits(self.sender.archetype);
        let day = clock.day(now);
        let hash = self.hash;
        let is_steady =
            matches!(self.sender.archetype, Archetype::Partner | Archetype::Poller | Archetype::Crawler);
        if is_steady {
            self.net = habits.nets[(hash >> 20) as usize % habits.nets.len()].0;
        } else if mix(hash, u64::from(day) ^ 0x7472).is_multiple_of(50) {
            // On the road today.
            self.net = Net::Road;
        } else if self.net == Net::Road || self.rng.chance(0.4) {
            self.net = habits
                .nets
                .get(self.rng.weighted(habits.nets.iter().map(|net| net.1)))
                .map_or(Net::Home, |net| net.0);
        }
        let who = match self.net {
            Net::Home => household(&self.sender, hash),
            Net::Office => u64::from(self.sender.org),
            // A phone keeps its carrier, and the carrier its pool.
            Net::Carrier => mix(hash, 0xca),
            Net::Proxy => hash % 3,
            _ => hash,
        };
        self.sender.address = stage.nets.address(self.net, who, day);
        let adopts = stage.weather.sky.adopted > (mix(hash, 0x6164) % 1_000) as f64 / 1_000.0;
        self.sender.look = stage.looks.of(self.family, hash, adopts);
        self.focus = u32::MAX;
        let resets = stage.weather.sky.resets;
        self.must_reset = resets > 0.0 && ((mix(hash, 0x7265) % 10_000) as f64) < resets * 10_000.0 / 6.0;
    }
}

/// Families and flat mates share an address.
fn household(sender: &Sender, hash: u64) -> u64 {
    if sender.user == u32::MAX { hash } else { u64::from(sender.user) / 2 }
}

fn client_name(habits: &Habits, hash: u64) -> CompactString {
    match habits.client {
        (name, 1) => name.into(),
        (name, 0) => format_compact!("{name}-{:04x}", hash & 0xffff),
        (name, n) => format_compact!("{name}-{}", hash % u64::from(n)),
    }
}
