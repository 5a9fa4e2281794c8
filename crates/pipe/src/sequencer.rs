//! The sequencer: values of several lanes in, one order by `(ended_at, at, id)` out, whatever the lanes' interleaving.
//! Holds at most its limit; past it the oldest goes on and what comes after its turn is counted as late.

use std::collections::VecDeque;

use model::{ApiCall, Timestamp};

/// The place of a value in the one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// When it was complete: compared with the watermarks.
    pub ended_at: Timestamp,
    /// When it began.
    pub at: Timestamp,
    /// Tells apart what is otherwise equal.
    pub id: u64,
}

/// A value with a place in the one order.
pub trait Keyed {
    /// Its place.
    fn key(&self) -> Key;
}

impl Keyed for ApiCall {
    fn key(&self) -> Key {
        Key { ended_at: self.ended_at, at: self.at, id: self.id.0 }
    }
}

/// Merges lanes behind the watermark of the slowest one.
#[derive(Debug)]
pub struct Sequencer<T> {
    lanes: Vec<Waiting<T>>,
    limit: usize,
    held: usize,
    released: Option<Key>,
    late: u64,
}

#[derive(Debug)]
struct Waiting<T> {
    watermark: Timestamp,
    values: VecDeque<T>,
}

impl<T: Keyed> Sequencer<T> {
    /// A sequencer for `lanes` lanes that holds at most `limit` values.
    #[must_use]
    pub fn new(lanes: usize, limit: usize) -> Self {
        let lanes =
            (0..lanes).map(|_| Waiting { watermark: Timestamp::ZERO, values: VecDeque::new() }).collect();
        Self { lanes, limit: limit.max(1), held: 0, released: None, late: 0 }
    }

    /// Puts a value of a lane in its place. Cheap when a lane's values come nearly in order.
    ///
    /// # Panics
    /// When there is no such lane.
    pub fn push(&mut self, lane: usize, value: T) {
        let key = value.key();
        self.late += u64::from(self.released.is_some_and(|released| key < released));
        let values = &mut self.lanes[lane].values;
        let mut place = values.len();
        while place > 0 && values[place - 1].key() > key {
            place -= 1;
        }
        values.insert(place, value);
        self.held += 1;
    }

    /// Says that `lane` will give nothing that ended before `watermark`. Never runs backwards.
    ///
    /// # Panics
    /// When there is no such lane.
    pub fn advance(&mut self, lane: usize, watermark: Timestamp) {
        let lane = &mut self.lanes[lane];
        lane.watermark = lane.watermark.max(watermark);
    }

    /// Says that `lane` will give nothing more.
    ///
    /// # Panics
    /// When there is no such lane.
    pub fn close(&mut self, lane: usize) {
        self.advance(lane, Timestamp::from_nanos(u64::MAX));
    }

    /// The next value in order, once no lane can give an earlier one, or when more than the limit are held.
    pub fn take(&mut self) -> Option<T> {
        let fronts = self.lanes.iter().enumerate();
        let (key, lane) =
            fronts.filter_map(|(i, lane)| lane.values.front().map(|value| (value.key(), i))).min()?;
        if key.ended_at >= self.watermark() && self.held <= self.limit && !self.all_closed() {
            return None;
        }
        self.held -= 1;
        self.released = self.released.max(Some(key));
        self.lanes[lane].values.pop_front()
    }

    /// The time before which everything has been released or can be taken: the watermark of the slowest lane.
    #[must_use]
    pub fn watermark(&self) -> Timestamp {
        self.lanes.iter().map(|lane| lane.watermark).min().unwrap_or_default()
    }

    /// Whether more of `lane` should be put in: always for the slowest lanes, for the others while they hold less than
    /// their share of the limit. Who heeds this and can wait never loses the order.
    #[must_use]
    pub fn wants(&self, lane: usize) -> bool {
        let this = &self.lanes[lane];
        this.watermark == self.watermark() || this.values.len() < self.limit / self.lanes.len()
    }

    /// Values that came after their turn and went on out of order, `Loss::Late`.
    #[must_use]
    pub fn late(&self) -> u64 {
        self.late
    }

    fn all_closed(&self) -> bool {
        self.watermark() == Timestamp::from_nanos(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Item(u64, u64);

    impl Keyed for Item {
        fn key(&self) -> Key {
            Key { ended_at: Timestamp::from_nanos(self.0), at: Timestamp::ZERO, id: self.1 }
        }
    }

    fn at(nanos: u64) -> Timestamp {
        Timestamp::from_nanos(nanos)
    }

    fn drain(sequencer: &mut Sequencer<Item>) -> Vec<Item> {
        std::iter::from_fn(|| sequencer.take()).collect()
    }

    #[test]
    fn waits_for_the_slowest_lane() {
        let mut sequencer = Sequencer::new(2, 100);
        sequencer.push(0, Item(10, 1));
        sequencer.advance(0, at(20));
        assert_eq!(sequencer.take(), None);
        sequencer.push(1, Item(5, 2));
        sequencer.advance(1, at(15));
        assert_eq!(drain(&mut sequencer), [Item(5, 2), Item(10, 1)]);
    }

    #[test]
    fn a_silent_lane_moves_by_its_watermark_alone() {
        let mut sequencer = Sequencer::new(2, 100);
        sequencer.push(0, Item(10, 1));
        sequencer.advance(0, at(11));
        sequencer.advance(1, at(11));
        assert_eq!(sequencer.take(), Some(Item(10, 1)));
    }

    #[test]
    fn equal_times_wait_until_no_smaller_id_can_come() {
        let mut sequencer = Sequencer::new(1, 100);
        sequencer.push(0, Item(10, 2));
        sequencer.advance(0, at(10));
        assert_eq!(sequencer.take(), None);
        sequencer.push(0, Item(10, 1));
        sequencer.close(0);
        assert_eq!(drain(&mut sequencer), [Item(10, 1), Item(10, 2)]);
        assert_eq!(sequencer.late(), 0);
    }

    #[test]
    fn past_the_limit_the_oldest_goes_on_and_the_late_one_is_counted() {
        let mut sequencer = Sequencer::new(2, 2);
        for n in [10, 20, 30] {
            sequencer.push(0, Item(n, n));
        }
        assert_eq!(drain(&mut sequencer), [Item(10, 10)]);
        sequencer.push(1, Item(5, 5));
        assert_eq!(sequencer.take(), Some(Item(5, 5)));
        assert_eq!(sequencer.late(), 1);
    }

    #[test]
    fn a_lane_far_ahead_is_asked_to_wait() {
        let mut sequencer = Sequencer::new(2, 4);
        sequencer.push(0, Item(10, 1));
        sequencer.push(0, Item(11, 2));
        sequencer.advance(0, at(12));
        assert_eq!((sequencer.wants(0), sequencer.wants(1)), (false, true));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn any_interleaving_of_lanes_gives_the_same_order(
            times in prop::collection::vec((0_u64..50, 0_usize..4), 0..80),
            turns in prop::collection::vec(0_usize..4, 0..300),
        ) {
            let mut lanes: Vec<VecDeque<Item>> = vec![VecDeque::new(); 4];
            let mut all: Vec<Item> = times.iter().zip(0..).map(|(time, id)| Item(time.0, id)).collect();
            all.sort_by_key(|item| item.0);
            for item in &all {
                let lane = times[usize::try_from(item.1).expect("small")].1;
                lanes[lane].push_back(*item);
            }
            all.sort_by_key(Keyed::key);
            let mut sequencer = Sequencer::new(4, 1_000);
            let mut order = Vec::new();
            for turn in turns.into_iter().chain((0..4).flat_map(|lane| [lane; 90])) {
                match lanes[turn].pop_front() {
                    Some(item) => {
                        sequencer.advance(turn, at(item.0));
                        sequencer.push(turn, item);
                    }
                    None => sequencer.close(turn),
                }
                order.extend(drain(&mut sequencer));
            }
            prop_assert_eq!(order, all);
            prop_assert_eq!(sequencer.late(), 0);
        }
    }
}
