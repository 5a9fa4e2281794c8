//! The dispatcher: gateways and a book in, one task per gateway out. A dead gateway delays no other.
//! Waking is a nudge, not a queue: each task looks at the book for itself.
//! Never holds a verdict that the book does not.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use model::Timestamp;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};

use crate::{
    Book, ConfigError, GatewayConfig, Report,
    connectors::build,
    gateway::{Gateway, Wires},
    transport::Transport,
};

/// Time that tasks get to come to an end.
const STOP_WAIT: Duration = Duration::from_secs(5);

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Starts deliveries.
#[derive(Debug)]
pub struct Dispatcher;

/// A running dispatcher. Dropping it stops the tasks without waiting for them.
#[derive(Debug)]
pub struct DispatcherHandle {
    wake: watch::Sender<u64>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    unreported: Arc<AtomicU64>,
}

impl Dispatcher {
    /// Starts one task per gateway on the current tokio runtime. Reports that do not fit into `reports` are dropped
    /// and counted.
    ///
    /// # Errors
    /// When a gateway's settings are wrong; then nothing is started.
    pub fn start(
        configs: Vec<GatewayConfig>,
        book: &Arc<dyn Book>,
        clock: &Clock,
        reports: &mpsc::Sender<Report>,
    ) -> Result<DispatcherHandle, ConfigError> {
        let (wake, woken) = watch::channel(0);
        let (stop, stopped) = watch::channel(false);
        let unreported = Arc::new(AtomicU64::new(0));
        let mut gateways = Vec::with_capacity(configs.len());
        for config in configs {
            config.check()?;
            let connector = build(&config)?;
            let transport =
                Transport::new(connector.place()).map_err(|remedy| config.wrong("url", remedy))?;
            let wires = Wires {
                book: Arc::clone(book),
                clock: Arc::clone(clock),
                reports: reports.clone(),
                unreported: Arc::clone(&unreported),
                woken: woken.clone(),
                stopped: stopped.clone(),
            };
            gateways.push(Gateway::new(config, connector, transport, wires));
        }
        let mut tasks = JoinSet::new();
        for gateway in gateways {
            tasks.spawn(gateway.run());
        }
        Ok(DispatcherHandle { wake, stop, tasks, unreported })
    }
}

impl DispatcherHandle {
    /// Tells every task that the book has news. Cheap; many calls count as one.
    pub fn wake(&self) {
        self.wake.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Reports dropped because nobody took them.
    #[must_use]
    pub fn unreported(&self) -> u64 {
        self.unreported.load(Ordering::Relaxed)
    }

    /// Lets each task finish what it is saying, at most 5 s, and stops. What is on the gateways stays there until it expires.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let finished = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_WAIT, finished).await.is_err() {
            self.tasks.shutdown().await;
        }
    }
}
