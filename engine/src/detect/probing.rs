//! Null hypothesis: of the distinct targets a caller tries, as few fail at first touch as for other callers.
//! Answers in, evidence per distinct failing target out. Never counts what fails for many, what the caller had a right to
//! ask for, or a service that is broken.

use model::{Action, Grade};

use super::{Assessment, Detector, Spec, Words};
use crate::{
    explain::{count, span},
    hash::{Novelty, Tag, mix, remember},
    routes::{Presented, is_static},
    scene::Scene,
    stats::{Excuse, Hit},
    subjects::Subject,
    world::{Missed, World},
};

pub(super) const SPEC: Spec =
    Spec { name: "probing", detector: Detector::Probing, observe, assess, explain, ..Spec::BOUND };

/// Distinct failing targets before it may block, so many of them blind: a client that holds on to what was deleted long ago
/// asks for one missing object after the other, all by known routes.
const TARGETS_MIN: u16 = 5;
/// Least share of failing targets since they began, for more than `notify`: below it is a crawler of a site in bad repair.
const SHARE_MIN: f32 = 0.4;
/// Failing targets remembered per subject.
const TARGETS_KEPT: usize = 48;
/// Failures come in company: one page in bad repair, one new version, and several targets fail at once. However seldom a
/// caller fails, the next target of such a row fails at least so often.
const IN_A_ROW: f64 = 0.02;
/// What browsers and crawlers ask for by themselves.
const HARMLESS: [&str; 5] =
    ["/robots.txt", "/favicon.ico", "/sitemap.xml", "/manifest.json", "/.well-known/"];

fn observe(world: &mut World, scene: &Scene<'_>) {
    // While the service fails for many, its answers say nothing of callers.
    if scene.call.grade == Grade::C || scene.call.login.is_some() || scene.outage {
        return;
    }
    if scene.served() {
        scene.judged.iter().for_each(|slot| served(world, scene, *slot));
    } else if let Some(target) = failed_target(world, scene) {
        let blind = scene.seen.route.is_none() || scene.call.status != Some(404);
        scene.judged.iter().for_each(|slot| failed(world, scene, *slot, target, blind));
    }
}

/// A distinct target that was served speaks for the caller.
fn served(world: &mut World, scene: &Scene<'_>, slot: usize) {
    let subject = world.subjects.at_mut(slot);
    let target = Tag::short(scene.seen.target).0;
    if subject.recent.contains(&target) || !scene.attested {
        return;
    }
    subject.recent.rotate_right(1);
    subject.recent[0] = target;
    let (tries, hits) = subject.probing.counts();
    let rate = world.probing_prior.predictive(tries, hits);
    subject.probing.step(Hit::No, rate, scene.day, Excuse::Slowly);
    if subject.teaches() {
        let (tries, hits) = subject.probing.counts();
        world.probing_prior.vote(subject.family, tries, hits);
    }
}

/// The target that failed, if its failure says anything about the caller.
fn failed_target(world: &World, scene: &Scene<'_>) -> Option<u64> {
    let call = scene.call;
    let route = scene.seen.route.map(|id| world.routes.route(id));
    let path = call.path.as_str();
    if is_static(path) || HARMLESS.iter().any(|start| path.starts_with(start)) || call.method == "OPTIONS" {
        return None;
    }
    if route.is_some_and(crate::routes::Route::is_broken) {
        return None;
    }
    let by_route = scene.seen.route.map(|id| mix(u64::from(id.0), 5));
    match call.status? {
        // What the caller owned or was given may be gone by now.
        404 | 403 if scene.seen.objects.iter().any(|object| world.objects.knows(object.id, &scene.tags)) => {
            None
        }
        // Without a known route nobody was ever let in there; with one, the caller may just have to sign in.
        401 if route.is_none() && scene.presented == Presented::Nothing => Some(scene.seen.target),
        403 | 404 => Some(scene.seen.target),
        400 | 405 | 406 | 414 | 422 | 431 => Some(by_route.unwrap_or(scene.seen.target)),
        _ => None,
    }
}

/// A distinct target that failed, `blind` when no known route leads there, or it was refused.
fn failed(world: &mut World, scene: &Scene<'_>, slot: usize, target: u64, blind: bool) {
    if fails_for_many(world, target, slot) {
        return;
    }
    let subject = world.subjects.at_mut(slot);
    let targets = &mut subject.suspicion.get_or_insert_default().targets;
    if remember(targets, Tag::short(target), TARGETS_KEPT) == Novelty::Known {
        return;
    }
    let (tries, hits) = subject.probing.counts();
    let rate = world.probing_prior.predictive(tries, hits).max(IN_A_ROW);
    if scene.attested {
        subject.probing.step(Hit::Yes, rate, scene.day, Excuse::Slowly);
    }
    subject.step_weak(Detector::Probing, rate, scene.day);
    let mark = subject.mark_mut(Detector::Probing);
    mark.kinds = mark.kinds.saturating_add(u32::from(blind && scene.attested));
    world.charge(slot, Detector::Probing, scene);
}

/// Whether a target fails for callers of good standing too; then the target is to blame. Scanners, who all try the same
/// paths, do not excuse one another.
fn fails_for_many(world: &mut World, target: u64, slot: usize) -> bool {
    let subject = world.subjects.at(slot);
    let witness = (subject.is_established() && subject.teaches()).then_some(subject.family);
    let Some(who) = witness else {
        return world.missed.get(target).is_some_and(|missed| missed.callers[2].is_some());
    };
    let Some(missed) = world.missed.get_mut(target) else {
        world.missed.insert(target, Missed { callers: [who, Tag::NONE, Tag::NONE] });
        return false;
    };
    let free = missed.callers.iter().position(|tag| !tag.is_some());
    if let Some(free) = free.filter(|_| !missed.callers.contains(&who)) {
        missed.callers[free] = who;
    }
    missed.callers[2].is_some()
}

fn assess(_: &World, subject: &Subject) -> Assessment {
    let Some(mark) = subject.marked(Detector::Probing) else { return Assessment::SILENT };
    let p = subject.probing.p();
    Assessment {
        p,
        unattested: mark.unattested_p(p),
        limit: match mark.hits {
            _ if subject.probing.run_share() < SHARE_MIN => Action::Notify,
            TARGETS_MIN.. if mark.kinds >= u32::from(TARGETS_MIN) => Action::Block,
            _ => Action::RateLimit,
        },
        demand: Action::Observe,
    }
}

fn explain(world: &World, subject: &Subject) -> Words {
    let Some(mark) = subject.marked(Detector::Probing) else { return Words::default() };
    let hits = u64::from(mark.hits.max(mark.unattested));
    let took = span(mark.first, mark.last);
    let share = world.probing_prior.usual() * 100.0;
    Words {
        expected: format!("{share:.1} % of the distinct targets of a normal caller fail at first touch"),
        observed: format!(
            "{} failed at first touch {took}; {} calls served",
            count(hits, "distinct target"),
            subject.served
        ),
        reason: format!(
            "Tried {} that do not exist or are forbidden {took}; normally {share:.1} % of a caller's targets fail.",
            count(hits, "distinct target")
        ),
        refuted_by: "The caller is a link checker or a client of an interface that was removed.".to_owned(),
    }
}
