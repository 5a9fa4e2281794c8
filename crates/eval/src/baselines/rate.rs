//! A static rate limit: calls of one credential in a sliding minute.

use model::PrincipalId;

use super::{Baseline, View};
use crate::recent::Recent;

/// Credentials of one generation.
const ENTITIES_MAX: usize = 200_000;

/// Calls in this minute and the one before.
#[derive(Default)]
struct Minutes {
    minute: u64,
    now: u32,
    before: u32,
}

/// The rule.
pub(crate) struct Rate(Recent<PrincipalId, Minutes>);

impl Rate {
    pub(crate) fn new() -> Self {
        Self(Recent::new(ENTITIES_MAX))
    }
}

impl Baseline for Rate {
    /// Calls in the last 60 s, the part of the minute before taken in proportion.
    fn score(&mut self, view: &View<'_>) -> f32 {
        let row = self.0.row(view.entity, Minutes::default);
        let minute = view.second / 60;
        if row.minute != minute {
            row.before = if row.minute + 1 == minute { row.now } else { 0 };
            (row.minute, row.now) = (minute, 0);
        }
        row.now += 1;
        let left = 1.0 - (view.second % 60) as f32 / 60.0;
        row.now as f32 + row.before as f32 * left
    }
}
