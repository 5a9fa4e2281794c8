//! Jobs: what is to run in, side by side on all cores, results in the order of the plan out.

use std::{collections::VecDeque, sync::Mutex, thread};

use eval::{ContestScores, Scores, Stability};

use super::{
    cut::Cut,
    runs::{self, Costs, World},
};
use crate::{
    clock::Stopwatch,
    fault::{Exit, Fault},
};

/// One run of one world.
#[derive(Clone, Copy)]
pub(super) struct Task {
    pub(super) world: World,
    pub(super) job: Job,
}

/// What is run.
#[derive(Clone, Copy)]
pub(super) enum Job {
    /// Ours, at the budget of this place.
    Ours { budget: usize },
    /// Ours with the change of this place, at the first budget.
    Variant { variant: usize },
    /// Rules of others.
    Contest,
    /// The same calls in several ways.
    Stability,
}

/// What a run came to.
pub(super) enum Done {
    Ours(Box<Scores>, Costs),
    Contest(Box<ContestScores>),
    Stability(Vec<Stability>),
}

/// Every run that was asked for. Variants and stability are run on the first seed alone.
pub(super) fn plan(cut: &Cut) -> Vec<Task> {
    let mut tasks = Vec::new();
    for seed in cut.seeds.clone() {
        for name in &cut.worlds {
            let world = World { name: *name, seed };
            let mut jobs: Vec<_> = (0..cut.budgets.len()).map(|budget| Job::Ours { budget }).collect();
            jobs.extend(cut.baselines.then_some(Job::Contest));
            if seed == cut.seeds.start {
                jobs.extend((0..cut.variants.len()).map(|variant| Job::Variant { variant }));
                jobs.extend(cut.stability.then_some(Job::Stability));
            }
            tasks.extend(jobs.into_iter().map(|job| Task { world, job }));
        }
    }
    tasks
}

/// Runs them all; stops at the first fault.
pub(super) fn run(tasks: &[Task], cut: &Cut) -> Result<Vec<Done>, Fault> {
    let waiting: Mutex<VecDeque<usize>> = Mutex::new((0..tasks.len()).collect());
    let results: Mutex<Vec<Option<Result<Done, Fault>>>> =
        Mutex::new(std::iter::repeat_with(|| None).take(tasks.len()).collect());
    let lock = |at: usize, result: Result<Done, Fault>| {
        if result.is_err()
            && let Ok(mut waiting) = waiting.lock()
        {
            waiting.clear();
        }
        if let Ok(mut results) = results.lock() {
            results[at] = Some(result);
        }
    };
    let broken = thread::scope(|scope| {
        let work = || {
            while let Some(at) = waiting.lock().ok().and_then(|mut waiting| waiting.pop_front()) {
                let watch = Stopwatch::start();
                let result = one(&tasks[at], cut);
                tell(&tasks[at], &watch);
                lock(at, result);
            }
        };
        let threads: Vec<_> =
            (0..cut.threads.clamp(1, tasks.len().max(1))).map(|_| scope.spawn(work)).collect();
        threads.into_iter().filter_map(|thread| thread.join().err()).count()
    });
    if broken > 0 {
        return Err(Fault::new(Exit::Io, "a run failed an assertion, named above; please report it"));
    }
    let missing = || Err(Fault::new(Exit::Io, "a run came to no result; this is a mistake of ours"));
    let results = results.into_inner().unwrap_or_default();
    let fault = results.iter().position(|result| matches!(result, Some(Err(_))));
    let mut results = results;
    if let Some(Some(fault)) = fault.map(|at| results.swap_remove(at)) {
        return fault.map(|done| vec![done]);
    }
    results.into_iter().map(|result| result.unwrap_or_else(missing)).collect()
}

fn one(task: &Task, cut: &Cut) -> Result<Done, Fault> {
    let first = cut.budgets.first().copied().unwrap_or(2.0);
    let done = match task.job {
        Job::Ours { budget } => {
            let (scores, costs) = runs::ours(task.world, cut, cut.budgets[budget], None)?;
            Done::Ours(Box::new(scores), costs)
        }
        Job::Variant { variant } => {
            let (scores, costs) = runs::ours(task.world, cut, first, Some(cut.variants[variant]))?;
            Done::Ours(Box::new(scores), costs)
        }
        Job::Contest => Done::Contest(Box::new(runs::contest(task.world, cut)?)),
        Job::Stability => Done::Stability(runs::stability(task.world, cut)?),
    };
    Ok(done)
}

fn tell(task: &Task, watch: &Stopwatch) {
    let job = match task.job {
        Job::Ours { .. } => "ours",
        Job::Variant { .. } => "variant",
        Job::Contest => "others",
        Job::Stability => "stability",
    };
    let seconds = watch.elapsed().as_secs();
    tracing::info!(world = task.world.name.name(), seed = task.world.seed, job, seconds, "run done");
}
