//! Null hypothesis: a caller touches objects of strangers as rarely as other callers with its sort of credential, who come
//! to this kind of object by this route. Served accesses by id in, evidence per distinct foreign owner out. Never counts an
//! object that the service itself gave to the caller, nor one that belongs to many, nor a stranger's where it is the work
//! of such callers, or not known whether it is: that the service answers may mean a breach or a role.

use compact_str::CompactString;
use model::{Action, FieldId, Grade};

use super::{About, Assessment, Detector, Spec, Words};
use crate::{
    age::Phase,
    classes::STRANGERS_MAX,
    doors::{Air, Usual, Way},
    explain::{count, plural, span},
    habits::Shared,
    hash::{Novelty, Tag, remember},
    objects::{Touch, Toucher},
    routes::{Class, ObjectRef, Presented, RouteId, object_id},
    scene::{Scene, day_of},
    stats::{Excuse, Hit},
    strangers,
    subjects::Subject,
    visits::Standing,
    world::World,
};

pub(super) const SPEC: Spec = Spec {
    name: "foreign_owner",
    detector: Detector::ForeignOwner,
    about: About::Credentials,
    observe,
    assess,
    explain,
    unlearn,
    ..Spec::BOUND
};

/// Distinct foreign owners before it may block.
const OWNERS_MIN: u8 = 3;
/// Owners at a door, or callers to do with such objects, from which it is sure that a door is private: among fewer, such as
/// the robots of some partners, the next one may be the first whose work it is.
const OWNERS_SURE: u32 = 15;
const CALLERS_SURE: u32 = 30;
/// Foreign owners remembered per subject.
const OWNERS_KEPT: usize = 32;
/// Ways to strangers' objects remembered per subject.
const WAYS_KEPT: usize = 32;
/// Given ids of one answer that are learnt from.
const GIVEN_MAX: usize = 128;
/// Days after which a caller may teach that strangers' objects are its work.
const SETTLED_DAYS: u16 = 3;

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
        route: scene.seen.route,
        claims: teaches && scene.owner.is_some(),
        sways: true,
    };
    for slot in &scene.judged {
        let subject = world.subjects.at_mut(*slot);
        subject.air = Air::of(scene.call, subject);
    }
    let mut trespassed = false;
    for object in &scene.seen.objects {
        let subject = world.subjects.at(main);
        let sways = !subject.visit(way(scene, subject, object).all).is_of_service();
        let who = Toucher { sways, ..who };
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
                let subject = world.subjects.at_mut(*slot);
                world.classes.many(object.class, &object.noun, subject);
                world.doors.foreign(way(scene, subject, object), subject);
            }
        }
        Touch::Foreign { owner } => {
            for slot in &scene.judged {
                let way = way(scene, world.subjects.at(*slot), object);
                let met = Met { owner, way, route: scene.seen.route };
                foreign(world, scene, *slot, object, met);
            }
        }
        Touch::Reclaimed { suspect, slot, route } => {
            let slot = slot as usize;
            let Some(row) = world.subjects.try_at(slot) else { return };
            let still = row.family == suspect || row.user == suspect;
            if still && !scene.judged.contains(&slot) {
                // It is compared with those who come its way, not with its victim's peers.
                let way = Way::to(object.class, route, row.air);
                let met = Met { owner: scene.owner, way, route };
                foreign(world, scene, slot, object, met);
            }
        }
        Touch::New | Touch::Unclear | Touch::Granted => {}
    }
}

fn own(world: &mut World, scene: &Scene<'_>, slot: usize, object: &ObjectRef) {
    let subject = world.subjects.at_mut(slot);
    world.classes.own(object.class, &object.noun, subject);
    world.doors.own(way(scene, subject, object), subject);
    if subject.last_object == object.id || !scene.attested {
        return;
    }
    subject.last_object = object.id;
    let (tries, hits) = subject.foreign.counts();
    let rate = world.foreign_prior.predictive(tries, hits);
    subject.foreign.step(Hit::No, rate, scene.day, Excuse::Never);
    teach(world, slot);
}

/// A stranger's object met.
#[derive(Clone, Copy)]
struct Met {
    owner: Tag,
    /// The doors that led to it, and their route.
    way: Way,
    route: Option<RouteId>,
}

fn foreign(world: &mut World, scene: &Scene<'_>, slot: usize, object: &ObjectRef, met: Met) {
    let (Met { owner, way, route }, class) = (met, object.class);
    let subject = world.subjects.at_mut(slot);
    let suspicion = subject.suspicion.get_or_insert_default();
    if remember(&mut suspicion.owners, owner, OWNERS_KEPT) == Novelty::Known {
        return;
    }
    if let Some(route) = route.filter(|route| !suspicion.ways.contains(route))
        && suspicion.ways.len() < WAYS_KEPT
    {
        suspicion.ways.push(route);
    }
    let many = strangers::meet(world, scene, slot, (class, way));
    let subject = world.subjects.at(slot);
    let phase = Phase::of(world.started, scene.call.ended_at);
    let usual = match world.doors.usual(way, subject, world.config.warm_up, phase) {
        Usual::AtOtherDoors(_) if world.classes.is_shared(class, subject) => Usual::Unknown,
        _ if has_a_role(&world.shared, subject) => Usual::Unknown,
        Usual::Here(norm) if !is_sure(world, slot, class, way) => Usual::AtOtherDoors(norm),
        usual => usual,
    };
    let subject = world.subjects.at_mut(slot);
    let standing = Standing {
        phase,
        day: scene.day,
        in_good_faith: phase == Phase::Observe || subject.is_peer() && !subject.today.condemned,
        known_for_days: day_of(subject.first) + SETTLED_DAYS <= scene.day,
    };
    world.classes.foreign(class, &object.noun, subject);
    world.doors.foreign(way, subject);
    // What was touched before its owner was known says nothing of a role.
    if scene.judged.contains(&slot)
        && world.doors.meet(way, subject, standing)
        && let Some(habits) = &mut subject.habits
    {
        world.shared.structure.adoption.serve(&mut habits.structure.functions);
    }
    let (norm, sure) = match usual {
        Usual::Unknown if many => return charge_for_number(world, scene, slot, class, met),
        Usual::Unknown => return,
        Usual::AtOtherDoors(norm) => (norm, 0),
        Usual::Here(norm) => (norm, 1),
    };
    let suspicion = subject.suspicion.get_or_insert_default();
    suspicion.met = suspicion.met.saturating_add(sure);
    let (tries, hits) = subject.foreign.counts();
    let rate = world.foreign_prior.predictive(tries, hits).max(norm.rate);
    if scene.attested {
        subject.foreign.step(Hit::Yes, rate, scene.day, Excuse::Never);
    }
    subject.step_weak(Detector::ForeignOwner, rate, scene.day);
    let mark = subject.mark_mut(Detector::ForeignOwner);
    (mark.class, mark.door) = (class, if sure > 0 { way.here } else { way.all });
    // To be its work it has to be so at each of the doors.
    let fresh = mark.hits == 0 && mark.unattested == 0;
    mark.work = if fresh { norm.work } else { mark.work.min(norm.work) };
    world.charge(slot, Detector::ForeignOwner, scene);
    // The call may be its victim's, by another route.
    world.subjects.at_mut(slot).mark_mut(Detector::ForeignOwner).route = route;
    teach(world, slot);
}

/// Charges a stranger's object that by itself says nothing: it is one of too many.
fn charge_for_number(world: &mut World, scene: &Scene<'_>, slot: usize, class: Class, met: Met) {
    let mark = world.subjects.at_mut(slot).mark_mut(Detector::ForeignOwner);
    if mark.hits == 0 && mark.unattested == 0 {
        (mark.class, mark.door, mark.work) = (class, met.way.all, 1.0);
    }
    world.charge(slot, Detector::ForeignOwner, scene);
    world.subjects.at_mut(slot).mark_mut(Detector::ForeignOwner).route = met.route;
}

/// Whether the application gave the caller a function that those have who serve others by their work.
pub(crate) fn has_a_role(shared: &Shared, subject: &Subject) -> bool {
    let own = subject.habits.as_ref().map(|habits| &habits.structure.functions);
    let ways = subject.suspicion.as_ref().map_or(&[][..], |suspicion| &suspicion.ways);
    own.is_some_and(|own| shared.structure.adoption.is_of_service(own, ways))
}

/// Whether enough callers came to this door for their own, or to such objects by any, that the door is sure to be private.
fn is_sure(world: &World, slot: usize, class: Class, way: Way) -> bool {
    let others = world.doors.others(way.here, world.subjects.at(slot));
    others.owners >= OWNERS_SURE || world.classes.voters(class) >= CALLERS_SURE
}

/// The doors that a subject went through to an object.
fn way(scene: &Scene<'_>, subject: &Subject, object: &ObjectRef) -> Way {
    Way::to(object.class, scene.seen.route, subject.air)
}

/// Whoever is not surely a culprit teaches how often a caller meets strangers. If only those who hardly ever do taught, all
/// others would seem impossible.
fn teach(world: &mut World, slot: usize) {
    let subject = world.subjects.at(slot);
    if subject.is_peer() {
        let (tries, hits) = subject.foreign.counts();
        world.foreign_prior.vote(subject.family, tries, hits);
    }
}

/// A culprit teaches nothing.
fn unlearn(world: &mut World, slot: usize) {
    world.foreign_prior.vote(world.subjects.at(slot).family, 0.0, 0.0);
}

/// Learns who owns what from what the service gave: created, listed, or shown in passing.
fn learn_given(world: &mut World, scene: &Scene<'_>, who: Toucher<'_>) {
    let call = scene.call;
    let collection = !scene.seen.ends_in_id;
    let fresh = call.status == Some(201) || call.given.len() == 1;
    let created = call.method == "POST" && collection && matches!(call.status, Some(200 | 201)) && fresh;
    let listed = call.method == "GET" && collection;
    let Some(main) = scene.judged.first().copied() else { return };
    look_ahead(world, scene, listed);
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
            let lister = Toucher { claims: who.claims && !broad, sways: !broad, ..who };
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

/// Reads the rows of what a list names, or else those that say that it was given, so that they come from memory side by side.
/// Most lists name one kind.
fn look_ahead(world: &mut World, scene: &Scene<'_>, listed: bool) {
    let given = &scene.call.given;
    let Some(first) = given.first().filter(|_| given.len() > 1) else { return };
    let (_, class) = world.routes.kind(first.name.as_str(), &scene.seen.noun);
    let alike = |known: &&FieldId| known.name == first.name;
    let objects = |field: &FieldId| object_id(field.object.0, field.shape, class);
    let objects = given.iter().take(GIVEN_MAX).filter(alike).map(objects);
    if listed {
        world.look_at(objects);
    } else {
        world.look_at_grants(objects, scene.owner);
    }
}

fn assess(world: &World, subject: &Subject) -> Assessment {
    let Some(mark) = subject.marked(Detector::ForeignOwner) else { return Assessment::SILENT };
    let number = strangers::p(world, subject);
    let met = subject.suspicion.as_ref().map_or(0, |suspicion| suspicion.met);
    let enough = met >= OWNERS_MIN && mark.hits >= u16::from(OWNERS_MIN);
    // Either it strays as others do, or it is its work.
    let each = (subject.foreign.p() + mark.work).min(1.0);
    let p = each.min(number);
    Assessment {
        p,
        unattested: if mark.unattested > 0 { (mark.weak.p() + mark.work).min(p) } else { p },
        limit: if enough || number < each { Action::Block } else { Action::StepUp },
        demand: Action::Observe,
    }
}

fn explain(world: &World, subject: &Subject) -> Words {
    let Some(mark) = subject.marked(Detector::ForeignOwner) else { return Words::default() };
    if strangers::p(world, subject) < subject.foreign.p() + mark.work {
        return strangers::words(world, subject, mark);
    }
    let noun = Some(world.classes.noun(mark.class)).filter(|noun| !noun.is_empty()).unwrap_or("object");
    let nouns = plural(noun);
    let others = world.doors.others(mark.door, subject);
    let accesses = others.own + others.foreign;
    let route = mark.route.map(|id| world.routes.route(id));
    let route = route.map_or_else(String::new, |route| format!(" ({} {})", route.method, route.template));
    let took = span(mark.first, mark.last);
    let hits = mark.hits.max(mark.unattested);
    let peers = count(u64::from(others.voters), "other caller");
    let foreign = others.foreign;
    Words {
        expected: format!(
            "{foreign} of {accesses} counted {noun} accesses by {peers} with this sort of credential were to \
             somebody else's; for {} of them it is their work",
            others.servers
        ),
        observed: format!(
            "touched {} of {} it was never given, {took}",
            count(u64::from(hits), noun),
            count(u64::from(hits), "other owner")
        ),
        reason: format!(
            "Accessed {} of {} {took}{route}; of {accesses} counted accesses by {peers}, {foreign} were to \
             somebody else's.",
            count(u64::from(hits), noun),
            count(u64::from(hits), "other owner"),
        ),
        refuted_by: format!(
            "The owners of these {nouns} share them with this caller, or it serves them by its role."
        ),
    }
}
