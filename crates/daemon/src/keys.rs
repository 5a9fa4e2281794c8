//! The deployment's pseudonym key: from its file, made at the first start, or the documented one for offline work.
//! Never printed.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use model::Pseudonyms;

use crate::{
    fault::{Exit, Fault},
    settings::Settings,
};

/// Key of `decode` and `replay` without `identity.key_file`: the same file gives the same ids on every machine.
const OFFLINE_KEY: [u8; 16] = *b"sidewatchoffline";

/// Pseudonyms for offline work.
pub(crate) fn offline(settings: &Settings) -> Result<Pseudonyms, Fault> {
    match &settings.identity.key_file {
        Some(path) => read(path),
        None => Ok(Pseudonyms::new(OFFLINE_KEY)),
    }
}

/// Pseudonyms for live work: the configured key, or the one in the state directory, made when there is none.
pub(crate) fn live(settings: &Settings, state: &Path) -> Result<Pseudonyms, Fault> {
    if let Some(path) = &settings.identity.key_file {
        return read(path);
    }
    let path = state.join("pseudonym.key");
    match create(&path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(Fault::cannot_create(&path, &error)),
    }
    read(&path)
}

/// Pseudonyms of a daemon that has run before; makes no key.
pub(crate) fn kept(settings: &Settings) -> Result<Pseudonyms, Fault> {
    let state = || settings.state_directory().join("pseudonym.key");
    read(&settings.identity.key_file.clone().unwrap_or_else(state))
}

fn read(path: &PathBuf) -> Result<Pseudonyms, Fault> {
    let text = fs::read_to_string(path).map_err(|error| {
        let exit =
            if error.kind() == io::ErrorKind::PermissionDenied { Exit::NoPermission } else { Exit::NoInput };
        let remedy = "set identity.key_file to a readable file of 32 hex digits";
        Fault::new(exit, format!("can not read key file {}: {error}; {remedy}", path.display()))
    })?;
    Pseudonyms::from_hex(&text).map_err(|_| {
        let remedy = "make one with: od -An -tx1 -N16 /dev/urandom | tr -d ' '";
        Fault::new(Exit::Usage, format!("key file {} is not 32 hex digits; {remedy}", path.display()))
    })
}

/// Writes a fresh key whole or not at all, readable by its owner only.
fn create(path: &Path) -> io::Result<()> {
    let mut key = [0_u8; 16];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let fresh = path.with_extension(format!("fresh.{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o400).open(&fresh)?;
    let linked =
        writeln!(file, "{hex}").and_then(|()| file.sync_all()).and_then(|()| fs::hard_link(&fresh, path));
    fs::remove_file(&fresh)?;
    linked
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use model::PrincipalKind;

    use super::*;

    #[test]
    fn the_first_start_makes_a_key_that_stays() {
        let folder = tempfile::tempdir().expect("folder");
        let settings = Settings::default();
        let first = live(&settings, folder.path()).expect("made");
        let second = live(&settings, folder.path()).expect("read");
        let id = |names: &Pseudonyms| names.credential(PrincipalKind::Token, b"t").id;
        assert_eq!(id(&first), id(&second));
        assert_ne!(id(&first), id(&offline(&settings).expect("documented")));
        let file = fs::metadata(folder.path().join("pseudonym.key")).expect("there");
        assert_eq!(file.permissions().mode() & 0o777, 0o400);
        assert_eq!(fs::read_dir(folder.path()).expect("lists").count(), 1);
    }

    #[test]
    fn a_key_of_the_wrong_form_is_refused_without_being_shown() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("key");
        fs::write(&path, "hunter2").expect("writes");
        let fault = read(&path).expect_err("refused").to_string();
        assert!(!fault.contains("hunter2"), "{fault}");
    }
}
