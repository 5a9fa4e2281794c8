//! The truth of a simulation: who did what. Detectors never see it; the evaluation compares verdicts with it.

use model::{PrincipalId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{SimConfig, people::Archetype};

/// One who calls: an honest client, or one of an attack's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActorId(pub u32);

/// One instance of an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttackId(pub u32);

/// Where a call came from. For judges of detectors only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Who made it.
    pub actor: ActorId,
    /// What sort of client that is.
    pub archetype: Archetype,
    /// The attack that it belongs to; `None` for every honest call.
    pub attack: Option<AttackId>,
    /// Whether the gateway refused it because of [`crate::Simulation::refuse`]: the service never saw it.
    pub denied: bool,
    /// Records that an attacker got in this call and had no right to; 0 for honest calls.
    pub leaked: u32,
}

/// Who did what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// What was simulated.
    pub config: SimConfig,
    /// Everybody who has called so far, by id.
    pub actors: Vec<ActorTruth>,
    /// Every attack, by id, begun or not.
    pub attacks: Vec<AttackTruth>,
    /// What happened to everybody at once, in order of its beginning.
    pub events: Vec<EventTruth>,
}

/// One who calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActorTruth {
    /// Its number.
    pub id: ActorId,
    /// What sort of client it is.
    pub archetype: Archetype,
    /// The attack that it belongs to.
    pub attack: Option<AttackId>,
    /// Credentials it was given (the latest, up to `SimConfig::credentials_kept` of all actors), its user and its client
    /// application. Users and applications may be shared by several actors.
    pub principals: Vec<PrincipalId>,
    /// Calls it made.
    pub calls: u64,
    /// Calls of those that were denied because of a verdict: for an honest client, wrongly.
    pub denied: u64,
    /// When it first called.
    pub since: Timestamp,
}

/// One instance of an attack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttackTruth {
    /// Its number.
    pub id: AttackId,
    /// A name of [`crate::ATTACKS`].
    pub kind: String,
    /// When it means to begin.
    pub planned: Timestamp,
    /// First and last call so far; `None` before the first.
    pub began: Option<Timestamp>,
    /// See `began`.
    pub ended: Option<Timestamp>,
    /// Whether it has come to its end: goal reached, given up, or time over.
    pub is_over: bool,
    /// Calls made, and those of them that were denied.
    pub calls: u64,
    /// See `calls`.
    pub denied: u64,
    /// Records that it got and had no right to.
    pub leaked: u64,
    /// Units of the goal (records, guesses, payments: whatever it is after) wanted and reached.
    pub wanted: u64,
    /// See `wanted`.
    pub reached: u64,
    /// Times it came back in another guise after being denied.
    pub returns: u32,
    /// How well it copies honest clients, 0 to 1.
    pub mimicry: f64,
    /// Its actors.
    pub actors: Vec<ActorId>,
    /// Principals on which a verdict is right: its own, and the stolen ones.
    pub guilty: Vec<PrincipalId>,
    /// Principals that a verdict must spare: whom it impersonates, whose address it abuses.
    pub victims: Vec<PrincipalId>,
}

/// Something that happened to everybody at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventTruth {
    /// Its stable name.
    pub kind: String,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Its strength: a factor, or a share, as the kind has it.
    pub strength: f64,
}
