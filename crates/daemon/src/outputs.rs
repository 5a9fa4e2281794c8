//! Output files: values in, JSON lines out. Created before any work is done; a failing one ends the command.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};

use serde::Serialize;

use crate::fault::Fault;

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 256 << 10;

/// An output file, or none when it was not asked for.
#[derive(Debug)]
pub(crate) struct Output(Option<(PathBuf, BufWriter<File>)>);

impl Output {
    /// Creates the file when there is a path; `-` is standard output.
    pub(crate) fn create(path: Option<&Path>) -> Result<Self, Fault> {
        let Some(path) = path else { return Ok(Self(None)) };
        let target = if path == Path::new("-") { Path::new("/dev/stdout") } else { path };
        let file = File::create(target).map_err(|error| Fault::cannot_create(path, &error))?;
        Ok(Self(Some((path.to_owned(), BufWriter::with_capacity(BUFFER_BYTES, file)))))
    }

    /// Writes one value as one line.
    pub(crate) fn line(&mut self, value: &impl Serialize) -> Result<(), Fault> {
        let Some((path, file)) = &mut self.0 else { return Ok(()) };
        let written = serde_json::to_writer(&mut *file, value).map_err(std::io::Error::from);
        let written = written.and_then(|()| file.write_all(b"\n"));
        written.map_err(|error| Fault::write(&path.display().to_string(), &error))
    }

    /// Makes sure that everything is in the file.
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        let Some((path, file)) = &mut self.0 else { return Ok(()) };
        file.flush().map_err(|error| Fault::write(&path.display().to_string(), &error))
    }
}
