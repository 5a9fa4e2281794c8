//! The journal: the SOC log shared by our threads. Lines of different threads never mix.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use model::{Audit, Timestamp, Verdict};
use soclog::{Entry, LearningRef, SocLog};

use crate::provenance::Provenance;

/// The SOC log behind a lock; its writers are few and slow.
#[derive(Clone, Debug)]
pub(super) struct Journal {
    log: Arc<Mutex<SocLog>>,
    provenance: Arc<Mutex<Provenance>>,
}

impl Journal {
    /// Shares an open log.
    pub(super) fn new(log: SocLog, provenance: Provenance) -> Self {
        Self { log: Arc::new(Mutex::new(log)), provenance: Arc::new(Mutex::new(provenance)) }
    }

    /// From here on verdicts are reached from this snapshot.
    pub(super) fn learnt(&self, snapshot: LearningRef) {
        self.provenance.lock().unwrap_or_else(PoisonError::into_inner).learnt(snapshot);
    }

    /// Appends a verdict with what is needed to reach it again.
    pub(super) fn verdict(&self, verdict: &Verdict) {
        let proof = self.provenance.lock().unwrap_or_else(PoisonError::into_inner).proof(verdict.at);
        self.append(Entry::Proven(verdict, &proof));
    }

    /// Appends a line.
    pub(super) fn append(&self, entry: Entry<'_>) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).append(entry);
    }

    /// Appends an audit line.
    pub(super) fn audit(&self, at: Timestamp, actor: &str, act: &str, target: &str, detail: &str) {
        let (target, detail) = (target.to_owned(), detail.to_owned());
        self.append(Entry::Audit(&Audit { at, actor: actor.into(), act: act.into(), target, detail }));
    }

    /// Opens the file again after a rotator renamed it.
    pub(super) fn reopen(&self) -> io::Result<()> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).reopen()
    }

    /// Lines that could not be written.
    pub(super) fn lost(&self) -> u64 {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).lost()
    }
}
