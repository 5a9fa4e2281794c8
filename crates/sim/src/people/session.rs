//! Visits: one call after the other, as flows and replies have it. A client whom the service refuses tries again, logs in
//! anew, or leaves.

use super::{Actor, Archetype, Clock, actor::State, habits};
use crate::{
    rng::{count, nanos},
    stage::{Ask, Name, Reply, Stage},
    world::{Act, Login, RouteId, Step, World},
};

/// Most calls of a visit.
const CALLS_MAX: f64 = 20_000.0;

impl Actor {
    /// Does what it does now; when it goes on, or `None` when it is gone for good.
    pub(crate) fn act(&mut self, now: u64, clock: &Clock, stage: &mut Stage) -> Option<u64> {
        match self.state {
            State::Away => {
                self.arrive(now, clock, stage);
                let habits = habits(self.sender.archetype);
                let calls = self.rng.log_normal(habits.calls, 0.8 * habits.sigma);
                self.budget = count(calls.min(CALLS_MAX)).max(1);
                self.strikes = 0;
                // Phones come back from tunnels with everything they could not send.
                let is_phone = matches!(self.sender.archetype, Archetype::Mobile | Archetype::Traveller);
                self.hurry =
                    if is_phone && self.rng.chance(0.03) { 4 + self.rng.below(12) as u16 } else { 0 };
                self.enter(now, clock, stage)
            }
            State::Entering(times) => self.log_in(times, now, clock, stage),
            State::Walking { flow, step, left } => self.walk((flow, step, left), now, clock, stage),
        }
    }

    fn enter(&mut self, now: u64, clock: &Clock, stage: &mut Stage) -> Option<u64> {
        if self.is_new || self.must_reset {
            return self.log_in(0, now, clock, stage);
        }
        let second = now / 1_000_000_000;
        // Some apps find out that their token is over by being told.
        if self.sender.is_logged_in(second)
            || self.sender.ticket.login != Login::Nobody && self.rng.chance(0.15)
        {
            return self.begin_flow(now, clock, stage);
        }
        self.log_in(0, now, clock, stage)
    }

    fn log_in(&mut self, times: u8, now: u64, clock: &Clock, stage: &mut Stage) -> Option<u64> {
        if times > 3 {
            return self.leave(now, clock, stage);
        }
        if self.sender.login == Login::ClientJwt || self.sender.login == Login::Key {
            // A machine's credential is renewed elsewhere.
            let lasts = stage.lifetime(self.sender.login);
            stage.hand_out(&mut self.sender, now / 1_000_000_000, lasts);
            return self.begin_flow(now, clock, stage);
        }
        let (user, hash) = (self.sender.user, self.rng.next());
        let find = |act: Act| stage.world.routes_where(|route| route.act == act).first().copied();
        let is_token = matches!(self.sender.login, Login::Jwt | Login::Opaque);
        if self.is_new || self.must_reset {
            let act = if self.is_new { Act::SignUp } else { Act::Reset };
            let password = stage.people.password(user);
            if let Some(route) = find(act) {
                let ask = Ask::new(now, route, hash).login(Name::User(user), &password);
                let reply = stage.send(&mut self.sender, &ask);
                (self.is_new, self.must_reset) = (self.is_new && !reply.is_served(), false);
                self.state = State::Entering(times + 1);
                return Some(reply.ended + nanos(2.0 + self.rng.log_normal(6.0, 0.7)));
            }
        }
        let renews = is_token && times == 0 && self.sender.ticket.renewal != 0 && self.rng.chance(0.93);
        let route = find(if renews { Act::Renew } else { Act::Login })?;
        let password = stage.people.password(user);
        // People mistype.
        let wrong = self.rng.chance(0.06);
        let typed = if wrong { compact_str::format_compact!("{password}x") } else { password };
        let ask = Ask::new(now, route, hash);
        let ask = if renews { ask } else { ask.login(Name::User(user), &typed) };
        let reply = stage.send(&mut self.sender, &ask);
        if reply.is_served() {
            self.state = State::Away;
            let pause = nanos(0.05 + self.rng.log_normal(0.3, 0.5));
            return self.begin_flow(reply.ended + pause, clock, stage);
        }
        self.state = State::Entering(times + 1);
        let pause = if reply.status == Some(401) {
            self.rng.log_normal(7.0, 0.6)
        } else {
            self.rng.log_normal(3.0, 0.9)
        };
        Some(reply.ended + nanos(0.5 + pause))
    }

    /// Chooses what to do, from `at` on.
    fn begin_flow(&mut self, at: u64, clock: &Clock, stage: &mut Stage) -> Option<u64> {
        let Some(flow) = self.choose_flow(stage) else { return self.leave(at, clock, stage) };
        self.state = State::Walking { flow, step: 0, left: 0 };
        self.focus = u32::MAX;
        Some(at)
    }

    fn choose_flow(&mut self, stage: &Stage) -> Option<u16> {
        let habits = habits(self.sender.archetype);
        let habit = habits.flows.get(self.rng.weighted(habits.flows.iter().map(|flow| flow.1)))?.0;
        let sky = stage.weather.sky;
        let has_release = sky.adopted > (crate::rng::mix(self.hash, 0x6164) % 1_000) as f64 / 1_000.0;
        let habit = match habit {
            "customer" if has_release && self.rng.chance(0.5) => "customer2",
            habit => habit,
        };
        let flows = &stage.world.habits.iter().find(|(known, _)| known == habit)?.1;
        let weight = |flow: &u16| stage.world.flows.get(usize::from(*flow)).map_or(0.0, |flow| flow.weight);
        flows.get(self.rng.weighted(flows.iter().map(weight))).copied()
    }

    fn walk(&mut self, at: (u16, u8, u16), now: u64, clock: &Clock, stage: &mut Stage) -> Option<u64> {
        let world = stage.world.clone();
        let (flow, mut step, mut left) = at;
        let steps = world.flows.get(usize::from(flow)).map_or(&[][..], |flow| flow.steps.as_slice());
        while left == 0 {
            let Some(one) = steps.get(usize::from(step)) else { return self.end_flow(now, clock, stage) };
            if self.rng.below(100) < u32::from(one.percent) {
                left = self.times(*one);
                break;
            }
            step += 1;
        }
        let Some(one) = steps.get(usize::from(step)).copied() else {
            return self.end_flow(now, clock, stage);
        };
        let Some(reply) = self.call(one.route, now, &world, stage) else {
            // Nothing of that kind: on to the next step.
            self.state = State::Walking { flow, step: step + 1, left: 0 };
            return Some(now + 1);
        };
        self.budget = self.budget.saturating_sub(1);
        if let Some(next) = self.trouble(&reply, (flow, step, left), clock, stage) {
            return next;
        }
        self.strikes = 0;
        if self.is_stuck(stage) {
            self.state = State::Walking { flow, step, left };
            return Some(reply.ended + nanos(0.2 + self.rng.exponential()));
        }
        left -= 1;
        if left == 0 {
            step += 1;
        }
        if self.budget == 0 {
            return self.leave(reply.ended, clock, stage);
        }
        self.state = State::Walking { flow, step, left };
        let is_parallel = left == 0 && steps.get(usize::from(step)).is_some_and(|next| next.is_parallel);
        Some(if is_parallel {
            now + nanos(0.002 + 0.02 * self.rng.unit())
        } else {
            reply.ended + self.pause()
        })
    }

    fn times(&mut self, step: Step) -> u16 {
        let n = self.rng.between(u32::from(step.least), u32::from(step.most));
        let n = if self.rng.chance(0.03) { n * 3 } else { n };
        u16::try_from(n).unwrap_or(u16::MAX).max(1)
    }

    /// Time to read what came, heavy at both ends.
    fn pause(&mut self) -> u64 {
        if self.hurry > 0 {
            self.hurry -= 1;
            return nanos(0.02 + 0.05 * self.rng.unit());
        }
        let think = habits(self.sender.archetype).think;
        nanos(0.02 + self.rng.log_normal(think, 0.9).min(40.0 * think))
    }

    fn call(&mut self, route: RouteId, now: u64, world: &World, stage: &mut Stage) -> Option<Reply> {
        let objects = self.objects_for(world.route(route)?, stage)?;
        let mut ask = Ask::new(now, route, self.rng.next());
        ask.objects = objects;
        if matches!(self.sender.archetype, Archetype::Partner | Archetype::Reports) {
            // Page after page.
            self.strikes = 0;
            ask.page = Some(self.budget % 40);
        }
        Some(stage.send(&mut self.sender, &ask))
    }

    /// What it does about an answer that it did not want; `None` if it does not mind.
    #[allow(
        clippy::option_option,
        reason = "no trouble, and trouble that ends for good, are different things"
    )]
    fn trouble(
        &mut self,
        reply: &Reply,
        (flow, step, left): (u16, u8, u16),
        clock: &Clock,
        stage: &mut Stage,
    ) -> Option<Option<u64>> {
        let again = State::Walking { flow, step, left };
        self.strikes = self.strikes.saturating_add(1);
        if reply.denied {
            // Tries again, then with a new login, then gives up for now.
            let pause = nanos(self.rng.log_normal(4.0, 0.8));
            return Some(match self.strikes {
                1 => {
                    self.state = again;
                    Some(reply.ended + pause)
                }
                2 | 3 if self.sender.login != Login::Key => {
                    self.state = State::Entering(1);
                    Some(reply.ended + pause)
                }
                _ => self.leave(reply.ended, clock, stage),
            });
        }
        match reply.status {
            Some(401) if self.sender.login != Login::Nobody && self.strikes < 4 => {
                self.state = State::Entering(0);
                Some(Some(reply.ended + nanos(0.05 + 0.2 * self.rng.unit())))
            }
            None | Some(500..) if self.strikes <= 3 => {
                self.state = again;
                // Doubling pauses, as libraries do; some have none.
                let base =
                    if self.hash.is_multiple_of(9) { 0.1 } else { f64::from(1_u32 << self.strikes) * 0.5 };
                Some(Some(reply.ended + nanos(base * (0.5 + self.rng.unit()))))
            }
            None | Some(401 | 500..) => Some(self.leave(reply.ended, clock, stage)),
            _ => None,
        }
    }

    /// Whether a fault of its software keeps it where it is.
    fn is_stuck(&mut self, stage: &Stage) -> bool {
        if self.loops > 0 {
            self.loops -= 1;
            return true;
        }
        let share = stage.weather.sky.looping;
        let is_struck = share > 0.0 && ((self.hash >> 17) % 10_000) as f64 / 10_000.0 < share;
        if is_struck && self.rng.chance(0.2) {
            self.loops = 40 + self.rng.below(300) as u16;
        }
        false
    }

    fn end_flow(&mut self, now: u64, clock: &Clock, stage: &mut Stage) -> Option<u64> {
        if self.budget == 0 {
            return self.leave(now, clock, stage);
        }
        let pause = self.pause() * 2;
        // An empty flow costs budget too: nobody walks for ever.
        self.budget -= 1;
        self.begin_flow(now + pause, clock, stage)
    }

    fn leave(&mut self, now: u64, clock: &Clock, stage: &mut Stage) -> Option<u64> {
        self.state = State::Away;
        if self.strikes > 3 && matches!(self.sender.archetype, Archetype::Partner | Archetype::Reports) {
            // Batches catch up later.
            return Some(now + nanos(900.0 + 600.0 * self.rng.unit()));
        }
        self.next_visit(now, clock, stage)
    }
}
