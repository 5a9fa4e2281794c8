//! Frames in, calls and judgements out: sensor, order and engine joined as the daemon joins them.

use engine::{Engine, EngineConfig, Judgement};
use model::{Action, ApiCall, Finding, Mode, Principal, Pseudonyms, Verdict};
use sensor::{Frame, LinkType, Sensor, SensorConfig};

use crate::wire::TimedFrame;

/// What Sidewatch made of a tape.
#[derive(Debug, Default)]
pub struct Judged {
    /// Every call, in order.
    pub calls: Vec<ApiCall>,
    /// Every finding.
    pub findings: Vec<Finding>,
    /// Every verdict.
    pub verdicts: Vec<Verdict>,
}

impl Judged {
    /// The strongest action that a principal met.
    #[must_use]
    pub fn worst_for(&self, principal: &Principal) -> Option<Action> {
        let about = self.verdicts.iter().filter(|verdict| verdict.principal.id == principal.id);
        about.map(|verdict| verdict.action).max()
    }
}

/// The pseudonyms of tests.
#[must_use]
pub fn names() -> Pseudonyms {
    Pseudonyms::new([9; 16])
}

/// Judges a tape in enforce mode.
#[must_use]
pub fn judged(frames: &[TimedFrame], sensing: SensorConfig) -> Judged {
    let mut sensor = Sensor::new(sensing, names());
    let mut judged = Judged::default();
    for TimedFrame { at, bytes } in frames {
        let wire_len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        sensor.push(Frame { at: *at, bytes, wire_len, link: LinkType::Ethernet }, &mut judged.calls);
    }
    sensor.finish(&mut judged.calls);
    judged.calls.sort_by_key(|call| (call.ended_at, call.at, call.id));
    let mut engine = Engine::new(EngineConfig { mode: Mode::Enforce, ..EngineConfig::default() }, names());
    let mut judgements = Vec::new();
    for call in &judged.calls {
        engine.observe(call, &mut judgements);
    }
    for judgement in judgements {
        match judgement {
            Judgement::Finding(finding) => judged.findings.push(finding),
            Judgement::Verdict(verdict) => judged.verdicts.push(verdict),
        }
    }
    judged
}
