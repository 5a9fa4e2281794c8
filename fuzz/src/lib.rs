//! What every fuzz target shares: one run of an entry under a bound on the heap. A broken promise is a panic.

use std::sync::Once;

use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Runs `entry` on `data` and checks that the heap never grew by more than `factor` times the input and `base` bytes.
pub fn bounded(data: &[u8], factor: usize, base: usize, entry: fn(&[u8])) {
    static WARM: Once = Once::new();
    // What lives longer than a run is made now.
    WARM.call_once(|| entry(&[0; 64]));
    HEAP.reset_peak_usage();
    let before = HEAP.current_usage();
    entry(data);
    let peak = HEAP.peak_usage().saturating_sub(before);
    let limit = factor * data.len() + base;
    assert!(peak <= limit, "{} bytes of input took {peak} bytes of heap, limit {limit}", data.len());
}

/// A target: an entry and its heap bound, `peak <= factor * length + base`.
#[macro_export]
macro_rules! target {
    ($entry:path, $factor:expr, $base:expr) => {
        libfuzzer_sys::fuzz_target!(|data: &[u8]| $crate::bounded(data, $factor, $base, $entry));
    };
}
