//! Daily maxima of many principals: one score per principal and day in, a bounded picture of the last 60 000 out.
//! Never depends on the order within a day: what stays is chosen by keyed votes.

use serde::{Deserialize, Serialize};

/// Largest scores kept of each half: more than one in a hundred of its votes.
const TOP: usize = 640;
/// Other scores kept of each half, chosen by lot.
const LOTS: usize = 384;
/// Votes after which a half is full and the older one is forgotten.
const HALF: u32 = 30_000;

/// The scores of the last 30 000 to 60 000 votes: 12 KiB when full, nothing when empty.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Maxima {
    now: Half,
    before: Half,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Half {
    count: u32,
    /// The largest, sorted upwards.
    top: Vec<f32>,
    /// (lot, score) with the smallest lots, sorted by lot.
    lots: Vec<(u32, f32)>,
}

impl Maxima {
    /// One principal's largest score of one day; `vote` is a keyed hash of principal and day.
    pub(crate) fn push(&mut self, vote: u64, score: f32) {
        if !score.is_finite() {
            return;
        }
        if self.now.count >= HALF {
            self.before = std::mem::take(&mut self.now);
        }
        self.now.push((vote >> 32) as u32, score);
    }

    /// Votes that the picture stands for.
    pub(crate) fn count(&self) -> u32 {
        self.now.count + self.before.count
    }

    /// The largest scores, sorted downwards: exact for the largest 640.
    pub(crate) fn largest(&self) -> Vec<f32> {
        let mut all: Vec<f32> = self.now.top.iter().chain(&self.before.top).copied().collect();
        all.sort_unstable_by(|a, b| b.total_cmp(a));
        all.truncate(TOP);
        all
    }

    /// A sample of all scores, sorted upwards: (score, how many votes it stands for).
    pub(crate) fn sample(&self) -> Vec<(f32, f32)> {
        let mut all = Vec::with_capacity(2 * LOTS);
        for half in [&self.now, &self.before] {
            let weight = half.count as f32 / half.lots.len().max(1) as f32;
            all.extend(half.lots.iter().map(|(_, score)| (*score, weight)));
        }
        all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        all
    }
}

impl Half {
    fn push(&mut self, lot: u32, score: f32) {
        self.count += 1;
        if self.top.len() < TOP || self.top[0] < score {
            let at = self.top.partition_point(|kept| *kept < score);
            self.top.insert(at, score);
            if self.top.len() > TOP {
                self.top.remove(0);
            }
        }
        let last = self.lots.last().map_or(u32::MAX, |(last, _)| *last);
        if self.lots.len() < LOTS || lot < last {
            let at = self.lots.partition_point(|kept| (kept.0, kept.1) < (lot, score));
            self.lots.insert(at, (lot, score));
            self.lots.truncate(LOTS);
        }
    }
}
