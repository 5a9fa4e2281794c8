//! `bench`: capture files in, the cost of each step over them out. Measures this machine with the code that `decode` and
//! `replay` run; writes nothing and judges nobody.

use std::time::Duration;

use engine::Engine;
use model::Timestamp;
use sensor::{
    Sensor, Shard,
    capture::{Capture, Step},
};

use crate::{
    ask,
    cli::BenchArgs,
    clock::Stopwatch,
    fault::Fault,
    feed::{fault, read_files},
    keys, parts,
    progress::Progress,
    settings::Settings,
};

/// The steps, each on top of the one before, but for `print`, which leaves bodies alone as `decode` does.
const STEPS: [&str; 5] = ["read", "decode", "print", "bodies", "judge"];
/// Bytes of lines gathered before they are thrown away.
const LINES_BYTES: usize = 1 << 20;

/// What one run of a step came to.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    spent: Duration,
    frames: u64,
    calls: u64,
}

/// Measures every step over the files, in interleaved rounds, and prints the fastest of each.
pub(crate) fn bench(args: &BenchArgs, settings: &Settings) -> Result<(), Fault> {
    let mut best = [Run { spent: Duration::MAX, ..Run::default() }; STEPS.len()];
    for _ in 0..args.rounds {
        for (step, best) in STEPS.iter().zip(&mut best) {
            let run = if *step == "read" { read(args)? } else { measure(step, args, settings)? };
            if run.spent < best.spent {
                *best = run;
            }
        }
    }
    let floor = best[0].spent.as_secs_f64();
    let mut page = format!(
        "{:8}{:>9}{:>13}{:>12}{:>10}{:>8}\n",
        "step", "seconds", "frames/s", "calls/s", "ns/call", "x read"
    );
    for (step, run) in STEPS.iter().zip(best) {
        page.push_str(&line(step, run, floor));
    }
    ask::print(&page)
}

#[expect(clippy::cast_precision_loss, reason = "counts for a person to read")]
fn line(step: &str, run: Run, floor: f64) -> String {
    let seconds = run.spent.as_secs_f64().max(1e-9);
    let (frames, calls) = (run.frames as f64 / seconds, run.calls as f64 / seconds);
    let each = if run.calls == 0 { 0.0 } else { seconds * 1e9 / run.calls as f64 };
    format!(
        "{step:8}{seconds:>9.3}{frames:>13.0}{calls:>12.0}{each:>10.0}{:>8.2}\n",
        seconds / floor.max(1e-9)
    )
}

/// Reads the frames and nothing more.
fn read(args: &BenchArgs) -> Result<Run, Fault> {
    let watch = Stopwatch::start();
    let mut frames = 0;
    for path in &args.files {
        let mut capture = Capture::file(path).map_err(|error| fault(&error))?;
        loop {
            match capture.next().map_err(|error| fault(&error))? {
                Step::Frame(_) => frames += 1,
                Step::Idle | Step::Secrets(_) => {}
                Step::End => break,
            }
        }
    }
    Ok(Run { spent: watch.elapsed(), frames, calls: 0 })
}

fn measure(step: &str, args: &BenchArgs, settings: &Settings) -> Result<Run, Fault> {
    let names = keys::offline(settings)?;
    let mut config = parts::sensor(settings, Shard::WHOLE, &names);
    config.http.inspect_bodies = matches!(step, "bodies" | "judge");
    let mut sensor = Sensor::new(config, names.clone());
    let mut engine = Engine::new(parts::engine(settings), names);
    let (mut lines, mut judgements) = (Vec::with_capacity(LINES_BYTES * 2), Vec::new());
    let mut clock = Timestamp::ZERO;
    let watch = Stopwatch::start();
    read_files(&args.files, &mut sensor, &Progress::silent(), |calls, _| {
        for call in calls.drain(..) {
            match step {
                "print" => {
                    let written = serde_json::to_writer(&mut lines, &call).map_err(std::io::Error::from);
                    written.map_err(|error| Fault::write("memory", &error))?;
                }
                "judge" => {
                    if call.ended_at.as_secs() > clock.as_secs() {
                        clock = call.ended_at;
                        engine.tick(clock, &mut judgements);
                    }
                    engine.observe(&call, &mut judgements);
                    judgements.clear();
                }
                _ => {}
            }
        }
        if lines.len() >= LINES_BYTES {
            std::hint::black_box(&lines);
            lines.clear();
        }
        Ok(())
    })?;
    let counts = sensor.counts();
    Ok(Run { spent: watch.elapsed(), frames: counts.frames, calls: counts.calls })
}
