//! `verify`: lines of a log in; whether their verdicts are reached again from the calls, or whether the log is as it was
//! written, out. Enables nothing, writes nothing.

mod again;
mod chain;
mod wanted;

use std::path::PathBuf;

use clap::Args;

use crate::{
    fault::{Exit, Fault},
    settings::Settings,
    told::Format,
};

/// Arguments of `verify`.
#[derive(Args, Debug)]
pub(crate) struct VerifyArgs {
    /// Check that the log is as it was written: no line changed, removed, moved or inserted. Give its files, oldest first.
    #[arg(long, conflicts_with_all = ["learning", "id", "keys", "format"])]
    chain: bool,
    /// The snapshot of learning that the verdict names; looked for in the state directory when not given.
    #[arg(long, value_name = "SNAPSHOT")]
    learning: Option<PathBuf>,
    /// Only verdicts whose id begins so.
    #[arg(long, value_name = "VERDICT-ID")]
    id: Option<String>,
    /// What the captures are; `auto` goes by the end of their names.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Auto)]
    format: Format,
    /// Session keys of TLS, as a browser or server writes them to `SSLKEYLOGFILE`.
    #[arg(long, value_name = "FILE")]
    keys: Vec<PathBuf>,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
    /// A file with the lines of verdicts, such as a SOC log, then the captures; with --chain the files of a log.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Verifies verdicts or a log.
pub(crate) fn verify(args: &VerifyArgs, settings: &Settings) -> Result<(), Fault> {
    if args.chain {
        return chain::check(&args.files, args.json);
    }
    let Some((lines, captures)) = args.files.split_first().filter(|(_, captures)| !captures.is_empty())
    else {
        let remedy = "give the file of verdicts, then the captures; --chain checks a log by itself";
        return Err(Fault::new(Exit::Usage, format!("no capture to verify from; {remedy}")));
    };
    let wanted = wanted::read(lines, args.id.as_deref())?;
    again::verify(args, &wanted, captures, settings)
}
