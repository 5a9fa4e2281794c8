//! The log file: lines in, appended and visible to whoever tails it at once. A failing file is opened again at the
//! next line; what could not be written is counted.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use crate::{Entry, chain::Chain};

/// Readable by the owner's group: log shippers run in it.
const FILE_MODE: u32 = 0o640;

/// An open SOC log.
#[derive(Debug)]
pub struct SocLog {
    target: Target,
    chain: Chain,
    /// The last write stopped in the middle of a line: the next one starts on a fresh line.
    torn: bool,
    failing: bool,
    lost: u64,
}

#[derive(Debug)]
enum Target {
    Stdout,
    File { path: PathBuf, file: Option<File> },
}

impl SocLog {
    /// Opens `target` for appending, creating it if needed; `-` is standard output.
    ///
    /// # Errors
    /// When the file can not be opened for writing.
    pub fn open(target: &Path) -> io::Result<Self> {
        let target = if target == Path::new("-") {
            Target::Stdout
        } else {
            Target::File { path: target.to_owned(), file: Some(open(target)?) }
        };
        let chain = chain(&target)?;
        Ok(Self { target, chain, torn: false, failing: false, lost: 0 })
    }

    /// Appends one line. What can not be written is counted in [`Self::lost`] and said once in the diagnostics.
    pub fn append(&mut self, entry: Entry<'_>) {
        let line = entry.line().map(|line| self.chain.link(&line, entry.head().len()));
        let written = line.map_err(io::Error::from).and_then(|line| {
            self.write(&line)?;
            self.chain.advance(&line);
            Ok(())
        });
        match written {
            Ok(()) if self.failing => {
                self.failing = false;
                tracing::info!(lost = self.lost, "soc_log_writable_again");
            }
            Ok(()) => {}
            Err(error) => {
                self.lost = self.lost.saturating_add(1);
                if !self.failing {
                    self.failing = true;
                    let path = self.path().display();
                    tracing::error!(%path, %error, "soc_log_not_writable: lines are lost and counted as log_write");
                }
            }
        }
    }

    /// Opens the file again, after a rotator has renamed it. Keeps the old one when that fails.
    ///
    /// # Errors
    /// When the file can not be opened; lines go on into the old one.
    pub fn reopen(&mut self) -> io::Result<()> {
        if let Target::File { path, file } = &mut self.target {
            *file = Some(open(path)?);
            self.torn = false;
        }
        Ok(())
    }

    /// Lines that could not be written, `Loss::LogWrite`.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Where the lines go; `-` is standard output.
    #[must_use]
    pub fn path(&self) -> &Path {
        match &self.target {
            Target::Stdout => Path::new("-"),
            Target::File { path, .. } => path,
        }
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        let Target::File { path, file } = &mut self.target else {
            let mut out = io::stdout().lock();
            return out.write_all(line).and_then(|()| out.flush());
        };
        if file.is_none() {
            *file = Some(open(path)?);
        }
        let Some(out) = file.as_mut() else { return Ok(()) };
        let written = if self.torn { write_whole(out, b"\n") } else { Ok(()) };
        let written = written.and_then(|()| write_whole(out, line));
        match written {
            Ok(()) => {
                self.torn = false;
                Ok(())
            }
            Err((done, error)) => {
                self.torn |= done > 0;
                *file = None;
                Err(error)
            }
        }
    }
}

/// The chain of a log that is a plain file goes on where it was left; any other begins anew with us.
fn chain(target: &Target) -> io::Result<Chain> {
    match target {
        Target::File { path, file: Some(file) } if file.metadata()?.is_file() => Ok(Chain::open(path)),
        _ => Ok(Chain::loose()),
    }
}

/// Writes all bytes, or says how many went out before the error.
fn write_whole(out: &mut impl Write, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
    let mut done = 0;
    while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
        match out.write(rest) {
            Ok(0) => return Err((done, io::ErrorKind::WriteZero.into())),
            Ok(n) => done += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err((done, error)),
        }
    }
    Ok(())
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(FILE_MODE).open(path)
}
