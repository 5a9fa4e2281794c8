//! Handshakes and farewells, remembered without a flow: SYNs and ends in, initial numbers out. A fixed table that
//! overwrites, so that ten million half-open flows cost what one costs. Never grows.

use model::Timestamp;

use crate::seq::Seq;

/// Slots; 32 bytes each, touched only when used.
const SLOTS: usize = 1 << 20;
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
    /// The flow is over.
    Ended,
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

/// The table.
pub(crate) struct Handshakes {
    slots: Vec<Handshake>,
}

impl Handshakes {
    pub(crate) fn new() -> Self {
        Self { slots: vec![Handshake::default(); SLOTS] }
    }

    fn slot(&mut self, key: u64) -> &mut Handshake {
        let at = usize::try_from(key & (SLOTS as u64 - 1)).unwrap_or(0);
        &mut self.slots[at]
    }

    /// What is remembered of the flow with this key.
    pub(crate) fn find(&mut self, key: u64, now: Timestamp) -> Option<Handshake> {
        let now_s = seconds(now);
        let slot = *self.slot(key);
        let keep_s = if slot.stage == Stage::Ended { ENDED_S } else { OPEN_S };
        let fresh = now_s.saturating_sub(slot.at_s) <= keep_s;
        (slot.key == key && slot.stage != Stage::Empty && fresh).then_some(slot)
    }

    /// A SYN without ACK.
    pub(crate) fn asked(&mut self, key: u64, isn: Seq, client_is_low: bool, now: Timestamp) {
        let client = isn.plus(1);
        *self.slot(key) =
            Handshake { key, at_s: seconds(now), client, server: Seq(0), stage: Stage::Asked, client_is_low };
    }

    /// A SYN with ACK.
    pub(crate) fn answered(&mut self, key: u64, isn: Seq, ack: Seq, client_is_low: bool, now: Timestamp) {
        let known = self.find(key, now);
        let asked = known.is_some_and(|known| {
            matches!(known.stage, Stage::Asked | Stage::Agreed)
                && known.client == ack
                && known.client_is_low == client_is_low
        });
        let stage = if asked { Stage::Agreed } else { Stage::Answered };
        let server = isn.plus(1);
        *self.slot(key) = Handshake { key, at_s: seconds(now), client: ack, server, stage, client_is_low };
    }

    /// The flow is over; its ends are at these numbers.
    pub(crate) fn ended(&mut self, key: u64, client: Seq, server: Seq, client_is_low: bool, now: Timestamp) {
        *self.slot(key) =
            Handshake { key, at_s: seconds(now), client, server, stage: Stage::Ended, client_is_low };
    }
}

fn seconds(at: Timestamp) -> u32 {
    u32::try_from(at.as_secs()).unwrap_or(u32::MAX)
}
