//! Null hypothesis: nobody touches what is linked nowhere. Touched decoys in, certainty out. Never counts a decoy that
//! several callers of good standing have touched: it has leaked.

use model::{Action, Evidence, Finding, FindingId, Grade, PrincipalKind};

use super::{Assessment, Detector, Spec, Voice, Words};
use crate::{
    explain::{count, span},
    hash::remember,
    scene::Scene,
    subjects::{Subject, short_reference},
    world::{DecoyUse, World},
};

pub(super) const SPEC: Spec = Spec {
    name: "decoy",
    detector: Detector::Decoy,
    voice: Voice::Sharp,
    observe,
    assess,
    explain,
    ..Spec::BOUND
};

/// Probability of touching a decoy by accident on one day.
const P: f64 = 1e-9;
/// Callers of good standing that make a decoy worthless.
const LEAKED_AT: usize = 3;
/// Served calls of a caller of good standing.
const GOOD_STANDING_CALLS: u32 = 20;
/// Decoys kept track of.
const DECOYS_MAX: usize = 1_024;

fn observe(world: &mut World, scene: &Scene<'_>) {
    if scene.call.grade == Grade::C {
        return;
    }
    for name in &scene.call.decoys {
        if !world.decoys.contains_key(name) && world.decoys.len() < DECOYS_MAX {
            world.decoys.insert(name.clone(), DecoyUse::default());
        }
        for slot in &scene.judged {
            let subject = world.subjects.at(*slot);
            let good = subject.served >= GOOD_STANDING_CALLS && subject.teaches();
            let (family, principal) = (subject.family, subject.principal.clone());
            let Some(decoy) = world.decoys.get_mut(name) else { continue };
            if decoy.leaked {
                continue;
            }
            if good {
                remember(&mut decoy.callers, family, LEAKED_AT);
            }
            if decoy.callers.len() >= LEAKED_AT {
                decoy.leaked = true;
                let observed = format!("decoy {name} was touched by {LEAKED_AT} callers of good standing");
                world.findings.push(Finding {
                    at: scene.call.ended_at,
                    id: FindingId(world.names.short(b"finding decoy", name.as_bytes())),
                    detector: SPEC.name.into(),
                    principal,
                    p: 1.0,
                    reason: format!("Decoy {name} has leaked and no longer counts: {LEAKED_AT} callers of good standing touched it."),
                    evidence: Evidence {
                        expected: "nobody of good standing touches a decoy".to_owned(),
                        observed,
                        calls: vec![short_reference(scene.call)],
                    },
                });
                continue;
            }
            world.charge(*slot, Detector::Decoy, scene);
        }
    }
}

fn assess(_: &World, subject: &Subject) -> Assessment {
    let Some(mark) = subject.marked(Detector::Decoy) else { return Assessment::SILENT };
    // A page of somebody else's can make a browser send its cookie, but not a token.
    let forced =
        mark.own_will == 0 && matches!(subject.principal.kind, PrincipalKind::Cookie | PrincipalKind::Ip);
    Assessment {
        p: if mark.hits > 0 { P } else { 1.0 },
        unattested: if mark.hits + mark.unattested > 0 { P } else { 1.0 },
        limit: if forced { Action::StepUp } else { Action::Block },
        demand: Action::Observe,
    }
}

fn explain(_: &World, subject: &Subject) -> Words {
    let Some(mark) = subject.marked(Detector::Decoy) else { return Words::default() };
    let hits = count(u64::from(mark.hits.max(mark.unattested)), "time");
    let took = span(mark.first, mark.last);
    Words {
        expected: "no normal caller touches a decoy: nothing links to it".to_owned(),
        observed: format!("touched a decoy {hits} {took}"),
        reason: format!("Touched a decoy that nothing links to, {hits} {took}."),
        refuted_by: "The decoy's path or token was published or linked by mistake.".to_owned(),
    }
}
