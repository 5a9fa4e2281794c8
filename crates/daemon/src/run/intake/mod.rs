//! Intakes: access logs and gateways' reports in, calls into a lane of their own out. What can not be taken is counted or
//! answered with "later"; nothing is dropped in silence.

mod listener;
mod room;
mod tail;

use std::{
    fs,
    net::TcpListener,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread::JoinHandle,
};

use intake::Record;
use model::{ApiCall, Digest, Loss, Losses, Pseudonyms};
use pipe::Sender;
use sensor::{Attestor, Shard};
use store::Ledger;

use super::{board::Board, spawn};
use crate::{
    enforcement::Enforcement,
    fault::{Exit, Fault},
    parts,
    settings::{Intake, Settings},
};

/// Bytes of reports on their way to the room; one larger report is let in when there is none.
const QUEUE_BYTES_MAX: usize = 16 << 20;
/// And so many reports.
const QUEUE_POSTS_MAX: usize = 4_096;

/// What stands open for intakes before rights are dropped.
#[derive(Debug, Default)]
pub(super) struct Doors {
    listeners: Vec<(Intake, TcpListener, Digest)>,
    logs: Vec<Intake>,
}

impl Doors {
    /// Binds the listeners and reads their secrets.
    pub(super) fn open(settings: &Settings) -> Result<Self, Fault> {
        let mut doors = Self::default();
        for intake in &settings.intake {
            let (Some(address), Some(secret)) = (&intake.listen, &intake.secret_file) else {
                doors.logs.push(intake.clone());
                continue;
            };
            let text = fs::read_to_string(secret).map_err(|error| {
                let remedy = "write the secret there, readable for us only";
                let place = format!("intake {}: can not read {}", intake.name, secret.display());
                Fault::new(Exit::NoInput, format!("{place}: {error}; {remedy}"))
            })?;
            let text = text.trim();
            if text.len() < 16 {
                let place = format!("intake {}: the secret in {}", intake.name, secret.display());
                return Err(Fault::new(Exit::Usage, format!("{place} is too short; use 16 bytes or more")));
            }
            let bound = TcpListener::bind(address.as_str()).and_then(|listener| {
                listener.set_nonblocking(true)?;
                Ok(listener)
            });
            let listener = bound.map_err(|error| {
                let remedy = "free the address or set another `listen`";
                Fault::new(Exit::Unavailable, format!("intake {}: {address}: {error}; {remedy}", intake.name))
            })?;
            doors.listeners.push((intake.clone(), listener, Digest::of(text.as_bytes())));
        }
        Ok(doors)
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.listeners.is_empty() && self.logs.is_empty()
    }
}

/// What the intakes' threads share.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    queue: mpsc::SyncSender<Post>,
    held: Arc<AtomicUsize>,
    counted: Arc<Mutex<Losses>>,
    stop: Arc<AtomicBool>,
}

/// Records that came together.
#[derive(Debug)]
struct Post {
    records: Vec<Record>,
    trusted: bool,
    bytes: usize,
}

impl Gate {
    /// Takes records in if there is room for `bytes` more; gives them back if not.
    fn admit(&self, records: Vec<Record>, trusted: bool, bytes: usize) -> Result<(), Vec<Record>> {
        let before = self.held.fetch_add(bytes, Ordering::AcqRel);
        if before > 0 && before.saturating_add(bytes) > QUEUE_BYTES_MAX {
            self.held.fetch_sub(bytes, Ordering::AcqRel);
            return Err(records);
        }
        self.queue.try_send(Post { records, trusted, bytes }).map_err(|refused| {
            self.held.fetch_sub(bytes, Ordering::AcqRel);
            match refused {
                mpsc::TrySendError::Full(post) | mpsc::TrySendError::Disconnected(post) => post.records,
            }
        })
    }

    fn count(&self, loss: Loss, n: u64) {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).add(loss, n);
    }

    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// What starting the intakes takes.
pub(super) struct Staff<'a> {
    pub(super) settings: &'a Settings,
    pub(super) names: &'a Pseudonyms,
    pub(super) ledger: &'a Arc<Ledger>,
    pub(super) enforcement: &'a Enforcement,
    pub(super) board: &'a Arc<Board>,
    pub(super) stop: &'a Arc<AtomicBool>,
}

/// Starts a thread for the room, one per log, and one for all listeners.
pub(super) fn start(
    doors: Doors,
    staff: &Staff<'_>,
    lane: Sender<ApiCall>,
) -> Result<Vec<JoinHandle<()>>, Fault> {
    let (queue, posts) = mpsc::sync_channel(QUEUE_POSTS_MAX);
    let gate = Gate { queue, held: Arc::default(), counted: Arc::default(), stop: Arc::clone(staff.stop) };
    let config = parts::sensor(staff.settings, Shard { index: 0, of: 1 }, staff.names).http;
    let attestor = || Attestor::new(config.clone(), staff.names.clone());
    let room = room::Room {
        posts,
        lane,
        attestor: attestor(),
        held: Arc::clone(&gate.held),
        counted: Arc::clone(&gate.counted),
        board: Arc::clone(staff.board),
        row: staff.settings.capture.shards,
    };
    let mut threads = vec![spawn("intake", move || room.run())?];
    for log in doors.logs {
        let gate = gate.clone();
        threads.push(spawn("intake-log", move || tail::follow(&log, &gate))?);
    }
    if !doors.listeners.is_empty() {
        let watch = staff.enforcement.warrant().map(|_| listener::Watch {
            ledger: Arc::clone(staff.ledger),
            attestor: attestor(),
            names: staff.names.clone(),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime
            .map_err(|error| Fault::new(Exit::Io, format!("no runtime: {error}; free some memory")))?;
        let net = listener::Net::new(doors.listeners, gate, watch);
        threads.push(spawn("intake-net", move || runtime.block_on(net.serve()))?);
    }
    Ok(threads)
}
