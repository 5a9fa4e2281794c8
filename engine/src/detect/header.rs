//! Null hypothesis: a caller's head shows a trick (another method, target or host than its own, names that gateways read as
//! others, values that look like code) as seldom as established callers' heads do. Kinds of tricks in, evidence out. Never
//! counts what a caller's software has always done.

use model::{Action, Grade, HeadSign};

use super::{Assessment, Crowding, Detector, Spec, Voice, Words};
use crate::{
    explain::{count, span},
    scene::Scene,
    subjects::Subject,
    world::World,
};

pub(super) const SPEC: Spec = Spec {
    name: "header",
    detector: Detector::Header,
    voice: Voice::Support,
    crowding: Crowding::Excuses,
    observe,
    assess,
    explain,
    ..Spec::BOUND
};

/// The tricks; what tokens and paths do is for others.
const TRICKS: [HeadSign; 7] = [
    HeadSign::MethodOverride,
    HeadSign::TargetOverride,
    HeadSign::HostOverride,
    HeadSign::Lookalike,
    HeadSign::LongField,
    HeadSign::ManyFields,
    HeadSign::Field,
];
/// Calls within which a trick is the caller's software rather than its will, and how often new software brings one.
const NEW_CALLS: u32 = 20;
const NEW_RATE: f64 = 0.02;

fn observe(world: &mut World, scene: &Scene<'_>) {
    let signs = scene.call.context.signs;
    if signs.is_empty() || scene.call.grade == Grade::C {
        return;
    }
    for sign in TRICKS.into_iter().filter(|sign| signs.contains(*sign)) {
        let Some(rate) = world.shared.content.signatures.of_head(sign) else { continue };
        for slot in &scene.judged {
            weigh(world, scene, *slot, (sign, rate));
        }
    }
}

/// Counts a kind of trick that this caller had not shown.
fn weigh(world: &mut World, scene: &Scene<'_>, slot: usize, (sign, rate): (HeadSign, f64)) {
    let subject = world.subjects.at_mut(slot);
    let rate = if subject.calls < NEW_CALLS { rate.max(NEW_RATE) } else { rate };
    let mark = subject.mark_mut(Detector::Header);
    let bit = 1 << sign as u32;
    if mark.kinds & bit != 0 {
        return;
    }
    mark.kinds |= bit;
    subject.step_proof(Detector::Header, rate, scene.day, scene.attested);
    world.charge(slot, Detector::Header, scene);
}

fn assess(_: &World, subject: &Subject) -> Assessment {
    let Some(mark) = subject.marked(Detector::Header) else { return Assessment::SILENT };
    let p = mark.proof.p();
    Assessment { p, unattested: mark.unattested_p(p), limit: Action::StepUp, demand: Action::Observe }
}

fn explain(world: &World, subject: &Subject) -> Words {
    let Some(mark) = subject.marked(Detector::Header) else { return Words::default() };
    let signatures = &world.shared.content.signatures;
    let shown = || TRICKS.into_iter().filter(|sign| mark.kinds & 1 << *sign as u32 != 0);
    let names = shown().map(HeadSign::name).collect::<Vec<_>>().join(", ");
    let callers = count(u64::from(signatures.callers()), "established caller");
    let others = shown().map(|sign| signatures.with(sign)).max().unwrap_or(0);
    let took = span(mark.first, mark.last);
    let kinds = count(u64::from(mark.kinds.count_ones()), "trick");
    Words {
        expected: format!("of {callers} {others} at most show one of these"),
        observed: format!("{kinds} in heads {took}: {names}"),
        reason: format!(
            "Sent heads with {kinds} {took}: {names}; of {callers} {others} at most do one of these."
        ),
        refuted_by: "The client's software or a proxy before it has changed.".to_owned(),
    }
}
