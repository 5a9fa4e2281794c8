//! The SOC log: findings, verdicts, deliveries, audit and health in, one JSON line each out, to a file that a rotator
//! may rename. Never a raw control character, never a line over 64 KiB, never a lost line that is not counted.
//! Each line carries its number and the hash of the one before.

mod chain;
mod check;
mod line;
mod log;
mod plain;
mod proof;

pub use chain::{Link, chain_path, kept_link};
pub use check::{Break, BreakKind, ChainCheck, ChainReport};
pub use line::{Entry, LINE_BYTES_MAX, SCHEMA};
pub use log::SocLog;
pub use plain::Plain;
pub use proof::{LearningRef, Proof};
