//! What every fuzz target shares: one run of an entry under a bound on the heap. A broken promise is a panic.

use std::sync::Once;

use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Runs `entry` on `data` and checks that the heap never grew by more than `factor` times the input and `base` bytes.
///
/// What lives longer than a run is made before the first one: by `warm`, and by a run on zeros.
pub fn bounded(data: &[u8], (factor, base): (usize, usize), entry: fn(&[u8]), warm: fn()) {
    static WARM: Once = Once::new();
    WARM.call_once(|| {
        warm();
        entry(&[0; 64]);
    });
    HEAP.reset_peak_usage();
    let before = HEAP.current_usage();
    entry(data);
    let peak = HEAP.peak_usage().saturating_sub(before);
    let limit = factor * data.len() + base;
    assert!(peak <= limit, "{} bytes of input took {peak} bytes of heap, limit {limit}", data.len());
}

/// A target: an entry, its heap bound `peak <= factor * length + base`, and what makes the tables that outlive a run.
#[macro_export]
macro_rules! target {
    ($entry:path, $factor:expr, $base:expr) => {
        $crate::target!($entry, $factor, $base, || ());
    };
    ($entry:path, $factor:expr, $base:expr, $warm:expr) => {
        libfuzzer_sys::fuzz_target!(|data: &[u8]| $crate::bounded(data, ($factor, $base), $entry, $warm));
    };
}
