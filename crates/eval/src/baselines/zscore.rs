//! Hours of one credential against its own past: how many standard deviations above the mean.

use model::PrincipalId;

use super::{Baseline, View, window::Hour};
use crate::recent::Recent;

/// Credentials of one generation.
const ENTITIES_MAX: usize = 200_000;
/// Hours of past before the rule speaks.
const HOURS_MIN: f64 = 5.0;

/// Mean and sum of squared deviations (Welford).
#[derive(Clone, Copy, Default)]
struct Moments {
    mean: f64,
    squares: f64,
}

#[derive(Default)]
struct Past {
    hour: Hour,
    hours: f64,
    moments: [Moments; 3],
}

/// The rule.
pub(crate) struct Zscore(Recent<PrincipalId, Past>);

impl Zscore {
    pub(crate) fn new() -> Self {
        Self(Recent::new(ENTITIES_MAX))
    }
}

impl Baseline for Zscore {
    /// The largest of three z-scores, asked at every call rather than at the hour's end: generous.
    fn score(&mut self, view: &View<'_>) -> f32 {
        let past = self.0.row(view.entity, Past::default);
        if let Some(finished) = past.hour.push(view) {
            past.hours += 1.0;
            for (moments, x) in past.moments.iter_mut().zip(features(&finished)) {
                let off = x - moments.mean;
                moments.mean += off / past.hours;
                moments.squares += off * (x - moments.mean);
            }
        }
        if past.hours < HOURS_MIN {
            return -1.0;
        }
        let scores = past.moments.iter().zip(features(&past.hour)).map(|(moments, x)| {
            let deviation = (moments.squares / (past.hours - 1.0)).sqrt().max(0.5);
            (x - moments.mean) / deviation
        });
        scores.fold(-1.0, f64::max) as f32
    }
}

fn features(hour: &Hour) -> [f64; 3] {
    [f64::from(hour.calls), f64::from(hour.errors), hour.endpoints.count()]
}
