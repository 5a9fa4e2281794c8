//! Link layers: a frame's link type in, its first header out. Unknown ones count as `unsupported_link`.

use model::Loss;

use super::{Next, Walk};
use crate::frame::LinkType;

/// Type of the packet itself among the attributes of an NFLOG frame.
const NFLOG_PAYLOAD: u16 = 9;
/// ARPHRD_IPGRE: the protocol field of a cooked frame is the one of GRE.
const COOKED_GRE: u16 = 778;
/// Protocol numbers below this are no EtherTypes.
const ETHER_TYPE_MIN: u16 = 0x0600;
/// ETH_P_802_2: an LLC header follows.
const COOKED_LLC: u16 = 4;

impl<'a> Walk<'a, '_> {
    /// The first header of a frame of this link type.
    pub(super) fn link(&mut self, link: LinkType) -> Result<Next<'a>, Loss> {
        match link {
            LinkType::Ethernet => Ok(Next::Ethernet),
            LinkType::Loopback => self.skip(4).map(|()| Next::Ip),
            LinkType::Raw => Ok(Next::Ip),
            LinkType::LinuxCooked => self.cooked(14, 2, 16),
            LinkType::LinuxCooked2 => self.cooked(0, 8, 20),
            LinkType::Ppp => Ok(Next::Ppp),
            LinkType::PppDirection => self.skip(1).map(|()| Next::Ppp),
            LinkType::PppoeSession => self.pppoe(),
            LinkType::CiscoHdlc => {
                let number = self.be16(2)?;
                self.skip(4)?;
                Ok(Next::Type(number))
            }
            LinkType::Mpls => Ok(Next::Mpls),
            LinkType::Nflog => self.nflog(),
            LinkType::Wifi => Ok(Next::Wifi(false)),
            LinkType::Radiotap => self.radiotap(),
            LinkType::Other(_) => Err(Loss::UnsupportedLink),
        }
    }

    fn cooked(&mut self, type_at: usize, kind_at: usize, length: usize) -> Result<Next<'a>, Loss> {
        let (number, kind) = (self.be16(type_at)?, self.be16(kind_at)?);
        self.skip(length)?;
        match number {
            COOKED_LLC if kind != COOKED_GRE => Ok(Next::Llc),
            0..ETHER_TYPE_MIN => Err(Loss::NotIp),
            _ => Ok(Next::Type(number)),
        }
    }

    /// NFLOG: attributes in the byte order of the machine that captured, which libpcap turns into ours.
    fn nflog(&mut self) -> Result<Next<'a>, Loss> {
        self.skip(4)?;
        loop {
            let head = self.rest.first_chunk::<4>().ok_or(Loss::Malformed)?;
            let [length, kind] =
                [u16::from_ne_bytes([head[0], head[1]]), u16::from_ne_bytes([head[2], head[3]])];
            let length = usize::from(length);
            if length < 4 {
                return Err(Loss::Malformed);
            }
            if kind == NFLOG_PAYLOAD {
                // Its length is not looked at: the datagram inside has its own.
                self.skip(4)?;
                return Ok(Next::Ip);
            }
            self.skip(length.next_multiple_of(4))?;
        }
    }
}
