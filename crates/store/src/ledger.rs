//! The ledger's writes: verdicts with their revocations, and what became of them, each in one durable transaction.
//! A write that returns is on disk; a write that fails changed nothing.
//! Never brings back what was replaced, withdrawn or expired.

use std::{
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock},
};

use model::{Delivery, DeliveryState, Revocation, Timestamp, Verdict, VerdictId};
use redb::{Database, ReadTransaction, ReadableDatabase as _, ReadableTable as _, WriteTransaction};

use crate::{
    LedgerError,
    error::Fault,
    file,
    rows::{
        BY_TIME, BY_UNTIL, ERRANDS, Errand, Filed, LIVE, OWED, Standing, VERDICTS, WANTED, decode, encode,
        principal_key,
    },
};

/// Verdicts and the fate of their revocations, on disk. Shared by reference between threads.
pub struct Ledger {
    path: PathBuf,
    /// Empty only after a failed reopening; the next use tries again.
    database: RwLock<Option<Database>>,
}

impl Ledger {
    /// Opens the ledger at `path`, creating file (0600) and directory (0700) where missing.
    ///
    /// # Errors
    /// `Locked` when another process has it, `Damaged` when a checksum does not hold, `Newer`, `Full`, `Io`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, LedgerError> {
        let path = path.as_ref().to_path_buf();
        let database = RwLock::new(Some(file::open(&path)?));
        Ok(Self { path, database })
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes verdicts with their revocations; when it returns they are on disk. A live verdict on the same principal
    /// is thereby replaced. A verdict that is known already changes nothing. Returns the revocations of replaced
    /// verdicts, now withdrawn.
    ///
    /// # Errors
    /// When nothing was written.
    pub fn record(
        &self,
        verdicts: &[Verdict],
        revocations: &[Revocation],
    ) -> Result<Vec<Delivery>, LedgerError> {
        self.write(|write| {
            let mut withdrawn = Vec::new();
            for verdict in verdicts {
                file_verdict(write, verdict, &mut withdrawn)?;
            }
            for revocation in revocations {
                file_revocation(write, revocation)?;
            }
            Ok(withdrawn)
        })
    }

    /// Writes what became of revocations. Returns those that changed something: a late word on a revocation that was
    /// withdrawn or expired meanwhile changes nothing, nor does hearing the same twice.
    ///
    /// # Errors
    /// When nothing was written.
    pub fn note(&self, deliveries: &[Delivery]) -> Result<Vec<Delivery>, LedgerError> {
        self.write(|write| {
            let mut changed = Vec::new();
            for delivery in deliveries {
                if note_one(write, delivery)? {
                    changed.push(delivery.clone());
                }
            }
            Ok(changed)
        })
    }

    /// Runs `body` in one transaction on disk. A full disk costs the reserve and one more try.
    pub(crate) fn write<T>(
        &self,
        body: impl Fn(&WriteTransaction) -> Result<T, Fault>,
    ) -> Result<T, LedgerError> {
        let attempt = || {
            self.with(|database| {
                let write = database.begin_write()?;
                let value = body(&write)?;
                write.commit()?;
                Ok(value)
            })
        };
        match attempt() {
            Err(LedgerError::Full { .. }) if file::release_reserve(&self.path) => attempt(),
            other => other,
        }
    }

    /// Runs `body` on one consistent view.
    pub(crate) fn read<T>(
        &self,
        body: impl Fn(&ReadTransaction) -> Result<T, Fault>,
    ) -> Result<T, LedgerError> {
        self.with(|database| body(&database.begin_read()?))
    }

    /// Runs `body` on the open database, and opens it anew after a failed write: redb refuses all work until then.
    fn with<T>(&self, body: impl Fn(&Database) -> Result<T, Fault>) -> Result<T, LedgerError> {
        let first = {
            let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
            database.as_ref().map(&body)
        };
        match first {
            Some(Ok(value)) => return Ok(value),
            Some(Err(Fault::Redb(redb::Error::Io(error)))) => {
                self.reopen()?;
                return Err(Fault::Io(error).at(&self.path));
            }
            Some(Err(Fault::Redb(redb::Error::PreviousIo))) | None => self.reopen()?,
            Some(Err(fault)) => return Err(fault.at(&self.path)),
        }
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        match database.as_ref().map(&body) {
            Some(result) => result.map_err(|fault| fault.at(&self.path)),
            None => Err(LedgerError::Locked { path: self.path.clone() }),
        }
    }

    fn reopen(&self) -> Result<(), LedgerError> {
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        *database = None;
        let opened = match file::open(&self.path) {
            Err(LedgerError::Full { .. }) if file::release_reserve(&self.path) => file::open(&self.path)?,
            other => other?,
        };
        *database = Some(opened);
        Ok(())
    }
}

fn file_verdict(
    write: &WriteTransaction,
    verdict: &Verdict,
    withdrawn: &mut Vec<Delivery>,
) -> Result<(), Fault> {
    let id = verdict.id.0;
    if write.open_table(VERDICTS)?.get(id)?.is_some() {
        return Ok(());
    }
    let key = principal_key(&verdict.principal);
    let older = write.open_table(LIVE)?.insert(key, id)?.map(|older| older.value());
    if let Some(older) = older {
        let standing = Standing::Replaced { by: verdict.id };
        let detail = format!("replaced by {}", verdict.id);
        close(write, older, &standing, verdict.at, &detail, withdrawn)?;
        write.open_table(LIVE)?.insert(key, id)?;
    }
    let filed = Filed { verdict: verdict.clone(), standing: Standing::Live };
    write.open_table(VERDICTS)?.insert(id, encode(&filed)?.as_slice())?;
    write.open_table(BY_TIME)?.insert((verdict.at.as_nanos(), id), ())?;
    write.open_table(BY_UNTIL)?.insert((verdict.until.as_nanos(), id), ())?;
    Ok(())
}

fn file_revocation(write: &WriteTransaction, revocation: &Revocation) -> Result<(), Fault> {
    let key = (revocation.verdict.0, revocation.gateway.as_str());
    if write.open_table(ERRANDS)?.get(key)?.is_some() {
        return Ok(());
    }
    let filed = verdict_row(write, revocation.verdict.0)?;
    let Some(Filed { verdict, standing: Standing::Live }) = filed else {
        return Ok(());
    };
    put_errand(write, &Errand::new(verdict.at, revocation))
}

/// Ends a live verdict and everything that gateways were to do for it.
pub(crate) fn close(
    write: &WriteTransaction,
    id: u128,
    standing: &Standing,
    at: Timestamp,
    detail: &str,
    ended: &mut Vec<Delivery>,
) -> Result<Option<Verdict>, Fault> {
    let Some(filed) = verdict_row(write, id)? else {
        return Ok(None);
    };
    let verdict = filed.verdict.clone();
    let closed = Filed { standing: standing.clone(), ..filed };
    write.open_table(VERDICTS)?.insert(id, encode(&closed)?.as_slice())?;
    write.open_table(BY_UNTIL)?.remove((verdict.until.as_nanos(), id))?;
    write.open_table(LIVE)?.remove(principal_key(&verdict.principal))?;
    let state =
        if *standing == Standing::Expired { DeliveryState::Expired } else { DeliveryState::Withdrawn };
    for mut errand in errands_of(write, id)? {
        if !errand.is_wanted() {
            continue;
        }
        errand.delivery = Delivery { at, state, detail: detail.to_owned(), ..errand.delivery };
        put_errand(write, &errand)?;
        ended.push(errand.delivery);
    }
    Ok(Some(verdict))
}

fn note_one(write: &WriteTransaction, news: &Delivery) -> Result<bool, Fault> {
    let id = news.revocation.verdict.0;
    let gateway = news.revocation.gateway.as_str();
    let row = write.open_table(ERRANDS)?.get((id, gateway))?.map(|bytes| bytes.value().to_vec());
    let Some(bytes) = row else {
        return Ok(false);
    };
    let mut errand: Errand = decode(&bytes, "revocation of", id)?;
    let was = errand.delivery.state;
    if was == DeliveryState::Refused {
        return Ok(false);
    }
    let late = matches!(was, DeliveryState::Withdrawn | DeliveryState::Expired);
    if late && news.state == DeliveryState::Delivered {
        // It reached the gateway after it was taken back: the gateway must hear that too.
        errand.held = true;
        put_errand(write, &errand)?;
        return Ok(false);
    }
    if late && (news.state != was || !errand.held) {
        return Ok(false);
    }
    let attempts = errand.delivery.revocation.attempt.max(news.revocation.attempt);
    let same = was == news.state && errand.delivery.detail == news.detail && !late;
    if same && attempts == errand.delivery.revocation.attempt {
        return Ok(false);
    }
    errand.held = news.state == DeliveryState::Delivered;
    errand.delivery.at = news.at;
    errand.delivery.state = news.state;
    errand.delivery.detail.clone_from(&news.detail);
    errand.delivery.revocation.attempt = attempts;
    put_errand(write, &errand)?;
    Ok(!same)
}

/// Writes a revocation and keeps both indexes true to it.
fn put_errand(write: &WriteTransaction, errand: &Errand) -> Result<(), Fault> {
    let revocation = &errand.delivery.revocation;
    let (id, gateway) = (revocation.verdict.0, revocation.gateway.as_str());
    write.open_table(ERRANDS)?.insert((id, gateway), encode(errand)?.as_slice())?;
    for (table, belongs) in [(WANTED, errand.is_wanted()), (OWED, errand.is_owed())] {
        let mut table = write.open_table(table)?;
        if belongs {
            table.insert((gateway, id), ())?;
        } else {
            table.remove((gateway, id))?;
        }
    }
    Ok(())
}

fn verdict_row(write: &WriteTransaction, id: u128) -> Result<Option<Filed>, Fault> {
    let table = write.open_table(VERDICTS)?;
    let row = table.get(id)?;
    row.map(|bytes| decode(bytes.value(), "verdict", id)).transpose()
}

fn errands_of(write: &WriteTransaction, id: u128) -> Result<Vec<Errand>, Fault> {
    let table = write.open_table(ERRANDS)?;
    let mut errands = Vec::new();
    for row in table.range((id, "")..=(id, "\u{10ffff}"))? {
        errands.push(decode(row?.1.value(), "revocation of", id)?);
    }
    Ok(errands)
}

/// The id's row, for callers outside this file.
pub(crate) fn filed(write: &WriteTransaction, id: VerdictId) -> Result<Option<Filed>, Fault> {
    verdict_row(write, id.0)
}
