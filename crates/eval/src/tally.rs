//! The tally of one run: calls with their labels, findings and verdicts in, in order; what each was worth out. Holds a
//! bounded part of what it saw.

use std::collections::BTreeMap;

use model::{ApiCall, Finding, PrincipalId, PrincipalKind, Pseudonyms, Timestamp, Verdict};
use smallvec::SmallVec;

use crate::{
    calibration::{Calibration, Day},
    force::{Block, Force},
    honest::{Honest, Wrong, day_of},
    progress::{Progress, Reached},
    tier::Tier,
    truth::Label,
    usage::{Usage, Users},
};

/// Verdicts remembered; further ones are counted as `unrecorded`.
const RAISED_MAX: usize = 200_000;
/// Attacks followed.
const ATTACKS_MAX: usize = 100_000;
/// First findings remembered per attack, one per detector.
const DETECTORS_MAX: usize = 64;
/// Detectors kept of a verdict.
const NAMED: usize = 3;

/// One enforceable verdict, with whom it met.
#[derive(Clone, Debug)]
pub(crate) struct Raised {
    pub(crate) at: Timestamp,
    pub(crate) enforced: Timestamp,
    pub(crate) principal: PrincipalId,
    pub(crate) kind: PrincipalKind,
    pub(crate) tier: Tier,
    pub(crate) p: f64,
    /// The strongest detectors, at most 3.
    pub(crate) detectors: Vec<String>,
    pub(crate) reason: String,
    /// Who used the principal so far.
    pub(crate) users: Users,
    /// What each attack that used the principal had reached when the verdict came into force.
    pub(crate) reached: SmallVec<[(u32, Reached); 1]>,
    /// Honest actors refused by it.
    pub(crate) denied_actors: u64,
    /// From each one's first refused call to the end of the block.
    pub(crate) denied_minutes: f64,
}

/// What one attack came to.
#[derive(Debug, Default)]
pub(crate) struct Course {
    pub(crate) progress: Progress,
    /// What it had reached at the first finding of each detector about a principal that it used.
    pub(crate) findings: BTreeMap<String, Reached>,
    /// Verdicts not yet in force, by number.
    pending: SmallVec<[u32; 2]>,
}

/// Everything counted in one run.
pub struct Tally {
    names: Pseudonyms,
    pub(crate) usage: Usage,
    pub(crate) honest: Honest,
    pub(crate) courses: BTreeMap<u32, Course>,
    pub(crate) raised: Vec<Raised>,
    pub(crate) calibration: Calibration,
    force: Force,
    /// Calls seen.
    pub(crate) calls: u64,
    /// When the first of them was made.
    pub(crate) first: Option<Timestamp>,
    /// Verdicts that were too many to remember.
    pub(crate) unrecorded: u64,
}

impl Tally {
    /// A tally of nothing, for calls with these pseudonyms.
    #[must_use]
    pub fn new(names: Pseudonyms) -> Self {
        Self {
            names,
            usage: Usage::new(),
            honest: Honest::default(),
            courses: BTreeMap::new(),
            raised: Vec::new(),
            calibration: Calibration::default(),
            force: Force::default(),
            calls: 0,
            first: None,
            unrecorded: 0,
        }
    }

    /// Takes in a call, before it is judged.
    pub fn call(&mut self, call: &ApiCall, label: Label) {
        self.calls += 1;
        self.first.get_or_insert(call.at);
        let carried = carried(call, &self.names);
        for principal in &carried {
            self.usage.learn(*principal, label);
        }
        match label.attack {
            Some(attack) => self.attacking(call, label, attack, carried[0]),
            None => self.honestly(call, label, &carried),
        }
    }

    /// Takes in a verdict that comes into force at `enforced`.
    pub fn verdict(&mut self, verdict: &Verdict, enforced: Timestamp) {
        let Some(tier) = Tier::of(verdict) else { return };
        if self.raised.len() >= RAISED_MAX {
            self.unrecorded += 1;
            return;
        }
        let number = u32::try_from(self.raised.len()).unwrap_or(u32::MAX);
        let users = self.usage.of(verdict.principal.id).cloned().unwrap_or_default();
        let mut reached = SmallVec::new();
        for attack in &users.attacks {
            let Some(course) = self.courses.get_mut(attack) else { continue };
            reached.push((*attack, course.progress.now));
            course.pending.push(number);
        }
        if users.attacks.is_empty() {
            self.honest.wrong(users.latest, verdict.at, Wrong::Raised(tier));
        }
        if tier == Tier::Block {
            self.force
                .begin(verdict.principal.id, Block { from: enforced, until: verdict.until, verdict: number });
        }
        self.raised.push(Raised {
            at: verdict.at,
            enforced,
            principal: verdict.principal.id,
            kind: verdict.principal.kind,
            tier,
            p: verdict.p,
            detectors: verdict.detectors.iter().take(NAMED).map(ToString::to_string).collect(),
            reason: verdict.reason.clone(),
            users,
            reached,
            denied_actors: 0,
            denied_minutes: 0.0,
        });
    }

    /// Takes in a finding.
    pub fn finding(&mut self, finding: &Finding) {
        let Some(users) = self.usage.of(finding.principal.id) else { return };
        for attack in users.attacks.clone() {
            let Some(course) = self.courses.get_mut(&attack) else { continue };
            if course.findings.len() < DETECTORS_MAX
                && !course.findings.contains_key(finding.detector.as_str())
            {
                course.findings.insert(finding.detector.to_string(), course.progress.now);
            }
        }
    }

    /// Takes in a principal's probabilities at the end of a day; those of principals that attacks used do not count.
    pub fn day(&mut self, principal: PrincipalId, day: &Day<'_>) {
        if self.usage.of(principal).is_some_and(|users| users.attacks.is_empty()) {
            self.calibration.day(day);
        }
    }

    fn attacking(&mut self, call: &ApiCall, label: Label, attack: u32, address: PrincipalId) {
        self.honest.taint(label.actor);
        if self.courses.len() >= ATTACKS_MAX && !self.courses.contains_key(&attack) {
            return;
        }
        let course = self.courses.entry(attack).or_default();
        course.progress.call(call, label, address);
        let now = course.progress.now;
        let raised = &mut self.raised;
        course.pending.retain(|number| {
            let Some(verdict) = raised.get_mut(*number as usize).filter(|one| call.at < one.enforced) else {
                return false;
            };
            // Gains go on until the verdict is in force; the time to detect ends with the verdict.
            for (_, reached) in verdict.reached.iter_mut().filter(|(of, _)| *of == attack) {
                (reached.records, reached.sensitive) = (now.records, now.sensitive);
            }
            true
        });
    }

    fn honestly(&mut self, call: &ApiCall, label: Label, carried: &[PrincipalId]) {
        self.honest.call(label, call.at);
        let Some(block) = self.force.meets(carried, call.at) else { return };
        self.honest.wrong(label.actor, call.at, Wrong::Denied);
        if self.honest.denied_by(label.actor, block.verdict)
            && let Some(raised) = self.raised.get_mut(block.verdict as usize)
        {
            raised.denied_actors += 1;
            raised.denied_minutes += block.until.since(call.at).as_secs_f64() / 60.0;
        }
    }

    /// The day of a verdict, counted from the epoch.
    pub(crate) fn day_of(raised: &Raised) -> u16 {
        day_of(raised.at)
    }
}

/// Every principal that a call carries: its address first.
pub(crate) fn carried(call: &ApiCall, names: &Pseudonyms) -> SmallVec<[PrincipalId; 5]> {
    let mut carried = SmallVec::new();
    carried.push(names.address(call.client).id);
    carried.extend(call.identities.iter().map(|principal| principal.id));
    carried
}
