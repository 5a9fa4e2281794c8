//! Upkeep: signals, reports of the dispatcher and the passing of time in; SOC log lines, reopening and the order to stop
//! out. Never on the data path.

use std::{future::pending, sync::Arc, time::Duration};

use connect::{DispatcherHandle, Report};
use model::{Loss, Mode};
use soclog::Entry;
use store::Ledger;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::{Notify, mpsc},
    time::{MissedTickBehavior, interval},
};

use super::{Crew, House, board::Board, journal::Journal};
use crate::{
    clock, deliver,
    fault::{Exit, Fault},
    feed,
    settings::Settings,
};

/// What keeps the house while the crew works.
pub(super) struct Upkeep {
    settings: Arc<Settings>,
    ledger: Arc<Ledger>,
    journal: Journal,
    nudge: Arc<Notify>,
    dispatcher: Option<DispatcherHandle>,
    reports: mpsc::Receiver<Report>,
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Upkeep {
    /// Starts listening to signals and, with a warrant, the dispatcher.
    pub(super) fn start(house: &House, nudge: &Arc<Notify>) -> Result<Self, Fault> {
        let (reporter, reports) = mpsc::channel(deliver::REPORTS_MAX);
        let warrant = house.enforcement.warrant();
        let start = |warrant| deliver::start(warrant, &house.settings, &house.ledger, &reporter);
        let dispatcher = warrant.map(start).transpose()?;
        let listen = |kind| {
            signal(kind)
                .map_err(|error| Fault::new(Exit::Io, format!("no signals: {error}; free some memory")))
        };
        let upkeep = Self {
            settings: Arc::clone(&house.settings),
            ledger: Arc::clone(&house.ledger),
            journal: house.journal.clone(),
            nudge: Arc::clone(nudge),
            dispatcher,
            reports,
            hangup: listen(SignalKind::hangup())?,
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        };
        upkeep.say("start");
        Ok(upkeep)
    }

    /// Attends until a signal says stop or a capture fails.
    pub(super) async fn attend(&mut self, crew: &mut Crew) -> Result<(), Fault> {
        let mut health = interval(Duration::from_secs(self.settings.soclog.health_s));
        health.set_missed_tick_behavior(MissedTickBehavior::Delay);
        health.tick().await;
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return Ok(()),
                _ = self.interrupt.recv() => return Ok(()),
                _ = self.hangup.recv() => self.reopen(),
                _ = health.tick() => self.health(&crew.board),
                report = take(&mut self.reports) => write_report(&self.journal, &report),
                () = self.nudge.notified() => self.wake(),
                Some(error) = crew.failures.recv() => return Err(feed::fault(&error)),
            }
        }
    }

    /// Stops the dispatcher and writes the last lines.
    pub(super) async fn end(self, board: &Board) {
        self.health(board);
        self.say("stop");
        let mut reports = self.reports;
        if let Some(dispatcher) = self.dispatcher {
            dispatcher.stop().await;
        }
        while let Ok(report) = reports.try_recv() {
            write_report(&self.journal, &report);
        }
    }

    fn health(&self, board: &Board) {
        let now = clock::now();
        let mut health = board.health(now);
        health.verdicts_live = self.ledger.live(now).map_or(0, |live| live.len() as u64);
        health.deliveries_pending = self.ledger.pending_count(now).unwrap_or(0);
        let unreported = self.dispatcher.as_ref().map_or(0, DispatcherHandle::unreported);
        health.losses.add(Loss::LogWrite, self.journal.lost() + unreported);
        self.journal.append(Entry::Health(&health));
    }

    fn reopen(&self) {
        match self.journal.reopen() {
            Ok(()) => self.journal.audit(clock::now(), "sidewatch", "reopen", "soclog", ""),
            Err(error) => tracing::error!(%error, "soc_log_not_reopened: writing on into the old file"),
        }
    }

    fn wake(&self) {
        if let Some(dispatcher) = &self.dispatcher {
            dispatcher.wake();
        }
    }

    fn say(&self, act: &str) {
        let interface = self.settings.capture.interface.clone().unwrap_or_default();
        let mode = if self.settings.mode == Mode::Enforce { "enforce" } else { "monitor" };
        let detail = format!(
            "mode {mode}, {} gateways, version {}",
            self.settings.gateways.len(),
            env!("CARGO_PKG_VERSION")
        );
        self.journal.audit(clock::now(), "sidewatch", act, &interface, &detail);
        tracing::info!(interface, mode, "{act}");
    }
}

/// The next report; waits for ever when nobody reports.
async fn take(reports: &mut mpsc::Receiver<Report>) -> Report {
    match reports.recv().await {
        Some(report) => report,
        None => pending().await,
    }
}

fn write_report(journal: &Journal, report: &Report) {
    match report {
        Report::Delivery(delivery) => journal.append(Entry::Delivery(delivery)),
        Report::Audit(audit) => journal.append(Entry::Audit(audit)),
    }
}
