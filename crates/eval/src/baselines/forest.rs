//! Half-space trees over the hours of all credentials: an isolation forest that learns as it goes (Tan, Ting and Liu,
//! "Fast anomaly detection for streaming data", IJCAI 2011).

use model::PrincipalId;

use super::{Baseline, View, mix, window::Hour};
use crate::recent::Recent;

/// Credentials of one generation.
const ENTITIES_MAX: usize = 200_000;
/// Trees, and their depth: the authors use 25 and 15; 10 keeps a node's mass meaningful for this many hours.
const TREES: usize = 25;
const DEPTH: usize = 10;
const NODES: usize = 1 << (DEPTH + 1);
/// Hours after which what was learnt becomes what is compared with.
const WINDOW: u32 = 1_000;
const FEATURES: usize = 5;

struct Tree {
    /// Feature and place of each inner node's cut.
    cuts: Vec<(u8, f32)>,
    reference: Vec<u32>,
    latest: Vec<u32>,
}

/// The rule.
pub(crate) struct Forest {
    hours: Recent<PrincipalId, Hour>,
    trees: Vec<Tree>,
    learnt: u32,
    windows: u32,
}

impl Forest {
    pub(crate) fn new() -> Self {
        let trees = (0..TREES).map(|at| Tree::new(at as u64)).collect();
        Self { hours: Recent::new(ENTITIES_MAX), trees, learnt: 0, windows: 0 }
    }

    fn learn(&mut self, hour: &Hour) {
        let point = features(hour);
        for tree in &mut self.trees {
            tree.walk(&point, |tree, node, _| tree.latest[node] += 1);
        }
        self.learnt += 1;
        if self.learnt == WINDOW {
            self.learnt = 0;
            self.windows += 1;
            for tree in &mut self.trees {
                std::mem::swap(&mut tree.reference, &mut tree.latest);
                tree.latest.fill(0);
            }
        }
    }

    /// `-ln` of the mass around a point: the rarer its region, the higher.
    fn rarity(&mut self, point: &[f32; FEATURES]) -> f32 {
        let mut mass = 0.0;
        for tree in &mut self.trees {
            let mut here = 0.0;
            tree.walk(point, |tree, node, depth| {
                // The deepest node that the point reaches with a mass worth splitting tells.
                if depth == 0 || tree.reference[node] > 0 {
                    here = tree.reference[node] as f32 * (1 << depth) as f32;
                }
            });
            mass += here;
        }
        20.0 - (mass / TREES as f32 + 1e-3).ln()
    }
}

impl Baseline for Forest {
    /// Asked when an hour's calls reach a power of two: its features move little in between.
    fn score(&mut self, view: &View<'_>) -> f32 {
        let hour = self.hours.row(view.entity, Hour::default);
        let finished = hour.push(view);
        let now = *hour;
        if let Some(finished) = finished {
            self.learn(&finished);
        }
        if self.windows == 0 || !now.calls.is_power_of_two() {
            return -1.0;
        }
        self.rarity(&features(&now))
    }
}

impl Tree {
    fn new(seed: u64) -> Self {
        // Each feature's working range is widened at random, then halved by turns, as the authors do.
        let random = |n: u64| mix(seed << 32 | n) as f32 / u64::MAX as f32;
        let mut cuts = vec![(0, 0.0); NODES / 2];
        let mut ranges = vec![[(0.0, 0.0); FEATURES]; NODES / 2];
        ranges[1] = std::array::from_fn(|at| {
            let middle = random(at as u64);
            let half = 2.0 * middle.max(1.0 - middle);
            (middle - half, middle + half)
        });
        for node in 1..NODES / 2 {
            let feature = (random(100 + node as u64) * FEATURES as f32) as usize % FEATURES;
            let (low, high) = ranges[node][feature];
            let middle = f32::midpoint(low, high);
            cuts[node] = (feature as u8, middle);
            for (child, range) in [(2 * node, (low, middle)), (2 * node + 1, (middle, high))] {
                if child < NODES / 2 {
                    ranges[child] = ranges[node];
                    ranges[child][feature] = range;
                }
            }
        }
        Self { cuts, reference: vec![0; NODES], latest: vec![0; NODES] }
    }

    /// Visits the nodes on a point's way down, the root first.
    fn walk(&mut self, point: &[f32; FEATURES], mut visit: impl FnMut(&mut Self, usize, usize)) {
        let mut node = 1;
        for depth in 0..=DEPTH {
            visit(self, node, depth);
            if depth == DEPTH {
                break;
            }
            let (feature, cut) = self.cuts[node];
            node = 2 * node + usize::from(point[usize::from(feature)] >= cut);
        }
    }
}

/// An hour as a point in the unit cube.
fn features(hour: &Hour) -> [f32; FEATURES] {
    let scaled = |x: f64, most: f64| ((1.0 + x).ln() / (1.0 + most).ln()).min(1.0) as f32;
    let calls = f64::from(hour.calls);
    [
        scaled(calls, 1e5),
        (f64::from(hour.errors) / calls.max(1.0)) as f32,
        scaled(hour.endpoints.count(), 300.0),
        scaled(hour.targets.count(), 1_500.0),
        scaled(hour.bytes as f64 / calls.max(1.0), 1e8),
    ]
}
