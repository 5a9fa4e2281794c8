//! Null hypothesis: no more of the last day's new users take much of the service's time within an hour than on other days.
//! Usual times of routes in, evidence against those of the crowd that take much out. Never against who is merely new.

use model::{Action, PrincipalKind};

use super::{About, Assessment, Detector, Spec, Voice, Words};
use crate::{age::Age, explain::count, scene::Scene, subjects::Subject, world::World};

pub(super) const SPEC: Spec = Spec {
    name: "campaign",
    detector: Detector::Campaign,
    voice: Voice::Asks,
    about: About::Credentials,
    observe,
    assess,
    explain,
    forgive,
    ..Spec::BOUND
};

/// Time after which it is known who is new, in seconds.
const KNOWN_S: u64 = 172_800;
/// The service's time that is much for a newcomer within an hour, in hundredths of a second.
const MUCH: f32 = 1_000.0;
/// Evidence from which a crowd of newcomers is one, in nats: once in 10 000 hours.
const CROWD_FROM: f32 = 9.2;

/// Of one credential: the service's time that it took in an hour, as a newcomer. 16 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Taken {
    time: crate::stats::Span,
    took: f32,
    /// Evidence of its crowd on the day that it took part.
    nats: f32,
    day: u16,
    /// Newcomers in the crowd.
    crowd: u16,
}

fn observe(world: &mut World, scene: &Scene<'_>) {
    if !scene.attested || scene.outage {
        return;
    }
    let (hour, learns) = hour_of(world, scene);
    world.shared.crowd.newcomers.advance(hour, learns);
    if !scene.by_address {
        scene.judged.iter().for_each(|slot| take_time(world, scene, (*slot, hour), learns));
    }
}

/// The hour since the epoch, and whether it is known by now who is new.
pub(super) fn hour_of(world: &World, scene: &Scene<'_>) -> (u32, bool) {
    let now = scene.call.ended_at;
    let hour = u32::try_from(now.as_secs() / 3_600).unwrap_or(u32::MAX);
    (hour, now.since(world.started).as_secs() >= KNOWN_S)
}

/// A newcomer takes the service's time.
fn take_time(world: &mut World, scene: &Scene<'_>, (slot, hour): (usize, u32), learns: bool) {
    let newcomers = &mut world.shared.crowd.newcomers;
    let subject = world.subjects.at_mut(slot);
    let new = subject.user.is_some() && subject.age(scene.day) == Age::New;
    if !new || subject.principal.kind == PrincipalKind::ApiKey || !newcomers.is_recent(subject.user, hour) {
        return;
    }
    let time = world.shared.volume.times.of(scene);
    let Some(habits) = &mut subject.habits else { return };
    let taken = &mut habits.crowd.taken;
    let before = taken.took;
    taken.took = taken.time.add(hour, time);
    if taken.took < MUCH {
        return;
    }
    if before < MUCH || before > taken.took {
        newcomers.use_much((scene.day, hour), learns && !subject.today.condemned);
    }
    let nats = newcomers.evidence(hour);
    let news = taken.day != scene.day || nats > taken.nats + 0.7;
    if nats >= CROWD_FROM && news {
        (taken.nats, taken.day, taken.crowd) = (nats, scene.day, newcomers.crowd as u16);
        world.charge(slot, Detector::Campaign, scene);
    }
}

fn assess(_: &World, subject: &Subject) -> Assessment {
    let Some(taken) = taken(subject) else { return Assessment::SILENT };
    let p = (-f64::from(taken.nats)).exp();
    Assessment { p, unattested: p, limit: Action::StepUp, demand: Action::StepUp }
}

/// What it took as one of a crowd of newcomers today.
fn taken(subject: &Subject) -> Option<&Taken> {
    let taken = &subject.habits.as_ref()?.crowd.taken;
    (taken.nats > 0.0 && taken.day == subject.today.day).then_some(taken)
}

fn explain(_: &World, subject: &Subject) -> Words {
    let Some(taken) = taken(subject) else { return Words::default() };
    let (crowd, much) = (count(u64::from(taken.crowd), "new user"), MUCH / 100.0);
    Words {
        expected: format!(
            "seldom more than a few new users take {much:.0} s of the service's time within an hour"
        ),
        observed: format!("{crowd} in this hour; this one {:.0} s", taken.took / 100.0),
        reason: format!(
            "One of {crowd} of the last day that take much of the service's time at once; this one {:.0} s within an hour.",
            taken.took / 100.0
        ),
        refuted_by: "A class, a team or a trade fair has begun to use the service.".to_owned(),
    }
}

/// What was held against it is forgotten.
fn forgive(subject: &mut Subject) {
    if let Some(habits) = &mut subject.habits {
        habits.crowd.taken.nats = 0.0;
    }
}
