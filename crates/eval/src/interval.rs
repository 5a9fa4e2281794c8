//! Exact confidence intervals: counts in, 95 % limits out. Clopper and Pearson (1934) for shares, Garwood (1936) for rates.

use serde::{Deserialize, Serialize};

/// Probability outside on each side.
const TAIL: f64 = 0.025;

/// A share of trials with its exact 95 % limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Successes.
    pub hits: u64,
    /// Trials.
    pub of: u64,
    /// `hits / of`; 0 without trials.
    pub share: f64,
    /// Lower limit, 0 to 1.
    pub low: f64,
    /// Upper limit, 0 to 1.
    pub high: f64,
}

impl Share {
    /// `hits` of `of` trials.
    #[must_use]
    pub fn new(hits: u64, of: u64) -> Self {
        if of == 0 {
            return Self { hits: 0, of: 0, share: 0.0, low: 0.0, high: 1.0 };
        }
        let hits = hits.min(of);
        let (k, n) = (hits as f64, of as f64);
        let low = if hits == 0 { 0.0 } else { solve(|p| beta_below(k, n - k + 1.0, p) - TAIL, 1.0) };
        let high =
            if hits == of { 1.0 } else { solve(|p| beta_below(k + 1.0, n - k, p) - (1.0 - TAIL), 1.0) };
        Self { hits, of, share: k / n, low, high }
    }
}

/// A count of rare happenings per million of what was exposed to them, with its exact 95 % limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PerMillion {
    /// How many.
    pub count: u64,
    /// In how many units.
    pub exposure: u64,
    /// `count / exposure`, per million; 0 without exposure.
    pub rate: f64,
    /// Lower limit per million.
    pub low: f64,
    /// Upper limit per million; with a count of 0 this is 3.69 million / exposure.
    pub high: f64,
}

impl PerMillion {
    /// `count` happenings in `exposure` units.
    #[must_use]
    pub fn new(count: u64, exposure: u64) -> Self {
        if exposure == 0 {
            return Self { count, ..Self::default() };
        }
        let (k, scale) = (count as f64, 1e6 / exposure as f64);
        let most = 2.0 * k + 40.0;
        let low = if count == 0 { 0.0 } else { solve(|mean| gamma_below(k, mean) - TAIL, most) };
        let high = solve(|mean| gamma_below(k + 1.0, mean) - (1.0 - TAIL), most);
        Self { count, exposure, rate: k * scale, low: low * scale, high: high * scale }
    }
}

/// The root of a rising function between 0 and `most`, by halving.
fn solve(rising: impl Fn(f64) -> f64, most: f64) -> f64 {
    let (mut low, mut high) = (0.0, most);
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if rising(middle) < 0.0 { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// `ln Γ(x)` for `x > 0` (Lanczos, g = 7, n = 9).
fn ln_gamma(x: f64) -> f64 {
    const PARTS: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let sum: f64 =
        PARTS.iter().enumerate().skip(1).fold(PARTS[0], |sum, (at, part)| sum + part / (x + at as f64));
    let base = x + 7.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * base.ln() - base + sum.ln()
}

/// Regularised lower incomplete gamma function P(a, x): series below `a + 1`, continued fraction above.
fn gamma_below(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let front = (a * x.ln() - x - ln_gamma(a)).exp();
    if x < a + 1.0 {
        let (mut sum, mut term, mut n) = (1.0 / a, 1.0 / a, a);
        for _ in 0..10_000 {
            n += 1.0;
            term *= x / n;
            sum += term;
            if term < sum * 1e-15 {
                break;
            }
        }
        return sum * front;
    }
    let (mut b, mut c) = (x + 1.0 - a, f64::MAX);
    let mut d = 1.0 / b;
    let mut h = d;
    for i in 1..10_000 {
        let i = f64::from(i);
        let an = -i * (i - a);
        b += 2.0;
        d = 1.0 / tiny(an * d + b);
        c = tiny(b + an / c);
        h *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    1.0 - front * h
}

/// Regularised incomplete beta function I_x(a, b): continued fraction (Lentz).
fn beta_below(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (1.0 - x).ln()).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, 1.0 - x) / b
    }
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let (mut c, mut d) = (1.0, 1.0 / tiny(1.0 - (a + b) * x / (a + 1.0)));
    let mut h = d;
    for m in 1..10_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / tiny(1.0 + even * d);
        c = tiny(1.0 + even / c);
        h *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / tiny(1.0 + odd * d);
        c = tiny(1.0 + odd / c);
        h *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    h
}

/// Keeps a denominator away from zero.
fn tiny(x: f64) -> f64 {
    if x.abs() < 1e-300 { 1e-300 } else { x }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(got: f64, expected: f64) {
        assert!((got - expected).abs() < 1e-4 * expected.abs().max(1e-3), "{got} is not {expected}");
    }

    #[test]
    fn shares_have_the_published_limits() {
        // Tables of Clopper and Pearson; R: binom.test.
        for (hits, of, low, high) in [
            (0, 10, 0.0, 0.308_497),
            (5, 10, 0.187_086, 0.812_914),
            (10, 10, 0.691_503, 1.0),
            (1, 100, 0.000_253_146, 0.054_459_4),
        ] {
            let share = Share::new(hits, of);
            near(share.low, low);
            near(share.high, high);
        }
    }

    #[test]
    fn rates_have_the_published_limits() {
        // Garwood's table; R: poisson.test.
        for (count, low, high) in [
            (0, 0.0, 3.688_879),
            (1, 0.025_318, 5.571_643),
            (10, 4.795_389, 18.390_36),
            (100, 81.363_9, 121.627_3),
        ] {
            let rate = PerMillion::new(count, 1_000_000);
            near(rate.low, low);
            near(rate.high, high);
        }
        near(PerMillion::new(3, 2_000_000).rate, 1.5);
    }

    #[test]
    fn nothing_seen_says_nothing() {
        assert_eq!(Share::new(0, 0), Share { hits: 0, of: 0, share: 0.0, low: 0.0, high: 1.0 });
        assert_eq!(PerMillion::new(0, 0).exposure, 0);
    }

    proptest! {
        #[test]
        fn limits_enclose_the_estimate(of in 1_u64..5_000, part in 0.0..=1.0_f64) {
            let hits = (of as f64 * part) as u64;
            let share = Share::new(hits, of);
            prop_assert!(0.0 <= share.low && share.low <= share.share && share.share <= share.high && share.high <= 1.0);
            let rate = PerMillion::new(hits, of);
            prop_assert!(rate.low <= rate.rate && rate.rate <= rate.high);
        }
    }
}
