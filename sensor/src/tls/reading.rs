//! Reading: records of a direction in, what they carry to where it belongs. A record that can not be opened yet waits; one
//! that never can ends the reading.

use model::{Loss, SessionFates};

use super::{
    Channel, Room,
    record::{HEAD, Kind, Lost, Next},
    side::{Epoch, Held, Waiting},
};
use crate::stream::{Direction, Piece};

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Read, or nothing for us.
    Done,
    /// Its keys are not known yet.
    Wait,
    /// It is no record; only while looking for one after a loss.
    Refused,
    /// It can never be read.
    Unread,
}

/// Records tried in vain after losses before a flow is given up.
const REFUSED_MAX: u32 = 64;
/// Record numbers tried for one record after a loss.
const NUMBERS_MAX: u64 = 256;
/// Fewest bytes of a sealed record: head, kind or explicit nonce, tag.
const SEALED_MIN: u64 = 22;

impl Channel {
    /// A piece of a direction in which nothing waits.
    pub(super) fn take(&mut self, direction: Direction, piece: Piece<'_>, room: &mut Room<'_>) {
        match piece {
            Piece::Bytes(bytes) => {
                self.numbers += 1;
                self.take_held(direction, bytes, self.numbers, room);
            }
            Piece::Gap(n) => self.gap(direction, n, room),
        }
    }

    /// Bytes, new or held under a number; what has to wait is held under the same.
    pub(super) fn take_held(&mut self, direction: Direction, bytes: &[u8], number: u64, room: &mut Room<'_>) {
        let mut rest = bytes;
        let mut record = std::mem::take(&mut room.desk.vault.record);
        let mut waits = None;
        while !self.opaque {
            let side = &mut self.sides[direction as usize];
            match side.records.next(&mut rest, &mut record, room.desk.ledger.here()) {
                Next::More => break,
                Next::Broken => self.go_opaque(Loss::TlsUnread, room),
                Next::Whole(kind) => {
                    self.seen.records[direction as usize] += 1;
                    let length = record.len() as u64;
                    match self.record(direction, kind, &mut record, room) {
                        Outcome::Done => room.desk.ledger.here().records += length,
                        Outcome::Wait => {
                            waits = Some([&record[..], rest].concat());
                            break;
                        }
                        Outcome::Refused => self.refuse(direction, &record, room),
                        Outcome::Unread => {
                            room.desk.ledger.here().opaque += length;
                            self.go_opaque(Loss::TlsUnread, room);
                        }
                    }
                }
            }
        }
        if waits.is_none() {
            room.desk.ledger.here().opaque += rest.len() as u64;
        }
        room.desk.vault.record = record;
        if direction == Direction::Request {
            let left = waits.as_ref().map_or(0, Vec::len) as u64;
            self.taken = (self.taken + bytes.len() as u64).saturating_sub(left);
        }
        if let Some(bytes) = waits {
            self.seen.records[direction as usize] -= 1;
            self.sides[direction as usize].blocked = true;
            let held = Held { at: room.at, number, what: Waiting::Bytes(bytes) };
            self.put(direction, held, true, room);
        }
    }

    /// Only counts what an opaque channel carries.
    pub(super) fn count_records(&mut self, direction: Direction, piece: Piece<'_>, room: &mut Room<'_>) {
        let records = &mut self.sides[direction as usize].records;
        // The bytes have their fate already.
        let mut nowhere = SessionFates::default();
        match piece {
            Piece::Gap(n) => drop(records.gap(n, &mut nowhere)),
            Piece::Bytes(mut rest) => {
                while let Next::Whole(_) = records.next(&mut rest, &mut room.desk.vault.record, &mut nowhere)
                {
                    records.astray = false;
                    self.seen.records[direction as usize] += 1;
                }
            }
        }
    }

    /// Opens and reads a whole record.
    fn record(
        &mut self,
        direction: Direction,
        kind: Kind,
        record: &mut Vec<u8>,
        room: &mut Room<'_>,
    ) -> Outcome {
        let side = &mut self.sides[direction as usize];
        let sealed = side.epoch != Epoch::Plain || kind == Kind::Data;
        if side.records.astray {
            return self.found(direction, kind, record, room);
        }
        if !sealed || (self.talk.is_modern() && kind != Kind::Data) {
            // A plain alert or a change of cipher in the middle of TLS 1.3 says nothing.
            let body = record.get(HEAD..).unwrap_or_default();
            return if sealed { Outcome::Done } else { self.contents(direction, kind, body, room) };
        }
        match self.engage(direction, room) {
            Outcome::Done => {}
            other => return other,
        }
        let epoch = self.sides[direction as usize].epoch;
        let again =
            self.sides[direction as usize].lossy || (epoch == Epoch::Handshake && self.talk.refused_early());
        if again {
            room.desk.vault.copy.clone_from(record);
        }
        let Some(opener) = &mut self.sides[direction as usize].opener else { return Outcome::Done };
        if let Some((kind, within)) = opener.open(record) {
            self.seen.opened[direction as usize] += 1;
            return self.contents(direction, kind, record.get(within).unwrap_or_default(), room);
        }
        if again && epoch == Epoch::Handshake {
            record.clone_from(&room.desk.vault.copy);
            return self.after_handshake(direction, record, room);
        }
        Outcome::Unread
    }

    /// What a record carries.
    pub(super) fn contents(
        &mut self,
        direction: Direction,
        kind: Kind,
        body: &[u8],
        room: &mut Room<'_>,
    ) -> Outcome {
        match kind {
            Kind::Handshake => self.handshake(direction, body, room),
            Kind::ChangeCipherSpec => {
                if self.talk.is_classic() {
                    self.sides[direction as usize].enter(Epoch::Traffic);
                }
                Outcome::Done
            }
            Kind::Data => {
                if self.sides[direction as usize].epoch == Epoch::Early {
                    self.early_until = room.at;
                }
                if !body.is_empty() {
                    self.tell(direction, Piece::Bytes(body), room);
                }
                Outcome::Done
            }
            Kind::Alert | Kind::Heartbeat => Outcome::Done,
        }
    }

    /// A record that the handshake's keys do not open: refused early data, or data after a lost end of the handshake.
    fn after_handshake(
        &mut self,
        direction: Direction,
        record: &mut Vec<u8>,
        room: &mut Room<'_>,
    ) -> Outcome {
        let side = &self.sides[direction as usize];
        if side.lossy
            && let Some(opener) = self.opener(direction, Epoch::Traffic, room)
        {
            let numbers = NUMBERS_MAX.min(1 + side.lost / SEALED_MIN);
            if let Some(opened) = self.search(direction, Epoch::Traffic, opener, numbers, record, room) {
                return opened;
            }
        }
        if self.talk.refused_early() && direction == Direction::Request {
            return self.talk.skip_early();
        }
        Outcome::Unread
    }

    /// So many bytes of a direction will not come.
    fn gap(&mut self, direction: Direction, n: u64, room: &mut Room<'_>) {
        let side = &mut self.sides[direction as usize];
        side.lossy = true;
        self.taken += if direction == Direction::Request { n } else { 0 };
        side.messages.clear();
        match side.records.gap(n, room.desk.ledger.here()) {
            Some(Lost::One(length)) => {
                if let Some(opener) = &mut side.opener {
                    opener.number += 1;
                }
                if side.epoch == Epoch::Traffic && self.inner.is_some() {
                    self.tell(direction, Piece::Gap(length as u64), room);
                }
            }
            Some(Lost::Place) => side.lost = side.lost.saturating_add(n),
            None => {}
        }
    }

    /// What looked like a record after a loss is none, or none that we can read.
    fn refuse(&mut self, direction: Direction, record: &[u8], room: &mut Room<'_>) {
        let side = &mut self.sides[direction as usize];
        side.refused += 1;
        if side.refused > REFUSED_MAX {
            room.desk.ledger.here().opaque += record.len() as u64;
            return self.go_opaque(Loss::TlsUnread, room);
        }
        side.lost += 1;
        side.records.reject(record, room.desk.ledger.here());
    }

    /// Whether a record that was looked for is one: its tag says so, under one of the next numbers.
    fn found(
        &mut self,
        direction: Direction,
        kind: Kind,
        record: &mut Vec<u8>,
        room: &mut Room<'_>,
    ) -> Outcome {
        let side = &mut self.sides[direction as usize];
        if side.epoch == Epoch::Plain && kind == Kind::ChangeCipherSpec && record.get(HEAD..) == Some(&[1]) {
            side.records.astray = false;
            return self.contents(direction, kind, &[1], room);
        }
        if side.epoch == Epoch::Plain && (kind != Kind::Data || !self.talk.is_modern()) {
            return Outcome::Refused;
        }
        room.desk.vault.copy.clone_from(record);
        let numbers = NUMBERS_MAX.min(2 + side.lost / SEALED_MIN);
        let epoch = if side.epoch == Epoch::Plain { Epoch::Handshake } else { side.epoch };
        let opener = side.opener.take();
        let tries =
            [Some(epoch), (epoch != Epoch::Traffic && self.talk.is_modern()).then_some(Epoch::Traffic)];
        let mut current = opener;
        for epoch in tries.into_iter().flatten() {
            let Some(opener) = current.take().or_else(|| self.opener(direction, epoch, room)) else {
                continue;
            };
            if let Some(opened) = self.search(direction, epoch, opener, numbers, record, room) {
                return opened;
            }
        }
        Outcome::Refused
    }
}
