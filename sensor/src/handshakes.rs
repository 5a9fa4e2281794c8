//! Handshakes and farewells, remembered without a flow: SYNs and ends in, initial numbers out. A fixed table that
//! overwrites, so that ten million half-open flows cost what one costs. Never grows.

use model::Timestamp;

use crate::{half::WINDOW_BYTES, seq::Seq};

/// Slots; 24 bytes each.
const SLOTS: usize = 1 << 20;
/// Slots that are allocated together, when one of them is first used.
const PAGE_SLOTS: usize = 256;
/// How long a handshake waits for its first data.
const OPEN_S: u32 = 75;
/// How long an ended flow's stragglers are recognised.
const ENDED_S: u32 = 60;

/// What a slot tells of a flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing.
    #[default]
    Empty,
    /// The client asked.
    Asked,
    /// The server answered, but the question was not seen.
    Answered,
    /// Both were seen.
    Agreed,
    /// The server's answers contradict each other: one of them is forged.
    Disputed,
    /// The flow is over.
    Ended,
    /// The flow is over because the client said so with a reset, which the server may never have got.
    Reset,
}

impl Stage {
    /// Whether the flow is over.
    pub(crate) const fn is_over(self) -> bool {
        matches!(self, Self::Ended | Self::Reset)
    }
}

/// One remembered handshake or farewell.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Handshake {
    key: u64,
    at_s: u32,
    /// Next number of the client, when known.
    pub(crate) client: Seq,
    /// Next number of the server, when known.
    pub(crate) server: Seq,
    pub(crate) stage: Stage,
    /// Whether the client is the lower end of the flow key.
    pub(crate) client_is_low: bool,
}

impl Handshake {
    /// Whether a segment at `seq` repeats bytes of a flow that is over, or follows its end. A client that goes on exactly
    /// where it had reset is none: that reset was not for the server.
    pub(crate) fn is_straggler(&self, source_is_low: bool, seq: Seq) -> bool {
        let from_client = self.client_is_low == source_is_low;
        let end = if from_client { self.client } else { self.server };
        let goes_on = self.stage == Stage::Reset && from_client && seq == end;
        // Further away it is another connection on the same ports.
        self.stage.is_over() && !goes_on && seq.offset_from(end).abs() <= WINDOW_BYTES
    }

    fn pack(self) -> Packed {
        let stage = match self.stage {
            Stage::Empty => 0,
            Stage::Asked => 1,
            Stage::Answered => 2,
            Stage::Agreed => 3,
            Stage::Ended => 4,
            Stage::Disputed => 5,
            Stage::Reset => 6,
        };
        let [low, high] = halves(self.key);
        [low, high, self.at_s, self.client.0, self.server.0, stage << 1 | u32::from(self.client_is_low)]
    }

    fn unpack([low, high, at_s, client, server, state]: Packed) -> Self {
        let stage = match state >> 1 {
            1 => Stage::Asked,
            2 => Stage::Answered,
            3 => Stage::Agreed,
            4 => Stage::Ended,
            5 => Stage::Disputed,
            6 => Stage::Reset,
            _ => Stage::Empty,
        };
        let (client, server) = (Seq(client), Seq(server));
        let key = u64::from(high) << 32 | u64::from(low);
        Self { key, at_s, client, server, stage, client_is_low: state & 1 == 1 }
    }
}

/// A handshake as the table keeps it. All zero is an empty one.
type Packed = [u32; 6];

fn halves(key: u64) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = key.to_le_bytes();
    [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])]
}

/// The table.
pub(crate) struct Handshakes {
    pages: Vec<Option<Box<[Packed]>>>,
}

impl Handshakes {
    pub(crate) fn new() -> Self {
        Self { pages: vec![None; SLOTS / PAGE_SLOTS] }
    }

    /// Page and slot of a key.
    fn place(key: u64) -> (usize, usize) {
        let place = usize::try_from(key & (SLOTS as u64 - 1)).unwrap_or(0);
        (place / PAGE_SLOTS, place % PAGE_SLOTS)
    }

    /// Writes a handshake over whatever is in its place.
    pub(crate) fn keep(&mut self, handshake: Handshake) {
        let (page, slot) = Self::place(handshake.key);
        let page = self.pages[page].get_or_insert_with(|| vec![[0; 6]; PAGE_SLOTS].into());
        page[slot] = handshake.pack();
    }

    /// What is remembered of the flow with this key.
    pub(crate) fn find(&self, key: u64, now: Timestamp) -> Option<Handshake> {
        let now_s = seconds(now);
        let (page, slot) = Self::place(key);
        let slot = Handshake::unpack(self.pages[page].as_ref()?[slot]);
        let keep_s = if slot.stage.is_over() { ENDED_S } else { OPEN_S };
        let fresh = now_s.saturating_sub(slot.at_s) <= keep_s;
        (slot.key == key && slot.stage != Stage::Empty && fresh).then_some(slot)
    }

    /// A SYN without ACK.
    pub(crate) fn asked(&mut self, key: u64, isn: Seq, client_is_low: bool, now: Timestamp) {
        let client = isn.plus(1);
        let known = self
            .find(key, now)
            .filter(|known| known.client == client && known.client_is_low == client_is_low);
        let (server, stage) = match known.map(|known| (known.server, known.stage)) {
            Some((server, Stage::Answered | Stage::Agreed)) => (server, Stage::Agreed),
            Some((server, Stage::Disputed)) => (server, Stage::Disputed),
            _ => (Seq(0), Stage::Asked),
        };
        self.keep(Handshake { key, at_s: seconds(now), client, server, stage, client_is_low });
    }

    /// A SYN with ACK: next numbers of both. Returns what is known now.
    pub(crate) fn answered(
        &mut self,
        key: u64,
        server: Seq,
        client: Seq,
        client_is_low: bool,
        now: Timestamp,
    ) -> Stage {
        let known = self
            .find(key, now)
            .filter(|known| known.client == client && known.client_is_low == client_is_low);
        let stage = match known.map(|known| (known.stage, known.server == server)) {
            Some((Stage::Disputed, _) | (Stage::Agreed | Stage::Answered, false)) => Stage::Disputed,
            Some((Stage::Asked | Stage::Agreed, _)) => Stage::Agreed,
            _ => Stage::Answered,
        };
        self.keep(Handshake { key, at_s: seconds(now), client, server, stage, client_is_low });
        stage
    }

    /// The flow is over, as `stage` says; its ends of client and server are at these numbers.
    pub(crate) fn ended(
        &mut self,
        key: u64,
        [client, server]: [Seq; 2],
        stage: Stage,
        client_is_low: bool,
        now: Timestamp,
    ) {
        self.keep(Handshake { key, at_s: seconds(now), client, server, stage, client_is_low });
    }
}

fn seconds(at: Timestamp) -> u32 {
    u32::try_from(at.as_secs()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const AT: Timestamp = Timestamp::from_nanos(5_000_000_000);

    #[test]
    fn both_orders_of_question_and_answer_agree() {
        let mut table = Handshakes::new();
        table.asked(7, Seq(10), true, AT);
        assert_eq!(table.answered(7, Seq(100), Seq(11), true, AT), Stage::Agreed);
        table.answered(8, Seq(100), Seq(11), false, AT);
        table.asked(8, Seq(10), false, AT);
        let found = table.find(8, AT).expect("fresh");
        assert_eq!((found.stage, found.client, found.server), (Stage::Agreed, Seq(11), Seq(100)));
        assert!(!found.client_is_low);
    }

    /// Case T22.
    #[test]
    fn an_answer_to_another_question_does_not_agree() {
        let mut table = Handshakes::new();
        table.asked(7, Seq(10), true, AT);
        table.asked(7, Seq(90), true, AT);
        assert_eq!(table.answered(7, Seq(100), Seq(11), true, AT), Stage::Answered);
    }

    #[test]
    fn old_handshakes_and_other_flows_vouch_for_nothing() {
        let mut table = Handshakes::new();
        table.asked(7, Seq(10), true, AT);
        assert!(table.find(7, AT.after(Duration::from_secs(90))).is_none());
        assert!(table.find(7 + SLOTS as u64, AT).is_none());
    }
}
