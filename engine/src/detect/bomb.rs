//! Null hypothesis: a caller's bodies have no more items, values, levels or longer texts than those that others send to the
//! same route. Facts of request bodies in, evidence per day out. Never blocks for a large body that the service took well.

use model::{Action, ApiCall, Outcome};

use super::{Assessment, Detector, Spec, Voice, Words};
use crate::{
    explain::count,
    habits::volume::{Bomb, DIMENSIONS},
    scene::Scene,
    stats::{Records, beyond},
    subjects::Subject,
    world::World,
};

pub(super) const SPEC: Spec = Spec {
    name: "bomb",
    detector: Detector::Bomb,
    voice: Voice::Sharp,
    observe,
    assess,
    explain,
    forgive,
    unlearn,
    ..Spec::BOUND
};

/// Dimensions of a body.
const NAMES: [&str; DIMENSIONS] = ["item in one list", "value", "level of nesting", "byte in one text"];
const TEXT: usize = 3;
/// Sizes that are no bomb, whatever others send.
const LEAST: [f32; DIMENSIONS] = [100.0, 400.0, 6.0, 4_096.0];
/// What a multiple is worth, as its power: levels multiply where items add up, and the lengths of texts are wild by nature.
const STEEPNESS: [f32; DIMENSIONS] = [1.0, 1.0, 2.5, 0.4];
/// Callers of a route from which its own bodies say enough, and below which they say nothing.
const CALLERS_ENOUGH: u64 = 150;
const CALLERS_MIN: u64 = 20;
/// What a body may be at least as likely as on a route that nobody knows.
const UNKNOWN_P_MIN: f64 = 1e-4;
/// Evidence from which a call is charged, in nats.
const CHARGED_FROM: f32 = 4.6;
/// Such bodies from which one that is served may count as meant.
const REPEATED: u16 = 2;

fn observe(world: &mut World, scene: &Scene<'_>) {
    if !scene.attested || scene.outcome == Outcome::Rejected {
        return;
    }
    let Some(sizes) = sizes(scene.call) else { return };
    let Some(main) = scene.judged.first().copied() else { return };
    let (who, teaches) = {
        let subject = world.subjects.at(main);
        (subject.family.0, !subject.today.flagged && scene.served())
    };
    let callers = scene.route().map_or(0, |route| world.routes.route(route).callers());
    let volume = &mut world.shared.volume;
    let mut route = scene.route().and_then(|route| volume.by_route.of(route));
    let mut largest = Bomb::default();
    for (which, size) in sizes.into_iter().enumerate() {
        if size <= 0.0 {
            continue;
        }
        if size > LEAST[which] {
            let own = route.as_deref().map(|records| &records[which]);
            let (p, known) = rarity(which, size, own, &volume.bodies[which], callers, who);
            let nats = crate::votes::nats(p);
            if nats > largest.nats {
                largest = Bomb { nats, which: which as u8, size, among_peers: known, ..largest };
            }
        }
        if teaches {
            volume.bodies[which].learn(who, size, scene.day, LEAST[which]);
            if let Some(records) = &mut route {
                records[which].learn(who, size, scene.day, LEAST[which]);
            }
        }
    }
    volume.bodies.iter_mut().for_each(Records::enter);
    if largest.nats >= CHARGED_FROM {
        scene.judged.iter().for_each(|slot| charge(world, scene, *slot, largest));
    }
}

/// Sizes of a request's body in all dimensions.
fn sizes(call: &ApiCall) -> Option<[f32; DIMENSIONS]> {
    let body = call.details.as_ref()?.request.as_ref()?;
    let shape = body.shape.unwrap_or_default();
    let text =
        |field: &model::Field| !matches!(field.kind, model::ValueKind::List | model::ValueKind::Object);
    let longest = body.fields.iter().filter(|field| text(field)).map(|field| field.length).max();
    Some([
        shape.longest.max(shape.items) as f32,
        shape.values as f32,
        f32::from(shape.depth),
        longest.unwrap_or(0) as f32,
    ])
}

/// How rare a size is, and what others have sent.
fn rarity(
    which: usize,
    size: f32,
    route: Option<&Records>,
    all: &Records,
    callers: u64,
    who: u32,
) -> (f64, f32) {
    let times = |records: &Records| (size / records.peak(who).max(LEAST[which])).powf(STEEPNESS[which]);
    let here = route.map_or(1.0, |records| beyond(callers as f32, times(records)));
    let known = route.map_or(0.0, |records| records.peak(who)).max(LEAST[which]);
    let anywhere = all.p(times(all));
    match callers {
        CALLERS_ENOUGH.. => (here, known),
        CALLERS_MIN.. => (here.max(anywhere), known),
        _ => (anywhere.max(UNKNOWN_P_MIN), all.peak(who).max(LEAST[which])),
    }
}

fn charge(world: &mut World, scene: &Scene<'_>, slot: usize, largest: Bomb) {
    let Some(habits) = &mut world.subjects.at_mut(slot).habits else { return };
    let bomb = habits.volume.bomb.get_or_insert_default();
    if bomb.day != scene.day {
        **bomb = Bomb { day: scene.day, ..Bomb::default() };
    }
    let (sent, harmful) =
        (bomb.sent.saturating_add(1), bomb.harmful + u16::from(!scene.served()).min(u16::MAX - bomb.harmful));
    if largest.nats > bomb.nats {
        **bomb = Bomb { day: scene.day, ..largest };
    }
    (bomb.sent, bomb.harmful) = (sent, harmful);
    world.charge(slot, Detector::Bomb, scene);
}

fn bomb(subject: &Subject) -> Option<&Bomb> {
    let bomb = subject.habits.as_ref()?.volume.bomb.as_deref()?;
    (bomb.day == subject.today.day && bomb.nats > 0.0).then_some(bomb)
}

fn assess(_: &World, subject: &Subject) -> Assessment {
    let Some(bomb) = bomb(subject) else { return Assessment::SILENT };
    let p = (-f64::from(bomb.nats)).exp();
    // A long text that was taken well is somebody's document.
    let meant = if usize::from(bomb.which) == TEXT {
        bomb.harmful >= REPEATED
    } else {
        bomb.harmful > 0 || bomb.sent >= REPEATED
    };
    let limit = if meant { Action::Block } else { Action::RateLimit };
    Assessment { p, unattested: p, limit, demand: Action::Observe }
}

fn explain(_: &World, subject: &Subject) -> Words {
    let Some(bomb) = bomb(subject) else { return Words::default() };
    let noun = NAMES[usize::from(bomb.which).min(DIMENSIONS - 1)];
    let words = |size: f32| sized(size, noun);
    let (size, known) = (words(bomb.size), words(bomb.among_peers));
    let bodies = count(u64::from(bomb.sent), "body");
    Words {
        expected: format!("at most {known} in the bodies that others send"),
        observed: format!("{bodies} with up to {size}; the service refused or failed {}", bomb.harmful),
        reason: format!(
            "Sent {bodies} with up to {size}, {:.0} times what others send; {} refused or failed.",
            bomb.size / bomb.among_peers,
            bomb.harmful
        ),
        refuted_by: "It imports in bulk, and the route is meant for that.".to_owned(),
    }
}

/// `40 items in one list`.
fn sized(size: f32, noun: &str) -> String {
    match noun.split_once(' ') {
        Some((head, rest)) => format!("{} {rest}", count(size as u64, head)),
        None => count(size as u64, noun),
    }
}

fn forgive(subject: &mut Subject) {
    if let Some(habits) = &mut subject.habits {
        habits.volume.bomb = None;
    }
}

fn unlearn(world: &mut World, slot: usize) {
    let who = world.subjects.at(slot).family.0;
    world.shared.volume.bodies.iter_mut().for_each(|records| records.forget(who));
}
