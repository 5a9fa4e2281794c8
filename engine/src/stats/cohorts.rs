//! Kinds of callers: feature rows of principals in, a few kinds with lasting numbers out (principal components, then
//! k-means, by smartcore; k by silhouette, Rousseeuw 1987). Never renumbers a kind that is still there.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ndarray::Array2;
use serde::{Deserialize, Serialize};
use smartcore::decomposition::pca::{PCA, PCAParameters};

use super::{
    kmeans::{KINDS_MAX, best_labels, by_lot, mean_of, table},
    scale::{Scale, distance_2},
};

/// Rows learnt from; of more, about as many by lot. Some seconds for all k: for a thread of its own.
const ROWS_MAX: usize = 2_000;
/// Rows under which there are no kinds.
const ROWS_MIN: usize = 60;
const COMPONENTS: usize = 6;
/// Standard deviations within which a kind is taken for that of the day before.
const SAME_KIND: f64 = 3.0;
/// A kind has at least this share of the rows.
const SHARE_MIN: f64 = 0.005;

/// The kinds of callers that one night found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kinds {
    scale: Scale,
    /// One direction per component, in scaled columns.
    components: Vec<Vec<f64>>,
    kinds: Vec<OneKind>,
    /// The number that the next new kind gets.
    next: u16,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct OneKind {
    number: u16,
    /// Its middle, in components and in raw features.
    centre: Vec<f64>,
    raw: Vec<f64>,
}

impl Kinds {
    /// Learns the kinds of `rows`, all of one width; those of the night before keep their numbers. `None` for fewer than
    /// 60 rows, or none that differ.
    pub(crate) fn learnt(rows: &[Vec<f64>], before: Option<&Self>, seed: u64) -> Option<Self> {
        let rows: Vec<Vec<f64>> =
            by_lot(rows.len(), ROWS_MAX, seed).into_iter().map(|at| rows[at].clone()).collect();
        if rows.len() < ROWS_MIN {
            return None;
        }
        let scale = Scale::learnt(&rows);
        let scaled: Vec<Vec<f64>> = rows.iter().map(|row| scale.apply(row)).collect();
        let components = components(&scaled)?;
        let points: Vec<Vec<f64>> = scaled.iter().map(|row| project(&components, row)).collect();
        let labels = best_labels(&points, seed);
        let mut model =
            Self { scale, components, kinds: Vec::new(), next: before.map_or(0, |before| before.next) };
        let found: Vec<(Vec<f64>, Vec<f64>)> = (0..KINDS_MAX)
            .filter_map(|label| {
                let members: Vec<usize> = (0..rows.len()).filter(|at| labels[*at] == label).collect();
                let enough = members.len() as f64 >= SHARE_MIN * rows.len() as f64 && !members.is_empty();
                enough.then(|| (mean_of(&points, &members), mean_of(&rows, &members)))
            })
            .collect();
        model.number(found, before);
        Some(model)
    }

    /// Gives each kind its number: nearest pairs first, among those near enough; the rest get new ones.
    fn number(&mut self, mut found: Vec<(Vec<f64>, Vec<f64>)>, before: Option<&Self>) {
        let old: Vec<(u16, Vec<f64>)> = before.map_or(Vec::new(), |before| {
            before.kinds.iter().map(|kind| (kind.number, self.place(&kind.raw))).collect()
        });
        let mut pairs: Vec<(f64, usize, u16)> = Vec::new();
        for (at, (centre, _)) in found.iter().enumerate() {
            pairs.extend(old.iter().map(|(number, place)| (distance_2(centre, place), at, *number)));
        }
        pairs.retain(|(distance, ..)| *distance <= SAME_KIND * SAME_KIND);
        pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        let mut numbers: Vec<Option<u16>> = vec![None; found.len()];
        for (_, at, number) in pairs {
            if numbers[at].is_none() && !numbers.contains(&Some(number)) {
                numbers[at] = Some(number);
            }
        }
        for (number, (centre, raw)) in numbers.into_iter().zip(found.drain(..)) {
            let number = number.unwrap_or_else(|| {
                self.next = self.next.wrapping_add(1);
                self.next.wrapping_sub(1)
            });
            self.kinds.push(OneKind { number, centre, raw });
        }
        self.kinds.sort_unstable_by_key(|kind| kind.number);
    }

    /// The number of the kind nearest to a row; `None` only when there are no kinds.
    pub(crate) fn of(&self, row: &[f64]) -> Option<u16> {
        let place = self.place(row);
        let distance = |kind: &&OneKind| distance_2(&kind.centre, &place);
        let nearest = self.kinds.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
        nearest.map(|kind| kind.number)
    }

    fn place(&self, row: &[f64]) -> Vec<f64> {
        project(&self.components, &self.scale.apply(row))
    }

    /// How many kinds there are.
    pub(crate) fn len(&self) -> usize {
        self.kinds.len()
    }
}

fn project(components: &[Vec<f64>], row: &[f64]) -> Vec<f64> {
    components.iter().map(|one| one.iter().zip(row).map(|(a, b)| a * b).sum()).collect()
}

/// Directions in which the rows differ most, at most six.
fn components(scaled: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let table = table(scaled)?;
    let width = table.ncols();
    let parameters = PCAParameters::default().with_n_components(width.min(COMPONENTS));
    let fit = AssertUnwindSafe(|| {
        let model: PCA<f64, Array2<f64>> = PCA::fit(&table, parameters).ok()?;
        Some(model.components().clone())
    });
    let found = catch_unwind(fit).ok().flatten()?;
    let mut directions: Vec<Vec<f64>> = found.columns().into_iter().map(|column| column.to_vec()).collect();
    if directions.iter().flatten().any(|value| !value.is_finite()) {
        return None;
    }
    // A direction in which rows differ no more than in a mean column is noise, and drowns the others (Kaiser 1960).
    let spread = |one: &Vec<f64>| {
        let along: Vec<f64> = scaled.iter().map(|row| project(std::slice::from_ref(one), row)[0]).collect();
        let mean = along.iter().sum::<f64>() / along.len() as f64;
        along.iter().map(|value| (value - mean).powi(2)).sum::<f64>()
    };
    let spreads: Vec<f64> = directions.iter().map(spread).collect();
    let total: f64 = (0..width).map(|at| spread(&unit(at, width))).sum();
    let telling = spreads.iter().filter(|spread| **spread * width as f64 > total).count();
    directions.truncate(telling.max(1));
    Some(directions)
}

fn unit(at: usize, width: usize) -> Vec<f64> {
    (0..width).map(|column| if column == at { 1.0 } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::draws::Draws, *};

    /// Three kinds: (place, members).
    fn world(draws: &mut Draws, drift: f64) -> Vec<Vec<f64>> {
        let mut rows = Vec::new();
        for (kind, count) in [(0.0, 300), (1.0, 200), (2.0, 60)] {
            for _ in 0..count {
                let mut row: Vec<f64> = (0..12).map(|_| draws.normal()).collect();
                row[0] += 8.0 * kind + drift;
                row[1] -= 8.0 * kind * (2.0 - kind);
                row.push(5.0);
                rows.push(row);
            }
        }
        rows
    }

    #[test]
    fn finds_the_kinds_and_keeps_their_numbers() {
        let mut draws = Draws(8);
        let rows = world(&mut draws, 0.0);
        let first = Kinds::learnt(&rows, None, 1).expect("kinds");
        assert_eq!(first.len(), 3);
        let of = |kinds: &Kinds| [0, 300, 500].map(|at| kinds.of(&rows[at]));
        let numbers = of(&first);
        assert!(numbers[0] != numbers[1] && numbers[1] != numbers[2] && numbers[0] != numbers[2]);
        let wrong = rows[..300].iter().filter(|row| first.of(row) != numbers[0]).count();
        assert!(wrong < 10, "{wrong}");
        // The next night: other draws, a little drift, the rows in another order.
        let mut next_rows = world(&mut draws, 0.5);
        next_rows.reverse();
        let second = Kinds::learnt(&next_rows, Some(&first), 2).expect("kinds");
        assert_eq!(of(&second), numbers);
        assert_eq!(Kinds::learnt(&rows, None, 1).as_ref(), Some(&first));
        let text = serde_json::to_string(&first).expect("serialises");
        let restored: Kinds = serde_json::from_str(&text).expect("reads back");
        assert_eq!(of(&restored), numbers);
    }

    #[test]
    fn one_kind_is_not_torn_apart() {
        let mut draws = Draws(8);
        let rows: Vec<Vec<f64>> = (0..300).map(|_| (0..10).map(|_| draws.normal()).collect()).collect();
        assert_eq!(Kinds::learnt(&rows, None, 1).expect("kinds").len(), 1);
    }

    #[test]
    fn odd_tables_are_no_trouble() {
        assert!(Kinds::learnt(&[], None, 1).is_none());
        assert!(Kinds::learnt(&vec![vec![1.0; 5]; 100], None, 1).is_none());
        let mut rows = vec![vec![0.0, 1.0]; 100];
        rows[7] = vec![f64::NAN, 5.0];
        rows[8] = vec![1e300, f64::NEG_INFINITY];
        let kinds = Kinds::learnt(&rows, None, 1).expect("kinds");
        assert!(kinds.of(&[f64::NAN, f64::NAN]).is_some());
        assert!(kinds.of(&[]).is_some());
    }
}
