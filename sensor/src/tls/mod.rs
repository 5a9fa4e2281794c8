//! TLS (RFC 5246, RFC 8446): pieces of a flow in; what is inside is read if its keys are known. Never guesses: a record
//! is read only if its tag agrees.

mod bytes;
mod cipher;
mod handshake;
mod hello;
mod hold;
mod keys;
mod listing;
mod messages;
mod reading;
mod record;
#[cfg(feature = "fuzzing")]
pub(crate) mod sealing;
mod side;
mod suite;
mod vault;

#[cfg(test)]
mod tests;

pub use listing::TlsFlow;
pub use vault::TlsConfig;
pub(crate) use vault::Vault;

use model::{Ambiguities, Ambiguity, ApiCall, Grade, Loss, Source, Timestamp};

use crate::{
    http::Desk,
    session::Session,
    stream::{Close, Direction, FlowFacts, Piece},
};
use handshake::Talk;
use side::Side;

/// Whether bytes are surely the beginning of TLS records.
pub(crate) fn looks_like_records(bytes: &[u8], from_start: bool) -> bool {
    match bytes {
        [0x16] | [0x16, 3, ..] if from_start => true,
        // A client's hello.
        [0x16, 3, _, _, _, 1, 0, _, _, 3, ..] => true,
        _ => false,
    }
}

/// What a channel is given to work with.
struct Room<'a> {
    facts: &'a FlowFacts,
    at: Timestamp,
    desk: &'a mut Desk,
    calls: &'a mut Vec<ApiCall>,
}

/// The TLS of one flow.
pub(crate) struct Channel {
    sides: [Side; 2],
    talk: Talk,
    inner: Option<Box<Session>>,
    /// What it looks like from outside.
    seen: TlsFlow,
    taints: Ambiguities,
    /// When the last early data came.
    early_until: Timestamp,
    /// Since when something waits.
    waits_since: Option<Timestamp>,
    /// What waits, in memory and in bytes of the flow.
    held: usize,
    held_bytes: u64,
    /// Things that waited so far.
    numbers: u64,
    /// The keys that were there at the last try.
    generation: u64,
    /// Bytes of the request direction that were read, or missed, so far, and those of what is inside.
    taken: u64,
    told: u64,
    /// Bytes of the request direction that the server has acknowledged since something waits.
    acknowledged: u64,
    opaque: bool,
    over: bool,
    /// Whether it is listed at its end.
    listed: bool,
}

impl Channel {
    /// A channel that begins with a hello, or was joined late.
    pub(crate) fn new(facts: &FlowFacts, at: Timestamp, desk: &Desk) -> Self {
        Self {
            sides: [Side::default(), Side::default()],
            talk: Talk::default(),
            inner: None,
            seen: TlsFlow {
                at,
                client: facts.client,
                server: facts.server,
                sni: Default::default(),
                alpn: Default::default(),
                fingerprint: 0,
                suite: 0,
                bytes: [0; 2],
                records: [0; 2],
                opened: [0; 2],
                duration_us: 0,
            },
            taints: Ambiguities::default(),
            early_until: Timestamp::ZERO,
            waits_since: None,
            held: 0,
            held_bytes: 0,
            numbers: 0,
            generation: 0,
            taken: 0,
            told: 0,
            acknowledged: 0,
            opaque: false,
            over: false,
            listed: desk.vault.config.list_flows,
        }
    }

    /// The next piece of a direction.
    pub(crate) fn piece(
        &mut self,
        facts: &FlowFacts,
        direction: Direction,
        piece: Piece<'_>,
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) {
        if let Piece::Bytes(bytes) = piece {
            self.seen.bytes[direction as usize] += bytes.len() as u64;
        }
        self.seen.duration_us = at.since(self.seen.at).as_micros().try_into().unwrap_or(u64::MAX);
        let mut room = Room { facts, at, desk, calls };
        if self.opaque {
            if let Piece::Bytes(bytes) = piece {
                room.desk.ledger.here().opaque += bytes.len() as u64;
            }
            return self.count_records(direction, piece, &mut room);
        }
        if self.sides[direction as usize].queue.is_empty() {
            self.take(direction, piece, &mut room);
        } else {
            self.hold(direction, piece.into(), &mut room);
        }
        self.retry(&mut room);
    }

    /// The flow, or one direction of it, is over.
    pub(crate) fn close(
        &mut self,
        facts: &FlowFacts,
        close: Close,
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) {
        let mut room = Room { facts, at, desk, calls };
        self.retry(&mut room);
        let last = !matches!(close, Close::Fin(_));
        match close {
            // Keys may still come for a flow that has ended.
            Close::Fin(direction) if self.is_waiting() => {
                self.hold(direction, side::Waiting::Close(close), &mut room);
            }
            _ if self.is_waiting() => self.go_opaque(Loss::TlsNoKeys, &mut room),
            _ => self.close_inner(close, &mut room),
        }
        if last && !std::mem::replace(&mut self.over, true) && self.listed {
            room.desk.vault.list(self.seen.clone());
        }
    }

    /// Looks again for keys, and stops waiting for them when their time is over.
    pub(crate) fn tick(
        &mut self,
        facts: &FlowFacts,
        at: Timestamp,
        desk: &mut Desk,
        calls: &mut Vec<ApiCall>,
    ) {
        let mut room = Room { facts, at, desk, calls };
        if room.desk.vault.keys.generation != self.generation {
            self.retry(&mut room);
        }
        let limit = at.before(room.desk.vault.config.key_wait);
        if self.waits_since.is_some_and(|since| since < limit) {
            self.go_opaque(Loss::TlsNoKeys, &mut room);
        }
    }

    /// Whether something waits for keys.
    pub(crate) fn is_waiting(&self) -> bool {
        self.waits_since.is_some()
    }

    /// Bytes of this flow are ambiguous.
    pub(crate) fn taint(&mut self, why: Ambiguity) {
        self.taints.insert(why);
        if let Some(inner) = &mut self.inner {
            inner.taint(why);
        }
    }

    /// Whether nothing more will be read.
    pub(crate) fn is_opaque(&self) -> bool {
        let inner = self.inner.as_ref().is_some_and(|inner| inner.is_opaque());
        (self.opaque || inner) && !self.listed
    }

    /// Bytes of the flow that wait for keys or for the rest of a record, and those of what is inside.
    pub(crate) fn waiting(&self) -> [u64; 2] {
        if self.opaque {
            return [0; 2];
        }
        let parts: u64 = self.sides.iter().map(|side| side.records.waiting()).sum();
        let inside = self.inner.as_ref().map_or([0; 2], |inner| inner.waiting());
        [self.held_bytes + parts, inside.iter().sum()]
    }

    /// Bytes held on the heap.
    pub(crate) fn memory(&self) -> usize {
        let inner = self.inner.as_ref().map_or(0, |inner| size_of::<Session>() + inner.memory());
        self.held + self.sides.iter().map(Side::memory).sum::<usize>() + inner
    }

    /// Nothing more will be read; what was read so far is told.
    fn go_opaque(&mut self, loss: Loss, room: &mut Room<'_>) {
        room.desk.losses.count(loss);
        self.drop_held(room);
        self.close_inner(Close::End, room);
        let [own, inside] = self.waiting();
        room.desk.ledger.here().opaque += own;
        room.desk.ledger.enter(0);
        room.desk.ledger.here().unfinished += inside;
        room.desk.ledger.leave();
        self.inner = None;
        self.opaque = true;
        for side in &mut self.sides {
            side.opener = None;
            side.messages.clear();
        }
    }

    /// A piece of what is inside.
    fn tell(&mut self, direction: Direction, piece: Piece<'_>, room: &mut Room<'_>) {
        let taints = self.taints;
        let inner = self.inner.get_or_insert_with(|| {
            let mut inner = Box::new(Session::inside_tls(room.facts));
            taints.iter().for_each(|why| inner.taint(why));
            inner
        });
        let before = room.calls.len();
        if direction == Direction::Request {
            self.told += if let Piece::Bytes(bytes) = piece { bytes.len() as u64 } else { 0 };
            self.told += if let Piece::Gap(n) = piece { n } else { 0 };
        }
        room.desk.ledger.enter(if let Piece::Bytes(bytes) = piece { bytes.len() } else { 0 });
        inner.piece(room.facts, direction, piece, room.at, room.desk, room.calls);
        room.desk.ledger.leave();
        self.sign(before, room.calls);
    }

    fn close_inner(&mut self, close: Close, room: &mut Room<'_>) {
        let before = room.calls.len();
        if let Some(inner) = &mut self.inner {
            room.desk.ledger.enter(0);
            inner.close(room.facts, close, room.at, room.desk, room.calls);
            room.desk.ledger.leave();
        }
        self.sign(before, room.calls);
    }

    /// Says of fresh calls that they were decrypted, and by what look of a client they were made.
    fn sign(&self, before: usize, calls: &mut [ApiCall]) {
        for call in calls.get_mut(before..).unwrap_or_default() {
            call.context.tls = self.seen.fingerprint;
            if call.at <= self.early_until {
                call.ambiguities.insert(Ambiguity::EarlyData);
                call.grade = Grade::C;
            }
            let details = call.details_mut();
            details.source = Source::Decrypted;
            details.sni = Some(self.seen.sni.clone()).filter(|sni| !sni.is_empty());
        }
    }
}
