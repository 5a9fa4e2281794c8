//! Time as the wire tells it: nanoseconds since the Unix epoch in, RFC 3339 text out. Never asks the host.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A moment: nanoseconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// Covers the years 1970 to 2554; arithmetic saturates at both ends. Text form is RFC 3339 in UTC with nine
/// fractional digits, so that texts sort as times do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The epoch itself, also "no time yet".
    pub const ZERO: Self = Self(0);

    /// From nanoseconds since the epoch.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// From seconds and nanoseconds as capture files carry them; a negative second counts as the epoch.
    #[must_use]
    pub fn from_parts(seconds: i64, nanos: u32) -> Self {
        let seconds = u64::try_from(seconds).unwrap_or(0);
        Self(seconds.saturating_mul(1_000_000_000).saturating_add(u64::from(nanos)))
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whole seconds since the epoch.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0 / 1_000_000_000
    }

    /// Time from `earlier` to `self`; zero when `self` lies before it.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// This moment moved later by `span`, at most to the end of time.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// This moment moved earlier by `span`, at most to the epoch.
    #[must_use]
    pub fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)))
    }
}

/// Length of the text form.
const TEXT_LEN: usize = 30;

impl Timestamp {
    /// The text form. By hand: a general formatter took a tenth of the time of printing a call.
    fn write(self, text: &mut [u8; TEXT_LEN]) -> &str {
        let (year, month, day) = civil(self.as_secs() / 86_400);
        let second = self.as_secs() % 86_400;
        *text = *b"0000-00-00T00:00:00.000000000Z";
        digits(&mut text[0..4], year);
        digits(&mut text[5..7], month);
        digits(&mut text[8..10], day);
        digits(&mut text[11..13], second / 3_600);
        digits(&mut text[14..16], second / 60 % 60);
        digits(&mut text[17..19], second % 60);
        digits(&mut text[20..29], self.0 % 1_000_000_000);
        std::str::from_utf8(text).unwrap_or_default()
    }
}

/// Writes `n` with leading zeros.
fn digits(text: &mut [u8], mut n: u64) {
    for digit in text.iter_mut().rev() {
        *digit = b'0' + u8::try_from(n % 10).unwrap_or(0);
        n /= 10;
    }
}

/// Year, month and day of a day counted from 1970-01-01 in the Gregorian calendar, whose pattern repeats every 400 years
/// of 146 097 days. Years are taken to begin in March, so that the leap day is their last.
fn civil(days: u64) -> (u64, u64, u64) {
    let from_march_0 = days + 719_468;
    let (era, of_era) = (from_march_0 / 146_097, from_march_0 % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.write(&mut [0; TEXT_LEN]))
    }
}

/// A text that is not an RFC 3339 time between 1970 and 2554.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeError;

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected an RFC 3339 time such as 2026-01-31T08:00:00Z")
    }
}

impl std::error::Error for TimeError {}

impl FromStr for Timestamp {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let moment: jiff::Timestamp = text.parse().map_err(|_| TimeError)?;
        u64::try_from(moment.as_nanosecond()).map(Self).map_err(|_| TimeError)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return self.0.serialize(serializer);
        }
        serializer.serialize_str(self.write(&mut [0; TEXT_LEN]))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return u64::deserialize(deserializer).map(Self);
        }
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn prints_nine_digits_in_utc() {
        let at = Timestamp::from_parts(1_753_000_000, 5);
        assert_eq!(at.to_string(), "2025-07-20T08:26:40.000000005Z");
    }

    #[test]
    fn negative_seconds_count_as_the_epoch() {
        assert_eq!(Timestamp::from_parts(-5, 0), Timestamp::ZERO);
    }

    proptest! {
        #[test]
        fn text_is_that_of_a_general_formatter(nanos in any::<u64>()) {
            let moment = jiff::Timestamp::from_nanosecond(i128::from(nanos)).expect("in range");
            prop_assert_eq!(Timestamp::from_nanos(nanos).to_string(), format!("{moment:.9}"));
        }

        #[test]
        fn text_and_back_changes_nothing(nanos in any::<u64>()) {
            let at = Timestamp::from_nanos(nanos);
            prop_assert_eq!(at.to_string().parse::<Timestamp>(), Ok(at));
        }

        #[test]
        fn texts_sort_as_times_do(a in any::<u64>(), b in any::<u64>()) {
            let (a, b) = (Timestamp::from_nanos(a), Timestamp::from_nanos(b));
            prop_assert_eq!(a.to_string().cmp(&b.to_string()), a.cmp(&b));
        }
    }
}
