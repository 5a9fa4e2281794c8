//! Opening the ledger: settings in, an open ledger or a fault with the right exit code out.

use std::{fs, os::unix::fs::DirBuilderExt as _, path::Path};

use store::{Ledger, LedgerError};

use crate::{
    fault::{Exit, Fault},
    settings::Settings,
};

/// Opens the ledger in the state directory, making both where missing.
pub(crate) fn open(settings: &Settings) -> Result<Ledger, Fault> {
    state_directory(&settings.state_directory())?;
    Ledger::open(settings.ledger_path()).map_err(|error| fault(&error))
}

/// Makes the state directory, for its owner only.
pub(crate) fn state_directory(path: &Path) -> Result<(), Fault> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| {
        let remedy = "set state.directory to a folder that you may write to";
        Fault::new(
            Exit::CannotCreate,
            format!("can not create state directory {}: {error}; {remedy}", path.display()),
        )
    })
}

/// The exit code of a ledger's error; its text names file and remedy.
pub(crate) fn fault(error: &LedgerError) -> Fault {
    let exit = match error {
        LedgerError::Locked { .. } => Exit::Unavailable,
        LedgerError::Damaged { .. } | LedgerError::Newer { .. } => Exit::Data,
        LedgerError::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
            Exit::NoPermission
        }
        _ => Exit::Io,
    };
    Fault::new(exit, error.to_string())
}
