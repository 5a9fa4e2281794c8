//! An interface in, calls to the sink, until a signal says stop. Everything is open before rights are dropped.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use model::ApiCall;
use sensor::{
    Sensor,
    capture::{Capture, KernelCounts, LiveConfig, Step},
};

use crate::{
    clock::{self, Stopwatch},
    confine,
    fault::{Exit, Fault},
    feed::fault,
    settings::Settings,
};

/// How far the idle clock stays behind the wall clock: frames may still be on their way through the kernel.
const IDLE_LAG: Duration = Duration::from_millis(200);
/// Lines gathered while traffic flows, and how long at most.
const LINES_BYTES: usize = 64 << 10;
const LINES_FOR: Duration = Duration::from_millis(100);

/// Reads until told to stop. `sink` takes the calls; it is to print once it holds so many bytes.
pub(super) fn read(
    interface: &str,
    settings: &Settings,
    sensor: &mut Sensor,
    sink: &mut impl FnMut(&mut Vec<ApiCall>, usize) -> Result<(), Fault>,
) -> Result<KernelCounts, Fault> {
    let capture = &settings.capture;
    let config = LiveConfig {
        interface: interface.to_owned(),
        filter: capture.filter.clone(),
        snap_bytes: capture.snap_bytes,
        ring_bytes: capture.ring_mib << 20,
        promiscuous: capture.promiscuous,
        fanout: None,
    };
    let mut capture = Capture::live(&config).map_err(|error| fault(&error))?;
    let stop = stop_sign()?;
    confine::reader(settings);
    eprintln!("sidewatch: reading {interface}; Ctrl-C ends it");
    let (mut calls, mut since) = (Vec::with_capacity(64), Stopwatch::start());
    let ended = loop {
        if stop.load(Ordering::Relaxed) {
            break Ok(());
        }
        let idle = match capture.next() {
            Ok(Step::Frame(frame)) => {
                sensor.push(frame, &mut calls);
                false
            }
            Ok(Step::Secrets(_)) => false,
            Ok(Step::Idle) => {
                sensor.tick(clock::now().before(IDLE_LAG), &mut calls);
                true
            }
            Ok(Step::End) => break Ok(()),
            Err(error) => break Err(fault(&error)),
        };
        if idle || !calls.is_empty() {
            let due = idle || since.elapsed() >= LINES_FOR;
            sink(&mut calls, if due { 1 } else { LINES_BYTES })?;
            if due {
                since = Stopwatch::start();
            }
        }
    };
    sensor.finish(&mut calls);
    sink(&mut calls, 0)?;
    let counts = capture.kernel_drops().unwrap_or_default();
    ended.map(|()| counts)
}

/// Set by SIGINT or SIGTERM.
fn stop_sign() -> Result<Arc<AtomicBool>, Fault> {
    let sign = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    let failed =
        |error: std::io::Error| Fault::new(Exit::Io, format!("no signals: {error}; free some memory"));
    let runtime = runtime.map_err(failed)?;
    let told = Arc::clone(&sign);
    let watch = move || {
        runtime.block_on(async {
            use tokio::signal::unix::{SignalKind, signal};
            let (Ok(mut interrupt), Ok(mut terminate)) =
                (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
            else {
                return;
            };
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            told.store(true, Ordering::Relaxed);
        });
    };
    thread::Builder::new().name("signals".to_owned()).spawn(watch).map_err(failed)?;
    Ok(sign)
}
