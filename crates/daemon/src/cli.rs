//! The command line: arguments in, one command out. Every command's help ends with an example.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::{eval::EvalArgs, inventory::InventoryArgs, simulate::SimArgs, told::Format, verify::VerifyArgs};

/// Watches a copy of API traffic, finds clients that misuse it, and has the gateway refuse them.
#[derive(Debug, Parser)]
#[command(
    name = "sidewatch",
    version,
    after_help = "Exit codes: 0 done, 1 detection quality is worse than agreed or a verdict or log does not verify, 64 settings or usage, 65 bad input, \
    66 input not found, 69 daemon or gateway unavailable, 73 output can not be created, 74 input/output error, \
    77 rights missing."
)]
pub(crate) struct Cli {
    /// Settings file [default: /etc/sidewatch/sidewatch.toml where it exists].
    #[arg(short, long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// How much to say on standard error: error, warn, info, debug, trace, or a filter such as `connect=debug`.
    #[arg(long, global = true, value_name = "LEVEL", default_value = "info")]
    pub(crate) log_level: String,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Watch a network interface until told to stop.
    #[command(after_help = "Example: watch the mirror port, API traffic only:\n  \
        sidewatch run -i eth1 -f 'tcp port 8080'")]
    Run(RunArgs),
    /// Judge capture files, access logs or HAR files as if they were live, and show who was found.
    #[command(
        after_help = "Example: what would have been blocked yesterday, with the verdicts as JSON lines:\n  \
        sidewatch replay monday.pcap tuesday.pcap --verdicts verdicts.ndjson\n\
        A file that ends in .ndjson holds calls, as written by --calls."
    )]
    Replay(ReplayArgs),
    /// Judge the same files under two settings, and show who would be blocked in addition and who no longer.
    #[command(
        after_help = "Example: what would change if tomorrow's settings had been in force yesterday:\n  \
        sidewatch backtest --a /etc/sidewatch/sidewatch.toml --b tomorrow.toml monday.pcap tuesday.pcap\n\
        Nothing is enabled and no gateway hears of it. Files are what `replay` takes; docs/backtest.md reads the table."
    )]
    Backtest(BacktestArgs),
    /// Print the API calls of captures, access logs, HAR files or an interface, one JSON object a line.
    #[command(after_help = "Examples: the ten busiest paths; who is called now:\n  \
        sidewatch decode day.pcap | jq -r .path | sort | uniq -c | sort -rn | head\n  \
        sidewatch decode -i eth1 | jq -r '[.client, .method, .path, .status] | @tsv'")]
    Decode(DecodeArgs),
    /// Check the settings file and say what it amounts to.
    #[command(after_help = "Example:\n  sidewatch check -c sidewatch.toml")]
    Check,
    /// Show one verdict in full: what was expected, what was seen, in which calls.
    #[command(after_help = "Example: the first digits of the id are enough:\n  sidewatch explain 5d0c")]
    Explain {
        /// The verdict's id, or its first digits.
        #[arg(value_name = "VERDICT-ID")]
        verdict: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List verdicts, newest first.
    #[command(after_help = "Example: who is held now:\n  sidewatch verdicts --live")]
    Verdicts(VerdictsArgs),
    /// Say that a verdict was right: what its principal has taught the engine is taken back.
    #[command(after_help = "Example:\n  sidewatch confirm 5d0c --why 'the customer reported the theft'\n\
        docs/feedback.md says what each word does. It is kept, and stands in the SOC log with who said it.")]
    Confirm(WordArgs),
    /// Say that a verdict was wrong: it is taken back, and counted as a wrong one.
    #[command(after_help = "Example:\n  sidewatch false-alarm ip:192.0.2.7 --why 'our own load test'")]
    FalseAlarm(WordArgs),
    /// Take back what the principal of a verdict has taught, right or wrong: a test, a migration, a broken client.
    #[command(
        after_help = "Example:\n  sidewatch unlearn user:loadtest --why 'synthetic traffic of Tuesday'"
    )]
    Unlearn(WordArgs),
    /// List what people said of verdicts: who, when, why.
    #[command(after_help = "Example:\n  sidewatch feedback --limit 20")]
    Feedback(FeedbackArgs),
    /// Take a verdict back: the gateways forget it, and the same evidence does not bring it back for a day.
    #[command(after_help = "Examples:\n  sidewatch unblock 5d0c\n  sidewatch unblock ip:192.0.2.7\n  \
        sidewatch unblock user:amal\n  sidewatch unblock token:<sha256 of the token>")]
    Unblock {
        /// A verdict's id or its first digits, or a principal as kind:value.
        #[arg(value_name = "VERDICT-ID|KIND:VALUE")]
        target: String,
        /// Why; kept with who did it and when.
        #[arg(long, value_name = "TEXT", default_value = "")]
        why: String,
    },
    /// Tell what is known of the routes: callers, rates, errors, access, parameters, sensitive data going out.
    #[command(
        after_help = "Examples: what the running daemon knows; one route in full; what is not as documented; a document of \
        what was seen:\n  \
        sidewatch inventory\n  \
        sidewatch inventory --route 'GET /api/orders'\n  \
        sidewatch inventory week.log --openapi api.json\n  \
        sidewatch inventory day.pcap --export openapi > learnt.json\n\
        docs/inventory.md says what shadow, zombie, drifted and broken mean."
    )]
    Inventory(InventoryArgs),
    /// Check verdicts by reaching them again from the captured calls, or check that a SOC log is as it was written.
    #[command(
        after_help = "Examples: are yesterday's verdicts right; one that a daemon reached after learning; is the log whole:\n  \
        sidewatch replay day.pcap --verdicts v.ndjson && sidewatch verify v.ndjson day.pcap\n  \
        sidewatch verify --id 5d0c soc.ndjson day.pcap -c sidewatch.toml\n  \
        sidewatch verify --chain soc.ndjson.2 soc.ndjson.1 soc.ndjson\n\
        Exit code 1: something differs. docs/verify.md says what a line must carry and what a chain can not show."
    )]
    Verify(VerifyArgs),
    /// Measure what reading, decoding, printing and judging capture files cost on this machine.
    #[command(
        after_help = "Example: one core, the fastest of five rounds:\n  sidewatch bench --rounds 5 day.pcap"
    )]
    Bench(BenchArgs),
    /// Measure detection, wrong verdicts and times to detect on simulated worlds whose truth is known.
    #[command(
        after_help = "Examples: a quick look; the gate of every change; new figures in the manual:\n  \
        sidewatch eval --world shop --attacks bola_slow,probing_fast --seeds 1..2\n  \
        sidewatch eval --quick --gate bench/quality.toml\n  \
        sidewatch eval --from out/eval/eval.json --page docs/detection-quality.md"
    )]
    Eval(Box<EvalArgs>),
    /// Make labelled traffic of a business that does not exist: calls, packets, and the truth about them.
    #[command(
        after_help = "Examples: a shop of 2000 clients for three days with two attacks; what kinds there are; packets for \
        the whole path, read back:\n  \
        sidewatch sim --attack bola_slow=1 --attack stuffing_distributed=1,spread=0.1 --calls shop.ndjson --truth truth.json\n  \
        sidewatch sim --list\n  \
        sidewatch sim --world bank --principals 50 --days 1 --pcap bank.pcap && sidewatch replay bank.pcap"
    )]
    Sim(Box<SimArgs>),
    /// Print a completion script for a shell.
    #[command(after_help = "Example:\n  sidewatch completions bash > /etc/bash_completion.d/sidewatch")]
    Completions {
        /// bash, zsh, fish, elvish or powershell.
        shell: Shell,
    },
}

impl Command {
    /// Whether it judges calls, and so needs what others know of addresses; `check` says whether that can be read.
    pub(crate) fn judges(&self) -> bool {
        match self {
            Self::Run(_)
            | Self::Replay(_)
            | Self::Bench(_)
            | Self::Check
            | Self::Inventory(_)
            | Self::Verify(_) => true,
            Self::Backtest(_)
            | Self::Decode(_)
            | Self::Explain { .. }
            | Self::Verdicts(_)
            | Self::Confirm(_)
            | Self::FalseAlarm(_)
            | Self::Unlearn(_)
            | Self::Feedback(_)
            | Self::Unblock { .. }
            | Self::Eval(_)
            | Self::Sim(_)
            | Self::Completions { .. } => false,
        }
    }
}

/// Arguments of `run`.
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// Interface that receives the mirrored traffic.
    #[arg(short, long, value_name = "INTERFACE")]
    pub(crate) interface: Option<String>,
    /// Capture filter, as for tcpdump.
    #[arg(short, long, value_name = "FILTER")]
    pub(crate) filter: Option<String>,
}

/// What is read, and how.
#[derive(Args, Debug)]
pub(crate) struct InputArgs {
    /// Captures (pcap, pcapng), access logs (.log, .jsonl), HAR files (.har) or calls (.ndjson), one timeline in the given
    /// order; `-` is a capture on standard input.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// What the files are; `auto` goes by the end of their names.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Auto)]
    pub(crate) format: Format,
    /// Threads that decode; the verdicts are the same for any number.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) shards: u16,
    /// Session keys of TLS, as a browser or server writes them to `SSLKEYLOGFILE`.
    #[arg(long, value_name = "FILE")]
    pub(crate) keys: Vec<PathBuf>,
}

impl InputArgs {
    /// Whether a capture on standard input is among the files.
    pub(crate) fn has_stdin(&self) -> bool {
        self.files.iter().any(|path| path == Path::new("-"))
    }
}

/// Arguments of `replay`.
#[derive(Args, Debug)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// Write the verdicts here, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    pub(crate) verdicts: Option<PathBuf>,
    /// Write the calls here, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    pub(crate) calls: Option<PathBuf>,
    /// Write the findings here, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    pub(crate) findings: Option<PathBuf>,
    /// Write counts, losses and speed here, as one JSON object.
    #[arg(long, value_name = "FILE")]
    pub(crate) summary: Option<PathBuf>,
    /// Send the verdicts still in force at the end to the gateways; needs mode = "enforce".
    #[arg(long)]
    pub(crate) deliver: bool,
    /// Print no report.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// Arguments of `backtest`.
#[derive(Args, Debug)]
pub(crate) struct BacktestArgs {
    /// Settings as they are. Ids are made under their key.
    #[arg(long, value_name = "SETTINGS")]
    pub(crate) a: PathBuf,
    /// Settings as they might be.
    #[arg(long, value_name = "SETTINGS")]
    pub(crate) b: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) input: InputArgs,
}

/// Arguments of `decode`.
#[derive(Args, Debug)]
pub(crate) struct DecodeArgs {
    /// Search bodies too: adds the fields `given`, `issued`, `login` and ids in request bodies.
    #[arg(long)]
    pub(crate) bodies: bool,
    /// Session keys of TLS, as a browser or server writes them to `SSLKEYLOGFILE`.
    #[arg(long, value_name = "FILE")]
    pub(crate) keys: Vec<PathBuf>,
    /// Print the TLS flows instead of the calls: names, the look of the client, sizes, times.
    #[arg(long)]
    pub(crate) tls: bool,
    /// What the files are; `auto` goes by the end of their names.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Auto)]
    pub(crate) format: Format,
    /// Read this interface until Ctrl-C instead of files. Needs the right to capture.
    #[arg(short, long, value_name = "NAME", conflicts_with = "files")]
    pub(crate) interface: Option<String>,
    /// Captures (pcap, pcapng), access logs (.log, .jsonl) or HAR files (.har), one timeline in the given order; `-` is a
    /// capture on standard input.
    #[arg(required_unless_present = "interface", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// Arguments of `bench`.
#[derive(Args, Debug)]
pub(crate) struct BenchArgs {
    /// Captures (pcap, pcapng).
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Rounds; each step's fastest counts.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) rounds: u16,
}

/// Arguments of what a person says of a verdict.
#[derive(Args, Debug)]
pub(crate) struct WordArgs {
    /// A verdict's id or its first digits, or a principal as kind:value: then its verdict in force, else its newest.
    #[arg(value_name = "VERDICT-ID|KIND:VALUE")]
    pub(crate) target: String,
    /// Why; kept with who said it and when.
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: String,
}

/// Arguments of `feedback`.
#[derive(Args, Debug)]
pub(crate) struct FeedbackArgs {
    /// Print one JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
    /// At most this many, newest first.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) limit: usize,
}

/// Arguments of `verdicts`.
#[derive(Args, Debug)]
pub(crate) struct VerdictsArgs {
    /// Print one JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
    /// Only those in force.
    #[arg(long)]
    pub(crate) live: bool,
    /// At most this many.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) limit: usize,
}
