//! Null hypothesis: a caller makes no more calls in a day, and gets no more records, than others with its sort of credential, or
//! than itself on other days: the third highest of distinct callers counts, the tail falls with the third power. A day's
//! amounts in, evidence out. Never blocks: many calls are slowed down, and more is for those who know what was taken.

use model::{Action, PrincipalKind};

use super::{Assessment, Crowding, Detector, Spec, Voice, Words};
use crate::{
    doors::sort_of,
    habits::volume::peaks::{Peaks, Terms},
    meters::Metric,
    scene::{Deed, Scene},
    subjects::Subject,
    world::World,
};

pub(super) const SPEC: Spec = Spec {
    name: "excess",
    detector: Detector::Excess,
    voice: Voice::Sharp,
    crowding: Crowding::Excuses,
    observe,
    assess,
    explain,
    forgive,
    unlearn,
    ..Spec::BOUND
};

const METRICS: [Metric; 2] = [Metric::Calls, Metric::Records];
/// Calls and records of a day that are not many, whatever others do.
const TERMS: Terms = Terms { least: [300.0, 1_000.0], kept: 0.97, free_at_first: true };
/// Active days after which it is known how much a machine has to do: its first ones tell nothing of its task.
const MACHINE_DAYS: u8 = 4;

fn observe(world: &mut World, scene: &Scene<'_>) {
    if !scene.attested || scene.outage || scene.deed == Deed::Aside {
        return;
    }
    for slot in &scene.judged {
        let subject = world.subjects.at_mut(*slot);
        let who = (subject.family.0, !subject.today.condemned);
        let (kind, sort) = (subject.principal.kind, sort_of(scene.call, subject.principal.kind));
        let Some(habits) = &mut subject.habits else { continue };
        let (meters, days) = (&habits.volume.meters, &mut habits.volume.days);
        let peers = world.shared.volume.days.of(sort);
        days.begin(scene.day, peers, who, &TERMS);
        let is_known = kind != PrincipalKind::ApiKey || meters.active() >= MACHINE_DAYS;
        let amounts = METRICS.map(|metric| meters.today(metric));
        let mut raised = false;
        for (amount, peers) in amounts.into_iter().enumerate().zip(peers) {
            raised |= days.take(amount, peers, who, is_known, &TERMS);
        }
        if raised {
            days.tell();
            world.charge(*slot, Detector::Excess, scene);
        }
    }
}

fn days(subject: &Subject) -> Option<&Peaks> {
    let days = &subject.habits.as_ref()?.volume.days;
    (days.day == subject.today.day && days.nats > 0.0).then_some(days)
}

fn assess(_: &World, subject: &Subject) -> Assessment {
    let Some(days) = days(subject) else { return Assessment::SILENT };
    let p = (-f64::from(days.nats)).exp();
    Assessment { p, unattested: p, limit: Action::RateLimit, demand: Action::Observe }
}

fn explain(_: &World, subject: &Subject) -> Words {
    let Some(days) = days(subject) else { return Words::default() };
    let which = usize::from(days.which);
    let words = |amount: f32| METRICS[which].words(amount);
    let (today, known, usual) = (days.today[which], days.known, days.usual[which]);
    let callers = match subject.principal.kind {
        PrincipalKind::Ip => "addresses without a credential",
        _ => "callers with its sort of credential",
    };
    Words {
        expected: format!(
            "hardly any of the {callers} has more than {} in a day; its own highest of other days is {}",
            words(known),
            words(usual)
        ),
        observed: format!("{} since midnight UTC", words(today)),
        reason: format!(
            "{} since midnight UTC, {:.0} times the most that {callers} or it itself have had in a day ({}).",
            words(today),
            today / known,
            words(known)
        ),
        refuted_by: "It was told to take so much: a crawler that is welcome, a migration, a new contract."
            .to_owned(),
    }
}

fn forgive(subject: &mut Subject) {
    subject.habits.iter_mut().for_each(|habits| habits.volume.days.forgive());
}

fn unlearn(world: &mut World, slot: usize) {
    let who = world.subjects.at(slot).family.0;
    world.shared.volume.days.forget(who);
}
