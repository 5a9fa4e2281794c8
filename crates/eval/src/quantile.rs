//! Quantiles of small samples: values in, the middle and the ninth tenth out.

use serde::{Deserialize, Serialize};

/// Middle and upper end of a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Values.
    pub count: u64,
    /// Half of the values are at most this.
    pub median: f64,
    /// Nine tenths of the values are at most this.
    pub p90: f64,
}

impl Spread {
    /// The spread of a sample, by nearest rank; zeros for an empty one.
    #[must_use]
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self { count: values.len() as u64, median: rank(&values, 0.5), p90: rank(&values, 0.9) }
    }
}

/// The smallest value that is at least `share` of the sorted values.
fn rank(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

/// The mean; 0 for an empty sample.
#[must_use]
pub(crate) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    if count == 0 { 0.0 } else { sum / f64::from(count) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_values_of_the_sample() {
        let ten: Vec<f64> = (1..=10).rev().map(f64::from).collect();
        assert_eq!(Spread::of(ten), Spread { count: 10, median: 5.0, p90: 9.0 });
        assert_eq!(Spread::of(vec![7.0]), Spread { count: 1, median: 7.0, p90: 7.0 });
        assert_eq!(Spread::of(Vec::new()), Spread::default());
    }
}
