//! Faults: what stopped a command in, one clear line each and an exit code of sysexits.h out. Never a secret.

use std::{fmt, io, path::Path, process::ExitCode};

/// Why a command ended, as scripts see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The reader of our output went away: not an error.
    Quiet = 0,
    /// What was checked does not hold: detection quality is worse than agreed, a verdict or a log does not verify.
    Worse = 1,
    /// Settings or command line.
    Usage = 64,
    /// The input is not what it should be.
    Data = 65,
    /// The input can not be opened.
    NoInput = 66,
    /// The gateway or the daemon does not answer.
    Unavailable = 69,
    /// An output file can not be created.
    CannotCreate = 73,
    /// Reading or writing failed on the way.
    Io = 74,
    /// Rights are missing.
    NoPermission = 77,
}

impl Exit {
    /// The exit with this code; `Io` for one that we do not know.
    pub(crate) fn from_code(code: u8) -> Self {
        let all = [
            Self::Usage,
            Self::Data,
            Self::NoInput,
            Self::Unavailable,
            Self::CannotCreate,
            Self::NoPermission,
        ];
        all.into_iter().find(|exit| *exit as u8 == code).unwrap_or(Self::Io)
    }
}

/// What stopped a command: one or more lines, each `<what> <where>; <remedy>`.
#[derive(Debug)]
pub(crate) struct Fault {
    /// The exit code.
    pub(crate) exit: Exit,
    /// The lines, without `sidewatch: error:`.
    pub(crate) lines: Vec<String>,
}

impl Fault {
    /// A fault with one line.
    pub(crate) fn new(exit: Exit, line: impl Into<String>) -> Self {
        Self { exit, lines: vec![line.into()] }
    }

    /// An output file that can not be created.
    pub(crate) fn cannot_create(path: &Path, error: &io::Error) -> Self {
        let remedy = "check that the folder exists and that you may write there";
        Self::new(Exit::CannotCreate, format!("can not create {}: {error}; {remedy}", path.display()))
    }

    /// A write that failed: quiet when the reader is gone.
    pub(crate) fn write(place: &str, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self { exit: Exit::Quiet, lines: Vec::new() };
        }
        Self::new(Exit::Io, format!("can not write to {place}: {error}; check the disk"))
    }

    /// Says the lines on standard error and gives the exit code.
    pub(crate) fn tell(&self) -> ExitCode {
        eprint!("{self}");
        ExitCode::from(self.exit as u8)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            let line = line.replace(|c: char| c.is_control(), " ");
            writeln!(f, "sidewatch: error: {line}")?;
        }
        Ok(())
    }
}
