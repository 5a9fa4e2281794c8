//! The ledger: verdicts and the fate of their revocations in, what gateways are to enforce out.
//! What `record` has returned from survives kill -9, power loss and a full disk.
//! Beside it, in files of their own, rows in the cold: bytes under keys, of which the oldest are forgotten.
//! Never decides anything: no policy, no clock, no network.

mod cold;
mod error;
mod feedback;
mod file;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod ledger;
mod queries;
mod rows;
mod upkeep;

pub use cold::{ColdLimits, ColdRows, Left};
pub use error::LedgerError;
pub use feedback::{Feedback, Word};
pub use ledger::Ledger;
pub use queries::{Entry, Filter, Found};
pub use rows::Standing;
pub use upkeep::{Keep, Selector, Withdrawn};
