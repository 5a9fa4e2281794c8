//! `replay`: capture files or calls in, the same judgements as live out: as a report for a person and as JSON lines.
//! Never contacts a gateway unless told to.

mod judge;
mod report;
mod summary;

use std::io::{IsTerminal as _, Write as _, stdout};

use judge::Judge;
use summary::Summary;

use crate::{
    cli::ReplayArgs,
    clock::Stopwatch,
    deliver,
    enforcement::Enforcement,
    fault::{Exit, Fault},
    keys,
    settings::Settings,
    source,
};

pub(crate) use report::{clean, grouped, moment, span};

/// Judges the files and reports.
pub(crate) fn replay(args: &ReplayArgs, settings: &Settings) -> Result<(), Fault> {
    let enforcement = Enforcement::of(settings);
    if args.deliver && enforcement.warrant().is_none() {
        let remedy = "set mode = \"enforce\" in the file given with --config";
        return Err(Fault::new(Exit::Usage, format!("--deliver in monitor mode; {remedy}")));
    }
    let names = keys::offline(settings)?;
    let mut judge = Judge::new(args, settings, names.clone())?;
    let mut summary_file = crate::outputs::Output::create(args.summary.as_deref())?;
    let stopwatch = Stopwatch::start();
    let (read, broken) = source::read(&args.input, settings, &names, &mut |call| judge.observe(call))?;
    let judged = judge.end()?;
    let summary = Summary::of(&read, &judged, stopwatch.elapsed());
    summary_file.line(&summary)?;
    summary_file.end()?;
    if !args.quiet {
        tell(&report::report(&summary, &judged, settings.mode))?;
    }
    if let (true, Some(warrant)) = (args.deliver, enforcement.warrant()) {
        deliver::deliver_once(warrant, settings, &judged.in_force())?;
    }
    broken.map_or(Ok(()), Err)
}

fn tell(report: &str) -> Result<(), Fault> {
    let mut out = stdout().lock();
    let told = out.write_all(report.as_bytes()).and_then(|()| out.flush());
    told.map_err(|error| Fault::write("standard output", &error))
}

/// Whether the report may use bold and colour.
fn is_colourful() -> bool {
    stdout().is_terminal()
}
