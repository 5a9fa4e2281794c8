//! Rows: verdicts and revocations in, bytes with a schema version out, and back.
//! Never trusts what it reads: a row that does not decode is an error that says which.

use compact_str::CompactString;
use model::{Delivery, DeliveryState, Principal, Revocation, Timestamp, Verdict, VerdictId};
use redb::TableDefinition;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::error::Fault;

/// Version of the tables; a file with a higher one is refused.
pub(crate) const SCHEMA: u64 = 1;

/// Version of a row's bytes, its first byte.
const ROW_VERSION: u8 = 1;

pub(crate) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
/// Every verdict kept, as `Filed`.
pub(crate) const VERDICTS: TableDefinition<'_, u128, &[u8]> = TableDefinition::new("verdicts");
/// (at, verdict) of every verdict kept.
pub(crate) const BY_TIME: TableDefinition<'_, (u64, u128), ()> = TableDefinition::new("by_time");
/// (until, verdict) of live verdicts.
pub(crate) const BY_UNTIL: TableDefinition<'_, (u64, u128), ()> = TableDefinition::new("by_until");
/// (kind, principal) of live verdicts, one each.
pub(crate) const LIVE: TableDefinition<'_, (u8, u128), u128> = TableDefinition::new("live");
/// (verdict, gateway) of every revocation kept, as `Errand`.
pub(crate) const ERRANDS: TableDefinition<'_, (u128, &str), &[u8]> = TableDefinition::new("errands");
/// (gateway, verdict) of revocations that the gateway is to enforce.
pub(crate) const WANTED: TableDefinition<'_, (&str, u128), ()> = TableDefinition::new("wanted");
/// (gateway, verdict) of revocations that the gateway has yet to hear of: to apply, or to take back.
pub(crate) const OWED: TableDefinition<'_, (&str, u128), ()> = TableDefinition::new("owed");

/// (at, n) of what people said, as `Feedback`.
pub(crate) const FEEDBACK: TableDefinition<'_, (u64, u64), &[u8]> = TableDefinition::new("feedback");

/// Where a verdict stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// In force.
    Live,
    /// A newer verdict on the same principal took its place.
    Replaced {
        /// The newer one.
        by: VerdictId,
    },
    /// Taken back.
    Withdrawn {
        /// When.
        at: Timestamp,
        /// By whom: `operator:<uid>`.
        by: CompactString,
    },
    /// Its time ran out.
    Expired,
}

/// A verdict as kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Filed {
    pub(crate) verdict: Verdict,
    pub(crate) standing: Standing,
}

/// A revocation as kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Errand {
    pub(crate) delivery: Delivery,
    /// Whether the gateway has been told to enforce it and not been told otherwise since.
    pub(crate) held: bool,
}

impl Errand {
    /// A revocation that nobody has tried to deliver.
    pub(crate) fn new(at: Timestamp, revocation: &Revocation) -> Self {
        let delivery = Delivery {
            at,
            revocation: revocation.clone(),
            state: DeliveryState::Pending,
            detail: String::new(),
        };
        Self { delivery, held: false }
    }

    /// Whether the gateway is to enforce it, time aside.
    pub(crate) fn is_wanted(&self) -> bool {
        matches!(
            self.delivery.state,
            DeliveryState::Pending | DeliveryState::Delivered | DeliveryState::DryRun
        )
    }

    /// Whether the gateway has yet to hear of it.
    pub(crate) fn is_owed(&self) -> bool {
        match self.delivery.state {
            DeliveryState::Pending | DeliveryState::DryRun => true,
            DeliveryState::Withdrawn => self.held,
            DeliveryState::Delivered | DeliveryState::Refused | DeliveryState::Expired => false,
        }
    }
}

/// The key of a principal: its kind and its pseudonym.
pub(crate) fn principal_key(principal: &Principal) -> (u8, u128) {
    (principal.kind as u8, principal.id.0)
}

/// A row as bytes.
pub(crate) fn encode<T: Serialize>(row: &T) -> Result<Vec<u8>, Fault> {
    let mut bytes = vec![ROW_VERSION];
    serde_json::to_writer(&mut bytes, row).map_err(|error| Fault::Row(error.to_string()))?;
    Ok(bytes)
}

/// A row from bytes; `what` and `id` name it in the error.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8], what: &str, id: u128) -> Result<T, Fault> {
    match bytes.split_first() {
        Some((&ROW_VERSION, json)) => serde_json::from_slice(json)
            .map_err(|_| Fault::Row(format!("{what} {} does not decode", VerdictId(id)))),
        Some((version, _)) => {
            Err(Fault::Row(format!("{what} {} has unknown version {version}", VerdictId(id))))
        }
        None => Err(Fault::Row(format!("{what} {} is empty", VerdictId(id)))),
    }
}
