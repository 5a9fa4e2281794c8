//! Answers: what the service makes of a request. It checks who calls and whose objects they are, except where it forgets.

use compact_str::CompactString;

use super::{Ask, Name, PATIENCE, Reply, Sender, Stage, compose::Exchange, records::Records, rights::Right};
use crate::{
    body::Twist,
    objects::Object,
    rng::{mix, nanos},
    world::{Act, Login, Route, Scope, USER, Who},
};

/// What the service decided.
#[derive(Debug)]
pub(super) struct Outcome {
    /// `None`: nobody answers.
    pub(super) status: Option<u16>,
    pub(super) records: Records,
    /// The object of which the answer tells.
    pub(super) object: Option<Object>,
    /// Whether it has no right to what it gets.
    is_leak: bool,
    /// Whether the sender is given new credentials.
    issues: bool,
}

impl Outcome {
    fn of(status: u16) -> Self {
        Self { status: Some(status), records: Records::new(), object: None, is_leak: false, issues: false }
    }
}

impl Stage {
    /// Sends a request: the service answers, the sensor sees it.
    pub(crate) fn send(&mut self, sender: &mut Sender, ask: &Ask<'_>) -> Reply {
        let (world, forms) = (self.world.clone(), self.forms.clone());
        let (Some(route), Some(form)) = (world.route(ask.route), forms.of(ask.route)) else {
            return Reply { status: None, ended: ask.at, denied: false };
        };
        let shows = !matches!(route.act, Act::Login | Act::Renew | Act::Reset | Act::SignUp);
        let shown = if shows { sender.ticket.principals.as_slice() } else { &[] };
        let denied = self.is_refused(sender, shown, ask.at);
        let mut outcome = if denied { Outcome::of(403) } else { self.decide(sender, ask, route) };
        let ended = ask.at + self.duration(&outcome, route, denied);
        if outcome.status.is_none() {
            outcome.records.clear();
        }
        let before = outcome.issues.then(|| sender.ticket.clone());
        if outcome.issues {
            self.issue(sender, ask);
        }
        let single = u32::from(outcome.object.is_some() && !matches!(route.act, Act::Drop(_)));
        let records = u32::try_from(outcome.records.len()).unwrap_or(0).max(single);
        let leaked = if outcome.is_leak { records.max(1) } else { 0 };
        let exchange =
            Exchange { ask, route, form, outcome: &outcome, ended, shows, denied, before: before.as_ref() };
        let made = self.compose(sender, &exchange, leaked);
        let status = made.call.status;
        self.observe(made);
        Reply { status, ended, denied }
    }

    fn duration(&mut self, outcome: &Outcome, route: &Route, denied: bool) -> u64 {
        if outcome.status.is_none() {
            return PATIENCE;
        }
        if denied {
            return nanos(0.000_4 + 0.000_3 * self.rng.exponential());
        }
        #[expect(clippy::cast_precision_loss, reason = "few records")]
        let load = 1.0 + 0.01 * outcome.records.len() as f64;
        // Most answers take their time, one in two hundred waits for something.
        let stall = if self.rng.chance(0.005) { 8.0 * self.rng.exponential() } else { 0.0 };
        let error = if outcome.status.is_some_and(|status| status >= 400) { 0.4 } else { 1.0 };
        let us =
            self.rng.log_normal(route.cost_us, 0.35) * load * error * self.weather.sky.slow * (1.0 + stall);
        nanos(us.max(150.0) * 1e-6).min(PATIENCE - 1)
    }

    fn decide(&mut self, sender: &Sender, ask: &Ask<'_>, route: &Route) -> Outcome {
        let sky = self.weather.sky;
        if sky.outage > 0.0 && self.rng.chance(sky.outage) {
            let mut outcome = Outcome::of(503);
            if self.rng.chance(0.08) {
                outcome.status = None;
            }
            return outcome;
        }
        let is_gone = route.since > 0 && !sky.is_released || route.until < u8::MAX && sky.is_removed;
        if ask.path.is_some() || is_gone {
            return Outcome::of(404);
        }
        if route.who.0 & Who::ANYBODY == 0 && !self.is_good(sender, ask.at) {
            return Outcome::of(401);
        }
        let called = self.may_call(sender, route);
        if called == Right::Refused {
            return Outcome::of(403);
        }
        if self.rng.chance(route.failing) {
            return Outcome::of(500);
        }
        let mut is_leak = called == Right::Leaked;
        for object in ask.objects.into_iter().flatten() {
            match self.may_see(sender, route, object) {
                Right::Granted => {}
                Right::Leaked => is_leak = true,
                Right::Refused => return Outcome::of(403),
                Right::Missing => return Outcome::of(404),
            }
        }
        if let Some(status) = self.invalid(ask, route) {
            return Outcome::of(status);
        }
        let mut outcome = self.serve(sender, ask, route);
        outcome.is_leak = is_leak;
        outcome
    }

    /// Whether the service takes the ticket.
    fn is_good(&self, sender: &Sender, at: u64) -> bool {
        let ticket = &sender.ticket;
        let lasts =
            ticket.issued >= self.weather.sky.rotated || !matches!(ticket.login, Login::Jwt | Login::Opaque);
        ticket.login != Login::Nobody && ticket.is_genuine && ticket.expires > at / 1_000_000_000 && lasts
    }

    /// The status of a request that the service itself finds wrong.
    fn invalid(&mut self, ask: &Ask<'_>, route: &Route) -> Option<u16> {
        if ask.is_invalid && !matches!(route.act, Act::Login) {
            return Some(if self.rng.chance(0.7) { 422 } else { 400 });
        }
        let (share, status) = match ask.twist {
            Twist::None if route.act.writes() => (0.012, 422),
            Twist::None => return None,
            Twist::Many(n) if n > 500 => (0.45, 413),
            Twist::Many(_) | Twist::Extra => (0.15, 400),
            Twist::Long(_) => (0.4, 400),
            Twist::Deep(_) => (0.5, 400),
            Twist::Inject(_) => (0.6, 400),
            Twist::Type(_) => (0.7, 400),
        };
        if ask.twist != Twist::None && self.rng.chance(0.03) {
            return Some(500);
        }
        self.rng.chance(share).then_some(status)
    }

    fn serve(&mut self, sender: &Sender, ask: &Ask<'_>, route: &Route) -> Outcome {
        let in_path = |kind| ask.objects.into_iter().flatten().find(|object| object.kind == kind);
        let is_get = route.method == "GET";
        if is_get && sender.login == Login::Cookie && mix(ask.hash, 4).is_multiple_of(12) {
            return Outcome::of(304);
        }
        let mut outcome = Outcome::of(200);
        match route.act {
            Act::List(kind, size) => outcome.records = self.page(sender, ask, kind, u32::from(size)),
            Act::Read(kind) | Act::Edit(kind) => outcome.object = self.subject(in_path(kind), sender, kind),
            Act::Do(kind) => outcome.object = in_path(kind),
            Act::Create(kind) => {
                let owner = match self.objects.scope(kind) {
                    Scope::Public => u32::MAX,
                    Scope::Org => sender.org,
                    Scope::Private | Scope::Shared => sender.user,
                };
                outcome.object = Some(Object::at(kind, self.objects.create(kind, owner)));
                outcome.status = Some(201);
            }
            Act::Drop(kind) => {
                outcome.object = in_path(kind);
                outcome.status = Some(204);
            }
            Act::Note | Act::Reset => {}
            Act::SignUp => outcome.status = Some(201),
            Act::Login => {
                outcome.issues = self.knows(ask);
                outcome.status = Some(if outcome.issues { 200 } else { 401 });
            }
            Act::Renew => {
                outcome.issues = sender.ticket.login != Login::Nobody && sender.ticket.is_genuine;
                outcome.status = Some(if outcome.issues { 200 } else { 401 });
            }
        }
        outcome
    }

    /// The object that a route without an id in its path speaks of: one's own.
    fn subject(&self, in_path: Option<Object>, sender: &Sender, kind: u8) -> Option<Object> {
        if in_path.is_some() {
            return in_path;
        }
        if kind == USER {
            return Some(Object::at(USER, sender.user));
        }
        let owner = if self.objects.scope(kind) == Scope::Org { sender.org } else { sender.user };
        self.objects.recent(kind, owner, 0).map(|place| Object::at(kind, place))
    }

    /// Whether a login's name and password go together.
    fn knows(&self, ask: &Ask<'_>) -> bool {
        let Some(Name::User(user)) = ask.name else { return false };
        user < self.people.users && ask.password == Some(self.people.password(user).as_str())
    }

    fn issue(&mut self, sender: &mut Sender, ask: &Ask<'_>) {
        if let Some(Name::User(user)) = ask.name {
            sender.user = user;
            sender.org = self.people.org_of(user);
        }
        let lasts = self.lifetime(sender.login);
        self.hand_out(sender, ask.at / 1_000_000_000, lasts);
    }

    /// Seconds that a credential lasts.
    pub(crate) fn lifetime(&self, login: Login) -> u64 {
        let choice = |all: [u64; 4]| all[(mix(self.seed, 0x6c61_7374) & 3) as usize];
        match login {
            Login::Jwt => choice([900, 3_600, 3_600, 86_400]),
            Login::Opaque => choice([600, 1_800, 3_600, 7_200]),
            Login::Cookie => choice([7 * 86_400, 14 * 86_400, 30 * 86_400, 86_400]),
            Login::ClientJwt => 86_400,
            Login::Key | Login::Nobody => u64::MAX / 4,
        }
    }

    /// The login name that a request names.
    pub(super) fn name_text(&self, name: Option<Name>, sender: &Sender) -> CompactString {
        match name {
            Some(Name::User(user)) => self.people.login(user),
            Some(Name::Stranger(number)) => {
                crate::text::login_name(u32::try_from(number & 0xfff_ffff).unwrap_or(0), number)
            }
            None if sender.user == u32::MAX => "nobody@mail.example".into(),
            None => self.people.login(sender.user),
        }
    }
}
