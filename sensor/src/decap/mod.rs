//! Frames in; TCP segments, IP fragments or the name of what was missed out. Reads through link layers, tags and tunnels
//! down to a fixed depth. Never allocates, never looks at a TCP payload.

mod config;
mod ethernet;
mod gre;
mod ip;
mod link;
mod mpls;
mod plain;
mod ppp;
mod udp;
mod wifi;

pub use config::{DecapConfig, TunnelPorts};
pub(crate) use ip::Ends;
use model::{Ambiguity, Loss};
pub(crate) use plain::plain;

use crate::{fragments::Part, frame::Frame, segment::Segment};

/// Tags and tunnels read through, one inside the other; one more makes the frame `too_deep`.
pub(crate) const LAYERS_MAX: u8 = 8;

/// What a frame holds.
#[derive(Debug)]
pub(crate) enum Found<'a> {
    /// A TCP segment.
    Segment(Segment<'a>),
    /// A fragment of a datagram that may hold one.
    Fragment(Part<'a>),
}

/// What comes next in a frame.
enum Next<'a> {
    /// An Ethernet header.
    Ethernet,
    /// What this EtherType says.
    Type(u16),
    /// IPv4 or IPv6, as its first nibble says.
    Ip,
    /// What this IP protocol number says, between two hosts.
    Protocol(u8, Ends),
    /// A GRE header.
    Gre,
    /// A stack of MPLS labels.
    Mpls,
    /// A PPP frame.
    Ppp,
    /// A network service header (RFC 8300).
    Nsh,
    /// A link-layer control header (IEEE 802.2).
    Llc,
    /// An IEEE 802.11 header; whether its length is padded to four bytes.
    Wifi(bool),
    /// Nothing: it is found.
    Done(Found<'a>),
}

/// A frame on the way down.
struct Walk<'a, 'c> {
    config: &'c DecapConfig,
    rest: &'a [u8],
    /// Whether the snap length cut the frame.
    cut: bool,
    layers: u8,
    /// Mixed from the ids of the tunnels so far; 0 when they are not told apart.
    tunnel: u64,
    ambiguous: Option<Ambiguity>,
}

/// Decodes a frame. Checksums are not looked at: mirrors carry offloaded frames whose sums are unset.
pub(crate) fn decode<'a>(frame: &Frame<'a>, config: &DecapConfig) -> Result<Found<'a>, Loss> {
    let cut = frame.wire_len as usize > frame.bytes.len();
    let mut walk = Walk { config, rest: frame.bytes, cut, layers: 0, tunnel: 0, ambiguous: None };
    let found = match walk.link(frame.link) {
        Ok(first) => walk.down(first),
        Err(loss) => Err(loss),
    };
    found.map_err(|loss| if cut && loss == Loss::Malformed { Loss::Truncated } else { loss })
}

/// A datagram that was joined from fragments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whole<'a> {
    pub(crate) ends: Ends,
    pub(crate) protocol: u8,
    pub(crate) bytes: &'a [u8],
    pub(crate) layers: u8,
    pub(crate) tunnel: u64,
    pub(crate) ambiguous: Option<Ambiguity>,
}

/// Goes on with a joined datagram where its fragments ended.
pub(crate) fn resume<'a>(whole: &Whole<'a>, config: &DecapConfig) -> Result<Found<'a>, Loss> {
    let Whole { ends, protocol, bytes, layers, tunnel, ambiguous } = *whole;
    let mut walk = Walk { config, rest: bytes, cut: false, layers, tunnel, ambiguous };
    walk.deeper()?;
    walk.down(Next::Protocol(protocol, Ends { announced: Some(bytes.len()), ..ends }))
}

impl<'a> Walk<'a, '_> {
    fn down(&mut self, mut next: Next<'a>) -> Result<Found<'a>, Loss> {
        loop {
            next = match next {
                Next::Ethernet => self.ethernet()?,
                Next::Type(number) => self.ether_type(number)?,
                Next::Ip => self.ip()?,
                Next::Protocol(number, ends) => self.protocol(number, ends)?,
                Next::Gre => self.gre()?,
                Next::Mpls => self.mpls()?,
                Next::Ppp => self.ppp()?,
                Next::Nsh => self.nsh()?,
                Next::Llc => self.llc()?,
                Next::Wifi(padded) => self.wifi(padded)?,
                Next::Done(found) => return Ok(found),
            }
        }
    }

    /// Counts a tag or tunnel.
    fn deeper(&mut self) -> Result<(), Loss> {
        if self.layers >= LAYERS_MAX {
            return Err(Loss::TooDeep);
        }
        self.layers += 1;
        Ok(())
    }

    fn skip(&mut self, length: usize) -> Result<(), Loss> {
        self.rest = self.rest.get(length..).ok_or(Loss::Malformed)?;
        Ok(())
    }

    fn byte(&self, at: usize) -> Result<u8, Loss> {
        self.rest.get(at).copied().ok_or(Loss::Malformed)
    }

    fn be16(&self, at: usize) -> Result<u16, Loss> {
        let pair = self.rest.get(at..).and_then(|rest| rest.first_chunk::<2>()).ok_or(Loss::Malformed)?;
        Ok(u16::from_be_bytes(*pair))
    }

    fn be32(&self, at: usize) -> Result<u32, Loss> {
        let four = self.rest.get(at..).and_then(|rest| rest.first_chunk::<4>()).ok_or(Loss::Malformed)?;
        Ok(u32::from_be_bytes(*four))
    }

    /// Notes the id of a tunnel that tells its flows from those of others.
    fn enter(&mut self, kind: Kind, id: u32) {
        let wanted = match kind {
            Kind::Vlan => self.config.separate_vlans,
            Kind::Vxlan | Kind::Geneve | Kind::Gre | Kind::Pppoe | Kind::Gtp => self.config.separate_tunnels,
        };
        if wanted {
            let id = (kind as u64) << 32 | u64::from(id);
            // An odd factor keeps different ids different; the turn makes their order matter.
            self.tunnel = (self.tunnel.rotate_left(29) ^ id).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }
}

/// What a tunnel id belongs to.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Vlan = 1,
    Vxlan = 2,
    Geneve = 3,
    Gre = 4,
    Pppoe = 5,
    Gtp = 6,
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::wrap;
