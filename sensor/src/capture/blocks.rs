//! A buffered source: bytes of a file or pipe in, whole records in place out. Copies a byte twice only when a record
//! lies across the end of the buffer.

use std::io::{self, Read};

/// Bytes read at a time: few enough to stay in the caches of a core until they are looked at.
const READ_BYTES: usize = 256 << 10;
/// Longest record: a frame of 64 KiB with its head is far below, a longer one is a broken length.
pub(super) const RECORD_BYTES_MAX: usize = 16 << 20;

/// A reader with a window on its next bytes.
pub(super) struct Blocks {
    source: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Whether the source has no more.
    ended: bool,
}

impl Blocks {
    pub(super) fn new(source: Box<dyn Read + Send>) -> Self {
        Self { source, buffer: vec![0; READ_BYTES], start: 0, end: 0, ended: false }
    }

    /// The next `n` bytes, at most [`RECORD_BYTES_MAX`], without taking them; fewer at the end of the source.
    pub(super) fn peek(&mut self, n: usize) -> io::Result<&[u8]> {
        if self.end - self.start < n && !self.ended {
            self.fill(n.min(RECORD_BYTES_MAX))?;
        }
        let end = self.end.min(self.start.saturating_add(n));
        Ok(self.buffer.get(self.start..end).unwrap_or_default())
    }

    /// Takes `n` bytes that were peeked at.
    pub(super) fn take(&mut self, n: usize) {
        self.start = self.end.min(self.start.saturating_add(n));
    }

    /// Takes `n` bytes that were peeked at and returns them.
    pub(super) fn taken(&mut self, n: usize) -> &[u8] {
        let from = self.start;
        self.take(n);
        self.buffer.get(from..self.start).unwrap_or_default()
    }

    fn fill(&mut self, n: usize) -> io::Result<()> {
        if self.start + n > self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            if n > self.buffer.len() {
                self.buffer.resize(n.next_multiple_of(READ_BYTES), 0);
            }
        }
        while self.end - self.start < n && !self.ended {
            let free = self.buffer.get_mut(self.end..).unwrap_or_default();
            match self.source.read(free) {
                Ok(0) => self.ended = true,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
