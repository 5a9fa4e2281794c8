//! What is asked of `eval`: the command line in, worlds, seeds, attacks and variants out; checked once.

use std::{ops::Range, path::PathBuf, str::FromStr as _, time::Duration};

use clap::Args;
use engine::EngineConfig;
use eval::HELD_OUT;
use sim::{ATTACKS, WorldName};

use crate::fault::{Exit, Fault};

/// Arguments of `eval`.
#[derive(Args, Debug)]
pub(crate) struct EvalArgs {
    /// World to simulate: shop, bank or suite; all of them when none is named.
    #[arg(long = "world", value_name = "NAME")]
    pub(crate) worlds: Vec<String>,
    /// Seeds, first..last. 1 to 99 are for tuning, 100 to 199 for the gate, 1000 and above for releases only.
    #[arg(long, value_name = "A..B", default_value = "101..101")]
    pub(crate) seeds: String,
    /// Honest clients at the start of each world.
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    pub(crate) principals: u32,
    /// Days of each world.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) days: u32,
    /// Kinds of attacks: all, none, or names joined by commas.
    #[arg(long, value_name = "KINDS", default_value = "all")]
    pub(crate) attacks: String,
    /// Instances of each kind in each world.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) instances: u32,
    /// Run the kinds that nobody tunes on, too. Look at their results only when the detectors are final.
    #[arg(long)]
    pub(crate) held_out: bool,
    /// Accepted false blocks per million client-days; each is a run of its own.
    #[arg(long = "budget", value_name = "N", default_values_t = [2.0])]
    pub(crate) budgets: Vec<f64>,
    /// Seconds from a verdict to its enforcement.
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0)]
    pub(crate) delay: f64,
    /// Share of calls that the sensor misses, each by chance. What happens is the same as without.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub(crate) loss: f64,
    /// Run rules of others on the same calls.
    #[arg(long)]
    pub(crate) baselines: bool,
    /// Run the first seed without each of the engine's parts, and under loss.
    #[arg(long)]
    pub(crate) variants: bool,
    /// Run the first seed again, out of order, and across restarts, and compare the verdicts.
    #[arg(long)]
    pub(crate) stability: bool,
    /// Threads; one per core by default.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
    /// Small worlds that show a step back within a minute or two; sets worlds, seeds, clients, days and instances.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Compare with the limits in this file and fail where they are not kept.
    #[arg(long, value_name = "FILE")]
    pub(crate) gate: Option<PathBuf>,
    /// Folder for eval.json and eval.html.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
    /// Take the figures from an earlier eval.json instead of running.
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    /// Write the figures into this page of the documentation, between its two marks.
    #[arg(long, value_name = "FILE")]
    pub(crate) page: Option<PathBuf>,
}

/// What to run.
pub(crate) struct Cut {
    pub(crate) worlds: Vec<WorldName>,
    pub(crate) seeds: Range<u64>,
    pub(crate) principals: u32,
    pub(crate) days: u32,
    pub(crate) kinds: Vec<&'static str>,
    pub(crate) instances: u32,
    pub(crate) held_out: bool,
    pub(crate) budgets: Vec<f64>,
    pub(crate) delay: Duration,
    pub(crate) loss: f64,
    pub(crate) baselines: bool,
    pub(crate) variants: Vec<&'static Change>,
    pub(crate) stability: bool,
    pub(crate) threads: usize,
}

/// One change to the engine or to what it sees.
pub(crate) struct Change {
    pub(crate) name: &'static str,
    pub(crate) engine: fn(&mut EngineConfig),
    /// Share of calls missed.
    pub(crate) loss: f64,
}

/// Parts taken away, and losses, in the order of the report.
static CHANGES: [Change; 8] = [
    Change {
        name: "without ownership",
        engine: |config| {
            config.disabled.insert("foreign_owner".into());
        },
        loss: 0.0,
    },
    Change { name: "without common causes", engine: |config| config.without.common_causes = true, loss: 0.0 },
    Change { name: "without cohorts", engine: |config| config.without.cohorts = true, loss: 0.0 },
    Change { name: "without comparison with peers", engine: |config| config.without.peers = true, loss: 0.0 },
    Change {
        name: "without gated learning",
        engine: |config| config.without.gated_learning = true,
        loss: 0.0,
    },
    Change { name: "1 % of calls missed", engine: |_| {}, loss: 0.01 },
    Change { name: "5 % of calls missed", engine: |_| {}, loss: 0.05 },
    Change { name: "30 % of calls missed", engine: |_| {}, loss: 0.3 },
];

impl Cut {
    /// # Errors
    /// Names the first argument that makes no sense.
    pub(crate) fn of(args: &EvalArgs) -> Result<Self, Fault> {
        let mut worlds = Vec::new();
        for name in &args.worlds {
            worlds.push(WorldName::from_str(name).map_err(|error| wrong("--world", &error.to_string()))?);
        }
        if worlds.is_empty() {
            worlds.extend(WorldName::ALL);
        }
        let budgets = args.budgets.clone();
        if budgets.iter().any(|budget| !(*budget > 0.0 && *budget <= 1e6)) {
            return Err(wrong("--budget", "say more than 0 and at most 1000000"));
        }
        let delay = Duration::try_from_secs_f64(args.delay)
            .map_err(|_| wrong("--delay", "say seconds, such as 5 or 0.5"))?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut cut = Self {
            worlds,
            seeds: seeds(&args.seeds)?,
            principals: args.principals,
            days: args.days,
            kinds: kinds(&args.attacks, args.held_out)?,
            instances: args.instances,
            held_out: args.held_out,
            budgets,
            delay,
            loss: args.loss,
            baselines: args.baselines,
            variants: if args.variants { CHANGES.iter().collect() } else { Vec::new() },
            stability: args.stability,
            threads: args.threads.map_or(cores, usize::from),
        };
        if args.quick {
            (cut.seeds, cut.principals, cut.days, cut.instances) = (109..111, 800, 10, 1);
        }
        Ok(cut)
    }
}

fn seeds(text: &str) -> Result<Range<u64>, Fault> {
    let refuse = || wrong("--seeds", "say first..last, such as 101..104");
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let first: u64 = first.parse().map_err(|_| refuse())?;
    let last: u64 = last.trim_start_matches('=').parse().map_err(|_| refuse())?;
    if last < first || last - first >= 10_000 { Err(refuse()) } else { Ok(first..last + 1) }
}

/// The kinds asked for. A held-out kind runs only when it is asked for by both its name, or `all`, and `--held-out`.
fn kinds(text: &str, held_out: bool) -> Result<Vec<&'static str>, Fault> {
    let all = || ATTACKS.iter().map(|kind| kind.name);
    let mut wanted: Vec<&'static str> = match text {
        "none" => Vec::new(),
        "all" => all().collect(),
        names => {
            let mut wanted = Vec::new();
            for name in names.split(',') {
                let known = all().find(|known| *known == name);
                wanted.push(known.ok_or_else(|| wrong("--attacks", &format!("no kind {name:?}")))?);
            }
            wanted
        }
    };
    wanted.retain(|kind| held_out || !HELD_OUT.contains(kind));
    Ok(wanted)
}

fn wrong(argument: &str, remedy: &str) -> Fault {
    Fault::new(Exit::Usage, format!("{argument} makes no sense; {remedy}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_named_by_first_and_last() {
        assert_eq!(seeds("101..104").expect("range"), 101..105);
        assert_eq!(seeds("7").expect("one"), 7..8);
        assert!(seeds("4..1").is_err() && seeds("x").is_err() && seeds("1..99999").is_err());
    }

    #[test]
    fn held_out_kinds_are_left_out() {
        let tuned = kinds("all", false).expect("all");
        assert_eq!(tuned.len() + HELD_OUT.len(), kinds("all", true).expect("all").len());
        assert_eq!(kinds("decoy_hit,cookie_fork", false).expect("both exist"), ["decoy_hit"]);
        assert!(kinds("nonsense", false).is_err());
    }

    #[test]
    fn every_kind_says_what_explains_it() {
        let silent: Vec<_> = ATTACKS.iter().filter(|kind| eval::explains(kind.name).is_none()).collect();
        assert!(silent.is_empty(), "{silent:?}");
    }
}
