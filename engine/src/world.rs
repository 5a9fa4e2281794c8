//! Everything that is learnt, in bounded tables. Never judges.

use std::{collections::BTreeMap, time::Duration};

use compact_str::CompactString;
use model::{ApiCall, Finding, Loss, Losses, Principal, PrincipalId, PrincipalKind, Pseudonyms, Timestamp};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::{
    age::Phase,
    audit::AuditedDay,
    budget::Budget,
    causes::Causes,
    cells::Cells,
    classes::Classes,
    climb::Kin,
    cohorts::Cohorts,
    cold::ColdStore,
    config::EngineConfig,
    detect::{Detector, Quirks, REGISTRY, Set},
    doors::Doors,
    habits::{HABITS_FROM_CALLS, Habits, Shared},
    hash::Tag,
    inference::Inference,
    inventory::Inventory,
    links::Links,
    objects::Objects,
    outage::Outage,
    routes::Routes,
    scene::Scene,
    stats::{Prior, Process},
    subjects::Subject,
    table::{Table, Worth},
    threats::Threats,
};

/// What a suspicious subject holds in boxes, evidence calls not counted.
const BOXED_BYTES: usize = 400;
/// What the habits of one subject hold in boxes of their own.
const HABITS_BOXED_BYTES: usize = 500;

/// Sweeps in which every row has its turn.
const SWEEPS_PER_ROUND: usize = 3_600;
/// Idleness after which habits are dropped: when three quarters of their room are taken, and when all is.
const IDLE_WHEN_SHORT: Duration = Duration::from_secs(86_400);
const IDLE_WHEN_FULL: Duration = Duration::from_secs(3_600);

/// All that the detectors share.
pub(crate) struct World {
    pub(crate) config: EngineConfig,
    pub(crate) names: Pseudonyms,
    pub(crate) routes: Routes,
    /// What is known of routes, for people.
    pub(crate) inventory: Inventory,
    pub(crate) subjects: Table<PrincipalId, Subject>,
    pub(crate) objects: Objects,
    pub(crate) classes: Classes,
    pub(crate) doors: Doors,
    pub(crate) links: Links,
    /// Which fields say who calls.
    pub(crate) inference: Inference,
    pub(crate) users: Table<PrincipalId, User>,
    /// Users whose credentials were blocked.
    pub(crate) kin: Table<PrincipalId, Kin>,
    pub(crate) missed: Table<u64, Missed>,
    pub(crate) agents: Table<u64, Agent>,
    pub(crate) decoys: BTreeMap<CompactString, DecoyUse>,
    pub(crate) quirks: Quirks,
    pub(crate) foreign_prior: Prior,
    pub(crate) probing_prior: Prior,
    pub(crate) login_prior: Prior,
    /// What the groups of detectors keep of everybody.
    pub(crate) shared: Shared,
    pub(crate) cohorts: Cohorts,
    pub(crate) cells: Cells,
    pub(crate) causes: Causes,
    pub(crate) outage: Outage,
    pub(crate) threats: Threats,
    pub(crate) budget: Budget,
    pub(crate) losses: Losses,
    /// End of the first call ever.
    pub(crate) started: Timestamp,
    /// Detectors that do not run, and those that may block.
    pub(crate) disabled: Set,
    pub(crate) blockers: Set,
    /// The engine's present time, and the row looked at last by the sweep.
    pub(crate) now: Timestamp,
    pub(crate) swept: usize,
    /// Subjects that have habits, and how many may.
    pub(crate) habits: usize,
    pub(crate) habits_max: usize,
    /// Where rows go that have no room.
    pub(crate) cold: Option<Box<dyn ColdStore>>,
    /// What was read ahead, added up: of no use but that it was read.
    glances: u64,
    /// Who gained evidence by the present call, and under which detector.
    pub(crate) charged: SmallVec<[(usize, Detector); 4]>,
    /// Findings that are about no subject under judgement.
    pub(crate) findings: Vec<Finding>,
    /// Finished days, when they are asked for.
    pub(crate) audited: Vec<AuditedDay>,
    pub(crate) kept_calls: usize,
    pub(crate) kept_calls_max: usize,
}

/// A user as named by password tries and proven credentials. Never limited for what strangers do in its name.
#[derive(Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) failing_addresses: Vec<Tag>,
    pub(crate) failures: u32,
    pub(crate) process: Process,
    pub(crate) told: u8,
    /// Failed passwords before the last sign-in that came after some, and when that was.
    pub(crate) stumbles: (u8, Timestamp),
}

impl Worth for User {
    fn worth(&self) -> u32 {
        u32::try_from(self.failing_addresses.len()).unwrap_or(u32::MAX)
    }
}

/// A target that answered with an error: the callers that met it.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Missed {
    pub(crate) callers: [Tag; 3],
}

impl Worth for Missed {
    fn worth(&self) -> u32 {
        u32::from(self.callers[1].is_some())
    }
}

/// A software that callers switched to lately.
#[derive(Default, Serialize, Deserialize)]
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
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct DecoyUse {
    pub(crate) callers: Vec<Tag>,
    pub(crate) leaked: bool,
}

/// Detectors that do not run: those that are off, and those that lack what they need.
fn silent(config: &EngineConfig) -> Set {
    let mut silent = Set::named(&config.disabled);
    if config.known.places.is_none() {
        silent.add(Detector::Travel);
    }
    silent
}

impl World {
    pub(crate) fn new(config: EngineConfig, names: Pseudonyms) -> Self {
        let share = |percent: usize| config.memory_bytes / 100 * percent;
        let seeds = [0_u8, 1, 2, 3].map(|part| names.short(b"engine", &[part]));
        Self {
            routes: Routes::within(share(5), seeds),
            inventory: Inventory::within(share(2), &names),
            subjects: Table::with_boxes(share(29), BOXED_BYTES),
            objects: Objects::within(share(17)),
            shared: Shared::within(share(6), &names),
            cohorts: Cohorts::default(),
            cells: Cells::within(share(4)),
            causes: Causes::default(),
            outage: Outage::default(),
            threats: Threats::of_lists(&config.known),
            budget: Budget::default(),
            started: Timestamp::ZERO,
            disabled: silent(&config),
            blockers: Set::named(&config.block_families),
            now: Timestamp::ZERO,
            swept: 0,
            habits: 0,
            habits_max: share(20) / (size_of::<Habits>() + HABITS_BOXED_BYTES),
            classes: Classes::default(),
            doors: Doors::within(share(1)),
            links: Links::within(share(4)),
            inference: Inference::within(share(1), &names),
            users: Table::within(share(2)),
            kin: Table::within(0),
            missed: Table::within(share(2)),
            agents: Table::within(share(1)),
            decoys: BTreeMap::new(),
            quirks: Quirks::default(),
            // Light in its tail: whose work it is, and where sharing is usual, is told by `Doors`.
            foreign_prior: Prior::new([0.5, 0.3, 0.12, 0.05, 0.01, 0.001, 3e-5, 3e-6, 1e-6, 1e-7]),
            probing_prior: Prior::new([0.15, 0.15, 0.15, 0.2, 0.2, 0.1, 0.02, 1e-3, 1e-5, 1e-6]),
            login_prior: Prior::new([0.02, 0.03, 0.1, 0.2, 0.3, 0.25, 0.05, 2e-3, 1e-5, 1e-6]),
            losses: Losses::default(),
            cold: None,
            glances: 0,
            charged: SmallVec::new(),
            findings: Vec::new(),
            audited: Vec::new(),
            kept_calls: 0,
            kept_calls_max: share(6) / 160,
            config,
            names,
        }
    }

    /// The slot of a principal's row, made now if it has none.
    pub(crate) fn subject_of(&mut self, principal: &Principal, now: Timestamp) -> usize {
        if let Some(slot) = self.subjects.find(principal.id) {
            return slot;
        }
        if let Some(subject) = self.thaw(principal.id) {
            return self.enter(principal.id, subject);
        }
        let mut subject = Subject::new(principal.clone(), now);
        if let Some(link) = self.links.take(principal.id) {
            subject.family = link.root.map_or(subject.family, Tag::of);
            let before = self.links.nearest(&link, |id| self.subjects.peek(id).is_some());
            if let Some(forerunner) = before.and_then(|id| self.subjects.get_mut(id)) {
                subject.inherit(forerunner);
            }
            subject.unasked = link.unasked && principal.kind == PrincipalKind::Token;
            if let (Some(before), Some(user)) = (before, subject.user_id) {
                self.shared.volume.users.renew(user, before, principal.id);
            }
            if let Some(user) = link.user.filter(|_| !subject.user.is_some()) {
                (subject.user, subject.user_id) = (Tag::of(user), Some(user));
            }
            if let Some(user) = link.user {
                self.take_up(&mut subject, user);
            }
        }
        self.enter(principal.id, subject)
    }

    /// Gives a row its place; the one that has to go for it is kept in the cold if it is worth it.
    fn enter(&mut self, id: PrincipalId, subject: Subject) -> usize {
        let (slot, evicted) = self.subjects.insert(id, subject);
        if let Some(evicted) = evicted {
            self.kept_calls = self.kept_calls.saturating_sub(evicted.kept_calls());
            self.habits = self.habits.saturating_sub(usize::from(evicted.habits.is_some()));
            self.losses.count(Loss::PrincipalEvicted);
            self.freeze(evicted);
        }
        slot
    }

    /// Writes down that the scene's call counts against a subject.
    pub(crate) fn charge(&mut self, slot: usize, detector: Detector, scene: &Scene<'_>) {
        self.note(slot, detector, scene);
        self.charged.push((slot, detector));
    }

    /// Keeps the scene's call as evidence of a detector.
    pub(crate) fn note(&mut self, slot: usize, detector: Detector, scene: &Scene<'_>) {
        let room = self.kept_calls < self.kept_calls_max;
        let subject = self.subjects.at_mut(slot);
        subject.mark(detector, scene.call, scene.seen.route);
        // An owner's call that shows up an earlier trespass is not the trespasser's.
        let theirs = detector != Detector::ForeignOwner || scene.judged.contains(&slot);
        if room && theirs {
            self.kept_calls += subject.keep_call(detector, scene.call);
        }
    }

    /// Reads the rows that these calls will need, so that they come from memory side by side and not one after the other.
    /// Changes nothing that counts.
    pub(crate) fn look_ahead(&mut self, calls: &[ApiCall]) {
        let mut rows: SmallVec<[usize; 64]> = SmallVec::new();
        for who in calls.iter().flat_map(|call| &call.identities) {
            if who.kind.is_credential() {
                rows.extend(self.subjects.peek(who.id));
            }
        }
        let glances = rows.iter().map(|at| self.subjects.at(*at).glance());
        self.glances = glances.fold(self.glances, |sum, word| sum ^ word);
        let habits = rows.iter().filter_map(|at| self.subjects.at(*at).habits.as_ref());
        self.glances = habits.map(|habits| habits.glance()).fold(self.glances, |sum, word| sum ^ word);
        let places = rows.iter().filter_map(|at| self.subjects.at(*at).places.as_ref());
        let known = places.filter_map(|places| places.known.first());
        self.glances = known.fold(self.glances, |sum, place| sum ^ place.last.as_nanos());
    }

    /// Reads the rows of objects that will be touched one after the other. Changes nothing that counts.
    pub(crate) fn look_at(&mut self, objects: impl Iterator<Item = u64>) {
        self.glances = objects.fold(self.glances, |sum, id| sum ^ self.objects.glance(id));
    }

    /// The same for the rows that say that objects were given to somebody.
    pub(crate) fn look_at_grants(&mut self, objects: impl Iterator<Item = u64>, tag: Tag) {
        self.glances = objects.fold(self.glances, |sum, id| sum ^ self.objects.glance_grant(id, tag));
    }

    /// Gives a subject habits from its third call on, if there is room.
    pub(crate) fn accustom(&mut self, slot: usize) {
        let subject = self.subjects.at_mut(slot);
        if subject.habits.is_some() || subject.calls < HABITS_FROM_CALLS {
            return;
        }
        if self.habits >= self.habits_max {
            if subject.calls == HABITS_FROM_CALLS {
                self.losses.count(Loss::HabitsFull);
            }
            return;
        }
        subject.habits = Some(Box::default());
        self.habits += 1;
    }

    /// How far the cohort of a subject has come in learning.
    pub(crate) fn phase(&self, subject: &Subject, now: Timestamp) -> Phase {
        self.cohorts.phase(subject.cohort, self.started, now)
    }

    /// Takes back what a culprit has taught about others.
    pub(crate) fn unlearn(&mut self, slot: usize) {
        self.classes.retract(self.subjects.at_mut(slot));
        self.doors.retract(self.subjects.at_mut(slot));
        REGISTRY.iter().for_each(|spec| (spec.unlearn)(self, slot));
    }

    /// Looks at a few rows, all of them within an hour of calls: when memory is short, who has long been idle loses its
    /// habits to those who come.
    pub(crate) fn sweep(&mut self) {
        let idle = match self.habits {
            used if used >= self.habits_max => IDLE_WHEN_FULL,
            used if used / 3 * 4 >= self.habits_max => IDLE_WHEN_SHORT,
            _ => return,
        };
        for _ in 0..=self.subjects.len() / SWEEPS_PER_ROUND {
            self.swept = if self.swept + 1 < self.subjects.len() { self.swept + 1 } else { 0 };
            let Some(subject) = self.subjects.try_at(self.swept) else { return };
            if subject.habits.is_some() && self.now.since(subject.last) > idle {
                subject.habits = None;
                self.habits = self.habits.saturating_sub(1);
            }
        }
    }

    /// Takes a detector's score of a subject for today. Detectors whose grounds are `Score` call this for each call that
    /// changes it; it charges the call by itself once the score is rare among peers.
    #[allow(dead_code, reason = "for detectors of the unusual")]
    pub(crate) fn score(&mut self, slot: usize, detector: Detector, score: f32, scene: &Scene<'_>) {
        let subject = self.subjects.at_mut(slot);
        if !scene.attested || scene.outage || !subject.today.raise(detector, score) {
            return;
        }
        let (cohort, age) = (subject.cohort, subject.age(scene.day));
        if self.cells.is_rare(detector, cohort, age, score) {
            self.charge(slot, detector, scene);
        }
    }

    /// The address table's row of the scene's client.
    pub(crate) fn address_of(&mut self, call: &ApiCall) -> usize {
        let principal = self.names.address(call.client);
        self.subject_of(&principal, call.ended_at)
    }

    /// Bytes held by all tables.
    pub(crate) fn bytes(&self) -> usize {
        self.routes.bytes()
            + self.inventory.bytes()
            + self.subjects.bytes()
            + self.objects.bytes()
            + self.doors.bytes()
            + self.links.bytes()
            + self.inference.bytes()
            + self.users.bytes()
            + self.missed.bytes()
            + self.agents.bytes()
            + self.shared.bytes()
            + self.cells.bytes()
            + self.habits * (size_of::<Habits>() + HABITS_BOXED_BYTES)
            + self.kept_calls * 160
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_habits_make_room_when_memory_is_short() {
        let names = Pseudonyms::new([1; 16]);
        let mut world = World::new(EngineConfig::default(), names.clone());
        world.habits_max = 10;
        let at = |seconds: i64| Timestamp::from_parts(seconds, 0);
        for n in 0..12_u8 {
            let principal = names.address([10, 0, 0, n].into());
            let slot = world.subject_of(&principal, at(1_000));
            world.subjects.at_mut(slot).calls = HABITS_FROM_CALLS;
            world.accustom(slot);
        }
        assert_eq!((world.habits, world.losses.of(Loss::HabitsFull)), (10, 2));
        world.now = at(4_000);
        (0..20).for_each(|_| world.sweep());
        assert_eq!(world.habits, 10);
        world.now = at(5_000);
        (0..20).for_each(|_| world.sweep());
        assert_eq!(world.habits, 9);
        world.now = at(100_000);
        (0..20).for_each(|_| world.sweep());
        assert_eq!(world.habits, 8);
    }
}
