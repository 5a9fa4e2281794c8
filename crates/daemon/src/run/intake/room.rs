//! The room of the intakes: records in, calls in the order of the live clock out. Waits for the judge: what waits is
//! bounded by the gate.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Duration,
};

use model::{ApiCall, Losses, Timestamp};
use pipe::Sender;
use sensor::Attestor;

use super::Post;
use crate::{
    clock::{self, Stopwatch},
    run::board::{Board, ShardRow},
    told,
};

/// Longest sleep.
const WAIT: Duration = Duration::from_millis(50);
/// How far calls may end in the past; older ones are told as of then, for the other lanes have gone on.
const LAG: Duration = Duration::from_millis(200);
/// Between two rows on the board.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// One attestor with its lane.
pub(super) struct Room {
    pub(super) posts: Receiver<Post>,
    pub(super) lane: Sender<ApiCall>,
    pub(super) attestor: Attestor,
    pub(super) held: Arc<AtomicUsize>,
    pub(super) counted: Arc<Mutex<Losses>>,
    pub(super) board: Arc<Board>,
    pub(super) row: u16,
}

impl Room {
    /// Works until every intake is gone.
    pub(super) fn run(mut self) {
        let (mut mark, mut bytes) = (Timestamp::ZERO, 0_u64);
        let mut report = Stopwatch::start();
        loop {
            let post = self.posts.recv_timeout(WAIT);
            let over = matches!(post, Err(RecvTimeoutError::Disconnected));
            if let Ok(post) = post {
                bytes = bytes.saturating_add(post.bytes as u64);
                for record in &post.records {
                    let call = told::attest(&mut self.attestor, record, post.trusted);
                    if self.lane.put(in_order(call, mark, clock::now())).is_err() {
                        return;
                    }
                }
                self.held.fetch_sub(post.bytes, Ordering::AcqRel);
            }
            mark = mark.max(clock::now().before(LAG));
            self.lane.advance(mark);
            if over || report.elapsed() >= REPORT_EVERY {
                report = Stopwatch::start();
                self.tell(bytes);
            }
            if over {
                return;
            }
        }
    }

    fn tell(&self, bytes: u64) {
        let mut losses = self.counted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        losses.merge(self.attestor.losses());
        self.board.shard(self.row, ShardRow { bytes, losses, ..ShardRow::default() });
    }
}

/// The call as the live order can take it: never ended before `mark` and never in the future.
fn in_order(mut call: ApiCall, mark: Timestamp, now: Timestamp) -> ApiCall {
    call.ended_at = call.ended_at.min(now).max(mark);
    call.at = call.at.min(call.ended_at);
    call
}
