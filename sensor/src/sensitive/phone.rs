//! Telephone numbers: a cluster of digits in, whether it is one out (ITU-T E.164 and its national ways of writing).

use super::{
    cluster::Cluster,
    context::{Context, PHONE},
};

pub(super) fn is_phone(cluster: &Cluster, context: &Context<'_>) -> bool {
    let digits = cluster.digits();
    if digits.iter().all(|digit| Some(digit) == digits.first()) {
        return false;
    }
    if cluster.plus {
        return (8..=15).contains(&digits.len()) && has_country(digits) && !cluster.marks().contains(&b'/');
    }
    if is_north_american(cluster) && !context.is_other() {
        return true;
    }
    (7..=15).contains(&digits.len()) && !is_date(cluster) && !is_decimal(cluster) && context.says(&PHONE)
}

/// Whether a country code that is assigned begins these digits.
fn has_country(digits: &[u8]) -> bool {
    matches!(
        digits,
        [1, 2..=9, ..]
            | [2, 0..=7 | 9, ..]
            | [3..=7, ..]
            | [8, 1 | 2 | 4..=6 | 8, ..]
            | [9, 0..=6 | 8 | 9, ..]
    )
}

/// `(212) 555-0123`, `212-555-0123`, with or without `1`: distinct enough to need no word before it.
fn is_north_american(cluster: &Cluster) -> bool {
    let written = match (cluster.sizes(), cluster.marks()) {
        ([3, 3, 4], [b')', b'-' | b' ' | b'.']) => cluster.bracket,
        ([3, 3, 4], [b'-', b'-']) | ([1, 3, 3, 4], [b'-', b'-', b'-'] | [b'(', b')', b'-']) => true,
        _ => false,
    };
    let local = cluster.digits().strip_prefix(&[1]).unwrap_or(cluster.digits());
    written && matches!(local, [2..=9, _, _, 2..=9, _, _, _, _, _, _])
}

fn is_date(cluster: &Cluster) -> bool {
    matches!(
        (cluster.sizes(), cluster.digits()),
        ([4, 1..=2, 1..=2, ..], [1..=2, 0 | 9, ..]) | ([1..=2, 1..=2, 4, ..], _)
    ) && !cluster.marks().contains(&b')')
}

/// A number with a fraction.
fn is_decimal(cluster: &Cluster) -> bool {
    matches!((cluster.sizes(), cluster.marks()), ([_, _], [b'.']))
}
