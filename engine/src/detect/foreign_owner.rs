//! Null hypothesis: a caller touches objects of strangers as rarely as other callers of this kind of object do.
//! Served accesses by id in, evidence per distinct foreign owner out. Never counts an object that the service itself gave
//! to the caller, nor one that belongs to many.

use compact_str::CompactString;
use model::{Action, Grade};

use super::{Assessment, Detector, Spec, Words};
use crate::{
    classes::STRANGERS_MAX,
    explain::{count, span},
    hash::{Novelty, Tag, remember},
    objects::{Touch, Toucher},
    routes::{Class, ObjectRef, Presented, object_id},
    scene::Scene,
    stats::{Excuse, Hit},
    subjects::Subject,
    world::World,
};

pub(super) const SPEC: Spec =
    Spec { name: "foreign_owner", detector: Detector::ForeignOwner, observe, assess, explain, ..Spec::BOUND };

/// Distinct foreign owners before it may block.
const OWNERS_MIN: usize = 3;
/// Foreign owners remembered per subject.
const OWNERS_KEPT: usize = 32;
/// Given ids of one answer that are learnt from.
const GIVEN_MAX: usize = 128;

fn observe(world: &mut World, scene: &Scene<'_>) {
    if !scene.served() || scene.call.grade == Grade::C {
        return;
    }
    if scene.by_address {
        if scene.presented == Presented::Nothing {
            scene.seen.objects.iter().for_each(|object| world.objects.publish(object.id));
        }
        return;
    }
    let Some(main) = scene.judged.first().copied() else { return };
    let teaches = scene.judged.iter().all(|slot| world.subjects.at(*slot).teaches());
    let who = Toucher {
        tags: &scene.tags,
        owner: scene.owner,
        slot: u32::try_from(main).ok().filter(|_| scene.attested).unwrap_or(u32::MAX),
        claims: teaches && scene.owner.is_some(),
    };
    let mut trespassed = false;
    for object in &scene.seen.objects {
        let (touch, evicted) = world.objects.touch(object.id, who, scene.call.ended_at);
        world.losses.add(model::Loss::ObjectEvicted, evicted);
        trespassed |= matches!(touch, Touch::Foreign { .. });
        weigh(world, scene, object, touch);
    }
    if !trespassed {
        learn_given(world, scene, who);
    }
}

/// Turns a touch into votes and evidence.
fn weigh(world: &mut World, scene: &Scene<'_>, object: &ObjectRef, touch: Touch) {
    match touch {
        Touch::Own => scene.judged.iter().for_each(|slot| own(world, scene, *slot, object)),
        Touch::Shared => {
            for slot in &scene.judged {
                world.classes.foreign(object.class, &object.noun, world.subjects.at_mut(*slot));
            }
        }
        Touch::Foreign { owner } => {
            scene.judged.iter().for_each(|slot| foreign(world, scene, *slot, object, owner));
        }
        Touch::Reclaimed { suspect, slot } => {
            let slot = slot as usize;
            let still =
                world.subjects.try_at(slot).is_some_and(|row| row.family == suspect || row.user == suspect);
            if still && !scene.judged.contains(&slot) {
                foreign(world, scene, slot, object, scene.owner);
            }
        }
        Touch::New | Touch::Unclear | Touch::Granted => {}
    }
}

fn own(world: &mut World, scene: &Scene<'_>, slot: usize, object: &ObjectRef) {
    let subject = world.subjects.at_mut(slot);
    world.classes.own(object.class, &object.noun, subject);
    if subject.last_object == object.id || !scene.attested {
        return;
    }
    subject.last_object = object.id;
    let (tries, hits) = subject.foreign.counts();
    let rate = world.foreign_prior.predictive(tries, hits);
    subject.foreign.step(Hit::No, rate, scene.day, Excuse::Never);
    if subject.teaches() {
        let (tries, hits) = subject.foreign.counts();
        world.foreign_prior.vote(subject.family, tries, hits);
    }
}

fn foreign(world: &mut World, scene: &Scene<'_>, slot: usize, object: &ObjectRef, owner: Tag) {
    let subject = world.subjects.at_mut(slot);
    let owners = &mut subject.suspicion.get_or_insert_default().owners;
    if owners.contains(&owner) {
        return;
    }
    let mine = subject.votes(object.class);
    let usual = world.classes.rate(object.class, mine, world.config.warm_up);
    world.classes.foreign(object.class, &object.noun, subject);
    let Some(usual) = usual else { return };
    let owners = &mut subject.suspicion.get_or_insert_default().owners;
    if remember(owners, owner, OWNERS_KEPT) == Novelty::Known {
        return;
    }
    let (tries, hits) = subject.foreign.counts();
    let rate = world.foreign_prior.predictive(tries, hits).max(usual);
    if scene.attested {
        subject.foreign.step(Hit::Yes, rate, scene.day, Excuse::Never);
    }
    subject.step_weak(Detector::ForeignOwner, rate, scene.day);
    subject.mark_mut(Detector::ForeignOwner).class = object.class;
    world.charge(slot, Detector::ForeignOwner, scene);
}

/// Learns who owns what from what the service gave: created, listed, or shown in passing.
fn learn_given(world: &mut World, scene: &Scene<'_>, who: Toucher<'_>) {
    let call = scene.call;
    let collection = !scene.seen.ends_in_id;
    let fresh = call.status == Some(201) || call.given.len() == 1;
    let created = call.method == "POST" && collection && matches!(call.status, Some(200 | 201)) && fresh;
    let listed = call.method == "GET" && collection;
    let Some(main) = scene.judged.first().copied() else { return };
    let mut last: Option<(&str, CompactString, Class)> = None;
    for field in call.given.iter().take(GIVEN_MAX) {
        let name = field.name.as_str();
        let (noun, class) = match last.take() {
            Some((known, noun, class)) if known == name => (noun, class),
            _ => world.routes.kind(name, &scene.seen.noun),
        };
        let object = object_id(field.object.0, field.shape, class);
        let kin = noun == scene.seen.noun;
        let mut touch = Touch::New;
        let mut evicted = 0;
        if created && kin && who.claims {
            evicted += world.objects.create(object, who, call.ended_at);
        } else if listed {
            let broad = world.subjects.at(main).votes(class).strangers >= STRANGERS_MAX;
            let lister = Toucher { claims: who.claims && !broad, ..who };
            let (found, gone) = world.objects.list(object, lister, call.ended_at);
            let claimed = found == Touch::New && lister.claims;
            (touch, evicted) = (if claimed { Touch::Own } else { found }, gone);
            match touch {
                Touch::Foreign { .. } if kin => {
                    let subject = world.subjects.at_mut(main);
                    world.classes.listed_stranger(class, &noun, subject);
                }
                Touch::Reclaimed { .. } => {
                    weigh(world, scene, &ObjectRef { id: object, class, noun: noun.clone() }, touch);
                }
                _ => {}
            }
        }
        // Whoever owns it, or everybody, needs no grant.
        if !matches!(touch, Touch::Own | Touch::Shared) {
            evicted += world.objects.grant(object, scene.owner);
        }
        world.losses.add(model::Loss::ObjectEvicted, evicted);
        last = Some((name, noun, class));
    }
}

fn assess(_: &World, subject: &Subject) -> Assessment {
    let Some(mark) = subject.marked(Detector::ForeignOwner) else { return Assessment::SILENT };
    let owners = subject.suspicion.as_ref().map_or(0, |suspicion| suspicion.owners.len());
    let enough = owners >= OWNERS_MIN && usize::from(mark.hits) >= OWNERS_MIN;
    let p = subject.foreign.p();
    Assessment {
        p,
        unattested: if mark.unattested > 0 { mark.weak.p().min(p) } else { p },
        limit: if enough { Action::Block } else { Action::StepUp },
        demand: Action::Observe,
    }
}

fn explain(world: &World, subject: &Subject) -> Words {
    let (Some(suspicion), Some(mark)) = (&subject.suspicion, subject.marked(Detector::ForeignOwner)) else {
        return Words::default();
    };
    let kind = world.classes.kind(mark.class).cloned().unwrap_or_default();
    let noun = if kind.noun.is_empty() { "object" } else { kind.noun.as_str() };
    let mine = subject.votes(mark.class);
    let own = kind.own.saturating_sub(u32::from(mine.own));
    let foreign = kind.foreign.saturating_sub(u32::from(mine.foreign));
    let route = mark.route.map(|id| world.routes.route(id));
    let route = route.map_or_else(String::new, |route| format!(" ({} {})", route.method, route.template));
    let took = span(mark.first, mark.last);
    let hits = mark.hits.max(mark.unattested);
    let owners = suspicion.owners.len();
    let others = kind.voters.saturating_sub(1);
    Words {
        expected: format!(
            "{} of {} counted {noun} accesses by {} were to somebody else's",
            foreign,
            own + foreign,
            count(u64::from(others), "other caller")
        ),
        observed: format!(
            "touched {} of {} it was never given, {took}",
            count(u64::from(hits), noun),
            count(owners as u64, "other owner")
        ),
        reason: format!(
            "Accessed {} of {} {took}{route}; of {} counted accesses by {}, {foreign} were to somebody else's.",
            count(u64::from(hits), noun),
            count(owners as u64, "other owner"),
            own + foreign,
            count(u64::from(others), "other caller"),
        ),
        refuted_by: format!(
            "The owners of these {noun}s share them with this caller, or it serves them by its role."
        ),
    }
}
