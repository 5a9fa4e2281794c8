//! The judge of a replay: calls in their order in, judgements to files and to the report out. The same calls give the
//! same bytes.

use std::collections::{BTreeMap, BTreeSet};

use engine::{Engine, Judgement, Summary as EngineSummary};
use model::{Action, ApiCall, Losses, Principal, PrincipalKind, Pseudonyms, Timestamp, Verdict};

use crate::{
    cli::ReplayArgs, fault::Fault, outputs::Output, parts, provenance::Provenance, settings::Settings,
};

/// Principals whose verdicts are kept for the report; the files get all of them.
const REPORTED_MAX: usize = 10_000;
/// Calls judged together.
const BATCH: usize = 256;

/// An engine with the files that it fills.
pub(super) struct Judge {
    engine: Engine,
    provenance: Provenance,
    judgements: Vec<Judgement>,
    /// Calls that wait to be judged together; at most `BATCH`.
    batch: Vec<ApiCall>,
    calls_file: Output,
    verdicts_file: Output,
    findings_file: Output,
    judged: Judged,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// Calls judged.
    pub(super) calls: u64,
    /// Incomplete ones among them.
    pub(super) incomplete_calls: u64,
    /// First and last call.
    pub(super) span: Option<(Timestamp, Timestamp)>,
    /// Findings written.
    pub(super) findings: u64,
    /// Verdicts by action.
    pub(super) verdicts: BTreeMap<&'static str, u64>,
    /// The furthest verdict on each principal.
    pub(super) furthest: BTreeMap<(PrincipalKind, u128), Verdict>,
    /// The latest verdict on each principal.
    latest: BTreeMap<(PrincipalKind, u128), Verdict>,
    /// What the engine knows at the end.
    pub(super) engine: Option<EngineSummary>,
    /// What it missed.
    pub(super) losses: Losses,
}

impl Judge {
    /// An engine of the settings; creates the files.
    pub(super) fn new(args: &ReplayArgs, settings: &Settings, names: Pseudonyms) -> Result<Self, Fault> {
        Ok(Self {
            calls_file: Output::create(args.calls.as_deref())?,
            verdicts_file: Output::create(args.verdicts.as_deref())?,
            findings_file: Output::create(args.findings.as_deref())?,
            provenance: Provenance::of(settings, &names),
            engine: Engine::new(parts::engine(settings), names).with_cold(parts::cold(settings)),
            judgements: Vec::new(),
            batch: Vec::with_capacity(BATCH),
            judged: Judged::default(),
        })
    }

    /// Judges the next call.
    pub(super) fn observe(&mut self, call: ApiCall) -> Result<(), Fault> {
        self.calls_file.line(&call)?;
        self.judged.calls += 1;
        self.judged.incomplete_calls += u64::from(!call.complete);
        let first = self.judged.span.map_or(call.at, |(first, _)| first.min(call.at));
        self.judged.span = Some((first, call.ended_at));
        self.batch.push(call);
        if self.batch.len() < BATCH { Ok(()) } else { self.judge() }
    }

    /// Judges the calls that wait.
    fn judge(&mut self) -> Result<(), Fault> {
        self.engine.observe_batch(&self.batch, &mut self.judgements);
        self.batch.clear();
        self.write()
    }

    /// Closes the files.
    pub(super) fn end(mut self) -> Result<Judged, Fault> {
        self.judge()?;
        for file in [&mut self.calls_file, &mut self.verdicts_file, &mut self.findings_file] {
            file.end()?;
        }
        let summary = self.engine.summary();
        self.judged.losses.merge(&summary.losses);
        self.judged.engine = Some(summary);
        Ok(self.judged)
    }

    fn write(&mut self) -> Result<(), Fault> {
        for judgement in self.judgements.drain(..) {
            match judgement {
                Judgement::Finding(finding) => {
                    self.judged.findings += 1;
                    self.findings_file.line(&finding)?;
                }
                Judgement::Verdict(verdict) => {
                    self.verdicts_file.line(&self.provenance.proven(&verdict))?;
                    self.judged.take_in(verdict);
                }
            }
        }
        Ok(())
    }
}

impl Judged {
    /// Verdicts that hold at the end, one per principal, in the order of principals.
    pub(super) fn in_force(&self) -> Vec<Verdict> {
        self.latest.values().cloned().collect()
    }

    /// Principals found with at least this action, were it enforced.
    pub(super) fn found(&self, least: Action) -> BTreeSet<&Principal> {
        self.furthest
            .values()
            .filter(|verdict| verdict.would >= least)
            .map(|verdict| &verdict.principal)
            .collect()
    }

    fn take_in(&mut self, verdict: Verdict) {
        *self.verdicts.entry(verdict.action.name()).or_default() += 1;
        let key = (verdict.principal.kind, verdict.principal.id.0);
        if self.latest.len() >= REPORTED_MAX && !self.latest.contains_key(&key) {
            return;
        }
        self.latest.insert(key, verdict.clone());
        let further = self.furthest.get(&key).is_none_or(|known| verdict.would > known.would);
        if further {
            self.furthest.insert(key, verdict);
        }
    }
}
