//! Null hypothesis: in a day a caller comes to no more distinct objects of one kind that no answer had named to it and that are
//! none of its own than others with its sort of credential, or than itself on other days: the third highest of distinct
//! callers counts, the tail falls with the third power. Counts in, evidence per day out. Blocks only whoever met strangers'
//! objects too: who comes to many that may all be its own is slowed down.

use model::Action;

use super::{Assessment, Detector, Spec, Words};
use crate::{
    age::Phase,
    explain::{count as counted, plural, span},
    habits::structure::kinds::sort_at,
    routes::Class,
    scene::Scene,
    subjects::Subject,
    world::World,
};

pub(super) const SPEC: Spec =
    Spec { name: "reach", detector: Detector::Reach, assess, explain, forgive, unlearn, ..Spec::BOUND };

/// Evidence from which a call is charged.
const CHARGED_BELOW: f64 = 1e-2;
/// Strangers met before it may block.
const OWNERS_MIN: usize = 3;

/// Counts one distinct object that nobody had named to the caller. `sort` is the caller's own sort, `among` the one that it is
/// compared with. Called by `enumeration`, which knows what was named.
pub(super) fn count(
    world: &mut World,
    scene: &Scene<'_>,
    slot: usize,
    (class, sort, among): (Class, u32, u32),
) {
    let learning = world.phase(world.subjects.at(slot), scene.call.ended_at) == Phase::Observe;
    let subject = world.subjects.at_mut(slot);
    let (who, teaches) = (subject.family.0, subject.teaches() && !subject.today.flagged);
    let Some(habits) = &mut subject.habits else { return };
    let (today, before) = habits.structure.ids.reach(class, scene.day);
    let kinds = &mut world.shared.structure.kinds;
    let rare = kinds.of(class, among).beyond(who, today, before).is_some_and(|(_, p)| p < CHARGED_BELOW);
    if teaches {
        kinds.learn_reach((class, sort), who, today, scene.day);
    }
    if rare && !learning {
        let mark = subject.mark_mut(Detector::Reach);
        (mark.class, mark.door) = (class, among.into());
        world.charge(slot, Detector::Reach, scene);
    }
}

/// What the caller reached today of the kind that it is marked for, what others have, and how rare that is.
fn reached(world: &World, subject: &Subject) -> Option<(u16, f32, f64)> {
    let (mark, habits) = (subject.marked(Detector::Reach)?, subject.habits.as_ref()?);
    let (today, before) = habits.structure.ids.reached(mark.class, subject.today.day);
    let kind = world.shared.structure.kinds.of(mark.class, sort_at(mark.door));
    let (known, p) = kind.beyond(subject.family.0, today, before)?;
    Some((today, known, p))
}

fn assess(world: &World, subject: &Subject) -> Assessment {
    let Some((.., p)) = reached(world, subject) else { return Assessment::SILENT };
    let strangers = subject.suspicion.as_ref().map_or(0, |suspicion| suspicion.owners.len());
    // While a deployment learns, a partner who works for many is alone of its kind, as a thief is.
    let armed = world.phase(subject, world.now) == Phase::Armed;
    let limit = if armed && strangers >= OWNERS_MIN { Action::Block } else { Action::RateLimit };
    Assessment { p, unattested: p, limit, demand: Action::Observe }
}

fn explain(world: &World, subject: &Subject) -> Words {
    let Some((today, known, _)) = reached(world, subject) else { return Words::default() };
    let Some(mark) = subject.marked(Detector::Reach) else { return Words::default() };
    let noun = Some(world.classes.noun(mark.class)).filter(|noun| !noun.is_empty()).unwrap_or("object");
    let nouns = plural(noun);
    let kind = world.shared.structure.kinds.of(mark.class, sort_at(mark.door));
    let strangers = subject.suspicion.as_ref().map_or(0, |suspicion| suspicion.owners.len());
    let (peers, came) = (counted(kind.callers(), "caller"), counted(u64::from(today), noun));
    let took = span(mark.first, mark.last);
    Words {
        expected: format!(
            "of {peers} with this sort of credential hardly one comes to more than {known:.0} {nouns} in a day that no \
             answer had named to it"
        ),
        observed: format!("{came} on this day, the last {} of them {took}", mark.hits),
        reason: format!(
            "Came to {came} in a day that no answer had named to it and that are none of its own as far as is known; others \
             come to {known:.0} at most. Met objects of {}.",
            counted(strangers as u64, "stranger")
        ),
        refuted_by: format!("It works through {nouns} of its own from a list that it keeps elsewhere."),
    }
}

fn forgive(subject: &mut Subject) {
    if let Some(habits) = &mut subject.habits {
        habits.structure.ids.forgive_reach();
    }
}

fn unlearn(world: &mut World, slot: usize) {
    let subject = world.subjects.at(slot);
    let (Some(mark), Some(habits)) = (subject.marked(Detector::Reach), &subject.habits) else { return };
    let kinds = &mut world.shared.structure.kinds;
    kinds.forget_reach(mark.class, &habits.structure.ids, subject.family.0);
}
