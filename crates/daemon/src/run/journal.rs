//! The journal: the SOC log shared by our threads. Lines of different threads never mix.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use model::{Audit, Timestamp};
use soclog::{Entry, SocLog};

/// The SOC log behind a lock; its writers are few and slow.
#[derive(Clone, Debug)]
pub(super) struct Journal(Arc<Mutex<SocLog>>);

impl Journal {
    /// Shares an open log.
    pub(super) fn new(log: SocLog) -> Self {
        Self(Arc::new(Mutex::new(log)))
    }

    /// Appends a line.
    pub(super) fn append(&self, entry: Entry<'_>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).append(entry);
    }

    /// Appends an audit line.
    pub(super) fn audit(&self, at: Timestamp, actor: &str, act: &str, target: &str, detail: &str) {
        let (target, detail) = (target.to_owned(), detail.to_owned());
        self.append(Entry::Audit(&Audit { at, actor: actor.into(), act: act.into(), target, detail }));
    }

    /// Opens the file again after a rotator renamed it.
    pub(super) fn reopen(&self) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).reopen()
    }

    /// Lines that could not be written.
    pub(super) fn lost(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).lost()
    }
}
