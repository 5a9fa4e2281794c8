//! Moves: whose turn it is in, the next request of an attack out.

use super::{
    instance::{Attack, anybodys},
    program::Move,
    targets::is_login,
};
use crate::{
    body::Twist,
    objects::Object,
    rng::mix,
    stage::{Ask, Reply, Stage},
    world::{Act, IdStyle, KindId, ORG, RouteId, Scope, USER, Who},
};

impl Attack {
    /// The next request of this caller; `None` when it has nothing to send.
    pub(super) fn play(&mut self, place: usize, at: u64, stage: &mut Stage) -> Option<Reply> {
        if let Some(caller) = self.callers.get_mut(place) {
            caller.left = caller.left.saturating_sub(1);
        }
        // Who copies people does what people do in between.
        let has_account = self.callers.get(place).is_some_and(|caller| caller.account.is_some());
        if has_account && self.rng.chance(self.mimicry * 0.5 - 0.1) {
            let mine = self.routes_of_customers(stage);
            return self.as_customer(place, at, &mine, stage);
        }
        match self.program.moves {
            Move::Stuff | Move::Spray | Move::Guess | Move::FrameUser => self.try_password(place, at, stage),
            Move::ResetCodes | Move::SignUp => self.at_the_door(place, at, stage),
            Move::TakeOver | Move::Farm => self.with_accounts(place, at, stage),
            Move::Probe | Move::Decoy | Move::FrameAddress => self.probe(place, at, stage),
            Move::Forge | Move::FrameSub => self.forge(place, at, stage),
            Move::Refresh => self.refresh(place, at, stage),
            Move::Replay | Move::Plunder | Move::Skip | Move::Flood => {
                let routes = self.routes.clone();
                self.as_customer(place, at, &routes, stage)
            }
            _ => self.reach(place, at, stage),
        }
    }

    pub(super) fn send(&mut self, place: usize, ask: &Ask<'_>, stage: &mut Stage) -> Option<Reply> {
        let caller = self.callers.get_mut(place)?;
        let reply = stage.send(&mut caller.sender, ask);
        Some(reply)
    }

    pub(super) fn some_route(&mut self) -> Option<RouteId> {
        let n = self.routes.len();
        (n > 0).then(|| self.rng.next() as usize % n).and_then(|at| self.routes.get(at).copied())
    }

    /// For objects, lists and bodies that it should not reach.
    fn reach(&mut self, place: usize, at: u64, stage: &mut Stage) -> Option<Reply> {
        let world = stage.world.clone();
        // One hole at a time: most attackers stay with what works.
        let id = if self.step.is_multiple_of(25) || self.cursor >> 63 == 1 {
            self.some_route()?
        } else {
            *self.routes.first()?
        };
        let route = world.route(id)?;
        let mut ask = Ask::new(at, id, self.rng.next());
        for (slot, kind) in ask.objects.iter_mut().zip(route.ids().chain(route.act.kind()).take(2)) {
            *slot = Some(self.pick(kind, place, stage));
        }
        if route.ids().next().is_none() && !route.path.iter().any(|piece| piece.text.contains("graphql")) {
            ask.objects = [None; 2];
        } else {
            ask.objects[1] = ask.objects[1].filter(|_| route.ids().count() > 1);
        }
        ask.twist = self.twist();
        if matches!(self.program.moves, Move::Export | Move::Scrape | Move::ExportForeign) {
            ask.page = Some(self.step);
        }
        if matches!(self.program.moves, Move::Card | Move::Coupons) {
            ask.is_invalid = self.rng.chance(0.9);
        }
        let reply = self.send(place, &ask, stage)?;
        self.reached += match self.program.moves {
            Move::Escalate
            | Move::Fuzz
            | Move::Bomb
            | Move::Inject
            | Move::Assign
            | Move::Card
            | Move::Coupons => 1,
            _ => u64::from(reply.is_served()),
        };
        Some(reply)
    }

    fn pick(&mut self, kind: KindId, place: usize, stage: &Stage) -> Object {
        let n = stage.objects.len(kind).max(1);
        match self.program.moves {
            Move::CountUp | Move::LookUp => {
                self.cursor = self.cursor.wrapping_add(1);
                if matches!(stage.objects.style(kind), IdStyle::Sequential | IdStyle::Composite) {
                    let (first, end) = stage.objects.numbers(kind);
                    let span = (end - first).max(1);
                    return stage.objects.numbered(kind, first + self.cursor % span);
                }
                // Numbers without order: one guess in many is right.
                if self.rng.chance(0.2) {
                    anybodys(kind, &mut self.rng, stage)
                } else {
                    Object::missing(kind, self.rng.next())
                }
            }
            Move::Scrape => {
                self.cursor = self.cursor.wrapping_add(1);
                Object::at(kind, (self.cursor % u64::from(n)) as u32)
            }
            Move::Watch => {
                let one = mix(self.cursor, u64::from(self.step % 60));
                Object::at(kind, (one % u64::from(n)) as u32)
            }
            Move::Delete | Move::Poison | Move::Fuzz | Move::Bomb | Move::Assign | Move::Inject => {
                let owner = self.callers.get(place).map_or(0, |caller| caller.sender.user);
                let org = self.callers.get(place).map_or(0, |caller| caller.sender.org);
                let owner = if stage.objects.scope(kind) == Scope::Org { org } else { owner };
                let own = stage.objects.recent(kind, owner, self.rng.below(30));
                let own = own.filter(|_| self.program.moves != Move::Poison || self.rng.chance(0.5));
                own.map_or_else(|| anybodys(kind, &mut self.rng, stage), |place| Object::at(kind, place))
            }
            _ if self.program.moves == Move::ReadRandom
                && stage.objects.style(kind) == IdStyle::Sequential =>
            {
                let (first, end) = stage.objects.numbers(kind);
                stage.objects.numbered(kind, first + self.rng.next() % (end - first).max(1))
            }
            _ => anybodys(kind, &mut self.rng, stage),
        }
    }

    fn twist(&mut self) -> Twist {
        let which = self.rng.next();
        match self.program.moves {
            Move::Bomb => match which % 4 {
                0 | 1 => Twist::Many(10_000 + (which >> 8) as u32 % 90_000),
                2 => Twist::Deep(30 + (which >> 8) as u8 % 28),
                _ => Twist::Long(100_000 + (which >> 8) as u32 % 900_000),
            },
            Move::Fuzz => match which % 5 {
                0 => Twist::Type((which >> 8) as u8 % 40),
                1 => Twist::Long(1 + (which >> 8) as u32 % 5_000),
                2 => Twist::Many((which >> 8) as u32 % 300),
                3 => Twist::Inject((which >> 8) as u8 % 10),
                _ => Twist::Deep(1 + (which >> 8) as u8 % 20),
            },
            Move::Inject => Twist::Inject((which >> 8) as u8 % 10),
            Move::Assign => Twist::Extra,
            Move::Poison if which.is_multiple_of(8) => Twist::Inject((which >> 8) as u8 % 10),
            _ => Twist::None,
        }
    }

    fn routes_of_customers(&self, stage: &Stage) -> Vec<RouteId> {
        stage.world.routes_where(|route| {
            route.who.0 & (Who::CUSTOMER | Who::ANYBODY) != 0
                && !is_login(route)
                && route.since == 0
                && !route.act.writes()
        })
    }

    /// What its owner would do, or its thief.
    pub(super) fn as_customer(
        &mut self,
        place: usize,
        at: u64,
        routes: &[RouteId],
        stage: &mut Stage,
    ) -> Option<Reply> {
        let world = stage.world.clone();
        let plunders = self.program.moves == Move::Plunder;
        let (user, org) = self.callers.get(place).map(|caller| (caller.sender.user, caller.sender.org))?;
        for _ in 0..12 {
            let id = *routes.get(self.rng.next() as usize % routes.len().max(1))?;
            let Some(route) = world.route(id) else { continue };
            let writes = route.act.writes();
            // Owners read; thieves take all they can, and change what pays.
            let fits = match self.program.moves {
                Move::Skip => writes,
                Move::Replay => !writes || self.rng.chance(0.05),
                Move::Flood => !writes,
                _ => !plunders || matches!(route.act, Act::List(..) | Act::Read(_)) || self.rng.chance(0.2),
            };
            if !fits {
                continue;
            }
            let mut ask = Ask::new(at, id, self.rng.next());
            let mut is_whole = true;
            for (slot, kind) in ask.objects.iter_mut().zip(route.ids()) {
                let owner = if stage.objects.scope(kind) == Scope::Org { org } else { user };
                let own = match (kind, stage.objects.scope(kind)) {
                    (USER, _) => Some(user),
                    (ORG, _) => Some(org),
                    (_, Scope::Public) => Some(self.rng.zipf(stage.objects.len(kind))),
                    _ => stage.objects.recent(kind, owner, self.rng.below(if plunders { 60 } else { 6 })),
                };
                *slot = own.map(|place| Object::at(kind, place));
                is_whole &= slot.is_some();
            }
            if !is_whole {
                continue;
            }
            if plunders {
                ask.page = Some(self.step % 20);
            }
            ask.is_invalid = self.program.moves == Move::Skip && self.rng.chance(0.3);
            let is_cover = self.program.moves != Move::Replay && routes.len() != self.routes.len();
            let reply = self.send(place, &ask, stage)?;
            self.reached += u64::from(!is_cover);
            if reply.status == Some(401) && plunders {
                let _ = self.refresh(place, reply.ended + 300_000_000, stage);
            }
            return Some(reply);
        }
        None
    }
}
