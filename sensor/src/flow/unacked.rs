//! Unacknowledged request bytes: what was handed on in, whether a repetition contradicts it out. Never keeps what the
//! server has acknowledged.

use crate::half::differ;

/// Request bytes kept for comparison until the server acknowledges them; past it only the newest are compared.
const UNACKED_BYTES_MAX: usize = 16 << 10;
/// Buffers for these that the next flow may use.
const SPARE_MAX: usize = 64;

/// The newest request bytes handed on, as long as the server has not acknowledged them all: until then a repetition
/// with other bytes may be the one that it takes.
#[derive(Default)]
pub(super) struct Unacked(Vec<u8>);

impl Unacked {
    /// Bytes held on the heap.
    pub(super) const fn memory(&self) -> usize {
        self.0.capacity()
    }

    /// Whether `bytes` differ from what was handed on. Both are told by where they lie in the stream, these bytes ending
    /// at `end`.
    pub(super) fn contradicts(&self, end: u64, start: u64, bytes: &[u8]) -> bool {
        differ((end.saturating_sub(self.0.len() as u64), &self.0), (start, bytes))
    }

    /// Adds bytes handed on, in a buffer out of `spare` if there is one.
    pub(super) fn remember(&mut self, bytes: &[u8], spare: &mut Vec<Vec<u8>>) {
        if self.0.capacity() == 0 {
            self.0 = spare.pop().unwrap_or_default();
        }
        if self.0.len() + bytes.len() > UNACKED_BYTES_MAX {
            self.0.clear();
        }
        let newest = bytes.len().saturating_sub(UNACKED_BYTES_MAX);
        self.0.extend_from_slice(bytes.get(newest..).unwrap_or_default());
    }

    /// Forgets all; the buffer goes to `spare`.
    pub(super) fn forget(&mut self, spare: &mut Vec<Vec<u8>>) {
        let mut buffer = std::mem::take(&mut self.0);
        if buffer.capacity() > 0 && spare.len() < SPARE_MAX {
            buffer.clear();
            spare.push(buffer);
        }
    }
}
