//! The book: what the dispatcher reads from the ledger and writes to it, without knowing the ledger.
//! Reports go to whoever keeps the SOC log. Never blocks on a reader of reports.

use model::{Audit, Delivery, Revocation, Timestamp};

/// Whatever the ledger says went wrong.
pub type BookError = Box<dyn std::error::Error + Send + Sync>;

/// The durable side of delivering. Calls may block on the disk; the dispatcher makes them off its own thread.
pub trait Book: Send + Sync + 'static {
    /// What `gateway` is to enforce at `now`, one revocation per principal.
    ///
    /// # Errors
    /// When it can not be read; the dispatcher tries again.
    fn desired(&self, gateway: &str, now: Timestamp) -> Result<Vec<Revocation>, BookError>;

    /// What `gateway` has yet to hear of: `Pending` and `DryRun` ones to apply, `Withdrawn` ones to take back.
    ///
    /// # Errors
    /// When it can not be read; the dispatcher tries again.
    fn owed(&self, gateway: &str, now: Timestamp) -> Result<Vec<Delivery>, BookError>;

    /// Writes what became of revocations; returns those that are news.
    ///
    /// # Errors
    /// When nothing was written; the dispatcher tries again.
    fn note(&self, deliveries: &[Delivery]) -> Result<Vec<Delivery>, BookError>;
}

/// A line for the SOC log.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// A revocation changed its state.
    Delivery(Box<Delivery>),
    /// A gateway changed its state: `gateway_down`, `gateway_up`, `gateway_resync`, `gateway_list_full`, `gateway_trouble`.
    Audit(Box<Audit>),
}
