//! Strangers: how many owners of objects a caller has met that nobody had named to it, in; how rare so many are among callers
//! with its sort of credential, out. For doors at which some share: households and teams meet a few strangers, and no door
//! tells them from one who goes through everybody's. Kinds that are one owner's, shared or everybody's are counted apart.
//! Never counts against whoever serves others by its work, as far as is known.

use serde::{Deserialize, Serialize};

use crate::{
    age::Phase,
    classes::Commons,
    detect::{Words, has_a_role},
    doors::Way,
    explain::{count, plural, span},
    routes::Class,
    scene::Scene,
    subjects::{Mark, Subject},
    world::World,
};

/// Probability below which a further stranger is held against a caller.
const CHARGED_BELOW: f64 = 1e-2;

/// Of one caller: the strangers it has met in its life, by who usually comes to such objects, and the chance that it is its
/// work: the least it was at any door.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Strangers {
    met: [u16; Commons::ALL.len()],
    work: f32,
}

impl Default for Strangers {
    fn default() -> Self {
        Self { met: [0; Commons::ALL.len()], work: 1.0 }
    }
}

impl Strangers {
    /// Of all kinds together.
    pub(crate) fn all(&self) -> u32 {
        self.met.iter().map(|met| u32::from(*met)).sum()
    }
}

/// More strangers than others of its sort have met.
struct Excess {
    met: u16,
    /// Most that others have met.
    known: f32,
    p: f64,
}

/// Counts a stranger met; whether so many are rare.
pub(crate) fn meet(world: &mut World, scene: &Scene<'_>, slot: usize, (class, way): (Class, Way)) -> bool {
    let subject = world.subjects.at(slot);
    let commons = world.classes.commons(class, subject);
    let phase = Phase::of(world.started, scene.call.ended_at);
    let work = world.doors.work(way, world.subjects.at(slot), phase) as f32;
    let subject = world.subjects.at_mut(slot);
    let strangers = &mut subject.suspicion.get_or_insert_default().strangers;
    let met = &mut strangers.met[commons as usize];
    *met = met.saturating_add(1);
    let met = *met;
    strangers.work = strangers.work.min(work);
    let learning = world.phase(world.subjects.at(slot), scene.call.ended_at) == Phase::Observe;
    let subject = world.subjects.at(slot);
    if has_a_role(&world.shared, subject) {
        return false;
    }
    if subject.teaches() {
        let (sort, who) = (subject.air.sort(), subject.family.0);
        world.shared.structure.kinds.learn_strangers((sort, commons), who, met, scene.day);
    }
    !learning && p(world, world.subjects.at(slot)) < CHARGED_BELOW
}

/// Probability that somebody of its sort meets so many strangers in good faith.
pub(crate) fn p(world: &World, subject: &Subject) -> f64 {
    excess(world, subject).map_or(1.0, |excess| excess.p)
}

/// Where it met more than others have; the rarer of the two.
fn excess(world: &World, subject: &Subject) -> Option<Excess> {
    let strangers = subject.suspicion.as_ref()?.strangers;
    if has_a_role(&world.shared, subject) {
        return None;
    }
    let kinds = &world.shared.structure.kinds;
    let of = |commons: Commons| {
        let (met, among) = (strangers.met[commons as usize], (subject.air.sort(), commons));
        let known = kinds.strangers(among, subject.family.0).filter(|known| f32::from(met) > *known)?;
        let p = kinds.beyond_strangers(among, f32::from(met) / known) + f64::from(strangers.work);
        Some(Excess { met, known, p: p.min(1.0) })
    };
    Commons::ALL.into_iter().filter_map(of).min_by(|one, two| one.p.total_cmp(&two.p))
}

/// The same in words.
pub(crate) fn words(world: &World, subject: &Subject, mark: &Mark) -> Words {
    let Some(Excess { met, known, .. }) = excess(world, subject) else { return Words::default() };
    let noun = Some(world.classes.noun(mark.class)).filter(|noun| !noun.is_empty()).unwrap_or("object");
    let nouns = plural(noun);
    let (met, took) = (count(met.into(), "other owner"), span(mark.first, mark.last));
    Words {
        expected: format!(
            "hardly anybody with this sort of credential comes to objects of more than {known:.0} others that no answer had \
             named to it"
        ),
        observed: format!("objects of {met}, {} of them {took}", mark.hits),
        reason: format!(
            "Accessed {nouns} and others of {met} that no answer had named to it, {} of them {took}; others with this sort of \
             credential come to {known:.0} at most.",
            mark.hits
        ),
        refuted_by: "It has come to serve others, and the functions that it uses do not show it.".to_owned(),
    }
}
