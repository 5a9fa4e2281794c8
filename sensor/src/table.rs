//! The flow table: keys in, flows out, in order of last use. Never holds more than its limit.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hash, Hasher},
    net::{IpAddr, SocketAddr},
};

use model::Timestamp;

use crate::flow::Flow;

const NONE: u32 = u32::MAX;

/// A flow's two ends in canonical order, so that both directions give the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FlowKey {
    pub(crate) low: SocketAddr,
    pub(crate) high: SocketAddr,
    /// Of the tunnels around it; 0 when they are not told apart.
    pub(crate) tunnel: u64,
}

impl FlowKey {
    /// The key of a segment, and whether its source is the low end.
    pub(crate) fn of(source: SocketAddr, destination: SocketAddr, tunnel: u64) -> (Self, bool) {
        if source <= destination {
            (Self { low: source, high: destination, tunnel }, true)
        } else {
            (Self { low: destination, high: source, tunnel }, false)
        }
    }

    /// The key as bytes, for keyed hashes.
    pub(crate) fn bytes(&self) -> [u8; 44] {
        let mut bytes = [0; 44];
        bytes[36..].copy_from_slice(&self.tunnel.to_be_bytes());
        for (part, end) in bytes.chunks_exact_mut(18).zip([self.low, self.high]) {
            let address = match end.ip() {
                IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
                IpAddr::V6(v6) => v6.octets(),
            };
            part[..16].copy_from_slice(&address);
            part[16..].copy_from_slice(&end.port().to_be_bytes());
        }
        bytes
    }
}

/// Fewer and wider writes than derived: it runs once a frame.
impl Hash for FlowKey {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        if self.tunnel != 0 {
            hasher.write_u64(self.tunnel);
        }
        for end in [self.low, self.high] {
            match end.ip() {
                IpAddr::V4(v4) => hasher.write_u64(u64::from(v4.to_bits()) << 16 | u64::from(end.port())),
                IpAddr::V6(v6) => {
                    hasher.write_u128(v6.to_bits());
                    hasher.write_u16(end.port());
                }
            }
        }
    }
}

/// A key with its keyed hash, which was made to choose the flow's shard and serves the table as well.
#[derive(PartialEq, Eq)]
struct Hashed {
    key: FlowKey,
    hash: u64,
}

impl Hash for Hashed {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(self.hash);
    }
}

/// Hands on a hash that is made already.
#[derive(Default)]
struct Known(u64);

impl Hasher for Known {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}

/// How useful a flow is: the useless ones make room first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Nothing of it is read: not HTTP, or upgraded.
    Opaque = 0,
    /// Nothing came of it so far.
    Silent = 1,
    /// It has answered.
    Speaking = 2,
}

struct Slot {
    flow: Option<Box<Flow>>,
    class: Class,
    older: u32,
    newer: u32,
}

#[derive(Clone, Copy)]
struct List {
    oldest: u32,
    newest: u32,
}

/// All flows, in a slab, with a list per class from the least to the most recently used.
pub(crate) struct FlowTable {
    index: HashMap<Hashed, u32, BuildHasherDefault<Known>>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    lists: [List; 3],
}

impl FlowTable {
    pub(crate) fn new() -> Self {
        let lists = [List { oldest: NONE, newest: NONE }; 3];
        Self { index: HashMap::default(), slots: Vec::new(), free: Vec::new(), lists }
    }

    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// The flow of a key with its keyed hash.
    pub(crate) fn find(&self, key: FlowKey, hash: u64) -> Option<u32> {
        self.index.get(&Hashed { key, hash }).copied()
    }

    pub(crate) fn at(&mut self, slot: u32) -> Option<&mut Flow> {
        self.slots.get_mut(slot as usize).and_then(|slot| slot.flow.as_deref_mut())
    }

    /// The flow to make room with: the least recently used one of the most useless class that has any.
    pub(crate) fn least_useful(&self) -> Option<u32> {
        self.lists.iter().map(|list| list.oldest).find(|slot| *slot != NONE)
    }

    /// A flow for which nothing came since `before`, if there is one.
    pub(crate) fn idle_since(&self, before: Timestamp) -> Option<u32> {
        let idle = |slot: &u32| {
            let flow = self.slots.get(*slot as usize).and_then(|slot| slot.flow.as_ref());
            flow.is_some_and(|flow| flow.last < before)
        };
        self.lists.iter().map(|list| list.oldest).find(idle)
    }

    pub(crate) fn insert(&mut self, flow: Box<Flow>) -> u32 {
        let key = Hashed { key: flow.key, hash: flow.hash };
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot { flow: None, class: Class::Silent, older: NONE, newer: NONE });
            u32::try_from(self.slots.len() - 1).unwrap_or(NONE)
        });
        let entry = &mut self.slots[slot as usize];
        (entry.flow, entry.class) = (Some(flow), Class::Silent);
        self.index.insert(key, slot);
        self.link(slot);
        slot
    }

    pub(crate) fn remove(&mut self, slot: u32) -> Option<Box<Flow>> {
        let flow = self.slots.get_mut(slot as usize)?.flow.take()?;
        self.index.remove(&Hashed { key: flow.key, hash: flow.hash });
        self.unlink(slot);
        self.free.push(slot);
        Some(flow)
    }

    /// Marks as most recently used of its class.
    pub(crate) fn touch(&mut self, slot: u32, class: Class) {
        let entry = &self.slots[slot as usize];
        if entry.class != class || self.lists[class as usize].newest != slot {
            self.unlink(slot);
            self.slots[slot as usize].class = class;
            self.link(slot);
        }
    }

    fn link(&mut self, slot: u32) {
        let list = &mut self.lists[self.slots[slot as usize].class as usize];
        let before = std::mem::replace(&mut list.newest, slot);
        match self.slots.get_mut(before as usize) {
            Some(entry) => entry.newer = slot,
            None => list.oldest = slot,
        }
        let entry = &mut self.slots[slot as usize];
        (entry.older, entry.newer) = (before, NONE);
    }

    fn unlink(&mut self, slot: u32) {
        let Slot { older, newer, class, .. } = self.slots[slot as usize];
        let list = &mut self.lists[class as usize];
        match self.slots.get_mut(older as usize) {
            Some(entry) => entry.newer = newer,
            None => list.oldest = newer,
        }
        match self.slots.get_mut(newer as usize) {
            Some(entry) => entry.older = older,
            None => list.newest = older,
        }
    }
}
