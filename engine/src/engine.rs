//! The engine: calls and ticks in, findings and verdicts out, in the order of the calls. Never I/O, never the host's clock.

use std::time::Duration;

use model::{
    Action, ApiCall, Finding, Losses, Mode, Outcome, Principal, PrincipalKind, Pseudonyms, Timestamp, Verdict,
};

use crate::{
    age::Phase,
    audit::AuditedDay,
    caller,
    cold::ColdStore,
    config::{EngineConfig, NeverBlock},
    decide::Judge,
    detect::REGISTRY,
    scene::day_of,
    snapshot::Clock,
    summary::{RouteSummary, Summary},
    world::World,
};

/// Calls whose rows are looked at ahead of judging them.
const AHEAD: usize = 32;
/// How often the population's rates are learnt anew.
const RELEARN: Duration = Duration::from_secs(600);

/// What the engine has to say about a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Judgement {
    /// One detector's suspicion.
    Finding(Finding),
    /// What is to happen.
    Verdict(Verdict),
}

/// Learns and judges. The same calls in the same order give the same judgements.
pub struct Engine {
    pub(crate) world: World,
    pub(crate) judge: Judge,
    calls: u64,
    now: Timestamp,
    relearnt: Timestamp,
    tidied: Timestamp,
}

impl Engine {
    /// An engine that knows nothing yet.
    #[must_use]
    pub fn new(config: EngineConfig, names: Pseudonyms) -> Self {
        let users = config.never_block.iter().filter_map(|rule| match rule {
            NeverBlock::User(name) => Some(names.named(PrincipalKind::User, name).id),
            _ => None,
        });
        let judge = Judge::new(users.collect());
        Self {
            judge,
            world: World::new(config, names),
            calls: 0,
            now: Timestamp::ZERO,
            relearnt: Timestamp::ZERO,
            tidied: Timestamp::ZERO,
        }
    }

    /// Gives rows that have no room in memory to a store, and asks it for those that come back.
    #[must_use]
    pub fn with_cold(mut self, store: Box<dyn ColdStore>) -> Self {
        self.world.cold = Some(store);
        self
    }

    /// Learns from a call and judges those who made it. Calls come in the order of `(ended_at, at, id)`.
    pub fn observe(&mut self, call: &ApiCall, out: &mut Vec<Judgement>) {
        self.calls += 1;
        self.advance(call.ended_at);
        if call.continues() {
            // Messages of a socket: its opening call was judged already, and they are no requests to any rate or route.
            return;
        }
        let as_seen = call;
        let identified = self.world.inference.identify(call, &self.world.names);
        let call = identified.as_deref().unwrap_or(call);
        self.world.outage.take(call);
        self.world.links.learn(call);
        if call.outcome() == Outcome::Unknown && call.decoys.is_empty() || self.echoes_a_verdict(call) {
            return;
        }
        let scene = caller::scene(&mut self.world, call);
        self.infer(as_seen, &scene);
        for spec in &REGISTRY {
            if !self.world.disabled.has(spec.detector) {
                (spec.observe)(&mut self.world, &scene);
            }
        }
        out.extend(self.world.findings.drain(..).map(Judgement::Finding));
        self.judge_charged(&scene, out);
        self.check_enforcement(&scene, out);
    }

    /// Learns from many calls in their order and judges those who made them: the same as one by one, but the rows of the
    /// next few are on their way from memory while one is judged.
    pub fn observe_batch(&mut self, calls: &[ApiCall], out: &mut Vec<Judgement>) {
        for few in calls.chunks(AHEAD) {
            self.world.look_ahead(few);
            few.iter().for_each(|call| self.observe(call, out));
        }
    }

    /// Moves time without a call: verdicts run out, rates are learnt anew, rings are looked for.
    pub fn tick(&mut self, now: Timestamp, out: &mut Vec<Judgement>) {
        self.advance(now);
        out.extend(self.world.findings.drain(..).map(Judgement::Finding));
    }

    /// Takes up the verdicts that were live before a restart, at most one per principal. Those of a snapshot that are not
    /// among them were taken back since.
    pub fn resume(&mut self, live: &[Verdict]) {
        self.judge.keep_only(live, self.now);
        for verdict in live {
            self.judge.resume(verdict, &self.world.config);
        }
    }

    /// The engine's present: the end of the last call, or the last tick.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) fn clock(&self) -> Clock {
        Clock { calls: self.calls, now: self.now, relearnt: self.relearnt, tidied: self.tidied }
    }

    pub(crate) fn set_clock(&mut self, clock: Clock) {
        let Clock { calls, now, relearnt, tidied } = clock;
        (self.calls, self.now, self.relearnt, self.tidied) = (calls, now, relearnt, tidied);
    }

    /// What was learnt so far.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let routes = self.world.routes.live().map(|route| RouteSummary {
            method: route.method.clone(),
            template: route.template.clone(),
            calls: route.calls,
            principals: route.callers(),
            errors: route.errors,
            first: route.first,
            last: route.last,
            id_positions: route.id_positions(),
        });
        let mut routes: Vec<_> = routes.collect();
        routes.sort_by(|a, b| (&a.template, &a.method).cmp(&(&b.template, &b.method)));
        let live = self.judge.live_by_action(self.now);
        Summary {
            calls: self.calls,
            principals: self.world.subjects.len() as u64,
            routes,
            live: Action::ALL.into_iter().zip(live).collect(),
            losses: self.world.losses.clone(),
            memory_bytes: self.world.bytes(),
            phase: Phase::of(self.world.started, self.now),
            budget: self.world.budget,
        }
    }

    /// Days that ended since the last time, when `audit_days` is set.
    pub fn take_days(&mut self) -> Vec<AuditedDay> {
        std::mem::take(&mut self.world.audited)
    }

    /// What the engine dropped.
    #[must_use]
    pub fn losses(&self) -> &Losses {
        &self.world.losses
    }

    /// Time never runs backwards, and the population's rates are learnt anew every ten minutes of it.
    fn advance(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        if self.relearnt == Timestamp::ZERO {
            (self.relearnt, self.world.started) = (self.now, self.now);
        }
        if self.now.as_secs() > self.tidied.as_secs() {
            if self.now.as_secs() / 60 > self.tidied.as_secs() / 60 {
                self.judge.tick(self.now);
            }
            if day_of(self.now) > day_of(self.tidied) && self.tidied != Timestamp::ZERO {
                self.world.discover_kinds();
                self.world.learn_norms();
                self.world.review(self.tidied, self.now);
            }
            (self.tidied, self.world.now) = (self.now, self.now);
            self.world.sweep();
            self.world.cells.refit(day_of(self.now));
        }
        if self.now.since(self.relearnt) < RELEARN {
            return;
        }
        self.relearnt = self.now;
        self.world.foreign_prior.relearn();
        self.world.probing_prior.relearn();
        self.world.login_prior.relearn();
        self.world.shared.crowd.openings.relearn();
        self.world.find_rings(self.now);
    }

    /// A refusal that our own verdict caused: no evidence against anybody.
    fn echoes_a_verdict(&self, call: &ApiCall) -> bool {
        let Some(status @ (401 | 403 | 429)) = call.status else { return false };
        if self.world.config.mode != Mode::Enforce {
            return false;
        }
        let ours = |who: &Principal| self.judge.explains(who.id, status, call.ended_at);
        call.identities.iter().any(ours) || ours(&self.world.names.address(call.client))
    }
}
