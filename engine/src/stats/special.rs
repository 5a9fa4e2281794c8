//! Special functions: arguments in, logarithms of tail probabilities out. Never underflows: everything stays logarithmic.

use std::f64::consts::{LN_2, PI};

/// Steps of a continued fraction; far more than a tail ever needs.
const STEPS_MAX: usize = 2_000;
const TINY: f64 = 1e-300;

/// ln of the gamma function for x > 0, to 13 digits (Stirling's series from 10 upward).
pub(crate) fn ln_gamma(x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return f64::INFINITY;
    }
    let (mut x, mut product) = (x, 1.0);
    while x < 10.0 {
        product *= x;
        x += 1.0;
    }
    let inverse = 1.0 / (x * x);
    let series = (1.0 / 12.0 - inverse * (1.0 / 360.0 - inverse * (1.0 / 1_260.0 - inverse / 1_680.0))) / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * PI).ln() + series - product.ln()
}

/// ln of the regularised incomplete beta function I_x(a, b), by the continued fraction of Lentz.
pub(crate) fn ln_beta_regularised(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if x >= 1.0 {
        return 0.0;
    }
    let ln_front = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p();
    if x < (a + 1.0) / (a + b + 2.0) {
        (ln_front + beta_fraction(x, a, b).ln() - a.ln()).min(0.0)
    } else {
        let other = (ln_front + beta_fraction(1.0 - x, b, a).ln() - b.ln()).min(0.0);
        ln_one_minus_exp(other)
    }
}

fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    let guard = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut h = d;
    for step in 1..STEPS_MAX {
        let m = step as f64;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guard(1.0 + even * d);
        c = guard(1.0 + even / c);
        h *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guard(1.0 + odd * d);
        c = guard(1.0 + odd / c);
        let change = d * c;
        h *= change;
        if (change - 1.0).abs() < 1e-12 {
            break;
        }
    }
    h.max(TINY)
}

/// ln P(Z >= z) for a standard normal Z.
pub(crate) fn ln_normal_above(z: f64) -> f64 {
    if z.is_nan() {
        return 0.0;
    }
    if z < 0.0 {
        return ln_one_minus_exp(ln_normal_above(-z));
    }
    let ln_density = -0.5 * z * z - 0.5 * (2.0 * PI).ln();
    if z < 2.0 {
        // Density times the series z + z^3/3 + z^5/15 + ... is the mass between 0 and z.
        let (mut term, mut sum, mut odd) = (z, z, 1.0);
        while term > 1e-16 * sum {
            odd += 2.0;
            term *= z * z / odd;
            sum += term;
        }
        return (0.5 - ln_density.exp() * sum).max(TINY).ln();
    }
    // Mills' ratio as the continued fraction 1/(z + 1/(z + 2/(z + ...))).
    let mut fraction = z;
    for step in (1..=60).rev() {
        fraction = z + f64::from(step) / fraction;
    }
    ln_density - fraction.ln()
}

/// ln (1 - e^x) for x <= 0.
fn ln_one_minus_exp(x: f64) -> f64 {
    if x > -LN_2 { (-x.exp_m1()).max(TINY).ln() } else { (-x.exp()).ln_1p() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(got: f64, expected: f64) {
        assert!((got - expected).abs() < 1e-9 * expected.abs().max(1.0), "{got} {expected}");
    }

    #[test]
    fn known_values() {
        near(ln_gamma(0.5), 0.5 * PI.ln());
        near(ln_gamma(1.0), 0.0);
        near(ln_gamma(10.0), 362_880_f64.ln());
        near(ln_gamma(100.0), 359.134_205_369_575_4);
        near(ln_beta_regularised(0.5, 2.0, 3.0), 0.6875_f64.ln());
        near(ln_beta_regularised(0.9, 2.0, 3.0), 0.9963_f64.ln());
        near(ln_normal_above(0.0), -LN_2);
        near(ln_normal_above(1.0), 0.158_655_253_931_457_05_f64.ln());
        near(ln_normal_above(-1.0), 0.841_344_746_068_542_9_f64.ln());
        near(ln_normal_above(5.0), 2.866_515_718_791_939e-7_f64.ln());
        near(ln_normal_above(10.0), 7.619_853_024_160_527e-24_f64.ln());
    }

    proptest! {
        #[test]
        fn beta_is_the_tail_of_a_binomial(n in 1_u32..60, k in 1_u32..60, x in 0.001_f64..0.999) {
            let k = k.min(n);
            let ln_choose = |j: u32| {
                ln_gamma(f64::from(n) + 1.0) - ln_gamma(f64::from(j) + 1.0) - ln_gamma(f64::from(n - j) + 1.0)
            };
            let sum: f64 = (k..=n)
                .map(|j| (ln_choose(j) + f64::from(j) * x.ln() + f64::from(n - j) * (-x).ln_1p()).exp())
                .sum();
            let got = ln_beta_regularised(x, f64::from(k), f64::from(n - k) + 1.0);
            prop_assert!((got - sum.ln()).abs() < 1e-8, "{got} {}", sum.ln());
        }

        #[test]
        fn normal_tail_falls(z in -30.0_f64..200.0, more in 0.0_f64..10.0) {
            prop_assert!(ln_normal_above(z + more) <= ln_normal_above(z) + 1e-12);
        }
    }
}
