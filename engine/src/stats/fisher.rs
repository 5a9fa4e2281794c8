//! Agreement: the product of independent probabilities as one (Fisher 1932, *Statistical Methods for Research Workers*).
//! Whoever cannot be sure that they are independent compares the outcome with what others show.

/// Probability that so many independent ones have so low a product. 1 for none.
pub(crate) fn product(ps: impl Iterator<Item = f64>) -> f64 {
    let (mut nats, mut count) = (0.0, 0_u32);
    for p in ps {
        nats -= p.clamp(1e-300, 1.0).ln();
        count += 1;
    }
    let (mut term, mut sum) = (1.0, 0.0);
    for at in 0..count {
        sum += term;
        term *= nats / f64::from(at + 1);
    }
    if count == 0 { 1.0 } else { (sum * (-nats).exp()).min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::product;

    #[test]
    fn one_alone_is_what_it_is_and_silence_weakens() {
        assert!((product([].into_iter()) - 1.0).abs() < 1e-12);
        assert!((product([0.01].into_iter()) - 0.01).abs() < 1e-12);
        let (two, three) = (product([1e-4, 1e-4].into_iter()), product([1e-4, 1e-4, 1.0].into_iter()));
        assert!(1e-8 < two && two < three && three < 1e-5, "{two} {three}");
    }

    #[test]
    fn uniform_inputs_give_uniform_outcomes() {
        let grid = || (0..200).map(|at| (f64::from(at) + 0.5) / 200.0);
        let low = grid().flat_map(|one| grid().map(move |other| product([one, other].into_iter())));
        let share = low.filter(|p| *p < 0.05).count() as f64 / 40_000.0;
        assert!((share - 0.05).abs() < 2e-3, "{share}");
    }
}
