//! Null hypothesis: callers that are odd in one of the ways that one misuse would make odd at once are no more often odd in the
//! others. What detectors say of one caller in, their product as one probability out, compared with peers' days. Never
//! speaks for one voice alone, nor for those that honest programs raise together by a mistake, and counts none for more than
//! one in 100 000.

use model::Action;

use super::{About, Assessment, Crowding, DETECTORS, Detector, REGISTRY, Spec, Voice, Words};
use crate::{explain::count, stats::product, subjects::Subject, world::World};

pub(super) const SPEC: Spec = Spec {
    name: "agreement",
    detector: Detector::Agreement,
    voice: Voice::Joint,
    // Crawlers ask for much that nobody has named, and for much that is gone.
    about: About::Credentials,
    assess,
    explain,
    ..Spec::BOUND
};

/// A voice below this is odd; how many have to be, and how far one counts.
const ODD_BELOW: f64 = 1e-2;
const ODD_MIN: usize = 3;
const ODD_MOST: f64 = 1e-5;
/// Strangers met from which two voices about objects are enough.
const OWNERS_MIN: usize = 3;

/// A misuse, and who sees a side of it.
struct Misuse {
    name: &'static str,
    /// The clearest first.
    sides: &'static [(Detector, &'static str)],
    /// Whether two of them are enough.
    is_proven: fn(&Subject, &Voices) -> bool,
}

type Voices = [Assessment; DETECTORS];

/// Who sees it, in what words, and the probability that it gives.
type Side = (Detector, &'static str, f64);

const OBJECTS: &str = "going through others' objects";
const UNNAMED: (Detector, &str) = (Detector::Enumeration, "asked for what no answer had named");
const MANY: (Detector, &str) = (Detector::Reach, "came to many such objects in a day");
const MISSED: (Detector, &str) = (Detector::Probing, "failed at first touch");

static MISUSES: [Misuse; 3] = [
    Misuse {
        name: OBJECTS,
        sides: &[(Detector::ForeignOwner, "met strangers' objects"), UNNAMED, MANY],
        // Staff meet strangers by their work; whoever is odd in that is none.
        is_proven: |subject, voices| {
            let met = subject.suspicion.as_ref().map_or(0, |suspicion| suspicion.owners.len());
            met >= OWNERS_MIN && voices[Detector::ForeignOwner as usize].p < ODD_BELOW
        },
    },
    // A client that holds on to what was deleted long ago misses what nobody has named lately.
    Misuse { name: OBJECTS, sides: &[UNNAMED, MANY, MISSED], is_proven: |_, _| false },
    Misuse {
        name: "trying what it has no right to",
        sides: &[
            (Detector::UnknownEndpoint, "came to functions of others"),
            MISSED,
            (Detector::Sequence, "left steps out"),
        ],
        is_proven: |_, voices| {
            let refused = |by: Detector| voices[by as usize].limit > Action::Notify;
            refused(Detector::UnknownEndpoint) && refused(Detector::Probing)
        },
    },
];

/// What all voices together say of one subject; its peers' days are still to be asked.
pub(crate) fn agree(world: &World, subject: &Subject, voices: &Voices) -> Assessment {
    let said = MISUSES.iter().map(|misuse| weigh(world, subject, misuse, voices));
    said.min_by(|one, two| one.p.total_cmp(&two.p)).unwrap_or(Assessment::SILENT)
}

/// Whether a voice is about a side of a misuse.
pub(crate) fn is_side(detector: Detector) -> bool {
    MISUSES.iter().flat_map(|misuse| misuse.sides).any(|(side, _)| *side == detector)
}

fn weigh(world: &World, subject: &Subject, misuse: &Misuse, voices: &Voices) -> Assessment {
    let enough = if (misuse.is_proven)(subject, voices) { ODD_MIN - 1 } else { ODD_MIN };
    let together = |p: &dyn Fn(Detector) -> f64| {
        let sides = || misuse.sides.iter().map(|(side, _)| p(*side));
        let odd = sides().filter(|p| *p < ODD_BELOW).count();
        if odd < enough { 1.0 } else { product(sides().map(|p| p.max(ODD_MOST))) }
    };
    let discounted = |side: Detector, p: f64| match REGISTRY[side as usize].crowding {
        Crowding::Excuses if !world.config.without.common_causes => {
            world.causes.discount(side, subject.cohort, p)
        }
        _ => p,
    };
    let p = together(&|side| discounted(side, voices[side as usize].p));
    let unattested = together(&|side| discounted(side, voices[side as usize].unattested)).min(p);
    Assessment { p, unattested, limit: Action::Block, demand: Action::Observe }
}

/// Only all voices together say it: `agree`.
fn assess(_: &World, _: &Subject) -> Assessment {
    Assessment::SILENT
}

/// The misuse that its day shows, with its sides and what each says: the one that `agree` speaks of.
fn shown(world: &World, subject: &Subject) -> Option<(&'static str, Vec<Side>)> {
    let age = subject.age(subject.today.day);
    let mut voices = [Assessment::SILENT; DETECTORS];
    for spec in REGISTRY.iter().filter(|spec| is_side(spec.detector)) {
        let voice = &mut voices[spec.detector as usize];
        *voice = (spec.assess)(world, subject);
        voice.p = world.day_voice(subject, spec.detector, age);
        voice.unattested = voice.unattested.min(voice.p);
    }
    let said = MISUSES.iter().map(|misuse| (misuse, weigh(world, subject, misuse, &voices).unattested));
    let (misuse, _) = said.min_by(|one, two| one.1.total_cmp(&two.1)).filter(|(_, p)| *p < 1.0)?;
    let sides = misuse.sides.iter().map(|(side, words)| (*side, *words, voices[*side as usize].unattested));
    Some((misuse.name, sides.filter(|(.., p)| *p < ODD_BELOW).collect()))
}

fn explain(world: &World, subject: &Subject) -> Words {
    let Some((misuse, sides)) = shown(world, subject) else { return Words::default() };
    let Some((clearest, ..)) = sides.first() else { return Words::default() };
    let first = (REGISTRY[*clearest as usize].explain)(world, subject).reason;
    let each = sides.iter().map(|(_, words, p)| format!("{words} (1 in {:.0})", 1.0 / p.max(1e-9)));
    let each = each.collect::<Vec<_>>().join(", ");
    Words {
        expected: "callers that are odd in one of these ways are not in another on the same day".to_owned(),
        observed: each.clone(),
        reason: format!(
            "{first} Odd in {} at once, as by {misuse}: {each}.",
            count(sides.len() as u64, "way")
        ),
        refuted_by: "It was given another role or task, which changes all of that at once.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use model::{Pseudonyms, Timestamp};

    use super::*;
    use crate::EngineConfig;

    fn said(voices: &[(Detector, f64)], owners: u32) -> Assessment {
        let names = Pseudonyms::new([1; 16]);
        let mut world = World::new(EngineConfig::default(), names.clone());
        world.now = Timestamp::from_parts(40 * 86_400, 0);
        let mut subject =
            Subject::new(names.credential(model::PrincipalKind::Token, b"one"), Timestamp::ZERO);
        let suspicion = subject.suspicion.get_or_insert_default();
        suspicion.owners = (1..=owners).map(crate::hash::Tag).collect();
        let mut all = [Assessment::SILENT; DETECTORS];
        for (by, p) in voices {
            all[*by as usize] = Assessment { p: *p, unattested: *p, ..Assessment::SILENT };
        }
        agree(&world, &subject, &all)
    }

    #[test]
    fn one_voice_is_no_agreement() {
        for by in [Detector::ForeignOwner, Detector::Enumeration, Detector::Reach, Detector::Probing] {
            assert!((said(&[(by, 1e-18)], 9).p - 1.0).abs() < 1e-12);
        }
        assert!((said(&[(Detector::Reach, 1e-9), (Detector::Timing, 1e-9)], 9).p - 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_programs_are_by_their_task_is_no_agreement() {
        // A client in a loop calls often, much and like clockwork; one with stale links misses one object after the other.
        let looping = [Detector::Cost, Detector::Excess, Detector::Timing].map(|by| (by, 1e-9));
        assert!((said(&looping, 0).p - 1.0).abs() < 1e-12);
        assert!((said(&[(Detector::Reach, 1e-9), (Detector::Probing, 1e-18)], 9).p - 1.0).abs() < 1e-12);
        assert!((said(&[(Detector::Enumeration, 1e-9), (Detector::Reach, 1e-9)], 9).p - 1.0).abs() < 1e-12);
        let pair = [(Detector::ForeignOwner, 1e-4), (Detector::Reach, 1e-4)];
        assert!((said(&pair, 2).p - 1.0).abs() < 1e-12 && said(&pair, 3).p < 1e-5);
    }

    #[test]
    fn the_words_are_about_the_misuse_that_is_proven() {
        let names = Pseudonyms::new([1; 16]);
        let world = World::new(EngineConfig::default(), names.clone());
        let mut subject =
            Subject::new(names.credential(model::PrincipalKind::Token, b"one"), Timestamp::ZERO);
        subject.suspicion.get_or_insert_default().owners = (1..=3).map(crate::hash::Tag).collect();
        // Missed and many are two sides of another misuse, odder and not enough for it.
        for (by, nats) in [(Detector::ForeignOwner, 6.0), (Detector::Reach, 6.0), (Detector::Probing, 20.0)] {
            subject.today.raise(by, nats);
        }
        let sides = shown(&world, &subject).map(|(_, sides)| sides).unwrap_or_default();
        let named: Vec<_> = sides.iter().map(|(side, ..)| *side).collect();
        assert_eq!(named, [Detector::ForeignOwner, Detector::Reach]);
    }

    #[test]
    fn three_that_ask_a_little_say_more_than_one_that_asks_a_lot() {
        let p = |each: f64| {
            let three = [Detector::ForeignOwner, Detector::Enumeration, Detector::Reach].map(|by| (by, each));
            said(&three, 0).p
        };
        assert!(p(1e-3) < 1e-6 && p(1e-4) < 1e-8, "{} {}", p(1e-3), p(1e-4));
        assert!(p(1e-5) > 1e-13 && (p(1e-18) - p(1e-5)).abs() < 1e-20);
    }
}
