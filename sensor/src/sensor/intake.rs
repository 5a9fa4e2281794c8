//! From frames to flows: what a frame holds in, segments to their flows out. Every frame is counted once, as used or as lost.

use model::{ApiCall, Loss, LossUnit};

use super::{Sensor, Shard};
use crate::{
    decap::{Found, resume},
    fragments::{Lost, Part, Weight},
    segment::Segment,
    table::FlowKey,
};

impl Sensor {
    /// Takes what frames of this weight hold.
    pub(super) fn found(&mut self, found: &Found<'_>, weight: Weight, calls: &mut Vec<ApiCall>) {
        match found {
            Found::Segment(segment) => self.take(segment, weight, calls),
            Found::Fragment(part) => self.join(part, weight, calls),
        }
    }

    /// Takes a segment.
    pub(super) fn take(&mut self, segment: &Segment<'_>, weight: Weight, calls: &mut Vec<ApiCall>) {
        let (key, source_is_low) = FlowKey::of(segment.source, segment.destination, segment.tunnel);
        let hash = self.hasher.hash_one(key);
        let Shard { index, of } = self.config.shard;
        // The low bits choose the place among the handshakes.
        if of > 1 && (hash >> 32) % u64::from(of) != u64::from(index) {
            return;
        }
        self.counts.frames += weight.frames;
        self.counts.frames_used += weight.frames;
        self.counts.bytes += weight.bytes;
        self.desk.ledger.payload.seen += segment.payload.len() as u64;
        if !self.mirrors.is_repeated(hash, segment, self.now) {
            return self.segment(key, hash, source_is_low, segment, calls);
        }
        // A SYN that is taken twice would open the flow anew, when its copy comes after the end.
        let is_done = segment.syn || segment.len() == 0 && !segment.fin && !segment.rst;
        self.desk.losses.add(Loss::DuplicateFrame, u64::from(segment.syn || segment.len() == 0));
        if is_done {
            self.desk.ledger.payload.duplicate += segment.payload.len() as u64;
        } else {
            self.segment(key, hash, source_is_low, &Segment { repeated: true, ..*segment }, calls);
        }
    }

    /// Joins a fragment with others. It counts once it is known what becomes of its datagram.
    fn join(&mut self, part: &Part<'_>, weight: Weight, calls: &mut Vec<ApiCall>) {
        let mut lost = Vec::new();
        let joined = self.fragments.offer(part, weight, self.now, &mut lost);
        self.lose_all(lost);
        let Some(joined) = joined else { return };
        match resume(&joined.whole(), &self.config.decap) {
            // No deeper than there may be layers.
            Ok(found) => self.found(&found, joined.weight, calls),
            Err(loss) => self.lose(loss, joined.weight),
        }
    }

    pub(super) fn lose_all(&mut self, lost: Vec<Lost>) {
        lost.into_iter().for_each(|(loss, weight)| self.lose(loss, weight));
    }

    /// Frames without a flow belong to shard 0.
    pub(super) fn lose(&mut self, loss: Loss, weight: Weight) {
        if self.config.shard.index != 0 {
            return;
        }
        self.counts.frames += weight.frames;
        self.counts.bytes += weight.bytes;
        self.counts.frames_used += if loss.unit() == LossUnit::Frames { 0 } else { weight.frames };
        self.desk.losses.add(loss, weight.frames);
    }
}

/// Whether the low end is the client of a flow whose start was not seen: the side that sends a request, not the side
/// that sends an answer, else the one with the higher port.
pub(super) fn guess_client(segment: &Segment<'_>, source_is_low: bool, key: &FlowKey) -> bool {
    if segment.payload.starts_with(b"HTTP/1.") {
        return !source_is_low;
    }
    if asks(segment.payload) {
        return source_is_low;
    }
    key.low.port() > key.high.port()
}

/// Whether these bytes begin like a request.
pub(super) fn asks(bytes: &[u8]) -> bool {
    const METHODS: [&[u8]; 9] =
        [b"GET ", b"POST ", b"PUT ", b"PATCH ", b"DELETE ", b"HEAD ", b"OPTIONS ", b"CONNECT ", b"PRI "];
    METHODS.iter().any(|method| bytes.starts_with(method))
}
