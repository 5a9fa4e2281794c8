//! The simulator: a seed and the name of a world in, labelled calls in order of `ended_at` out. The same settings give
//! the same calls on every machine. Detectors never see the labels.

mod attack;
mod body;
mod config;
mod ledger;
mod looks;
mod nets;
mod objects;
mod order;
mod people;
mod plan;
mod population;
mod rng;
mod simulation;
mod stage;
mod text;
mod tickets;
mod truth;
mod weather;
mod wire;
mod world;

pub use attack::{ATTACKS, AttackKind, Entity};
pub use config::{AttackOrder, ConfigError, Events, SimConfig, WorldName};
pub use people::Archetype;
pub use simulation::Simulation;
pub use stage::DECOYS;
pub use truth::{ActorId, ActorTruth, AttackId, AttackTruth, EventTruth, Origin, Truth};
pub use wire::{Bytes, PcapWriter};
