//! Figures as text: numbers in, short readable words out; the same on every page.

use crate::{
    interval::{PerMillion, Share},
    quantile::Spread,
};

/// Between thousands: a narrow space at which no line breaks.
const GROUP: char = '\u{202f}';

/// A number with as many digits as a reader needs: `0.38`, `12`, `4 091`, `1.2 M`.
pub(crate) fn number(x: f64) -> String {
    let size = x.abs();
    if x == 0.0 || !x.is_finite() {
        "0".to_owned()
    } else if size >= 1e6 {
        format!("{:.1} M", x / 1e6)
    } else if size >= 1e3 {
        let whole = x.round() as i64;
        format!("{}{GROUP}{:03}", whole / 1_000, (whole % 1_000).abs())
    } else if size >= 10.0 || (size >= 1.0 && x.fract() == 0.0) {
        format!("{x:.0}")
    } else if size >= 0.01 {
        let text = format!("{x:.2}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        format!("{x:.0e}")
    }
}

/// A share in percent: `86 %`.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// Hits of trials: `12/12`; a dash without trials.
pub(crate) fn of(share: &Share) -> String {
    if share.of == 0 { "–".to_owned() } else { format!("{}/{}", share.hits, share.of) }
}

/// A rate with its limits: `1.3 (0.2 to 4.7)`.
pub(crate) fn rate(rate: &PerMillion) -> String {
    format!("{} ({} to {})", number(rate.rate), number(rate.low), number(rate.high))
}

/// Median and upper tenth: `9 / 40`; a dash for an empty sample.
pub(crate) fn spread(spread: &Spread) -> String {
    if spread.count == 0 {
        "–".to_owned()
    } else {
        format!("{} / {}", number(spread.median), number(spread.p90))
    }
}

/// A span of seconds: `40 s`, `12 min`, `3.5 h`, `2 d`.
pub(crate) fn span(seconds: f64) -> String {
    for (limit, unit, name) in [(120.0, 1.0, "s"), (7_200.0, 60.0, "min"), (172_800.0, 3_600.0, "h")] {
        if seconds < limit {
            return format!("{} {name}", number(seconds / unit));
        }
    }
    format!("{} d", number(seconds / 86_400.0))
}

/// Median and upper tenth of spans.
pub(crate) fn spans(spread: &Spread) -> String {
    if spread.count == 0 {
        "–".to_owned()
    } else {
        format!("{} / {}", span(spread.median), span(spread.p90))
    }
}

/// A name with blanks for its underscores.
pub(crate) fn words(name: &str) -> String {
    name.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_matter() {
        let told: Vec<_> =
            [0.0, 0.000_2, 0.384, 0.5, 3.0, 2.25, 12.4, 999.0, 4_091.2, 1_234_567.0].map(number).into();
        assert_eq!(told, ["0", "2e-4", "0.38", "0.5", "3", "2.25", "12", "999", "4\u{202f}091", "1.2 M"]);
    }

    #[test]
    fn spans_have_the_unit_that_fits() {
        assert_eq!([3.0, 600.0, 12_600.0, 604_800.0].map(span), ["3 s", "10 min", "3.5 h", "7 d"]);
    }
}
