//! `eval`: simulated worlds in, judged by the engine and by rules of others; a report out. Wires simulation, engine and
//! evaluation; nothing here reaches a live daemon.

mod cut;
mod jobs;
mod outputs;
mod runs;
mod truth;

pub(crate) use cut::EvalArgs;

use eval::{BudgetReport, ContestScores, Report, Setup, Variant};

use crate::fault::{Exit, Fault};
use cut::Cut;
use jobs::{Done, Job, Task};

/// Runs the worlds, or takes up the figures of an earlier run; writes the report and checks the gate.
pub(crate) fn eval(args: &EvalArgs) -> Result<(), Fault> {
    let report = match &args.from {
        Some(path) => outputs::read(path)?,
        None => measure(args)?,
    };
    outputs::write(args, &report)?;
    let Some(path) = &args.gate else { return Ok(()) };
    let offences = outputs::gate(path)?.offences(&report);
    if offences.is_empty() {
        return Ok(());
    }
    let lines = offences
        .iter()
        .map(|offence| format!("quality is worse than agreed in {}: {offence}", path.display()));
    Err(Fault { exit: Exit::Worse, lines: lines.collect() })
}

fn measure(args: &EvalArgs) -> Result<Report, Fault> {
    let cut = Cut::of(args)?;
    let tasks = jobs::plan(&cut);
    let done = jobs::run(&tasks, &cut)?;
    Ok(assemble(&cut, &tasks, done))
}

/// Merges the results in the order of the tasks, so that threads do not show.
fn assemble(cut: &Cut, tasks: &[Task], done: Vec<Done>) -> Report {
    let mut budgets: Vec<_> = cut.budgets.iter().map(|_| eval::Scores::default()).collect();
    let mut variants: Vec<_> = cut.variants.iter().map(|_| eval::Scores::default()).collect();
    let (mut contest, mut whole) = (ContestScores::default(), eval::Scores::default());
    let mut report = Report { setup: setup(cut), ..Report::default() };
    let mut costs = runs::Costs::default();
    for (task, done) in tasks.iter().zip(done) {
        match (task.job, done) {
            (Job::Ours { budget }, Done::Ours(scores, cost)) => {
                if budget == 0 && task.world.seed == cut.seeds.start && !cut.variants.is_empty() {
                    whole.add((*scores).clone());
                }
                budgets[budget].add(*scores);
                costs.add(cost);
            }
            (Job::Variant { variant }, Done::Ours(scores, _)) => variants[variant].add(*scores),
            (_, Done::Contest(scores)) => contest.add(*scores),
            (_, Done::Stability(runs)) => stability(&mut report, runs),
            _ => {}
        }
    }
    report.budgets =
        cut.budgets.iter().zip(budgets).map(|(budget, scores)| BudgetReport::of(*budget, scores)).collect();
    if !cut.variants.is_empty() {
        let first = cut.budgets.first().copied().unwrap_or_default();
        let of = |name: &str, scores| Variant::of(name, &BudgetReport::of(first, scores));
        report.variants.push(of("whole", whole));
        let changed = cut.variants.iter().zip(variants);
        report.variants.extend(changed.map(|(change, scores)| of(change.name, scores)));
    }
    if cut.baselines {
        let mut allowed = cut.budgets.clone();
        allowed.extend([100.0, 1_000.0]);
        report.baselines = contest.report(&allowed);
    }
    report.cost = costs.of();
    report
}

fn setup(cut: &Cut) -> Setup {
    Setup {
        worlds: cut.worlds.iter().map(|world| world.name().to_owned()).collect(),
        seeds: [cut.seeds.start, cut.seeds.end.saturating_sub(1)],
        principals: cut.principals,
        days: cut.days,
        instances: cut.instances,
        delay_s: cut.delay.as_secs_f64(),
        loss: cut.loss,
        held_out: cut.held_out,
        baselines: cut.baselines,
    }
}

/// Sums the runs of each way over the worlds.
fn stability(report: &mut Report, runs: Vec<eval::Stability>) {
    for run in runs {
        match report.stability.iter_mut().find(|known| known.name == run.name) {
            Some(known) => {
                known.verdicts += run.verdicts;
                known.different += run.different;
            }
            None => report.stability.push(run),
        }
    }
}
