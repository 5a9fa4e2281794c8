//! Bytes on a SYN: kept until the answer tells whether the server took them (TCP Fast Open, RFC 7413). Never more of them
//! than told, however many SYNs carry some.

use std::collections::VecDeque;

use crate::{header::TcpHeader, segment::Segment, seq::Seq};

/// SYNs whose bytes are kept; one more and the oldest are forgotten.
const EARLY_MAX: usize = 256;
/// Bytes kept of a SYN; what carries more is left to the retransmission that follows when nobody takes it.
const EARLY_BYTES_MAX: usize = 1_500;

/// Bytes of the newest SYNs that carried some.
#[derive(Default)]
pub(super) struct Early(VecDeque<Syn>);

struct Syn {
    flow: u64,
    /// Number of its first byte.
    first: Seq,
    bytes: Vec<u8>,
}

impl Early {
    /// Keeps the bytes of a SYN; how many were dropped, these or older ones.
    pub(super) fn keep(&mut self, flow: u64, segment: &Segment<'_>) -> u64 {
        if segment.payload.is_empty() || segment.len() > EARLY_BYTES_MAX || segment.cut > 0 {
            return segment.payload.len() as u64;
        }
        let oldest = if self.0.len() >= EARLY_MAX { self.0.pop_front() } else { None };
        self.0.push_back(Syn { flow, first: segment.seq.plus(1), bytes: segment.payload.to_vec() });
        oldest.map_or(0, |syn| syn.bytes.len() as u64)
    }

    /// Bytes kept now.
    pub(super) fn bytes(&self) -> u64 {
        self.0.iter().map(|syn| syn.bytes.len() as u64).sum()
    }

    /// Takes the bytes that this answer acknowledges, with the number of the first.
    pub(super) fn take(&mut self, flow: u64, ack: Seq) -> Option<(Seq, Vec<u8>)> {
        let taken = |syn: &Syn| syn.flow == flow && syn.first.plus(syn.bytes.len()) == ack;
        let place = self.0.iter().position(taken)?;
        self.0.remove(place).map(|syn| (syn.first, syn.bytes))
    }
}

/// The bytes of a SYN as a segment of their own, told by the answer that takes them.
pub(super) fn segment<'a>(answer: &Segment<'a>, first: Seq, bytes: &'a [u8]) -> Segment<'a> {
    Segment {
        source: answer.destination,
        destination: answer.source,
        seq: first,
        ack: Some(answer.seq.plus(1)),
        syn: false,
        fin: false,
        rst: false,
        urgent: false,
        payload: bytes,
        cut: 0,
        header: TcpHeader::default(),
        ..*answer
    }
}
