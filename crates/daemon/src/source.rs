//! Sources of offline work: files in, calls in the one order out. One thread, several shards, or calls that were written
//! before. Never judges.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use model::{ApiCall, ByteFates, Loss, Losses, Pseudonyms};
use pipe::{Bell, Sender, Sequencer};
use sensor::{Sensor, Shard};

use crate::{
    cli::InputArgs,
    fault::{Exit, Fault},
    feed::read_files,
    key_log,
    merge::Merge,
    parts,
    progress::Progress,
    settings::Settings,
    told::{self, Kind},
};

/// Longest line of a file of calls.
const LINE_BYTES_MAX: u64 = 1 << 20;
/// Longest sleep while waiting for the shards.
const WAIT: Duration = Duration::from_millis(10);

/// What was read.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// Frames of all files.
    pub(crate) frames: u64,
    /// Those of them that reached a flow.
    pub(crate) frames_used: u64,
    /// Their captured bytes.
    pub(crate) bytes: u64,
    /// What became of their payload bytes.
    pub(crate) fates: ByteFates,
    /// What the sensors missed.
    pub(crate) losses: Losses,
}

impl Read {
    fn take_in(&mut self, sensor: &Sensor) {
        let counts = sensor.counts();
        self.frames += counts.frames;
        self.frames_used += counts.frames_used;
        self.bytes += counts.bytes;
        self.fates.merge(&counts.fates);
        self.losses.merge(sensor.losses());
    }
}

/// Reads everything, under `settings`; `sink` gets the calls in their order. A broken file is told after all that could
/// be read.
///
/// # Errors
/// What the sink says; files of several kinds, and files that are not there.
pub(crate) fn read(
    args: &InputArgs,
    settings: &Settings,
    names: &Pseudonyms,
    sink: &mut impl FnMut(ApiCall) -> Result<(), Fault>,
) -> Result<(Read, Option<Fault>), Fault> {
    let kind = Kind::common(args.format, &args.files)?;
    if args.has_stdin() && args.shards > 1 {
        let remedy = "use --shards 1";
        return Err(Fault::new(
            Exit::Usage,
            format!("standard input can not be read by several shards; {remedy}"),
        ));
    }
    let progress = Progress::over(&args.files);
    let mut read = Read::default();
    let result = match kind {
        Kind::Calls => calls(&args.files, &progress, &mut read, sink),
        Kind::Capture if args.shards == 1 => inline(args, settings, names, &progress, &mut read, sink),
        Kind::Capture => sharded(args, settings, names, &mut read, sink),
        kind => told(&args.files, kind, settings, names, &progress, &mut read, sink),
    };
    progress.end();
    match result {
        Ok(()) => Ok((read, None)),
        Err(fault) if matches!(fault.exit, Exit::Data) => Ok((read, Some(fault))),
        Err(fault) => Err(fault),
    }
}

/// Decodes and judges on this thread.
fn inline(
    args: &InputArgs,
    settings: &Settings,
    names: &Pseudonyms,
    progress: &Progress,
    read: &mut Read,
    sink: &mut impl FnMut(ApiCall) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let config = parts::sensor(settings, Shard { index: 0, of: 1 }, names);
    let mut sensor = Sensor::new(config, names.clone());
    key_log::learn(&args.keys, &mut sensor)?;
    let mut sequencer = Sequencer::new(1, parts::calls_held(settings));
    let done = read_files(&args.files, &mut sensor, progress, |calls, watermark| {
        for call in calls.drain(..) {
            sequencer.push(0, call);
        }
        sequencer.advance(0, watermark);
        while let Some(call) = sequencer.take() {
            sink(call)?;
        }
        Ok(())
    });
    read.losses.add(Loss::Late, sequencer.late());
    read.take_in(&sensor);
    done
}

/// Decodes on one thread per shard, each reading all files for its own flows, and judges on this one.
fn sharded(
    args: &InputArgs,
    settings: &Settings,
    names: &Pseudonyms,
    read: &mut Read,
    sink: &mut impl FnMut(ApiCall) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let bell = Bell::new();
    let held = parts::calls_held(settings);
    let capacity = (held / usize::from(args.shards)).max(64);
    let (senders, receivers): (Vec<_>, Vec<_>) =
        (0..args.shards).map(|_| pipe::lane_with(capacity, &bell)).unzip();
    thread::scope(|scope| {
        let shards: Vec<_> = (0_u16..)
            .zip(senders)
            .map(|(index, lane)| {
                let config = parts::sensor(settings, Shard { index, of: args.shards }, names);
                let mut sensor = Sensor::new(config, names.clone());
                key_log::learn(&args.keys, &mut sensor)?;
                Ok(scope.spawn(move || shard(&args.files, sensor, lane)))
            })
            .collect::<Result<_, Fault>>()?;
        let mut merge = Merge::new(receivers, held, bell);
        let mut judging = Ok(());
        while judging.is_ok() {
            let over = merge.is_over();
            let moved = merge.gather();
            while let Some(call) = merge.take() {
                judging = judging.and_then(|()| sink(call));
            }
            if over {
                break;
            }
            if !moved {
                merge.wait(WAIT);
            }
        }
        read.losses.add(Loss::Late, merge.late());
        drop(merge);
        let mut reading = Ok(());
        for shard in shards {
            let Ok((sensor, done)) = shard.join() else {
                return Err(Fault::new(Exit::Io, "a shard stopped unexpectedly; please report this capture"));
            };
            read.take_in(&sensor);
            reading = reading.and(done);
        }
        judging.and(reading)
    })
}

fn shard(files: &[PathBuf], mut sensor: Sensor, mut lane: Sender<ApiCall>) -> (Sensor, Result<(), Fault>) {
    let done = read_files(files, &mut sensor, &Progress::silent(), |calls, watermark| {
        for call in calls.drain(..) {
            // The judge has stopped and tells why itself.
            let gone = Fault { exit: Exit::Quiet, lines: Vec::new() };
            lane.put(call).map_err(|pipe::Closed| gone)?;
        }
        lane.advance(watermark);
        Ok(())
    });
    (sensor, done)
}

/// Judges the calls that logs or HAR files tell of.
fn told(
    files: &[PathBuf],
    kind: Kind,
    settings: &Settings,
    names: &Pseudonyms,
    progress: &Progress,
    read: &mut Read,
    sink: &mut impl FnMut(ApiCall) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let found = told::read_files(files, kind, settings, names, progress, sink)?;
    read.bytes += found.bytes;
    read.losses.merge(&found.losses);
    if !found.refused.is_empty() {
        tracing::info!("intake{}", found.reasons().replace(';', ""));
    }
    Ok(())
}

/// Judges calls that were written before; they stand in their order.
fn calls(
    files: &[PathBuf],
    progress: &Progress,
    read: &mut Read,
    sink: &mut impl FnMut(ApiCall) -> Result<(), Fault>,
) -> Result<(), Fault> {
    for path in files {
        progress.begin(path);
        calls_file(path, progress, read, sink)?;
    }
    Ok(())
}

fn calls_file(
    path: &Path,
    progress: &Progress,
    read: &mut Read,
    sink: &mut impl FnMut(ApiCall) -> Result<(), Fault>,
) -> Result<(), Fault> {
    use std::io::Read as _;
    let file = File::open(path).map_err(|error| {
        Fault::new(Exit::NoInput, format!("can not open {}: {error}; check the path", path.display()))
    })?;
    let mut file = BufReader::with_capacity(1 << 18, file);
    let (mut line, mut number) = (Vec::new(), 0_u64);
    loop {
        line.clear();
        let bytes = file.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line).map_err(|error| {
            Fault::new(Exit::Io, format!("can not read {}: {error}; check the disk", path.display()))
        })?;
        if bytes == 0 {
            return Ok(());
        }
        number += 1;
        let call: ApiCall = serde_json::from_slice(&line).map_err(|error| {
            let place = format!("{} line {number}", path.display());
            let remedy = "expected a call as written by `replay --calls`";
            Fault::new(Exit::Data, format!("{place} is not a call ({}); {remedy}", category(&error)))
        })?;
        sink(call)?;
        read.bytes += bytes as u64;
        progress.advance(bytes as u64);
    }
}

/// What kind of mistake it is, without quoting the line.
fn category(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Data => "a field is missing or wrong",
        serde_json::error::Category::Eof => "it is cut off",
        _ => "it is not JSON",
    }
}
