//! The scribe: judgements in; verdicts into the ledger first, into the SOC log second, and only then to the dispatcher.
//! A ledger that can not be written holds verdicts back; nothing is sent before it can.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Duration,
};

use engine::Judgement;
use model::{Timestamp, Verdict};
use soclog::Entry;
use store::{Keep, Ledger};
use tokio::sync::Notify;

use super::{board::Board, journal::Journal};
use crate::{
    clock::{self, Stopwatch},
    deliver::revocations,
    enforcement::Enforcement,
    settings::Settings,
};

/// Between two tries of a ledger that can not be written, and between two looks for verdicts that have run out.
const UPKEEP_EVERY: Duration = Duration::from_secs(1);
/// Between two prunings of history.
const PRUNE_EVERY: Duration = Duration::from_secs(3_600);
/// Verdicts committed together.
const BATCH: usize = 256;
/// Verdicts held back while the ledger can not be written. Past it the oldest go and the diagnostics say so.
const HELD_MAX: usize = 10_000;

/// Who writes verdicts down.
pub(super) struct Scribe {
    pub(super) judgements: Receiver<Judgement>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) journal: Journal,
    pub(super) enforcement: Arc<Enforcement>,
    pub(super) settings: Arc<Settings>,
    pub(super) nudge: Arc<Notify>,
    pub(super) board: Arc<Board>,
}

impl Scribe {
    /// Writes until the judge is gone. Verdicts that could not be written in the end.
    pub(super) fn run(self) -> usize {
        let mut waiting = VecDeque::new();
        let mut failing = false;
        let (mut upkeep, mut pruned) = (Stopwatch::start(), Stopwatch::start());
        loop {
            let first = self.judgements.recv_timeout(UPKEEP_EVERY);
            let over = first == Err(RecvTimeoutError::Disconnected);
            let fresh = waiting.len();
            for judgement in first.into_iter().chain(self.judgements.try_iter().take(BATCH)) {
                self.take_in(judgement, &mut waiting);
            }
            let fresh = waiting.len().saturating_sub(fresh);
            if !failing || over || upkeep.elapsed() >= UPKEEP_EVERY {
                let written = self.write(&mut waiting, failing);
                if !written && !failing {
                    self.board.held_back(waiting.len() as u64);
                }
                failing = !written;
            } else {
                self.board.held_back(fresh as u64);
            }
            if over {
                return waiting.len();
            }
            if upkeep.elapsed() >= UPKEEP_EVERY {
                upkeep = Stopwatch::start();
                self.expire(clock::now());
            }
            if pruned.elapsed() >= PRUNE_EVERY {
                pruned = Stopwatch::start();
                self.prune(clock::now());
            }
        }
    }

    fn take_in(&self, judgement: Judgement, waiting: &mut VecDeque<Verdict>) {
        match judgement {
            Judgement::Finding(finding) => self.journal.append(Entry::Finding(&finding)),
            Judgement::Verdict(verdict) => {
                if waiting.len() == HELD_MAX {
                    waiting.pop_front();
                    tracing::error!("verdict_lost: the ledger can not be written and too many are held back");
                }
                waiting.push_back(verdict);
            }
        }
    }

    /// Commits what waits, in order. Whether the ledger took it.
    fn write(&self, waiting: &mut VecDeque<Verdict>, failing: bool) -> bool {
        while !waiting.is_empty() {
            let batch: Vec<Verdict> = waiting.iter().take(BATCH).cloned().collect();
            let revocations = self
                .enforcement
                .warrant()
                .map(|warrant| revocations(warrant, &self.settings, &batch))
                .unwrap_or_default();
            match self.ledger.record(&batch, &revocations) {
                Ok(withdrawn) => {
                    waiting.drain(..batch.len());
                    batch.iter().for_each(|verdict| self.journal.verdict(verdict));
                    withdrawn.iter().for_each(|delivery| self.journal.append(Entry::Delivery(delivery)));
                    self.nudge.notify_one();
                }
                Err(error) => {
                    if !failing {
                        tracing::error!(%error, held_back = waiting.len(), "ledger_not_writable: verdicts wait");
                    }
                    return false;
                }
            }
        }
        true
    }

    fn expire(&self, now: Timestamp) {
        match self.ledger.expire(now) {
            Ok(expired) => {
                if !expired.is_empty() {
                    self.nudge.notify_one();
                }
                expired.iter().for_each(|delivery| self.journal.append(Entry::Delivery(delivery)));
            }
            Err(error) => tracing::debug!(%error, "ledger_not_writable"),
        }
    }

    fn prune(&self, now: Timestamp) {
        let limits = &self.settings.limits;
        let age = Duration::from_secs(limits.ledger_days * 86_400);
        let keep = Keep { age, bytes: limits.ledger_mib << 20 };
        if let Err(error) = self.ledger.prune(now, keep) {
            tracing::warn!(%error, "ledger_not_pruned");
        }
    }
}
