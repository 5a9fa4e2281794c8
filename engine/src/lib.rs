//! The engine room: API calls and ticks in, findings and verdicts out. Never I/O, never the host's clock.

mod caller;
mod classes;
mod config;
mod decide;
mod detect;
mod engine;
mod explain;
mod fuse;
mod hash;
mod links;
mod objects;
mod rails;
mod routes;
mod stats;
mod subjects;
mod summary;
mod table;
mod world;

pub use config::{BlastRadius, EngineConfig, NeverBlock, WarmUp};
pub use engine::{Engine, Judgement};
pub use summary::{RouteSummary, Summary};
