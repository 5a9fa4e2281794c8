//! What every fuzz target shares: one run of an entry under a bound on the heap and on time. A broken promise is a panic.

use std::{
    sync::{
        Once,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use peak_alloc::PeakAlloc;
use rustix::time::{ClockId, clock_gettime};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// The most that a run may work.
const WORK_MAX: Duration = Duration::from_secs(1);

/// Runs `entry` on `data` and checks that the heap never grew by more than `factor` times the input and `base` bytes, and
/// that it worked for no longer than a second.
///
/// What lives longer than a run is made before the first one: by `warm`, and by a run on zeros.
pub fn bounded(data: &[u8], (factor, base): (usize, usize), entry: fn(&[u8]), warm: fn()) {
    static WARM: Once = Once::new();
    WARM.call_once(|| {
        warm();
        entry(&[0; 64]);
    });
    HEAP.reset_peak_usage();
    let (before, began) = (HEAP.current_usage(), Instant::now());
    entry(data);
    let peak = HEAP.peak_usage().saturating_sub(before);
    let limit = factor * data.len() + base;
    assert!(peak <= limit, "{} bytes of input took {peak} bytes of heap, limit {limit}", data.len());
    tell(peak, data.len());
    // On a busy machine the clock goes on while nothing is done: only then the slow question is asked.
    if began.elapsed() > WORK_MAX {
        let began = worked();
        entry(data);
        let work = worked().saturating_sub(began);
        assert!(work <= WORK_MAX, "{} bytes of input took {work:?}", data.len());
    }
}

/// Time that this thread has worked.
fn worked() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// With `PEAKS` in the environment: says how much heap runs take, whenever one takes more than those before.
fn tell(peak: usize, length: usize) {
    static MOST: AtomicUsize = AtomicUsize::new(0);
    static ASKED: Once = Once::new();
    ASKED.call_once(|| {
        if std::env::var_os("PEAKS").is_none() {
            MOST.store(usize::MAX, Ordering::Relaxed);
        }
    });
    if MOST.load(Ordering::Relaxed) < peak {
        MOST.store(peak, Ordering::Relaxed);
        eprintln!("peak: {peak} bytes of heap for {length} bytes of input");
    }
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
