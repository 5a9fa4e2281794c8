//! The merge: lanes of all shards in, calls in the one order out. Never takes a call past the watermark of a lane that
//! could still give an earlier one.

use std::time::Duration;

use model::{ApiCall, Timestamp};
use pipe::{Bell, Receiver, Sequencer};

/// Calls taken from a lane before the next one has its turn.
const BATCH: usize = 256;

/// The lanes' receiving ends and the sequencer behind them.
#[derive(Debug)]
pub(crate) struct Merge {
    lanes: Vec<Receiver<ApiCall>>,
    sequencer: Sequencer<ApiCall>,
    batch: Vec<ApiCall>,
    bell: Bell,
}

impl Merge {
    /// A merge that holds at most `limit` calls; every lane rings `bell`.
    pub(crate) fn new(lanes: Vec<Receiver<ApiCall>>, limit: usize, bell: Bell) -> Self {
        let sequencer = Sequencer::new(lanes.len(), limit);
        Self { lanes, sequencer, batch: Vec::with_capacity(BATCH), bell }
    }

    /// Puts what the lanes have into order. Whether there was anything.
    pub(crate) fn gather(&mut self) -> bool {
        let mut moved = false;
        for (number, lane) in self.lanes.iter_mut().enumerate() {
            if !self.sequencer.wants(number) {
                continue;
            }
            let (watermark, closed) = (lane.watermark(), lane.is_closed());
            let taken = lane.take_batch(&mut self.batch, BATCH);
            let last = self.batch.last().map(|call| call.ended_at);
            moved |= taken > 0;
            for call in self.batch.drain(..) {
                self.sequencer.push(number, call);
            }
            // What a full batch left behind may have ended before the lane's watermark, but not before its last call.
            let sure = if taken < BATCH { watermark } else { last.unwrap_or_default() };
            self.sequencer.advance(number, sure);
            if closed {
                self.sequencer.close(number);
            }
        }
        moved
    }

    /// The next call in order.
    pub(crate) fn take(&mut self) -> Option<ApiCall> {
        self.sequencer.take()
    }

    /// Waits for more, at most so long.
    pub(crate) fn wait(&mut self, at_most: Duration) {
        let lanes = &self.lanes;
        let seen: u64 = lanes.iter().map(|lane| lane.watermark().as_nanos() & 0xFFFF_FFFF).sum();
        self.bell.wait(at_most, || {
            let now: u64 = lanes.iter().map(|lane| lane.watermark().as_nanos() & 0xFFFF_FFFF).sum();
            now != seen || lanes.iter().any(|lane| !lane.is_empty())
        });
    }

    /// Whether every lane is closed and empty.
    pub(crate) fn is_over(&self) -> bool {
        self.lanes.iter().all(Receiver::is_closed)
    }

    /// The time before which every call has been given.
    pub(crate) fn watermark(&self) -> Timestamp {
        self.sequencer.watermark()
    }

    /// Calls dropped by full lanes.
    pub(crate) fn dropped(&self) -> u64 {
        self.lanes.iter().map(Receiver::dropped).sum()
    }

    /// Calls that came after their turn.
    pub(crate) fn late(&self) -> u64 {
        self.sequencer.late()
    }
}
