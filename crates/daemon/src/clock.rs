//! The host's clock: the only place that asks it. Everybody else takes time as an argument.
#![allow(clippy::disallowed_methods, reason = "the one place that asks the host for the time")]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use model::Timestamp;

/// The wall clock now.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

/// A stopwatch for spans of our own work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts it.
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
