//! Windows: amounts at their times in, how much lately out, for six spans from ten seconds to four weeks. Never a ring
//! of buckets: the present bucket is exact, all earlier ones are a sum that halves with each bucket.

use model::Timestamp;
use serde::{Deserialize, Serialize};

/// Seconds of a bucket of each window.
pub(crate) const SPANS: [u32; 6] = [10, 60, 600, 3_600, 86_400, 28 * 86_400];
/// Buckets after which nothing is left of a sum.
const HALVINGS_MAX: u32 = 64;

/// `N` amounts in one window: 4 + 8 N bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Window<const N: usize> {
    bucket: u32,
    now: [f32; N],
    past: [f32; N],
}

/// `N` amounts in the six windows of [`SPANS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Windows<const N: usize>([Window<N>; 6]);

impl<const N: usize> Default for Window<N> {
    fn default() -> Self {
        Self { bucket: 0, now: [0.0; N], past: [0.0; N] }
    }
}

impl<const N: usize> Window<N> {
    /// Adds amounts at second `at` to a window of `span` seconds. What comes late counts as now.
    #[inline]
    pub(crate) fn add(&mut self, span: u32, at: u32, amounts: &[f32; N]) {
        self.roll(at / span.max(1));
        for (now, amount) in self.now.iter_mut().zip(amounts) {
            *now += amount;
        }
    }

    #[inline]
    fn roll(&mut self, bucket: u32) {
        if bucket <= self.bucket {
            return;
        }
        let factor = halved(bucket - self.bucket);
        for (past, now) in self.past.iter_mut().zip(&mut self.now) {
            *past = (*past + *now) * factor;
            *now = 0.0;
        }
        self.bucket = bucket;
    }

    /// Exact amount of the present bucket.
    pub(crate) fn exact(&self, span: u32, at: u32, which: usize) -> f32 {
        let current = at / span.max(1) <= self.bucket;
        if current { self.now.get(which).copied().unwrap_or(0.0) } else { 0.0 }
    }

    /// Usual amount of a bucket, from the buckets before the present one: the last counts half, the one before a quarter.
    pub(crate) fn usual(&self, span: u32, at: u32, which: usize) -> f32 {
        let (now, past) = self.pair(which);
        match (at / span.max(1)).checked_sub(self.bucket) {
            None | Some(0) => past,
            Some(behind) => (past + now) * halved(behind),
        }
    }

    /// Amount of about the last `span` seconds: the present bucket, and of the past the share not yet over.
    pub(crate) fn lately(&self, span: u32, at: u32, which: usize) -> f32 {
        let span = span.max(1);
        let left = 1.0 - (at % span) as f32 / span as f32;
        self.exact(span, at, which) + self.usual(span, at, which) * left
    }

    fn pair(&self, which: usize) -> (f32, f32) {
        (self.now.get(which).copied().unwrap_or(0.0), self.past.get(which).copied().unwrap_or(0.0))
    }
}

impl<const N: usize> Windows<N> {
    /// Adds amounts to all six.
    #[inline]
    pub(crate) fn add(&mut self, at: u32, amounts: &[f32; N]) {
        for (window, span) in self.0.iter_mut().zip(SPANS) {
            window.add(span, at, amounts);
        }
    }

    /// One window and its span; the last one past the end.
    pub(crate) fn of(&self, span: usize) -> (&Window<N>, u32) {
        let at = span.min(SPANS.len() - 1);
        (&self.0[at], SPANS[at])
    }
}

/// Seconds since 1970, as windows count them; to the year 2106.
pub(crate) fn seconds(at: Timestamp) -> u32 {
    u32::try_from(at.as_secs()).unwrap_or(u32::MAX)
}

/// 1/2 to the power of `buckets`.
fn halved(buckets: u32) -> f32 {
    if buckets >= HALVINGS_MAX { 0.0 } else { 1.0 / (1_u64 << buckets) as f32 }
}

/// Arrays of any length are beyond serde: two lists stand for them.
#[derive(Serialize, Deserialize)]
struct Stored {
    bucket: u32,
    now: Vec<f32>,
    past: Vec<f32>,
}

impl<const N: usize> Serialize for Window<N> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Stored { bucket: self.bucket, now: self.now.to_vec(), past: self.past.to_vec() }.serialize(serializer)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Window<N> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Stored { bucket, now, past } = Stored::deserialize(deserializer)?;
        let wrong = || serde::de::Error::custom(format!("expected {N} amounts"));
        let now = now.try_into().map_err(|_| wrong())?;
        let past = past.try_into().map_err(|_| wrong())?;
        Ok(Self { bucket, now, past })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn three_amounts_take_28_bytes() {
        assert_eq!(size_of::<Window<3>>(), 28);
        assert_eq!(size_of::<Windows<2>>(), 120);
    }

    #[test]
    fn a_steady_rate_is_its_own_usual() {
        let mut windows = Windows::<1>::default();
        for at in 0..200_000 {
            windows.add(at, &[2.0]);
        }
        for span in 0..4 {
            let (window, seconds) = windows.of(span);
            let expected = 2.0 * seconds as f32;
            assert!((window.usual(seconds, 200_000, 0) / expected - 1.0).abs() < 0.01);
            assert!((window.lately(seconds, 200_000, 0) / expected - 1.0).abs() < 0.1);
        }
    }

    #[test]
    fn silence_is_forgotten_without_being_told() {
        let mut window = Window::<1>::default();
        window.add(60, 60, &[8.0]);
        assert_eq!(window.exact(60, 119, 0), 8.0);
        assert_eq!(window.exact(60, 120, 0), 0.0);
        assert_eq!(window.usual(60, 120, 0), 4.0);
        assert_eq!(window.usual(60, 240, 0), 1.0);
        assert_eq!(window.usual(60, u32::MAX, 0), 0.0);
    }

    proptest! {
        #[test]
        fn looking_never_differs_from_rolling(
            times in proptest::collection::vec(0_u32..50_000, 1..60),
            later in 0_u32..10_000,
        ) {
            let (mut window, mut now) = (Window::<2>::default(), 0);
            for at in times {
                now = now.max(at);
                window.add(600, at, &[1.0, 3.0]);
            }
            let (at, mut rolled) = (now + later, window);
            rolled.add(600, at, &[0.0, 0.0]);
            prop_assert_eq!(window.exact(600, at, 1), rolled.exact(600, at, 1));
            prop_assert_eq!(window.usual(600, at, 0), rolled.usual(600, at, 0));
            let text = serde_json::to_string(&window).expect("serialises");
            prop_assert_eq!(serde_json::from_str::<Window<2>>(&text).expect("reads back"), window);
        }
    }
}
