//! Judging: those who gained evidence by a call in, findings and verdicts out.

use model::{Action, ApiCall, Evidence, Finding, FindingId, Loss, Principal, PrincipalKind};

use crate::{
    causes::{LOUD_BELOW, News},
    decide::evidence,
    detect::{Crowding, Detector, Grounds, REGISTRY, is_side},
    engine::{Engine, Judgement},
    fuse::{Fused, fuse, voices},
    scene::{Scene, network},
    subjects::short_reference,
    threats::ODD_BELOW,
    votes::nats,
};

/// Probabilities at which a finding is written.
const FINDING_BELOW: [f64; 3] = [1e-2, 1e-4, 1e-6];
/// Below this fused probability a subject teaches nobody for the rest of the day.
const FLAGGED_BELOW: f64 = 1e-3;

impl Engine {
    /// Judges each subject that gained evidence, once.
    pub(crate) fn judge_charged(&mut self, scene: &Scene<'_>, out: &mut Vec<Judgement>) {
        let charged = std::mem::take(&mut self.world.charged);
        for (at, (slot, _)) in charged.iter().enumerate() {
            if charged[..at].iter().any(|(earlier, _)| earlier == slot) {
                continue;
            }
            let fused = self.hear(*slot, scene);
            if charged.iter().any(|(by, detector)| by == slot && is_side(*detector)) {
                self.note_agreement(*slot, &fused, scene);
            }
            self.tell(*slot, &fused, scene, out);
            out.extend(self.world.findings.drain(..).map(Judgement::Finding));
            let subject = self.world.subjects.at(*slot);
            let known = self.judge.is_blocked(subject.principal.id, scene.call.ended_at);
            let Some(verdict) = self.judge.decide(&self.world, subject, &fused, scene.call) else { continue };
            let mut user = None;
            if verdict.would == Action::Block {
                if !known {
                    self.world.budget.block(verdict.p);
                }
                self.world.unlearn(*slot);
                self.note_block(*slot, &verdict);
                user = self.climb(*slot, &verdict, scene.call);
            }
            out.push(Judgement::Verdict(verdict));
            out.extend(user.map(Judgement::Verdict));
        }
    }

    /// What adds to an agreement is its own evidence too.
    fn note_agreement(&mut self, slot: usize, fused: &Fused, scene: &Scene<'_>) {
        if fused.voices[Detector::Agreement as usize].unattested < FINDING_BELOW[0] {
            self.world.note(slot, Detector::Agreement, scene);
        }
    }

    /// Asks the detectors about a subject and writes down how unusual its day is.
    fn hear(&mut self, slot: usize, scene: &Scene<'_>) -> Fused {
        let now = scene.call.ended_at;
        let subject = self.world.subjects.at(slot);
        let voices = voices(&self.world, subject, now);
        let (cohort, age) = (subject.cohort, subject.age(scene.day));
        for (spec, voice) in REGISTRY.iter().zip(&voices) {
            let today = &mut self.world.subjects.at_mut(slot).today;
            if voice.p < 1.0 && spec.grounds == Grounds::Bound {
                today.raise(spec.detector, nats(voice.p));
            }
            let loud = voice.p < LOUD_BELOW && spec.crowding == Crowding::Excuses;
            if loud && today.loud.add(spec.detector) {
                let news = self.world.causes.count(spec.detector, cohort, age, network(scene.call));
                if let Some(news) = news {
                    self.tell_cause(slot, spec.detector, news, scene);
                }
            }
        }
        let mut fused = fuse(&self.world, self.world.subjects.at(slot), voices, now);
        if fused.unattested < ODD_BELOW && !self.world.config.known.lists.is_empty() {
            let is_address = self.world.subjects.at(slot).principal.kind == PrincipalKind::Ip;
            let threat = self.world.threats.of(&self.world.config.known, scene.call.client, is_address);
            threat.into_iter().for_each(|threat| fused.heed(threat));
        }
        self.world.consider_ring(slot, scene.day, fused.p);
        let theta = self.world.config.budget_false_blocks_per_million * 1e-6;
        let today = &mut self.world.subjects.at_mut(slot).today;
        today.lower(fused.p);
        let gated = !self.world.config.without.gated_learning;
        today.flagged |= gated && fused.p < FLAGGED_BELOW;
        today.condemned |= gated && fused.p < theta;
        fused
    }

    /// Tells people that many became unusual in one way at once.
    fn tell_cause(&mut self, slot: usize, detector: Detector, news: News, scene: &Scene<'_>) {
        let subject = self.world.subjects.at(slot);
        let name = REGISTRY[detector as usize].name;
        let key = [&[detector as u8, subject.cohort.0][..], &scene.day.to_be_bytes()].concat();
        let News { loud, active } = news;
        self.world.findings.push(Finding {
            at: scene.call.ended_at,
            id: FindingId(self.world.names.short(b"finding cause", &key)),
            detector: name.into(),
            principal: subject.principal.clone(),
            p: 1.0,
            reason: format!(
                "{loud} of {active} callers of one kind became unusual to {name} today: it looks like a release or an event, and counts less."
            ),
            evidence: Evidence {
                expected: "one caller in 1000 a day".to_owned(),
                observed: format!("{loud} of {active} callers of one kind"),
                calls: vec![short_reference(scene.call)],
            },
        });
    }

    /// Writes a finding for each detector whose probability passed a threshold for the first time.
    fn tell(&mut self, slot: usize, fused: &Fused, scene: &Scene<'_>, out: &mut Vec<Judgement>) {
        let subject = self.world.subjects.at_mut(slot);
        if subject.day != scene.day {
            (subject.day, subject.findings_today) = (scene.day, 0);
        }
        let subject = self.world.subjects.at(slot);
        let mut told = subject.told;
        let mut findings = Vec::new();
        for (at, spec) in REGISTRY.iter().enumerate() {
            let p = fused.voices[at].unattested;
            let level = FINDING_BELOW.iter().filter(|limit| p < **limit).count();
            let level = u8::try_from(level).unwrap_or(u8::MAX);
            if level <= told[at] {
                continue;
            }
            told[at] = level;
            let words = (spec.explain)(&self.world, subject);
            findings.push(Finding {
                at: scene.call.ended_at,
                id: self.finding_id(spec.name, &subject.principal, scene.call, level),
                detector: spec.name.into(),
                principal: subject.principal.clone(),
                p,
                evidence: evidence(subject, at, &words),
                reason: words.reason,
            });
        }
        let subject = self.world.subjects.at_mut(slot);
        subject.told = told;
        for finding in findings {
            if subject.findings_today >= self.world.config.findings_per_principal_max {
                self.world.losses.count(Loss::FindingSuppressed);
                continue;
            }
            subject.findings_today += 1;
            out.push(Judgement::Finding(finding));
        }
    }

    fn finding_id(&self, detector: &str, principal: &Principal, call: &ApiCall, level: u8) -> FindingId {
        let key = [
            detector.as_bytes(),
            &principal.id.0.to_be_bytes(),
            &call.id.0.to_be_bytes(),
            &call.ended_at.as_nanos().to_be_bytes(),
            &[level],
        ];
        FindingId(self.world.names.short(b"finding", &key.concat()))
    }
}
