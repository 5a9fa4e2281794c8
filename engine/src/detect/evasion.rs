//! Null hypothesis: a caller's bytes can be read one way only, but for the few quirks that this traffic is known to have.
//! Ambiguous calls in, a finding about their address out. Never more than a finding: such bytes can be anybody's.

use model::{Action, Ambiguity};
use serde::{Deserialize, Serialize};

use super::{Assessment, Detector, Spec, Voice, Words};
use crate::{
    explain::{count, span},
    scene::Scene,
    subjects::Subject,
    world::World,
};

pub(super) const SPEC: Spec = Spec {
    name: "evasion",
    detector: Detector::Evasion,
    voice: Voice::Mute,
    observe,
    assess,
    explain,
    ..Spec::BOUND
};

/// Calls that stand for what is known of traffic in general: honest stacks do not send bytes like these.
const NEVER: f64 = 10_000.0;
/// The same for forms that sloppy clients do send.
const SELDOM: f64 = 200.0;

/// How often each kind was seen from an address that had not shown it before.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Quirks {
    calls: u64,
    sightings: [u32; Ambiguity::ALL.len()],
}

impl Quirks {
    /// Probability that an honest caller's call is the first of its address to show this (rule of succession).
    fn rate(&self, kind: Ambiguity) -> f64 {
        let known = match kind {
            Ambiguity::TcpOverlap
            | Ambiguity::FragmentOverlap
            | Ambiguity::Framing
            | Ambiguity::Chunks
            | Ambiguity::Http2 => NEVER,
            _ => SELDOM,
        };
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let calls = self.calls as f64;
        (f64::from(self.sightings[kind as usize]) + 1.0) / (calls + known)
    }
}

fn observe(world: &mut World, scene: &Scene<'_>) {
    world.quirks.calls += 1;
    if scene.call.ambiguities.is_empty() {
        return;
    }
    let slot = world.address_of(scene.call);
    for kind in scene.call.ambiguities.iter() {
        let rate = world.quirks.rate(kind);
        let subject = world.subjects.at_mut(slot);
        let mark = subject.mark_mut(Detector::Evasion);
        let bit = 1_u32 << kind as u32;
        if mark.kinds & bit == 0 {
            mark.kinds |= bit;
            mark.rarest = if mark.rarest == 0.0 { rate } else { mark.rarest.min(rate) };
            let seen = &mut world.quirks.sightings[kind as usize];
            *seen = seen.saturating_add(1);
        }
    }
    world.charge(slot, Detector::Evasion, scene);
}

fn assess(_: &World, subject: &Subject) -> Assessment {
    let Some(mark) = subject.marked(Detector::Evasion).filter(|mark| mark.rarest > 0.0) else {
        return Assessment::SILENT;
    };
    Assessment { p: 1.0, unattested: mark.rarest, limit: Action::Notify, demand: Action::Observe }
}

fn explain(_: &World, subject: &Subject) -> Words {
    let Some(mark) = subject.marked(Detector::Evasion) else { return Words::default() };
    let kinds: Vec<_> = Ambiguity::ALL.iter().filter(|kind| mark.kinds & (1 << **kind as u32) != 0).collect();
    let kinds = kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
    let calls = count(u64::from(mark.hits.saturating_add(mark.unattested)), "call");
    let took = span(mark.first, mark.last);
    Words {
        expected: format!("one call in {:.0} at most can be read in two ways like this", 1.0 / mark.rarest),
        observed: format!("{calls} that can be read in two ways {took}: {kinds}"),
        reason: format!("Sent {calls} that two receivers would read differently {took}: {kinds}."),
        refuted_by: "A broken client or a middlebox between the client and the mirror.".to_owned(),
    }
}
