//! The flow table: keys in, flows out, in order of last use. Never holds more than its limit.

use std::{collections::HashMap, net::SocketAddr};

use ahash::RandomState;
use model::Timestamp;

use crate::flow::Flow;

const NONE: u32 = u32::MAX;

/// A flow's two ends in canonical order, so that both directions give the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FlowKey {
    pub(crate) low: SocketAddr,
    pub(crate) high: SocketAddr,
}

impl FlowKey {
    /// The key of a segment, and whether its source is the low end.
    pub(crate) fn of(source: SocketAddr, destination: SocketAddr) -> (Self, bool) {
        if source <= destination {
            (Self { low: source, high: destination }, true)
        } else {
            (Self { low: destination, high: source }, false)
        }
    }

    /// The key as bytes, for keyed hashes.
    pub(crate) fn bytes(&self) -> [u8; 36] {
        let mut bytes = [0; 36];
        for (part, end) in bytes.chunks_exact_mut(18).zip([self.low, self.high]) {
            let address = match end.ip() {
                std::net::IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
                std::net::IpAddr::V6(v6) => v6.octets(),
            };
            part[..16].copy_from_slice(&address);
            part[16..].copy_from_slice(&end.port().to_be_bytes());
        }
        bytes
    }
}

struct Slot {
    flow: Option<Flow>,
    older: u32,
    newer: u32,
}

/// All flows, in a slab, with a list from the least to the most recently used.
pub(crate) struct FlowTable {
    index: HashMap<FlowKey, u32, RandomState>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    oldest: u32,
    newest: u32,
}

impl FlowTable {
    pub(crate) fn new() -> Self {
        Self { index: HashMap::default(), slots: Vec::new(), free: Vec::new(), oldest: NONE, newest: NONE }
    }

    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    pub(crate) fn find(&self, key: &FlowKey) -> Option<u32> {
        self.index.get(key).copied()
    }

    pub(crate) fn at(&mut self, slot: u32) -> Option<&mut Flow> {
        self.slots.get_mut(slot as usize).and_then(|slot| slot.flow.as_mut())
    }

    /// The least recently used flow.
    pub(crate) fn oldest(&mut self) -> Option<(u32, &mut Flow)> {
        let slot = self.oldest;
        self.at(slot).map(|flow| (slot, flow))
    }

    /// The least recently used flow, if nothing came for it since `before`.
    pub(crate) fn idle_since(&mut self, before: Timestamp) -> Option<u32> {
        self.oldest().filter(|(_, flow)| flow.last < before).map(|(slot, _)| slot)
    }

    pub(crate) fn insert(&mut self, flow: Flow) -> u32 {
        let key = flow.key;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot { flow: None, older: NONE, newer: NONE });
            u32::try_from(self.slots.len() - 1).unwrap_or(NONE)
        });
        self.slots[slot as usize].flow = Some(flow);
        self.index.insert(key, slot);
        self.link(slot);
        slot
    }

    pub(crate) fn remove(&mut self, slot: u32) -> Option<Flow> {
        let flow = self.slots.get_mut(slot as usize)?.flow.take()?;
        self.index.remove(&flow.key);
        self.unlink(slot);
        self.free.push(slot);
        Some(flow)
    }

    /// Marks as most recently used.
    pub(crate) fn touch(&mut self, slot: u32) {
        if self.newest != slot {
            self.unlink(slot);
            self.link(slot);
        }
    }

    fn link(&mut self, slot: u32) {
        let newest = self.newest;
        let entry = &mut self.slots[slot as usize];
        (entry.older, entry.newer) = (newest, NONE);
        match self.slots.get_mut(newest as usize) {
            Some(entry) => entry.newer = slot,
            None => self.oldest = slot,
        }
        self.newest = slot;
    }

    fn unlink(&mut self, slot: u32) {
        let Slot { older, newer, .. } = self.slots[slot as usize];
        match self.slots.get_mut(older as usize) {
            Some(entry) => entry.newer = newer,
            None => self.oldest = newer,
        }
        match self.slots.get_mut(newer as usize) {
            Some(entry) => entry.older = older,
            None => self.newest = older,
        }
    }
}
