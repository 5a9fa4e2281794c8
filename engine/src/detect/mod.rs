//! Detectors: each a file with its null hypothesis, listed here by name. A scene in, evidence in the subjects' rows out.
//! Never decides what happens to anybody.

mod binding;
mod decoy;
mod evasion;
mod foreign_owner;
mod login;
mod probing;

pub(crate) use evasion::Quirks;
use model::Action;

use crate::{
    subjects::Subject,
    world::{Scene, World},
};

/// Detectors there are.
pub(crate) const DETECTORS: usize = 6;

/// A detector, in the order of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Detector {
    Binding,
    Decoy,
    Evasion,
    ForeignOwner,
    Login,
    Probing,
}

/// What a detector says of a subject now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Assessment {
    /// Probability of this under normal behaviour on one day.
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
}

/// What a detector says in words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    pub(crate) expected: String,
    pub(crate) observed: String,
    pub(crate) reason: String,
    pub(crate) refuted_by: String,
}

/// One detector as the engine runs it.
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    pub(crate) detector: Detector,
    pub(crate) observe: fn(&mut World, &Scene<'_>),
    pub(crate) assess: fn(&Subject) -> Assessment,
    pub(crate) explain: fn(&World, &Subject) -> Words,
}

/// Every detector, sorted by name.
pub(crate) const REGISTRY: [Spec; DETECTORS] =
    [binding::SPEC, decoy::SPEC, evasion::SPEC, foreign_owner::SPEC, login::SPEC, probing::SPEC];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_is_sorted_and_matches_the_numbers() {
        assert!(REGISTRY.windows(2).all(|pair| pair[0].name < pair[1].name));
        assert!(REGISTRY.iter().enumerate().all(|(at, spec)| spec.detector as usize == at));
    }
}
