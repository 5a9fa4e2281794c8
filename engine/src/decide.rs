//! Decisions: fused evidence in, at most one live verdict per principal out. Never acts on calls that are not well attested.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use model::{
    Action, ApiCall, Contribution, Evidence, Mode, PrincipalId, PrincipalKind, Pseudonyms, Timestamp,
    Verdict, VerdictId,
};
use serde::{Deserialize, Serialize};

use crate::{
    age::Phase,
    circles::RING_TIMES,
    config::EngineConfig,
    detect::{Assessment, Detector, REGISTRY, Words},
    fuse::{Fused, behind, only_supports, risk},
    rails::{Held, Rail, Rails},
    subjects::Subject,
    world::World,
};

const RELAPSE: Duration = Duration::from_secs(7 * 86_400);
const NOTIFY_BELOW: f64 = 1e-3;
const STEP_UP_BELOW: f64 = 1e-4;
/// What the voices that only support may make up for: those that may block have to come this near by themselves.
const SUPPORTED: f64 = 1e-2;
/// Share of the budget that blocks may use before a deployment is armed, where peers and owners are hardly known.
const LEARNING_BUDGET: f64 = 0.1;
/// Verdicts remembered, live and for relapses. With more the one that ended first is forgotten.
const LIVE_MAX: usize = 65_536;

/// A verdict as remembered: live until `until`, then for relapses.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Live {
    id: VerdictId,
    would: Action,
    /// What the evidence asked for before the rails.
    wanted: Action,
    pub(crate) action: Action,
    at: Timestamp,
    pub(crate) until: Timestamp,
    level: usize,
    /// People were told that it is not carried out.
    unheeded: bool,
}

impl Live {
    fn of(verdict: &Verdict, wanted: Action, level: usize) -> Self {
        let (id, at, until) = (verdict.id, verdict.at, verdict.until);
        Self { id, would: verdict.would, wanted, action: verdict.action, at, until, level, unheeded: false }
    }
}

/// Who decides.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Judge {
    live: BTreeMap<PrincipalId, Live>,
    pub(crate) rails: Rails,
    #[serde(skip)]
    never_users: Vec<PrincipalId>,
}

impl Judge {
    /// A judge that never acts against these users.
    pub(crate) fn new(never_users: Vec<PrincipalId>) -> Self {
        Self { never_users, ..Self::default() }
    }

    /// Takes up what another judge remembers; whom it never acts against stays.
    pub(crate) fn settle(&mut self, read: Self) {
        (self.live, self.rails) = (read.live, read.rails);
    }

    /// The verdict that a subject's evidence asks for now, if it is news.
    pub(crate) fn decide(
        &mut self,
        world: &World,
        subject: &Subject,
        fused: &Fused,
        call: &ApiCall,
    ) -> Option<Verdict> {
        let now = call.ended_at;
        let before = self.live.get(&subject.principal.id).copied();
        let ended = before.map(|live| live.until).filter(|until| *until <= now);
        let wanted = wanted(world, subject, fused, (call, ended))?;
        let fresh = before.is_none_or(|live| live.until <= now || live.would < Action::Block);
        let in_crowd = REGISTRY[fused.order[0]].detector == Detector::Login
            || [Detector::Stuffing, Detector::SignUps, Detector::Campaign]
                .into_iter()
                .any(|crowd| fused.voices[crowd as usize].p < 1.0);
        let rail = Rail { config: &world.config, subject, call, in_crowd, never_users: &self.never_users };
        let held = self.rails.hold(wanted.action, &rail, world.subjects.len(), fresh);
        let held = Held { action: held.action, by: held.by.or(wanted.by) };
        let level = level(before, held.action, wanted.action, now, &world.config)?;
        if held.action == Action::Block && fresh {
            self.rails.count_block(&rail);
        }
        let until = now.after(world.config.ttl[level]);
        let replaces = before.filter(|live| live.until > now).map(|live| live.id);
        let verdict = write(world, subject, fused, call, &held, until, replaces);
        self.remember(verdict.principal.id, Live::of(&verdict, wanted.action, level));
        Some(verdict)
    }

    /// A verdict on somebody to whom the verdict on another extends, if it is news.
    pub(crate) fn extend(
        &mut self,
        world: &World,
        subject: &Subject,
        verdict: Verdict,
        call: &ApiCall,
    ) -> Option<Verdict> {
        let now = call.ended_at;
        let before = self.live.get(&verdict.principal.id).copied();
        let fresh = before.is_none_or(|live| live.until <= now || live.would < Action::Block);
        let rail =
            Rail { config: &world.config, subject, call, in_crowd: false, never_users: &self.never_users };
        let held = self.rails.hold(Action::Block, &rail, world.subjects.len(), fresh);
        let level = level(before, held.action, Action::Block, now, &world.config)?;
        if held.action == Action::Block && fresh {
            self.rails.count_block(&rail);
        }
        let verdict = Verdict {
            id: verdict_id(&world.names, verdict.principal.id, held.action, now),
            action: allowed(held.action, world.config.mode),
            would: held.action,
            risk: risk(verdict.p),
            until: now.after(world.config.ttl[level]),
            held_by: held.by.map(Into::into),
            replaces: before.filter(|live| live.until > now).map(|live| live.id),
            ..verdict
        };
        self.remember(verdict.principal.id, Live::of(&verdict, Action::Block, level));
        Some(verdict)
    }

    /// Whether a block on this principal is live or was lately.
    pub(crate) fn was_blocked(&self, id: PrincipalId) -> bool {
        self.live.get(&id).is_some_and(|live| live.would == Action::Block)
    }

    /// Whether a block on this principal is live.
    pub(crate) fn is_blocked(&self, id: PrincipalId, now: Timestamp) -> bool {
        self.live.get(&id).is_some_and(|live| live.would == Action::Block && live.until > now)
    }

    /// When the block on this principal was asked for, if it should be in force by now; told once per verdict.
    pub(crate) fn unheeded(&mut self, id: PrincipalId, now: Timestamp, grace: Duration) -> Option<Timestamp> {
        let live = self.live.get_mut(&id)?;
        let in_force = live.action == Action::Block && live.until > now && now.since(live.at) > grace;
        let tell = in_force && !live.unheeded;
        live.unheeded |= in_force;
        tell.then_some(live.at)
    }

    /// Whether a gateway that carries out our verdict on this principal answers with `status`.
    pub(crate) fn explains(&self, id: PrincipalId, status: u16, now: Timestamp) -> bool {
        let live = self.live.get(&id).filter(|live| live.until > now);
        live.is_some_and(|live| match live.action {
            Action::Block => matches!(status, 401 | 403 | 429),
            Action::StepUp => matches!(status, 401 | 403),
            Action::RateLimit => status == 429,
            Action::Notify | Action::Observe => false,
        })
    }

    /// Forgets every live verdict that is not among these.
    pub(crate) fn keep_only(&mut self, live: &[Verdict], now: Timestamp) {
        let ids: BTreeSet<VerdictId> = live.iter().map(|verdict| verdict.id).collect();
        self.live.retain(|_, known| known.until <= now || ids.contains(&known.id));
    }

    /// Takes up a verdict from before a restart. One that a snapshot has brought back is known better than a verdict tells.
    pub(crate) fn resume(&mut self, verdict: &Verdict, config: &EngineConfig) {
        if self.live.get(&verdict.principal.id).is_some_and(|known| known.id == verdict.id) {
            return;
        }
        let lasts = verdict.until.since(verdict.at);
        let level = config.ttl.iter().rposition(|ttl| *ttl <= lasts).unwrap_or(0);
        self.remember(verdict.principal.id, Live::of(verdict, verdict.would, level));
    }

    /// Forgets the verdict on a principal and its relapses.
    pub(crate) fn forget(&mut self, id: PrincipalId) {
        self.live.remove(&id);
    }

    pub(crate) fn tick(&mut self, now: Timestamp) {
        self.live.retain(|_, live| live.until.after(RELAPSE) > now);
        self.rails.tick(now);
    }

    /// Live verdicts by action, in climbing order.
    pub(crate) fn live_by_action(&self, now: Timestamp) -> [u64; 5] {
        let mut counts = [0; 5];
        for live in self.live.values().filter(|live| live.until > now) {
            counts[live.action as usize] += 1;
        }
        counts
    }

    fn remember(&mut self, id: PrincipalId, live: Live) {
        if self.live.len() >= LIVE_MAX && !self.live.contains_key(&id) {
            let first = self.live.iter().min_by_key(|(_, live)| live.until).map(|(id, _)| *id);
            first.and_then(|id| self.live.remove(&id));
        }
        self.live.insert(id, live);
    }
}

/// What the evidence asks for before the rails; `None` below `notify`.
fn wanted(
    world: &World,
    subject: &Subject,
    fused: &Fused,
    (call, ended): (&ApiCall, Option<Timestamp>),
) -> Option<Held> {
    let strongest = REGISTRY[fused.order[0]].detector;
    let sooner = world.ring(subject, call.ended_at).map_or(1.0, |_| RING_TIMES);
    let budget = world.config.budget_false_blocks_per_million * 1e-6;
    let theta = budget * patience(world, strongest, call) * sooner;
    let news = |at: &usize| subject.has_news_of(REGISTRY[*at].detector, ended);
    let loud =
        |limit: f64| fused.voices.iter().enumerate().filter(move |(at, voice)| voice.p < limit && news(at));
    let asks = |(at, voice): (usize, &Assessment)| voice.demand == Action::StepUp && news(&at);
    let demanded = fused.voices.iter().enumerate().any(asks);
    let limits = loud(NOTIFY_BELOW).map(|(_, voice)| voice.limit).chain(demanded.then_some(Action::StepUp));
    let limit = limits.max().unwrap_or(Action::Notify);
    // Those that only support make up for a part of the doubt, not for all of it.
    let may_block = fused.blockers * SUPPORTED < theta;
    // Asking again who it is stops a thief, but not an account holder who misuses a valid account: that one is slowed down
    // until the evidence allows a block.
    let slows = !only_supports(strongest);
    let slows_early =
        matches!(strongest, Detector::Bomb | Detector::Cost | Detector::Login | Detector::Probing);
    let address = subject.principal.kind == PrincipalKind::Ip;
    let forced = is_forced(world, subject, fused, call);
    let mut by = None;
    let action = if fused.p < theta && may_block && !forced {
        Action::Block
    } else if demanded || fused.p < STEP_UP_BELOW * sooner {
        let held = if may_block && forced { "cross_site" } else { "block_families" };
        by = (fused.p < theta && limit == Action::Block).then_some(held);
        if address || slows && !demanded { Action::RateLimit } else { Action::StepUp }
    } else if fused.p < NOTIFY_BELOW {
        if slows_early { Action::RateLimit } else { Action::Notify }
    } else if fused.unattested < NOTIFY_BELOW {
        by = Some("grade");
        Action::Notify
    } else {
        return None;
    };
    let action = action.min(limit.max(Action::Notify));
    Some(Held { action, by })
}

/// Whether all that may block could be an attacker's doing, whose page makes the caller's browser call; not where an
/// application is built so that all its calls look like that.
fn is_forced(world: &World, subject: &Subject, fused: &Fused, call: &ApiCall) -> bool {
    let voices = fused.voices.iter().zip(&REGISTRY);
    let mut blocking = voices.filter(|(voice, _)| voice.limit == Action::Block && voice.p < NOTIFY_BELOW);
    blocking.all(|(_, spec)| subject.is_forced(spec.detector))
        && !world.shared.crowd.origins.are_usual(&call.host)
}

/// Share of the budget that may be spent while the deployment learns on what has to learn what is usual.
fn patience(world: &World, strongest: Detector, call: &ApiCall) -> f64 {
    let learns = strongest == Detector::ForeignOwner;
    let armed = Phase::of(world.started, call.ended_at) == Phase::Armed;
    if learns && !armed { LEARNING_BUDGET } else { 1.0 }
}

/// How long the verdict lasts, as a place in `ttl`; `None` when the live one still says it all.
fn level(
    before: Option<Live>,
    would: Action,
    wanted: Action,
    now: Timestamp,
    config: &EngineConfig,
) -> Option<usize> {
    let Some(live) = before else { return Some(0) };
    let longer = (live.level + 1).min(config.ttl.len() - 1);
    if live.until <= now {
        let relapsed = live.would.is_enforceable() && now.since(live.until) <= RELAPSE;
        return Some(if relapsed { longer } else { 0 });
    }
    if would > live.would || wanted > live.wanted {
        return Some(live.level);
    }
    let lasts = live.until.since(live.at);
    let near_end = live.until.since(now) <= lasts / 5;
    (near_end && would >= live.would).then_some(longer)
}

fn write(
    world: &World,
    subject: &Subject,
    fused: &Fused,
    call: &ApiCall,
    held: &Held,
    until: Timestamp,
    replaces: Option<VerdictId>,
) -> Verdict {
    let p = if held.by == Some("grade") { fused.unattested } else { behind(fused) };
    let (principal, at) = (subject.principal.clone(), call.ended_at);
    let action = allowed(held.action, world.config.mode);
    let strongest = fused.order[0];
    let words = (REGISTRY[strongest].explain)(world, subject);
    let contributions = contributions(world, subject, fused);
    Verdict {
        at,
        id: verdict_id(&world.names, principal.id, held.action, at),
        action,
        would: held.action,
        principal,
        risk: risk(p),
        p,
        until,
        detectors: contributions.iter().map(|part| part.detector.clone()).collect(),
        evidence: evidence(subject, strongest, &words),
        contributions,
        reason: reason(world, subject, fused, (words.reason, at)),
        refuted_by: words.refuted_by,
        held_by: held.by.map(Into::into),
        replaces,
    }
}

/// The sentence of a verdict, with what made its evidence count for more.
fn reason(world: &World, subject: &Subject, fused: &Fused, (mut reason, at): (String, Timestamp)) -> String {
    if let Some(threat) = &fused.threat {
        reason = format!("{reason} {}", threat.words());
    }
    if let Some((members, _)) = world.ring(subject, at) {
        reason = format!("{reason} One of a ring of {members} odd callers that look and act alike.");
    }
    reason
}

/// What the mode allows of an action.
fn allowed(action: Action, mode: Mode) -> Action {
    match mode {
        Mode::Enforce => action,
        Mode::Monitor => action.min(Action::Notify),
    }
}

/// Expected, observed and calls of one detector.
pub(crate) fn evidence(subject: &Subject, detector: usize, words: &Words) -> Evidence {
    let by = REGISTRY[detector].detector;
    let calls = subject.suspicion.iter().flat_map(|suspicion| &suspicion.calls);
    Evidence {
        expected: words.expected.clone(),
        observed: words.observed.clone(),
        calls: calls.filter(|(detector, _)| *detector == by).map(|(_, call)| call.clone()).collect(),
    }
}

fn contributions(world: &World, subject: &Subject, fused: &Fused) -> Vec<Contribution> {
    let spoken = fused.order.iter().filter(|at| fused.voices[**at].unattested < 0.1);
    spoken
        .map(|at| {
            let words = (REGISTRY[*at].explain)(world, subject);
            Contribution {
                detector: REGISTRY[*at].name.into(),
                p: fused.voices[*at].p,
                share: fused.shares[*at],
                expected: words.expected,
                observed: words.observed,
            }
        })
        .collect()
}

fn verdict_id(names: &Pseudonyms, principal: PrincipalId, action: Action, at: Timestamp) -> VerdictId {
    let key = [&principal.0.to_be_bytes()[..], &[action as u8], &at.as_nanos().to_be_bytes()].concat();
    VerdictId(names.hash(b"verdict", &key))
}
