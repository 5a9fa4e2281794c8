//! GRE (RFC 2784, 2890, 1701, 2637) and what is built on it: NVGRE, ERSPAN I to III, PPTP. Headers in, the next one out.

use model::Loss;

use super::{Kind, Next, Walk, ethernet::BRIDGED};

const CHECKSUM: u16 = 0x8000;
const ROUTING: u16 = 0x4000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
/// Only in version 1.
const ACKNOWLEDGEMENT: u16 = 0x0080;
const VERSION: u16 = 0x0007;
/// ERSPAN without header (I) and with 8 bytes (II).
const ERSPAN: u16 = 0x88be;
/// ERSPAN with 12 bytes and perhaps 8 more (III).
const ERSPAN_3: u16 = 0x22eb;
const PPP: u16 = 0x880b;
const WCCP: u16 = 0x883e;
/// Source route entries of one header.
const ROUTES_MAX: usize = 16;

impl<'a> Walk<'a, '_> {
    pub(super) fn gre(&mut self) -> Result<Next<'a>, Loss> {
        self.deeper()?;
        let (flags, protocol) = (self.be16(0)?, self.be16(2)?);
        self.skip(4)?;
        match flags & VERSION {
            0 => self.plain_gre(flags, protocol),
            1 if protocol == PPP && flags & KEY != 0 => {
                // The key is a length and a call id, which differs by direction.
                let more = [SEQUENCE, ACKNOWLEDGEMENT].iter().filter(|flag| flags & **flag != 0).count();
                self.skip(4 + 4 * more)?;
                // An acknowledgement alone carries nothing.
                if self.rest.is_empty() || flags & SEQUENCE == 0 { Err(Loss::NotIp) } else { Ok(Next::Ppp) }
            }
            _ => Err(Loss::NotIp),
        }
    }

    fn plain_gre(&mut self, flags: u16, protocol: u16) -> Result<Next<'a>, Loss> {
        if flags & (CHECKSUM | ROUTING) != 0 {
            self.skip(4)?;
        }
        if flags & KEY != 0 {
            let key = self.be32(0)?;
            // In NVGRE (RFC 7637) the last byte is a flow's entropy.
            let is_nvgre = protocol == BRIDGED && flags & (CHECKSUM | SEQUENCE) == 0;
            self.enter(Kind::Gre, if is_nvgre { key & !0xff } else { key });
            self.skip(4)?;
        }
        if flags & SEQUENCE != 0 {
            self.skip(4)?;
        }
        if flags & ROUTING != 0 {
            self.source_routes()?;
        }
        match protocol {
            ERSPAN if flags & SEQUENCE == 0 => Ok(Next::Ethernet),
            ERSPAN => self.skip(8).map(|()| Next::Ethernet),
            ERSPAN_3 => self.erspan_3(),
            BRIDGED => Ok(Next::Ethernet),
            PPP => Ok(Next::Ppp),
            WCCP => {
                // Its second version puts four bytes before the datagram.
                if !matches!(self.byte(0)? >> 4, 4) {
                    self.skip(4)?;
                }
                Ok(Next::Ip)
            }
            // Aruba's access points.
            0x8200..=0x8210 | 0x9000..=0x9021 => Ok(Next::Wifi(false)),
            _ => Ok(Next::Type(protocol)),
        }
    }

    fn source_routes(&mut self) -> Result<(), Loss> {
        for _ in 0..ROUTES_MAX {
            let (family, length) = (self.be16(0)?, usize::from(self.byte(3)?));
            self.skip(4 + length)?;
            if family == 0 && length == 0 {
                return Ok(());
            }
        }
        Err(Loss::TooDeep)
    }

    fn erspan_3(&mut self) -> Result<Next<'a>, Loss> {
        let last = self.be16(10)?;
        self.skip(12)?;
        if last & 1 == 1 {
            self.skip(8)?;
        }
        // The frame's type: 0 Ethernet, 2 IP.
        match (last >> 10) & 0x1f {
            2 => Ok(Next::Ip),
            _ => Ok(Next::Ethernet),
        }
    }
}
