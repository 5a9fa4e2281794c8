//! Provenance: settings, key and snapshots of learning in, what a verdict's line says of them out.

use std::collections::VecDeque;

use model::{Digest, Pseudonyms, Timestamp, Verdict};
use serde::Serialize;
use serde_json::Value;
use soclog::{LearningRef, Proof};

use crate::settings::Settings;

/// Snapshots remembered: a verdict may be written after a few more were taken.
const SNAPSHOTS_MAX: usize = 8;
/// Tables that no judgement depends on.
const BESIDE: [&str; 8] = ["capture", "tls", "state", "soclog", "sandbox", "gateways", "intake", "mode"];

/// Under what verdicts are reached.
#[derive(Clone, Debug)]
pub(crate) struct Provenance {
    proof: Proof,
    /// Oldest first.
    snapshots: VecDeque<LearningRef>,
}

/// A verdict with its proof, as one object.
#[derive(Serialize)]
pub(crate) struct Proven<'a> {
    #[serde(flatten)]
    verdict: &'a Verdict,
    proof: Proof,
}

impl Provenance {
    /// Under these settings and this key, with nothing learnt before.
    pub(crate) fn of(settings: &Settings, names: &Pseudonyms) -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let proof = Proof { version, settings: digest(settings), key: key_name(names), learning: None };
        Self { proof, snapshots: VecDeque::new() }
    }

    /// From here on calls are judged from this snapshot.
    pub(crate) fn learnt(&mut self, snapshot: LearningRef) {
        if self.snapshots.len() == SNAPSHOTS_MAX {
            self.snapshots.pop_front();
        }
        self.snapshots.push_back(snapshot);
    }

    /// What a verdict reached at this time can be reached from.
    pub(crate) fn proof(&self, at: Timestamp) -> Proof {
        let learning = self.snapshots.iter().rfind(|snapshot| snapshot.at <= at).cloned();
        Proof { learning, ..self.proof.clone() }
    }

    /// The verdict with its proof.
    pub(crate) fn proven<'a>(&self, verdict: &'a Verdict) -> Proven<'a> {
        Proven { verdict, proof: self.proof(verdict.at) }
    }
}

/// SHA-256 of the settings that judgements depend on. The mode is left out: what would be done is the same in both, but
/// for refusals that our own verdicts caused.
pub(crate) fn digest(settings: &Settings) -> Digest {
    let mut tables = serde_json::to_value(settings).unwrap_or_default();
    if let Value::Object(tables) = &mut tables {
        BESIDE.iter().for_each(|name| _ = tables.remove(*name));
        if let Some(Value::Object(identity)) = tables.get_mut("identity") {
            identity.remove("key_file");
        }
    }
    Digest::of(tables.to_string().as_bytes())
}

/// The name of a key.
pub(crate) fn key_name(names: &Pseudonyms) -> String {
    format!("{:016x}", names.short(b"key name", b""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_names_the_last_snapshot_before_it() {
        let mut provenance = Provenance::of(&Settings::default(), &Pseudonyms::new([1; 16]));
        let at = |seconds| Timestamp::from_parts(seconds, 0);
        for n in 1..20 {
            provenance.learnt(LearningRef { id: format!("{n}"), at: at(n * 10) });
        }
        let named = |seconds| provenance.proof(at(seconds)).learning.map(|learning| learning.id);
        assert_eq!((named(165), named(1_000), named(5)), (Some("16".into()), Some("19".into()), None));
    }

    #[test]
    fn what_no_judgement_depends_on_does_not_change_the_digest() {
        let (mut settings, plain) = (Settings::default(), digest(&Settings::default()));
        settings.state.directory = Some("/elsewhere".into());
        settings.soclog.health_s = 7;
        assert_eq!(digest(&settings), plain);
        settings.budget.false_blocks_per_million_principal_days = 3.0;
        assert_ne!(digest(&settings), plain);
    }
}
