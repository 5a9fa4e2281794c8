//! Null hypothesis: a credential that comes back after a long silence is used where, with what, when and for what it was used
//! before, as often as others that come back.
//! Comparisons with before in, evidence out. Never blocks: people come back with a new telephone. Never about a credential
//! that is seldom used.

use model::{Action, Grade};

use super::{About, Assessment, Crowding, Detector, Spec, Voice, Words};
use crate::{
    explain::{count, span},
    habits::structure::sleep::Moment,
    scene::{Deed, Scene, day_of, network},
    subjects::{Subject, software},
    world::World,
};

pub(super) const SPEC: Spec = Spec {
    name: "dormant",
    detector: Detector::Dormant,
    voice: Voice::Support,
    crowding: Crowding::Excuses,
    about: About::Credentials,
    observe,
    assess,
    explain,
    forgive: |subject| _ = subject.habits.as_mut().map(|habits| habits.structure.sleep.forgive()),
    ..Spec::BOUND
};

/// Below this probability it is asked again who it is, whatever else is known.
const ASKED_BELOW: f64 = 1e-5;

fn observe(world: &mut World, scene: &Scene<'_>) {
    let quiet = matches!(scene.deed, Deed::Aside | Deed::SignIn);
    if quiet || scene.by_address || !scene.attested || !scene.served() || scene.call.grade == Grade::C {
        return;
    }
    for slot in &scene.judged {
        let subject = world.subjects.at_mut(*slot);
        let teaches = subject.teaches();
        let Some(habits) = &mut subject.habits else { continue };
        let used = |route| habits.structure.functions.uses(route);
        // What came while it slept is new for everybody.
        let slept = habits.structure.sleep.asleep_since(scene.day);
        let old = |id| slept.is_some_and(|last| day_of(world.routes.route(id).first) < last);
        let new_route = scene.seen.route.is_some_and(|id| !used(id) && old(id));
        let moment = Moment {
            day: scene.day,
            hour: scene.hour(),
            network: network(scene.call),
            software: software(&scene.call.context),
            new_route,
        };
        let sleep = &mut habits.structure.sleep;
        let compared = sleep.use_at(moment);
        let mut differs = false;
        for (aspect, differ) in compared.into_iter().enumerate() {
            let Some(differ) = differ else { continue };
            let wakings = &mut world.shared.structure.wakings;
            let usual = wakings.usual(aspect);
            sleep.weigh(aspect, differ, usual);
            if teaches && sleep.is_first(aspect) {
                wakings.vote(aspect, differ);
            }
            differs |= differ;
        }
        if differs {
            world.charge(*slot, Detector::Dormant, scene);
        }
    }
}

fn assess(_: &World, subject: &Subject) -> Assessment {
    let Some(habits) = &subject.habits else { return Assessment::SILENT };
    let sleep = &habits.structure.sleep;
    let p = sleep.p();
    let demand = if p < ASKED_BELOW { Action::StepUp } else { Action::Observe };
    Assessment { p, unattested: p, limit: Action::StepUp, demand }
}

fn explain(world: &World, subject: &Subject) -> Words {
    let (Some(mark), Some(habits)) = (subject.marked(Detector::Dormant), &subject.habits) else {
        return Words::default();
    };
    let sleep = &habits.structure.sleep;
    let names = ["network", "software", "hour", "function"];
    let differs: Vec<&str> = (0..names.len())
        .filter(|at| sleep.differs >> at & 1 != 0)
        .filter_map(|at| names.get(at).copied())
        .collect();
    let usual = |at: usize| world.shared.structure.wakings.usual(at) * 100.0;
    let took = span(mark.first, mark.last);
    let days = count(u64::from(sleep.silence), "day");
    let calls = count(u64::from(mark.hits), "call");
    Words {
        expected: format!(
            "of others that come back, {:.0} % have another network, {:.0} % another software, {:.0} % another hour, {:.0} % another function",
            usual(0),
            usual(1),
            usual(2),
            usual(3)
        ),
        observed: format!("back after {days}; {calls} unlike before {took}: {}", differs.join(", ")),
        reason: format!(
            "Silent for {days}, now used in another way: {} {} {took}.",
            differs.join(", "),
            if differs.len() == 1 { "differs" } else { "differ" }
        ),
        refuted_by: "Its holder has come back with new equipment or for another task.".to_owned(),
    }
}
