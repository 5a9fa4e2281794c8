//! Ledger errors: what redb and the file system say in, one line that names the file and the remedy out.
//! Never carries a principal or a secret.

use std::{fmt, io, path::PathBuf};

/// Why the ledger could not do what it was asked to. Nothing acknowledged before is lost by any of them.
#[derive(Debug)]
pub enum LedgerError {
    /// The disk is full. Free some space; the ledger goes on by itself.
    Full {
        /// The ledger's file.
        path: PathBuf,
    },
    /// Another process has the ledger open.
    Locked {
        /// The ledger's file.
        path: PathBuf,
    },
    /// The file, or a row in it, is not what was written.
    Damaged {
        /// The ledger's file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The file was written by a newer version.
    Newer {
        /// The ledger's file.
        path: PathBuf,
        /// Its schema version.
        schema: u64,
    },
    /// The operating system refused.
    Io {
        /// The ledger's file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { path } => {
                write!(
                    f,
                    "ledger {}: the disk is full; free some space, nothing acknowledged is lost",
                    path.display()
                )
            }
            Self::Locked { path } => {
                write!(
                    f,
                    "ledger {}: in use by another sidewatch; stop it, or ask it instead",
                    path.display()
                )
            }
            Self::Damaged { path, detail } => write!(
                f,
                "ledger {}: damaged ({detail}); move the file away and start again: gateways are then resynced to an empty list",
                path.display()
            ),
            Self::Newer { path, schema } => write!(
                f,
                "ledger {}: written by a newer sidewatch (schema {schema}); upgrade, or point `ledger` elsewhere",
                path.display()
            ),
            Self::Io { path, source } => {
                write!(
                    f,
                    "ledger {}: {source}; check that its directory exists and is writable",
                    path.display()
                )
            }
        }
    }
}

impl std::error::Error for LedgerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// What went wrong inside one transaction, before the file's name is known.
#[derive(Debug)]
pub(crate) enum Fault {
    Redb(redb::Error),
    Row(String),
    Io(io::Error),
}

impl Fault {
    /// Names the file.
    pub(crate) fn at(self, path: &std::path::Path) -> LedgerError {
        let path = path.to_path_buf();
        match self {
            Self::Io(source) | Self::Redb(redb::Error::Io(source)) => {
                if source.kind() == io::ErrorKind::StorageFull
                    || source.kind() == io::ErrorKind::QuotaExceeded
                {
                    LedgerError::Full { path }
                } else if source.kind() == io::ErrorKind::InvalidData {
                    LedgerError::Damaged { path, detail: "not a ledger".to_owned() }
                } else {
                    LedgerError::Io { path, source }
                }
            }
            Self::Redb(redb::Error::DatabaseAlreadyOpen) => LedgerError::Locked { path },
            Self::Redb(redb::Error::PreviousIo) => {
                LedgerError::Io { path, source: io::Error::other("an earlier write failed") }
            }
            Self::Redb(error) => LedgerError::Damaged { path, detail: error.to_string() },
            Self::Row(detail) => LedgerError::Damaged { path, detail },
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

macro_rules! from_redb {
    ($($error:ty),*) => {
        $(impl From<$error> for Fault {
            fn from(error: $error) -> Self {
                Self::Redb(error.into())
            }
        })*
    };
}
from_redb!(
    redb::Error,
    redb::DatabaseError,
    redb::TransactionError,
    redb::TableError,
    redb::StorageError,
    redb::CommitError,
    redb::SetDurabilityError
);
