//! Doors: logins, sign-ups, resets, made-up tokens, paths that might exist. What attacks do before anybody knows them.

use compact_str::{CompactString, format_compact};

use super::{
    instance::{Attack, anybodys},
    program::Move,
    targets::is_login,
};
use crate::{
    DECOYS,
    body::Twist,
    nets::Net,
    objects::Object,
    population::common_password,
    stage::{Ask, Name, Reply, Stage},
    tickets::Ticket,
    world::{Act, Login, RouteId, Who},
};

impl Attack {
    pub(super) fn try_password(&mut self, place: usize, at: u64, stage: &mut Stage) -> Option<Reply> {
        let id = *self.routes.first()?;
        let hash = self.rng.next();
        let somebody = self.rng.below(stage.people.users);
        let victim = self.victim.unwrap_or(somebody);
        let (name, password): (Name, CompactString) = match self.program.moves {
            Move::Guess => (Name::User(victim), format_compact!("{}{}", common_password(hash), hash % 500)),
            Move::FrameUser => {
                self.spare(stage.login_principal(victim).id);
                (Name::User(victim), format_compact!("x{hash:x}"))
            }
            Move::Spray => {
                (Name::User(somebody), common_password(u64::from(self.step) / 2_000 + self.cursor))
            }
            // One in seven hundred of a leaked list's pairs is right, one name in three is known here.
            _ if hash.is_multiple_of(700) => (Name::User(somebody), stage.people.password(somebody)),
            _ if hash.is_multiple_of(3) => (Name::User(somebody), format_compact!("Leak-{hash:x}")),
            _ => (Name::Stranger(hash >> 5), format_compact!("Leak-{hash:x}")),
        };
        let caller = self.callers.get_mut(place)?;
        caller.sender.login = stage.world.app;
        caller.sender.role = Who::CUSTOMER;
        let before = (caller.sender.user, caller.sender.org);
        let reply = stage.send(&mut caller.sender, &Ask::new(at, id, hash).login(name, &password));
        (caller.sender.user, caller.sender.org) = before;
        self.reached += 1;
        Some(reply)
    }

    pub(super) fn at_the_door(&mut self, place: usize, at: u64, stage: &mut Stage) -> Option<Reply> {
        let id = *self.routes.first()?;
        let hash = self.rng.next();
        self.reached += 1;
        if self.program.moves == Move::SignUp {
            let user = stage.new_user();
            let password = format_compact!("Pw{}", hash % 1_000);
            return self.send(place, &Ask::new(at, id, hash).login(Name::User(user), &password), stage);
        }
        let victim = self.victim?;
        let password = format_compact!("New{hash:x}");
        let mut ask = Ask::new(at, id, hash).login(Name::User(victim), &password);
        ask.is_invalid = !hash.is_multiple_of(5_000);
        self.send(place, &ask, stage)
    }

    /// Accounts that are taken over, or made up and used a little.
    pub(super) fn with_accounts(&mut self, place: usize, at: u64, stage: &mut Stage) -> Option<Reply> {
        let is_farm = self.program.moves == Move::Farm;
        let (door, login) = {
            let find = |act: Act| stage.world.routes_where(|route| route.act == act).first().copied();
            (find(Act::SignUp)?, find(Act::Login)?)
        };
        let hash = self.rng.next();
        if is_farm && hash.is_multiple_of(5) {
            let user = stage.new_user();
            let password = stage.people.password(user);
            let reply =
                self.send(place, &Ask::new(at, door, hash).login(Name::User(user), &password), stage)?;
            let caller = self.callers.get_mut(place)?;
            caller.account = Some(user);
            (caller.sender.login, caller.sender.role, caller.sender.client) =
                (stage.world.app, Who::CUSTOMER, "mobile".into());
            let ask =
                Ask::new(reply.ended + 2_000_000_000, login, hash ^ 1).login(Name::User(user), &password);
            let reply = stage.send(&mut caller.sender, &ask);
            let principal = stage.login_principal(user).id;
            let sender = caller.sender.clone();
            self.take(&sender, stage, true);
            self.condemn(principal);
            self.reached += 1;
            return Some(reply);
        }
        if !is_farm && self.step < 4 {
            // Three guesses, and the fourth is right.
            let victim = self.victim?;
            let mut password = stage.people.password(victim);
            if self.step < 3 {
                password = format_compact!("{password}{}", self.step);
            }
            let caller = self.callers.get_mut(place)?;
            (caller.sender.login, caller.sender.role, caller.sender.client) =
                (stage.world.app, Who::CUSTOMER, "mobile".into());
            self.spare(stage.login_principal(victim).id);
            let caller = self.callers.get_mut(place)?;
            let reply = stage
                .send(&mut caller.sender, &Ask::new(at, login, hash).login(Name::User(victim), &password));
            let sender = caller.sender.clone();
            let named = sender.ticket.principals.iter().skip(1);
            named.for_each(|principal| self.spare(principal.id));
            self.take(&sender, stage, true);
            return Some(reply);
        }
        let sensitive = stage.world.routes_where(|route| {
            let pays = matches!(route.act, Act::Edit(_) | Act::Create(_) | Act::Do(_));
            route.who.0 & Who::CUSTOMER != 0
                && !is_login(route)
                && (is_farm || pays || route.act == Act::Note)
        });
        let reply = self.as_customer(place, at, &sensitive, stage);
        if reply.is_none() {
            self.reached += 1;
        }
        reply
    }

    /// Tokens that nobody issued.
    pub(super) fn forge(&mut self, place: usize, at: u64, stage: &mut Stage) -> Option<Reply> {
        let id = self.some_route()?;
        let victim = self.victim.unwrap_or(0);
        let ticket = Ticket {
            login: Login::Jwt,
            serial: self.rng.next(),
            sub: stage.sub_of(victim),
            client: "mobile".into(),
            issued: at / 1_000_000_000,
            expires: at / 1_000_000_000 + 3_600,
            ..Ticket::nobody()
        };
        let ticket = ticket.seal(stage.seed, &stage.names);
        // The user and the application that it names have nothing to do with it.
        ticket.principals.iter().skip(1).for_each(|principal| self.spare(principal.id));
        let world = stage.world.clone();
        let mut ask = Ask::new(at, id, self.rng.next());
        for (slot, kind) in ask.objects.iter_mut().zip(world.route(id)?.ids()) {
            *slot = Some(anybodys(kind, &mut self.rng, stage));
        }
        let odd = self.program.moves == Move::FrameSub && self.rng.chance(0.6);
        let path = format_compact!(
            "/api/v1/{}/{:x}",
            ["admin", "internal", "debug"][self.step as usize % 3],
            ask.hash
        );
        if odd {
            ask.path = Some(&path);
        }
        let caller = self.callers.get_mut(place)?;
        caller.sender.ticket = ticket;
        caller.sender.login = Login::Jwt;
        self.reached += 1;
        let reply = self.send(place, &ask, stage);
        let credential = self.callers.get(place)?.sender.ticket.principals.first()?.id;
        self.condemn(credential);
        reply
    }

    pub(super) fn refresh(&mut self, place: usize, at: u64, stage: &mut Stage) -> Option<Reply> {
        let id = stage.world.routes_where(|route| route.act == Act::Renew).first().copied()?;
        let hash = self.rng.next();
        if self.program.moves == Move::Refresh && !self.step.is_multiple_of(3) {
            let routes = self.routes.clone();
            self.reached += 1;
            return self.as_customer_reading(place, at, &routes, stage);
        }
        self.reached += 1;
        self.send(place, &Ask::new(at, id, hash), stage)
    }

    pub(super) fn as_customer_reading(
        &mut self,
        place: usize,
        at: u64,
        routes: &[RouteId],
        stage: &mut Stage,
    ) -> Option<Reply> {
        let reads: Vec<RouteId> = routes
            .iter()
            .copied()
            .filter(|id| stage.world.route(*id).is_some_and(|route| !route.act.writes()))
            .collect();
        self.as_customer(place, at, &reads, stage)
    }

    /// Paths that might exist, and routes that do with odd ids.
    pub(super) fn probe(&mut self, place: usize, at: u64, stage: &mut Stage) -> Option<Reply> {
        const GUESSES: [&str; 32] = [
            "/.env",
            "/.git/config",
            "/admin",
            "/api/v1/admin/users",
            "/api/v1/users",
            "/api/v3/users",
            "/swagger.json",
            "/openapi.json",
            "/actuator/env",
            "/actuator/heapdump",
            "/debug/pprof",
            "/phpinfo.php",
            "/wp-login.php",
            "/graphql",
            "/api/internal/config",
            "/metrics",
            "/server-status",
            "/api/v1/../../etc/passwd",
            "/backup.zip",
            "/config.json",
            "/api/v1/export",
            "/api/private/users",
            "/api/test",
            "/console",
            "/api/v1/debug",
            "/.aws/credentials",
            "/api/v1/health/full",
            "/old/api/users",
            "/api/v1/token",
            "/api/keys",
            "/jolokia",
            "/api/v2/internal",
        ];
        self.reached += 1;
        let id = self.some_route()?;
        let hash = self.rng.next();
        if self.rng.chance(0.75) || self.program.moves != Move::Probe {
            if self.program.moves == Move::Decoy && self.step % 3 == 1 {
                let decoy = DECOYS[(hash % 3) as usize].1;
                return self.send(place, &Ask { path: Some(decoy), ..Ask::new(at, id, hash) }, stage);
            }
            let guess = GUESSES[(hash % 32) as usize];
            let path = match hash >> 8 & 3 {
                0 => format_compact!("{guess}/{}", hash >> 40 & 0xfff),
                1 => format_compact!("{guess}{}", hash >> 44 & 15),
                _ => guess.into(),
            };
            let mut ask = Ask { path: Some(&path), ..Ask::new(at, id, hash) };
            if self.program.moves == Move::FrameAddress {
                // It claims to speak for somebody at home.
                let framed = stage.nets.address(Net::Home, u64::from(self.victim.unwrap_or(0)) / 2, 0);
                self.spare(stage.names.address(framed).id);
                ask.forwarded = Some(framed);
            }
            return self.send(place, &ask, stage);
        }
        let world = stage.world.clone();
        let mut ask = Ask::new(at, id, hash);
        for (slot, kind) in ask.objects.iter_mut().zip(world.route(id)?.ids()) {
            *slot = Some(Object::missing(kind, self.rng.next() % 5_000_000));
        }
        ask.twist = Twist::Inject((hash >> 20) as u8 % 10);
        self.send(place, &ask, stage)
    }
}
