//! The control socket: one JSON question a line in, one JSON answer a line out. For the owner of the state directory;
//! the kernel says who asks, and that stands in the audit line.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::{
        Arc,
        mpsc::{SyncSender, sync_channel},
    },
    time::Duration,
};

use model::Inventory;
use soclog::Entry;
use store::{Ledger, Word};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
    sync::{Notify, Semaphore},
    time::timeout,
};

use super::{journal::Journal, judge::Order};
use crate::{
    clock,
    desk::{self, Answer, Ask, Kept},
    fault::{Exit, Fault},
};

/// Longest question.
const ASK_BYTES_MAX: u64 = 4_096;
/// Longest wait for a question, and for its answer to be read.
const PATIENCE: Duration = Duration::from_secs(5);
/// Questions answered at a time; more wait.
const GUESTS_MAX: usize = 8;

/// What answering takes.
#[derive(Clone)]
pub(super) struct Control {
    pub(super) ledger: Arc<Ledger>,
    pub(super) journal: Journal,
    pub(super) nudge: Arc<Notify>,
    pub(super) orders: SyncSender<Order>,
}

/// Binds the socket, for its owner only. A socket that a dead daemon left behind is replaced: the ledger's lock has
/// shown that no other one runs here.
pub(super) fn bind(path: &Path) -> Result<UnixListener, Fault> {
    let bound = match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => UnixListener::bind(path),
    };
    let bound = bound.and_then(|listener| {
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        Ok(listener)
    });
    bound.map_err(|error| Fault::cannot_create(path, &error))
}

impl Control {
    /// Answers questions for ever.
    pub(super) async fn serve(self, listener: UnixListener) {
        let guests = Arc::new(Semaphore::new(GUESTS_MAX));
        loop {
            let Ok(seat) = Arc::clone(&guests).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, _)) => {
                    let control = self.clone();
                    tokio::spawn(async move {
                        if let Err(error) = control.attend(stream).await {
                            tracing::debug!(%error, "control_ended");
                        }
                        drop(seat);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "control_not_accepting");
                    tokio::time::sleep(PATIENCE).await;
                }
            }
        }
    }

    async fn attend(self, stream: UnixStream) -> io::Result<()> {
        let actor = format!("operator:{}", stream.peer_cred()?.uid());
        let (read, mut write) = stream.into_split();
        let mut line = String::new();
        let mut read = BufReader::new(read.take(ASK_BYTES_MAX));
        timeout(PATIENCE, read.read_line(&mut line)).await??;
        let answered = tokio::task::spawn_blocking(move || self.answer(&line, &actor)).await;
        let answer = answered
            .unwrap_or_else(|_| Fault::new(Exit::Io, "the daemon failed; see its diagnostics").into());
        let mut text = serde_json::to_vec(&answer)?;
        text.push(b'\n');
        timeout(PATIENCE, write.write_all(&text)).await??;
        Ok(())
    }

    fn answer(&self, line: &str, actor: &str) -> Answer {
        let now = clock::now();
        let verdicts = match serde_json::from_str(line) {
            Ok(Ask::Verdicts { live, limit }) => desk::verdicts(&self.ledger, live, limit, now),
            Ok(Ask::Explain { verdict }) => desk::explain(&self.ledger, &verdict, now).map(|kept| vec![kept]),
            Ok(Ask::Say { word, target, why }) => self.say((word, &target, &why), actor),
            Ok(Ask::Said { limit }) => {
                let said = desk::said(&self.ledger, limit);
                return said.map_or_else(Answer::from, |said| Answer::Said { said });
            }
            Ok(Ask::Inventory) => {
                let told = self.inventory().map(Box::new);
                return told.map_or_else(Answer::from, |inventory| Answer::Inventory { inventory });
            }
            Err(_) => {
                Err(Fault::new(Exit::Usage, "unknown question; use a sidewatch of the daemon's version"))
            }
        };
        verdicts.map_or_else(Answer::from, |verdicts| Answer::Verdicts { verdicts })
    }

    /// Asks the judge, who answers between two batches of calls.
    fn inventory(&self) -> Result<Inventory, Fault> {
        let (reply, told) = sync_channel(1);
        let busy = || Fault::new(Exit::Unavailable, "the judge is busy; ask again");
        self.orders.try_send(Order::Inventory(reply)).map_err(|_| busy())?;
        told.recv_timeout(PATIENCE).map_err(|_| busy())
    }

    fn say(&self, (word, target, why): (Word, &str, &str), actor: &str) -> Result<Vec<Kept>, Fault> {
        let now = clock::now();
        let heard = desk::say(&self.ledger, (word, target, why), now, actor)?;
        for said in &heard.said {
            if self.orders.try_send(Order::Feedback(word, said.principal.id)).is_err() {
                tracing::warn!(verdict = %said.verdict, "feedback_late: the judge is busy; it heeds this at its next start");
            }
            let act = if word == Word::Pardoned { "unblock" } else { word.name() };
            let reason = if said.why.is_empty() { String::new() } else { format!(": {}", said.why) };
            let detail = format!("{}{reason}", said.principal);
            self.journal.audit(now, actor, act, &said.verdict.to_string(), &detail);
        }
        heard.withdrawn.deliveries.iter().for_each(|delivery| self.journal.append(Entry::Delivery(delivery)));
        self.nudge.notify_one();
        heard.said.iter().map(|said| desk::explain(&self.ledger, &said.verdict.to_string(), now)).collect()
    }
}
