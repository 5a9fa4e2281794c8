//! The stage: somebody's request in; the service's answer to him, and to the sensor the call, out. Everything that actors
//! share stands here.

mod answer;
mod compose;
mod forms;
mod records;
mod rights;

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use compact_str::CompactString;
use model::{Principal, PrincipalId, PrincipalKind, Pseudonyms};
use smallvec::SmallVec;

use crate::{
    ActorId, Archetype, AttackId, Origin, SimConfig,
    body::Twist,
    ledger::Ledger,
    looks::{LookId, Looks},
    nets::Nets,
    objects::{Object, Objects},
    order::{Made, Order},
    population::Population,
    rng::{Rng, mix},
    tickets::Ticket,
    weather::Weather,
    world::{Login, RouteId, World},
};
pub use compose::DECOYS;
use forms::Forms;
pub(crate) use rights::is_link;

/// Longest time that an answer takes, in nanoseconds: then the client hangs up.
pub(crate) const PATIENCE: u64 = 28_000_000_000;
/// A connection without a request for so long is closed, in nanoseconds.
pub(crate) const KEEP_ALIVE: u64 = 50_000_000_000;

/// A client's end of a connection.
#[derive(Clone, Copy, Debug, Default)]
struct Socket {
    port: u16,
    busy_until: u64,
}

/// Somebody who sends requests.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    pub(crate) actor: ActorId,
    pub(crate) archetype: Archetype,
    pub(crate) attack: Option<AttackId>,
    pub(crate) ticket: Ticket,
    /// How it logs in.
    pub(crate) login: Login,
    /// Name of its client application.
    pub(crate) client: CompactString,
    /// Whom the service takes it for once it is logged in, and with which rights.
    pub(crate) user: u32,
    pub(crate) org: u32,
    pub(crate) role: u8,
    pub(crate) look: LookId,
    pub(crate) address: IpAddr,
    /// The look whose header names were hashed, and their hash.
    headers: (LookId, bool, u64),
    sockets: [Socket; 4],
}

impl Sender {
    pub(crate) fn new(actor: ActorId, archetype: Archetype, attack: Option<AttackId>) -> Self {
        Self {
            actor,
            archetype,
            attack,
            ticket: Ticket::nobody(),
            login: Login::Nobody,
            client: CompactString::default(),
            user: u32::MAX,
            org: u32::MAX,
            role: 0,
            look: 0,
            address: IpAddr::from([0, 0, 0, 0]),
            headers: (LookId::MAX, false, 0),
            sockets: [Socket::default(); 4],
        }
    }

    /// Whether it has something to show that is still good, as far as it knows.
    pub(crate) fn is_logged_in(&self, second: u64) -> bool {
        self.login == Login::Nobody || self.ticket.login != Login::Nobody && self.ticket.expires > second
    }

    /// Its port for a request at `at` that takes until `until`: an idle connection, or another one.
    fn port(&mut self, at: u64, until: u64, ports: &mut u16) -> u16 {
        let is_free = |socket: &Socket| socket.port != 0 && socket.busy_until < at;
        let is_open = |socket: &Socket| at - socket.busy_until < KEEP_ALIVE;
        let found = self.sockets.iter().position(|socket| is_free(socket) && is_open(socket));
        let place = found.unwrap_or_else(|| {
            let oldest = self.sockets.iter().enumerate().min_by_key(|(_, socket)| socket.busy_until);
            oldest.map_or(0, |(place, _)| place)
        });
        let Some(socket) = self.sockets.get_mut(place) else { return 1_024 };
        if found.is_none() {
            *ports = if *ports >= 65_500 { 1_025 } else { *ports + 1 };
            socket.port = *ports;
        }
        socket.busy_until = until;
        socket.port
    }
}

/// Whom a login names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    User(u32),
    /// Nobody here: a name of a leaked list.
    Stranger(u64),
}

/// What somebody asks for.
#[derive(Clone, Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) at: u64,
    pub(crate) route: RouteId,
    /// A path in place of the route's, that nothing answers to.
    pub(crate) path: Option<&'a str>,
    /// Ids in the path, in order.
    pub(crate) objects: [Option<Object>; 2],
    /// Which page of a list; by the hash if `None`.
    pub(crate) page: Option<u32>,
    /// What all values are made of.
    pub(crate) hash: u64,
    pub(crate) twist: Twist,
    /// Whose name and password a login has.
    pub(crate) name: Option<Name>,
    pub(crate) password: Option<&'a str>,
    /// The refresh token shown, if not that of the ticket.
    pub(crate) renewal: Option<u64>,
    /// Whether the service's own checks refuse it: a wrong code, an overdrawn card.
    pub(crate) is_invalid: bool,
    /// What it claims to be forwarded for.
    pub(crate) forwarded: Option<IpAddr>,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(at: u64, route: RouteId, hash: u64) -> Self {
        Self {
            at,
            route,
            path: None,
            objects: [None; 2],
            page: None,
            hash,
            twist: Twist::None,
            name: None,
            password: None,
            renewal: None,
            is_invalid: false,
            forwarded: None,
        }
    }

    pub(crate) fn login(self, name: Name, password: &'a str) -> Self {
        Self { name: Some(name), password: Some(password), ..self }
    }
}

/// What came of it, as the sender sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reply {
    /// `None` when no answer came in time.
    pub(crate) status: Option<u16>,
    pub(crate) ended: u64,
    /// Whether a gateway refused it for a verdict.
    pub(crate) denied: bool,
}

impl Reply {
    pub(crate) fn is_served(&self) -> bool {
        self.status.is_some_and(|status| status < 400)
    }
}

/// What everybody shares.
pub(crate) struct Stage {
    pub(crate) seed: u64,
    pub(crate) names: Pseudonyms,
    pub(crate) world: Arc<World>,
    pub(crate) objects: Objects,
    pub(crate) people: Population,
    pub(crate) weather: Weather,
    pub(crate) looks: Looks,
    pub(crate) nets: Nets,
    pub(crate) order: Order,
    pub(crate) ledger: Ledger,
    /// Draws that belong to nobody: failures, losses.
    rng: Rng,
    /// Share of calls that the sensor misses in any weather, with draws of its own: a world is the same with it.
    loss: f64,
    misses: Rng,
    forms: Arc<Forms>,
    /// Until when a principal is refused.
    refused: HashMap<PrincipalId, (u64, u64)>,
    ports: u16,
    serials: u64,
    calls: u64,
    /// Whether bytes are wanted.
    pub(crate) with_bytes: bool,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stage({} calls, {} under way)", self.calls, self.order.len())
    }
}

impl Stage {
    pub(crate) fn new(config: &SimConfig, names: Pseudonyms) -> Self {
        let seed = mix(config.seed, 0x0053_696d);
        let world = Arc::new(World::new(config.world, seed));
        let people = Population::new(config.principals, seed);
        let objects = Objects::new(&world, people.users, people.orgs, seed);
        let app = world.host.rsplit('.').nth(1).unwrap_or("app");
        let looks = Looks::new(app, seed, &names);
        let start = (config.start.as_nanos(), config.days);
        Self {
            seed,
            forms: Arc::new(Forms::new(&world, &names)),
            looks,
            nets: Nets::new(seed, config.principals),
            weather: Weather::new(config.events, start, seed),
            order: Order::default(),
            ledger: Ledger::new(config.credentials_kept),
            rng: Rng::new(seed, 0x0073_7461),
            loss: config.loss,
            misses: Rng::new(seed, 0x6d69_7373),
            refused: HashMap::new(),
            ports: 20_000,
            serials: 0,
            calls: 0,
            with_bytes: false,
            world,
            objects,
            people,
            names,
        }
    }

    /// A number that no other credential has.
    pub(crate) fn serial(&mut self) -> u64 {
        self.serials += 1;
        mix(self.seed ^ 0x7469, self.serials)
    }

    pub(crate) fn refuse(&mut self, principal: PrincipalId, at: u64, until: u64) {
        let _ = self.refused.insert(principal, (at, until));
    }

    /// Forgets refusals that are over.
    pub(crate) fn forget_refusals(&mut self, now: u64) {
        self.refused.retain(|_, (_, until)| *until > now);
    }

    fn is_refused(&self, sender: &Sender, shown: &[Principal], at: u64) -> bool {
        if self.refused.is_empty() {
            return false;
        }
        let is_held =
            |id: &PrincipalId| self.refused.get(id).is_some_and(|(from, until)| *from <= at && at < *until);
        shown.iter().any(|principal| is_held(&principal.id))
            || is_held(&self.names.address(sender.address).id)
    }

    /// A credential of this sender's own, without asking the service: what was handed out before the first day.
    pub(crate) fn hand_out(&mut self, sender: &mut Sender, second: u64, lasts: u64) {
        let (serial, renewal) = (self.serial(), self.serial());
        let sub =
            if sender.login == Login::Jwt { self.sub_of(sender.user) } else { CompactString::default() };
        let ticket = Ticket {
            login: sender.login,
            serial,
            renewal,
            sub,
            client: sender.client.clone(),
            issued: second,
            expires: second.saturating_add(lasts),
            is_genuine: true,
            principals: SmallVec::new(),
        };
        sender.ticket = ticket.seal(self.seed, &self.names);
        self.ledger.own(sender.actor, &sender.ticket.principals);
    }

    /// A user who was not there before.
    pub(crate) fn new_user(&mut self) -> u32 {
        let user = self.people.users;
        self.people.users += 1;
        let _ = self.objects.create(crate::world::USER, user);
        user
    }

    /// A user's id as signed tokens have it.
    pub(crate) fn sub_of(&self, user: u32) -> CompactString {
        let mut text = CompactString::default();
        self.objects.write(Object::at(crate::world::USER, user), &mut text);
        text
    }

    /// The principal of a user's login name.
    pub(crate) fn login_principal(&self, user: u32) -> Principal {
        self.names.named(PrincipalKind::User, &self.people.login(user))
    }

    /// Puts a call under way, unless the sensor misses it.
    fn observe(&mut self, mut made: Made) {
        let sky = self.weather.sky;
        let origin = made.origin;
        self.ledger.count(&made.call, origin);
        if sky.is_blind || sky.loss > 0.0 && self.rng.chance(sky.loss) {
            return;
        }
        let is_missed = self.loss > 0.0 && self.misses.chance(self.loss);
        if sky.unanswered > 0.0 && self.rng.chance(sky.unanswered) {
            compose::lose_answer(&mut made);
        }
        if sky.doubled > 0.0 && self.rng.chance(sky.doubled) {
            let mut call = made.call.clone();
            self.calls += 1;
            call.id = self.call_id();
            if !is_missed {
                self.order.push(Made { call, origin, bytes: None });
            }
        }
        if !is_missed {
            self.order.push(made);
        }
    }

    fn origin(sender: &Sender, denied: bool, leaked: u32) -> Origin {
        let leaked = if sender.attack.is_some() { leaked } else { 0 };
        Origin { actor: sender.actor, archetype: sender.archetype, attack: sender.attack, denied, leaked }
    }
}
