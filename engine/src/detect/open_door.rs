//! Null hypothesis: a route that serves callers with a credential, and nobody else, refuses whoever has none. Served calls
//! without a credential in, a finding about the route out. Never more than a finding: the service left the door open.

use model::{Action, Grade};

use super::{Assessment, Detector, Spec, Voice, Words};
use crate::{
    explain::{count, span},
    routes::Presented,
    scene::{Deed, Scene},
    subjects::Subject,
    world::World,
};

pub(super) const SPEC: Spec = Spec {
    name: "open_door",
    detector: Detector::OpenDoor,
    voice: Voice::Mute,
    observe,
    assess,
    explain,
    ..Spec::BOUND
};

/// Calls with a credential that make it the norm, fewer where the route has refused somebody or gives out sensitive data.
const KNOWN_MIN: u32 = 100;
const KNOWN_MIN_GUARDED: u32 = 20;
/// Distinct callers with a credential.
const CALLERS_MIN: u64 = 5;

fn observe(world: &mut World, scene: &Scene<'_>) {
    let (call, Some(route)) = (scene.call, scene.seen.route) else { return };
    if call.grade == Grade::C || matches!(scene.deed, Deed::SignIn | Deed::Aside) {
        return;
    }
    let door = world.shared.content.doors.at(route);
    if scene.presented == Presented::Credential {
        door.known = door.known.saturating_add(u32::from(scene.served() && !scene.by_address));
        return;
    }
    if matches!(call.status, Some(401 | 403)) {
        door.refused = door.refused.saturating_add(1);
        return;
    }
    // A redirect leads to the login; what the sensor could not read may have held a credential.
    let unknown = call.details.as_ref().is_some_and(|details| details.unknown_fields > 0);
    if !matches!(call.status, Some(200..=299)) || !call.identities.is_empty() || unknown {
        return;
    }
    let Some(slot) = scene.judged.first().copied() else { return };
    let known = door.known;
    let norm = if door.refused > 0 || scene.sensitive > 0 { KNOWN_MIN_GUARDED } else { KNOWN_MIN };
    let was_open = door.is_open();
    let before = door.let_in(world.subjects.at(slot).family);
    if was_open || known < norm || world.routes.route(route).callers() < CALLERS_MIN {
        return;
    }
    let rate = (f64::from(u32::try_from(before).unwrap_or(0)) + 1.0) / (f64::from(known) + 2.0);
    let mark = world.subjects.at_mut(slot).mark_mut(Detector::OpenDoor);
    let bit = 1 << (route.0 % 32);
    if mark.kinds & bit == 0 {
        mark.kinds |= bit;
        mark.rarest = if mark.rarest == 0.0 { rate } else { mark.rarest.min(rate) };
        world.charge(slot, Detector::OpenDoor, scene);
    }
}

fn assess(_: &World, subject: &Subject) -> Assessment {
    let Some(mark) = subject.marked(Detector::OpenDoor).filter(|mark| mark.rarest > 0.0) else {
        return Assessment::SILENT;
    };
    Assessment { p: 1.0, unattested: mark.rarest, limit: Action::Notify, demand: Action::Observe }
}

fn explain(world: &World, subject: &Subject) -> Words {
    let Some((mark, id)) = subject.marked(Detector::OpenDoor).and_then(|mark| Some((mark, mark.route?)))
    else {
        return Words::default();
    };
    let (route, door) = (world.routes.route(id), world.shared.content.doors.get(id));
    let took = span(mark.first, mark.last);
    let open = count(u64::from(mark.kinds.count_ones()), "route");
    Words {
        expected: format!(
            "{} of {} {} showed a credential; {} without were refused",
            count(u64::from(door.known), "served call"),
            route.method,
            route.template,
            door.refused
        ),
        observed: format!("served without a credential on {open} {took}"),
        reason: format!(
            "{} {} served a caller without a credential; {} before showed one.",
            route.method,
            route.template,
            count(u64::from(door.known), "served call")
        ),
        refuted_by:
            "The route is meant for everybody, or the credential is of a form that is not recognised."
                .to_owned(),
    }
}
