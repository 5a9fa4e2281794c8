//! Profiles: calls of one principal in, a small picture of what kind of caller it is out: which routes, how it spends its
//! calls, when and how fast. Never more than 24 bytes, never a name.

use serde::{Deserialize, Serialize};

use crate::{
    hash::mix,
    scene::{Deed, Scene},
};

/// Groups of routes, chosen by hash.
const ROUTES: usize = 16;
/// A share moves by one part in this many per call.
const SPEED: u8 = 16;

/// Shares of a principal's calls, 0 to 255 each, the last few dozen calls counting most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Profile {
    routes: [u8; ROUTES],
    writes: u8,
    lists: u8,
    errors: u8,
    night: u8,
    strangers: u8,
    /// Eight times the binary logarithm of bytes per answer, and of seconds between calls.
    bytes: u8,
    gap: u8,
}

impl Profile {
    /// Takes a call; `gap_s` is the time since the one before.
    pub(crate) fn learn(&mut self, scene: &Scene<'_>, gap_s: u64, strangers: bool) {
        if let Some(route) = scene.seen.route {
            let here = mix(u64::from(route.0), 21) as usize % ROUTES;
            for (at, share) in self.routes.iter_mut().enumerate() {
                *share = toward(*share, at == here);
            }
        }
        self.writes = toward(self.writes, matches!(scene.deed, Deed::Write | Deed::Delete));
        self.lists = toward(self.lists, scene.deed == Deed::List);
        self.errors = toward(self.errors, !scene.served());
        self.night = toward(self.night, scene.hour() < 6);
        self.strangers = toward(self.strangers, strangers);
        self.bytes = near(self.bytes, logarithm(scene.call.response_bytes));
        self.gap = near(self.gap, logarithm(gap_s));
    }

    /// Shares of its calls that failed, and that came at night (UTC), 0 to 1.
    pub(crate) fn errors_and_night(&self) -> (f64, f64) {
        (f64::from(self.errors) / 255.0, f64::from(self.night) / 255.0)
    }

    /// The profile as numbers of like size.
    pub(crate) fn row(&self) -> Vec<f64> {
        let shares = [self.writes, self.lists, self.errors, self.night, self.strangers];
        let share = |share: &u8| (f64::from(*share) / 255.0).sqrt();
        let sizes = [self.bytes, self.gap].map(|size| f64::from(size) / 64.0);
        self.routes.iter().chain(&shares).map(share).chain(sizes).collect()
    }
}

/// A share after one more call, which was of its sort or not.
fn toward(share: u8, hit: bool) -> u8 {
    if hit { share + (u8::MAX - share).div_ceil(SPEED) } else { share - share.div_ceil(SPEED) }
}

/// A mean after one more size.
fn near(mean: u8, size: u8) -> u8 {
    let step = mean.abs_diff(size).div_ceil(SPEED);
    if size > mean { mean + step } else { mean - step }
}

/// Eight times the binary logarithm, in steps of one eighth up to 2^31.
fn logarithm(n: u64) -> u8 {
    let n = n.clamp(1, 1 << 31);
    let whole = n.ilog2();
    let eighths = (n << 3 >> whole) & 7;
    u8::try_from(u64::from(whole) * 8 + eighths).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_rise_and_fall_and_stay_in_bounds() {
        let mut share = 0;
        (0..100).for_each(|_| share = toward(share, true));
        assert_eq!(share, 255);
        (0..16).for_each(|_| share = toward(share, false));
        assert!((60..130).contains(&share), "{share}");
        (0..400).for_each(|_| share = toward(share, false));
        assert_eq!(share, 0);
    }

    #[test]
    fn logarithms_have_eight_steps_an_octave() {
        for (n, expected) in [(0, 0), (1, 0), (2, 8), (3, 12), (1_024, 80), (u64::MAX, 248)] {
            assert_eq!(logarithm(n), expected, "{n}");
        }
    }
}
