//! Sequences: what was called before in, how surprising the next call is out, in bits. Interpolated over the last
//! none to three calls (Witten and Bell 1991). Never grows past its places: the rarest of a few makes room.

use serde::{Deserialize, Serialize};

use crate::hash::mix;

/// Calls looked back at.
pub(crate) const ORDER: usize = 3;
/// A symbol that stands for nothing: no call before, or the sum over all that may follow.
pub(crate) const NOTHING: u16 = u16::MAX;
/// Surprise is cut here: one odd call says no more.
const BITS_MAX: f32 = 10.0;
/// Surprise of a cohort that nobody has watched.
const BITS_UNKNOWN: f32 = 3.0;
/// Slots that one key may take.
const BUCKET: usize = 8;
/// Slots at the beginning; doubled when three quarters are taken.
const SLOTS_MIN: usize = 1_024;
/// A count that has faded below is forgotten.
const COUNT_MIN: f32 = 0.3;
/// Weight of a call for the mean surprise, once there are many.
const MEAN_SPEED: f32 = 1e-3;

/// What follows what in one cohort: 16 bytes a slot.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub(crate) struct Sequences {
    slots: Vec<Slot>,
    taken: usize,
    slots_max: usize,
    mean_bits: f32,
    calls: f32,
}

/// Three symbols before and one after, 16 bits each; with [`NOTHING`] after, the sum over all that followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Slot {
    key: u64,
    /// Votes; 0 for an empty slot.
    count: f32,
    /// Of a sum: how many different symbols followed.
    kinds: u32,
}

/// The last calls of one principal: 6 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct History([u16; ORDER]);

impl Default for History {
    fn default() -> Self {
        Self([NOTHING; ORDER])
    }
}

impl History {
    /// The call after.
    pub(crate) fn push(&mut self, symbol: u16) {
        self.0 = [symbol.min(NOTHING - 1), self.0[0], self.0[1]];
    }

    /// Key of the sum after the last `order` calls, `None` when there were fewer.
    fn context(self, order: usize) -> Option<u64> {
        let mut key = u64::MAX;
        for (back, symbol) in self.0.iter().take(order).enumerate() {
            if *symbol == NOTHING {
                return None;
            }
            key ^= u64::from(!symbol) << (16 * (back + 1));
        }
        Some(key)
    }
}

/// Key of one transition, from that of its sum.
fn transition(context: u64, next: u16) -> u64 {
    context & !0xffff | u64::from(next.min(NOTHING - 1))
}

impl Sequences {
    /// A model of at most `slots_max` slots, rounded down to a power of two of at least 1 024.
    pub(crate) fn new(slots_max: usize) -> Self {
        let slots_max = 1 << slots_max.max(SLOTS_MIN).ilog2();
        Self {
            slots: vec![Slot::default(); SLOTS_MIN],
            taken: 0,
            slots_max,
            mean_bits: BITS_UNKNOWN,
            calls: 0.0,
        }
    }

    /// Surprise of `next` after `history`: 0 to 10 bits.
    pub(crate) fn bits(&self, history: History, next: u16) -> f32 {
        let mut p = 1.0;
        for order in 0..=ORDER {
            let Some(context) = history.context(order) else { break };
            let Some(sum) = self.find(context) else { break };
            if order == 0 {
                p = 1.0 / (sum.kinds as f32 + 1.0);
            }
            let count = self.find(transition(context, next)).map_or(0.0, |slot| slot.count.min(sum.count));
            let kinds = sum.kinds as f32;
            p = (count + kinds * p) / (sum.count + kinds);
        }
        (-p.log2()).clamp(0.0, BITS_MAX)
    }

    /// Surprise that is usual here, in bits.
    pub(crate) fn mean_bits(&self) -> f32 {
        self.mean_bits
    }

    /// Takes one vote: `next` followed `history`. The caller holds a ballot: one vote per transition, principal and day.
    pub(crate) fn learn(&mut self, history: History, next: u16) {
        let bits = self.bits(history, next);
        self.calls += 1.0;
        self.mean_bits += (bits - self.mean_bits) * (1.0 / (self.calls + 20.0)).max(MEAN_SPEED);
        if self.taken * 4 > self.slots.len() * 3 && self.slots.len() < self.slots_max {
            self.grow();
        }
        for order in 0..=ORDER {
            let Some(context) = history.context(order) else { break };
            let new_sum = self.vote(context, None);
            let key = transition(context, next);
            if new_sum {
                // What is left of a sum that was forgotten would count for more than the sum.
                self.forget(key);
            }
            if self.vote(key, Some(context))
                && let Some(sum) = self.slot_mut(context)
            {
                sum.kinds += 1;
            }
        }
    }

    /// Lets all counts fade by `kept`, 0 to 1; once a day.
    pub(crate) fn fade(&mut self, kept: f32) {
        let mut gone = Vec::new();
        for slot in &mut self.slots {
            slot.count *= kept.clamp(0.0, 1.0);
            if slot.count > 0.0 && slot.count < COUNT_MIN {
                gone.push(slot.key);
            }
        }
        for key in gone {
            self.forget(key);
        }
    }

    /// Slots taken.
    pub(crate) fn len(&self) -> usize {
        self.taken
    }

    fn bucket(&self, key: u64) -> std::ops::Range<usize> {
        let buckets = self.slots.len() / BUCKET;
        let at = mix(key, 0x5e9) as usize & (buckets - 1);
        at * BUCKET..(at + 1) * BUCKET
    }

    fn find(&self, key: u64) -> Option<Slot> {
        self.slots[self.bucket(key)].iter().find(|slot| slot.key == key && slot.count > 0.0).copied()
    }

    fn slot_mut(&mut self, key: u64) -> Option<&mut Slot> {
        let bucket = self.bucket(key);
        self.slots[bucket].iter_mut().find(|slot| slot.key == key && slot.count > 0.0)
    }

    /// Adds 1 to a count and tells whether it is new. `keep` is not displaced by it.
    fn vote(&mut self, key: u64, keep: Option<u64>) -> bool {
        if let Some(slot) = self.slot_mut(key) {
            slot.count += 1.0;
            return false;
        }
        if self.slots[self.bucket(key)].iter().all(|slot| slot.count > 0.0) {
            let slots = self.slots[self.bucket(key)].iter().filter(|slot| Some(slot.key) != keep);
            let rarest =
                slots.min_by(|a, b| a.count.total_cmp(&b.count).then(a.key.cmp(&b.key))).map(|slot| slot.key);
            if let Some(rarest) = rarest {
                self.forget(rarest);
            }
        }
        let bucket = self.bucket(key);
        if let Some(slot) = self.slots[bucket].iter_mut().find(|slot| slot.count <= 0.0) {
            *slot = Slot { key, count: 1.0, kinds: 0 };
            self.taken += 1;
        }
        true
    }

    /// Empties a slot; a transition is taken out of its sum.
    fn forget(&mut self, key: u64) {
        let Some(slot) = self.slot_mut(key) else { return };
        let count = slot.count;
        *slot = Slot::default();
        self.taken -= 1;
        let context = key | 0xffff;
        if context != key
            && let Some(sum) = self.slot_mut(context)
        {
            sum.count = (sum.count - count).max(COUNT_MIN);
            sum.kinds = sum.kinds.saturating_sub(1);
        }
    }

    fn grow(&mut self) {
        let before = std::mem::take(&mut self.slots);
        self.slots = vec![Slot::default(); before.len() * 2];
        self.fill(before.into_iter().filter(|slot| slot.count > 0.0));
    }

    /// Puts slots into their places. A bucket never takes more than it had before: each splits in two.
    fn fill(&mut self, slots: impl Iterator<Item = Slot>) {
        self.taken = 0;
        for slot in slots {
            let bucket = self.bucket(slot.key);
            if let Some(place) = self.slots[bucket].iter_mut().find(|place| place.count <= 0.0) {
                *place = slot;
                self.taken += 1;
            }
        }
    }
}

/// What a snapshot keeps: the slots taken.
#[derive(Serialize, Deserialize)]
struct Stored {
    slots: usize,
    slots_max: usize,
    mean_bits: f32,
    calls: f32,
    taken: Vec<Slot>,
}

impl From<Sequences> for Stored {
    fn from(model: Sequences) -> Self {
        let mut taken = model.slots.clone();
        taken.retain(|slot| slot.count > 0.0);
        let (slots, slots_max) = (model.slots.len(), model.slots_max);
        Self { slots, slots_max, mean_bits: model.mean_bits, calls: model.calls, taken }
    }
}

impl From<Stored> for Sequences {
    fn from(stored: Stored) -> Self {
        let mut model = Self::new(stored.slots_max.min(1 << 24));
        let slots = 1 << stored.slots.clamp(SLOTS_MIN, model.slots_max).ilog2();
        model.slots = vec![Slot::default(); slots];
        model.fill(stored.taken.into_iter());
        (model.mean_bits, model.calls) = (stored.mean_bits, stored.calls);
        model
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::draws::Draws, *};

    /// A shop: each of `places` calls is followed by one of three.
    fn shopping(draws: &mut Draws, at: u16, places: u16) -> u16 {
        let step = [1, 1, 1, 2, 7][draws.below(5) as usize];
        (at + step) % places
    }

    fn taught(sessions: u32, slots: usize) -> (Sequences, Draws) {
        let (mut model, mut draws) = (Sequences::new(slots), Draws(1));
        for _ in 0..sessions {
            let (mut history, mut at) = (History::default(), draws.below(5) as u16);
            for _ in 0..20 {
                model.learn(history, at);
                history.push(at);
                at = shopping(&mut draws, at, 40);
            }
        }
        (model, draws)
    }

    #[test]
    fn strange_orders_surprise_and_usual_ones_do_not() {
        let (model, mut draws) = taught(500, 1 << 16);
        let (mut usual, mut strange) = (0.0, 0.0);
        let (mut one, mut other) = (History::default(), History::default());
        let mut at = 0;
        for _ in 0..1_000 {
            at = shopping(&mut draws, at, 40);
            usual += model.bits(one, at) / 1_000.0;
            one.push(at);
            let random = draws.below(40) as u16;
            strange += model.bits(other, random) / 1_000.0;
            other.push(random);
        }
        assert!(usual < 2.2 && strange > usual + 2.0, "{usual} {strange}");
        assert!((model.mean_bits() - usual).abs() < 0.7, "{} {usual}", model.mean_bits());
    }

    #[test]
    fn probabilities_sum_to_one() {
        let (model, _) = taught(50, 1 << 16);
        for history in [[NOTHING; 3], [3, NOTHING, NOTHING], [3, 2, NOTHING], [3, 2, 1], [39, 0, 5]] {
            let sum: f32 = (0..40).map(|next| (-model.bits(History(history), next)).exp2()).sum();
            // What is left is for symbols never seen, or was cut at ten bits.
            assert!((0.9..1.05).contains(&sum), "{history:?} {sum}");
        }
    }

    #[test]
    fn a_flood_of_oddities_does_not_displace_habits() {
        let (mut model, mut draws) = taught(2_000, 4_096);
        for _ in 0..20_000 {
            let history =
                History([draws.below(60_000) as u16, draws.below(60_000) as u16, draws.below(60_000) as u16]);
            model.learn(history, draws.below(60_000) as u16);
        }
        assert!(model.len() <= 4_096);
        let history = History([11, 10, 9]);
        assert!(model.bits(history, 12) < 3.0, "{}", model.bits(history, 12));
    }

    #[test]
    fn what_fades_is_forgotten() {
        let (mut model, _) = taught(5, 4_096);
        (0..400).for_each(|_| model.fade(0.98));
        assert_eq!(model.len(), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn restored_it_goes_on_as_before(
            before in proptest::collection::vec(0_u16..300, 0..3_000),
            after in proptest::collection::vec(0_u16..300, 0..3_000),
        ) {
            let (mut model, mut history) = (Sequences::new(1_024), History::default());
            for (at, symbol) in before.into_iter().enumerate() {
                model.learn(history, symbol);
                history.push(symbol);
                if at % 500 == 499 {
                    model.fade(0.9);
                }
            }
            let text = serde_json::to_string(&model).expect("serialises");
            let mut restored: Sequences = serde_json::from_str(&text).expect("reads back");
            for symbol in after {
                prop_assert_eq!(model.bits(history, symbol), restored.bits(history, symbol));
                model.learn(history, symbol);
                restored.learn(history, symbol);
                history.push(symbol);
            }
            prop_assert_eq!(model.len(), restored.len());
        }
    }
}
