//! Simulations: settings in, calls with their origins in order of `ended_at` out.

use std::net::SocketAddr;

use compact_str::format_compact;
use model::{
    ApiCall, CallId, Context, Grade, HttpVersion, PrincipalId, PrincipalKind, Pseudonyms, Timestamp,
};

use crate::{ActorId, Archetype, ConfigError, Origin, SimConfig, Truth, rng::Rng};

/// A simulation at work: an iterator over calls.
#[derive(Debug)]
pub struct Simulation {
    config: SimConfig,
    names: Pseudonyms,
    rng: Rng,
    now: u64,
    calls: u64,
}

impl Simulation {
    /// Sets the world up.
    ///
    /// # Errors
    /// Names the first setting that cannot be simulated.
    pub fn new(config: SimConfig, names: Pseudonyms) -> Result<Self, ConfigError> {
        config.check()?;
        let (rng, now) = (Rng::new(config.seed, 1), config.start.as_nanos());
        Ok(Self { config, names, rng, now, calls: 0 })
    }

    /// A gateway refuses this principal from `at` until `until`: its calls get 403, and whoever it is reacts. Calls
    /// already under way are not changed.
    pub fn refuse(&mut self, principal: PrincipalId, at: Timestamp, until: Timestamp) {
        let _ = (principal, at, until);
    }

    /// Who did what so far.
    #[must_use]
    pub fn truth(&self) -> Truth {
        Truth { config: self.config.clone(), actors: Vec::new(), attacks: Vec::new(), events: Vec::new() }
    }
}

impl Iterator for Simulation {
    type Item = (ApiCall, Origin);

    fn next(&mut self) -> Option<Self::Item> {
        let end = self.config.start.as_nanos() + u64::from(self.config.days) * 86_400_000_000_000;
        let per_second = f64::from(self.config.principals) * 30.0 / 86_400.0;
        self.now += crate::rng::nanos(self.rng.exponential() / per_second);
        if self.now >= end {
            return None;
        }
        self.calls += 1;
        let actor = self.rng.below(self.config.principals);
        let at = Timestamp::from_nanos(self.now);
        let client = std::net::IpAddr::from([10, 0, 0, 1]);
        let token = self.names.credential(PrincipalKind::Token, &actor.to_be_bytes());
        let call = ApiCall {
            at,
            id: CallId(self.names.short(b"call", &self.calls.to_be_bytes())),
            client,
            peer: SocketAddr::new(client, 40_000),
            server: SocketAddr::new([10, 9, 9, 9].into(), 80),
            http: HttpVersion::Http11,
            method: "GET".into(),
            host: "api.shop.example".into(),
            path: format_compact!("/api/v1/orders/{}", 1000 + actor),
            status: Some(200),
            request_bytes: 0,
            response_bytes: 100,
            duration_us: Some(1_000),
            identities: [token].into_iter().collect(),
            complete: true,
            grade: Grade::A,
            ended_at: at,
            context: Context::default(),
            asked: Default::default(),
            given: Default::default(),
            issued: Default::default(),
            login: None,
            decoys: Default::default(),
            ambiguities: Default::default(),
            details: None,
        };
        let origin = Origin {
            actor: ActorId(actor),
            archetype: Archetype::Mobile,
            attack: None,
            denied: false,
            leaked: 0,
        };
        Some((call, origin))
    }
}
