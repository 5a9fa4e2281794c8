//! Null hypothesis: before a change a caller makes the calls that nine in ten visits make before it, and leaves one out as
//! rarely as other callers do.
//! First changes of a kind within a visit in, evidence out. Never blocks: a new version of an application may take a short
//! cut. Never looks at the order of what comes before, nor at repetitions.

use model::{Action, Grade, Outcome};

use super::{About, Assessment, Crowding, Detector, Spec, Voice, Words};
use crate::{
    age::Phase,
    explain::{count, span},
    habits::structure::{self, CHARGED_FROM, TEACHES_BELOW, bounded, workflow::holds},
    routes::RouteId,
    scene::{Deed, Scene},
    subjects::Subject,
    world::World,
};

pub(super) const SPEC: Spec = Spec {
    name: "sequence",
    detector: Detector::Sequence,
    voice: Voice::Support,
    crowding: Crowding::Excuses,
    about: About::Credentials,
    observe,
    assess,
    explain,
    forgive: |subject| _ = subject.habits.as_mut().map(|habits| habits.structure.workflow.forgive()),
    unlearn,
    ..Spec::BOUND
};

fn observe(world: &mut World, scene: &Scene<'_>) {
    let seen = matches!(scene.outcome, Outcome::Served | Outcome::Refused);
    if scene.deed == Deed::Aside || scene.by_address || !seen || scene.call.grade == Grade::C {
        return;
    }
    let symbol = scene.symbol();
    let (Some(route), true) = (scene.seen.route, symbol != 0) else { return };
    let now = scene.call.ended_at;
    for slot in &scene.judged {
        let learning = world.phase(world.subjects.at(*slot), now) == Phase::Observe;
        let subject = world.subjects.at_mut(*slot);
        let teaches = subject.teaches();
        let Some(habits) = &mut subject.habits else { continue };
        let own = &mut habits.structure.workflow;
        let visit = own.visit(now.as_secs());
        let judged = scene.is_write() && scene.attested && !scene.outage && !holds(&visit, symbol);
        own.enter(symbol);
        world.shared.structure.workflows.name(symbol, route);
        if !judged {
            continue;
        }
        let all = &mut world.shared.structure.workflows;
        let gap = all.gap(symbol, &visit);
        if let Some(gap) = gap {
            let usual = if gap.missing.is_some() { own.lapse(gap.usual) } else { Some(gap.usual) };
            let usual = usual.filter(|_| !learning);
            structure::weigh(&mut own.skips, gap.missing.is_some(), usual, scene.day);
            own.missing = gap.missing.unwrap_or(own.missing);
        }
        let innocent = own.skips.evidence() < TEACHES_BELOW;
        if teaches && innocent {
            all.vote(symbol, &visit, own, scene.day);
        }
        // That some leave steps out is only learnt from those who do.
        if let Some(gap) = gap.filter(|_| teaches) {
            all.know(own, gap.missing.is_some());
        }
        let lacks = gap.is_some_and(|gap| gap.missing.is_some());
        if lacks && own.skips.evidence() >= CHARGED_FROM {
            world.charge(*slot, Detector::Sequence, scene);
        }
    }
}

fn assess(world: &World, subject: &Subject) -> Assessment {
    let (Some(_), Some(habits)) = (subject.marked(Detector::Sequence), &subject.habits) else {
        return Assessment::SILENT;
    };
    let own = &habits.structure.workflow;
    let share = world.shared.structure.workflows.practised(own);
    let p = 1.0 / bounded(own.skips.strongest(), share).max(1.0);
    Assessment { p, unattested: p, limit: Action::StepUp, demand: Action::Observe }
}

fn explain(world: &World, subject: &Subject) -> Words {
    let (Some(mark), Some(habits)) = (subject.marked(Detector::Sequence), &subject.habits) else {
        return Words::default();
    };
    let own = &habits.structure.workflow;
    let named = |id: Option<RouteId>| {
        let route = id.map(|id| world.routes.route(id));
        route.map_or_else(|| "a call".to_owned(), |route| format!("{} {}", route.method, route.template))
    };
    let (change, before) = (named(mark.route), named(world.shared.structure.workflows.route(own.missing)));
    let took = span(mark.first, mark.last);
    let (tries, hits) = own.skips.counts();
    let changes = count(u64::from(mark.hits), "change");
    Words {
        expected: format!("in at least 9 of 10 visits of others {before} comes before {change}"),
        observed: format!(
            "{changes} without the calls before them {took}; {hits:.0} of its {tries:.0} counted changes so far"
        ),
        reason: format!(
            "Made {changes} without the steps that come before them, {took}: {change} without {before}, which at least 9 of 10 visits of others have."
        ),
        refuted_by: "Its software has a short cut that the application allows, or keeps pages open for longer than ten minutes."
            .to_owned(),
    }
}

fn unlearn(world: &mut World, slot: usize) {
    if let Some(habits) = &mut world.subjects.at_mut(slot).habits {
        world.shared.structure.workflows.retract(&mut habits.structure.workflow);
    }
}
