//! Sidewatch: mirrored API traffic in, verdicts on clients that misuse it out. Wiring only; never in the request path.

mod addresses;
mod ask;
mod backtest;
mod bench;
mod book;
mod check;
mod cli;
mod clock;
mod cold;
mod confine;
mod decode;
mod deliver;
mod desk;
mod enforcement;
mod eval;
mod fault;
mod feed;
mod harden;
mod inventory;
mod key_log;
mod keys;
mod learning;
mod ledger;
mod memory;
mod merge;
mod outputs;
mod page;
mod parts;
mod progress;
mod provenance;
mod replay;
mod run;
mod settings;
mod simulate;
mod source;
mod told;
mod verify;

use std::{io, process::ExitCode};

use clap::{CommandFactory as _, Parser as _, error::ErrorKind};
use cli::{Cli, Command};
use fault::{Exit, Fault};
use store::Word;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match obey(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => fault.tell(),
    }
}

fn obey(cli: Cli) -> Result<(), Fault> {
    if let Command::Completions { shell } = cli.command {
        return completions(shell);
    }
    diagnostics(&cli.log_level)?;
    harden::quiet_panics();
    if let Command::Backtest(args) = &cli.command {
        return backtest::backtest(args);
    }
    let (mut settings, path) = settings::load(cli.config.as_deref())?;
    if cli.command.judges() {
        addresses::read(&mut settings, path.as_deref())?;
    }
    match cli.command {
        Command::Run(args) => run::run(&args, settings),
        Command::Replay(args) => replay::replay(&args, &settings),
        Command::Decode(args) => decode::decode(&args, &settings),
        Command::Bench(args) => bench::bench(&args, &settings),
        Command::Check => check::check(&settings, path.as_deref()),
        Command::Explain { verdict, json } => ask::explain(&verdict, json, &settings),
        Command::Verdicts(args) => ask::verdicts(&args, &settings),
        Command::Confirm(args) => ask::say(Word::Confirmed, &args.target, &args.why, &settings),
        Command::FalseAlarm(args) => ask::say(Word::FalseAlarm, &args.target, &args.why, &settings),
        Command::Unlearn(args) => ask::say(Word::Unlearnt, &args.target, &args.why, &settings),
        Command::Feedback(args) => ask::feedback(&args, &settings),
        Command::Unblock { target, why } => ask::say(Word::Pardoned, &target, &why, &settings),
        Command::Inventory(args) => inventory::inventory(&args, &settings),
        Command::Verify(args) => verify::verify(&args, &settings),
        Command::Eval(args) => eval::eval(&args),
        Command::Sim(args) => simulate::simulate(&args, &settings),
        Command::Backtest(_) | Command::Completions { .. } => Ok(()),
    }
}

/// Diagnostics go to standard error; the SOC log is another file.
fn diagnostics(level: &str) -> Result<(), Fault> {
    let filter = EnvFilter::try_new(level).map_err(|_| {
        let remedy = "use error, warn, info, debug, trace or a filter such as connect=debug";
        Fault::new(Exit::Usage, format!("--log-level {level:?} is not a level; {remedy}"))
    })?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(false).init();
    Ok(())
}

fn completions(shell: clap_complete::Shell) -> Result<(), Fault> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sidewatch", &mut script);
    ask::print(&String::from_utf8_lossy(&script))
}

/// Help and version are answers; anything else is one line.
fn usage(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return ExitCode::from(Exit::Usage as u8);
    }
    let text = error.render().to_string();
    let said = text.split("\n\nUsage").next().unwrap_or_default();
    let said: Vec<_> = said.split_whitespace().collect();
    let said = said.join(" ");
    let said = said.trim_start_matches("error: ");
    Fault::new(Exit::Usage, format!("{said}; see `sidewatch --help`")).tell()
}
