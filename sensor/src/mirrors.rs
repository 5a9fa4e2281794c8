//! Mirrors that copy a frame twice, as it comes in and as it goes out: segments in, whether the same one was there a
//! moment ago out. A fixed table that overwrites: never grows, and only tells, so that no byte is lost to it.

use model::Timestamp;

use crate::segment::Segment;

/// Slots for segments; 8 bytes each.
const SLOTS: usize = 1 << 14;
/// How long after the first a copy may come, in milliseconds. A retransmission takes longer or has another IP
/// identification or time stamp.
pub(crate) const WINDOW_MS: u32 = 100;

/// What was seen lately.
pub(crate) struct Mirrors {
    /// A tag of the segment and the milliseconds of its time.
    slots: Vec<[u32; 2]>,
}

impl Mirrors {
    pub(crate) fn new() -> Self {
        Self::with_slots(SLOTS)
    }

    pub(crate) fn with_slots(slots: usize) -> Self {
        Self { slots: vec![[0; 2]; slots.max(1)] }
    }

    /// Whether the same segment was there within the window; remembers it if not. `flow`: keyed hash of its flow.
    pub(crate) fn is_repeated(&mut self, flow: u64, segment: &Segment<'_>, now: Timestamp) -> bool {
        let mark = mark(flow, segment);
        let repeated = self.has(mark, now);
        if !repeated {
            self.note(mark, now);
        }
        repeated
    }

    /// Whether this mark was noted within the window.
    pub(crate) fn has(&self, mark: u64, now: Timestamp) -> bool {
        let (place, tag) = self.place(mark);
        let ms = milliseconds(now);
        self.slots.get(place).is_some_and(|slot| slot[0] == tag && ms.wrapping_sub(slot[1]) <= WINDOW_MS)
    }

    /// Notes a mark.
    pub(crate) fn note(&mut self, mark: u64, now: Timestamp) {
        let (place, tag) = self.place(mark);
        if let Some(slot) = self.slots.get_mut(place) {
            *slot = [tag, milliseconds(now)];
        }
    }

    fn place(&self, mark: u64) -> (usize, u32) {
        let place = (mark & 0xffff_ffff) % self.slots.len() as u64;
        // An unused slot has the tag 0.
        (usize::try_from(place).unwrap_or(0), u32::try_from(mark >> 32).unwrap_or(0) | 1)
    }
}

fn milliseconds(at: Timestamp) -> u32 {
    u32::try_from((at.as_nanos() / 1_000_000) & 0xffff_ffff).unwrap_or(0)
}

/// Everything that a router leaves alone. Neither payload nor checksum: a repeated payload still goes the way of a
/// retransmission, where its bytes are compared.
fn mark(flow: u64, segment: &Segment<'_>) -> u64 {
    let word = |at: usize| segment.header.0.get(at..).and_then(|rest| rest.first_chunk::<8>()).copied();
    let numbers = word(4).map_or(0, u64::from_be_bytes);
    let flags = word(12).map_or(0, |eight| u64::from_be_bytes(eight) >> 32);
    // Ports tell the direction; time stamps usually stand at the end of the options.
    let ports = word(0).map_or(0, |eight| u64::from_be_bytes(eight) >> 32);
    let stamps = segment.header.0.len().checked_sub(8).and_then(word).map_or(0, u64::from_be_bytes);
    let lengths =
        (segment.payload.len() as u64) << 32 | (segment.cut as u64) << 16 | u64::from(segment.ip_id);
    let mut mark = flow;
    for part in [numbers, flags << 32 | ports, stamps, lengths] {
        mark = fold(mark ^ part, 0x9e37_79b9_7f4a_7c15);
    }
    mark
}

/// Both halves of a product.
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    let [low, high] = [product & u128::from(u64::MAX), product >> 64];
    u64::try_from(low ^ high).unwrap_or(0)
}

#[cfg(test)]
mod tests;
