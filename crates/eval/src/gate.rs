//! The gate: a report and the limits that were agreed on in, what is worse than agreed out.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::report::{BudgetReport, Report};

/// The limits, as a TOML file states them. What is not named is not checked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gate {
    /// Honest actor-days with a wrong block.
    pub false_blocks_max: Option<u64>,
    /// Enforceable verdicts on victims whom an attacker pretended to be.
    pub framed_max: Option<u64>,
    /// Honest actor-days with a step-up, per million.
    pub step_ups_per_million_max: Option<f64>,
    /// Honest actor-days with a slow-down, per million.
    pub softs_per_million_max: Option<f64>,
    /// Share of attacks blocked, mean over kinds.
    pub block_macro_min: Option<f64>,
    /// Share of attacks with a step-up or more, mean over kinds.
    pub step_up_macro_min: Option<f64>,
    /// Share of attacks with any enforceable verdict, mean over kinds.
    pub soft_macro_min: Option<f64>,
    /// Share of verdicts on attacks that name the right class among the two strongest detectors.
    pub explained_min: Option<f64>,
    /// Share of campaigns noticed, mean over kinds.
    pub campaigns_min: Option<f64>,
    /// Runs that gave other verdicts although only the way of feeding differed.
    pub unstable_max: Option<u64>,
    /// Share of attacks blocked, by kind.
    pub block_min: BTreeMap<String, f64>,
}

/// One limit that was not kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Offence {
    /// The limit's name in the file.
    pub limit: String,
    /// What was agreed on.
    pub agreed: f64,
    /// What was measured; `None` when it was not.
    pub measured: Option<f64>,
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.measured {
            Some(measured) => write!(f, "{}: agreed {}, measured {measured:.4}", self.limit, self.agreed),
            None => write!(f, "{}: agreed {}, not measured", self.limit, self.agreed),
        }
    }
}

impl Gate {
    /// What the first budget's figures break.
    #[must_use]
    pub fn offences(&self, report: &Report) -> Vec<Offence> {
        let Some(ours) = report.budgets.first() else {
            return vec![Offence { limit: "budgets".into(), agreed: 1.0, measured: None }];
        };
        let mut offences = self.too_much(report, ours);
        offences.extend(self.too_little(ours));
        offences
    }

    fn too_much(&self, report: &Report, ours: &BudgetReport) -> Vec<Offence> {
        let unstable = report.stability.iter().filter(|run| run.different > 0).count();
        let limits = [
            ("false_blocks_max", self.false_blocks_max.map(|n| n as f64), ours.false_blocks.count as f64),
            ("framed_max", self.framed_max.map(|n| n as f64), ours.sets.framed as f64),
            ("step_ups_per_million_max", self.step_ups_per_million_max, ours.step_ups.rate),
            ("softs_per_million_max", self.softs_per_million_max, ours.softs.rate),
            ("unstable_max", self.unstable_max.map(|n| n as f64), unstable as f64),
        ];
        let broken = limits.into_iter().filter_map(|(limit, agreed, measured)| {
            let agreed = agreed.filter(|agreed| measured > *agreed)?;
            Some(Offence { limit: limit.to_owned(), agreed, measured: Some(measured) })
        });
        broken.collect()
    }

    fn too_little(&self, ours: &BudgetReport) -> Vec<Offence> {
        let sets = &ours.sets;
        let limits = [
            ("block_macro_min", self.block_macro_min, sets.block),
            ("step_up_macro_min", self.step_up_macro_min, sets.step_up),
            ("soft_macro_min", self.soft_macro_min, sets.soft),
            ("explained_min", self.explained_min, sets.explained.share),
            ("campaigns_min", self.campaigns_min, sets.campaigns),
        ];
        let limits =
            limits.into_iter().map(|(limit, agreed, measured)| (limit.to_owned(), agreed, Some(measured)));
        let kinds = self.block_min.iter().map(|(kind, agreed)| {
            let row = ours.kinds.iter().find(|row| row.kind == *kind);
            (format!("block_min.{kind}"), Some(*agreed), row.map(|row| row.block.share))
        });
        let broken = limits.chain(kinds).filter_map(|(limit, agreed, measured)| {
            // A hair's breadth below is rounding.
            let agreed = agreed.filter(|agreed| measured.is_none_or(|measured| measured < agreed - 1e-9))?;
            Some(Offence { limit, agreed, measured })
        });
        broken.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        interval::{PerMillion, Share},
        kinds::KindRow,
    };

    fn report() -> Report {
        let row = KindRow { kind: "probing".into(), block: Share::new(3, 4), ..KindRow::default() };
        let mut ours = BudgetReport {
            false_blocks: PerMillion::new(2, 1_000),
            kinds: vec![row],
            ..BudgetReport::default()
        };
        ours.sets.block = 0.75;
        Report { budgets: vec![ours], ..Report::default() }
    }

    #[test]
    fn limits_kept_are_no_offence() {
        let gate = Gate {
            false_blocks_max: Some(2),
            block_macro_min: Some(0.75),
            block_min: [("probing".to_owned(), 0.75)].into(),
            ..Gate::default()
        };
        assert_eq!(gate.offences(&report()), []);
    }

    #[test]
    fn each_broken_limit_is_told() {
        let gate = Gate {
            false_blocks_max: Some(1),
            block_macro_min: Some(0.8),
            block_min: [("probing".to_owned(), 0.9), ("decoy".to_owned(), 1.0)].into(),
            ..Gate::default()
        };
        let told: Vec<_> = gate.offences(&report()).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "false_blocks_max: agreed 1, measured 2.0000",
                "block_macro_min: agreed 0.8, measured 0.7500",
                "block_min.decoy: agreed 1, not measured",
                "block_min.probing: agreed 0.9, measured 0.7500",
            ]
        );
    }

    #[test]
    fn a_report_without_figures_passes_no_gate() {
        assert_eq!(Gate::default().offences(&Report::default()).len(), 1);
    }
}
