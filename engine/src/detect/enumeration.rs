//! Null hypothesis: a caller asks for objects that an answer had named to it or that are its own, as often as others with its
//! sort of credential do with this kind of object, and the numbers of the rest follow one another no more often than theirs.
//! Distinct objects asked for in, evidence out. Never blocks by itself: who counts through a public catalogue is slowed down.

use model::{Action, Grade, Outcome, PrincipalKind};

use super::{Assessment, Crowding, Detector, Spec, Voice, Words};
use crate::{
    age::Phase,
    explain::{count, plural, span},
    habits::structure::{
        self, CHARGED_FROM, TEACHES_BELOW, bounded,
        ids::{Ask, Ids},
        kinds::{ALL_SORTS, sort_at},
    },
    hash::{Tag, mix},
    routes::{Class, RouteId, shape_of},
    scene::{Deed, Scene},
    sorts::{form_of, sort_of},
    subjects::Subject,
    world::World,
};

pub(super) const SPEC: Spec = Spec {
    name: "enumeration",
    detector: Detector::Enumeration,
    voice: Voice::Support,
    crowding: Crowding::Excuses,
    observe,
    assess,
    explain,
    forgive: |subject| _ = subject.habits.as_mut().map(|habits| habits.structure.ids.forgive()),
    unlearn,
    ..Spec::BOUND
};

/// Ids from which an answer is a page of a list.
const PAGE_MIN: usize = 5;
/// Ids of one answer that are learnt from.
const GIVEN_MAX: usize = 128;

/// The object that a call is about.
struct Asked {
    key: u64,
    class: Class,
    id: u64,
    number: Option<u64>,
}

fn observe(world: &mut World, scene: &Scene<'_>) {
    let quiet = matches!(scene.deed, Deed::Aside | Deed::SignIn);
    if quiet || !scene.attested || scene.outage || scene.call.grade == Grade::C {
        return;
    }
    let counts = match scene.outcome {
        Outcome::Served => true,
        Outcome::Refused => matches!(scene.call.status, Some(403 | 404 | 410)),
        _ => false,
    };
    let asked = if counts { asked(world, scene) } else { None };
    for slot in &scene.judged {
        if let Some(asked) = &asked {
            weigh(world, scene, *slot, asked);
        }
        if scene.served() {
            take_given(world, scene, *slot);
        }
    }
}

/// Remembers what the answer named to the caller.
fn take_given(world: &mut World, scene: &Scene<'_>, slot: usize) {
    let learning = world.phase(world.subjects.at(slot), scene.call.ended_at) == Phase::Observe;
    let subject = world.subjects.at_mut(slot);
    let (family, teaches) = (u64::from(subject.family.0), subject.teaches());
    let given = scene.call.given.iter().take(GIVEN_MAX).map(|field| field.object.0);
    // Programs and people who read with the same credential page through the same lists.
    let sort = told_apart(form_of(scene.call, subject.principal.kind));
    let Some(habits) = &mut subject.habits else {
        given.for_each(|key| world.shared.structure.newcomers.put(mix(key, family)));
        return;
    };
    let ids = &mut habits.structure.ids;
    let Some(RouteId(list)) = scene.seen.route.filter(|_| is_page(scene)) else {
        given.for_each(|key| ids.given.put(key));
        return;
    };
    let further = ids.turn(list, given);
    let kinds = &mut world.shared.structure.kinds;
    let shows_none = subject.principal.kind == PrincipalKind::Ip;
    let among = if shows_none && kinds.lists(sort).further().is_none() { ALL_SORTS } else { sort };
    let usual = kinds.lists(among).further().filter(|_| !learning);
    structure::weigh(&mut ids.pages, further, usual, scene.day);
    if teaches && ids.pages.evidence() < TEACHES_BELOW {
        kinds.vote_list(sort, ids, further, scene.day);
    }
    if further && ids.pages.evidence() >= CHARGED_FROM {
        subject.mark_mut(Detector::Enumeration).door = among.into();
        world.charge(slot, Detector::Enumeration, scene);
    }
}

/// A sort of callers, none of them all.
fn told_apart(sort: u64) -> u32 {
    Tag::short(sort).0.max(ALL_SORTS + 1)
}

/// Whether the answer is one page of a list.
fn is_page(scene: &Scene<'_>) -> bool {
    scene.deed == Deed::List && scene.call.given.len() >= PAGE_MIN
}

/// The last object of the path, or else the first of query and body.
fn asked(world: &World, scene: &Scene<'_>) -> Option<Asked> {
    let objects = &scene.seen.objects;
    let in_path = objects.len().saturating_sub(scene.call.asked.len());
    let Some(at) = in_path.checked_sub(1) else {
        let (object, field) = (objects.first()?, scene.call.asked.first()?);
        return Some(Asked { key: field.object.0, class: object.class, id: object.id, number: None });
    };
    let mut segments = scene.call.path.rsplit('/').filter(|part| !part.is_empty());
    let segment =
        if scene.seen.ends_in_id { segments.next() } else { segments.find(|part| shape_of(part).is_some()) }?;
    let object = objects.get(at)?;
    let key = world.names.object(segment.as_bytes()).0;
    Some(Asked { key, class: object.class, id: object.id, number: number(segment) })
}

/// The number that an id ends in; none for ids that are random.
fn number(segment: &str) -> Option<u64> {
    let bytes = segment.as_bytes();
    let digits = bytes.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let head = segment.get(..bytes.len() - digits)?;
    let random = head.len() > 24
        || digits > 15
        || head.bytes().any(|byte| byte.is_ascii_hexdigit()) && bytes.len() >= 26;
    if digits == 0 || random { None } else { segment.get(bytes.len() - digits..)?.parse().ok() }
}

fn weigh(world: &mut World, scene: &Scene<'_>, slot: usize, asked: &Asked) {
    let own = world.objects.belongs(asked.id, &scene.tags);
    let learning = world.phase(world.subjects.at(slot), scene.call.ended_at) == Phase::Observe;
    let subject = world.subjects.at_mut(slot);
    let (teaches, sort) = (subject.teaches(), told_apart(sort_of(scene.call, subject)));
    let early = world.shared.structure.newcomers.has(mix(asked.key, subject.family.0.into()));
    let Some(habits) = &mut subject.habits else { return };
    let ids = &mut habits.structure.ids;
    if !ids.is_new(asked.key) {
        return;
    }
    let begins = ids.begins(scene.day);
    let ask = ids.follow(asked.class, asked.number, !own && !early && !ids.given.has(asked.key));
    let kinds = &mut world.shared.structure.kinds;
    if begins && teaches {
        kinds.begin_day(sort);
    }
    let among = kinds.peers(asked.class, sort, subject.principal.kind == PrincipalKind::Ip);
    let kind = kinds.of(asked.class, among);
    let usual = |share: Option<f64>| share.filter(|_| !learning);
    step(ids, ask, usual(kind.unprompted()), usual(kind.steps()), scene.day);
    let strongest = ids.walk.evidence().max(ids.unprompted.evidence());
    if teaches && strongest < TEACHES_BELOW && ids.may_vote(scene.day) {
        kinds.vote((asked.class, sort), ids, ask, scene.day);
    }
    if ask.unprompted {
        super::reach::count(world, scene, slot, (asked.class, sort, among));
    }
    let subject = world.subjects.at_mut(slot);
    if ask.unprompted && strongest >= CHARGED_FROM {
        let mark = subject.mark_mut(Detector::Enumeration);
        (mark.class, mark.door) = (asked.class, among.into());
        world.charge(slot, Detector::Enumeration, scene);
    }
}

/// Steps both kinds of evidence.
fn step(ids: &mut Ids, ask: Ask, unprompted: Option<f64>, steps: Option<f64>, day: u16) {
    structure::weigh(&mut ids.unprompted, ask.unprompted, unprompted, day);
    if let Some(followed) = ask.step {
        structure::weigh(&mut ids.walk, followed, steps, day);
    }
}

fn assess(world: &World, subject: &Subject) -> Assessment {
    let (Some(mark), Some(habits)) = (subject.marked(Detector::Enumeration), &subject.habits) else {
        return Assessment::SILENT;
    };
    let (ids, kinds) = (&habits.structure.ids, &world.shared.structure.kinds);
    let sort = sort_at(mark.door);
    let (walkers, guessers) = kinds.of(mark.class, sort).practised(mark.class, ids);
    let pagers = kinds.lists(sort).practised(ids);
    let walked = bounded(ids.walk.strongest(), walkers);
    let guessed = bounded(ids.unprompted.strongest(), guessers);
    let paged = bounded(ids.pages.strongest(), pagers);
    let evidence = (walked + guessed + paged) / 3.0;
    let p = 1.0 / evidence.max(1.0);
    Assessment { p, unattested: p, limit: Action::RateLimit, demand: Action::Observe }
}

fn explain(world: &World, subject: &Subject) -> Words {
    let (Some(mark), Some(habits)) = (subject.marked(Detector::Enumeration), &subject.habits) else {
        return Words::default();
    };
    let ids = &habits.structure.ids;
    let known = world.classes.noun(mark.class);
    let noun = if known.is_empty() { "object" } else { known };
    let nouns = plural(noun);
    let (kinds, sort) = (&world.shared.structure.kinds, sort_at(mark.door));
    let kind = kinds.of(mark.class, sort);
    let percent = |share: Option<f64>| {
        share.map_or_else(|| "an unknown share".to_owned(), |share| format!("{:.1} %", share * 100.0))
    };
    let (unprompted, steps) = (percent(kind.unprompted()), percent(kind.steps()));
    let callers = count(kind.callers(), "caller");
    let took = span(mark.first, mark.last);
    let own = |process: &crate::stats::Process| process.run_share() * 100.0;
    let further = kinds.lists(sort).further();
    if ids.pages.strongest() > ids.walk.strongest().max(ids.unprompted.strongest()) {
        let (pages, share) = (count(u64::from(mark.hits), "further page"), own(&ids.pages));
        let usual = percent(further);
        return Words {
            expected: format!("{usual} of the lists that callers read are a further page of the one before"),
            observed: format!("{share:.0} % of its lists are; {pages} since it became unusual, {took}"),
            reason: format!(
                "Turned {pages} of a list {took} without looking at anything else of that kind: {share:.0} % of its lists are a further page, of others {usual}."
            ),
            refuted_by: "It is a crawler or a batch that is meant to read whole lists.".to_owned(),
        };
    }
    let asked = count(u64::from(mark.hits), noun);
    Words {
        expected: format!(
            "{callers}: {unprompted} of the {nouns} they ask for were not named to them by an answer before, {steps} of those follow the one before by number"
        ),
        observed: format!(
            "{asked} that no answer had named to it {took}: {:.0} % of all it asked for, {:.0} % of them by number",
            own(&ids.unprompted),
            own(&ids.walk)
        ),
        reason: format!(
            "Asked for {asked} that no answer had named to it {took}, {:.0} % of them one after the other by number; of other callers {unprompted} were not named, {steps} of them by number.",
            own(&ids.walk)
        ),
        refuted_by: format!("It is a crawler or a batch that is meant to go through the {nouns}."),
    }
}

fn unlearn(world: &mut World, slot: usize) {
    if let Some(habits) = &mut world.subjects.at_mut(slot).habits {
        world.shared.structure.kinds.retract(&mut habits.structure.ids);
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn ids_end_in_numbers_or_are_random() {
        for (id, expected) in [
            ("4711", Some(4_711)),
            ("INV-2026-004711", Some(4_711)),
            ("order:12", Some(12)),
            ("018f5a3e-9c1b-7d2a-8e4f-000000000001", None),
            ("5f3c9a0e1b2d4c6f8a7b9c0d12", None),
            ("latest", None),
            ("12345678901234567890", None),
        ] {
            assert_eq!(number(id), expected, "{id}");
        }
    }
}
