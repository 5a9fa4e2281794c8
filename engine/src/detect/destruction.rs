//! Null hypothesis: a caller changes and deletes no more objects a day than its own days and its peers' let expect. Distinct
//! objects changed in, a surprise for the day out. Never counts what it has created.

use model::Action;

use super::{Assessment, Detector, Spec, Words, volume};
use crate::{meters::Metric, scene::Scene, subjects::Subject, world::World};

pub(super) const SPEC: Spec =
    Spec { name: "destruction", detector: Detector::Destruction, observe, assess, explain, ..Spec::SCORE };

const LOOKED_AT: [Metric; 2] = [Metric::Changes, Metric::Deletions];

fn observe(world: &mut World, scene: &Scene<'_>) {
    if scene.is_write() {
        volume::surprise(world, scene, Detector::Destruction, &LOOKED_AT, 0);
    }
}

fn assess(_: &World, subject: &Subject) -> Assessment {
    if subject.today.peak(Detector::Destruction) <= 0.0 {
        return Assessment::SILENT;
    }
    Assessment::scored(Action::StepUp)
}

fn explain(world: &World, subject: &Subject) -> Words {
    volume::words(world, subject, &LOOKED_AT, "It was told to clean up, or imports what others have changed.")
}
