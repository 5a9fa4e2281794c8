//! One unfinished datagram: fragments in, its bytes out once none is missing. Never holds a fragment that adds nothing.

use model::{Ambiguity, Loss, Timestamp};
use smallvec::SmallVec;

use super::{
    Part, Weight,
    policy::{Extent, FragmentPolicy},
};

/// Fragments of one datagram; the smallest have eight bytes.
const PARTS_MAX: usize = 1_024;
/// Longest datagram without its header.
const LENGTH_MAX: u32 = 65_535;
/// What keeping a fragment costs beyond its bytes.
const PART_OVERHEAD: usize = 48;

/// What became of a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It waits for the others.
    Kept,
    /// Nothing is missing now.
    Whole,
    /// It alone is of no use.
    Refused(Loss),
    /// The whole datagram is of no use.
    Contradicts,
}

struct Kept {
    extent: Extent,
    bytes: Box<[u8]>,
}

/// The fragments of a datagram so far.
pub(super) struct Datagram {
    pub(super) born: Timestamp,
    /// Its place in the order of birth.
    pub(super) serial: u64,
    pub(super) weight: Weight,
    pub(super) ambiguous: Option<Ambiguity>,
    /// The protocol of the first fragment, once it is there; before that of any.
    pub(super) protocol: u8,
    /// Whether all its fragments are copies of those of a datagram that was joined a moment ago.
    pub(super) only_copies: bool,
    policy: FragmentPolicy,
    parts: Vec<Kept>,
    /// What is there. Under `Linux` as its kernel keeps it: a fragment joins the one before it only at the very end.
    runs: SmallVec<[Extent; 4]>,
    /// Where the last fragment ends.
    end: Option<u32>,
    held_bytes: usize,
}

impl Datagram {
    pub(super) fn new(born: Timestamp, serial: u64, policy: FragmentPolicy) -> Self {
        Self {
            born,
            serial,
            weight: Weight::default(),
            ambiguous: None,
            protocol: 0,
            only_copies: true,
            policy,
            parts: Vec::new(),
            runs: SmallVec::new(),
            end: None,
            held_bytes: 0,
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.held_bytes + size_of::<Self>() + 192
    }

    /// Adds a fragment; the rules of its end are those of Linux for every receiver.
    pub(super) fn add(&mut self, part: &Part<'_>) -> Fate {
        let is_v6 = part.ends.source.is_ipv6();
        let length = u32::try_from(part.bytes.len()).unwrap_or(LENGTH_MAX + 1);
        let mut end = part.offset + length;
        if end > LENGTH_MAX || part.more && is_v6 && !length.is_multiple_of(8) {
            return Fate::Refused(Loss::Malformed);
        }
        if self.parts.len() >= PARTS_MAX {
            return Fate::Refused(Loss::FragmentTableFull);
        }
        if part.more && !end.is_multiple_of(8) {
            end &= !7;
            self.ambiguous = Some(Ambiguity::DoubtfulSegment);
        }
        let beyond = self.runs.iter().map(|run| run.1).max().unwrap_or(0);
        let fits = if part.more {
            self.end.is_none_or(|last| end <= last)
        } else {
            end >= beyond && self.end.is_none_or(|last| end == last)
        };
        if !fits || end <= part.offset {
            return Fate::Contradicts;
        }
        if !part.more {
            self.end = Some(end);
        }
        if part.offset == 0 || self.parts.is_empty() {
            self.protocol = part.protocol;
        }
        self.ambiguous = self.ambiguous.or(part.ambiguous);
        let extent = (part.offset, end);
        let bytes = part.bytes.get(..(end - part.offset) as usize).unwrap_or_default();
        match self.policy {
            FragmentPolicy::Linux => self.place_as_linux(extent, bytes),
            _ => self.place(extent, bytes),
        }
    }

    fn keep(&mut self, extent: Extent, bytes: &[u8]) -> Fate {
        self.held_bytes += bytes.len() + PART_OVERHEAD;
        self.parts.push(Kept { extent, bytes: bytes.into() });
        let is_whole = match (self.end, self.policy) {
            (None, _) => false,
            (Some(end), FragmentPolicy::Linux) => {
                self.runs.iter().map(|run| run.1 - run.0).sum::<u32>() == end
            }
            (Some(end), _) => self.runs.as_slice() == [(0, end)],
        };
        if is_whole { Fate::Whole } else { Fate::Kept }
    }

    fn place_as_linux(&mut self, extent: Extent, bytes: &[u8]) -> Fate {
        let (start, end) = extent;
        let mut touching = self.runs.iter().filter(|run| run.0 < end && start < run.1);
        match (touching.next(), touching.next()) {
            (None, _) => {}
            (Some(run), None) if run.0 <= start && end <= run.1 => {
                if self.differs(extent, bytes) {
                    self.ambiguous = Some(Ambiguity::FragmentOverlap);
                }
                return Fate::Kept;
            }
            _ => return Fate::Contradicts,
        }
        let tail = self.runs.iter_mut().max_by_key(|run| run.1);
        match tail {
            Some(tail) if tail.1 == start => tail.1 = end,
            _ => self.runs.push(extent),
        }
        self.keep(extent, bytes)
    }

    fn place(&mut self, (mut start, mut end): Extent, bytes: &[u8]) -> Fate {
        let extent = (start, end);
        if self.differs(extent, bytes) {
            self.ambiguous = Some(Ambiguity::FragmentOverlap);
        }
        self.runs.retain(|run| {
            let apart = run.1 < start || end < run.0;
            if !apart {
                (start, end) = (start.min(run.0), end.max(run.1));
            }
            apart
        });
        let at = self.runs.partition_point(|run| run.0 < start);
        self.runs.insert(at, (start, end));
        self.keep(extent, bytes)
    }

    /// Whether other bytes came before for a part of this extent.
    fn differs(&self, (start, end): Extent, bytes: &[u8]) -> bool {
        self.parts.iter().any(|kept| {
            let (from, to) = (start.max(kept.extent.0), end.min(kept.extent.1));
            from < to && shared(bytes, start, from, to) != shared(&kept.bytes, kept.extent.0, from, to)
        })
    }

    /// Whether it has bytes where this fragment goes.
    pub(super) fn touches(&self, part: &Part<'_>) -> bool {
        let end = part.offset.saturating_add(u32::try_from(part.bytes.len()).unwrap_or(u32::MAX));
        self.parts.iter().any(|kept| part.offset < kept.extent.1 && kept.extent.0 < end)
    }

    /// Offset and bytes of the fragments that were kept.
    pub(super) fn kept(&self) -> impl Iterator<Item = (u32, &[u8])> {
        self.parts.iter().map(|kept| (kept.extent.0, &*kept.bytes))
    }

    /// The datagram without its header, as its receiver has it.
    pub(super) fn join(&self) -> Vec<u8> {
        let length = self.end.unwrap_or(0) as usize;
        let mut joined = vec![0; length];
        // For each eight bytes the fragment that they are from.
        let mut owners: Vec<Option<Extent>> = vec![None; length.div_ceil(8)];
        for Kept { extent, bytes } in &self.parts {
            let first = (extent.0 / 8) as usize;
            for (unit, (owner, chunk)) in owners.iter_mut().skip(first).zip(bytes.chunks(8)).enumerate() {
                if owner.is_some_and(|old| self.policy.keeps(old, *extent)) {
                    continue;
                }
                *owner = Some(*extent);
                let at = (first + unit) * 8;
                if let Some(place) = joined.get_mut(at..at + chunk.len()) {
                    place.copy_from_slice(chunk);
                }
            }
        }
        joined
    }
}

/// The bytes `from..to` of a fragment that starts at `origin`.
fn shared(bytes: &[u8], origin: u32, from: u32, to: u32) -> Option<&[u8]> {
    bytes.get(from.checked_sub(origin)? as usize..to.checked_sub(origin)? as usize)
}
