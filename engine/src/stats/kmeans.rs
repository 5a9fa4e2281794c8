//! K-means: points in, the labels of the k that fits best out (by smartcore; k by silhouette, Rousseeuw 1987). Never tears
//! one cloud apart: k must fit better than it would fit a cloud of the same spread (Tibshirani 2001).

use std::panic::{AssertUnwindSafe, catch_unwind};

use ndarray::Array2;
use smartcore::cluster::kmeans::{KMeans, KMeansParameters};

use super::scale::distance_2;
use crate::hash::mix;

/// Largest k.
pub(crate) const KINDS_MAX: usize = 12;
/// Times that each k is tried.
const STARTS: u64 = 3;
/// Rows that judge how well k fits.
const JUDGES: usize = 400;
/// Silhouette under which all are of one kind.
const FIT_MIN: f64 = 0.2;
/// How much better than in one cloud k has to fit.
const BETTER_MIN: f64 = 0.1;

/// The labels of the k from 2 to 12 that fits best, and better than it would fit one cloud; all 0 when none does.
pub(crate) fn best_labels(points: &[Vec<f64>], seed: u64) -> Vec<usize> {
    let mut best = (FIT_MIN, vec![0; points.len()]);
    let judges = by_lot(points.len(), JUDGES, seed);
    let cloud = cloud(points, seed);
    let (Some(table), Some(cloud_table)) = (table(points), table(&cloud)) else { return best.1 };
    for k in 2..=KINDS_MAX.min(distinct(points)) {
        let Some(labels) = k_means(&table, points, k, seed) else { continue };
        let fit = silhouette(points, &labels, &judges);
        // One more kind has to be worth it.
        if fit < best.0 + 0.01 {
            continue;
        }
        let chance =
            k_means(&cloud_table, &cloud, k, seed).map_or(0.0, |labels| silhouette(&cloud, &labels, &judges));
        if fit > chance + BETTER_MIN {
            best = (fit, labels);
        }
    }
    best.1
}

/// About `most` of `count` places. Not every so-manyth: rows may come in a rhythm.
pub(crate) fn by_lot(count: usize, most: usize, seed: u64) -> Vec<usize> {
    let one_in = count.div_ceil(most.max(1)).max(1) as u64;
    (0..count).filter(|at| mix(*at as u64, seed).is_multiple_of(one_in)).collect()
}

/// As many points without any kinds: normal, with the same spread in each component.
fn cloud(points: &[Vec<f64>], seed: u64) -> Vec<Vec<f64>> {
    let all: Vec<usize> = (0..points.len()).collect();
    let middle = mean_of(points, &all);
    let spread = |at: usize| {
        let squares: f64 = points.iter().map(|point| (point[at] - middle[at]).powi(2)).sum();
        (squares / points.len().max(1) as f64).sqrt()
    };
    let spreads: Vec<f64> = (0..middle.len()).map(spread).collect();
    let mut draw = seed;
    let mut uniform = || {
        draw = draw.wrapping_add(0x9e37_79b9_7f4a_7c15);
        ((mix(draw, 3) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    };
    let mut normal = || (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos();
    points.iter().map(|_| spreads.iter().map(|spread| spread * normal()).collect()).collect()
}

/// With fewer different rows than kinds the library divides by zero.
fn distinct(points: &[Vec<f64>]) -> usize {
    let mut keys: Vec<Vec<u64>> =
        points.iter().map(|point| point.iter().map(|value| value.to_bits()).collect()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.len()
}

/// The tightest of several starts: a bad one tears one kind apart and joins two others.
fn k_means(table: &Array2<f64>, points: &[Vec<f64>], k: usize, seed: u64) -> Option<Vec<usize>> {
    let starts = (0..STARTS).filter_map(|start| k_means_once(table, k, seed.wrapping_add(start)));
    let looseness = |labels: &Vec<usize>| {
        let members = |label| (0..labels.len()).filter(move |at| labels[*at] == label).collect::<Vec<_>>();
        let centres: Vec<Vec<f64>> = (0..k).map(|label| mean_of(points, &members(label))).collect();
        points.iter().zip(labels).map(|(point, label)| distance_2(point, &centres[*label])).sum::<f64>()
    };
    let ranked = starts.map(|labels| (looseness(&labels), labels));
    ranked.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, labels)| labels)
}

fn k_means_once(table: &Array2<f64>, k: usize, seed: u64) -> Option<Vec<usize>> {
    let parameters = KMeansParameters { k, max_iter: 100, seed: Some(seed) };
    let fit = AssertUnwindSafe(|| {
        let model: KMeans<f64, i32, Array2<f64>, Vec<i32>> = KMeans::fit(table, parameters).ok()?;
        model.predict(table).ok()
    });
    let labels = catch_unwind(fit).ok().flatten()?;
    labels.into_iter().map(|label| usize::try_from(label).ok().filter(|label| *label < k)).collect()
}

/// How much nearer the judges are to their own kind than to the next one: -1 to 1.
fn silhouette(points: &[Vec<f64>], labels: &[usize], judges: &[usize]) -> f64 {
    let mut sum = 0.0;
    for one in judges {
        let mut near = [(0.0_f64, 0.0_f64); KINDS_MAX];
        for other in judges.iter().filter(|other| *other != one) {
            let slot = &mut near[labels[*other].min(KINDS_MAX - 1)];
            slot.0 += distance_2(&points[*one], &points[*other]).sqrt();
            slot.1 += 1.0;
        }
        let own_label = labels[*one].min(KINDS_MAX - 1);
        let mean = |(sum, count): (f64, f64)| if count > 0.0 { sum / count } else { f64::INFINITY };
        let own = mean(near[own_label]);
        let others = near.iter().enumerate().filter(|(label, _)| *label != own_label);
        let next = others.map(|(_, slot)| mean(*slot)).fold(f64::INFINITY, f64::min);
        if own.is_finite() && next.is_finite() && own.max(next) > 0.0 {
            sum += (next - own) / own.max(next);
        }
    }
    sum / judges.len().max(1) as f64
}

/// Rows as the library wants them; `None` for no rows or no columns.
pub(crate) fn table(rows: &[Vec<f64>]) -> Option<Array2<f64>> {
    let width = rows.first().map(Vec::len).filter(|width| *width > 0)?;
    Array2::from_shape_vec((rows.len(), width), rows.iter().flatten().copied().collect()).ok()
}

/// Mean of some of the rows, column by column.
pub(crate) fn mean_of(rows: &[Vec<f64>], members: &[usize]) -> Vec<f64> {
    let width = rows.first().map_or(0, Vec::len);
    let mean = |column: usize| {
        let finite = members.iter().map(|at| rows[*at][column]).filter(|value| value.is_finite());
        let (sum, count) = finite.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
        if count > 0.0 { sum / count } else { f64::NAN }
    };
    (0..width).map(mean).collect()
}
