//! Detectors: each a file with its null hypothesis, listed here by name. A scene in, evidence in the subjects' rows out.
//! Never decides what happens to anybody.

mod agreement;
mod assignment;
mod binding;
mod bomb;
mod campaign;
mod cost;
mod decoy;
mod destruction;
mod dormant;
mod enumeration;
mod evasion;
mod excess;
mod foreign_owner;
mod header;
mod injection;
mod jwt;
mod login;
mod open_door;
mod peer_scan;
mod probing;
mod reach;
mod sequence;
mod shape;
mod sign_ups;
mod slow_leak;
mod stuffing;
mod theft;
mod timing;
mod travel;
mod unknown_endpoint;
mod volume;

pub(crate) use agreement::{agree, is_side};
pub(crate) use campaign::Taken;
pub(crate) use evasion::Quirks;
pub(crate) use foreign_owner::has_a_role;
pub(crate) use login::Logins;
use model::{Action, PrincipalKind};

use crate::{scene::Scene, subjects::Subject, world::World};

macro_rules! detectors {
    ($($variant:ident = $module:ident;)*) => {
        /// A detector, in the order of its name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub(crate) enum Detector { $($variant,)* }

        /// Detectors there are; at most 32.
        pub(crate) const DETECTORS: usize = [$(Detector::$variant,)*].len();

        /// Every detector, sorted by name.
        pub(crate) static REGISTRY: [Spec; DETECTORS] = [$($module::SPEC,)*];
    };
}

// A new detector is a file, its `mod` line above, and its line here.
detectors! {
    Agreement = agreement;
    Assignment = assignment;
    Binding = binding;
    Bomb = bomb;
    Campaign = campaign;
    Cost = cost;
    Decoy = decoy;
    Destruction = destruction;
    Dormant = dormant;
    Enumeration = enumeration;
    Evasion = evasion;
    Excess = excess;
    ForeignOwner = foreign_owner;
    Header = header;
    Injection = injection;
    Jwt = jwt;
    Login = login;
    OpenDoor = open_door;
    PeerScan = peer_scan;
    Probing = probing;
    Reach = reach;
    Sequence = sequence;
    Shape = shape;
    SignUps = sign_ups;
    SlowLeak = slow_leak;
    Stuffing = stuffing;
    Theft = theft;
    Timing = timing;
    Travel = travel;
    UnknownEndpoint = unknown_endpoint;
    Volume = volume;
}

/// What a detector says of a subject now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Assessment {
    /// Probability of this under normal behaviour on one day, as the detector can prove it by itself. A detector whose
    /// grounds are `Score` leaves it at 1: the engine finds it from the day's highest score (`World::score`).
    pub(crate) p: f64,
    /// The same when calls of lesser grade count too.
    pub(crate) unattested: f64,
    /// The most that this detector may ask for on its own.
    pub(crate) limit: Action,
    /// The least that it asks for, whatever the probability.
    pub(crate) demand: Action,
}

impl Assessment {
    pub(crate) const SILENT: Self =
        Self { p: 1.0, unattested: 1.0, limit: Action::Notify, demand: Action::Observe };

    /// For detectors whose grounds are `Score`: what they may ask for, once their score is rare.
    pub(crate) const fn scored(limit: Action) -> Self {
        Self { limit, ..Self::SILENT }
    }
}

/// What a detector says in words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    pub(crate) expected: String,
    pub(crate) observed: String,
    pub(crate) reason: String,
    pub(crate) refuted_by: String,
}

/// Where a detector's probability comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grounds {
    /// Its own theory, as Ville's bound of an e-process: it counts from the first call on. The daily maxima of
    /// `-ln p` among peers can make it larger, never smaller.
    Bound,
    /// A score that is compared with its daily maxima among peers of the same cohort and age: silent until there are enough.
    Score,
}

/// How much of the budget a detector's voice gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Voice {
    /// It may block alone.
    Full,
    /// It may block alone, speaks seldom and then with certainty: it needs little of the budget.
    Sharp,
    /// Several voices in one: what they may use of the budget besides is its own.
    Joint,
    /// As sharp, but it slows down and never blocks.
    Slows,
    /// It multiplies what others say.
    Support,
    /// It asks for a step-up by itself, and adds nothing to what others say.
    Asks,
    /// It is for people to read and counts in no verdict.
    Mute,
}

/// Whom a detector can speak of. Of others it never says a word, and its share of their budget goes to the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Anybody,
    Credentials,
    Addresses,
}

impl About {
    pub(crate) fn covers(self, kind: PrincipalKind) -> bool {
        match self {
            Self::Anybody => true,
            Self::Credentials => kind != PrincipalKind::Ip,
            Self::Addresses => kind == PrincipalKind::Ip,
        }
    }
}

/// What it means when many peers show the same at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crowding {
    /// Nothing: it is wrong whoever else does it.
    Counts,
    /// A release, a sale, an outage: each counts less, and people are told.
    Excuses,
}

impl Voice {
    /// Whether it may block alone.
    pub(crate) fn blocks(self) -> bool {
        matches!(self, Self::Full | Self::Sharp | Self::Joint)
    }
}

/// One detector as the engine runs it.
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    pub(crate) detector: Detector,
    pub(crate) grounds: Grounds,
    pub(crate) voice: Voice,
    pub(crate) crowding: Crowding,
    pub(crate) about: About,
    /// Learns from a call and charges those who gained evidence.
    pub(crate) observe: fn(&mut World, &Scene<'_>),
    /// What it says of a subject now.
    pub(crate) assess: fn(&World, &Subject) -> Assessment,
    pub(crate) explain: fn(&World, &Subject) -> Words,
    /// Forgets its evidence against a subject: a pardon, a false alarm.
    pub(crate) forgive: fn(&mut Subject),
    /// Takes back what a culprit has taught it about others.
    pub(crate) unlearn: fn(&mut World, usize),
}

impl Spec {
    /// What most detectors that prove by themselves have in common.
    const BOUND: Self = Self {
        name: "",
        detector: Detector::Binding,
        grounds: Grounds::Bound,
        voice: Voice::Full,
        crowding: Crowding::Counts,
        about: About::Anybody,
        observe: |_, _| (),
        assess: |_, _| Assessment::SILENT,
        explain: |_, _| Words::default(),
        forgive: |_| (),
        unlearn: |_, _| (),
    };
    /// What most detectors of the unusual have in common.
    const SCORE: Self =
        Self { grounds: Grounds::Score, voice: Voice::Support, crowding: Crowding::Excuses, ..Self::BOUND };
}

/// What a detector may do unless the settings say otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DetectorFacts {
    /// Its stable name.
    pub name: &'static str,
    /// Whether it may block by default.
    pub blocks: bool,
}

/// Every detector, sorted by name.
#[must_use]
pub fn detectors() -> Vec<DetectorFacts> {
    REGISTRY.iter().map(|spec| DetectorFacts { name: spec.name, blocks: spec.voice.blocks() }).collect()
}

/// A set of detectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Set(u32);

impl Set {
    pub(crate) fn named(names: &std::collections::BTreeSet<compact_str::CompactString>) -> Self {
        let has = |spec: &&Spec| names.contains(spec.name);
        Self(REGISTRY.iter().filter(has).fold(0, |set, spec| set | 1 << spec.detector as u32))
    }

    pub(crate) fn has(self, detector: Detector) -> bool {
        self.0 & 1 << detector as u32 != 0
    }

    /// Puts one in; whether it is new.
    pub(crate) fn add(&mut self, detector: Detector) -> bool {
        let fresh = !self.has(detector);
        self.0 |= 1 << detector as u32;
        fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_is_sorted_and_matches_the_numbers() {
        assert!(REGISTRY.windows(2).all(|pair| pair[0].name < pair[1].name));
        assert!(REGISTRY.iter().enumerate().all(|(at, spec)| spec.detector as usize == at));
        assert!(REGISTRY.len() <= 32);
    }
}
