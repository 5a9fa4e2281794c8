//! Waiting for keys: pieces that can not be read yet in, the same pieces in their order out. Bounded in bytes per
//! direction, in bytes of all flows, and in time.

use model::Loss;

use super::{
    Channel, Room,
    side::{Held, Waiting},
};
use crate::stream::{Direction, Piece};

impl From<Piece<'_>> for Waiting {
    fn from(piece: Piece<'_>) -> Self {
        match piece {
            Piece::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
            Piece::Gap(n) => Self::Gap(n),
        }
    }
}

impl Channel {
    /// Keeps something until keys come, behind what waits already.
    pub(super) fn hold(&mut self, direction: Direction, what: Waiting, room: &mut Room<'_>) {
        let acknowledged = std::mem::take(&mut self.acknowledged);
        if acknowledged > 0 && direction == Direction::Response {
            self.numbers += 1;
            let what = Waiting::Acknowledged(acknowledged);
            self.put(direction, Held { at: room.at, number: self.numbers, what }, false, room);
        }
        self.numbers += 1;
        let held = Held { at: room.at, number: self.numbers, what };
        if self.opaque {
            room.desk.ledger.here().opaque += held.bytes();
            return;
        }
        self.put(direction, held, false, room);
    }

    /// The server has acknowledged so many bytes of the request direction. What is inside learns of it once that
    /// covers every byte so far: where records end among them is not kept.
    pub(crate) fn acknowledged(&mut self, bytes: u64) {
        if self.is_waiting() {
            self.acknowledged = bytes;
        } else {
            self.pass_on(bytes);
        }
    }

    fn pass_on(&mut self, bytes: u64) {
        if bytes >= self.taken
            && let Some(inner) = &mut self.inner
        {
            inner.acknowledged(self.told);
        }
    }

    /// Keeps something in front of what waits, or behind it.
    pub(super) fn put(&mut self, direction: Direction, held: Held, in_front: bool, room: &mut Room<'_>) {
        let cost = held.cost();
        self.held_bytes += held.bytes();
        let queue = &mut self.sides[direction as usize].queue;
        if in_front {
            queue.push_front(held);
        } else {
            queue.push_back(held);
        }
        self.held += cost;
        room.desk.vault.held += cost;
        self.waits_since.get_or_insert(room.at);
        let kept: usize = self.sides[direction as usize].queue.iter().map(Held::cost).sum();
        let config = &room.desk.vault.config;
        if kept > config.hold_bytes_max || room.desk.vault.held > config.hold_total_bytes_max {
            self.go_opaque(Loss::TlsNoKeys, room);
        }
    }

    /// Tries again to read what waits, both directions in the order in which they came.
    pub(super) fn retry(&mut self, room: &mut Room<'_>) {
        if self.waits_since.is_none() {
            return;
        }
        self.generation = room.desk.vault.keys.generation;
        let now = room.at;
        self.sides.iter_mut().for_each(|side| side.blocked = false);
        while let Some((direction, held)) = self.pop(room) {
            room.at = held.at;
            let records = self.seen.records;
            let (number, done) = (held.number, held.what);
            match done {
                Waiting::Bytes(bytes) => self.take_held(direction, &bytes, number, room),
                Waiting::Gap(n) => self.take(direction, Piece::Gap(n), room),
                Waiting::Close(close) => self.close_inner(close, room),
                Waiting::Acknowledged(bytes) => self.pass_on(bytes),
            }
            if self.opaque {
                break;
            }
            let other = &mut self.sides[1 - direction as usize];
            other.blocked &= records == self.seen.records;
        }
        room.at = now;
        if self.sides.iter().all(|side| side.queue.is_empty()) {
            self.waits_since = None;
        }
    }

    /// The oldest of what waits in a direction that is not blocked.
    fn pop(&mut self, room: &mut Room<'_>) -> Option<(Direction, Held)> {
        let first = |direction: Direction| {
            let side = &self.sides[direction as usize];
            side.queue.front().filter(|_| !side.blocked).map(|held| (held.number, direction))
        };
        let ends = [first(Direction::Request), first(Direction::Response)];
        let (_, direction) = ends.into_iter().flatten().min_by_key(|(number, _)| *number)?;
        let held = self.sides[direction as usize].queue.pop_front()?;
        self.held -= held.cost();
        self.held_bytes -= held.bytes();
        room.desk.vault.held -= held.cost();
        Some((direction, held))
    }

    pub(super) fn drop_held(&mut self, room: &mut Room<'_>) {
        room.desk.vault.held -= std::mem::take(&mut self.held);
        room.desk.ledger.here().opaque += std::mem::take(&mut self.held_bytes);
        self.sides.iter_mut().for_each(|side| side.queue.clear());
        self.waits_since = None;
    }
}
