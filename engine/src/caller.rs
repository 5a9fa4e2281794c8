//! Who answers for a call: identities in, the scene with the subjects under judgement out. Never believes a user name
//! before a guarded route has served its credential.

use model::{ApiCall, Grade, Outcome, PrincipalKind};
use smallvec::SmallVec;

use crate::{
    age::Age,
    cohorts::{COHORT_FROM_CALLS, Cohort},
    habits::HABITS_FROM_CALLS,
    hash::{Tag, mix},
    routes::Presented,
    scene::{Deed, Scene, day_of, yielded},
    subjects::ESTABLISHED_CALLS,
    world::World,
};

/// Builds the scene of a call: understands its path and finds or makes the rows of its callers.
pub(crate) fn scene<'a>(world: &mut World, call: &'a ApiCall) -> Scene<'a> {
    let seen = world.routes.see(call, &world.names, &mut world.losses);
    world.look_at(seen.objects.iter().map(|object| object.id));
    let outcome = call.outcome();
    let shown = call.identities.iter().filter(|who| who.kind.is_credential()).count();
    let presented = if shown == 0 { Presented::Nothing } else { Presented::Credential };
    let credentials =
        if outcome == Outcome::Rejected { SmallVec::new() } else { credentials(world, call, outcome) };
    let deed = Deed::of(call, seen.ends_in_id);
    let (records, sensitive) = yielded(call);
    let mut scene = Scene {
        call,
        seen,
        judged: SmallVec::new(),
        by_address: credentials.is_empty(),
        tags: SmallVec::new(),
        owner: Tag::NONE,
        outcome,
        presented,
        day: day_of(call.ended_at),
        attested: call.grade == Grade::A && call.complete,
        cohort: Cohort::GLOBAL,
        age: Age::New,
        outage: world.outage.is_on(call.ended_at),
        deed,
        records,
        sensitive,
    };
    if !scene.by_address {
        speak_for_users(world, &mut scene, &credentials);
        stand_behind_address(world, &scene, &credentials);
        let callers = credentials.iter().filter(|slot| !world.subjects.at(**slot).is_shared_key());
        scene.judged = callers.copied().collect();
    }
    if scene.judged.is_empty() {
        judge_address(world, &mut scene);
    }
    count_arrivals(world, &scene);
    place_among_peers(world, &mut scene);
    count_on_route(world, &scene);
    scene
}

/// Counts whether callers whose browser can be made to call for others come of their own.
fn count_arrivals(world: &mut World, scene: &Scene<'_>) {
    for slot in &scene.judged {
        let subject = world.subjects.at_mut(*slot);
        if matches!(subject.principal.kind, PrincipalKind::Cookie | PrincipalKind::Ip) {
            let (host, crosses) = (scene.call.host.as_str(), scene.call.context.cross_site);
            world.shared.crowd.origins.take(&mut subject.arrivals, host, crosses);
        }
    }
}

/// Begins the day of those judged, and finds whose peers they are.
fn place_among_peers(world: &mut World, scene: &mut Scene<'_>) {
    for slot in &scene.judged {
        let morning = world.roll_over(*slot, scene.day);
        note_threats(world, *slot, scene);
        world.accustom(*slot);
        if !scene.by_address && world.subjects.at(*slot).calls == HABITS_FROM_CALLS {
            world.recall(*slot, scene);
        }
        if scene.by_address || world.config.without.cohorts {
            continue;
        }
        let subject = world.subjects.at_mut(*slot);
        let strangers = subject.votes.iter().any(|votes| votes.shares());
        subject.profile.learn(scene, subject.gap_s.into(), strangers);
        // Once when it is known well enough, and again each day.
        if subject.calls == COHORT_FROM_CALLS || subject.calls > COHORT_FROM_CALLS && morning {
            let joined = world.cohorts.join(scene.call, &subject.profile);
            subject.cohort = joined.cohort;
            if joined.replaced {
                world.cells.forget(joined.cohort);
                world.shared.volume.norms.forget(joined.cohort);
            }
        }
    }
    let main = scene.judged.first().map(|slot| world.subjects.at(*slot));
    if let Some(main) = main {
        (scene.cohort, scene.age) = (main.cohort, main.age(scene.day));
    }
    world.meter(scene);
}

/// Counts whether a caller comes from an address that is listed as dangerous.
fn note_threats(world: &mut World, slot: usize, scene: &Scene<'_>) {
    if world.config.known.lists.is_empty() || !scene.served() {
        return;
    }
    let subject = world.subjects.at_mut(slot);
    if subject.teaches() {
        let is_address = subject.principal.kind == PrincipalKind::Ip;
        world.threats.meet(&world.config.known, &mut subject.today.looked, scene.call.client, is_address);
    }
}

/// Without a credential of its own, the address answers for the call.
fn judge_address(world: &mut World, scene: &mut Scene<'_>) {
    let slot = world.address_of(scene.call);
    let subject = world.subjects.at_mut(slot);
    subject.calls = subject.calls.saturating_add(1);
    subject.served = subject.served.saturating_add(u32::from(scene.served()));
    subject.last = scene.call.ended_at;
    scene.by_address = true;
    scene.judged.push(slot);
}

/// Rows of the credentials shown. One that was never served has none.
fn credentials(world: &mut World, call: &ApiCall, outcome: Outcome) -> SmallVec<[usize; 2]> {
    let may_enter = outcome == Outcome::Served && call.grade != Grade::C;
    let mut slots: SmallVec<[usize; 2]> = SmallVec::new();
    for kind in [PrincipalKind::Token, PrincipalKind::Cookie, PrincipalKind::ApiKey] {
        for principal in call.identities.iter().filter(|who| who.kind == kind) {
            let slot = match world.subjects.find(principal.id) {
                Some(slot) => slot,
                None if may_enter => world.subject_of(principal, call.ended_at),
                None => continue,
            };
            slots.push(slot);
        }
    }
    slots
}

/// Counts the call on each credential and gathers the tags that speak for the caller.
fn speak_for_users(world: &mut World, scene: &mut Scene<'_>, credentials: &[usize]) {
    let claimed = scene.call.identities.iter().find(|who| who.kind == PrincipalKind::User);
    let guarded = scene.seen.route.is_some_and(|route| world.routes.route(route).is_guarded());
    let served = scene.served() && scene.call.grade != Grade::C;
    let mut grown_up = false;
    for slot in credentials {
        let subject = world.subjects.at_mut(*slot);
        subject.calls = subject.calls.saturating_add(1);
        subject.gap_s = u32::try_from(scene.call.ended_at.since(subject.last).as_secs()).unwrap_or(u32::MAX);
        subject.last = scene.call.ended_at;
        if served {
            subject.served = subject.served.saturating_add(1);
            subject.companions = subject.companions.saturating_add(u8::from(grown_up));
            grown_up |= subject.served == ESTABLISHED_CALLS;
            if let Some(user) = claimed {
                subject.contradicts |= subject.user.is_some() && subject.user != Tag::of(user.id);
                if !subject.user.is_some() {
                    (subject.user, subject.user_id) = (Tag::of(user.id), Some(user.id));
                }
            }
            subject.proven |= guarded && subject.user.is_some() && !subject.contradicts;
        }
        scene.tags.push(subject.family);
    }
    let rows = || credentials.iter().map(|slot| world.subjects.at(*slot));
    let contradicted = rows().any(|subject| subject.contradicts && !subject.is_shared_key());
    let users: SmallVec<[Tag; 2]> =
        rows().filter(|subject| !subject.is_shared_key()).map(|row| row.user).collect();
    let main = rows().find(|subject| !subject.is_shared_key());
    scene.owner = main.map_or(Tag::NONE, |subject| subject.family);
    if !contradicted {
        if let Some(user) = users.iter().find(|user| user.is_some()) {
            scene.owner = *user;
        }
        scene.tags.extend(users.into_iter().filter(|user| user.is_some()));
    }
}

/// Tells the address's row which established callers stand behind it.
fn stand_behind_address(world: &mut World, scene: &Scene<'_>, credentials: &[usize]) {
    let address = match scene.call.client.to_canonical() {
        std::net::IpAddr::V4(v4) => u64::from(v4.to_bits()),
        #[expect(clippy::cast_possible_truncation, reason = "both halves are mixed in")]
        std::net::IpAddr::V6(v6) => mix((v6.to_bits() >> 64) as u64, v6.to_bits() as u64),
    };
    for slot in credentials {
        let subject = world.subjects.at_mut(*slot);
        let news =
            subject.address != address || subject.served == ESTABLISHED_CALLS || subject.day != scene.day;
        if subject.day != scene.day {
            (subject.day, subject.findings_today) = (scene.day, 0);
        }
        let who = if subject.user.is_some() && !subject.contradicts { subject.user } else { subject.family };
        if !news || !subject.is_established() || subject.is_shared_key() || !scene.served() || !scene.attested
        {
            continue;
        }
        subject.address = address;
        let row = world.address_of(scene.call);
        world.subjects.at_mut(row).crowd.join(who, scene.day);
    }
}

fn count_on_route(world: &mut World, scene: &Scene<'_>) {
    let Some(route) = scene.seen.route else { return };
    let main = scene.judged.first().map(|slot| world.subjects.at(*slot));
    let who = main.map_or(Tag(1), |subject| subject.family);
    let witness = main.is_some_and(|subject| subject.is_established() && subject.teaches());
    let shown = if scene.by_address && scene.presented == Presented::Credential && !scene.served() {
        Presented::Credential
    } else {
        scene.presented
    };
    world.routes.count(route, scene.call, who, shown, witness.then_some(who));
    world.inventory.learn(route, scene, who, &mut world.losses);
    for (from, into) in world.routes.take_merged() {
        world.inventory.merge(from, into);
    }
}
