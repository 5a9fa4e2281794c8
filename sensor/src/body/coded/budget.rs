//! The memory of decoders: what each takes in, whether there is room for it out. Frees by itself what is dropped.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use flate2::Decompress;

use super::Stop;

/// Inflaters kept for the next body.
pub(super) const SPARE_MAX: usize = 4;

/// What all decoders of a sensor share.
pub(crate) struct Decoders {
    taken: Arc<AtomicUsize>,
    bytes_max: usize,
    pub(super) spare: Vec<Decompress>,
}

impl Decoders {
    /// Decoders that together take at most so many bytes.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { taken: Arc::default(), bytes_max, spare: Vec::new() }
    }

    /// A decoder's share, empty at first. Requests may take half of all, so that what a client sends does not blind
    /// us for the answers.
    pub(crate) fn lease(&self, is_request: bool) -> Lease {
        let bytes_max = if is_request { self.bytes_max / 2 } else { self.bytes_max };
        Lease { all: Arc::clone(&self.taken), bytes_max, taken: 0 }
    }

    /// Bytes taken by decoders at work.
    #[cfg(test)]
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

/// The share of one decoder.
pub(crate) struct Lease {
    all: Arc<AtomicUsize>,
    bytes_max: usize,
    taken: usize,
}

impl Lease {
    /// Takes `n` bytes more, if there is room for them.
    pub(super) fn take(&mut self, n: usize) -> Result<(), Stop> {
        if self.all.load(Ordering::Relaxed).saturating_add(n) > self.bytes_max {
            return Err(Stop::Busy);
        }
        self.all.fetch_add(n, Ordering::Relaxed);
        self.taken += n;
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.all.fetch_sub(self.taken, Ordering::Relaxed);
    }
}
