//! A capture shard: frames of one capture in, calls into its lane out. Never waits for the judge: a full lane drops and
//! counts. A broken assertion costs the flows of this shard, not the process.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use model::{ApiCall, Loss, Losses, Pseudonyms};
use pipe::Sender;
use sensor::{
    Sensor, SensorConfig,
    capture::{Capture, CaptureError, Step},
};

use super::{
    board::{Board, ShardRow},
    keys::KeyRing,
};
use crate::clock::{self, Stopwatch};

/// Frames between two looks at the stop sign, the lane's watermark and the clock.
const TURN_FRAMES: u32 = 64;
/// How far the idle clock stays behind the wall clock: frames may still be on their way through the kernel.
const IDLE_LAG: Duration = Duration::from_millis(200);
/// Between two rows on the board.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// One capture with its sensor and lane.
pub(super) struct CaptureShard {
    pub(super) capture: Capture,
    pub(super) config: SensorConfig,
    pub(super) keys: KeyRing,
    pub(super) index: u16,
    pub(super) names: Pseudonyms,
    pub(super) lane: Sender<ApiCall>,
    pub(super) board: Arc<Board>,
    pub(super) stop: Arc<AtomicBool>,
}

impl CaptureShard {
    /// Reads until told to stop, or until the capture fails.
    pub(super) fn run(mut self) -> Result<(), CaptureError> {
        let mut sensor = Sensor::new(self.config.clone(), self.names.clone());
        let mut past = ShardRow::default();
        let mut calls = Vec::with_capacity(256);
        let mut report = Stopwatch::start();
        let ended = loop {
            if self.stop.load(Ordering::Relaxed) {
                break Ok(());
            }
            let turn = catch_unwind(AssertUnwindSafe(|| turn(&mut self.capture, &mut sensor, &mut calls)));
            match turn {
                Ok(Ok(Turn::More)) => {}
                Ok(Ok(Turn::End)) => break Ok(()),
                Ok(Err(error)) => break Err(error),
                Err(_) => {
                    tracing::error!(shard = self.index, "shard_rebuilt: its open flows are lost");
                    past = row(&past, &sensor);
                    sensor = Sensor::new(self.config.clone(), self.names.clone());
                }
            }
            self.learn_keys(&mut sensor, &mut calls);
            self.hand_over(&mut calls);
            self.lane.advance(sensor.watermark());
            if report.elapsed() >= REPORT_EVERY {
                report = Stopwatch::start();
                self.tell(&past, &sensor);
            }
        };
        sensor.finish(&mut calls);
        self.hand_over(&mut calls);
        self.tell(&past, &sensor);
        ended
    }

    /// Takes what came of key logs since the last turn.
    fn learn_keys(&self, sensor: &mut Sensor, calls: &mut Vec<ApiCall>) {
        while let Some(lines) = self.keys.take() {
            // Keys age from now on; those learnt at time zero would stay for ever.
            sensor.tick(clock::now().before(IDLE_LAG), calls);
            sensor.learn_keys(&lines);
        }
    }

    fn hand_over(&mut self, calls: &mut Vec<ApiCall>) {
        for call in calls.drain(..) {
            // A dropped call is counted by the lane and shown as `lane_full`.
            let _ = self.lane.offer(call);
        }
    }

    fn tell(&mut self, past: &ShardRow, sensor: &Sensor) {
        let mut now = row(past, sensor);
        if let Ok(kernel) = self.capture.kernel_drops() {
            now.losses.set(Loss::KernelDrop, kernel.kernel_drop);
            let first = self.index == 0;
            now.losses.set(Loss::InterfaceDrop, if first { kernel.interface_drop } else { 0 });
        }
        self.board.shard(self.index, now);
    }
}

enum Turn {
    More,
    End,
}

/// Reads some frames, or moves the time when there are none.
fn turn(capture: &mut Capture, sensor: &mut Sensor, calls: &mut Vec<ApiCall>) -> Result<Turn, CaptureError> {
    for _ in 0..TURN_FRAMES {
        match capture.next()? {
            Step::Frame(frame) => sensor.push(frame, calls),
            Step::Secrets(lines) => sensor.learn_keys(lines),
            Step::Idle => {
                sensor.tick(clock::now().before(IDLE_LAG), calls);
                return Ok(Turn::More);
            }
            Step::End => return Ok(Turn::End),
        }
    }
    Ok(Turn::More)
}

/// The figures of this sensor on top of those of its forerunners.
fn row(past: &ShardRow, sensor: &Sensor) -> ShardRow {
    let counts = sensor.counts();
    let mut losses: Losses = past.losses.clone();
    losses.merge(sensor.losses());
    let mut fates = past.fates;
    fates.merge(&counts.fates);
    ShardRow {
        frames: past.frames + counts.frames,
        frames_used: past.frames_used + counts.frames_used,
        bytes: past.bytes + counts.bytes,
        fates,
        losses,
    }
}
