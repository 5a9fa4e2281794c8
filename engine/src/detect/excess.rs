//! Null hypothesis: a caller makes no more calls in a day, and gets no more records, than others with its sort of credential, or
//! than itself on other days: the third highest of distinct callers counts, the tail falls with the third power. A day's
//! amounts in, evidence out. Never blocks: many calls are slowed down, and more is for those who know what was taken.

use model::{Action, PrincipalKind};

use super::{Assessment, Crowding, Detector, Spec, Voice, Words};
use crate::{
    doors::sort_of,
    habits::volume::Most,
    meters::Metric,
    scene::{Deed, Scene},
    stats::Records,
    subjects::Subject,
    votes::nats,
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
const LEAST: [f32; 2] = [300.0, 1_000.0];
/// A day may become usual for one caller by so much, and is forgotten so slowly.
const RISE: f32 = 1.5;
const KEPT: f32 = 0.97;
/// Active days after which it is known how much a machine has to do: its first ones tell nothing of its task.
const MACHINE_DAYS: u8 = 4;
/// Evidence from which a call is charged, and again at each doubling, in nats.
const CHARGED_FROM: f32 = 4.6;
const CHARGED_AGAIN: f32 = 0.7;

fn observe(world: &mut World, scene: &Scene<'_>) {
    if !scene.attested || scene.outage || scene.deed == Deed::Aside {
        return;
    }
    for slot in &scene.judged {
        let subject = world.subjects.at_mut(*slot);
        let (who, teaches) = (subject.family.0, !subject.today.condemned);
        let (kind, sort) = (subject.principal.kind, sort_of(scene.call, subject.principal.kind));
        let Some(habits) = &mut subject.habits else { continue };
        let peers = world.shared.volume.days.of(sort);
        let most = &mut habits.volume.most;
        if most.day != scene.day {
            most.begin(scene.day, peers, who, teaches);
        }
        let is_new = kind == PrincipalKind::ApiKey && habits.volume.meters.active() < MACHINE_DAYS;
        let mut raised = false;
        for (which, metric) in METRICS.into_iter().enumerate() {
            let amount = habits.volume.meters.today(metric);
            if amount <= most.today[which].max(LEAST[which]) {
                continue;
            }
            most.today[which] = amount;
            raised |= !is_new && most.weigh(which, amount, &peers[which], who);
            if teaches {
                peers[which].learn(who, amount, scene.day, LEAST[which]);
            }
        }
        if raised {
            most.charged = most.nats;
            world.charge(*slot, Detector::Excess, scene);
        }
    }
}

impl Most {
    /// Begins a day: the last one becomes usual, at a bounded speed once it is known what peers do.
    fn begin(&mut self, day: u16, peers: &mut [Records; 2], who: u32, teaches: bool) {
        for (which, records) in peers.iter_mut().enumerate() {
            records.enter();
            let known = self.usual[which].max(records.peak(who)).max(LEAST[which]);
            let bound = if records.is_young() { f32::MAX } else { RISE * known };
            let reached = if teaches { self.today[which].min(bound) } else { 0.0 };
            self.usual[which] = reached.max(KEPT * self.usual[which]);
        }
        (self.day, self.today, self.nats, self.charged) = (day, [0.0; 2], 0.0, 0.0);
    }

    /// Compares an amount with those of peers and its own; whether it counts.
    fn weigh(&mut self, which: usize, amount: f32, peers: &Records, who: u32) -> bool {
        let known = peers.peak(who).max(self.usual[which]).max(LEAST[which]);
        let nats = nats(peers.p(amount / known));
        if nats > self.nats {
            (self.nats, self.which, self.known) = (nats, u8::from(which == 1), known);
        }
        self.nats >= CHARGED_FROM && self.nats >= self.charged + CHARGED_AGAIN
    }
}

fn most(subject: &Subject) -> Option<&Most> {
    let most = &subject.habits.as_ref()?.volume.most;
    (most.day == subject.today.day && most.nats > 0.0).then_some(most)
}

fn assess(_: &World, subject: &Subject) -> Assessment {
    let Some(most) = most(subject) else { return Assessment::SILENT };
    let p = (-f64::from(most.nats)).exp();
    Assessment { p, unattested: p, limit: Action::RateLimit, demand: Action::Observe }
}

fn explain(_: &World, subject: &Subject) -> Words {
    let Some(most) = most(subject) else { return Words::default() };
    let which = usize::from(most.which);
    let words = |amount: f32| METRICS[which].words(amount);
    let (today, known, usual) = (most.today[which], most.known, most.usual[which]);
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

/// What was held against it is usual for it from now on.
fn forgive(subject: &mut Subject) {
    if let Some(habits) = &mut subject.habits {
        let most = &mut habits.volume.most;
        for (usual, today) in most.usual.iter_mut().zip(most.today) {
            *usual = usual.max(today);
        }
        (most.nats, most.charged) = (0.0, 0.0);
    }
}

fn unlearn(world: &mut World, slot: usize) {
    let who = world.subjects.at(slot).family.0;
    world.shared.volume.days.forget(who);
}
