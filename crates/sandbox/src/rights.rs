//! User and capabilities: a plan in, a lesser process out.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, chown},
    path::{Path, PathBuf},
};

use nix::unistd::{Gid, Uid, User, initgroups, setresgid, setresuid};
use rustix::thread::{CapabilitySet, CapabilitySets};

use crate::SandboxError;

/// Takes on a user with its groups. What root owns directly in the writable folders becomes that user's.
pub(crate) fn become_user(name: &str, writable: &[PathBuf]) -> Result<(), SandboxError> {
    let user = User::from_name(name).ok().flatten();
    let user = user.ok_or_else(|| SandboxError::UnknownUser(name.to_owned()))?;
    if Uid::effective() == user.uid {
        return Ok(());
    }
    writable.iter().for_each(|path| hand_over(path, user.uid, user.gid));
    let taken = std::ffi::CString::new(name)
        .map_err(|_| nix::Error::EINVAL)
        .and_then(|text| initgroups(&text, user.gid))
        .and_then(|()| setresgid(user.gid, user.gid, user.gid))
        .and_then(|()| setresuid(user.uid, user.uid, user.uid));
    taken.map_err(|error| SandboxError::User { name: name.to_owned(), why: error.desc().to_owned() })
}

/// Gives a file or folder, and the files right in it, to a user, if root owns them. What can not be given shows when
/// it is used.
fn hand_over(path: &Path, user: Uid, group: Gid) {
    let entries = fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    for path in entries.chain([path.to_owned()]) {
        let is_ours = fs::symlink_metadata(&path).is_ok_and(|meta| meta.uid() == 0 && !meta.is_symlink());
        if is_ours {
            let _ = chown(&path, Some(user.as_raw()), Some(group.as_raw()));
        }
    }
}

/// No program started from here gets more rights than we have (`PR_SET_NO_NEW_PRIVS`).
pub(crate) fn no_new_privileges() -> Result<(), String> {
    rustix::thread::set_no_new_privs(true).map_err(|error| error.to_string())
}

/// Drops every capability, and the way back to them.
pub(crate) fn drop_capabilities() -> Result<(), String> {
    for one in CapabilitySet::all().iter() {
        // Taking from the bounding set needs CAP_SETPCAP; without it there is nothing to come back to.
        let _ = rustix::thread::remove_capability_from_bounding_set(one);
    }
    let _ = rustix::thread::clear_ambient_capability_set();
    let none = CapabilitySet::empty();
    let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
    rustix::thread::set_capabilities(None, sets).map_err(|error| error.to_string())
}
