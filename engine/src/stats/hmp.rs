//! Fusion of dependent probabilities: the harmonic mean p (Wilson 2019). Never multiplies p-values.

/// Safety factor for dependence between the inputs.
const SAFETY: f64 = 1.5;

/// Probability under normal behaviour, given one weight and one probability per detector. 1 for no detectors.
pub(crate) fn harmonic_mean(weights: &[f64], ps: &[f64]) -> f64 {
    let inverse: f64 = weights.iter().zip(ps).map(|(weight, p)| weight / p.clamp(1e-300, 1.0)).sum();
    if inverse <= 0.0 {
        return 1.0;
    }
    (SAFETY * weights.iter().sum::<f64>() / inverse).min(1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn silence_is_certainty_of_nothing() {
        assert!((harmonic_mean(&[1.0; 5], &[1.0; 5]) - 1.0).abs() < 1e-12);
        assert!((harmonic_mean(&[], &[]) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn one_strong_voice_costs_the_number_of_voices() {
        let p = harmonic_mean(&[1.0; 5], &[1.0, 1.0, 1e-9, 1.0, 1.0]);
        assert!((p / 7.5e-9 - 1.0).abs() < 1e-6, "{p}");
    }

    proptest! {
        #[test]
        fn stays_a_probability_and_falls_with_each_input(
            ps in proptest::collection::vec(1e-12_f64..1.0, 1..8),
            less in 0.01_f64..1.0,
        ) {
            let weights = vec![0.5; ps.len()];
            let before = harmonic_mean(&weights, &ps);
            let mut stronger = ps.clone();
            stronger[0] *= less;
            let after = harmonic_mean(&weights, &stronger);
            prop_assert!((0.0..=1.0).contains(&before));
            prop_assert!(after <= before);
        }
    }
}
