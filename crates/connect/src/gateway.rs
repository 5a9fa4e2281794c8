//! One gateway's task: nudges, the clock and the book in; conversations, notes and reports out.
//! Level-triggered: it compares what is wanted with what is there, so nothing hangs on one lost nudge.
//! Never delays another gateway, never fails for good.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use model::{Audit, Delivery, DeliveryState, Revocation, Timestamp, VerdictId};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};

use crate::{
    Book, BookError, Clock, Connector, Duty, GatewayConfig, Outcome, Report, Step, Style, Task,
    breaker::{Breaker, Change},
    transport::Transport,
};

/// Time between looks at a gateway that has nothing to be told: a restart is found within this.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// Nudges closer together than this count as one.
const GATHER: Duration = Duration::from_millis(20);
/// Failures in one round of telling after which the rest waits.
const FAILURES_MAX: u32 = 3;

/// What a task is wired to.
pub(crate) struct Wires {
    pub(crate) book: Arc<dyn Book>,
    pub(crate) clock: Clock,
    pub(crate) reports: mpsc::Sender<Report>,
    pub(crate) unreported: Arc<AtomicU64>,
    pub(crate) woken: watch::Receiver<u64>,
    pub(crate) stopped: watch::Receiver<bool>,
}

pub(crate) struct Gateway {
    config: GatewayConfig,
    connector: Box<dyn Connector>,
    transport: Transport,
    wires: Wires,
    breaker: Breaker,
    /// When everything is compared again.
    resync_at: Instant,
    /// When the next entry ends.
    expires_at: Option<Timestamp>,
    /// The book may have news.
    nudged: bool,
    /// Left out by the cap at the last round.
    left_out: usize,
    trouble: Option<String>,
    /// What the book has been told is on the gateway, or would be: it is not told again each round.
    noted: BTreeSet<VerdictId>,
}

/// Why a round came to nothing.
enum Failure {
    Book(BookError),
    Gateway { reason: String, after: Option<Duration> },
}

impl From<BookError> for Failure {
    fn from(error: BookError) -> Self {
        Self::Book(error)
    }
}

impl Gateway {
    pub(crate) fn new(
        config: GatewayConfig,
        connector: Box<dyn Connector>,
        transport: Transport,
        wires: Wires,
    ) -> Self {
        let mut hasher = DefaultHasher::new();
        (config.name.as_str(), (wires.clock)()).hash(&mut hasher);
        Self {
            breaker: Breaker::new(hasher.finish()),
            config,
            connector,
            transport,
            wires,
            resync_at: Instant::now(),
            expires_at: None,
            nudged: true,
            left_out: 0,
            trouble: None,
            noted: BTreeSet::new(),
        }
    }

    /// Reconciles until told to stop.
    pub(crate) async fn run(mut self) {
        loop {
            let wait = match self.round().await {
                Ok(()) => {
                    if self.breaker.succeed() == Some(Change::Up) {
                        self.audit("gateway_up", String::new());
                    }
                    PROBE_EVERY
                }
                Err(failure) => self.failed(failure),
            };
            if !self.rest(wait).await {
                return;
            }
        }
    }

    /// Waits for a nudge or for time to pass; false when told to stop. While the gateway fails, nudges do not count.
    async fn rest(&mut self, wait: Duration) -> bool {
        let until = Instant::now() + wait;
        let failing = self.breaker.is_failing();
        let Wires { stopped, woken, .. } = &mut self.wires;
        tokio::select! {
            biased;
            () = async { drop(stopped.wait_for(|stopped| *stopped).await) } => return false,
            changed = woken.changed(), if !failing => {
                if changed.is_err() {
                    return false;
                }
                self.nudged = true;
                tokio::time::sleep(GATHER).await;
            }
            () = sleep_until(until) => {}
        }
        self.nudged |= self.wires.woken.has_changed().unwrap_or(false);
        self.wires.woken.mark_unchanged();
        !*self.wires.stopped.borrow()
    }

    fn failed(&mut self, failure: Failure) -> Duration {
        let (reason, after) = match failure {
            Failure::Book(error) => {
                tracing::error!(gateway = %self.config.name, %error, "ledger");
                return Duration::from_secs(1);
            }
            Failure::Gateway { reason, after } => (reason, after),
        };
        // Whatever was half done is found out by reading everything.
        self.resync_at = Instant::now();
        let (wait, change) = self.breaker.fail();
        if change == Some(Change::Down) {
            tracing::warn!(gateway = %self.config.name, %reason, "gateway_down");
            self.audit("gateway_down", reason);
        } else {
            tracing::debug!(gateway = %self.config.name, %reason, "gateway_retry");
        }
        after.unwrap_or(wait).max(wait)
    }

    async fn round(&mut self) -> Result<(), Failure> {
        let now = (self.wires.clock)();
        let resync = Instant::now() >= self.resync_at;
        let expired = self.expires_at.is_some_and(|at| at <= now);
        let due = resync || expired || self.nudged;
        if self.config.dry_run {
            return if due { self.pretend(now).await } else { Ok(()) };
        }
        match self.connector.style() {
            Style::Told if due => self.tell(now).await,
            Style::Told => Ok(()),
            Style::Mirrored => {
                // With nothing to say, or after it was down, a sign of life comes first: that costs neither side much.
                if !due || self.breaker.is_open() {
                    let stale = self.converse(Task::Probe).await?.stale;
                    if !due && !stale {
                        return Ok(());
                    }
                }
                self.mirror(now, resync).await
            }
        }
    }

    /// Makes the gateway's list equal to what is wanted.
    async fn mirror(&mut self, now: Timestamp, resync: bool) -> Result<(), Failure> {
        let desired = self.desired(now).await?;
        self.expires_at = desired.iter().map(|revocation| revocation.until).min();
        let task = if resync { Task::Resync(desired.clone()) } else { Task::Update(desired.clone()) };
        let outcome = self.converse(task).await?;
        self.nudged = false;
        self.resync_at = Instant::now() + Duration::from_secs(self.config.resync_s);
        if outcome.repaired > 0 {
            self.audit("gateway_resync", format!("{} entries were not as left", outcome.repaired));
        }
        if outcome.changes > 0 {
            tracing::info!(gateway = %self.config.name, changes = outcome.changes, "gateway_written");
        }
        if outcome.trouble != self.trouble {
            self.audit("gateway_trouble", outcome.trouble.clone().unwrap_or_else(|| "over".to_owned()));
            self.trouble.clone_from(&outcome.trouble);
        }
        let confirmed: BTreeSet<VerdictId> = outcome.confirmed.into_iter().collect();
        self.settle(now, desired, confirmed, DeliveryState::Delivered).await
    }

    /// Notes what is newly on the gateway.
    async fn settle(
        &mut self,
        now: Timestamp,
        desired: Vec<Revocation>,
        reached: BTreeSet<VerdictId>,
        state: DeliveryState,
    ) -> Result<(), Failure> {
        let news = desired
            .into_iter()
            .filter(|revocation| {
                reached.contains(&revocation.verdict) && !self.noted.contains(&revocation.verdict)
            })
            .map(|revocation| delivery(now, revocation, state, String::new()))
            .collect();
        self.note(news).await?;
        self.noted = reached;
        Ok(())
    }

    /// What is wanted, without what the gateway can not do, and not more than it may hold.
    async fn desired(&mut self, now: Timestamp) -> Result<Vec<Revocation>, Failure> {
        let (book, gateway) = (Arc::clone(&self.wires.book), self.config.name.clone());
        let wanted = blocking(move || book.desired(&gateway, now)).await?;
        let mut refused = Vec::new();
        let mut desired = Vec::with_capacity(wanted.len());
        for revocation in wanted {
            match self.connector.accepts(&revocation) {
                Ok(()) => desired.push(revocation),
                Err(reason) => refused.push(delivery(now, revocation, DeliveryState::Refused, reason)),
            }
        }
        self.note(refused).await?;
        desired.sort_by(|a, b| (b.action, b.until, a.verdict).cmp(&(a.action, a.until, b.verdict)));
        let left_out = desired.len().saturating_sub(self.config.list_max);
        if left_out != self.left_out && (left_out == 0 || self.left_out == 0) {
            self.audit("gateway_list_full", format!("{left_out} of {} entries left out", desired.len()));
        }
        self.left_out = left_out;
        desired.truncate(self.config.list_max);
        Ok(desired)
    }

    /// Tells the gateway what it has yet to hear, one by one: first what to take back, then what to apply.
    async fn tell(&mut self, now: Timestamp) -> Result<(), Failure> {
        let (book, gateway) = (Arc::clone(&self.wires.book), self.config.name.clone());
        let mut owed = blocking(move || book.owed(&gateway, now)).await?;
        // What was tried least comes first, so that one which always fails does not hold up the others.
        owed.sort_by_key(|owing| (owing.state != DeliveryState::Withdrawn, owing.revocation.attempt));
        let (mut failure, mut failures) = (None, 0);
        for owing in owed {
            let retract = owing.state == DeliveryState::Withdrawn;
            let mut revocation = owing.revocation;
            let now = (self.wires.clock)();
            if let Err(reason) = self.connector.accepts(&revocation) {
                self.note(vec![delivery(now, revocation, DeliveryState::Refused, reason)]).await?;
                continue;
            }
            let duty = if retract { Duty::Retract } else { Duty::Apply };
            let state = if retract { DeliveryState::Withdrawn } else { DeliveryState::Delivered };
            let told = self.step_through(Task::Tell(duty, Box::new(revocation.clone()), now)).await;
            revocation.attempt = revocation.attempt.saturating_add(1);
            let (state, detail) = match told {
                Step::Done(_) => (state, "told".to_owned()),
                Step::Refuse(reason) if retract => (DeliveryState::Withdrawn, reason),
                Step::Refuse(reason) => (DeliveryState::Refused, reason),
                Step::Retry { reason, after } => {
                    let pending = if retract { None } else { Some(DeliveryState::Pending) };
                    if let Some(state) = pending {
                        self.note(vec![delivery(now, revocation, state, reason.clone())]).await?;
                    }
                    failures += 1;
                    let wait = after.is_some();
                    failure = Some(Failure::Gateway { reason, after });
                    if wait || failures >= FAILURES_MAX || self.breaker.is_open() {
                        break;
                    }
                    continue;
                }
                Step::Send(_) => continue,
            };
            self.note(vec![delivery(now, revocation, state, detail)]).await?;
            if *self.wires.stopped.borrow() {
                return Ok(());
            }
        }
        if let Some(failure) = failure {
            return Err(failure);
        }
        self.nudged = false;
        self.resync_at = Instant::now() + Duration::from_secs(self.config.resync_s);
        Ok(())
    }

    /// Dry run: writes down what would be sent.
    async fn pretend(&mut self, now: Timestamp) -> Result<(), Failure> {
        let desired = self.desired(now).await?;
        self.expires_at = desired.iter().map(|revocation| revocation.until).min();
        self.nudged = false;
        self.resync_at = Instant::now() + Duration::from_secs(self.config.resync_s);
        let all = desired.iter().map(|revocation| revocation.verdict).collect();
        self.settle(now, desired, all, DeliveryState::DryRun).await
    }

    async fn converse(&mut self, task: Task) -> Result<Outcome, Failure> {
        match self.step_through(task).await {
            Step::Done(outcome) => Ok(outcome),
            Step::Retry { reason, after } => Err(Failure::Gateway { reason, after }),
            Step::Refuse(reason) => Err(Failure::Gateway { reason, after: None }),
            Step::Send(_) => Err(Failure::Gateway { reason: "unfinished".to_owned(), after: None }),
        }
    }

    /// Carries one conversation to its end.
    async fn step_through(&mut self, task: Task) -> Step {
        let mut conversation = self.connector.begin(task);
        let mut reply = None;
        loop {
            match conversation.step(reply.take()) {
                Step::Send(request) => match self.transport.exchange(request).await {
                    Ok(answer) => reply = Some(answer),
                    Err(reason) => return Step::Retry { reason, after: None },
                },
                end => return end,
            }
        }
    }

    /// Writes to the book and reports what was news to it.
    async fn note(&mut self, deliveries: Vec<Delivery>) -> Result<(), Failure> {
        if deliveries.is_empty() {
            return Ok(());
        }
        let book = Arc::clone(&self.wires.book);
        for news in blocking(move || book.note(&deliveries)).await? {
            self.report(Report::Delivery(Box::new(news)));
        }
        Ok(())
    }

    fn audit(&self, act: &str, detail: String) {
        let at = (self.wires.clock)();
        let target = self.config.name.to_string();
        let audit = Audit { at, actor: "sidewatch".into(), act: act.into(), target, detail };
        self.report(Report::Audit(Box::new(audit)));
    }

    fn report(&self, report: Report) {
        if self.wires.reports.try_send(report).is_err() {
            self.wires.unreported.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn delivery(at: Timestamp, revocation: Revocation, state: DeliveryState, detail: String) -> Delivery {
    Delivery { at, revocation, state, detail }
}

/// Runs a call that may wait for the disk off the runtime's own thread.
async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, BookError> + Send + 'static,
) -> Result<T, BookError> {
    tokio::task::spawn_blocking(call).await.unwrap_or_else(|error| Err(error.into()))
}
