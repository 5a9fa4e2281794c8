//! The chain: a rendered line in, the same line with its number and the hash of the line before out. What it stands at is
//! kept beside the log, so that rotation and restarts go on with it.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom},
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use model::Digest;
use serde::Deserialize;

use crate::LINE_BYTES_MAX;

/// Bytes that numbering and chaining add to a line.
pub(crate) const LINK_BYTES_MAX: usize = 110;

/// The place of a line in its chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Link {
    /// Its number, counted from 0 since the log was first written.
    pub seq: u64,
    /// SHA-256 of the line before, without its line feed; of nothing before the first.
    pub prev: Digest,
}

/// Where a chain stands.
#[derive(Debug)]
pub(crate) struct Chain {
    next: Link,
    /// The file that remembers it; none for a log that is no plain file.
    kept: Option<File>,
}

impl Link {
    /// The first link of a chain.
    #[must_use]
    pub fn first() -> Self {
        Self { seq: 0, prev: Digest::of(b"") }
    }

    /// The link that follows a line, given without its line feed.
    #[must_use]
    pub fn after(self, line: &[u8]) -> Self {
        Self { seq: self.seq.saturating_add(1), prev: Digest::of(line) }
    }

    /// The place that a line gives itself; `None` when it gives none.
    #[must_use]
    pub fn of(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line).ok()
    }
}

/// Where the state of a log's chain is kept.
#[must_use]
pub fn chain_path(log: &Path) -> PathBuf {
    let mut name = log.as_os_str().to_owned();
    name.push(".chain");
    name.into()
}

/// The link that should follow the last line of a log, as kept beside it; `None` when nothing readable is.
#[must_use]
pub fn kept_link(log: &Path) -> Option<Link> {
    let mut text = String::new();
    File::open(chain_path(log)).ok()?.take(200).read_to_string(&mut text).ok()?;
    let (seq, prev) = text.trim().split_once(' ')?;
    Some(Link { seq: seq.parse().ok()?, prev: prev.parse().ok()? })
}

impl Chain {
    /// A chain that nobody remembers.
    pub(crate) fn loose() -> Self {
        Self { next: Link::first(), kept: None }
    }

    /// The chain of a log, taken up where it was left. Where nothing can be kept beside the log, its last line must do.
    pub(crate) fn open(log: &Path) -> Self {
        let kept = kept_link(log);
        let last = last_line(log).ok().flatten();
        let told = last.as_deref().and_then(Link::of);
        let next = match (kept, told, &last) {
            // The last line was written, but not yet remembered.
            (Some(kept), Some(told), Some(line)) if told == kept => told.after(line),
            (Some(kept), ..) => kept,
            (None, Some(told), Some(line)) => told.after(line),
            (None, ..) => Link::first(),
        };
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).mode(0o640).open(chain_path(log));
        if let Err(error) = &file {
            let path = chain_path(log);
            tracing::warn!(path = %path.display(), %error, "chain_not_kept: a log that is rotated while we are stopped begins a new chain");
        }
        Self { next, kept: file.ok() }
    }

    /// The line with its place in it, behind its first `head` bytes.
    pub(crate) fn link(&self, line: &[u8], head: usize) -> Vec<u8> {
        let (head, rest) = line.split_at(head.min(line.len()));
        let Link { seq, prev } = self.next;
        [head, format!(r#""seq":{seq},"prev":"{prev}","#).as_bytes(), rest].concat()
    }

    /// A line, with its line feed, was written whole.
    pub(crate) fn advance(&mut self, line: &[u8]) {
        self.next = self.next.after(line.strip_suffix(b"\n").unwrap_or(line));
        let Link { seq, prev } = self.next;
        if let Some(file) = &self.kept {
            // If this fails, the log's last line still tells where the chain stands.
            let _ = file.write_all_at(format!("{seq:020} {prev}\n").as_bytes(), 0);
        }
    }
}

/// The last whole line of a file, without its line feed; `None` when there is none.
fn last_line(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let from = file.metadata()?.len().saturating_sub(2 * LINE_BYTES_MAX as u64);
    file.seek(SeekFrom::Start(from))?;
    let mut end = Vec::new();
    file.take(2 * LINE_BYTES_MAX as u64).read_to_end(&mut end)?;
    let whole = end.rsplit(|byte| *byte == b'\n').skip(1).find(|line| Link::of(line).is_some());
    Ok(whole.map(<[u8]>::to_vec))
}
