//! The SOC log: findings, verdicts, deliveries, audit and health in, one JSON line each out, to a file that a rotator
//! may rename. Never a raw control character, never a line over 64 KiB, never a lost line that is not counted.

mod line;
mod log;
mod plain;

pub use line::{Entry, LINE_BYTES_MAX, SCHEMA};
pub use log::SocLog;
pub use plain::Plain;
