//! Handshakes and farewells, remembered without a flow: SYNs and ends in, initial numbers out. A ring that overwrites, so
//! that ten million half-open flows cost what a million cost. Never grows past that.

use model::Timestamp;

use crate::{
    half::WINDOW_BYTES,
    header::{Offered, TcpHeader},
    seq::Seq,
};

/// Slots; 36 bytes each, and 4 for finding it.
const SLOTS: usize = 1 << 20;
/// Slots that are allocated together, when the first of them is taken.
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

/// What both sides offered; only of meaning once they agreed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) client: Offered,
    pub(crate) server: Offered,
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
    pub(crate) terms: Terms,
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

    /// Whether it begins with this number of this client.
    fn is_of(&self, client: Seq, client_is_low: bool) -> bool {
        self.client == client && self.client_is_low == client_is_low
    }

    /// Whether bytes at `seq` can be the first ones after it.
    fn fits(&self, source_is_low: bool, seq: Seq) -> bool {
        let start = match self.client_is_low == source_is_low {
            true => self.client,
            false if self.stage == Stage::Asked => return true,
            false => self.server,
        };
        seq.offset_from(start).abs() <= WINDOW_BYTES
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
        let Terms { client, server } = self.terms;
        let state = stage << 1
            | u32::from(self.client_is_low)
            | offer_bits(&client) << OFFER_AT[0]
            | offer_bits(&server) << OFFER_AT[1];
        let windows = u32::from(client.window) << 16 | u32::from(server.window);
        let stamps = [client, server].map(|offered| offered.stamp.unwrap_or(0));
        [low, high, self.at_s, self.client.0, self.server.0, state, stamps[0], stamps[1], windows]
    }

    fn unpack([low, high, at_s, client, server, state, client_stamp, server_stamp, windows]: Packed) -> Self {
        let stage = match state >> 1 & 7 {
            1 => Stage::Asked,
            2 => Stage::Answered,
            3 => Stage::Agreed,
            4 => Stage::Ended,
            5 => Stage::Disputed,
            6 => Stage::Reset,
            _ => Stage::Empty,
        };
        let [_, _, _, _, a, b, c, d] = (u64::from(windows)).to_be_bytes();
        let terms = Terms {
            client: offer_of(state >> OFFER_AT[0], client_stamp, u16::from_be_bytes([a, b])),
            server: offer_of(state >> OFFER_AT[1], server_stamp, u16::from_be_bytes([c, d])),
        };
        let (client, server) = (Seq(client), Seq(server));
        let key = u64::from(high) << 32 | u64::from(low);
        Self { key, at_s, client, server, stage, client_is_low: state & 1 == 1, terms }
    }
}

/// A handshake as the table keeps it. All zero is an empty one.
type Packed = [u32; 9];

/// Where the bits of what client and server offered begin.
const OFFER_AT: [u32; 2] = [8, 16];

/// Shift and a bit each for: scales, has a time stamp, reads selective acknowledgements.
fn offer_bits(offered: &Offered) -> u32 {
    let scales = offered.shift.map_or(0, |shift| 0x10 | u32::from(shift));
    scales | u32::from(offered.stamp.is_some()) << 5 | u32::from(offered.sack) << 6
}

fn offer_of(bits: u32, stamp: u32, window: u16) -> Offered {
    Offered {
        shift: (bits & 0x10 != 0).then_some((bits & 0xF) as u8),
        stamp: (bits & 0x20 != 0).then_some(stamp),
        sack: bits & 0x40 != 0,
        window,
    }
}

/// The key under which the second of two questions for one flow is kept.
const fn second(key: u64) -> u64 {
    key.rotate_left(23) ^ 0x9E37_79B9_7F4A_7C15
}

fn halves(key: u64) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = key.to_le_bytes();
    [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])]
}

/// The newest handshakes in a ring, and where in it that of a key stands. So the ones that are asked for lie together,
/// however many flows come and go.
pub(crate) struct Handshakes {
    /// Slots in the order in which they were taken.
    pages: Vec<Box<[Packed]>>,
    /// The slot that is taken next; whatever it held is forgotten.
    next: usize,
    /// By the low bits of its key, the slot of a handshake plus one; zero for none. Another's may have taken it since.
    index: Vec<u32>,
}

impl Handshakes {
    pub(crate) fn new() -> Self {
        Self { pages: Vec::new(), next: 0, index: vec![0; SLOTS] }
    }

    fn place(key: u64) -> usize {
        usize::try_from(key & (SLOTS as u64 - 1)).unwrap_or(0)
    }

    /// The slot of a key, and what it holds.
    fn slot(&self, key: u64) -> Option<(usize, Handshake)> {
        let slot = usize::try_from(self.index[Self::place(key)]).ok()?.checked_sub(1)?;
        let packed = self.pages.get(slot / PAGE_SLOTS)?.get(slot % PAGE_SLOTS)?;
        let [low, high, ..] = packed;
        ([*low, *high] == halves(key)).then(|| (slot, Handshake::unpack(*packed)))
    }

    /// Keeps a handshake: where that of its key stands, or in the oldest one's place.
    pub(crate) fn keep(&mut self, handshake: Handshake) {
        let known = self.slot(handshake.key).map(|(slot, _)| slot);
        // In a slot that will soon be taken it would not be kept for long.
        let is_young = |slot: &usize| (self.next + SLOTS - slot) % SLOTS <= SLOTS / 2;
        let slot = known.filter(is_young).unwrap_or_else(|| {
            let slot = self.next;
            self.next = (slot + 1) % SLOTS;
            slot
        });
        if slot / PAGE_SLOTS == self.pages.len() {
            self.pages.push(vec![[0; 9]; PAGE_SLOTS].into());
        }
        self.pages[slot / PAGE_SLOTS][slot % PAGE_SLOTS] = handshake.pack();
        self.index[Self::place(handshake.key)] = u32::try_from(slot + 1).unwrap_or(0);
    }

    /// What is remembered of the flow with this key.
    pub(crate) fn find(&self, key: u64, now: Timestamp) -> Option<Handshake> {
        let (_, known) = self.slot(key)?;
        let keep_s = if known.stage.is_over() { ENDED_S } else { OPEN_S };
        let fresh = seconds(now).saturating_sub(known.at_s) <= keep_s;
        (known.stage != Stage::Empty && fresh).then_some(known)
    }

    /// A SYN without ACK. While another one waits for its first bytes it takes a second place: whoever sends a SYN can
    /// not make us forget the handshake that counts.
    pub(crate) fn asked(
        &mut self,
        key: u64,
        isn: Seq,
        client_is_low: bool,
        offered: Offered,
        now: Timestamp,
    ) {
        let client = isn.plus(1);
        let known = self.find(key, now).filter(|known| !known.stage.is_over());
        let place =
            if known.is_none_or(|known| known.is_of(client, client_is_low)) { key } else { second(key) };
        let known = self.find(place, now).filter(|known| known.is_of(client, client_is_low));
        let (server, stage, terms) = match known {
            Some(Handshake { server, stage: Stage::Answered | Stage::Agreed, terms, .. }) => {
                (server, Stage::Agreed, terms)
            }
            Some(Handshake { server, stage: Stage::Disputed, terms, .. }) => (server, Stage::Disputed, terms),
            _ => (Seq(0), Stage::Asked, Terms::default()),
        };
        let terms = Terms { client: offered, ..terms };
        self.keep(Handshake { key: place, at_s: seconds(now), client, server, stage, client_is_low, terms });
    }

    /// A SYN with ACK: next numbers of both. Returns what is known now.
    pub(crate) fn answered(
        &mut self,
        key: u64,
        [client, server]: [Seq; 2],
        client_is_low: bool,
        offered: Offered,
        now: Timestamp,
    ) -> Stage {
        let is_open = |known: &Handshake| !known.stage.is_over();
        let first = self.find(key, now).filter(is_open);
        let is_asked = |known: &Handshake| known.is_of(client, client_is_low);
        let known = first.filter(is_asked).or_else(|| self.find(second(key), now).filter(is_asked));
        let stage = match known.map(|known| (known.stage, known.server == server)) {
            Some((Stage::Disputed, _) | (Stage::Agreed | Stage::Answered, false)) => Stage::Disputed,
            Some((Stage::Asked | Stage::Agreed, _)) => Stage::Agreed,
            _ => Stage::Answered,
        };
        let terms =
            Terms { client: known.map_or(Offered::default(), |known| known.terms.client), server: offered };
        // An answer to a question that was not seen does not hide a handshake.
        let is_other = |first: &Handshake| !first.is_of(client, client_is_low);
        let hides = stage != Stage::Agreed
            && first.is_some_and(|first| first.stage == Stage::Agreed && is_other(&first));
        let key = if hides { second(key) } else { key };
        self.keep(Handshake { key, at_s: seconds(now), client, server, stage, client_is_low, terms });
        stage
    }

    /// An acknowledgement without bytes, before the first bytes of a flow: the newest time stamp of its sender.
    pub(crate) fn greeted(
        &mut self,
        key: u64,
        source_is_low: bool,
        seq: Seq,
        header: TcpHeader<'_>,
        now: Timestamp,
    ) {
        let Some(mut known) = self.find(key, now).filter(|known| known.stage == Stage::Agreed) else {
            return;
        };
        let from_client = known.client_is_low == source_is_low;
        let (next, offered) = if from_client {
            (known.client, &mut known.terms.client)
        } else {
            (known.server, &mut known.terms.server)
        };
        let stamps = offered.stamp.zip(header.stamp());
        if let Some((recent, stamp)) = stamps.filter(|(recent, stamp)| seq == next && recent != stamp) {
            // A step back is an old one.
            if stamp.wrapping_sub(recent) < 1 << 31 {
                offered.stamp = Some(stamp);
                self.keep(known);
            }
        }
    }

    /// Whether a FIN comes before bytes that were not seen yet, in a flow that has none.
    pub(crate) fn is_early(&self, key: u64, source_is_low: bool, seq: Seq, now: Timestamp) -> bool {
        let known = self.find(key, now).filter(|known| known.stage == Stage::Agreed);
        known.is_some_and(|known| {
            let from_client = known.client_is_low == source_is_low;
            seq != if from_client { known.client } else { known.server }
        })
    }

    /// The handshake that bytes at `seq` belong to.
    pub(crate) fn before(
        &self,
        key: u64,
        source_is_low: bool,
        seq: Seq,
        now: Timestamp,
    ) -> Option<Handshake> {
        let first = self.find(key, now);
        let fits = |found: &Handshake| found.stage.is_over() || found.fits(source_is_low, seq);
        first.filter(fits).or_else(|| self.find(second(key), now).filter(fits)).or(first)
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
        let terms = Terms::default();
        self.keep(Handshake { key, at_s: seconds(now), client, server, stage, client_is_low, terms });
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

    fn offer(stamp: u32) -> Offered {
        Offered { shift: Some(7), stamp: Some(stamp), sack: true, window: 64_240 }
    }

    #[test]
    fn both_orders_of_question_and_answer_agree() {
        let mut table = Handshakes::new();
        table.asked(7, Seq(10), true, offer(1), AT);
        assert_eq!(table.answered(7, [Seq(11), Seq(100)], true, offer(2), AT), Stage::Agreed);
        table.answered(8, [Seq(11), Seq(100)], false, offer(2), AT);
        table.asked(8, Seq(10), false, offer(1), AT);
        for key in [7, 8] {
            let found = table.find(key, AT).expect("fresh");
            assert_eq!((found.stage, found.client, found.server), (Stage::Agreed, Seq(11), Seq(100)));
            assert_eq!(found.client_is_low, key == 7);
            assert_eq!(found.terms, Terms { client: offer(1), server: offer(2) });
        }
    }

    /// Case T22: the answer tells which of two questions counts.
    #[test]
    fn an_answer_agrees_with_its_own_question() {
        for (asked, stage) in [(10, Stage::Agreed), (90, Stage::Agreed), (70, Stage::Answered)] {
            let mut table = Handshakes::new();
            table.asked(7, Seq(10), true, offer(1), AT);
            table.asked(7, Seq(90), true, offer(1), AT);
            assert_eq!(table.answered(7, [Seq(asked + 1), Seq(100)], true, offer(2), AT), stage);
        }
    }

    #[test]
    fn neither_question_nor_answer_hides_a_handshake() {
        let mut table = Handshakes::new();
        table.asked(7, Seq(10), true, offer(1), AT);
        table.answered(7, [Seq(11), Seq(100)], true, offer(2), AT);
        table.asked(7, Seq(50_000_000), true, offer(3), AT);
        table.answered(7, [Seq(90_000_000), Seq(100)], true, offer(4), AT);
        let found = table.before(7, true, Seq(11), AT).expect("fresh");
        assert_eq!((found.stage, found.client), (Stage::Agreed, Seq(11)));
        table.greeted(7, true, Seq(11), TcpHeader(&[0; 20]), AT);
        assert_eq!(table.before(7, true, Seq(90_000_000), AT).expect("fresh").stage, Stage::Answered);
    }

    #[test]
    fn the_oldest_are_forgotten_first() {
        let mut table = Handshakes::new();
        let ask = |table: &mut Handshakes, keys: std::ops::Range<usize>| {
            keys.for_each(|key| table.asked(key as u64, Seq(10), true, offer(1), AT));
        };
        let stage = |table: &Handshakes, key: usize| table.find(key as u64, AT).map(|found| found.stage);
        ask(&mut table, 0..SLOTS);
        // What is noted late of a flow that began early is no older than that.
        table.ended(5, [Seq(20), Seq(30)], Stage::Ended, true, AT);
        ask(&mut table, SLOTS + 6..SLOTS + SLOTS / 2);
        let found = [0, 5, 7, SLOTS - 1, SLOTS + 7].map(|key| stage(&table, key));
        assert_eq!(found, [None, Some(Stage::Ended), None, Some(Stage::Asked), Some(Stage::Asked)]);
        assert_eq!(table.pages.len(), SLOTS / PAGE_SLOTS);
    }

    #[test]
    fn old_handshakes_and_other_flows_vouch_for_nothing() {
        let mut table = Handshakes::new();
        table.asked(7, Seq(10), true, offer(1), AT);
        assert!(table.find(7, AT.after(Duration::from_secs(90))).is_none());
        assert!(table.find(7 + SLOTS as u64, AT).is_none());
    }
}
