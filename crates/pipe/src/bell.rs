//! The bell: wakes the one thread that waits for work of several lanes. Spins briefly, yields, then parks; a ring costs
//! one load while nobody sleeps. Never waits longer than told.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering, fence},
    },
    thread::{self, Thread},
    time::Duration,
};

/// Looks before the waiting thread yields.
const SPINS: u32 = 128;
/// Yields before it parks.
const YIELDS: u32 = 8;

/// Wakes a sleeping receiver. Clones ring the same bell.
#[derive(Clone, Debug, Default)]
pub struct Bell(Arc<Sleeper>);

#[derive(Debug, Default)]
struct Sleeper {
    asleep: AtomicBool,
    thread: Mutex<Option<Thread>>,
}

impl Bell {
    /// A bell with nobody asleep.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Wakes the waiting thread if it sleeps.
    pub fn ring(&self) {
        // Pairs with the fence in `wait`: either we see the sleeper, or it sees what we published before ringing.
        fence(Ordering::SeqCst);
        if self.0.asleep.load(Ordering::Relaxed) && self.0.asleep.swap(false, Ordering::AcqRel) {
            let thread = self.0.thread.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(thread) = thread.as_ref() {
                thread.unpark();
            }
        }
    }

    /// Waits until `ready` holds, somebody rings, or `at_most` is over. One thread at a time.
    pub fn wait(&self, at_most: Duration, mut ready: impl FnMut() -> bool) {
        for _ in 0..SPINS {
            if ready() {
                return;
            }
            std::hint::spin_loop();
        }
        for _ in 0..YIELDS {
            if ready() {
                return;
            }
            thread::yield_now();
        }
        *self.0.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread::current());
        self.0.asleep.store(true, Ordering::Release);
        fence(Ordering::SeqCst);
        if !ready() {
            thread::park_timeout(at_most);
        }
        self.0.asleep.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_ends_a_long_sleep() {
        let bell = Bell::new();
        let done = Arc::new(AtomicBool::new(false));
        let (their_bell, theirs) = (bell.clone(), Arc::clone(&done));
        let sleeper = thread::spawn(move || {
            while !theirs.load(Ordering::Acquire) {
                their_bell.wait(Duration::from_secs(3600), || theirs.load(Ordering::Acquire));
            }
        });
        thread::park_timeout(Duration::from_millis(20));
        done.store(true, Ordering::Release);
        bell.ring();
        sleeper.join().expect("wakes");
    }

    #[test]
    fn a_sleep_ends_by_itself() {
        Bell::new().wait(Duration::from_millis(1), || false);
    }
}
