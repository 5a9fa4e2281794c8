//! Chance: a seed in, the same draws out on every machine. Never asks the host.

use std::f64::consts::TAU;

/// A generator of 64 bits of state: SplitMix64 (Steele, Lea, Flood, 2014). Small enough to have one per actor, so that
/// what one actor does never changes another's draws.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rng(u64);

/// A number that depends on all bits of both.
pub(crate) const fn mix(a: u64, b: u64) -> u64 {
    let mut z = a ^ b.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Rng {
    pub(crate) const fn new(seed: u64, stream: u64) -> Self {
        Self(mix(seed, stream))
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0, 0)
    }

    /// 0 <= x < 1.
    pub(crate) fn unit(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let mantissa = (self.next() >> 11) as f64;
        mantissa / 9_007_199_254_740_992.0
    }

    /// 0 <= x < n, and 0 for n = 0.
    pub(crate) const fn below(&mut self, n: u32) -> u32 {
        (((self.next() >> 32) * n as u64) >> 32) as u32
    }

    /// `low` to `high`, both included.
    pub(crate) const fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    pub(crate) fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// One of them; the first for an empty list of weights.
    pub(crate) fn weighted(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let mut left = self.unit() * weights.clone().sum::<f64>();
        for (place, weight) in weights.enumerate() {
            left -= weight;
            if left < 0.0 {
                return place;
            }
        }
        0
    }

    /// Standard normal (Box and Muller, 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (TAU * self.unit()).cos()
    }

    /// Log-normal around this median.
    pub(crate) fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }

    /// Mean 1.
    pub(crate) fn exponential(&mut self) -> f64 {
        -(1.0 - self.unit()).ln()
    }

    /// Gamma of shape `k` >= 1 and mean 1 (Marsaglia and Tsang, 2000).
    pub(crate) fn gamma(&mut self, k: f64) -> f64 {
        let d = k - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && (1.0 - self.unit()).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v / k;
            }
        }
    }

    /// Poisson; normal beyond a mean of 60.
    pub(crate) fn poisson(&mut self, mean: f64) -> u32 {
        if mean > 60.0 {
            return count(mean + mean.sqrt() * self.normal());
        }
        let (floor, mut product, mut n) = ((-mean).exp(), self.unit(), 0);
        while product > floor {
            product *= self.unit();
            n += 1;
        }
        n
    }

    /// A rank below `n` of Zipf's law with exponent near one.
    pub(crate) fn zipf(&mut self, n: u32) -> u32 {
        zipf(self.unit(), n)
    }
}

/// The rank at this quantile.
pub(crate) fn zipf(quantile: f64, n: u32) -> u32 {
    let top = f64::from(n) + 1.0;
    count((quantile * top.ln()).exp() - 1.0).min(n.saturating_sub(1))
}

/// A whole number of a real one, rounded, between 0 and the largest.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float's cast saturates")]
pub(crate) fn count(x: f64) -> u32 {
    x.round() as u32
}

/// Nanoseconds of seconds.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float's cast saturates")]
pub(crate) fn nanos(seconds: f64) -> u64 {
    (seconds * 1e9) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_books() {
        let mut rng = Rng::new(7, 1);
        let mean = |draw: &mut dyn FnMut() -> f64| (0..20_000).map(|_| draw()).sum::<f64>() / 20_000.0;
        assert!(mean(&mut || rng.normal()).abs() < 0.03);
        let mut rng = Rng::new(7, 2);
        assert!((mean(&mut || rng.gamma(1.75)) - 1.0).abs() < 0.03);
        let mut rng = Rng::new(7, 3);
        assert!((mean(&mut || f64::from(rng.poisson(4.0))) - 4.0).abs() < 0.06);
        let mut rng = Rng::new(7, 4);
        assert!((mean(&mut || f64::from(rng.below(10))) - 4.5).abs() < 0.08);
    }

    #[test]
    fn zipf_stays_below_its_limit() {
        assert_eq!((zipf(0.0, 9), zipf(0.999_999, 9), zipf(0.5, 0)), (0, 8, 0));
    }
}
