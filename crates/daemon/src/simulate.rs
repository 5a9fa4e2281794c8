//! `sim`: the name of a world and a seed in; labelled traffic as calls, packets and truth out. Nothing of it is real.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use model::{CallWriter, Timestamp};
use sim::{ATTACKS, AttackOrder, Events, PcapWriter, SimConfig, Simulation, WorldName};

use crate::{
    clock::Stopwatch,
    fault::{Exit, Fault},
    keys,
    outputs::Output,
    settings::Settings,
};

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 1 << 20;

/// Arguments of `sim`.
#[derive(Args, Debug)]
pub(crate) struct SimArgs {
    /// World: shop, bank or suite.
    #[arg(long, value_name = "NAME", default_value = "shop")]
    world: WorldName,
    /// Everything follows from it: the same seed and arguments give the same bytes on every machine.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Honest clients at the start; new ones come daily.
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    principals: u32,
    /// Days.
    #[arg(long, value_name = "N", default_value_t = 3)]
    days: u32,
    /// Midnight of the first day.
    #[arg(long, value_name = "TIME", default_value = "2026-01-05T00:00:00Z")]
    start: Timestamp,
    /// Instances of an attack, as KIND=N[,pace=X][,spread=X][,mimicry=X][,from_start]; `all=N` for every kind. May be given
    /// several times.
    #[arg(long = "attack", value_name = "KIND=N")]
    attacks: Vec<String>,
    /// What happens to everybody at once: none, usual, or every kind of event.
    #[arg(long, value_name = "WHICH", default_value = "usual")]
    events: Events,
    /// Mean share of calls that the sensor misses, 0 to 0.9.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    loss: f64,
    /// Factor on the rates of all honest clients.
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    rate: f64,
    /// Stop after so many calls.
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Write the calls here, one JSON object a line; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    calls: Option<PathBuf>,
    /// Write where each call came from here, one JSON object a line, in the order of the calls.
    #[arg(long, value_name = "FILE")]
    origins: Option<PathBuf>,
    /// Write packets here (pcap, HTTP/1.1 over TCP), for the whole path of a sensor.
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,
    /// Write who did what here, as JSON.
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// List the kinds of attacks and end.
    #[arg(long)]
    list: bool,
}

/// Simulates.
pub(crate) fn simulate(args: &SimArgs, settings: &Settings) -> Result<(), Fault> {
    if args.list {
        return list();
    }
    let mut simulation =
        Simulation::new(config(args)?, keys::offline(settings)?).map_err(|error| wrong(&error))?;
    let mut sinks = Sinks::create(args)?;
    if sinks.capture.is_some() {
        simulation.with_bytes();
    }
    let watch = Stopwatch::start();
    let mut calls = 0_u64;
    while args.limit.is_none_or(|limit| calls < limit) {
        let Some((call, origin, bytes)) = simulation.next_with_bytes() else { break };
        calls += 1;
        if let Some((path, file)) = &mut sinks.calls {
            sinks.writer.write(&call, &mut sinks.lines);
            sinks.lines.push(b'\n');
            if sinks.lines.len() >= BUFFER_BYTES {
                flush(file, &mut sinks.lines, path)?;
            }
        }
        sinks.origins.line(&origin)?;
        if let Some((path, capture)) = &mut sinks.capture
            && let Some(bytes) = &bytes
        {
            capture.push(&call, bytes).map_err(|error| Fault::write(&path.display().to_string(), &error))?;
        }
    }
    let taken = watch.elapsed();
    sinks.end(args, &simulation)?;
    tell(calls, &simulation, taken);
    Ok(())
}

/// Where everything goes.
struct Sinks {
    calls: Option<(PathBuf, File)>,
    writer: CallWriter,
    lines: Vec<u8>,
    origins: Output,
    capture: Option<(PathBuf, PcapWriter<BufWriter<File>>)>,
}

impl Sinks {
    fn create(args: &SimArgs) -> Result<Self, Fault> {
        let calls = args.calls.as_deref().map(|path| Ok((path.to_owned(), create(path)?))).transpose()?;
        let capture = args.pcap.as_deref().map(|path| {
            let file = BufWriter::with_capacity(BUFFER_BYTES, create(path)?);
            let capture =
                PcapWriter::new(file).map_err(|error| Fault::write(&path.display().to_string(), &error))?;
            Ok((path.to_owned(), capture))
        });
        let capture = capture.transpose()?;
        let origins = Output::create(args.origins.as_deref())?;
        // Found out before an hour of work.
        args.truth.as_deref().map(create).transpose()?;
        Ok(Self { calls, writer: CallWriter::default(), lines: Vec::new(), origins, capture })
    }

    fn end(mut self, args: &SimArgs, simulation: &Simulation) -> Result<(), Fault> {
        if let Some((path, file)) = &mut self.calls {
            flush(file, &mut self.lines, path)?;
        }
        self.origins.end()?;
        if let Some((path, capture)) = self.capture {
            capture.finish().map_err(|error| Fault::write(&path.display().to_string(), &error))?;
        }
        if args.truth.is_some() {
            let mut truth = Output::create(args.truth.as_deref())?;
            truth.line(&simulation.truth())?;
            truth.end()?;
        }
        Ok(())
    }
}

fn create(path: &Path) -> Result<File, Fault> {
    let target = if path == Path::new("-") { Path::new("/dev/stdout") } else { path };
    File::create(target).map_err(|error| Fault::cannot_create(path, &error))
}

fn flush(file: &mut File, lines: &mut Vec<u8>, path: &Path) -> Result<(), Fault> {
    let written = file.write_all(lines).map_err(|error| Fault::write(&path.display().to_string(), &error));
    lines.clear();
    written
}

fn wrong(error: &sim::ConfigError) -> Fault {
    Fault::new(Exit::Usage, error.to_string())
}

fn config(args: &SimArgs) -> Result<SimConfig, Fault> {
    let mut attacks = Vec::new();
    for text in &args.attacks {
        let order: AttackOrder = text.parse().map_err(|error| wrong(&error))?;
        if order.kind == "all" {
            attacks
                .extend(ATTACKS.iter().map(|kind| AttackOrder { kind: kind.name.into(), ..order.clone() }));
        } else {
            attacks.push(order);
        }
    }
    Ok(SimConfig {
        seed: args.seed,
        world: args.world,
        principals: args.principals,
        days: args.days,
        start: args.start,
        attacks,
        events: args.events,
        loss: args.loss,
        rate: args.rate,
        credentials_kept: if args.truth.is_some() { SimConfig::default().credentials_kept } else { 0 },
    })
}

fn list() -> Result<(), Fault> {
    let mut text = String::new();
    for kind in &ATTACKS {
        let mark = match (kind.is_slow, kind.is_campaign) {
            (true, true) => " [slow, campaign]",
            (true, false) => " [slow]",
            (false, true) => " [campaign]",
            (false, false) => "",
        };
        text.push_str(&format!("{:<24} {}{mark}\n", kind.name, kind.about));
    }
    crate::ask::print(&text)
}

fn tell(calls: u64, simulation: &Simulation, taken: Duration) {
    let truth = simulation.truth();
    let attacking: u64 = truth.attacks.iter().map(|attack| attack.calls).sum();
    let begun = truth.attacks.iter().filter(|attack| attack.calls > 0).count();
    let rate = calls as f64 / taken.as_secs_f64().max(1e-9);
    eprintln!(
        "sidewatch: {calls} calls of {} clients, {begun} attacks with {attacking} calls, {} events; {rate:.0} calls/s",
        truth.actors.len(),
        truth.events.len(),
    );
}
