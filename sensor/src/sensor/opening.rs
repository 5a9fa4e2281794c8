//! How flows open: handshakes and first payloads in, flows out. A SYN alone never makes one.

use model::{ApiCall, Loss};

use super::{
    Sensor, early,
    intake::{asks, guess_client},
};
use crate::{
    flow::Flow,
    handshakes::Stage,
    segment::Segment,
    seq::Seq,
    stream::{Close, FlowFacts},
    table::FlowKey,
};

impl Sensor {
    /// Takes a SYN or the answer to one: bytes on a SYN count once the answer has taken them. The flow it belongs to.
    pub(super) fn greet(
        &mut self,
        (key, hash, source_is_low): (FlowKey, u64, bool),
        segment: &Segment<'_>,
        known: Option<u32>,
        calls: &mut Vec<ApiCall>,
    ) -> Option<u32> {
        let early = segment.ack.and_then(|ack| self.early.take(hash, ack));
        let Some((first, bytes)) = early else {
            return self.handshake(hash, source_is_low, segment, None, known, calls);
        };
        let known = self.handshake(hash, source_is_low, segment, Some(first), known, calls);
        if known.is_none() {
            let taken = early::segment(segment, first, &bytes);
            self.segment(key, hash, !source_is_low, &taken, calls);
            return self.flows.find(key, hash);
        }
        self.desk.ledger.payload.duplicate += bytes.len() as u64;
        known
    }

    /// Remembers a SYN; one that opens a new connection ends the flow that had its ports.
    fn handshake(
        &mut self,
        hash: u64,
        source_is_low: bool,
        segment: &Segment<'_>,
        first: Option<Seq>,
        known: Option<u32>,
        calls: &mut Vec<ApiCall>,
    ) -> Option<u32> {
        let early_bytes = segment.payload.len() as u64;
        if segment.rst || segment.fin {
            self.desk.ledger.payload.no_flow += early_bytes;
            return known;
        }
        let (client, server) = match segment.ack {
            Some(ack) => (first.unwrap_or(ack), Some(segment.seq.plus(1))),
            None => (segment.seq.plus(1), None),
        };
        let flow = known.and_then(|slot| self.flows.at(slot));
        if flow.is_some_and(|flow| flow.late_handshake(client, server)) {
            self.desk.ledger.payload.duplicate += early_bytes;
            return known;
        }
        let Some(server) = server else {
            self.desk.ledger.payload.no_flow += self.early.keep(hash, segment);
            self.handshakes.asked(hash, segment.seq, source_is_low, segment.header.offered(), self.now);
            return known;
        };
        self.desk.ledger.payload.no_flow += early_bytes;
        let offered = segment.header.offered();
        let stage = self.handshakes.answered(hash, [client, server], !source_is_low, offered, self.now);
        if stage == Stage::Agreed
            && let Some(slot) = known
        {
            let agreed = self.handshakes.find(hash, self.now);
            self.end(slot, Close::End, calls);
            // The farewell of the old flow must not hide the new one's handshake.
            agreed.into_iter().for_each(|agreed| self.handshakes.keep(agreed));
            return None;
        }
        known
    }

    /// A flow is born with its first payload.
    pub(super) fn open(
        &mut self,
        key: FlowKey,
        hash: u64,
        source_is_low: bool,
        segment: &Segment<'_>,
        calls: &mut Vec<ApiCall>,
    ) -> Option<u32> {
        let shake = self.handshakes.before(hash, source_is_low, segment.seq, self.now);
        if shake.is_some_and(|shake| shake.is_straggler(source_is_low, segment.seq)) {
            self.desk.losses.count(segment.again());
            self.desk.ledger.payload.duplicate += segment.payload.len() as u64;
            return None;
        }
        // Who took the SYN can be who asks: both sides may send one, and some answer it in two steps (RFC 9293, section 3.5).
        let is_turned =
            shake.is_some_and(|shake| shake.client_is_low != source_is_low && asks(segment.payload));
        let shake = shake.filter(|shake| !shake.stage.is_over() && !is_turned);
        let client_is_low = match shake {
            Some(shake) => shake.client_is_low,
            None => guess_client(segment, source_is_low, &key),
        };
        if shake.is_none() {
            self.desk.losses.count(Loss::Midstream);
        }
        let (client, server) = if client_is_low { (key.low, key.high) } else { (key.high, key.low) };
        let from_client = segment.source == client;
        let starts = match shake {
            Some(shake) if matches!(shake.stage, Stage::Asked | Stage::Disputed) => {
                [Some(shake.client), None]
            }
            Some(shake) => [Some(shake.client), Some(shake.server)],
            None if from_client => [Some(segment.seq), segment.ack],
            None => [segment.ack, Some(segment.seq)],
        };
        let stage = shake.map_or(Stage::Empty, |shake| shake.stage);
        // With the first byte's number: a clock may stand still between two flows of the same ends.
        let born =
            [&key.bytes()[..], &self.now.as_nanos().to_be_bytes(), &segment.seq.0.to_be_bytes()].concat();
        let facts = FlowFacts {
            client,
            server,
            number: self.names.short(b"call", &born),
            handshake: shake.is_some_and(|shake| shake.stage == Stage::Agreed),
            one_sided_unknown: true,
        };
        while self.flows.len() >= self.config.flows_max {
            let Some(oldest) = self.flows.least_useful() else {
                self.desk.ledger.payload.no_flow += segment.payload.len() as u64;
                return None;
            };
            self.desk.losses.count(Loss::FlowTableFull);
            self.end(oldest, Close::Evicted, calls);
        }
        let mut flow = Box::new(Flow::new(key, hash, facts, starts, stage));
        flow.set_policies(&self.config.tcp);
        if let Some(shake) = shake.filter(|shake| shake.stage == Stage::Agreed) {
            flow.agree(&shake.terms);
        }
        Some(self.flows.insert(flow))
    }
}
