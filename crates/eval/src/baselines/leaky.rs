//! Leaky buckets per address with the capacities and leaks that CrowdSec's hub publishes for its HTTP scenarios.

use model::{PrincipalId, Timestamp};

use super::{Baseline, View};
use crate::recent::Recent;

/// Addresses of one generation.
const ADDRESSES_MAX: usize = 200_000;
/// Targets remembered per bucket: as many as the largest holds.
const TARGETS_MAX: usize = 40;

/// One scenario: what pours in, how much fits, how fast it leaks.
struct Scenario {
    pours: fn(&View<'_>) -> bool,
    /// Only what was not poured in lately counts.
    distinct: bool,
    capacity: f32,
    leak_s: f32,
}

/// `http-probing`, `http-crawl-non_statics`, `http-generic-bf`.
const SCENARIOS: [Scenario; 3] = [
    Scenario {
        pours: |view| matches!(view.call.status, Some(400 | 403 | 404)),
        distinct: true,
        capacity: 10.0,
        leak_s: 10.0,
    },
    Scenario { pours: |view| view.call.method == "GET", distinct: true, capacity: 40.0, leak_s: 0.5 },
    Scenario {
        pours: |view| view.call.method == "POST" && matches!(view.call.status, Some(401 | 403)),
        distinct: false,
        capacity: 5.0,
        leak_s: 10.0,
    },
];

#[derive(Default)]
struct Bucket {
    level: f32,
    at: Timestamp,
    targets: Vec<u64>,
}

/// The rule.
pub(crate) struct Leaky(Recent<PrincipalId, [Bucket; 3]>);

impl Leaky {
    pub(crate) fn new() -> Self {
        Self(Recent::new(ADDRESSES_MAX))
    }
}

impl Baseline for Leaky {
    /// The fullest bucket's level over what makes it overflow.
    fn score(&mut self, view: &View<'_>) -> f32 {
        let buckets = self.0.row(view.address, Default::default);
        let levels = buckets.iter_mut().zip(&SCENARIOS).map(|(bucket, scenario)| {
            let leaked = view.call.at.since(bucket.at).as_secs_f32() / scenario.leak_s;
            bucket.level = (bucket.level - leaked).max(0.0);
            bucket.at = view.call.at;
            if bucket.level == 0.0 {
                bucket.targets.clear();
            }
            let known = scenario.distinct && bucket.targets.contains(&view.target);
            if (scenario.pours)(view) && !known {
                bucket.level += 1.0;
                if bucket.targets.len() >= TARGETS_MAX {
                    bucket.targets.remove(0);
                }
                bucket.targets.push(view.target);
            }
            bucket.level / (scenario.capacity + 1.0)
        });
        levels.fold(0.0, f32::max)
    }
}
