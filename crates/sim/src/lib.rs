//! The simulator: a seed and the name of a world in, labelled calls in order of `ended_at` out. The same settings give
//! the same calls on every machine. Detectors never see the labels.

mod attack;
mod config;
mod people;
#[allow(dead_code, reason = "the worlds to come draw from it")]
mod rng;
mod simulation;
mod truth;

pub use attack::{ATTACKS, AttackKind, Entity};
pub use config::{AttackOrder, ConfigError, Events, SimConfig, WorldName};
pub use people::Archetype;
pub use simulation::Simulation;
pub use truth::{ActorId, ActorTruth, AttackId, AttackTruth, EventTruth, Origin, Truth};
