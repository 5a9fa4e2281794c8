//! Fusion: what each detector says in, one probability and the order of the voices out. Never decides.

use model::{Action, Timestamp};

use crate::{
    age::{Age, Phase},
    detect::{Assessment, Crowding, DETECTORS, Detector, Grounds, REGISTRY, Voice, agree},
    scene::day_of,
    stats::{harmonic_mean, ville},
    subjects::Subject,
    threats::{ODD_BELOW, Threat},
    votes::nats,
    world::World,
};

/// Share of the budget for a voice that only supports, against that of one that may block alone.
const SUPPORT: f64 = 0.2;
/// The same for a voice whose word is far rarer than the budget, or not spoken.
const SHARP: f64 = 0.1;
/// What a voice that is several in one has to be rarer by than the budget: its share comes on top of theirs.
const JOINT_COST: f64 = 7.0;
/// While a cohort is still learning, a score is never rarer than this.
const WARM_P_MIN: f64 = 1e-4;

/// All voices about one subject.
pub(crate) struct Fused {
    /// Fused probability under normal behaviour on one day, from attested calls.
    pub(crate) p: f64,
    /// The same with calls of lesser grade.
    pub(crate) unattested: f64,
    /// The same from those alone that may block by what they saw.
    pub(crate) blockers: f64,
    pub(crate) voices: [Assessment; DETECTORS],
    /// Numbers of the detectors, strongest first.
    pub(crate) order: [usize; DETECTORS],
    /// What each detector adds, 0 to 1.
    pub(crate) shares: [f64; DETECTORS],
    /// The list that names its address, which is heeded already.
    pub(crate) threat: Option<Threat>,
}

impl Fused {
    /// Counts for more because its address is listed, if it is odd without that.
    pub(crate) fn heed(&mut self, threat: Threat) {
        for p in [&mut self.p, &mut self.unattested, &mut self.blockers] {
            if *p < ODD_BELOW {
                *p /= threat.times;
            }
        }
        self.threat = Some(threat);
    }
}

/// Asks every enabled detector about a subject: their own probabilities, compared with its peers' days.
pub(crate) fn voices(world: &World, subject: &Subject, now: Timestamp) -> [Assessment; DETECTORS] {
    let phase = world.phase(subject, now);
    let mut voices = [Assessment::SILENT; DETECTORS];
    for (voice, spec) in voices.iter_mut().zip(&REGISTRY) {
        if world.disabled.has(spec.detector) {
            continue;
        }
        *voice = (spec.assess)(world, subject);
        let age = subject.age(day_of(now));
        match spec.grounds {
            Grounds::Bound => compare(world, subject, spec.detector, voice, age),
            Grounds::Score => {
                let score = subject.today.peak(spec.detector);
                let among_peers = among_peers(world, subject, spec.detector, age, score);
                voice.p = match phase {
                    Phase::Observe => 1.0,
                    Phase::Warm => among_peers.unwrap_or(1.0).max(WARM_P_MIN),
                    Phase::Armed => among_peers.unwrap_or(1.0),
                };
                if phase < Phase::Armed {
                    voice.limit = voice.limit.min(Action::StepUp);
                }
            }
        }
        voice.unattested = voice.unattested.min(voice.p);
    }
    let joint = &REGISTRY[Detector::Agreement as usize];
    if !world.disabled.has(joint.detector) && joint.about.covers(subject.principal.kind) {
        let mut together = agree(world, subject, &voices);
        compare(world, subject, joint.detector, &mut together, subject.age(day_of(now)));
        // While a deployment learns, whoever is the first of its kind is odd in every way.
        let deployed = Phase::of(world.started, now);
        if deployed < Phase::Armed {
            let least = if deployed == Phase::Observe { 1.0 } else { WARM_P_MIN };
            together.p = together.p.max(least);
            together.unattested = together.unattested.max(least);
            together.limit = together.limit.min(Action::StepUp);
        }
        together.unattested = together.unattested.min(together.p);
        voices[joint.detector as usize] = together;
    }
    voices
}

/// Peers' days can make a probability larger, never smaller.
fn compare(world: &World, subject: &Subject, detector: Detector, voice: &mut Assessment, age: Age) {
    if voice.p < 1.0 {
        let score = nats(voice.p).max(subject.today.peak(detector));
        voice.p = voice.p.max(among_peers(world, subject, detector, age, score).unwrap_or(0.0));
    }
}

/// Probability of a day's score among the subject's peers; without peers, what the score says of itself.
fn among_peers(world: &World, subject: &Subject, detector: Detector, age: Age, score: f32) -> Option<f64> {
    if world.config.without.peers {
        return Some(ville(score));
    }
    world.cells.p(detector, subject.cohort, age, score)
}

/// Fuses the voices about a subject, those explained by a common cause discounted.
pub(crate) fn fuse(
    world: &World,
    subject: &Subject,
    mut voices: [Assessment; DETECTORS],
    now: Timestamp,
) -> Fused {
    let learning = world.phase(subject, now) == Phase::Observe;
    let mut weights = [0.0; DETECTORS];
    for ((voice, spec), weight) in voices.iter_mut().zip(&REGISTRY).zip(&mut weights) {
        if spec.crowding == Crowding::Excuses && !world.config.without.common_causes {
            voice.p = world.causes.discount(spec.detector, subject.cohort, voice.p);
            voice.unattested = world.causes.discount(spec.detector, subject.cohort, voice.unattested);
        }
        *weight = match spec.voice {
            _ if world.disabled.has(spec.detector) || learning && spec.grounds == Grounds::Score => 0.0,
            _ if !spec.about.covers(subject.principal.kind) => 0.0,
            Voice::Full => 1.0,
            Voice::Sharp | Voice::Slows => SHARP,
            Voice::Support => SUPPORT,
            Voice::Joint | Voice::Asks | Voice::Mute => 0.0,
        };
    }
    let mut order: [usize; DETECTORS] = std::array::from_fn(|at| at);
    order.sort_by(|a, b| {
        let key = |at: &usize| (voices[*at].p, voices[*at].unattested);
        key(a).0.total_cmp(&key(b).0).then(key(a).1.total_cmp(&key(b).1)).then(a.cmp(b))
    });
    let blocks: [f64; DETECTORS] = std::array::from_fn(|at| {
        let may = voices[at].limit == Action::Block && world.blockers.has(REGISTRY[at].detector);
        if may { voices[at].p } else { 1.0 }
    });
    let all = |ps: [f64; DETECTORS]| {
        let joint = REGISTRY.iter().zip(ps).filter(|(spec, _)| spec.voice == Voice::Joint);
        let joint = joint.map(|(_, p)| p * JOINT_COST).fold(1.0, f64::min);
        harmonic_mean(&weights, &ps).min(joint)
    };
    Fused {
        blockers: all(blocks),
        p: all(voices.map(|voice| voice.p)),
        unattested: all(voices.map(|voice| voice.unattested)),
        voices,
        order,
        shares: shares(&weights, &voices),
        threat: None,
    }
}

/// Risk of 0 to 100: `-20 log10 p`.
pub(crate) fn risk(p: f64) -> u8 {
    let risk = (-20.0 * p.max(1e-300).log10()).round().clamp(0.0, 100.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=100")]
    let risk = risk as u8;
    risk
}

/// Each detector's share of the evidence.
fn shares(weights: &[f64; DETECTORS], voices: &[Assessment; DETECTORS]) -> [f64; DETECTORS] {
    let total: f64 = weights.iter().sum();
    let weight =
        |at: usize| if REGISTRY[at].voice == Voice::Joint { total / JOINT_COST } else { weights[at] };
    let parts: [f64; DETECTORS] = std::array::from_fn(|at| weight(at) / voices[at].unattested.max(1e-300));
    let sum: f64 = parts.iter().sum();
    parts.map(|part| if sum > 0.0 { part / sum } else { 0.0 })
}

/// The probability behind a verdict: the fused one, or that of a voice that asks for itself.
pub(crate) fn behind(fused: &Fused) -> f64 {
    let asks = REGISTRY.iter().zip(&fused.voices).filter(|(spec, _)| spec.voice == Voice::Asks);
    asks.map(|(_, voice)| voice.p).fold(fused.p, f64::min)
}

/// Whether a detector is one whose evidence is no more than unusual.
pub(crate) fn only_supports(detector: Detector) -> bool {
    matches!(REGISTRY[detector as usize].voice, Voice::Support | Voice::Asks | Voice::Mute)
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
