//! Null hypothesis: a caller's busiest moment of a day is one that peers, or it itself on other days, have reached. Calls in,
//! evidence per burst of calls in ten seconds or of the service's time in ten minutes out. Never counts how long a call took:
//! others may have slowed it down.

use model::Action;

use super::{Assessment, Crowding, Detector, Spec, Voice, Words};
use crate::{
    habits::volume::{Bursts, LONG_S, SHORT_S},
    scene::{Deed, Scene},
    stats::{Records, seconds},
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
const LEAST: [f32; 2] = [40.0, 3_000.0];
/// A burst may become usual for one caller by so much a day, and is forgotten so slowly.
const RISE: f32 = 1.5;
const KEPT: f32 = 0.9;
/// Evidence from which a call is charged, and again at each doubling, in nats.
const CHARGED_FROM: f32 = 4.6;
const CHARGED_AGAIN: f32 = 0.7;

fn observe(world: &mut World, scene: &Scene<'_>) {
    if !scene.attested || scene.outage || scene.deed == Deed::Aside {
        return;
    }
    let time = world.shared.volume.times.of(scene);
    for slot in &scene.judged {
        let subject = world.subjects.at_mut(*slot);
        let Some(habits) = &mut subject.habits else { continue };
        let peers = &mut world.shared.volume.bursts[usize::from(scene.by_address)];
        let (who, teaches) = (subject.family.0, !subject.today.condemned);
        let bursts = &mut habits.volume.bursts;
        if bursts.day != scene.day {
            bursts.begin(scene.day, peers, who, teaches);
        }
        let at = seconds(scene.call.ended_at);
        let amounts = [bursts.short.add(at / SHORT_S, 1.0), bursts.long.add(at / LONG_S, time)];
        let mut raised = false;
        for (which, amount) in amounts.into_iter().enumerate() {
            if amount <= bursts.peaks[which] {
                continue;
            }
            bursts.peaks[which] = amount;
            if amount > LEAST[which] {
                raised |= bursts.weigh(which, amount, &peers[which], who);
                if teaches {
                    peers[which].learn(who, amount, scene.day, LEAST[which]);
                }
            }
        }
        if raised {
            bursts.charged = bursts.nats;
            world.charge(*slot, Detector::Cost, scene);
        }
    }
}

impl Bursts {
    /// Begins a day: what it reached on the last one becomes usual for it, at a bounded speed.
    fn begin(&mut self, day: u16, peers: &mut [Records; 2], who: u32, teaches: bool) {
        for (which, records) in peers.iter_mut().enumerate() {
            records.enter();
            let bound = RISE * self.usual[which].max(records.peak(who)).max(LEAST[which]);
            let reached = if teaches { self.peaks[which].min(bound) } else { 0.0 };
            self.usual[which] = reached.max(KEPT * self.usual[which]);
        }
        (self.day, self.peaks, self.nats, self.charged) = (day, [0.0; 2], 0.0, 0.0);
    }

    /// Compares a burst with those of peers and its own; whether it counts.
    fn weigh(&mut self, which: usize, amount: f32, peers: &Records, who: u32) -> bool {
        let known = peers.peak(who).max(self.usual[which]).max(LEAST[which]);
        let nats = crate::votes::nats(peers.p(amount / known));
        if nats > self.nats {
            (self.nats, self.which, self.among_peers) = (nats, u8::from(which == 1), known);
        }
        self.nats >= CHARGED_FROM && self.nats >= self.charged + CHARGED_AGAIN
    }
}

fn bursts(subject: &Subject) -> Option<&Bursts> {
    let bursts = &subject.habits.as_ref()?.volume.bursts;
    (bursts.day == subject.today.day && bursts.nats > 0.0).then_some(bursts)
}

fn assess(_: &World, subject: &Subject) -> Assessment {
    let Some(bursts) = bursts(subject) else { return Assessment::SILENT };
    let p = (-f64::from(bursts.nats)).exp();
    Assessment { p, unattested: p, limit: Action::Block, demand: Action::Observe }
}

fn explain(_: &World, subject: &Subject) -> Words {
    let Some(bursts) = bursts(subject) else { return Words::default() };
    let which = usize::from(bursts.which);
    let words = |amount: f32| match which {
        0 => format!("{amount:.0} calls in {SHORT_S} s"),
        _ => format!("{:.0} s of the service's time in {} min", amount / 100.0, LONG_S / 60),
    };
    let (peak, known, usual) = (bursts.peaks[which], bursts.among_peers, bursts.usual[which]);
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

/// What was held against it is usual for it from now on.
fn forgive(subject: &mut Subject) {
    if let Some(habits) = &mut subject.habits {
        let bursts = &mut habits.volume.bursts;
        for (usual, peak) in bursts.usual.iter_mut().zip(bursts.peaks) {
            *usual = usual.max(peak);
        }
        (bursts.nats, bursts.charged) = (0.0, 0.0);
    }
}

fn unlearn(world: &mut World, slot: usize) {
    let who = world.subjects.at(slot).family.0;
    world.shared.volume.bursts.iter_mut().flatten().for_each(|records| records.forget(who));
}
