//! The summary of a replay: counts in, one JSON object out. `docs/schemas/summary.schema.json` describes it.

use std::{collections::BTreeMap, time::Duration};

use model::{Action, ByteFates, Losses};
use serde::Serialize;

use super::judge::Judged;
use crate::source::Read;

/// Counts, losses and speed.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    schema: &'static str,
    /// Frames read.
    pub(super) frames: u64,
    /// Frames that reached a flow: all but the losses that count frames.
    pub(super) frames_used: u64,
    /// Captured bytes of the frames, or bytes of a file of calls.
    pub(super) bytes: u64,
    /// What became of the payload bytes of the frames.
    pub(super) fates: ByteFates,
    /// Calls judged.
    pub(super) calls: u64,
    /// Calls touched by a gap, a cut or a missing answer.
    pub(super) incomplete_calls: u64,
    /// What was missed, by name.
    pub(super) losses: Losses,
    /// Findings.
    pub(super) findings: u64,
    /// Verdicts by action; every action is named.
    pub(super) verdicts: BTreeMap<&'static str, u64>,
    /// Calls per second of our time.
    pub(super) calls_per_second: f64,
    /// Our time, from the first frame to the last verdict.
    pub(super) seconds: f64,
    /// Highest resident memory of the process; 0 when unknown.
    pub(super) peak_memory_bytes: u64,
    /// Routes learnt.
    pub(super) routes: u64,
    /// Principals known at the end.
    pub(super) principals: u64,
}

impl Summary {
    /// The summary of what was read and judged in `span`.
    pub(super) fn of(read: &Read, judged: &Judged, span: Duration) -> Self {
        let mut losses = read.losses.clone();
        losses.merge(&judged.losses);
        let mut verdicts: BTreeMap<_, _> = Action::ALL.map(|action| (action.name(), 0)).into();
        verdicts.extend(judged.verdicts.iter());
        let seconds = span.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let calls_per_second = judged.calls as f64 / seconds.max(1e-9);
        Self {
            schema: soclog::SCHEMA,
            frames: read.frames,
            frames_used: read.frames_used,
            bytes: read.bytes,
            fates: read.fates,
            calls: judged.calls,
            incomplete_calls: judged.incomplete_calls,
            losses,
            findings: judged.findings,
            verdicts,
            calls_per_second,
            seconds,
            peak_memory_bytes: crate::memory::peak_bytes(),
            routes: judged.engine.as_ref().map_or(0, |engine| engine.routes.len() as u64),
            principals: judged.engine.as_ref().map_or(0, |engine| engine.principals),
        }
    }
}
