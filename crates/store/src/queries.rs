//! The ledger's reads: what a gateway is to enforce, what it has yet to hear, what stands, what was decided and why.
//! Every answer comes sorted. Never changes anything.

use model::{Delivery, Principal, Revocation, Timestamp, Verdict, VerdictId};
use redb::{ReadTransaction, ReadableTable as _};

use crate::{
    Ledger, LedgerError, Standing,
    error::Fault,
    rows::{BY_TIME, ERRANDS, Errand, Filed, LIVE, OWED, VERDICTS, WANTED, decode, principal_key},
};

/// Ids told at most when a prefix is not unique.
const CANDIDATES_MAX: usize = 10;

/// A verdict as kept, with what became of it at each gateway.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The verdict.
    pub verdict: Verdict,
    /// Where it stands.
    pub standing: Standing,
    /// The last known state at each gateway, by gateway name.
    pub deliveries: Vec<Delivery>,
}

impl Entry {
    /// Where the verdict stands at `now`: one whose time is up has ended, whether or not that is written yet.
    #[must_use]
    pub fn standing_at(&self, now: Timestamp) -> Standing {
        match &self.standing {
            Standing::Live if self.verdict.until <= now => Standing::Expired,
            standing => standing.clone(),
        }
    }
}

/// What an id prefix leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// Nothing, or not hex digits.
    None,
    /// One verdict.
    One(Box<Entry>),
    /// More than one; the first ten ids.
    Many(Vec<VerdictId>),
}

/// Which verdicts to list.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Only verdicts in force at this time.
    pub in_force_at: Option<Timestamp>,
    /// Only this many, newest first.
    pub limit: usize,
    /// Only verdicts on this principal.
    pub principal: Option<Principal>,
}

impl Default for Filter {
    fn default() -> Self {
        Self { in_force_at: None, limit: 100, principal: None }
    }
}

impl Ledger {
    /// What `gateway` is to enforce at `now`: one revocation per principal, sorted by principal.
    ///
    /// # Errors
    /// When the file can not be read.
    pub fn desired(&self, gateway: &str, now: Timestamp) -> Result<Vec<Revocation>, LedgerError> {
        self.read(|read| {
            let mut desired = Vec::new();
            let (wanted, errands) = (read.open_table(WANTED)?, read.open_table(ERRANDS)?);
            for row in wanted.range((gateway, 0)..=(gateway, u128::MAX))? {
                let id = row?.0.value().1;
                let Some(bytes) = errands.get((id, gateway))? else { continue };
                let errand: Errand = decode(bytes.value(), "revocation of", id)?;
                if errand.delivery.revocation.until > now {
                    desired.push(errand.delivery.revocation);
                }
            }
            desired.sort_by(|a, b| a.principal.cmp(&b.principal));
            Ok(desired)
        })
    }

    /// What `gateway` has yet to hear of, for gateways that can not be read back: revocations to apply, and delivered
    /// ones to take back before their time. Sorted by verdict time.
    ///
    /// # Errors
    /// When the file can not be read.
    pub fn owed(&self, gateway: &str, now: Timestamp) -> Result<Vec<Delivery>, LedgerError> {
        self.read(|read| {
            let mut owing = Vec::new();
            let (owed, errands) = (read.open_table(OWED)?, read.open_table(ERRANDS)?);
            for row in owed.range((gateway, 0)..=(gateway, u128::MAX))? {
                let id = row?.0.value().1;
                let Some(bytes) = errands.get((id, gateway))? else { continue };
                let errand: Errand = decode(bytes.value(), "revocation of", id)?;
                if errand.delivery.revocation.until > now {
                    owing.push(errand.delivery);
                }
            }
            owing.sort_by_key(|delivery| (delivery.at, delivery.revocation.verdict));
            Ok(owing)
        })
    }

    /// Revocations in force at `now` that are not confirmed by their gateway.
    ///
    /// # Errors
    /// When the file can not be read.
    pub fn pending_count(&self, now: Timestamp) -> Result<u64, LedgerError> {
        self.read(|read| {
            let (owed, errands) = (read.open_table(OWED)?, read.open_table(ERRANDS)?);
            let mut count = 0;
            for row in owed.iter()? {
                let key = row?.0;
                let (gateway, id) = key.value();
                let Some(bytes) = errands.get((id, gateway))? else { continue };
                let errand: Errand = decode(bytes.value(), "revocation of", id)?;
                let pending = errand.delivery.state == model::DeliveryState::Pending;
                count += u64::from(pending && errand.delivery.revocation.until > now);
            }
            Ok(count)
        })
    }

    /// Verdicts in force at `now`, by time.
    ///
    /// # Errors
    /// When the file can not be read.
    pub fn live(&self, now: Timestamp) -> Result<Vec<Verdict>, LedgerError> {
        self.read(|read| {
            let mut live = Vec::new();
            for row in read.open_table(LIVE)?.iter()? {
                let Some(filed) = filed(read, row?.1.value())? else { continue };
                if filed.verdict.until > now {
                    live.push(filed.verdict);
                }
            }
            live.sort_by_key(|verdict: &Verdict| (verdict.at, verdict.id));
            Ok(live)
        })
    }

    /// The verdict with this id.
    ///
    /// # Errors
    /// When the file can not be read.
    pub fn verdict(&self, id: VerdictId) -> Result<Option<Entry>, LedgerError> {
        self.read(|read| entry(read, id.0))
    }

    /// The verdict whose id begins with these hex digits.
    ///
    /// # Errors
    /// When the file can not be read.
    pub fn find(&self, prefix: &str) -> Result<Found, LedgerError> {
        let Some((first, last)) = prefix_range(prefix) else {
            return Ok(Found::None);
        };
        self.read(|read| {
            let verdicts = read.open_table(VERDICTS)?;
            let mut ids = Vec::new();
            for row in verdicts.range(first..=last)?.take(CANDIDATES_MAX) {
                ids.push(VerdictId(row?.0.value()));
            }
            match ids.as_slice() {
                [] => Ok(Found::None),
                [id] => Ok(entry(read, id.0)?.map_or(Found::None, |entry| Found::One(Box::new(entry)))),
                _ => Ok(Found::Many(ids)),
            }
        })
    }

    /// Verdicts, newest first.
    ///
    /// # Errors
    /// When the file can not be read.
    pub fn list(&self, filter: &Filter) -> Result<Vec<Entry>, LedgerError> {
        self.read(|read| {
            let mut entries = Vec::new();
            for row in read.open_table(BY_TIME)?.iter()?.rev() {
                if entries.len() >= filter.limit {
                    break;
                }
                let Some(entry) = entry(read, row?.0.value().1)? else { continue };
                let theirs = filter.principal.as_ref().is_none_or(|principal| {
                    principal_key(principal) == principal_key(&entry.verdict.principal)
                });
                if theirs && filter.in_force_at.is_none_or(|now| entry.standing_at(now) == Standing::Live) {
                    entries.push(entry);
                }
            }
            Ok(entries)
        })
    }
}

fn filed(read: &ReadTransaction, id: u128) -> Result<Option<Filed>, Fault> {
    let row = read.open_table(VERDICTS)?.get(id)?;
    row.map(|bytes| decode(bytes.value(), "verdict", id)).transpose()
}

fn entry(read: &ReadTransaction, id: u128) -> Result<Option<Entry>, Fault> {
    let Some(Filed { verdict, standing }) = filed(read, id)? else {
        return Ok(None);
    };
    let mut deliveries = Vec::new();
    for row in read.open_table(ERRANDS)?.range((id, "")..=(id, "\u{10ffff}"))? {
        let errand: Errand = decode(row?.1.value(), "revocation of", id)?;
        deliveries.push(errand.delivery);
    }
    Ok(Some(Entry { verdict, standing, deliveries }))
}

/// The lowest and highest id that begin with these hex digits.
fn prefix_range(prefix: &str) -> Option<(u128, u128)> {
    let valid = (1..=32).contains(&prefix.len()) && prefix.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !valid {
        return None;
    }
    let bound = |fill: char| {
        let padding: String = std::iter::repeat_n(fill, 32 - prefix.len()).collect();
        u128::from_str_radix(&format!("{prefix}{padding}"), 16).ok()
    };
    Some((bound('0')?, bound('f')?))
}
