//! Null hypothesis: a new context of a credential, or of a user who has signed in, is opened as seldom as contexts as new as
//! this are, and what is done in it is what its holder does there, or what others do at first in new contexts.
//!
//! Evidence is a product of three ratios, each against a rate learnt from everybody, given what came before: how seldom such
//! a context is opened (network; agent, header order and language of the software; whether another one was in use a moment
//! ago; failed passwords before), that the holder goes on elsewhere meanwhile, and for each distinct route whether the holder
//! uses it and whether it changes something. Blocks only when all agree. Never judges a holder whom it hardly knows.

use model::{Action, Grade, Outcome, PrincipalKind, Timestamp};

use super::{About, Assessment, Crowding, Detector, Spec, Voice, Words};
use crate::{
    explain::{count, span},
    habits::crowd::contexts::{Distance, Guest, Look, Turn},
    hash::{Tag, mix, remember},
    routes::Route,
    scene::{Deed, Scene, day_of},
    subjects::Subject,
    world::{Agent, World},
};

pub(super) const SPEC: Spec = Spec {
    name: "theft",
    detector: Detector::Theft,
    voice: Voice::Sharp,
    crowding: Crowding::Excuses,
    about: About::Credentials,
    observe,
    assess,
    explain,
    forgive: |subject| _ = subject.habits.as_mut().map(|habits| habits.crowd.contexts.accept()),
    unlearn,
    ..Spec::BOUND
};

/// Evidence in nats from which a call counts, and from which a guest teaches nobody: 20 and 1000.
const CHARGED_FROM: f32 = 3.0;
const TEACHES_BELOW: f32 = 6.9;
/// Evidence of the opening, and of the conduct, without which nobody is asked or blocked: one in 100.
const APART: f32 = 4.6;
/// Evidence of the conduct that needs no fork beside it: one in 10 000.
const PLAIN: f32 = 9.2;
/// Evidence from which the holder is asked who it is: one in 10 000.
const ASKED_FROM: f32 = 9.2;
/// Callers that came to one software within some days that make it a release, and these days.
const RELEASE: usize = 6;
const RELEASE_DAYS: u16 = 3;
/// Days for which a route is new to everybody.
const NEW_DAYS: u16 = 3;
/// Signs of the software that differ in another program.
const OTHER_PARTS: u8 = 2;
/// Failed passwords that are more than mistyping.
const GUESSES_MIN: u8 = 3;

fn observe(world: &mut World, scene: &Scene<'_>) {
    let quiet = matches!(scene.deed, Deed::Aside | Deed::SignIn);
    if quiet || scene.by_address || !scene.attested || scene.call.grade == Grade::C {
        return;
    }
    let Some(look) = Look::of(scene.call) else { return };
    for slot in &scene.judged {
        let before =
            world.subjects.at(*slot).habits.as_ref().and_then(|habits| nats(&habits.crowd.contexts.guest));
        watch(world, scene, *slot, &look);
        let Some(habits) = &mut world.subjects.at_mut(*slot).habits else { continue };
        let Some(guest) = &mut habits.crowd.contexts.guest else { continue };
        let now = guest.nats();
        guest.peak = guest.peak.max(now);
        if now >= CHARGED_FROM && before.is_none_or(|before| now > before) {
            world.charge(*slot, Detector::Theft, scene);
        }
    }
}

fn nats(guest: &Option<Box<Guest>>) -> Option<f32> {
    guest.as_ref().map(|guest| guest.nats())
}

/// Takes one call: whose turn it is, and what it says.
fn watch(world: &mut World, scene: &Scene<'_>, slot: usize, look: &Look) {
    let now = u32::try_from(scene.call.ended_at.as_secs()).unwrap_or(u32::MAX);
    let subject = world.subjects.at_mut(slot);
    let (who, teaches) = (subject.family, subject.teaches());
    let machine = subject.principal.kind == PrincipalKind::ApiKey;
    let Some(habits) = &mut subject.habits else { return };
    let own = &mut habits.crowd.contexts;
    if let Some(guest) = own.stayed().filter(|_| teaches) {
        world.shared.crowd.openings.count(own, machine, &guest, 1.0);
        own.guest.iter_mut().for_each(|guest| guest.counted = true);
    }
    if own.begin(scene.day, now) {
        world.shared.crowd.openings.enter(own, machine, false);
    }
    let stumbles = own.take_fresh().filter(|_| own.is_met());
    if stumbles.is_some() {
        world.shared.crowd.openings.enter(own, machine, true);
    }
    match own.visit(look, now) {
        Turn::Holder { together } => {
            if let (true, Some(guest)) = (together, &mut own.guest) {
                guest.returns = guest.returns.saturating_add(1);
                if guest.fork <= 0.0 {
                    guest.fork = world.shared.crowd.openings.fork(guest, teaches);
                }
            }
            let Some(route) = scene.seen.route else { return };
            if own.wander(route).is_some() && teaches {
                world.shared.crowd.openings.wandered(who, own);
            }
        }
        Turn::Guest => roam(world, scene, slot),
        Turn::Opening(distance) => {
            let distance = if released(world, scene, who, distance) {
                Distance { parts: u8::from(distance.language), ..distance }
            } else {
                distance
            };
            open(world, slot, (look, distance, now), (machine, stumbles));
            roam(world, scene, slot);
        }
    }
}

/// A renewal token was redeemed by two: the holder goes on with one of what they got.
pub(super) fn forked(world: &mut World, slot: usize) {
    let subject = world.subjects.at_mut(slot);
    let teaches = subject.teaches();
    let guest = subject.habits.as_mut().and_then(|habits| habits.crowd.contexts.guest.as_mut());
    let Some(guest) = guest.filter(|guest| guest.fork <= 0.0) else { return };
    guest.fork = world.shared.crowd.openings.fork(guest, teaches);
    guest.peak = guest.peak.max(guest.nats());
}

/// A context that was never used before.
fn open(
    world: &mut World,
    slot: usize,
    (look, distance, now): (&Look, Distance, u32),
    (machine, stumbles): (bool, Option<u8>),
) {
    let subject = world.subjects.at_mut(slot);
    let teaches = subject.teaches();
    let Some(habits) = &mut subject.habits else { return };
    let (own, openings) = (&mut habits.crowd.contexts, &mut world.shared.crowd.openings);
    let mut guest = openings.guest(own, machine, distance, stumbles);
    // Whoever brings another program to somebody's session teaches nothing before he has stayed.
    let far = distance.network && distance.parts >= OTHER_PARTS && stumbles.is_none() && !machine;
    guest.counted = teaches && !far;
    if guest.counted {
        openings.count(own, machine, &guest, 1.0);
    }
    own.admit(Box::new(guest), look, now);
}

/// Weighs a call of the guest.
fn roam(world: &mut World, scene: &Scene<'_>, slot: usize) {
    let Some(id) = scene.seen.route else { return };
    let answered = matches!(scene.outcome, Outcome::Served | Outcome::Refused);
    if scene.outage || !answered || !is_known(world.routes.route(id), scene.day) {
        return;
    }
    let subject = world.subjects.at_mut(slot);
    let (who, teaches) = (subject.family, subject.teaches());
    let Some(habits) = &mut subject.habits else { return };
    let (own, openings) = (&mut habits.crowd.contexts, &mut world.shared.crowd.openings);
    let Some(novel) = own.roam(id) else { return };
    let (holder, settled) = ((own.tries, own.hits), own.is_settled());
    let Some(guest) = &mut own.guest else { return };
    let novel = settled.then_some(novel);
    openings.weigh(guest, holder, novel, scene.is_write());
    if teaches && guest.nats() < TEACHES_BELOW {
        openings.learn(who, guest, holder);
    }
}

/// Whether a route is no news, and works.
fn is_known(route: &Route, day: u16) -> bool {
    day.saturating_sub(day_of(route.first)) >= NEW_DAYS && !route.is_broken()
}

/// Whether many came to this software lately; counts one who comes to it.
fn released(world: &mut World, scene: &Scene<'_>, who: Tag, distance: Distance) -> bool {
    if distance.parts == 0 {
        return false;
    }
    let key = mix(scene.call.context.agent, 29);
    if world.agents.find(key).is_none() {
        world.agents.insert(key, Agent::default());
    }
    let Some(agent) = world.agents.get_mut(key) else { return false };
    if scene.day.saturating_sub(agent.day) > RELEASE_DAYS {
        *agent = Agent { day: scene.day, adopters: Vec::new() };
    }
    let many = agent.adopters.iter().filter(|known| **known != who).count() >= RELEASE;
    remember(&mut agent.adopters, who, RELEASE + 1);
    many
}

fn assess(_: &World, subject: &Subject) -> Assessment {
    let guest = subject.habits.as_ref().and_then(|habits| habits.crowd.contexts.guest.as_ref());
    let Some(guest) = guest.filter(|guest| guest.peak >= CHARGED_FROM) else { return Assessment::SILENT };
    let p = f64::from(-guest.peak).exp();
    let conduct = guest.novel.nats.max(guest.writes.nats);
    let guessed = guest.stumbles.is_some_and(|times| times >= GUESSES_MIN);
    // An update changes one sign, a walk the network; and who signs in may be another member of the household.
    let other = guest.distance.parts >= OTHER_PARTS && guest.stumbles.is_none();
    let apart = guest.opening >= APART && (other || guessed);
    let agree = conduct >= PLAIN || conduct >= APART && (guest.fork > 0.0 || guessed);
    // A key of a machine is moved from one to another by those who run them: at other hours, for other work.
    let machine = subject.principal.kind == PrincipalKind::ApiKey;
    let limit = match () {
        () if apart && agree && !machine => Action::Block,
        () if apart => Action::StepUp,
        () => Action::Notify,
    };
    let demand =
        if apart && (guest.asks || guest.peak >= ASKED_FROM) { Action::StepUp } else { Action::Observe };
    Assessment { p, unattested: p, limit, demand }
}

fn explain(world: &World, subject: &Subject) -> Words {
    let guest = subject.habits.as_ref().and_then(|habits| habits.crowd.contexts.guest.as_ref());
    let (Some(mark), Some(guest)) = (subject.marked(Detector::Theft), guest) else { return Words::default() };
    let openings = &world.shared.crowd.openings;
    let took = span(Timestamp::from_parts(guest.since.into(), 0), mark.last);
    let (novel, writes) = openings.usual();
    let network = if guest.distance.network { "a new network" } else { "a known network" };
    let parts = guest.distance.parts;
    let occasion = if guest.stumbles.is_some() { "sign-ins" } else { "days of a credential" };
    let failed = match guest.stumbles {
        Some(times @ 1..) => format!(" after {}", count(times.into(), "failed password")),
        _ => String::new(),
    };
    let meanwhile = match guest.returns {
        0 => String::new(),
        times => format!(", while its holder went on elsewhere in {}", count(times.into(), "call")),
    };
    let (tries, new, changed) = (guest.novel.tries, guest.novel.hits, guest.writes.hits);
    let work = if tries < 0.5 {
        String::new()
    } else {
        format!(", for {new:.0} of {tries:.0} routes that its holder does not use")
    };
    Words {
        expected: format!(
            "one of {:.0} {occasion} brings a context as new as this; of the routes used first in new contexts {:.0} % are new to the holder and {:.0} % change something",
            1.0 / guest.rarity.max(1e-9),
            novel * 100.0,
            writes * 100.0
        ),
        observed: format!(
            "{network} and software that differs in {parts} of 3 signs{failed}; {tries:.0} routes, {new:.0} of them new to the holder, {changed:.0} changing something, {took}{meanwhile}"
        ),
        reason: format!(
            "Used from {network} with software that differs in {parts} of 3 signs{failed}{work}, {took}{meanwhile}."
        ),
        refuted_by: "Its holder has moved to other equipment, and looks at everything there.".to_owned(),
    }
}

/// What a culprit has opened was not opened in good faith; taken back once.
fn unlearn(world: &mut World, slot: usize) {
    let subject = world.subjects.at_mut(slot);
    let machine = subject.principal.kind == PrincipalKind::ApiKey;
    let Some(habits) = &mut subject.habits else { return };
    let own = &mut habits.crowd.contexts;
    let Some(mut guest) = own.guest.take() else { return };
    if std::mem::take(&mut guest.counted) {
        world.shared.crowd.openings.count(own, machine, &guest, -1.0);
    }
    own.guest = Some(guest);
}

#[cfg(test)]
mod tests {
    use model::Pseudonyms;

    use super::*;
    use crate::{EngineConfig, habits::crowd::contexts::Stream};

    /// Asked and allowed about somebody with such a guest.
    fn allowed(kind: PrincipalKind, parts: u8, conduct: f32, fork: f32) -> (Action, Action) {
        let names = Pseudonyms::new([1; 16]);
        let world = World::new(EngineConfig::default(), names.clone());
        let who = names.credential(kind, b"stolen");
        let mut subject = Subject::new(who, Timestamp::ZERO);
        let mut guest = Guest {
            distance: Distance { network: true, parts, ..Distance::default() },
            opening: 12.0,
            fork,
            novel: Stream { tries: 9.0, hits: 9.0, nats: conduct },
            ..Guest::default()
        };
        guest.peak = guest.nats();
        let mut habits = crate::habits::Habits::default();
        habits.crowd.contexts.guest = Some(Box::new(guest));
        subject.habits = Some(Box::new(habits));
        let said = assess(&world, &subject);
        (said.demand, said.limit)
    }

    #[test]
    fn only_what_differs_in_every_way_may_be_blocked() {
        use Action::{Block, Notify, Observe, StepUp};
        let (token, key) = (PrincipalKind::Token, PrincipalKind::ApiKey);
        for (kind, parts, conduct, fork, expected) in [
            (token, 3, 6.0, 2.0, (StepUp, Block)),
            (token, 2, 10.0, 0.0, (StepUp, Block)),
            (token, 3, 6.0, 0.0, (StepUp, StepUp)),
            (token, 3, 1.0, 2.0, (StepUp, StepUp)),
            (token, 1, 10.0, 2.0, (Observe, Notify)),
            (token, 0, 10.0, 2.0, (Observe, Notify)),
            (key, 3, 10.0, 2.0, (StepUp, StepUp)),
        ] {
            assert_eq!(allowed(kind, parts, conduct, fork), expected, "{kind:?} {parts} {conduct} {fork}");
        }
    }

    #[test]
    fn a_guest_who_does_as_the_holder_does_is_no_thief() {
        let mut guest = Guest { opening: APART, ..Guest::default() };
        for _ in 0..40 {
            guest.novel.step(false, 0.1);
            guest.writes.step(false, 0.2);
        }
        assert!(guest.nats() < CHARGED_FROM, "{}", guest.nats());
    }
}
