//! Null hypothesis: a caller makes no more calls in a day, gets no more records, deletes no more objects and has no more changes
//! refused than others with its sort of credential, or than itself on other days: the third highest of distinct callers
//! counts, the tail falls with the third power. A day's amounts in, evidence out. Never blocks: many calls are slowed down, who
//! deletes much is asked who it is, and more is for those who know what was taken.

use model::{Action, PrincipalKind};

use super::{Assessment, Crowding, Detector, Spec, Voice, Words};
use crate::{
    habits::volume::{
        DAY_AMOUNTS,
        peaks::{Peaks, Terms},
    },
    meters::Metric,
    scene::{Deed, Scene},
    sorts::sort_of,
    subjects::Subject,
    world::World,
};

pub(super) const SPEC: Spec = Spec {
    name: "excess",
    detector: Detector::Excess,
    voice: Voice::Slows,
    crowding: Crowding::Excuses,
    observe,
    assess,
    explain,
    forgive,
    unlearn,
    ..Spec::BOUND
};

const METRICS: [Metric; DAY_AMOUNTS - 1] = [Metric::Calls, Metric::Records, Metric::Deletions];
/// Places of the deletions and of the refused changes among the amounts.
const DELETIONS: usize = 2;
const REFUSED: usize = 3;
/// Calls, records, deletions and refused changes of a day that are not many, whatever others do.
const TERMS: Terms = Terms { least: &[300.0, 1_000.0, 8.0, 6.0], kept: 0.97, free_at_first: true };
/// Evidence of deletions, in nats, from which it is asked who deletes: 1 in 100 000.
const ASKED_FROM: f32 = 11.5;
/// Active days after which it is known how much a machine has to do: its first ones tell nothing of its task.
const MACHINE_DAYS: u8 = 4;

fn observe(world: &mut World, scene: &Scene<'_>) {
    if !scene.attested || scene.outage || scene.deed == Deed::Aside {
        return;
    }
    for slot in &scene.judged {
        let subject = world.subjects.at_mut(*slot);
        let who = (subject.family.0, !subject.today.condemned);
        let (kind, sort) = (subject.principal.kind, sort_of(scene.call, subject));
        let Some(habits) = &mut subject.habits else { continue };
        let (meters, days) = (&habits.volume.meters, &mut habits.volume.days);
        let peers = world.shared.volume.days.of(sort);
        days.begin(scene.day, peers, who, &TERMS);
        let is_known = kind != PrincipalKind::ApiKey || meters.active() >= MACHINE_DAYS;
        let mut amounts = [0.0; DAY_AMOUNTS];
        amounts.iter_mut().zip(METRICS).for_each(|(amount, metric)| *amount = meters.today(metric));
        amounts[REFUSED] = days.today[REFUSED] + f32::from(u8::from(is_refused_change(scene)));
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

/// A change that the service understood and did not make: a card declined, a coupon unknown, a value out of range.
fn is_refused_change(scene: &Scene<'_>) -> bool {
    scene.deed == Deed::Write && matches!(scene.call.status, Some(400 | 402 | 403 | 406..=428 | 430..=499))
}

fn days(subject: &Subject) -> Option<&Peaks<[f32; DAY_AMOUNTS]>> {
    let days = &subject.habits.as_ref()?.volume.days;
    (days.day == subject.today.day && days.nats > 0.0).then_some(days)
}

fn assess(_: &World, subject: &Subject) -> Assessment {
    let Some(days) = days(subject) else { return Assessment::SILENT };
    let p = (-f64::from(days.nats)).exp();
    let deletes = usize::from(days.which) == DELETIONS && subject.principal.kind != PrincipalKind::Ip;
    if deletes {
        let demand = if days.nats >= ASKED_FROM { Action::StepUp } else { Action::Observe };
        return Assessment { p, unattested: p, limit: Action::StepUp, demand };
    }
    Assessment { p, unattested: p, limit: Action::RateLimit, demand: Action::Observe }
}

fn explain(_: &World, subject: &Subject) -> Words {
    let Some(days) = days(subject) else { return Words::default() };
    let which = usize::from(days.which);
    let words = |amount: f32| match METRICS.get(which) {
        Some(metric) => metric.words(amount),
        None => format!("{amount:.0} refused changes"),
    };
    let ((today, usual), known) = (days.most(), days.known);
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
        refuted_by: match which {
            DELETIONS => "Its holder cleans up.",
            REFUSED => "A client with a mistake sends the same again and again.",
            _ => "It was told to take so much: a crawler that is welcome, a migration, a new contract.",
        }
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
