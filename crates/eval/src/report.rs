//! The report: scores of many runs in, the figures that are published out. As JSON it is the only source of the pages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    calibration::Row,
    honest::{AGES, Cell},
    interval::{PerMillion, Share},
    kinds::{KindRow, Sets, kinds, sets},
    scores::{DayCell, Denials, Example, Scores},
};

/// Wrong blocks told in full.
const EXAMPLES_MAX: usize = 100;
/// Days told, the worst first.
const DAYS_MAX: usize = 20;

/// Everything that one command measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// What was asked for.
    pub setup: Setup,
    /// Ours, one per budget, in the order asked for.
    pub budgets: Vec<BudgetReport>,
    /// Ours at the first budget with a part taken away, or under loss; the first is the whole for comparison.
    pub variants: Vec<Variant>,
    /// Rules of others on the same calls.
    pub baselines: Vec<BaselineReport>,
    /// The same run twice, out of order, and across a restart.
    pub stability: Vec<Stability>,
    /// Cost on the machine that ran it.
    pub cost: Cost,
}

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// Worlds.
    pub worlds: Vec<String>,
    /// First and last seed.
    pub seeds: [u64; 2],
    /// Honest clients at the start of each world.
    pub principals: u32,
    /// Days of each world.
    pub days: u32,
    /// Instances of each kind of attack in each world.
    pub instances: u32,
    /// Seconds from a verdict to its enforcement.
    pub delay_s: f64,
    /// Share of calls that the sensor misses.
    pub loss: f64,
    /// Whether kinds that nobody tuned on were run.
    pub held_out: bool,
    /// Whether baselines were run.
    pub baselines: bool,
}

/// Ours at one budget.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BudgetReport {
    /// False blocks per million principal-days that the engine was told to accept.
    pub budget: f64,
    /// Calls.
    pub calls: u64,
    /// Honest actor-days with a block of an innocent principal.
    pub false_blocks: PerMillion,
    /// The same per million honest calls.
    pub per_million_calls: PerMillion,
    /// Honest actor-days with a step-up.
    pub step_ups: PerMillion,
    /// Honest actor-days with a slow-down.
    pub softs: PerMillion,
    /// Honest actor-days with a refused call, whatever the reason.
    pub denied: PerMillion,
    /// Minutes of wrongful denial (mistaken and framed) per million honest actor-days.
    pub denied_minutes_per_million: f64,
    /// Who was refused, by cause.
    pub denials: Denials,
    /// By archetype.
    pub archetypes: BTreeMap<String, Cell>,
    /// By age.
    pub ages: Vec<(String, Cell)>,
    /// The days with the most false blocks; then those with the most step-ups.
    pub worst_days: Vec<DayCell>,
    /// All days of all worlds together, by the number of the day.
    pub days: Vec<Cell>,
    /// By kind of attack.
    pub kinds: Vec<KindRow>,
    /// Means over kinds, and sets of kinds.
    pub sets: Sets,
    /// Share of verdicts from crowd detectors that fell on innocents.
    pub crowd_innocent: Share,
    /// Nominal against observed rates.
    pub calibration: Vec<Row>,
    /// Wrong blocks, the first ones.
    pub examples: Vec<Example>,
    /// Verdicts too many to remember: the figures are too low when this is not 0.
    pub unrecorded: u64,
}

/// Ours with a part taken away, or under loss.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// What was changed.
    pub name: String,
    /// Honest actor-days with a block of an innocent principal.
    pub false_blocks: PerMillion,
    /// Means over kinds.
    pub sets: Sets,
    /// Share blocked, by kind.
    pub blocked: BTreeMap<String, Share>,
}

/// A rule of others with the threshold that meets a budget, chosen with knowledge of the truth.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BaselineReport {
    /// Its name.
    pub name: String,
    /// What it does.
    pub about: String,
    /// What it detects at each budget.
    pub at: Vec<BaselineAt>,
}

/// A rule of others at one threshold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BaselineAt {
    /// False alarms per million honest actor-days that were allowed; `None` for the published threshold.
    pub budget: Option<f64>,
    /// The threshold.
    pub threshold: f64,
    /// Honest actor-days with an alarm.
    pub false_alarms: PerMillion,
    /// Attacks found, mean over kinds.
    pub macro_share: f64,
    /// Attacks found, by kind.
    pub kinds: BTreeMap<String, Share>,
    /// Median number of calls of the attack until it was found, by kind.
    pub calls: BTreeMap<String, f64>,
}

/// Whether two ways to feed the same calls gave the same verdicts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stability {
    /// What was done to the calls.
    pub name: String,
    /// Verdicts of the plain run.
    pub verdicts: u64,
    /// Of both runs together, those that only one of them has.
    pub different: u64,
}

/// Cost of judging.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Nanoseconds of `observe` per call, from samples.
    pub observe_ns_p50: f64,
    /// The same at the 99th percentile.
    pub observe_ns_p99: f64,
    /// Bytes of the engine's tables per principal with a row, at the end of a run.
    pub bytes_per_principal: f64,
    /// Most principals with a row in one run.
    pub principals: u64,
}

impl BudgetReport {
    /// The figures of merged scores.
    #[must_use]
    pub fn of(budget: f64, mut scores: Scores) -> Self {
        let days = scores.total.actor_days;
        let per = |count| PerMillion::new(count, days);
        let wrongful = scores.denials.mistaken.minutes + scores.denials.framed.minutes;
        scores.examples.truncate(EXAMPLES_MAX);
        let kinds = kinds(&scores.outcomes);
        Self {
            budget,
            calls: scores.calls,
            false_blocks: per(scores.total.blocks),
            per_million_calls: PerMillion::new(scores.total.blocks, scores.honest_calls),
            step_ups: per(scores.total.step_ups),
            softs: per(scores.total.softs),
            denied: per(scores.total.denied),
            denied_minutes_per_million: if days == 0 { 0.0 } else { wrongful * 1e6 / days as f64 },
            denials: scores.denials,
            ages: AGES.iter().map(ToString::to_string).zip(scores.ages).collect(),
            archetypes: scores.archetypes,
            days: by_day(&scores.days),
            worst_days: worst(scores.days),
            sets: sets(&kinds, &scores.outcomes),
            kinds,
            crowd_innocent: Share::new(scores.crowd[1], scores.crowd[0] + scores.crowd[1]),
            calibration: scores.calibration.rows(),
            examples: scores.examples,
            unrecorded: scores.unrecorded,
        }
    }
}

impl Variant {
    /// The comparison figures of a report.
    #[must_use]
    pub fn of(name: &str, report: &BudgetReport) -> Self {
        let blocked = report.kinds.iter().map(|row| (row.kind.clone(), row.block)).collect();
        Self { name: name.to_owned(), false_blocks: report.false_blocks, sets: report.sets.clone(), blocked }
    }
}

fn by_day(days: &[DayCell]) -> Vec<Cell> {
    let mut sums: BTreeMap<u16, Cell> = BTreeMap::new();
    for day in days {
        sums.entry(day.day).or_default().add(&day.cell);
    }
    sums.into_values().collect()
}

/// The days on which most honest actors were wronged, the worst first.
fn worst(mut days: Vec<DayCell>) -> Vec<DayCell> {
    let harm = |day: &DayCell| (day.cell.blocks, day.cell.step_ups, day.cell.softs);
    days.retain(|day| day.cell.blocks + day.cell.step_ups + day.cell.softs > 0);
    days.sort_by_key(|day| std::cmp::Reverse(harm(day)));
    days.truncate(DAYS_MAX);
    days
}
