//! Null hypothesis: a caller that comes to a route for the first time comes to a function of others, one whose callers keep
//! away from a route of its own, or that is forbidden and hardly anybody has, as rarely as other callers.
//! First uses and first refusals in, evidence out. Never counts a route that is new for everybody, nor one that fails for
//! many; blocks only when the service refused it five such functions, rare ones on one day.

use model::{Action, Grade, Outcome};

use super::{About, Assessment, Crowding, Detector, Spec, Voice, Words};
use crate::{
    age::Age,
    explain::{count, span},
    habits::structure::{self, TEACHES_BELOW, functions::HARDLY_ANYBODY},
    routes::{Route, RouteId},
    scene::{Deed, Scene, day_of},
    subjects::Subject,
    world::World,
};

pub(super) const SPEC: Spec = Spec {
    name: "unknown_endpoint",
    detector: Detector::UnknownEndpoint,
    voice: Voice::Sharp,
    crowding: Crowding::Excuses,
    about: About::Credentials,
    observe,
    assess,
    explain,
    forgive: |subject| _ = subject.habits.as_mut().map(|habits| habits.structure.functions.forgive()),
    unlearn,
    ..Spec::BOUND
};

/// Refused functions of others that are proof; refused and served ones that ask for more than a finding.
const REFUSALS_MIN: u8 = 5;
const REFUSALS_ASKED: u8 = 3;
const SERVED_MIN: u8 = 3;
/// What is served may be somebody's new task: it speaks against a caller no more than if it were as common as this.
const SERVED_RATE: f64 = 0.05;
/// What hardly anybody has is tried by some who are curious: it speaks against a caller no more than if it were as common as this.
const RARE_RATE: f64 = 0.02;
/// Calls and distinct routes after which it is known what a caller does: from then on a served function of others counts.
const SETTLED_CALLS: u32 = 40;
const SETTLED_ROUTES: u16 = 4;
/// Days for which a route is new to everybody.
const NEW_DAYS: u16 = 3;

fn observe(world: &mut World, scene: &Scene<'_>) {
    let quiet = matches!(scene.deed, Deed::Aside | Deed::SignIn);
    if quiet || scene.by_address || !scene.attested || scene.outage || scene.call.grade == Grade::C {
        return;
    }
    let Some(route) = scene.seen.route else { return };
    let refused = scene.outcome == Outcome::Refused
        && match scene.call.status {
            Some(403) => true,
            Some(404) => scene.seen.objects.is_empty(),
            _ => false,
        };
    if !refused && !scene.served() {
        return;
    }
    for slot in &scene.judged {
        let subject = world.subjects.at_mut(*slot);
        let teaches = subject.teaches();
        let Some(habits) = &mut subject.habits else { continue };
        let own = &mut habits.structure.functions;
        if own.uses(route) || !own.comes_to(route) {
            continue;
        }
        let innocent = own.evidence.as_ref().is_none_or(|process| process.evidence() < TEACHES_BELOW);
        weigh(world, scene, *slot, route);
        let Some(habits) = &mut world.subjects.at_mut(*slot).habits else { continue };
        if teaches && innocent && scene.served() {
            world.shared.structure.adoption.adopt(&mut habits.structure.functions, route);
        }
    }
}

/// Weighs the first use or refusal of a route.
fn weigh(world: &mut World, scene: &Scene<'_>, slot: usize, id: RouteId) {
    let adoption = &world.shared.structure.adoption;
    let route = world.routes.route(id);
    let subject = world.subjects.at_mut(slot);
    let (settled, teaches) = (is_settled(subject, scene.day), subject.teaches());
    let usual = adoption.usual();
    let Some(habits) = &mut subject.habits else { return };
    let own = &mut habits.structure.functions;
    let apart = adoption.apart(own, id).filter(|_| is_known(route, scene.day));
    let served = scene.served();
    // What is forbidden, and hardly anybody has, is a function of others too.
    let withheld = scene.call.status == Some(403) && is_known(route, scene.day);
    let apart = apart.or_else(|| (withheld && adoption.is_rare(id)).then_some(HARDLY_ANYBODY));
    let foreign = apart.is_some();
    own.apart = apart.unwrap_or(own.apart);
    let hit = foreign && (!served || settled && own.tries() > SETTLED_ROUTES);
    if foreign && !hit {
        return;
    }
    if hit || own.evidence.is_some() {
        let least = if served {
            SERVED_RATE
        } else if apart == Some(HARDLY_ANYBODY) {
            RARE_RATE
        } else {
            0.0
        };
        let usual = usual.max(least);
        structure::weigh(own.evidence.get_or_insert_default(), hit, Some(usual), scene.day);
    }
    if hit {
        match (served, apart) {
            (true, _) => own.served = own.served.saturating_add(1),
            (false, Some(HARDLY_ANYBODY)) => own.withhold(scene.day),
            (false, _) => own.refusals = own.refusals.saturating_add(1),
        }
    }
    if teaches {
        world.shared.structure.adoption.count(hit);
    }
    if hit {
        world.charge(slot, Detector::UnknownEndpoint, scene);
    }
}

/// Whether it is known what the caller does.
fn is_settled(subject: &Subject, day: u16) -> bool {
    subject.calls >= SETTLED_CALLS && subject.age(day) > Age::New
}

/// Whether a route is no news, and works.
fn is_known(route: &Route, day: u16) -> bool {
    day.saturating_sub(day_of(route.first)) >= NEW_DAYS && !route.is_broken()
}

fn assess(_: &World, subject: &Subject) -> Assessment {
    let Some(habits) = &subject.habits else { return Assessment::SILENT };
    let own = &habits.structure.functions;
    let Some(process) = &own.evidence else { return Assessment::SILENT };
    let p = process.p();
    let limit = match (own.refused(), own.served) {
        (REFUSALS_MIN.., _) => Action::Block,
        (REFUSALS_ASKED.., _) | (_, SERVED_MIN..) => Action::StepUp,
        _ => Action::Notify,
    };
    Assessment { p, unattested: p, limit, demand: Action::Observe }
}

fn explain(world: &World, subject: &Subject) -> Words {
    let (Some(mark), Some(habits)) = (subject.marked(Detector::UnknownEndpoint), &subject.habits) else {
        return Words::default();
    };
    let own = &habits.structure.functions;
    let Some(id) = mark.route else { return Words::default() };
    let named = |id: Option<RouteId>| {
        let route = id.map(|id| world.routes.route(id));
        route.map_or_else(
            || "its own routes".to_owned(),
            |route| format!("{} {}", route.method, route.template),
        )
    };
    let adoption = &world.shared.structure.adoption;
    // It is by now one of them itself.
    let itself = u16::from(own.uses(id));
    let name = named(Some(id));
    let (users, all) = adoption.users(id);
    let users = users.saturating_sub(itself);
    let whose = if own.apart == HARDLY_ANYBODY {
        format!("{users} of {all} callers use")
    } else {
        let pair = adoption.pair(own.apart.into(), id);
        let mine = named(Some(RouteId(own.apart.into())));
        format!("{} of {} callers of {mine} use", pair.both.saturating_sub(itself), pair.here)
    };
    let took = span(mark.first, mark.last);
    let tried = count(u64::from(mark.hits), "function");
    let (refused, served) = (own.refused(), own.served);
    Words {
        expected: format!(
            "{whose} {name}, which {} use in all; {:.2} % of the routes that a caller comes to are functions of others",
            count(users.into(), "caller"),
            adoption.usual() * 100.0
        ),
        observed: format!(
            "came to {tried} of others {took}: {refused} refused, {served} served; {} routes before",
            own.tries().saturating_sub(mark.hits)
        ),
        reason: format!(
            "Came to {tried} of others {took}, {refused} of them refused, such as {name} that {whose}."
        ),
        refuted_by:
            "It was given another role: its holder now does the work of those who use these functions."
                .to_owned(),
    }
}

fn unlearn(world: &mut World, slot: usize) {
    if let Some(habits) = &mut world.subjects.at_mut(slot).habits {
        world.shared.structure.adoption.leave(&mut habits.structure.functions);
    }
}
