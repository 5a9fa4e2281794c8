//! Lanes: values of one thread in, the same values in the same order out on another. A full lane counts what it
//! drops; it never grows and takes no lock while both ends are awake.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use model::Timestamp;

use crate::Bell;

/// Longest sleep of a sender that waits for room.
const ROOM_WAIT: Duration = Duration::from_micros(200);
/// Yields of a sender that waits for room before it sleeps.
const ROOM_YIELDS: u32 = 64;

/// A lane for at most `capacity` values, with a bell of its own.
#[must_use]
pub fn lane<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    lane_with(capacity, &Bell::new())
}

/// A lane for at most `capacity` values that rings `bell`, so that one thread can wait for several lanes.
#[must_use]
pub fn lane_with<T>(capacity: usize, bell: &Bell) -> (Sender<T>, Receiver<T>) {
    let (producer, consumer) = rtrb::RingBuffer::new(capacity.max(1));
    let gauges = Arc::new(Gauges::default());
    let sender = Sender { ring: producer, gauges: Arc::clone(&gauges), bell: bell.clone() };
    (sender, Receiver { ring: consumer, gauges, bell: bell.clone() })
}

/// What both ends can see.
#[derive(Debug, Default)]
struct Gauges {
    dropped: AtomicU64,
    watermark: AtomicU64,
}

/// Whether an offered value found room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a dropped value is a loss"]
pub enum Offer {
    /// It is on its way.
    Taken,
    /// The lane was full: counted as `lane_full`.
    Dropped,
}

/// The other end is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

/// The end that values are put into. Dropping it closes the lane.
#[derive(Debug)]
pub struct Sender<T> {
    ring: rtrb::Producer<T>,
    gauges: Arc<Gauges>,
    bell: Bell,
}

impl<T> Sender<T> {
    /// Offers a value; a full lane drops it and counts it. Never waits.
    pub fn offer(&mut self, value: T) -> Offer {
        match self.ring.push(value) {
            Ok(()) => {
                self.bell.ring();
                Offer::Taken
            }
            Err(rtrb::PushError::Full(_)) => {
                self.gauges.dropped.fetch_add(1, Ordering::Relaxed);
                Offer::Dropped
            }
        }
    }

    /// Puts a value, waiting for room: for files, which wait for us.
    ///
    /// # Errors
    /// When the receiver is gone.
    pub fn put(&mut self, value: T) -> Result<(), Closed> {
        let mut waiting = value;
        let mut turns = 0_u32;
        loop {
            if self.ring.is_abandoned() {
                return Err(Closed);
            }
            match self.ring.push(waiting) {
                Ok(()) => {
                    self.bell.ring();
                    return Ok(());
                }
                Err(rtrb::PushError::Full(back)) => waiting = back,
            }
            turns = turns.saturating_add(1);
            if turns < ROOM_YIELDS {
                thread::yield_now();
            } else {
                self.bell.ring();
                thread::park_timeout(ROOM_WAIT);
            }
        }
    }

    /// Says that nothing with an earlier time will come. Also the heartbeat of a lane without traffic.
    pub fn advance(&mut self, watermark: Timestamp) {
        self.gauges.watermark.store(watermark.as_nanos(), Ordering::Release);
        self.bell.ring();
    }

    /// Values dropped since the start, `Loss::LaneFull`.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.gauges.dropped.load(Ordering::Relaxed)
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.bell.ring();
    }
}

/// The end that values are taken from.
#[derive(Debug)]
pub struct Receiver<T> {
    ring: rtrb::Consumer<T>,
    gauges: Arc<Gauges>,
    bell: Bell,
}

impl<T> Receiver<T> {
    /// The oldest value, if there is one.
    pub fn take(&mut self) -> Option<T> {
        self.ring.pop().ok()
    }

    /// Appends at most `max` values to `values` and says how many.
    pub fn take_batch(&mut self, values: &mut Vec<T>, max: usize) -> usize {
        let n = self.ring.slots().min(max);
        values.extend((0..n).map_while(|_| self.ring.pop().ok()));
        n
    }

    /// Whether nothing is there now.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ring.is_empty()
    }

    /// Whether the sender is gone and nothing is left.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        // In this order: a sender puts its last value before it goes.
        self.ring.is_abandoned() && self.ring.is_empty()
    }

    /// The sender's watermark. Values taken afterwards may be later than it, never earlier; so read it before taking.
    #[must_use]
    pub fn watermark(&self) -> Timestamp {
        Timestamp::from_nanos(self.gauges.watermark.load(Ordering::Acquire))
    }

    /// Values dropped since the start, `Loss::LaneFull`.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.gauges.dropped.load(Ordering::Relaxed)
    }

    /// Waits until there is a value, the lane is closed, somebody rings or `at_most` is over.
    pub fn wait(&self, at_most: Duration) {
        self.bell.wait(at_most, || !self.ring.is_empty() || self.ring.is_abandoned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_lane_drops_and_counts() {
        let (mut sender, mut receiver) = lane(2);
        let offers = [sender.offer(1), sender.offer(2), sender.offer(3)];
        assert_eq!(offers, [Offer::Taken, Offer::Taken, Offer::Dropped]);
        assert_eq!((sender.dropped(), receiver.dropped()), (1, 1));
        assert_eq!((receiver.take(), receiver.take(), receiver.take()), (Some(1), Some(2), None));
    }

    #[test]
    fn a_closed_lane_still_gives_what_was_put() {
        let (mut sender, mut receiver) = lane(4);
        assert_eq!(sender.offer(7), Offer::Taken);
        drop(sender);
        assert!(!receiver.is_closed());
        let mut values = Vec::new();
        assert_eq!(receiver.take_batch(&mut values, 10), 1);
        assert!(receiver.is_closed());
        assert_eq!(values, [7]);
    }

    #[test]
    fn putting_into_a_lane_that_nobody_reads_ends() {
        let (mut sender, receiver) = lane(1);
        assert_eq!(sender.put(1), Ok(()));
        drop(receiver);
        assert_eq!(sender.put(2), Err(Closed));
    }

    #[test]
    fn a_million_values_cross_in_order_and_drops_are_exact() {
        const N: u64 = 1_000_000;
        let (mut sender, mut receiver) = lane(512);
        let feeder = thread::spawn(move || {
            let mut dropped = 0;
            for value in 0..N {
                dropped += u64::from(sender.offer(value) == Offer::Dropped);
            }
            (dropped, sender.dropped())
        });
        let (mut taken, mut last, mut batch) = (0, None, Vec::new());
        while !receiver.is_closed() {
            receiver.wait(Duration::from_millis(10));
            receiver.take_batch(&mut batch, 64);
            for value in batch.drain(..) {
                assert!(last < Some(value));
                last = Some(value);
                taken += 1;
            }
        }
        let (seen, counted) = feeder.join().expect("feeds");
        assert_eq!(seen, counted);
        assert_eq!(taken + counted, N);
    }

    #[test]
    fn a_waiting_sender_loses_nothing() {
        let (mut sender, mut receiver) = lane(8);
        let feeder = thread::spawn(move || (0..50_000_u32).all(|value| sender.put(value).is_ok()));
        let mut expected = 0;
        while !receiver.is_closed() {
            receiver.wait(Duration::from_millis(10));
            while let Some(value) = receiver.take() {
                assert_eq!(value, expected);
                expected += 1;
            }
        }
        assert!(feeder.join().expect("feeds"));
        assert_eq!(expected, 50_000);
    }
}
