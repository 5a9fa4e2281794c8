//! Feedback: what people say of verdicts in, kept beside them; what was said since a time out. The newest ten thousand are
//! kept. Never changes a verdict.

use compact_str::CompactString;
use model::{Principal, Timestamp, VerdictId};
use redb::{ReadableTable as _, ReadableTableMetadata as _, TableError};
use serde::{Deserialize, Serialize};

use crate::{
    Ledger, LedgerError,
    rows::{FEEDBACK, decode, encode},
};

/// Words kept. One more and the oldest goes.
const KEPT_MAX: u64 = 10_000;

/// What a person may say of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// It was right: what its principal has taught is taken back.
    Confirmed,
    /// It was wrong: it is taken back, and counts as a wrong one.
    FalseAlarm,
    /// It was taken back without saying whether it was right.
    Pardoned,
    /// Right or wrong, what its principal has taught is taken back.
    Unlearnt,
}

impl Word {
    /// The stable name used in all outputs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::FalseAlarm => "false_alarm",
            Self::Pardoned => "pardoned",
            Self::Unlearnt => "unlearnt",
        }
    }
}

/// One word of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// When it was said.
    pub at: Timestamp,
    /// By whom: `operator:<uid>`.
    pub by: CompactString,
    /// What.
    pub word: Word,
    /// Of which verdict.
    pub verdict: VerdictId,
    /// On whom it was.
    pub principal: Principal,
    /// Why, in that person's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

impl Ledger {
    /// Keeps a word; when it returns it is on disk.
    ///
    /// # Errors
    /// When nothing was written.
    pub fn say(&self, feedback: &Feedback) -> Result<(), LedgerError> {
        self.write(|write| {
            let mut table = write.open_table(FEEDBACK)?;
            // Two at one moment stand side by side.
            let mut key = (feedback.at.as_nanos(), 0);
            while table.get(key)?.is_some() {
                key.1 += 1;
            }
            table.insert(key, encode(feedback)?.as_slice())?;
            while table.len()? > KEPT_MAX {
                table.pop_first()?;
            }
            Ok(())
        })
    }

    /// What was said after `since`, oldest first.
    ///
    /// # Errors
    /// When the file can not be read.
    pub fn said_since(&self, since: Timestamp) -> Result<Vec<Feedback>, LedgerError> {
        self.read(|read| {
            let table = match read.open_table(FEEDBACK) {
                Ok(table) => table,
                // Nobody has said anything yet.
                Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
                Err(error) => return Err(error.into()),
            };
            let mut said = Vec::new();
            for row in table.range((since.as_nanos().saturating_add(1), 0)..)? {
                said.push(decode(row?.1.value(), "feedback", 0)?);
            }
            Ok(said)
        })
    }
}
