//! `backtest`: two settings and the same files in; who would be blocked in addition and who no longer out. Enables nothing,
//! constructs no enforcer, writes no state.

mod compare;
mod page;
mod side;

use std::path::Path;

use compare::Comparison;
use model::Pseudonyms;
use side::Side;

use crate::{
    addresses,
    ask::print,
    cli::BacktestArgs,
    fault::{Exit, Fault},
    keys,
    settings::{self, Settings},
    source,
};

/// Judges the files twice and tells what differs.
pub(crate) fn backtest(args: &BacktestArgs) -> Result<(), Fault> {
    if args.input.has_stdin() {
        let remedy = "write the capture to a file first";
        return Err(Fault::new(Exit::Usage, format!("standard input can not be read twice; {remedy}")));
    }
    let (a, b) = both(&args.a, &args.b)?;
    // One key for both, or nobody would be the same principal.
    let names = keys::offline(&a)?;
    let (side_a, broken) = run(args, &args.a, &a, &names)?;
    let (side_b, _) = run(args, &args.b, &b, &names)?;
    let comparison = Comparison::of(&side_a, &side_b);
    if args.json {
        let line = serde_json::to_string(&comparison);
        print(&(line.map_err(|error| Fault::write("standard output", &error.into()))? + "\n"))?;
    } else {
        print(&page::page(&comparison))?;
    }
    broken.map_or(Ok(()), Err)
}

/// Both settings, or the mistakes of both.
fn both(a: &Path, b: &Path) -> Result<(Settings, Settings), Fault> {
    let load = |path: &Path| -> Result<Settings, Fault> {
        let (mut settings, _) = settings::load(Some(path))?;
        addresses::read(&mut settings, Some(path))?;
        Ok(settings)
    };
    match (load(a), load(b)) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(mut fault), Err(more)) if a != b => {
            fault.lines.extend(more.lines);
            Err(fault)
        }
        (Err(fault), _) | (_, Err(fault)) => Err(fault),
    }
}

/// Reads and judges the files under one of the settings. What is wrong with a file is told after all that could be read.
fn run(
    args: &BacktestArgs,
    path: &Path,
    settings: &Settings,
    names: &Pseudonyms,
) -> Result<(compare::SideReport, Option<Fault>), Fault> {
    let mut side = Side::new(settings, names.clone());
    let (read, broken) = source::read(&args.input, settings, names, &mut |call| {
        side.observe(&call);
        Ok(())
    })?;
    Ok((compare::SideReport::of(path, settings, &read, side), broken))
}
