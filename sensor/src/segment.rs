//! TCP headers in, segments out. Never allocates, never looks at payload.

use std::net::SocketAddr;

use etherparse::TcpHeaderSlice;
use model::{Ambiguity, Loss};

use crate::{decap::Ends, header::TcpHeader, seq::Seq};

/// A TCP segment, borrowed from its frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    pub(crate) source: SocketAddr,
    pub(crate) destination: SocketAddr,
    /// Of the tunnels around it; 0 when they are not told apart.
    pub(crate) tunnel: u64,
    pub(crate) seq: Seq,
    /// The acknowledged number, when the flag is set.
    pub(crate) ack: Option<Seq>,
    pub(crate) syn: bool,
    pub(crate) fin: bool,
    pub(crate) rst: bool,
    pub(crate) urgent: bool,
    pub(crate) payload: &'a [u8],
    /// Payload bytes that the snap length cut off.
    pub(crate) cut: usize,
    /// The TCP header with its options.
    pub(crate) header: TcpHeader<'a>,
    /// Identification of its IPv4 datagram, else 0.
    pub(crate) ip_id: u32,
    /// Why other receivers may read other bytes, if its fragments say so.
    pub(crate) ambiguous: Option<Ambiguity>,
    /// Whether it is the copy of a frame that was seen a moment ago, as two mirror points make it.
    pub(crate) repeated: bool,
}

impl Segment<'_> {
    /// Payload bytes on the wire.
    pub(crate) fn len(&self) -> usize {
        self.payload.len() + self.cut
    }

    /// The name under which it counts when it has nothing new.
    pub(crate) fn again(&self) -> Loss {
        if self.repeated { Loss::DuplicateFrame } else { Loss::Duplicate }
    }
}

/// Reads a segment between two hosts. `cut`: whether the snap length cut the frame.
pub(crate) fn read<'a>(bytes: &'a [u8], ends: &Ends, cut: bool) -> Result<Segment<'a>, Loss> {
    let within = ends.announced.map_or(bytes, |announced| bytes.get(..announced).unwrap_or(bytes));
    let missing = ends.announced.map_or(0, |announced| announced.saturating_sub(bytes.len()));
    if missing > 0 && !cut {
        return Err(Loss::Malformed);
    }
    let header = TcpHeaderSlice::from_slice(within).map_err(|_| Loss::Malformed)?;
    Ok(Segment {
        source: SocketAddr::new(ends.source, header.source_port()),
        destination: SocketAddr::new(ends.destination, header.destination_port()),
        tunnel: 0,
        seq: Seq(header.sequence_number()),
        ack: header.ack().then(|| Seq(header.acknowledgment_number())),
        syn: header.syn(),
        fin: header.fin(),
        rst: header.rst(),
        urgent: header.urg(),
        payload: within.get(header.slice().len()..).unwrap_or_default(),
        cut: missing,
        header: TcpHeader(within.get(..header.slice().len()).unwrap_or_default()),
        ip_id: ends.id,
        ambiguous: None,
        repeated: false,
    })
}
