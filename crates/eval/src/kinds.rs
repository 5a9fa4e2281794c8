//! Attacks by kind: outcomes in, shares detected, times to detect and gains before it out; means over kinds and sets of
//! kinds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    interval::Share,
    progress::Reached,
    quantile::{Spread, mean},
    scores::Outcome,
};

/// All attacks of one kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KindRow {
    /// The kind's name.
    pub kind: String,
    /// Nobody tuned on it.
    pub held_out: bool,
    /// Many actors together.
    pub campaign: bool,
    /// Slow enough to hide from rates.
    pub slow: bool,
    /// Attacks with a block of a principal of theirs before their end.
    pub block: Share,
    /// With a step-up, or a slow-down as firm, or more.
    pub step_up: Share,
    /// With any enforceable verdict.
    pub soft: Share,
    /// Blocked, of those that began after the deployment's first week.
    pub settled: Share,
    /// Stepped up or more, of the same.
    pub settled_step_up: Share,
    /// The attack's calls until the block.
    pub calls: Spread,
    /// The attack's calls until the first enforceable verdict.
    pub calls_soft: Spread,
    /// Seconds from the attack's first call to the block.
    pub seconds: Spread,
    /// Members burned until the block.
    pub members: Spread,
    /// Records it had no right to, until the first enforceable verdict was in force.
    pub records_soft: Spread,
    /// Until the block was in force; all of them when there was none.
    pub records: Spread,
    /// Sensitive values, until the block was in force; all of them when there was none.
    pub sensitive: Spread,
    /// Share of its goal that it got in the end, mean.
    pub goal: f64,
    /// Share of its calls that a block refused, mean.
    pub refused: f64,
    /// Attacks with a verdict whose two strongest detectors name the right class.
    pub explained: Share,
    /// Campaigns noticed by a detector that explains them, or by a verdict.
    pub noticed: Share,
    /// The campaign's calls until it was noticed.
    pub calls_noticed: Spread,
    /// Members with a verdict, mean share.
    pub members_hit: f64,
    /// Enforceable verdicts on its victims.
    pub framed: u64,
}

/// Means over kinds, and sets of kinds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sets {
    /// Blocked: mean over kinds that were tuned on.
    pub block: f64,
    /// The lowest of them, and its kind.
    pub worst: f64,
    /// See `worst`.
    pub worst_kind: String,
    /// Stepped up or more: mean over the same kinds.
    pub step_up: f64,
    /// Any enforceable verdict: mean over the same kinds.
    pub soft: f64,
    /// Blocked and stepped up of those that began after the deployment's first week: means over the same kinds.
    pub settled: f64,
    /// See `settled`.
    pub settled_step_up: f64,
    /// Blocked: mean over kinds that nobody tuned on; 0 when they were not run.
    pub held_out: f64,
    /// Blocked: mean over slow kinds.
    pub slow: f64,
    /// Any enforceable verdict: mean over slow kinds.
    pub slow_soft: f64,
    /// Noticed: mean over campaigns.
    pub campaigns: f64,
    /// The right class among the two strongest detectors, over all attacks with a verdict.
    pub explained: Share,
    /// Enforceable verdicts on victims.
    pub framed: u64,
}

/// One row per kind, sorted by name.
#[must_use]
pub fn kinds(outcomes: &[Outcome]) -> Vec<KindRow> {
    let mut by_kind: BTreeMap<&str, Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        by_kind.entry(&outcome.attack.kind).or_default().push(outcome);
    }
    by_kind.into_iter().map(|(kind, outcomes)| row(kind, &outcomes)).collect()
}

fn row(kind: &str, outcomes: &[&Outcome]) -> KindRow {
    let share_of = |among: &dyn Fn(&Outcome) -> bool, is: &dyn Fn(&Outcome) -> bool| {
        let of = outcomes.iter().filter(|outcome| among(outcome));
        Share::new(of.clone().filter(|outcome| is(outcome)).count() as u64, of.count() as u64)
    };
    let share = |is: &dyn Fn(&Outcome) -> bool| share_of(&|_| true, is);
    let settled = |tier: usize| share_of(&|one| one.settled, &|one| one.hits[tier].is_some());
    let spread = |value: &dyn Fn(&Outcome) -> Option<f64>| {
        Spread::of(outcomes.iter().filter_map(|outcome| value(outcome)).collect())
    };
    let average = |value: &dyn Fn(&Outcome) -> f64| mean(outcomes.iter().map(|outcome| value(outcome)));
    let any = |mark: fn(&Outcome) -> bool| outcomes.iter().any(|outcome| mark(outcome));
    let at = |tier: usize, value: fn(&Reached) -> f64| {
        spread(&move |outcome: &Outcome| outcome.hits[tier].as_ref().map(value))
    };
    let until = |tier: usize, value: fn(&Reached) -> f64| {
        spread(&move |outcome: &Outcome| Some(value(outcome.hits[tier].as_ref().unwrap_or(&outcome.end))))
    };
    let with_verdict = outcomes.iter().filter_map(|outcome| outcome.explained);
    KindRow {
        kind: kind.to_owned(),
        held_out: any(|outcome| outcome.attack.held_out),
        campaign: any(|outcome| outcome.attack.campaign),
        slow: any(|outcome| outcome.attack.slow),
        block: share(&|outcome| outcome.hits[2].is_some()),
        step_up: share(&|outcome| outcome.hits[1].is_some()),
        soft: share(&|outcome| outcome.hits[0].is_some()),
        settled: settled(2),
        settled_step_up: settled(1),
        calls: at(2, |reached| reached.calls as f64),
        calls_soft: at(0, |reached| reached.calls as f64),
        seconds: at(2, |reached| reached.seconds),
        members: at(2, |reached| reached.members as f64),
        records_soft: until(0, |reached| reached.records as f64),
        records: until(2, |reached| reached.records as f64),
        sensitive: until(2, |reached| reached.sensitive as f64),
        goal: average(&|outcome| part(outcome.attack.got, outcome.attack.wanted)),
        refused: average(&|outcome| part(outcome.refused, outcome.end.calls)),
        explained: Share::new(
            with_verdict.clone().filter(|right| *right).count() as u64,
            with_verdict.count() as u64,
        ),
        noticed: share(&|outcome| outcome.noticed.is_some()),
        calls_noticed: spread(&|outcome| outcome.noticed.map(|reached| reached.calls as f64)),
        members_hit: average(&|outcome| part(outcome.members_hit, outcome.end.members)),
        framed: outcomes.iter().map(|outcome| outcome.framed).sum(),
    }
}

fn part(some: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { (some as f64 / all as f64).min(1.0) }
}

/// Means over kinds, and sets of kinds.
#[must_use]
pub fn sets(kinds: &[KindRow], outcomes: &[Outcome]) -> Sets {
    let tuned = || kinds.iter().filter(|row| !row.held_out);
    let worst = tuned().min_by(|a, b| a.block.share.total_cmp(&b.block.share));
    let settled = || tuned().filter(|row| row.settled.of > 0);
    let with_verdict = outcomes.iter().filter_map(|outcome| outcome.explained);
    Sets {
        block: mean(tuned().map(|row| row.block.share)),
        worst: worst.map_or(0.0, |row| row.block.share),
        worst_kind: worst.map(|row| row.kind.clone()).unwrap_or_default(),
        step_up: mean(tuned().map(|row| row.step_up.share)),
        soft: mean(tuned().map(|row| row.soft.share)),
        settled: mean(settled().map(|row| row.settled.share)),
        settled_step_up: mean(settled().map(|row| row.settled_step_up.share)),
        held_out: mean(kinds.iter().filter(|row| row.held_out).map(|row| row.block.share)),
        slow: mean(kinds.iter().filter(|row| row.slow).map(|row| row.block.share)),
        slow_soft: mean(kinds.iter().filter(|row| row.slow).map(|row| row.soft.share)),
        campaigns: mean(kinds.iter().filter(|row| row.campaign).map(|row| row.noticed.share)),
        explained: Share::new(
            with_verdict.clone().filter(|right| *right).count() as u64,
            with_verdict.count() as u64,
        ),
        framed: outcomes.iter().map(|outcome| outcome.framed).sum(),
    }
}
