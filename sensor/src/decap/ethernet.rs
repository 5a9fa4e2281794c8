//! Ethernet and what its types lead to: VLAN tags, LLC, network service headers. Reads headers, keeps nothing.

use model::Loss;

use super::{Kind, Next, Walk};

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
/// Transparent Ethernet bridging: an Ethernet header follows.
pub(super) const BRIDGED: u16 = 0x6558;
/// Smaller numbers are lengths of an IEEE 802.3 frame.
const TYPE_MIN: u16 = 0x0600;

/// Whether an Ethernet header stands here, as far as its type can tell.
pub(super) fn looks_like_ethernet(bytes: &[u8]) -> bool {
    let number =
        bytes.get(12..).and_then(|rest| rest.first_chunk::<2>()).map(|pair| u16::from_be_bytes(*pair));
    matches!(number, Some(IPV4 | IPV6 | 0x8100 | 0x88a8 | 0x9100 | 0x8847 | 0x8848 | 0x8864 | 0x0806))
}

impl<'a> Walk<'a, '_> {
    pub(super) fn ethernet(&mut self) -> Result<Next<'a>, Loss> {
        let number = self.be16(12)?;
        self.skip(14)?;
        if number < TYPE_MIN {
            return Ok(Next::Llc);
        }
        Ok(Next::Type(number))
    }

    /// What follows a header with this EtherType; also a GRE protocol type or a Geneve one.
    pub(super) fn ether_type(&mut self, number: u16) -> Result<Next<'a>, Loss> {
        match number {
            IPV4 | IPV6 => Ok(Next::Ip),
            0x8100 | 0x88a8 | 0x9100 | 0x9200 | 0x9300 => self.vlan(),
            0x8847 | 0x8848 => Ok(Next::Mpls),
            0x8864 => self.pppoe(),
            0x894f => Ok(Next::Nsh),
            BRIDGED => self.deeper().map(|()| Next::Ethernet),
            _ => Err(Loss::NotIp),
        }
    }

    fn vlan(&mut self) -> Result<Next<'a>, Loss> {
        self.deeper()?;
        let (tag, number) = (self.be16(0)?, self.be16(2)?);
        self.skip(4)?;
        self.enter(Kind::Vlan, u32::from(tag & 0x0fff));
        Ok(if number < TYPE_MIN { Next::Llc } else { Next::Type(number) })
    }

    /// IEEE 802.2 with the extension that carries EtherTypes (SNAP); other contents are no IP.
    pub(super) fn llc(&mut self) -> Result<Next<'a>, Loss> {
        let head = self.rest.first_chunk::<8>().ok_or(Loss::NotIp)?;
        match head {
            [0xaa, 0xaa, 3, 0, 0, 0 | 0xf8, high, low] => {
                self.skip(8)?;
                Ok(Next::Type(u16::from_be_bytes([*high, *low])))
            }
            _ => Err(Loss::NotIp),
        }
    }

    /// Network service header: its path, then what its last field says.
    pub(super) fn nsh(&mut self) -> Result<Next<'a>, Loss> {
        self.deeper()?;
        let length = usize::from(self.byte(1)? & 0x3f) * 4;
        let inner = self.byte(3)?;
        if length < 8 {
            return Err(Loss::Malformed);
        }
        self.skip(length)?;
        next_protocol(inner)
    }
}

/// The next-protocol numbers that NSH and VXLAN-GPE share.
pub(super) fn next_protocol<'a>(number: u8) -> Result<Next<'a>, Loss> {
    match number {
        1 | 2 => Ok(Next::Ip),
        3 => Ok(Next::Ethernet),
        4 => Ok(Next::Nsh),
        5 => Ok(Next::Mpls),
        _ => Err(Loss::NotIp),
    }
}
