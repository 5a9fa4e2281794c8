//! The intake room: lines and documents that others wrote about calls in, records of those calls out. Pure: opens no
//! file and no socket, asks no clock, and decides nothing about who a caller is.

mod combined;
mod fields;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod har;
mod json;
mod kong;
mod lines;
mod log;
mod record;
mod sideband;
mod time;

#[cfg(test)]
mod tests;

pub use fields::{Fields, Meaning};
pub use har::{HAR_BYTES_MAX, har};
pub use kong::kong;
pub use lines::{LINE_BYTES_MAX, Lines};
pub use log::{Format, LogReader};
pub use record::{Answer, Headers, Record, Refusal, Why};
pub use sideband::{Ask, Pairs, Reply, sideband_request, sideband_response};
