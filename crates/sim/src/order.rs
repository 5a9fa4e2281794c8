//! Order: calls as they are made in, calls in order of `(ended_at, at, id)` out. Holds what is still under way.

use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
};

use model::{ApiCall, CallId, Timestamp};

use crate::{Origin, wire::Bytes};

/// A call on its way out.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) call: ApiCall,
    pub(crate) origin: Origin,
    /// Its bytes, if they are wanted.
    pub(crate) bytes: Option<Box<Bytes>>,
}

/// When a call is due, and where it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Due(Timestamp, Timestamp, CallId, u32);

/// Calls under way.
#[derive(Debug, Default)]
pub(crate) struct Order {
    due: BinaryHeap<Reverse<Due>>,
    slots: Vec<Option<Made>>,
    free: Vec<u32>,
}

impl Order {
    pub(crate) fn push(&mut self, made: Made) {
        let due = |slot| Reverse(Due(made.call.ended_at, made.call.at, made.call.id, slot));
        match self.free.pop() {
            Some(slot) => {
                self.due.push(due(slot));
                if let Some(place) = self.slots.get_mut(slot as usize) {
                    *place = Some(made);
                }
            }
            None => {
                self.due.push(due(u32::try_from(self.slots.len()).unwrap_or(u32::MAX)));
                self.slots.push(Some(made));
            }
        }
    }

    /// The next one that is over by `now`: nothing made later can end before it.
    pub(crate) fn pop(&mut self, now: u64) -> Option<Made> {
        let Reverse(Due(ended, _, _, slot)) = *self.due.peek()?;
        if ended.as_nanos().cmp(&now) == Ordering::Greater {
            return None;
        }
        let _ = self.due.pop();
        self.free.push(slot);
        self.slots.get_mut(slot as usize)?.take()
    }

    /// How many are under way.
    pub(crate) fn len(&self) -> usize {
        self.due.len()
    }
}
