//! Taps: what reassembly hands on, kept for tests that compare it with what a real receiver reads. Never part of the
//! product.

use std::{collections::BTreeMap, net::SocketAddr};

use model::Ambiguities;

use crate::stream::{Direction, FlowFacts, Piece};

/// What was handed on of one flow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Bytes of client and server, up to the first gap of each.
    pub bytes: [Vec<u8>; 2],
    /// How many of them the other side has acknowledged.
    pub acknowledged: [u64; 2],
    /// Whether a gap was handed on in any direction.
    pub gap: bool,
    /// What of the flow was marked as ambiguous.
    pub ambiguities: Ambiguities,
    /// Whether client and server said that they send nothing more, and it was believed.
    pub ended: [bool; 2],
    gone: [bool; 2],
    /// The flow's number: another flow of the same client is not heard.
    flow: Option<u64>,
}

/// What was heard of the first flow of each client.
#[derive(Debug, Default)]
pub struct Tap(BTreeMap<SocketAddr, Heard>);

impl Tap {
    pub(crate) fn piece(&mut self, facts: &FlowFacts, direction: Direction, piece: Piece<'_>) {
        let Some(heard) = self.of(facts) else { return };
        let side = direction as usize;
        match piece {
            Piece::Gap(_) => (heard.gap, heard.gone[side]) = (true, true),
            Piece::Bytes(_) if heard.gone[side] => {}
            Piece::Bytes(bytes) => heard.bytes[side].extend_from_slice(bytes),
        }
    }

    pub(crate) fn state(
        &mut self,
        facts: &FlowFacts,
        found: Ambiguities,
        acknowledged: [u64; 2],
        ended: [bool; 2],
    ) {
        let Some(heard) = self.of(facts) else { return };
        heard.ambiguities.merge(found);
        (heard.acknowledged, heard.ended) = (acknowledged, ended);
    }

    fn of(&mut self, facts: &FlowFacts) -> Option<&mut Heard> {
        let heard = self.0.entry(facts.client).or_default();
        (*heard.flow.get_or_insert(facts.number) == facts.number).then_some(heard)
    }

    /// Takes what was heard of a client since it was last asked for.
    pub fn take(&mut self, client: SocketAddr) -> Heard {
        self.0.remove(&client).unwrap_or_default()
    }
}
