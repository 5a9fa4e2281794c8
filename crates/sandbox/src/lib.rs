//! The sandbox: what the process may still do once everything is open. Rights only ever shrink; each step says whether
//! the kernel took it.
//!
//! Two layers. [`lay_down`] is for the whole process, before its threads start: another user, no capabilities, no new
//! privileges, only the named folders, none of the system calls that nobody here needs. [`confine_reader`] is for each
//! thread that parses what strangers sent: no file, no socket, no other process at all.

mod calls;
mod files;
mod rights;

use std::{fmt, path::PathBuf};

pub use calls::confine_reader;

/// What the process keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Become this user, if we are root now.
    pub user: Option<String>,
    /// Folders and files to read and write; what lies below them is included.
    pub writable: Vec<PathBuf>,
    /// Folders and files to read.
    pub readable: Vec<PathBuf>,
}

/// Which walls stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Steps that the kernel took, by name.
    pub applied: Vec<&'static str>,
    /// Steps that it did not take, and why.
    pub refused: Vec<String>,
}

/// Why rights could not be dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SandboxError {
    /// The user does not exist.
    UnknownUser(String),
    /// The user could not be taken on.
    User {
        /// Its name.
        name: String,
        /// What the kernel said.
        why: String,
    },
}

impl fmt::Display for SandboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownUser(name) => {
                write!(
                    f,
                    "sandbox.user: no user {name:?}; create it (useradd --system {name}) or name another"
                )
            }
            Self::User { name, why } => write!(f, "can not become user {name:?}: {why}; start as root"),
        }
    }
}

impl std::error::Error for SandboxError {}

/// Takes the process's rights away. To be called once, when everything is open and before the first thread starts:
/// each thread started later inherits what is left.
///
/// # Errors
/// If the user of the plan does not exist or can not be taken on. What the kernel lacks otherwise stands in the report.
pub fn lay_down(plan: &Plan) -> Result<Report, SandboxError> {
    let mut report = Report::default();
    if let Some(name) = &plan.user {
        rights::become_user(name, &plan.writable)?;
        report.applied.push("user");
    }
    report.note("no_new_privs", rights::no_new_privileges());
    report.note("capabilities", rights::drop_capabilities());
    report.note("landlock", files::restrict(plan));
    report.note("seccomp", calls::confine_process());
    Ok(report)
}

impl Report {
    fn note(&mut self, step: &'static str, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => self.applied.push(step),
            Err(why) => self.refused.push(format!("{step}: {why}")),
        }
    }
}
