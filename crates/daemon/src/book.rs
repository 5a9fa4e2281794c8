//! The book: the ledger as the dispatcher sees it. Adds nothing, decides nothing.

use std::sync::Arc;

use connect::{Book, BookError};
use model::{Delivery, Revocation, Timestamp};
use store::Ledger;

/// The ledger as a book.
pub(crate) struct LedgerBook(pub(crate) Arc<Ledger>);

impl Book for LedgerBook {
    fn desired(&self, gateway: &str, now: Timestamp) -> Result<Vec<Revocation>, BookError> {
        self.0.desired(gateway, now).map_err(Into::into)
    }

    fn owed(&self, gateway: &str, now: Timestamp) -> Result<Vec<Delivery>, BookError> {
        self.0.owed(gateway, now).map_err(Into::into)
    }

    fn note(&self, deliveries: &[Delivery]) -> Result<Vec<Delivery>, BookError> {
        self.0.note(deliveries).map_err(Into::into)
    }
}
