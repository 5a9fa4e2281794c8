//! Null hypothesis: what a caller takes a day has not grown for good. Finished days in, evidence of growth to the double and
//! more out, against a level that rises by a few parts in a thousand a day. Never counts a day on which all peers took more.

use model::Action;

use super::{Assessment, Detector, Spec, Words};
use crate::{meters::Meters, scene::Scene, subjects::Subject, world::World};

pub(super) const SPEC: Spec = Spec {
    name: "slow_leak",
    detector: Detector::SlowLeak,
    observe,
    assess,
    explain,
    forgive,
    ..Spec::SCORE
};

fn observe(world: &mut World, scene: &Scene<'_>) {
    for at in 0..scene.judged.len() {
        let slot = scene.judged[at];
        let growth = meters(world.subjects.at(slot)).map_or(0.0, Meters::growth_of_days);
        if growth > 0.0 {
            world.score(slot, Detector::SlowLeak, growth, scene);
        }
    }
}

fn meters(subject: &Subject) -> Option<&Meters> {
    subject.habits.as_ref().map(|habits| &habits.volume.meters)
}

fn assess(_: &World, subject: &Subject) -> Assessment {
    if meters(subject).is_none_or(|meters| meters.growth_of_days() <= 0.0) {
        return Assessment::SILENT;
    }
    Assessment::scored(Action::StepUp)
}

fn explain(world: &World, subject: &Subject) -> Words {
    let Some(meters) = meters(subject) else { return Words::default() };
    let (metric, level, lately) = meters.grown();
    let peers = world.shared.volume.norms.priors(subject.cohort).map(|priors| priors[metric as usize].mean());
    Words {
        expected: format!(
            "{} a day, learnt over {} days; peers' mean {}",
            metric.words(level),
            meters.active(),
            metric.words(peers.unwrap_or(0.0)),
        ),
        observed: format!(
            "{} a day of late, {:.1} times as many",
            metric.words(lately),
            lately / level.max(1e-3)
        ),
        reason: format!(
            "Takes {:.1} times what it used to: {} a day of late where {} were usual; days that were busy for all are discounted.",
            lately / level.max(1e-3),
            metric.words(lately),
            metric.words(level),
        ),
        refuted_by: "Its work has grown: a new contract, a new task, more people behind it.".to_owned(),
    }
}

fn forgive(subject: &mut Subject) {
    if let Some(habits) = &mut subject.habits {
        habits.volume.meters.accept();
    }
}
