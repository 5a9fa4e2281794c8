//! `decode`: capture files or an interface in, API calls as JSON lines on standard output, losses on standard error. No judging.

mod live;

use std::io::{Write, stdout};

use model::{ApiCall, CallWriter, Loss, Losses, Pseudonyms};
use sensor::{Sensor, Shard, capture::KernelCounts};

use crate::{
    cli::DecodeArgs,
    fault::{Exit, Fault},
    feed::read_files,
    key_log, keys, parts,
    progress::Progress,
    settings::Settings,
    told::{self, Kind},
};

/// Bytes gathered before they are written: few enough to stay in the caches of a core until then.
const BUFFER_BYTES: usize = 256 << 10;

/// Prints the calls of the files.
pub(crate) fn decode(args: &DecodeArgs, settings: &Settings) -> Result<(), Fault> {
    let names = keys::offline(settings)?;
    match Kind::common(args.format, &args.files)? {
        Kind::Capture => {}
        Kind::Calls => {
            let remedy = "give captures, logs or HAR files";
            return Err(Fault::new(Exit::Usage, format!("calls are decoded already; {remedy}")));
        }
        kind => return decode_told(args, kind, settings, &names),
    }
    let mut config = parts::sensor(settings, Shard { index: 0, of: 1 }, &names);
    config.http.inspect_bodies = args.bodies;
    config.tls.list_flows = args.tls;
    let mut sensor = Sensor::new(config, names);
    key_log::learn(&args.keys, &mut sensor)?;
    let mut out = stdout().lock();
    let mut lines = Vec::with_capacity(BUFFER_BYTES + BUFFER_BYTES / 4);
    let mut writer = CallWriter::default();
    let mut sink = |calls: &mut Vec<ApiCall>, most: usize| {
        for call in calls.iter().filter(|_| !args.tls) {
            writer.write(call, &mut lines);
            lines.push(b'\n');
        }
        calls.clear();
        if lines.len() >= most { print(&mut out, &mut lines) } else { Ok(()) }
    };
    let mut kernel = KernelCounts::default();
    let read = if let Some(interface) = &args.interface {
        live::read(interface, settings, &mut sensor, &mut sink).map(|counts| kernel = counts)
    } else {
        let progress = Progress::over(&args.files);
        let read = read_files(&args.files, &mut sensor, &progress, |calls, _| sink(calls, BUFFER_BYTES));
        progress.end();
        read
    };
    for flow in sensor.take_tls_flows() {
        serde_json::to_writer(&mut lines, &flow)
            .map_err(|error| Fault::write("standard output", &error.into()))?;
        lines.push(b'\n');
    }
    let flushed = print(&mut out, &mut lines);
    let done = read.and(flushed);
    if done.as_ref().is_err_and(|fault| fault.exit == Exit::Quiet) {
        return done;
    }
    let (counts, mut losses) = (sensor.counts(), sensor.losses().clone());
    losses.set(Loss::KernelDrop, kernel.kernel_drop);
    losses.set(Loss::InterfaceDrop, kernel.interface_drop);
    eprintln!(
        "sidewatch: {} frames, {} calls, {} of them incomplete{}",
        counts.frames,
        counts.calls,
        counts.incomplete_calls,
        missed(&losses)
    );
    done
}

/// Prints the calls that logs or HAR files tell of.
fn decode_told(args: &DecodeArgs, kind: Kind, settings: &Settings, names: &Pseudonyms) -> Result<(), Fault> {
    let mut settings = settings.clone();
    settings.sensor.inspect_bodies = args.bodies;
    let mut out = stdout().lock();
    let mut lines = Vec::with_capacity(BUFFER_BYTES + BUFFER_BYTES / 4);
    let (mut writer, mut calls, mut incomplete) = (CallWriter::default(), 0_u64, 0_u64);
    let progress = Progress::over(&args.files);
    let read = told::read_files(&args.files, kind, &settings, names, &progress, |call| {
        calls += 1;
        incomplete += u64::from(!call.complete);
        writer.write(&call, &mut lines);
        lines.push(b'\n');
        if lines.len() >= BUFFER_BYTES { print(&mut out, &mut lines) } else { Ok(()) }
    });
    progress.end();
    print(&mut out, &mut lines)?;
    let read = read?;
    let (missed, reasons) = (missed(&read.losses), read.reasons());
    eprintln!("sidewatch: {calls} calls, {incomplete} of them incomplete{missed}{reasons}");
    Ok(())
}

/// Writes the gathered lines and forgets them.
fn print(out: &mut impl Write, lines: &mut Vec<u8>) -> Result<(), Fault> {
    let written = out.write_all(lines).and_then(|()| out.flush());
    lines.clear();
    written.map_err(|error| Fault::write("standard output", &error))
}

/// The losses as a clause, empty when there are none.
pub(crate) fn missed(losses: &Losses) -> String {
    let named: Vec<_> = losses.nonzero().map(|(loss, n)| format!("{} {n}", loss.name())).collect();
    if named.is_empty() { String::new() } else { format!("; losses: {}", named.join(", ")) }
}
