//! Progress: bytes read in, a bar on a terminal out. Silent everywhere else.

use std::{
    fs,
    io::{IsTerminal as _, stderr},
    path::{Path, PathBuf},
};

use indicatif::{ProgressBar, ProgressStyle};

/// A progress bar, or nothing.
#[derive(Clone, Debug)]
pub(crate) struct Progress(Option<ProgressBar>);

impl Progress {
    /// A bar over the bytes of the files when standard error is a terminal.
    pub(crate) fn over(files: &[PathBuf]) -> Self {
        if !stderr().is_terminal() {
            return Self::silent();
        }
        let bytes = files.iter().filter_map(|path| fs::metadata(path).ok()).map(|file| file.len()).sum();
        let bar = ProgressBar::new(bytes);
        let template = "{bar:40} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta} {msg}";
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        Self(Some(bar))
    }

    /// No bar.
    pub(crate) fn silent() -> Self {
        Self(None)
    }

    /// Says which file comes.
    pub(crate) fn begin(&self, path: &Path) {
        if let Some(bar) = &self.0 {
            bar.set_message(path.display().to_string());
        }
    }

    /// Moves on by bytes read.
    pub(crate) fn advance(&self, bytes: u64) {
        if let Some(bar) = &self.0 {
            bar.inc(bytes);
        }
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
