//! Blocks in force: verdicts in, which of them meets a call out. Rate limits and step-ups refuse nobody here.

use ahash::AHashMap;
use model::{PrincipalId, Timestamp};

/// Blocks held; past it those that are over go, then no further block is held.
const BLOCKS_MAX: usize = 65_536;

/// One block in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    /// Number of the verdict in the tally.
    pub(crate) verdict: u32,
}

/// All blocks in force.
#[derive(Debug, Default)]
pub(crate) struct Force(AHashMap<PrincipalId, Block>);

impl Force {
    /// A block comes into force; one in force already goes on under its own number.
    pub(crate) fn begin(&mut self, principal: PrincipalId, block: Block) {
        if self.0.len() >= BLOCKS_MAX {
            self.0.retain(|_, held| held.until > block.from);
            if self.0.len() >= BLOCKS_MAX {
                return;
            }
        }
        let held = self.0.entry(principal).or_insert(block);
        if held.until < block.from {
            *held = block;
        }
        held.until = held.until.max(block.until);
    }

    /// The block that refuses a call which carries these principals.
    pub(crate) fn meets(&self, carried: &[PrincipalId], at: Timestamp) -> Option<Block> {
        if self.0.is_empty() {
            return None;
        }
        let mut held = carried.iter().filter_map(|principal| self.0.get(principal));
        held.find(|block| block.from <= at && at < block.until).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_holds_from_its_beginning_to_its_end() {
        let second = |n: u64| Timestamp::from_nanos(n * 1_000_000_000);
        let (thief, other) = (PrincipalId(1), PrincipalId(2));
        let mut force = Force::default();
        force.begin(thief, Block { from: second(10), until: second(20), verdict: 0 });
        force.begin(thief, Block { from: second(18), until: second(30), verdict: 1 });
        let met = |principal, n| force.meets(&[other, principal], second(n)).map(|block| block.verdict);
        assert_eq!([9, 10, 25, 30].map(|n| met(thief, n)), [None, Some(0), Some(0), None]);
        assert_eq!(met(other, 15), None);
    }
}
