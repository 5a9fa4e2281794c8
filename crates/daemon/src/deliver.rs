//! Delivering: a warrant and the gateways in, a running dispatcher out. Without a warrant there is none.

use std::{sync::Arc, time::Duration};

use connect::{Book, Clock, Dispatcher, DispatcherHandle, Report};
use model::{Revocation, Verdict};
use store::Ledger;
use tokio::sync::mpsc;

use crate::{
    book::LedgerBook,
    clock,
    enforcement::EnforceWarrant,
    fault::{Exit, Fault},
    ledger,
    settings::{Gateway, Settings},
};

/// Reports on their way to the SOC log.
pub(crate) const REPORTS_MAX: usize = 1_024;
/// How long `replay --deliver` waits for the gateways.
const PATIENCE: Duration = Duration::from_secs(30);

/// Starts the dispatcher on the current runtime.
pub(crate) fn start(
    _warrant: &EnforceWarrant,
    settings: &Settings,
    ledger: &Arc<Ledger>,
    reports: &mpsc::Sender<Report>,
) -> Result<DispatcherHandle, Fault> {
    let gateways = settings.gateways.iter().map(Gateway::config).collect();
    let book: Arc<dyn Book> = Arc::new(LedgerBook(Arc::clone(ledger)));
    let clock: Clock = Arc::new(clock::now);
    Dispatcher::start(gateways, &book, &clock, reports)
        .map_err(|error| Fault::new(Exit::Usage, format!("settings: {error}")))
}

/// One revocation per gateway for every verdict that a gateway has something to do with.
pub(crate) fn revocations(
    _warrant: &EnforceWarrant,
    settings: &Settings,
    verdicts: &[Verdict],
) -> Vec<Revocation> {
    let enforceable = verdicts.iter().filter(|verdict| verdict.action.is_enforceable());
    let each = |verdict: &Verdict| -> Vec<Revocation> {
        let to = |name: &String| Revocation {
            verdict: verdict.id,
            gateway: name.as_str().into(),
            principal: verdict.principal.clone(),
            action: verdict.action,
            until: verdict.until,
            attempt: 0,
        };
        settings.gateways.iter().map(|gateway| to(&gateway.name)).collect()
    };
    enforceable.flat_map(each).collect()
}

/// Records the verdicts that hold now and waits until the gateways have them.
pub(crate) fn deliver_once(
    warrant: &EnforceWarrant,
    settings: &Settings,
    verdicts: &[Verdict],
) -> Result<(), Fault> {
    let now = clock::now();
    let holding: Vec<Verdict> = verdicts.iter().filter(|verdict| verdict.until > now).cloned().collect();
    let ended = verdicts.len() - holding.len();
    if holding.is_empty() {
        eprintln!("sidewatch: nothing to deliver; {ended} verdicts of this capture have run out by now");
        return Ok(());
    }
    let ledger = Arc::new(ledger::open(settings)?);
    let revocations = revocations(warrant, settings, &holding);
    ledger.record(&holding, &revocations).map_err(|error| ledger::fault(&error))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Fault::new(Exit::Io, format!("no runtime: {error}; free some memory")))?;
    let pending = runtime.block_on(async {
        let (reports, mut reported) = mpsc::channel(REPORTS_MAX);
        let dispatcher = start(warrant, settings, &ledger, &reports)?;
        dispatcher.wake();
        let wait = async {
            while ledger.pending_count(now).is_ok_and(|pending| pending > 0) {
                let _ = tokio::time::timeout(Duration::from_millis(100), reported.recv()).await;
            }
        };
        let _ = tokio::time::timeout(PATIENCE, wait).await;
        dispatcher.stop().await;
        ledger.pending_count(now).map_err(|error| ledger::fault(&error))
    })?;
    if pending > 0 {
        let remedy = "they stand in the ledger; `sidewatch run` goes on trying";
        return Err(Fault::new(Exit::Unavailable, format!("{pending} revocations not delivered; {remedy}")));
    }
    eprintln!("sidewatch: {} verdicts delivered", holding.len());
    Ok(())
}
