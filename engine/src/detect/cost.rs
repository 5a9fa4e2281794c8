//! Null hypothesis: a caller's busiest moment of a day is one that peers, or it itself on other days, have reached. Calls in,
//! evidence per burst of calls in ten seconds or of the service's time in ten minutes out. Never counts how long a call took:
//! others may have slowed it down.

use model::Action;

use super::{Assessment, Crowding, Detector, Spec, Voice, Words};
use crate::{
    habits::volume::{
        Bursts, LONG_S, SHORT_S,
        peaks::{Peaks, Terms},
    },
    scene::{Deed, Scene},
    stats::seconds,
    subjects::Subject,
    world::World,
};

pub(super) const SPEC: Spec = Spec {
    name: "cost",
    detector: Detector::Cost,
    voice: Voice::Sharp,
    crowding: Crowding::Excuses,
    observe,
    assess,
    explain,
    forgive,
    unlearn,
    ..Spec::BOUND
};

/// Bursts that are no burst, whatever others do: what one page may call at once, and the time that one such call may take.
/// Calls in ten seconds; hundredths of a second in ten minutes.
const TERMS: Terms = Terms { least: &[40.0, 3_000.0], kept: 0.9, free_at_first: false };

fn observe(world: &mut World, scene: &Scene<'_>) {
    if !scene.attested || scene.outage || scene.deed == Deed::Aside {
        return;
    }
    let time = world.shared.volume.times.of(scene);
    for slot in &scene.judged {
        let subject = world.subjects.at_mut(*slot);
        let Some(habits) = &mut subject.habits else { continue };
        let peers = &mut world.shared.volume.bursts[usize::from(scene.by_address)];
        let who = (subject.family.0, !subject.today.condemned);
        let Bursts { short, long, peaks } = &mut habits.volume.bursts;
        peaks.begin(scene.day, peers, who, &TERMS);
        let at = seconds(scene.call.ended_at);
        let amounts = [short.add(at / SHORT_S, 1.0), long.add(at / LONG_S, time)];
        let mut raised = false;
        for (amount, peers) in amounts.into_iter().enumerate().zip(peers) {
            raised |= peaks.take(amount, peers, who, true, &TERMS);
        }
        if raised {
            peaks.tell();
            world.charge(*slot, Detector::Cost, scene);
        }
    }
}

fn peaks(subject: &Subject) -> Option<&Peaks<[f32; 2]>> {
    let peaks = &subject.habits.as_ref()?.volume.bursts.peaks;
    (peaks.day == subject.today.day && peaks.nats > 0.0).then_some(peaks)
}

fn assess(_: &World, subject: &Subject) -> Assessment {
    let Some(peaks) = peaks(subject) else { return Assessment::SILENT };
    let p = (-f64::from(peaks.nats)).exp();
    Assessment { p, unattested: p, limit: Action::Block, demand: Action::Observe }
}

fn explain(_: &World, subject: &Subject) -> Words {
    let Some(peaks) = peaks(subject) else { return Words::default() };
    let which = usize::from(peaks.which);
    let words = |amount: f32| match which {
        0 => format!("{amount:.0} calls in {SHORT_S} s"),
        _ => format!("{:.0} s of the service's time in {} min", amount / 100.0, LONG_S / 60),
    };
    let (peak, known, usual) = (peaks.today[which], peaks.known, peaks.usual[which]);
    Words {
        expected: format!("at most {}; its own highest of other days is {}", words(known), words(usual)),
        observed: words(peak),
        reason: format!(
            "Made {}, {:.0} times the highest that peers or it itself have reached on other days ({}).",
            words(peak),
            peak / known,
            words(known)
        ),
        refuted_by: "It was told to make these calls: a load test, a migration, a new contract.".to_owned(),
    }
}

fn forgive(subject: &mut Subject) {
    subject.habits.iter_mut().for_each(|habits| habits.volume.bursts.peaks.forgive());
}

fn unlearn(world: &mut World, slot: usize) {
    let who = world.subjects.at(slot).family.0;
    world.shared.volume.bursts.iter_mut().flatten().for_each(|records| records.forget(who));
}
