//! Null hypothesis: a caller uses no more on a day than its own days, its peers' and the present day of all let expect. Amounts
//! in, a surprise for the day out. Never holds one amount alone against anybody, nor a busy day against one of many.

use model::Action;

use super::{Assessment, Detector, Spec, Words};
use crate::{
    meters::{Meters, Metric},
    scene::Scene,
    subjects::Subject,
    world::World,
};

pub(super) const SPEC: Spec =
    Spec { name: "volume", detector: Detector::Volume, observe, assess, explain, ..Spec::SCORE };

/// What is looked at; changes are for another detector.
const LOOKED_AT: [Metric; 6] =
    [Metric::Calls, Metric::Kilobytes, Metric::Records, Metric::Objects, Metric::Sensitive, Metric::Time];

/// The second oddest amount is what counts: who carries much away uses more of several.
const RANK: usize = 1;

fn observe(world: &mut World, scene: &Scene<'_>) {
    surprise(world, scene, Detector::Volume, &LOOKED_AT, RANK);
}

/// Scores the day's amounts when one has grown enough to be asked for anew: the one that is number `rank` by oddness.
pub(super) fn surprise(
    world: &mut World,
    scene: &Scene<'_>,
    detector: Detector,
    metrics: &[Metric],
    rank: usize,
) {
    for at in 0..scene.judged.len() {
        let slot = scene.judged[at];
        let subject = world.subjects.at_mut(slot);
        let norms = &world.shared.volume.norms;
        let (Some(habits), Some(priors)) = (&mut subject.habits, norms.priors(subject.cohort)) else {
            continue;
        };
        let meters = &mut habits.volume.meters;
        let mut due = false;
        for metric in metrics {
            if meters.is_due(*metric) {
                let place = *metric as usize;
                let strength = norms.strength(subject.cohort, place, scene.day);
                meters.ask(*metric, &priors[place], strength);
                due = true;
            }
        }
        let score = if due { meters.oddest(metrics, rank).1 } else { 0.0 };
        if score > 0.0 {
            world.score(slot, detector, score, scene);
        }
    }
}

fn assess(_: &World, subject: &Subject) -> Assessment {
    if subject.today.peak(Detector::Volume) <= 0.0 {
        return Assessment::SILENT;
    }
    Assessment::scored(Action::StepUp)
}

fn explain(world: &World, subject: &Subject) -> Words {
    words(world, subject, &LOOKED_AT, "It has more to do than on other days, and others can say why.")
}

/// What was expected of the oddest metric, and what was observed.
pub(super) fn words(world: &World, subject: &Subject, metrics: &[Metric], refuted_by: &str) -> Words {
    let Some(habits) = &subject.habits else { return Words::default() };
    let meters: &Meters = &habits.volume.meters;
    let (metric, _) = meters.oddest(metrics, 0);
    let peers = world.shared.volume.norms.priors(subject.cohort).map(|priors| priors[metric as usize].mean());
    let (today, usual) = (meters.today(metric), meters.usual(metric));
    Words {
        expected: format!(
            "about {} a day, from {} of its own days and those of its peers; peers' mean {}",
            metric.words(usual),
            meters.active().saturating_sub(1),
            metric.words(peers.unwrap_or(0.0)),
        ),
        observed: format!("{} since midnight UTC", metric.words(today)),
        reason: format!(
            "{} since midnight UTC, {:.0} times what is usual for it ({} a day).",
            metric.words(today),
            today / usual.max(0.05),
            metric.words(usual),
        ),
        refuted_by: refuted_by.to_owned(),
    }
}
