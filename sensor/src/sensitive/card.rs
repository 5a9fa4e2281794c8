//! Payment cards: a cluster of digits in, whether it is a card number out (ISO/IEC 7812; ranges as the schemes publish them).

use super::{
    cluster::{Cluster, luhn, number},
    context::{CARD, Context},
};

pub(super) fn is_card(cluster: &Cluster, context: &Context<'_>) -> bool {
    let digits = cluster.digits();
    if !(12..=19).contains(&digits.len()) || cluster.plus || !is_grouped(cluster) || !luhn(digits) {
        return false;
    }
    if digits.iter().all(|digit| Some(digit) == digits.first()) {
        return false;
    }
    context.says(&CARD) || is_issued(digits) && !context.is_other()
}

/// One group, or groups as they are embossed.
fn is_grouped(cluster: &Cluster) -> bool {
    let grouped = matches!(
        cluster.sizes(),
        [_] | [4, 4, 4, 4] | [4, 6, 5] | [4, 6, 4] | [4, 4, 4, 4, 1..=3] | [4, 4, 5] | [4, 4, 4] | [4, 5, 6]
    );
    grouped && (cluster.joined_by(b' ') || cluster.joined_by(b'-'))
}

/// Whether a scheme issues numbers that begin so and are so long.
fn is_issued(digits: &[u8]) -> bool {
    let head = number(digits.get(..6).unwrap_or_default());
    let (two, three, four) = (head / 10_000, head / 1_000, head / 100);
    match digits.len() {
        12 => matches!(four, 5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763),
        13 => two / 10 == 4,
        14 => matches!(three, 300..=305 | 309) || matches!(two, 36 | 38 | 39),
        15 => matches!(two, 34 | 37),
        16..=19 => {
            let long = matches!(four, 6011 | 3528..=3589 | 2200..=2204 | 5018 | 5020 | 5038 | 6759 | 6761..=6763)
                || matches!(three, 644..=649)
                || matches!(two, 62 | 65);
            let sixteen =
                matches!(two, 51..=55 | 60 | 81 | 82) || matches!(four, 2221..=2720 | 9792) || three == 508;
            long || digits.len() == 16 && sixteen || two / 10 == 4 && matches!(digits.len(), 16 | 19)
        }
        _ => false,
    }
}
