//! `run`: an interface and settings in; captures, judge, scribe, dispatcher and control socket up, until a signal says
//! stop. Everything that can fail at the start fails before the first frame is read.

mod board;
mod control;
mod follow;
mod intake;
mod journal;
mod judge;
mod keys;
mod scribe;
mod shard;
mod upkeep;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
};

use board::Board;
use journal::Journal;
use judge::{JudgeRoom, Keeping};
use model::Pseudonyms;
use pipe::Bell;
use scribe::Scribe;
use sensor::{
    Shard,
    capture::{Capture, CaptureError, LiveConfig},
};
use shard::CaptureShard;
use soclog::SocLog;
use store::Ledger;
use tokio::sync::Notify;

use crate::{
    cli::RunArgs,
    clock, confine,
    enforcement::Enforcement,
    fault::{Exit, Fault},
    feed, harden, keys as pseudonym_key,
    learning::Learning,
    ledger,
    merge::Merge,
    parts,
    provenance::Provenance,
    settings::Settings,
};

/// Judgements on their way to the scribe.
const JUDGEMENTS_MAX: usize = 1_024;
/// Orders of people on their way to the judge.
const ORDERS_MAX: usize = 1_024;

/// Watches until told to stop.
pub(crate) fn run(args: &RunArgs, settings: Settings) -> Result<(), Fault> {
    harden::no_core_dumps();
    let mut settings = settings;
    settings.capture.interface = args.interface.clone().or(settings.capture.interface);
    settings.capture.filter = args.filter.clone().or(settings.capture.filter);
    let house = House::open(Arc::new(settings))?;
    confine::process(&house.settings)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Fault::new(Exit::Io, format!("no runtime: {error}; free some memory")))?;
    runtime.block_on(house.live())
}

/// Everything that is open before the first frame is read.
struct House {
    settings: Arc<Settings>,
    enforcement: Arc<Enforcement>,
    names: Pseudonyms,
    captures: Vec<Capture>,
    doors: intake::Doors,
    ledger: Arc<Ledger>,
    journal: Journal,
}

impl House {
    fn open(settings: Arc<Settings>) -> Result<Self, Fault> {
        let enforcement = Arc::new(Enforcement::of(&settings));
        let doors = intake::Doors::open(&settings)?;
        let captures = if settings.capture.interface.is_none() && !doors.is_empty() {
            Vec::new()
        } else {
            captures(&settings)?
        };
        let state = settings.state_directory();
        ledger::state_directory(&state)?;
        let names = pseudonym_key::live(&settings, &state)?;
        let ledger = Arc::new(ledger::open(&settings)?);
        let path = settings.soclog_path();
        let log = SocLog::open(&path).map_err(|error| Fault::cannot_create(&path, &error))?;
        let journal = Journal::new(log, Provenance::of(&settings, &names));
        Ok(Self { settings, enforcement, names, captures, doors, ledger, journal })
    }

    /// Starts the threads, attends to them, and stops them.
    async fn live(self) -> Result<(), Fault> {
        let (settings, nudge) = (Arc::clone(&self.settings), Arc::new(Notify::new()));
        let control_path = settings.control_path();
        let listener = control::bind(&control_path)?;
        let mut upkeep = upkeep::Upkeep::start(&self, &nudge)?;
        let mut crew = Crew::start(self, &nudge)?;
        let guests = tokio::spawn(crew.control.clone().serve(listener));
        let ended = upkeep.attend(&mut crew).await;
        guests.abort();
        // The control socket's file goes first: from here on commands open the ledger themselves.
        let _ = std::fs::remove_file(&control_path);
        let held = crew.stop().await;
        upkeep.end(&crew.board).await;
        ended?;
        match held {
            0 => Ok(()),
            n => {
                let line = format!("{n} verdicts could not be written to the ledger; free disk space");
                Err(Fault::new(Exit::Io, line))
            }
        }
    }
}

/// The running threads.
pub(crate) struct Crew {
    board: Arc<Board>,
    control: control::Control,
    stop: Arc<AtomicBool>,
    shards: Vec<JoinHandle<()>>,
    failures: tokio::sync::mpsc::Receiver<CaptureError>,
    judge: Option<JoinHandle<()>>,
    scribe: Option<JoinHandle<usize>>,
}

impl Crew {
    fn start(house: House, nudge: &Arc<Notify>) -> Result<Self, Fault> {
        let House { settings, enforcement, names, captures, doors, ledger, journal } = house;
        let (told_ledger, told_enforcement) = (Arc::clone(&ledger), Arc::clone(&enforcement));
        let board = Arc::new(Board::new(settings.capture.shards));
        let stop = Arc::new(AtomicBool::new(false));
        let (learning, engine) = learnt(&settings, &names, &ledger)?;
        let learning = Keeping::new(learning, journal.clone());
        let (out, judgements) = mpsc::sync_channel(JUDGEMENTS_MAX);
        let (orders, ordered) = mpsc::sync_channel(ORDERS_MAX);
        let control = control::Control {
            ledger: Arc::clone(&ledger),
            journal: journal.clone(),
            nudge: Arc::clone(nudge),
            orders,
        };
        let scribe = Scribe {
            judgements,
            ledger,
            journal,
            enforcement,
            settings: Arc::clone(&settings),
            nudge: Arc::clone(nudge),
            board: Arc::clone(&board),
        };
        let scribe = spawn("scribe", move || scribe.run())?;
        let bell = Bell::new();
        let held = parts::calls_held(&settings);
        let of = settings.capture.shards;
        let (failed, failures) = tokio::sync::mpsc::channel(usize::from(of));
        let (rings, mut shards) = keys::start(&settings.tls.key_logs, of, &stop)?;
        let mut lanes = Vec::new();
        for ((index, capture), keys) in (0..of).zip(captures).zip(rings) {
            let (lane, receiver) = pipe::lane_with((held / usize::from(of)).max(64), &bell);
            lanes.push(receiver);
            let config = parts::live_sensor(&settings, Shard { index, of }, &names);
            let (names, board, stop) = (names.clone(), Arc::clone(&board), Arc::clone(&stop));
            let rules = Arc::clone(&settings);
            let shard = CaptureShard { capture, config, keys, index, names, lane, board, stop };
            let failed = failed.clone();
            shards.push(spawn(&format!("shard-{index}"), move || {
                confine::reader(&rules);
                if let Err(error) = shard.run() {
                    let _ = failed.try_send(error);
                }
            })?);
        }
        if !doors.is_empty() {
            let (lane, receiver) = pipe::lane_with((held / 2).max(64), &bell);
            lanes.push(receiver);
            let staff = intake::Staff {
                settings: &settings,
                names: &names,
                ledger: &told_ledger,
                enforcement: &told_enforcement,
                board: &board,
                stop: &stop,
            };
            shards.extend(intake::start(doors, &staff, lane)?);
        }
        let merge = Merge::new(lanes, held, bell);
        let judge = JudgeRoom { engine, learning, merge, out, orders: ordered, board: Arc::clone(&board) };
        let judge = spawn("judge", move || judge.run())?;
        Ok(Self { board, control, stop, shards, failures, judge: Some(judge), scribe: Some(scribe) })
    }

    /// Stops the captures, lets judge and scribe finish what is on its way, and says how many verdicts could not be
    /// written.
    async fn stop(&mut self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        let (shards, judge, scribe) =
            (std::mem::take(&mut self.shards), self.judge.take(), self.scribe.take());
        let drained = tokio::task::spawn_blocking(move || {
            for thread in shards.into_iter().chain(judge) {
                let _ = thread.join();
            }
            scribe.and_then(|scribe| scribe.join().ok()).unwrap_or(0)
        });
        drained.await.unwrap_or(0)
    }
}

/// The engine as the last run has left it, with the verdicts that still hold.
fn learnt(
    settings: &Settings,
    names: &Pseudonyms,
    ledger: &Ledger,
) -> Result<(Learning, engine::Engine), Fault> {
    let (learning, mut engine) = Learning::open(settings, names);
    engine.resume(&ledger.live(clock::now()).map_err(|error| ledger::fault(&error))?);
    // What people said since the snapshot was taken is not in it.
    for said in ledger.said_since(learning.kept_at()).map_err(|error| ledger::fault(&error))? {
        judge::heed(&mut engine, said.word, said.principal.id, said.at);
    }
    Ok((learning, engine))
}

/// Opens one capture per shard, all in one fanout group.
fn captures(settings: &Settings) -> Result<Vec<Capture>, Fault> {
    let capture = &settings.capture;
    let Some(interface) = &capture.interface else {
        let remedy = "name the mirror port with -i, or set capture.interface";
        return Err(Fault::new(Exit::Usage, format!("no interface; {remedy}")));
    };
    #[expect(clippy::cast_possible_truncation, reason = "any 16 bits that differ between processes will do")]
    let group = std::process::id() as u16;
    let live = LiveConfig {
        interface: interface.clone(),
        filter: capture.filter.clone(),
        snap_bytes: capture.snap_bytes,
        ring_bytes: capture.ring_mib << 20,
        promiscuous: capture.promiscuous,
        fanout: (capture.shards > 1).then_some(group),
    };
    let open = |_| Capture::live(&live).map_err(|error| feed::fault(&error));
    (0..capture.shards).map(open).collect()
}

fn spawn<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, Fault> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(body);
    thread.map_err(|error| {
        Fault::new(Exit::Io, format!("can not start thread {name}: {error}; free some memory"))
    })
}
