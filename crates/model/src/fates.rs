//! Fates of bytes: what became of every payload byte, counted where it happens. Never worked out by subtraction, so that
//! the balance says something.

use serde::{Deserialize, Serialize};

/// What became of payload bytes, at each of the borders that they pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ByteFates {
    /// Of segments, up to their place in a flow.
    pub payload: PayloadFates,
    /// Of flows, read as whatever they speak.
    pub sessions: SessionFates,
    /// Of what others carry: inside TLS, in sockets and tunnels of HTTP/2.
    pub inside: SessionFates,
}

/// Payload bytes of segments: `seen` is the sum of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PayloadFates {
    /// Payload bytes captured.
    pub seen: u64,
    /// Handed on in order.
    pub delivered: u64,
    /// In a place where bytes were known already.
    pub duplicate: u64,
    /// Refused as their receiver would: beyond its window, behind the end, on a reset.
    pub out_of_window: u64,
    /// Of no flow, and none began with them.
    pub no_flow: u64,
    /// Of flows that are not read any more.
    pub passed_by: u64,
    /// Taken out of the stream as urgent.
    pub urgent: u64,
    /// Waited for others, and were dropped.
    pub given_up: u64,
    /// Wait now.
    pub waiting: u64,
}

/// Bytes that a session was given: `delivered` is the sum of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionFates {
    /// Given in order.
    pub delivered: u64,
    /// Heads of messages and header blocks, those that turn out wrong included.
    pub heads: u64,
    /// Bodies, and payloads of sockets.
    pub bodies: u64,
    /// What stands around them: sizes of chunks, trailers, heads of frames, padding, words of SOCKS.
    pub framing: u64,
    /// Records of TLS that were read; what they carry counts as `inside`.
    pub records: u64,
    /// Skipped in search of the next message, frame or record.
    pub skipped: u64,
    /// Not read: no protocol of ours, no keys, broken, behind an end.
    pub opaque: u64,
    /// Begun, and the rest never came.
    pub unfinished: u64,
    /// Wait for the rest, or for keys, now.
    pub waiting: u64,
}

impl ByteFates {
    /// Whether every byte has exactly one fate, at each border.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.payload.sum() == self.payload.seen
            && self.sessions.delivered == self.payload.delivered
            && self.sessions.sum() == self.sessions.delivered
            && self.inside.sum() == self.inside.delivered
    }

    /// Adds the counts of others.
    pub fn merge(&mut self, other: &Self) {
        self.payload.merge(&other.payload);
        self.sessions.merge(&other.sessions);
        self.inside.merge(&other.inside);
    }
}

impl PayloadFates {
    /// Bytes with a fate.
    #[must_use]
    pub fn sum(&self) -> u64 {
        let Self {
            seen: _,
            delivered,
            duplicate,
            out_of_window,
            no_flow,
            passed_by,
            urgent,
            given_up,
            waiting,
        } = *self;
        delivered + duplicate + out_of_window + no_flow + passed_by + urgent + given_up + waiting
    }

    fn merge(&mut self, other: &Self) {
        self.seen += other.seen;
        self.delivered += other.delivered;
        self.duplicate += other.duplicate;
        self.out_of_window += other.out_of_window;
        self.no_flow += other.no_flow;
        self.passed_by += other.passed_by;
        self.urgent += other.urgent;
        self.given_up += other.given_up;
        self.waiting += other.waiting;
    }
}

impl SessionFates {
    /// Bytes with a fate.
    #[must_use]
    pub fn sum(&self) -> u64 {
        let Self { delivered: _, heads, bodies, framing, records, skipped, opaque, unfinished, waiting } =
            *self;
        heads + bodies + framing + records + skipped + opaque + unfinished + waiting
    }

    fn merge(&mut self, other: &Self) {
        self.delivered += other.delivered;
        self.heads += other.heads;
        self.bodies += other.bodies;
        self.framing += other.framing;
        self.records += other.records;
        self.skipped += other.skipped;
        self.opaque += other.opaque;
        self.unfinished += other.unfinished;
        self.waiting += other.waiting;
    }
}
