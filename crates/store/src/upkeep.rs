//! The ledger's upkeep: verdicts that end by an operator's hand, by time, or that are too old to keep.
//! Ended verdicts stay as history until they are pruned. Never removes what is in force.

use std::time::Duration;

use compact_str::CompactString;
use model::{Delivery, Principal, Timestamp, Verdict, VerdictId};
use redb::{ReadableTable as _, WriteTransaction};

use crate::{
    Ledger, LedgerError, Standing,
    error::Fault,
    file,
    ledger::{close, filed},
    rows::{BY_TIME, BY_UNTIL, ERRANDS, LIVE, OWED, VERDICTS, principal_key},
};

/// Verdicts ended in one transaction at most; `expire` and `prune` go on until nothing is left.
const BATCH: usize = 1_000;

/// Which live verdicts to take back.
#[derive(Clone, Debug)]
pub enum Selector {
    /// This one.
    Verdict(VerdictId),
    /// The one on this principal.
    Principal(Principal),
}

/// What was taken back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Withdrawn {
    /// The verdicts; empty when none was live.
    pub verdicts: Vec<Verdict>,
    /// Their revocations, now withdrawn.
    pub deliveries: Vec<Delivery>,
}

/// How much history to keep. What is in force is always kept.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    /// Ended verdicts older than this go.
    pub age: Duration,
    /// Beyond this many bytes of verdicts the oldest ended ones go.
    pub bytes: u64,
}

impl Ledger {
    /// Takes back live verdicts.
    ///
    /// # Errors
    /// When nothing was written.
    pub fn withdraw(&self, selector: &Selector, at: Timestamp, by: &str) -> Result<Withdrawn, LedgerError> {
        self.write(|write| {
            let id = match selector {
                Selector::Verdict(id) => {
                    let live = filed(write, *id)?.is_some_and(|filed| filed.standing == Standing::Live);
                    live.then_some(id.0)
                }
                Selector::Principal(principal) => {
                    write.open_table(LIVE)?.get(principal_key(principal))?.map(|id| id.value())
                }
            };
            let mut withdrawn = Withdrawn::default();
            if let Some(id) = id {
                let standing = Standing::Withdrawn { at, by: CompactString::new(by) };
                let detail = format!("withdrawn by {by}");
                let verdict = close(write, id, &standing, at, &detail, &mut withdrawn.deliveries)?;
                withdrawn.verdicts.extend(verdict);
            }
            Ok(withdrawn)
        })
    }

    /// Ends verdicts whose time has run out. Returns their revocations, now expired.
    ///
    /// # Errors
    /// When the file can not be written; what was ended before stays ended.
    pub fn expire(&self, now: Timestamp) -> Result<Vec<Delivery>, LedgerError> {
        let mut expired = Vec::new();
        loop {
            let due = self.read(|read| {
                let table = read.open_table(BY_UNTIL)?;
                let mut due = Vec::new();
                for row in table.range((0, 0)..=(now.as_nanos(), u128::MAX))?.take(BATCH) {
                    due.push(row?.0.value().1);
                }
                Ok(due)
            })?;
            if due.is_empty() {
                return Ok(expired);
            }
            expired.extend(self.write(|write| {
                let mut ended = Vec::new();
                for id in &due {
                    close(write, *id, &Standing::Expired, now, "", &mut ended)?;
                }
                Ok(ended)
            })?);
        }
    }

    /// Removes history beyond `keep`, and restores the reserve given up on a full disk. Returns the number of verdicts
    /// removed.
    ///
    /// # Errors
    /// When the file can not be written.
    pub fn prune(&self, now: Timestamp, keep: Keep) -> Result<u64, LedgerError> {
        let oldest = now.before(keep.age);
        let doomed = self.read(|read| {
            let (times, verdicts) = (read.open_table(BY_TIME)?, read.open_table(VERDICTS)?);
            let (mut doomed, mut bytes) = (Vec::new(), 0_u64);
            for row in times.iter()?.rev() {
                let (at, id) = row?.0.value();
                bytes += verdicts.get(id)?.map_or(0, |row| row.value().len() as u64);
                if at < oldest.as_nanos() || bytes > keep.bytes {
                    doomed.push((at, id));
                }
            }
            Ok(doomed)
        })?;
        let mut removed = 0;
        for batch in doomed.chunks(BATCH) {
            removed += self.write(|write| {
                let mut gone = 0;
                for (at, id) in batch {
                    gone += u64::from(remove(write, *at, *id)?);
                }
                Ok(gone)
            })?;
        }
        file::refill_reserve(self.path());
        Ok(removed)
    }
}

/// Removes an ended verdict with its revocations; false when it is live.
fn remove(write: &WriteTransaction, at: u64, id: u128) -> Result<bool, Fault> {
    if filed(write, VerdictId(id))?.is_none_or(|filed| filed.standing == Standing::Live) {
        return Ok(false);
    }
    write.open_table(VERDICTS)?.remove(id)?;
    write.open_table(BY_TIME)?.remove((at, id))?;
    let mut gateways = Vec::new();
    {
        let mut errands = write.open_table(ERRANDS)?;
        for row in errands.range((id, "")..=(id, "\u{10ffff}"))? {
            gateways.push(row?.0.value().1.to_owned());
        }
        for gateway in &gateways {
            errands.remove((id, gateway.as_str()))?;
        }
    }
    let mut owed = write.open_table(OWED)?;
    for gateway in &gateways {
        owed.remove((gateway.as_str(), id))?;
    }
    Ok(true)
}
