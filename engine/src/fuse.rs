//! Fusion: what each detector says in, one probability and the order of the voices out. Never decides.

use crate::{
    config::EngineConfig,
    detect::{Assessment, DETECTORS, Detector, REGISTRY},
    stats::harmonic_mean,
    subjects::Subject,
};

/// All voices about one subject.
pub(crate) struct Fused {
    /// Fused probability under normal behaviour on one day, from attested calls.
    pub(crate) p: f64,
    /// The same with calls of lesser grade.
    pub(crate) unattested: f64,
    pub(crate) voices: [Assessment; DETECTORS],
    /// Numbers of the detectors, strongest first.
    pub(crate) order: [usize; DETECTORS],
}

/// Asks every enabled detector about a subject.
pub(crate) fn fuse(subject: &Subject, config: &EngineConfig) -> Fused {
    let mut voices = [Assessment::SILENT; DETECTORS];
    for (voice, spec) in voices.iter_mut().zip(&REGISTRY) {
        if !config.disabled.contains(spec.name) {
            *voice = (spec.assess)(subject);
        }
    }
    let mut order: [usize; DETECTORS] = std::array::from_fn(|at| at);
    order.sort_by(|a, b| {
        let key = |at: &usize| (voices[*at].p, voices[*at].unattested);
        key(a).0.total_cmp(&key(b).0).then(key(a).1.total_cmp(&key(b).1)).then(a.cmp(b))
    });
    Fused {
        p: harmonic_mean(&voting(&voices).map(|voice| voice.p)),
        unattested: harmonic_mean(&voting(&voices).map(|voice| voice.unattested)),
        voices,
        order,
    }
}

/// The voices that count together: all but evasion, which is never evidence of what a caller wants.
fn voting(voices: &[Assessment; DETECTORS]) -> [Assessment; DETECTORS - 1] {
    let evasion = Detector::Evasion as usize;
    std::array::from_fn(|at| voices[if at < evasion { at } else { at + 1 }])
}

/// Risk of 0 to 100: `-20 log10 p`.
pub(crate) fn risk(p: f64) -> u8 {
    let risk = (-20.0 * p.max(1e-300).log10()).round().clamp(0.0, 100.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=100")]
    let risk = risk as u8;
    risk
}

/// Each detector's share of the evidence.
pub(crate) fn shares(voices: &[Assessment; DETECTORS]) -> [f64; DETECTORS] {
    let mut inverse = voices.map(|voice| 1.0 / voice.unattested.max(1e-300));
    inverse[Detector::Evasion as usize] = 0.0;
    let sum: f64 = inverse.iter().sum();
    inverse.map(|part| part / sum)
}

#[cfg(test)]
mod tests {
    use super::risk;

    #[test]
    fn risk_is_a_logarithm() {
        for (p, expected) in [(1.0, 0), (1e-3, 60), (1e-4, 80), (1e-5, 100), (1e-12, 100), (0.0, 100)] {
            assert_eq!(risk(p), expected, "{p}");
        }
    }
}
