//! What people say of verdicts, in: confirmed, false alarm, pardoned. What was taught by culprits is taken back; who was
//! wronged is left alone for a day.

use std::time::Duration;

use model::{Action, Evidence, Finding, FindingId, PrincipalId, Timestamp};

use crate::{
    engine::{Engine, Judgement},
    scene::Scene,
    subjects::short_reference,
};

/// How long a pardon holds.
const PARDON: Duration = Duration::from_secs(86_400);
/// A gateway has this long to carry out a block.
const GRACE: Duration = Duration::from_secs(60);

impl Engine {
    /// An operator takes back the verdict on a principal: its evidence is forgotten, and for 24 h it gets at most `notify`.
    pub fn pardon(&mut self, principal: PrincipalId, now: Timestamp) {
        self.judge.forget(principal);
        self.judge.rails.pardon(principal, now.after(PARDON));
        if let Some(subject) = self.world.subjects.get_mut(principal) {
            self.world.kept_calls = self.world.kept_calls.saturating_sub(subject.kept_calls());
            subject.absolve();
        }
        self.world.kin.get_mut(principal).map(std::mem::take);
    }

    /// A person found that a verdict was wrong: a pardon, counted as a wrong block. What the principal does counts as
    /// normal from now on.
    pub fn false_alarm(&mut self, principal: PrincipalId, now: Timestamp) {
        self.world.budget.false_alarms += u64::from(self.judge.was_blocked(principal));
        self.pardon(principal, now);
    }

    /// A person confirmed a verdict: what the principal has taught about others is taken back, and it teaches nobody today.
    pub fn confirm(&mut self, principal: PrincipalId) {
        self.world.budget.confirmed += u64::from(self.judge.was_blocked(principal));
        if let Some(slot) = self.world.subjects.find(principal) {
            self.world.unlearn(slot);
            let today = &mut self.world.subjects.at_mut(slot).today;
            (today.flagged, today.condemned) = (true, true);
        }
    }

    /// What a principal has taught about others is taken back, and it teaches nobody today; nothing is said of its verdicts.
    pub fn unlearn(&mut self, principal: PrincipalId) {
        if let Some(slot) = self.world.subjects.find(principal) {
            self.world.unlearn(slot);
            self.world.subjects.at_mut(slot).today.flagged = true;
        }
    }

    /// Tells people, once per verdict, that somebody whose block should be in force is still served.
    pub(crate) fn check_enforcement(&mut self, scene: &Scene<'_>, out: &mut Vec<Judgement>) {
        let now = scene.call.ended_at;
        if !scene.served() || !scene.attested {
            return;
        }
        for slot in &scene.judged {
            let subject = self.world.subjects.at(*slot);
            if subject.blocked_until <= now {
                continue;
            }
            let Some(since) = self.judge.unheeded(subject.principal.id, now, GRACE) else { continue };
            let late = now.since(since).as_secs();
            let key = [&subject.principal.id.0.to_be_bytes()[..], &since.as_nanos().to_be_bytes()].concat();
            out.push(Judgement::Finding(Finding {
                at: now,
                id: FindingId(self.world.names.short(b"finding enforcement", &key)),
                detector: "enforcement_failed".into(),
                principal: subject.principal.clone(),
                p: 1.0,
                reason: format!(
                    "Was served {late} s after its block: no gateway on its way carries the block out."
                ),
                evidence: Evidence {
                    expected: format!("a block is in force within {} s", GRACE.as_secs()),
                    observed: format!("{} answered {}", scene.call.method, scene.call.status.unwrap_or(0)),
                    calls: vec![short_reference(scene.call)],
                },
            }));
        }
    }

    /// Writes down until when a subject should be refused.
    pub(crate) fn note_block(&mut self, slot: usize, verdict: &model::Verdict) {
        if verdict.action == Action::Block {
            self.world.subjects.at_mut(slot).blocked_until = verdict.until;
        }
    }
}
