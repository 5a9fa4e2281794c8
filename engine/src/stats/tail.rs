//! Tails: the largest scores of normal principals in, probabilities far beyond them out (generalised Pareto by
//! probability-weighted moments, Hosking and Wallis 1987). Never iterates, never lets a few hostile scores widen it.

use serde::{Deserialize, Serialize};

/// Scores above the threshold that a full fit needs, and that any fit needs.
pub(crate) const EXCESSES_FULL: usize = 60;
const EXCESSES_MIN: usize = 10;
/// Of the excesses, at most one in this many is taken for an attacker's.
const HOSTILE_SHARE: usize = 5;
/// An excess is hostile if even the widest tail shows one like it in fewer than one of 50 samples.
const HOSTILE_CHANCE: f64 = 0.02;
/// How much wider than the day before a tail may be.
const WIDER_MAX: f32 = 1.2;
/// How much its shape may rise in a day.
const SHAPE_RISE_MAX: f32 = 0.02;
/// A tail never has less width than this share of its threshold: equal scores have no width at all.
const SCALE_MIN: f32 = 1e-3;
/// Probabilities below are all the same.
const P_MIN: f64 = 1e-18;

/// What a score is: it bounds the shape that its tail may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// Logarithm of an e-process's evidence: its tail is exponential at the widest (Ville 1939).
    Evidence,
    /// Any other statistic, such as -ln p of a volume.
    Surprise,
}

impl Kind {
    /// Bounds of the shape, and the least scale in mean excesses.
    const fn policy(self) -> (f64, f64, f64) {
        match self {
            Self::Evidence => (0.0, 0.1, 1.2),
            Self::Surprise => (0.08, 0.35, 0.0),
        }
    }
}

/// A fitted tail: P(score > s) = share * (1 + shape (s - threshold) / scale)^(-1/shape).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tail {
    threshold: f32,
    /// Probability of passing the threshold, 0 to 1.
    share: f64,
    scale: f32,
    shape: f32,
}

impl Tail {
    /// From the excesses over `threshold`, sorted upwards, of `count` scores in all. `None` when they are too few.
    pub(crate) fn fit(kind: Kind, threshold: f32, excesses: &[f32], count: u32) -> Option<Self> {
        let kept = &excesses[..excesses.len() - hostile(kind, excesses)];
        if kept.len() < EXCESSES_MIN {
            return None;
        }
        let (shape_min, shape_max, scale_min) = kind.policy();
        let m = kept.len() as f64;
        let mut mean = 0.0;
        let mut weighted = 0.0;
        for (below, excess) in kept.iter().enumerate() {
            mean += f64::from(*excess) / m;
            weighted += f64::from(*excess) * (m - 1.0 - below as f64) / (m - 1.0) / m;
        }
        let mut shape = (2.0 - mean / (mean - 2.0 * weighted).max(1e-12)).clamp(shape_min, shape_max);
        let mut scale = mean * (1.0 - shape);
        if kept.len() < EXCESSES_FULL {
            shape = shape_max;
            scale = mean * (1.0 + 1.5 / m.sqrt());
        }
        let scale = scale.max(scale_min * mean) as f32;
        let share = (1.0 + m) / (f64::from(count) + 1.0);
        Some(Self {
            threshold,
            share,
            scale: scale.max(threshold.abs() * SCALE_MIN).max(1e-6),
            shape: shape as f32,
        })
    }

    /// Where the tail begins.
    pub(crate) fn threshold(&self) -> f32 {
        self.threshold
    }

    /// Probability of at least `score`; that of the threshold for any score below it.
    pub(crate) fn p(&self, score: f32) -> f64 {
        let excess = f64::from((score - self.threshold).max(0.0)) / f64::from(self.scale);
        let shape = f64::from(self.shape);
        let ln_ratio = if shape < 1e-4 { -excess } else { -(shape * excess).ln_1p() / shape };
        (self.share * ln_ratio.exp()).clamp(P_MIN, 1.0)
    }

    /// This tail, no more than a fifth wider than that of the day before, which lay `spread` above the middle.
    pub(crate) fn no_wider_than(mut self, before: &Self, spread: f32) -> Self {
        let step = (WIDER_MAX - 1.0) * spread.max(before.scale);
        self.threshold = self.threshold.min(before.threshold + step);
        self.scale = self.scale.min(before.scale * WIDER_MAX);
        self.shape = self.shape.min(before.shape + SHAPE_RISE_MAX);
        self
    }
}

/// How many of the largest excesses do not belong to the rest, judged from their median, which a minority can not move.
fn hostile(kind: Kind, excesses: &[f32]) -> usize {
    let (_, shape, _) = kind.policy();
    let m = excesses.len() as f64;
    let Some(median) = excesses.get(excesses.len() / 2) else { return 0 };
    let scale = f64::from(*median) * shape / (shape.exp2() - 1.0);
    let limit = scale * ((HOSTILE_CHANCE / m).powf(-shape) - 1.0) / shape;
    let beyond = excesses.len() - excesses.partition_point(|excess| f64::from(*excess) <= limit);
    beyond.min(excesses.len() / HOSTILE_SHARE)
}
