//! Limits per endpoint learnt from everybody: the 99.9th percentile of what one credential does there in ten minutes, as
//! gateways that recommend rate limits work.

use ahash::AHashMap;
use model::PrincipalId;

use super::{Baseline, View, window::Distinct};
use crate::recent::Recent;

/// Pairs of credential and endpoint of one generation.
const PAIRS_MAX: usize = 400_000;
/// Endpoints learnt; further ones get no limit.
const ENDPOINTS_MAX: usize = 4_096;
/// Length of a window in seconds.
const WINDOW_S: u64 = 600;
/// Windows seen at an endpoint before it has a limit.
const WINDOWS_MIN: u32 = 1_000;
/// Steps of the histogram per doubling.
const STEPS: f64 = 8.0;

#[derive(Default)]
struct Window {
    window: u64,
    calls: u32,
    targets: Distinct,
}

/// How often each size of window was seen, in steps of a twelfth.
struct Sizes {
    seen: u32,
    steps: [u32; 160],
    limit: f64,
}

/// The rule.
pub(crate) struct Endpoint {
    windows: Recent<(PrincipalId, u64), Window>,
    limits: AHashMap<u64, [Sizes; 2]>,
}

impl Endpoint {
    pub(crate) fn new() -> Self {
        Self { windows: Recent::new(PAIRS_MAX), limits: AHashMap::new() }
    }
}

impl Baseline for Endpoint {
    /// Calls, or distinct objects, over the endpoint's limit; the larger of the two.
    fn score(&mut self, view: &View<'_>) -> f32 {
        let row = self.windows.row((view.entity, view.endpoint), Window::default);
        let window = view.second / WINDOW_S;
        let room = self.limits.len() < ENDPOINTS_MAX || self.limits.contains_key(&view.endpoint);
        if !room {
            return -1.0;
        }
        let limits = self.limits.entry(view.endpoint).or_insert_with(|| [Sizes::new(), Sizes::new()]);
        if row.window != window {
            if row.calls > 0 {
                limits[0].push(f64::from(row.calls));
                limits[1].push(row.targets.count());
            }
            *row = Window { window, ..Window::default() };
        }
        row.calls += 1;
        row.targets.push(view.target);
        let over = |sizes: &Sizes, x: f64| if sizes.seen < WINDOWS_MIN { -1.0 } else { x / sizes.limit };
        over(&limits[0], f64::from(row.calls)).max(over(&limits[1], row.targets.count())) as f32
    }
}

impl Sizes {
    fn new() -> Self {
        Self { seen: 0, steps: [0; 160], limit: 1.0 }
    }

    fn push(&mut self, size: f64) {
        let step = (size.max(1.0).log2() * STEPS) as usize;
        self.steps[step.min(159)] += 1;
        self.seen += 1;
        if self.seen.is_multiple_of(256) {
            self.limit = self.quantile(0.999);
        }
    }

    fn quantile(&self, share: f64) -> f64 {
        let mut left = f64::from(self.seen) * (1.0 - share);
        for (step, seen) in self.steps.iter().enumerate().rev() {
            left -= f64::from(*seen);
            if left < 0.0 {
                return ((step as f64 + 1.0) / STEPS).exp2();
            }
        }
        1.0
    }
}
