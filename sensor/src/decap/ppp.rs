//! PPP and PPP over Ethernet: frames in, IP or MPLS out. Compressed and encrypted contents are no IP.

use model::Loss;

use super::{Kind, Next, Walk};

impl<'a> Walk<'a, '_> {
    /// A PPP frame with or without its address and control bytes, its protocol in one or two bytes (RFC 1661).
    pub(super) fn ppp(&mut self) -> Result<Next<'a>, Loss> {
        if self.rest.starts_with(&[0xff, 3]) {
            self.skip(2)?;
        }
        let first = self.byte(0)?;
        let protocol = if first & 1 == 1 {
            self.skip(1)?;
            u16::from(first)
        } else {
            let protocol = self.be16(0)?;
            self.skip(2)?;
            protocol
        };
        match protocol {
            0x0021 | 0x0057 => Ok(Next::Ip),
            0x0281 | 0x0283 => Ok(Next::Mpls),
            _ => Err(Loss::NotIp),
        }
    }

    /// A PPPoE session frame (RFC 2516).
    pub(super) fn pppoe(&mut self) -> Result<Next<'a>, Loss> {
        self.deeper()?;
        let (version, session) = (self.be16(0)?, self.be16(2)?);
        if version != 0x1100 {
            return Err(Loss::NotIp);
        }
        self.skip(6)?;
        self.enter(Kind::Pppoe, u32::from(session));
        Ok(Next::Ppp)
    }
}
