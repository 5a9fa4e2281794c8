//! `replay`: capture files or calls in, the same judgements as live out: as a report for a person and as JSON lines.
//! Never contacts a gateway unless told to.

mod judge;
mod report;
mod source;
mod summary;

use std::{
    io::{IsTerminal as _, Write as _, stdout},
    path::Path,
};

use judge::Judge;
use model::Pseudonyms;
use source::Read;
use summary::Summary;

use crate::{
    cli::ReplayArgs,
    clock::Stopwatch,
    deliver,
    enforcement::Enforcement,
    fault::{Exit, Fault},
    keys,
    progress::Progress,
    settings::Settings,
    told::Kind,
};

pub(crate) use report::{clean, moment};

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
    let (read, broken) = read(args, settings, &names, &mut judge)?;
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

/// Reads everything; a broken file is told after the report on what could be read.
fn read(
    args: &ReplayArgs,
    settings: &Settings,
    names: &Pseudonyms,
    judge: &mut Judge,
) -> Result<(Read, Option<Fault>), Fault> {
    let kind = Kind::common(args.format, &args.files)?;
    let stdin = args.files.iter().any(|path| path == Path::new("-"));
    if stdin && args.shards > 1 {
        let remedy = "use --shards 1";
        return Err(Fault::new(
            Exit::Usage,
            format!("standard input can not be read by several shards; {remedy}"),
        ));
    }
    let progress = Progress::over(&args.files);
    let mut read = Read::default();
    let result = match kind {
        Kind::Calls => source::calls(&args.files, &progress, &mut read, judge),
        Kind::Capture if args.shards == 1 => {
            source::inline(args, settings, names, &progress, &mut read, judge)
        }
        Kind::Capture => source::sharded(args, settings, names, &mut read, judge),
        kind => source::told(&args.files, kind, settings, names, &progress, &mut read, judge),
    };
    progress.end();
    match result {
        Ok(()) => Ok((read, None)),
        Err(fault) if matches!(fault.exit, Exit::Data) => Ok((read, Some(fault))),
        Err(fault) => Err(fault),
    }
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
