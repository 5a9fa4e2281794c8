//! Rings: rows of features or signatures in, dense groups among them out (DBSCAN, Ester 1996, by smartcore). Never asks
//! the library about a row that it was not fitted on: it takes strangers for members of the first group.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ndarray::Array2;
use smartcore::{
    cluster::dbscan::{DBSCAN, DBSCANParameters},
    metrics::distance::{Distance, euclidian::Euclidian, hamming::Hamming},
    numbers::basenum::Number,
};

use super::{
    minhash::{Signature, alike},
    scale::{Scale, distance_2},
};

/// Rows of one batch; what comes after belongs to no ring. About a second for so many: for a thread of its own.
pub(crate) const ROWS_MAX: usize = 5_000;
/// The same for signatures.
const ALIKE_MAX: usize = 1_000;

/// Rings of rows within `reach` standard deviations of each other, at least `least` dense: one number per row, `None`
/// for who belongs to none. Numbers rise from 0 in order of the first members.
pub(crate) fn rings(rows: &[Vec<f64>], reach: f64, least: usize) -> Vec<Option<u16>> {
    let scale = Scale::learnt(rows);
    let scaled: Vec<Vec<f64>> = rows.iter().take(ROWS_MAX).map(|row| scale.apply(row)).collect();
    let near = |one: &Vec<f64>, other: &Vec<f64>| distance_2(one, other) <= reach * reach;
    let labels = if scale.width() == 0 { None } else { fitted(&scaled, Euclidian::new(), reach, least) };
    numbered(rows.len(), labels, &scaled, least, near)
}

/// Rings of signatures that differ in at most a share `reach` of their permutations. Only those that are alike to another
/// one at all are looked at: among so many permutations the library knows no short cut.
pub(crate) fn rings_alike(signatures: &[Signature], reach: f64, least: usize) -> Vec<Option<u16>> {
    let mut rings = vec![None; signatures.len()];
    let pairs = alike(signatures, (1.0 - reach) as f32);
    let mut places: Vec<usize> = pairs.into_iter().flat_map(|(one, other)| [one, other]).collect();
    places.sort_unstable();
    places.dedup();
    places.truncate(ALIKE_MAX);
    let rows: Vec<Vec<u32>> = places.iter().map(|at| signatures[*at].rows().to_vec()).collect();
    let near = |one: &Vec<u32>, other: &Vec<u32>| {
        let differ = one.iter().zip(other).filter(|(a, b)| a != b).count();
        differ as f64 <= reach * one.len() as f64
    };
    let labels = fitted(&rows, Hamming::new(), reach, least);
    for (at, ring) in places.into_iter().zip(numbered(rows.len(), labels, &rows, least, near)) {
        rings[at] = ring;
    }
    rings
}

/// What the library says of the rows that it was fitted on; 0 is nobody. `None` when there is nothing to fit, or it fails.
fn fitted<T: Number, D: Distance<Vec<T>>>(
    rows: &[Vec<T>],
    distance: D,
    reach: f64,
    least: usize,
) -> Option<Vec<i32>> {
    if rows.len() < least.max(2) || least == 0 || !reach.is_finite() || reach <= 0.0 {
        return None;
    }
    let width = rows.first()?.len();
    let flat: Vec<T> = rows.iter().flatten().copied().collect();
    let table = Array2::from_shape_vec((rows.len(), width), flat).ok()?;
    let base = DBSCANParameters::default().with_distance(distance);
    let parameters = base.with_eps(reach).with_min_samples(least);
    // The library asserts where it should refuse. A night without rings is better than no engine.
    catch_unwind(AssertUnwindSafe(|| {
        let model: DBSCAN<T, i32, Array2<T>, Vec<i32>, D> = DBSCAN::fit(&table, parameters).ok()?;
        model.predict(&table).ok()
    }))
    .ok()
    .flatten()
}

/// Numbers the rings anew, and leaves out rows that lie near no dense one: the library lets noise vote.
fn numbered<T>(
    count: usize,
    labels: Option<Vec<i32>>,
    rows: &[T],
    least: usize,
    near: impl Fn(&T, &T) -> bool,
) -> Vec<Option<u16>> {
    let mut rings = vec![None; count];
    let Some(labels) = labels.filter(|labels| labels.len() == rows.len()) else { return rings };
    let neighbours = |at: usize| rows.iter().filter(|other| near(&rows[at], other)).take(least).count();
    let dense: Vec<bool> = (0..rows.len()).map(|at| labels[at] > 0 && neighbours(at) >= least).collect();
    let mut numbers: Vec<i32> = Vec::new();
    for (at, label) in labels.iter().enumerate().filter(|(_, label)| **label > 0) {
        let joined = |other: usize| labels[other] == *label && dense[other] && near(&rows[at], &rows[other]);
        if !dense[at] && !(0..rows.len()).any(joined) {
            continue;
        }
        let number = numbers.iter().position(|known| known == label).unwrap_or_else(|| {
            numbers.push(*label);
            numbers.len() - 1
        });
        rings[at] = u16::try_from(number).ok();
    }
    rings
}

#[cfg(test)]
mod tests {
    use super::{super::draws::Draws, *};

    fn crowd(draws: &mut Draws, count: usize) -> Vec<Vec<f64>> {
        (0..count).map(|_| (0..4).map(|_| 3.0 * draws.normal()).collect()).collect()
    }

    #[test]
    fn a_dense_ring_is_found_and_strangers_are_left_out() {
        let mut draws = Draws(4);
        let mut rows = crowd(&mut draws, 300);
        for _ in 0..30 {
            rows.push((0..4).map(|_| 12.0 + 0.05 * draws.normal()).collect());
        }
        rows.push(vec![f64::NAN, f64::INFINITY, 1e300, -1e300]);
        rows.push(vec![-500.0, 500.0, -500.0, 500.0]);
        let found = rings(&rows, 0.3, 5);
        let ring = found[300].expect("a ring");
        assert!(found[300..330].iter().all(|one| *one == Some(ring)));
        assert_eq!(found[..300].iter().filter(|one| **one == Some(ring)).count(), 0);
        assert_eq!(found[330..], [None, None]);
        assert_eq!(found, rings(&rows, 0.3, 5));
    }

    #[test]
    fn signatures_that_share_most_make_a_ring() {
        let mut draws = Draws(4);
        let mut signatures = Vec::new();
        for n in 0..60_u64 {
            let mut signature = Signature::default();
            (0..20).for_each(|at| signature.add(1, if n < 12 { at } else { draws.word() }));
            signature.add(1, n + 1_000);
            signatures.push(signature);
        }
        let found = rings_alike(&signatures, 0.4, 5);
        assert!(found[..12].iter().all(|one| *one == Some(0)) && found[12..].iter().all(Option::is_none));
    }

    #[test]
    fn nothing_to_fit_is_no_ring() {
        assert!(rings(&[], 0.5, 5).is_empty());
        assert_eq!(rings(&vec![vec![1.0, 2.0]; 50], 0.5, 5), vec![None; 50]);
        assert_eq!(rings(&vec![vec![]; 50], 0.5, 5), vec![None; 50]);
        assert_eq!(rings(&[vec![1.0], vec![2.0]], f64::NAN, 0), vec![None; 2]);
    }

    #[test]
    fn past_the_batch_there_are_no_rings() {
        let mut draws = Draws(4);
        let rows: Vec<Vec<f64>> = (0..ROWS_MAX + 3).map(|_| vec![draws.normal()]).collect();
        let found = rings(&rows, 0.5, 5);
        assert_eq!(found.len(), ROWS_MAX + 3);
        assert!(found[ROWS_MAX..].iter().all(Option::is_none) && found[0].is_some());
    }
}
