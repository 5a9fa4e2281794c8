//! Everything that is learnt, in bounded tables; and the scene of one call. Never judges.

use std::collections::BTreeMap;

use compact_str::CompactString;
use model::{ApiCall, Finding, Loss, Losses, Outcome, Principal, PrincipalId, Pseudonyms, Timestamp};
use smallvec::SmallVec;

use crate::{
    classes::Classes,
    config::EngineConfig,
    detect::{Detector, Quirks},
    hash::Tag,
    links::Links,
    objects::Objects,
    routes::{Presented, Routes, Sighting},
    stats::{Prior, Process},
    subjects::Subject,
    table::{Table, Worth},
};

/// What a suspicious subject holds in boxes, evidence calls not counted.
const BOXED_BYTES: usize = 1_000;

/// All that the detectors share.
pub(crate) struct World {
    pub(crate) config: EngineConfig,
    pub(crate) names: Pseudonyms,
    pub(crate) routes: Routes,
    pub(crate) subjects: Table<PrincipalId, Subject>,
    pub(crate) objects: Objects,
    pub(crate) classes: Classes,
    pub(crate) links: Links,
    pub(crate) users: Table<PrincipalId, User>,
    pub(crate) missed: Table<u64, Missed>,
    pub(crate) agents: Table<u64, Agent>,
    pub(crate) decoys: BTreeMap<CompactString, DecoyUse>,
    pub(crate) quirks: Quirks,
    pub(crate) foreign_prior: Prior,
    pub(crate) probing_prior: Prior,
    pub(crate) login_prior: Prior,
    pub(crate) losses: Losses,
    /// Who gained evidence by the present call, and under which detector.
    pub(crate) charged: SmallVec<[(usize, Detector); 4]>,
    /// Findings that are about no subject under judgement.
    pub(crate) findings: Vec<Finding>,
    pub(crate) kept_calls: usize,
    pub(crate) kept_calls_max: usize,
}

/// A user as named by password tries and proven credentials. Never limited for what strangers do in its name.
pub(crate) struct User {
    pub(crate) failing_addresses: Vec<Tag>,
    pub(crate) failures: u32,
    pub(crate) process: Process,
    pub(crate) told: u8,
}

impl Worth for User {
    fn worth(&self) -> u32 {
        u32::try_from(self.failing_addresses.len()).unwrap_or(u32::MAX)
    }
}

/// A target that answered with an error: the callers that met it.
#[derive(Default)]
pub(crate) struct Missed {
    pub(crate) callers: [Tag; 3],
}

impl Worth for Missed {
    fn worth(&self) -> u32 {
        u32::from(self.callers[1].is_some())
    }
}

/// A software that callers switched to lately.
#[derive(Default)]
pub(crate) struct Agent {
    pub(crate) adopters: Vec<Tag>,
    pub(crate) day: u16,
}

impl Worth for Agent {
    fn worth(&self) -> u32 {
        u32::try_from(self.adopters.len()).unwrap_or(u32::MAX)
    }
}

/// Who of good standing touched a decoy.
#[derive(Default)]
pub(crate) struct DecoyUse {
    pub(crate) callers: Vec<Tag>,
    pub(crate) leaked: bool,
}

/// One call with everything known about it before judging.
pub(crate) struct Scene<'a> {
    pub(crate) call: &'a ApiCall,
    pub(crate) seen: Sighting,
    /// Slots of the subjects that answer for this call.
    pub(crate) judged: SmallVec<[usize; 2]>,
    /// The address answers, since no good credential was shown.
    pub(crate) by_address: bool,
    /// Tags that speak for the caller.
    pub(crate) tags: SmallVec<[Tag; 4]>,
    /// The tag under which it owns things.
    pub(crate) owner: Tag,
    pub(crate) outcome: Outcome,
    pub(crate) presented: Presented,
    pub(crate) day: u16,
    /// Attested well enough to act on.
    pub(crate) attested: bool,
}

impl World {
    pub(crate) fn new(config: EngineConfig, names: Pseudonyms) -> Self {
        let share = |percent: usize| config.memory_bytes / 100 * percent;
        let seeds = [0_u8, 1, 2, 3].map(|part| names.short(b"engine", &[part]));
        Self {
            routes: Routes::within(share(6), seeds),
            subjects: Table::with_boxes(share(58), BOXED_BYTES),
            objects: Objects::within(share(20)),
            classes: Classes::default(),
            links: Links::within(share(4)),
            users: Table::within(share(2)),
            missed: Table::within(share(2)),
            agents: Table::within(share(1)),
            decoys: BTreeMap::new(),
            quirks: Quirks::default(),
            foreign_prior: Prior::new([0.5, 0.3, 0.12, 0.05, 0.02, 0.005, 0.001, 5e-4, 1e-5, 1e-6]),
            probing_prior: Prior::new([0.15, 0.15, 0.15, 0.2, 0.2, 0.1, 0.02, 1e-3, 1e-5, 1e-6]),
            login_prior: Prior::new([0.02, 0.03, 0.1, 0.2, 0.3, 0.25, 0.05, 2e-3, 1e-5, 1e-6]),
            losses: Losses::default(),
            charged: SmallVec::new(),
            findings: Vec::new(),
            kept_calls: 0,
            kept_calls_max: share(7) / 160,
            config,
            names,
        }
    }

    /// The slot of a principal's row, made now if it has none.
    pub(crate) fn subject_of(&mut self, principal: &Principal, now: Timestamp) -> usize {
        if let Some(slot) = self.subjects.find(principal.id) {
            return slot;
        }
        let mut subject = Subject::new(principal.clone(), now);
        if let Some(link) = self.links.take(principal.id) {
            subject.family = link.forerunner.map_or(subject.family, Tag::of);
            if let Some(forerunner) = link.forerunner.and_then(|id| self.subjects.get(id)) {
                subject.inherit(forerunner);
            }
            if let Some(user) = link.user.filter(|_| !subject.user.is_some()) {
                (subject.user, subject.user_id) = (Tag::of(user), Some(user));
            }
        }
        let (slot, evicted) = self.subjects.insert(principal.id, subject);
        if let Some(evicted) = evicted {
            self.kept_calls = self.kept_calls.saturating_sub(evicted.kept_calls());
            self.losses.count(Loss::PrincipalEvicted);
        }
        slot
    }

    /// Writes down that the scene's call counts against a subject.
    pub(crate) fn charge(&mut self, slot: usize, detector: Detector, scene: &Scene<'_>) {
        let room = self.kept_calls < self.kept_calls_max;
        let subject = self.subjects.at_mut(slot);
        subject.mark(detector, scene.call, scene.seen.route);
        // An owner's call that shows up an earlier trespass is not the trespasser's.
        let theirs = detector != Detector::ForeignOwner || scene.judged.contains(&slot);
        if room && theirs {
            self.kept_calls += subject.keep_call(detector, scene.call);
        }
        self.charged.push((slot, detector));
    }

    /// The address table's row of the scene's client.
    pub(crate) fn address_of(&mut self, call: &ApiCall) -> usize {
        let principal = self.names.address(call.client);
        self.subject_of(&principal, call.ended_at)
    }

    /// Bytes held by all tables.
    pub(crate) fn bytes(&self) -> usize {
        self.routes.bytes()
            + self.subjects.bytes()
            + self.objects.bytes()
            + self.links.bytes()
            + self.users.bytes()
            + self.missed.bytes()
            + self.agents.bytes()
            + self.kept_calls * 160
    }
}

impl Scene<'_> {
    pub(crate) fn served(&self) -> bool {
        self.outcome == Outcome::Served
    }
}

/// Days since the epoch.
pub(crate) fn day_of(at: Timestamp) -> u16 {
    u16::try_from(at.as_secs() / 86_400).unwrap_or(u16::MAX)
}
