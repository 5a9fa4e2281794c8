//! The board: figures of all threads in, the health line out. Threads write their own row now and then; nobody waits.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use model::{ByteFates, Health, Loss, Losses, Timestamp};

use crate::memory;

/// What each thread last said of itself.
#[derive(Debug)]
pub(super) struct Board {
    shards: Vec<Mutex<ShardRow>>,
    judge: Mutex<JudgeRow>,
    /// Verdicts held back because the ledger could not be written.
    held_back: AtomicU64,
}

/// A capture shard's figures since start.
#[derive(Clone, Debug, Default)]
pub(super) struct ShardRow {
    /// Frames read.
    pub(super) frames: u64,
    /// Those of them that reached a flow.
    pub(super) frames_used: u64,
    /// Their captured bytes.
    pub(super) bytes: u64,
    /// What became of their payload bytes.
    pub(super) fates: ByteFates,
    /// What was missed.
    pub(super) losses: Losses,
}

/// The judge's figures since start.
#[derive(Clone, Debug, Default)]
pub(super) struct JudgeRow {
    /// Calls judged.
    pub(super) calls: u64,
    /// Incomplete ones among them.
    pub(super) incomplete_calls: u64,
    /// Principals known now.
    pub(super) principals: u64,
    /// Routes learnt.
    pub(super) routes: u64,
    /// What engine, lanes and sequencer missed.
    pub(super) losses: Losses,
}

impl Board {
    /// A board for so many shards.
    pub(super) fn new(shards: u16) -> Self {
        // The last row is for what others tell.
        let shards = (0..=shards).map(|_| Mutex::default()).collect();
        Self { shards, judge: Mutex::default(), held_back: AtomicU64::new(0) }
    }

    /// A shard says how it does.
    pub(super) fn shard(&self, index: u16, row: ShardRow) {
        if let Some(place) = self.shards.get(usize::from(index)) {
            *place.lock().unwrap_or_else(PoisonError::into_inner) = row;
        }
    }

    /// The judge says how it does.
    pub(super) fn judge(&self, row: JudgeRow) {
        *self.judge.lock().unwrap_or_else(PoisonError::into_inner) = row;
    }

    /// Counts verdicts that the ledger did not take at once.
    pub(super) fn held_back(&self, n: u64) {
        self.held_back.fetch_add(n, Ordering::Relaxed);
    }

    /// The health line, without what the ledger and the log know.
    pub(super) fn health(&self, at: Timestamp) -> Health {
        let judge = self.judge.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut health = Health {
            at,
            calls: judge.calls,
            incomplete_calls: judge.incomplete_calls,
            principals: judge.principals,
            routes: judge.routes,
            losses: judge.losses,
            memory_bytes: memory::resident_bytes(),
            ..Health::default()
        };
        for shard in &self.shards {
            let row = shard.lock().unwrap_or_else(PoisonError::into_inner);
            health.frames += row.frames;
            health.frames_used += row.frames_used;
            health.bytes += row.bytes;
            health.fates.merge(&row.fates);
            health.losses.merge(&row.losses);
        }
        health.losses.add(Loss::LedgerWrite, self.held_back.load(Ordering::Relaxed));
        health
    }
}
