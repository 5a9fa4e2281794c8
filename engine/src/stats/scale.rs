//! Scales: raw features of many rows in, comparable ones out: less the median, over the spread where most rows lie. Never
//! a number that is not finite, never a column that tells nothing.

use serde::{Deserialize, Serialize};

/// Standard deviations at which a feature is cut: one wild column must not decide alone.
const CUT: f64 = 8.0;
/// Standard deviations of a normal distribution per width of the shortest interval that holds a quarter of it. The median
/// deviation would shrink just the columns that tell two kinds apart: it spans both.
const PER_QUARTER: f64 = 1.569;

/// How each kept column is scaled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Scale {
    columns: Vec<Column>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Column {
    at: usize,
    median: f64,
    deviation: f64,
}

impl Scale {
    /// From rows of equal width; a value that is not finite counts as missing. Columns without spread are dropped.
    pub(crate) fn learnt(rows: &[Vec<f64>]) -> Self {
        let width = rows.first().map_or(0, Vec::len);
        let columns = (0..width).filter_map(|at| {
            let finite = rows.iter().filter_map(|row| row.get(at).copied()).filter(|value| value.is_finite());
            Column::learnt(at, finite.collect())
        });
        Self { columns: columns.collect() }
    }

    /// Columns kept.
    pub(crate) fn width(&self) -> usize {
        self.columns.len()
    }

    /// A row in scaled columns; what is missing is ordinary.
    pub(crate) fn apply(&self, row: &[f64]) -> Vec<f64> {
        let scaled = self.columns.iter().map(|column| {
            let value =
                row.get(column.at).copied().filter(|value| value.is_finite()).unwrap_or(column.median);
            ((value - column.median) / column.deviation).clamp(-CUT, CUT)
        });
        scaled.collect()
    }
}

impl Column {
    fn learnt(at: usize, mut values: Vec<f64>) -> Option<Self> {
        let count = values.len() as f64;
        let median = middle(&mut values)?;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
        values.sort_unstable_by(f64::total_cmp);
        let quarter = (values.len() / 4).max(1);
        let narrow =
            values.windows(quarter + 1).map(|part| part[quarter] - part[0]).fold(f64::INFINITY, f64::min);
        // A quarter may be equal: then the plain deviation has to do.
        let robust = PER_QUARTER * narrow;
        let deviation = if robust > 1e-9 * median.abs().max(1.0) { robust } else { variance.sqrt() };
        let spread = deviation.is_finite() && deviation > 1e-9 * median.abs().max(1.0);
        spread.then_some(Self { at, median, deviation })
    }
}

fn middle(values: &mut [f64]) -> Option<f64> {
    let at = values.len() / 2;
    (!values.is_empty()).then(|| *values.select_nth_unstable_by(at, f64::total_cmp).1)
}

/// Square of the distance between two rows.
pub(crate) fn distance_2(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_what_tells_nothing_and_cuts_what_is_wild() {
        let row = |n: f64| {
            vec![n, 7.0, if n == 3.0 { f64::NAN } else { -n }, if n > 97.0 { 1e300 } else { n * 1e-3 }]
        };
        let rows: Vec<Vec<f64>> = (0..100).map(|n| row(f64::from(n))).collect();
        let scale = Scale::learnt(&rows);
        assert_eq!(scale.width(), 3);
        let scaled = scale.apply(&[50.0, 7.0, f64::INFINITY, 1e300]);
        assert!(scaled[0].abs() < 0.1 && scaled[1].abs() < 0.1 && scaled[2] == CUT, "{scaled:?}");
        assert_eq!(Scale::learnt(&[]).width(), 0);
    }
}
