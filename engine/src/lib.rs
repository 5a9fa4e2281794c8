//! The engine room: API calls and ticks in, findings and verdicts out. Never I/O, never the host's clock.

mod age;
mod budget;
mod caller;
mod causes;
mod cells;
mod classes;
mod cohorts;
mod config;
mod decide;
mod detect;
mod engine;
mod explain;
mod fuse;
mod habits;
mod hash;
mod judging;
mod links;
mod objects;
mod outage;
mod rails;
mod routes;
mod scene;
mod stats;
mod subjects;
mod summary;
mod table;
mod today;
mod votes;
mod world;

pub use age::Phase;
pub use budget::Budget;
pub use config::{BlastRadius, EngineConfig, NeverBlock, WarmUp};
pub use detect::{DetectorFacts, detectors};
pub use engine::{Engine, Judgement};
pub use summary::{RouteSummary, Summary};
