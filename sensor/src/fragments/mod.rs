//! Fragments of IP datagrams in, whole datagrams out. Never holds more than its limits, nor longer than its patience.

mod datagram;
mod policy;

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    time::Duration,
};

use ahash::RandomState;
use datagram::{Datagram, Fate};
use model::{Ambiguity, Loss, Timestamp};
pub use policy::{FragmentConfig, FragmentPolicy};

use crate::{
    decap::{Ends, Whole},
    mirrors::{Mirrors, WINDOW_MS},
};

/// Fragments of joined datagrams that are remembered, to know their copies.
const JOINED_SLOTS: usize = 1 << 10;

/// How long copies of what was joined already wait for each other, before what else has their id goes first.
const COPIES: Duration = Duration::from_millis(WINDOW_MS as u64);

/// A fragment, borrowed from its frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    pub(crate) ends: Ends,
    pub(crate) protocol: u8,
    pub(crate) id: u32,
    /// In bytes from the start of what is fragmented.
    pub(crate) offset: u32,
    /// Whether more follow behind it.
    pub(crate) more: bool,
    pub(crate) bytes: &'a [u8],
    pub(crate) layers: u8,
    pub(crate) tunnel: u64,
    pub(crate) ambiguous: Option<Ambiguity>,
}

/// Frames, and their bytes, that something was made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weight {
    pub(crate) frames: u64,
    pub(crate) bytes: u64,
}

impl std::ops::AddAssign for Weight {
    fn add_assign(&mut self, other: Self) {
        self.frames += other.frames;
        self.bytes += other.bytes;
    }
}

/// Frames that nothing came of, and why.
pub(crate) type Lost = (Loss, Weight);

/// What fragments belong together. IPv6 leaves the protocol out: only the first fragment need say it (RFC 8200).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    id: u32,
    protocol: u8,
    tunnel: u64,
}

/// A datagram without a hole, and what it was made of.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) weight: Weight,
    bytes: Vec<u8>,
    ends: Ends,
    protocol: u8,
    layers: u8,
    tunnel: u64,
    ambiguous: Option<Ambiguity>,
}

impl Joined {
    pub(crate) fn whole(&self) -> Whole<'_> {
        Whole {
            ends: self.ends,
            protocol: self.protocol,
            bytes: &self.bytes,
            layers: self.layers,
            tunnel: self.tunnel,
            ambiguous: self.ambiguous,
        }
    }
}

/// All unfinished datagrams.
pub(crate) struct Fragments {
    config: FragmentConfig,
    index: HashMap<Key, Datagram, RandomState>,
    /// Keys by birth.
    order: BTreeMap<u64, Key>,
    born: u64,
    held_bytes: usize,
    /// What the last joined datagrams were made of.
    joined: Mirrors,
}

impl Fragments {
    pub(crate) fn new(config: FragmentConfig, hasher: RandomState) -> Self {
        Self {
            config,
            index: HashMap::with_hasher(hasher),
            order: BTreeMap::new(),
            born: 0,
            held_bytes: 0,
            joined: Mirrors::with_slots(JOINED_SLOTS),
        }
    }

    /// Bytes held.
    pub(crate) fn memory(&self) -> usize {
        self.held_bytes
    }

    /// Takes a fragment. What it or others were lost to goes to `lost`, with their frames.
    pub(crate) fn offer(
        &mut self,
        part: &Part<'_>,
        weight: Weight,
        now: Timestamp,
        lost: &mut Vec<Lost>,
    ) -> Option<Joined> {
        let key = Key {
            source: part.ends.source,
            destination: part.ends.destination,
            id: part.id,
            protocol: if part.ends.source.is_ipv6() { 0 } else { part.protocol },
            tunnel: part.tunnel,
        };
        let is_over = self.index.get(&key).is_some_and(|known| {
            // A copy that nobody waited for must not spoil the next datagram of this id.
            let is_leftover = known.only_copies && known.born.after(COPIES) <= now && known.touches(part);
            is_leftover || known.born.after(self.config.patience) <= now
        });
        if is_over {
            self.give_up(key, Loss::Fragment, lost);
        }
        let is_copy = self.joined.has(self.mark(&key, part.offset, part.bytes), now);
        let datagram = self.index.entry(key).or_insert_with(|| {
            self.born += 1;
            self.order.insert(self.born, key);
            let fresh = Datagram::new(now, self.born, self.config.policy(key.destination));
            self.held_bytes += fresh.memory();
            fresh
        });
        datagram.only_copies &= is_copy;
        let before = datagram.memory();
        let fate = datagram.add(part);
        self.held_bytes = self.held_bytes - before + datagram.memory();
        match fate {
            Fate::Refused(loss) => lost.push((loss, weight)),
            _ => datagram.weight += weight,
        }
        match fate {
            Fate::Whole => return self.finish(key, part, now),
            Fate::Contradicts => self.give_up(key, Loss::FragmentOverlap, lost),
            Fate::Kept | Fate::Refused(_) => self.make_room(lost),
        }
        None
    }

    /// Time passes: what has taken too long is given up.
    pub(crate) fn tick(&mut self, now: Timestamp, lost: &mut Vec<Lost>) {
        while let Some(key) = self.oldest() {
            let is_late = self.index.get(&key).is_none_or(|old| old.born.after(self.config.patience) <= now);
            if !is_late {
                return;
            }
            self.give_up(key, Loss::Fragment, lost);
        }
    }

    /// The input is over: nothing will become whole.
    pub(crate) fn close(&mut self, lost: &mut Vec<Lost>) {
        while let Some(key) = self.oldest() {
            self.give_up(key, Loss::Fragment, lost);
        }
    }

    fn oldest(&self) -> Option<Key> {
        self.order.first_key_value().map(|(_, key)| *key)
    }

    fn make_room(&mut self, lost: &mut Vec<Lost>) {
        while self.held_bytes > self.config.memory_bytes || self.index.len() > self.config.datagrams_max {
            let Some(key) = self.oldest() else { return };
            self.give_up(key, Loss::FragmentTableFull, lost);
        }
    }

    fn give_up(&mut self, key: Key, loss: Loss, lost: &mut Vec<Lost>) {
        if let Some(datagram) = self.remove(key)
            && datagram.weight.frames > 0
        {
            let loss = if datagram.only_copies { Loss::DuplicateFrame } else { loss };
            lost.push((loss, datagram.weight));
        }
    }

    fn mark(&self, key: &Key, offset: u32, bytes: &[u8]) -> u64 {
        self.index.hasher().hash_one((key, offset, bytes))
    }

    fn finish(&mut self, key: Key, part: &Part<'_>, now: Timestamp) -> Option<Joined> {
        let datagram = self.remove(key)?;
        for (offset, bytes) in datagram.kept() {
            let mark = self.mark(&key, offset, bytes);
            self.joined.note(mark, now);
        }
        Some(Joined {
            weight: datagram.weight,
            bytes: datagram.join(),
            ends: part.ends,
            protocol: datagram.protocol,
            layers: part.layers,
            tunnel: part.tunnel,
            ambiguous: datagram.ambiguous,
        })
    }

    fn remove(&mut self, key: Key) -> Option<Datagram> {
        let datagram = self.index.remove(&key)?;
        self.order.remove(&datagram.serial);
        self.held_bytes = self.held_bytes.saturating_sub(datagram.memory());
        Some(datagram)
    }
}

#[cfg(test)]
mod frames;
#[cfg(test)]
mod tests;
