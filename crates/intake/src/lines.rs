//! Lines: bytes in any pieces in, whole lines out. A line past the limit is skipped to its end and counted.

/// Longest line that is read.
pub const LINE_BYTES_MAX: usize = 256 << 10;

/// Cuts a stream of bytes into lines.
#[derive(Debug, Default)]
pub struct Lines {
    held: Vec<u8>,
    skipping: bool,
    too_long: u64,
}

impl Lines {
    /// The next bytes; `line` gets each line that ends in them, without its end.
    pub fn push(&mut self, bytes: &[u8], mut line: impl FnMut(&[u8])) {
        let mut parts = bytes.split(|byte| *byte == b'\n');
        let Some(last) = parts.next_back() else { return };
        for part in parts {
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            if self.held.is_empty() && part.len() <= LINE_BYTES_MAX {
                line(trim(part));
            } else if self.grow(part) {
                line(trim(&self.held));
                self.held.clear();
            } else {
                self.skipping = false;
            }
        }
        if !self.skipping {
            self.grow(last);
        }
    }

    /// The stream is over: `line` gets what stands behind the last line's end. Ready for another stream.
    pub fn end(&mut self, line: impl FnOnce(&[u8])) {
        self.skipping = false;
        if !self.held.is_empty() {
            line(trim(&self.held));
            self.held.clear();
        }
    }

    /// Bytes held of a line that is not over yet.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Lines that were too long.
    #[must_use]
    pub fn too_long(&self) -> u64 {
        self.too_long
    }

    /// Adds to the line in hand; false when it has become too long.
    fn grow(&mut self, part: &[u8]) -> bool {
        if self.held.len() + part.len() > LINE_BYTES_MAX {
            self.held = Vec::new();
            self.skipping = true;
            self.too_long += 1;
            return false;
        }
        self.held.extend_from_slice(part);
        true
    }
}

fn trim(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
