//! The comparison: two sides in, what differs between them out, in one order. `docs/schemas/backtest.schema.json` describes
//! its JSON. Never judges.

use std::{collections::BTreeMap, path::Path};

use compact_str::CompactString;
use model::{Action, Losses, Mode, Principal, Timestamp};
use serde::Serialize;

use super::side::{Followed, Side, Tally};
use crate::{settings::Settings, source::Read};

/// What B would do that A does not, and the other way round.
#[derive(Debug, Serialize)]
pub(super) struct Comparison<'a> {
    schema: &'static str,
    pub(super) a: &'a SideReport,
    pub(super) b: &'a SideReport,
    /// Blocked under B only, in the order of time.
    pub(super) added: Vec<Change>,
    /// Blocked under A only.
    pub(super) removed: Vec<Change>,
    /// Blocked under both, and how many of them sooner and later under B.
    pub(super) both: Both,
    /// By the strongest detector behind each block, in alphabetical order.
    pub(super) detectors: Vec<DetectorRow>,
}

/// One side as a whole.
#[derive(Debug, Serialize)]
pub(super) struct SideReport {
    pub(super) settings: String,
    pub(super) mode: Mode,
    pub(super) calls: u64,
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
    /// Principals by the furthest action asked for; every action is named.
    pub(super) principals: BTreeMap<&'static str, u64>,
    /// Calls that blocks would have refused, and their share of all.
    pub(super) refused_calls: u64,
    pub(super) refused_share: f64,
    pub(super) budget: BudgetUse,
    pub(super) losses: Losses,
    /// Verdicts on principals past the limit of those followed.
    pub(super) not_followed: u64,
    #[serde(skip)]
    tally: Tally,
}

/// What blocks cost of the wrong ones allowed.
#[derive(Debug, Serialize)]
pub(super) struct BudgetUse {
    pub(super) per_million_principal_days: f64,
    /// Principal-days in the files: ended ones, and one for everybody known at the end.
    pub(super) principal_days: u64,
    /// Wrong blocks allowed for these days.
    pub(super) allowed: f64,
    /// Wrong blocks to be expected: the sum of the blocks' probabilities.
    pub(super) expected: f64,
    /// `expected` over `allowed`.
    pub(super) share: f64,
}

/// A block that only one side asks for.
#[derive(Debug, Serialize)]
pub(super) struct Change {
    pub(super) principal: Principal,
    pub(super) at: Timestamp,
    pub(super) detector: CompactString,
    pub(super) p: f64,
    /// Calls that it would have refused, and their share of all.
    pub(super) refused_calls: u64,
    pub(super) refused_share: f64,
    /// Share of the budget of the side that blocks.
    pub(super) budget_share: f64,
    /// How far the other side goes; `None` when it says nothing.
    pub(super) otherwise: Option<Action>,
    pub(super) reason: String,
}

/// Blocked under both.
#[derive(Debug, Default, Serialize)]
pub(super) struct Both {
    pub(super) principals: u64,
    pub(super) sooner: u64,
    pub(super) later: u64,
}

/// One detector on both sides.
#[derive(Debug, Default, Serialize)]
pub(super) struct DetectorRow {
    pub(super) detector: CompactString,
    pub(super) a: Share,
    pub(super) b: Share,
    pub(super) added: u64,
    pub(super) removed: u64,
}

/// What one detector does on one side.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Share {
    pub(super) blocked: u64,
    pub(super) refused_calls: u64,
    /// Its part of the wrong blocks to be expected, by its share in each verdict.
    pub(super) expected: f64,
    /// The same over what is allowed.
    pub(super) budget_share: f64,
}

impl SideReport {
    /// The side as it stood at the end of the files.
    pub(super) fn of(path: &Path, settings: &Settings, read: &Read, side: Side) -> Self {
        let (engine, tally) = side.end();
        let mut losses = read.losses.clone();
        losses.merge(&engine.losses);
        let mut principals: BTreeMap<_, _> = Action::ALL.map(|action| (action.name(), 0)).into();
        for followed in tally.followed.values() {
            *principals.entry(followed.action.name()).or_default() += 1;
        }
        let per_million = settings.budget.false_blocks_per_million_principal_days;
        let principal_days = engine.budget.principal_days + engine.principals;
        let allowed = per_million * 1e-6 * real(principal_days);
        let expected = engine.budget.expected;
        Self {
            settings: path.display().to_string(),
            mode: settings.mode,
            calls: tally.calls,
            from: tally.span.map(|(from, _)| from),
            to: tally.span.map(|(_, to)| to),
            principals,
            refused_calls: tally.refused,
            refused_share: part(real(tally.refused), real(tally.calls)),
            budget: BudgetUse {
                per_million_principal_days: per_million,
                principal_days,
                allowed,
                expected,
                share: part(expected, allowed),
            },
            losses,
            not_followed: tally.not_followed,
            tally,
        }
    }

    fn blocks(&self) -> impl Iterator<Item = &Followed> {
        self.tally.followed.values().filter(|followed| followed.action == Action::Block)
    }

    fn block(&self, like: &Followed) -> Option<&Followed> {
        let same = self.tally.followed.get(&like.principal.id);
        same.filter(|followed| followed.action == Action::Block)
    }

    /// Blocks of this side that the other does not ask for, in the order of time.
    fn alone(&self, other: &Self) -> Vec<Change> {
        let alone = self.blocks().filter(|followed| other.block(followed).is_none());
        let mut changes: Vec<_> = alone
            .map(|followed| Change {
                principal: followed.principal.clone(),
                at: followed.at,
                detector: followed.detector(),
                p: followed.p,
                refused_calls: followed.refused,
                refused_share: part(real(followed.refused), real(self.calls)),
                budget_share: part(followed.p, self.budget.allowed),
                otherwise: other.tally.followed.get(&followed.principal.id).map(|other| other.action),
                reason: followed.reason.clone(),
            })
            .collect();
        changes.sort_by(|x, y| (x.at, &x.principal).cmp(&(y.at, &y.principal)));
        changes
    }

    fn share(&self, rows: &mut BTreeMap<CompactString, DetectorRow>, of: fn(&mut DetectorRow) -> &mut Share) {
        for followed in self.blocks() {
            let share = of(rows.entry(followed.detector()).or_default());
            share.blocked += 1;
            share.refused_calls += followed.refused;
            for (name, weight) in &followed.voices {
                of(rows.entry(name.clone()).or_default()).expected += followed.p * weight;
            }
        }
        rows.values_mut().map(of).for_each(|share| {
            share.budget_share = part(share.expected, self.budget.allowed);
        });
    }
}

impl<'a> Comparison<'a> {
    /// What differs between two sides.
    pub(super) fn of(a: &'a SideReport, b: &'a SideReport) -> Self {
        let mut both = Both::default();
        for (in_a, in_b) in a.blocks().filter_map(|in_a| Some((in_a, b.block(in_a)?))) {
            both.principals += 1;
            both.sooner += u64::from(in_b.at < in_a.at);
            both.later += u64::from(in_b.at > in_a.at);
        }
        let (added, removed) = (b.alone(a), a.alone(b));
        let mut rows = BTreeMap::new();
        a.share(&mut rows, |row| &mut row.a);
        b.share(&mut rows, |row| &mut row.b);
        let count = |changes: &[Change], name: &CompactString| {
            changes.iter().filter(|change| change.detector == *name).count() as u64
        };
        let detectors = rows.into_iter().map(|(detector, row)| DetectorRow {
            added: count(&added, &detector),
            removed: count(&removed, &detector),
            detector,
            ..row
        });
        let detectors = detectors.collect();
        Self { schema: soclog::SCHEMA, a, b, added, removed, both, detectors }
    }
}

/// `a` of `b`; nothing of nothing is nothing.
fn part(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52, for shares")]
fn real(n: u64) -> f64 {
    n as f64
}
