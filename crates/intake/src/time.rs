//! Times: the ways in which logs write them in, UTC out. Knows no time zone but those written.

use std::time::Duration;

use jiff::fmt::strtime;
use model::Timestamp;

/// Seconds behind 1970 that no log of today writes; more is milliseconds, and more again micro- and nanoseconds.
const SECONDS_MAX: u64 = 100_000_000_000;

/// `17/May/2015:10:05:03 +0000`.
pub(crate) fn common(text: &str) -> Option<Timestamp> {
    let time = strtime::parse("%d/%b/%Y:%H:%M:%S %z", text).ok()?.to_timestamp().ok()?;
    of(time)
}

/// ISO 8601 with an offset, the common log form, or digits since 1970: seconds with or without a fraction, or whole
/// milli-, micro- or nanoseconds, told apart by their size.
pub(crate) fn any(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        return digits(text);
    }
    text.parse::<jiff::Timestamp>().ok().and_then(of).or_else(|| common(text))
}

fn of(time: jiff::Timestamp) -> Option<Timestamp> {
    u64::try_from(time.as_nanosecond()).ok().map(Timestamp::from_nanos)
}

fn digits(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole: u64 = whole.parse().ok()?;
    let scale = [1_000_000_000_u64, 1_000_000, 1_000, 1];
    let step = scale.into_iter().zip([1_u64, 1_000, 1_000_000, 1_000_000_000]);
    let unit = step
        .filter(|(_, up)| SECONDS_MAX.checked_mul(*up).is_none_or(|max| whole < max))
        .map(|(nanos, _)| nanos)
        .next()?;
    let part = nanos(fraction)? / (1_000_000_000 / unit);
    whole.checked_mul(unit)?.checked_add(part).map(Timestamp::from_nanos)
}

/// A span written as decimal seconds, in units of `unit`.
pub(crate) fn span(text: &str, unit: Duration) -> Option<Duration> {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let whole: u64 = whole.parse().ok()?;
    let unit = u64::try_from(unit.as_nanos()).ok()?;
    let part = u128::from(nanos(fraction)?) * u128::from(unit) / 1_000_000_000;
    whole.checked_mul(unit)?.checked_add(u64::try_from(part).ok()?).map(Duration::from_nanos)
}

/// Decimal digits behind the point as billionths.
fn nanos(fraction: &str) -> Option<u64> {
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(
        fraction
            .bytes()
            .chain(std::iter::repeat(b'0'))
            .take(9)
            .fold(0, |n, byte| n * 10 + u64::from(byte - b'0')),
    )
}
