//! Tunnels over UDP: VXLAN, VXLAN-GPE, Geneve, GRE, MPLS, TZSP, GTP-U. Told by destination port; other datagrams are `not_tcp`.

use model::Loss;

use super::{
    Kind, Next, Walk,
    ethernet::{BRIDGED, next_protocol},
};

const HEADER: usize = 8;
/// Tagged fields of a TZSP header.
const TAGS_MAX: usize = 64;
/// Extension headers of a GTP-U packet.
const EXTENSIONS_MAX: usize = 8;

impl<'a> Walk<'a, '_> {
    pub(super) fn udp(&mut self) -> Result<Next<'a>, Loss> {
        let port = self.be16(2)?;
        let ports = &self.config.ports;
        let into = if ports.vxlan.contains(&port) {
            Self::vxlan
        } else if ports.geneve.contains(&port) {
            Self::geneve
        } else if ports.vxlan_gpe.contains(&port) {
            Self::vxlan_gpe
        } else if ports.gre.contains(&port) {
            |_: &mut Self| Ok(Next::Gre)
        } else if ports.mpls.contains(&port) {
            |_: &mut Self| Ok(Next::Mpls)
        } else if ports.tzsp.contains(&port) {
            Self::tzsp
        } else if ports.gtp.contains(&port) {
            Self::gtp
        } else {
            return Err(Loss::NotTcp);
        };
        self.skip(HEADER)?;
        into(self)
    }

    fn vxlan(&mut self) -> Result<Next<'a>, Loss> {
        let (flags, network) = (self.be32(0)?, self.be32(4)? >> 8);
        if flags & 0x0800_0000 == 0 {
            return Err(Loss::NotTcp);
        }
        self.deeper()?;
        self.enter(Kind::Vxlan, network);
        self.skip(8)?;
        Ok(Next::Ethernet)
    }

    fn vxlan_gpe(&mut self) -> Result<Next<'a>, Loss> {
        let (flags, network) = (self.be32(0)?, self.be32(4)? >> 8);
        if flags & 0x3000_0000 != 0 {
            return Err(Loss::NotTcp);
        }
        self.deeper()?;
        if flags & 0x0800_0000 != 0 {
            self.enter(Kind::Vxlan, network);
        }
        self.skip(8)?;
        if flags & 0x0400_0000 == 0 {
            return Ok(Next::Ethernet);
        }
        let [.., inner] = flags.to_be_bytes();
        next_protocol(inner)
    }

    fn geneve(&mut self) -> Result<Next<'a>, Loss> {
        let (first, inner, network) = (self.byte(0)?, self.be16(2)?, self.be32(4)? >> 8);
        if first >> 6 != 0 {
            return Err(Loss::NotTcp);
        }
        self.deeper()?;
        self.enter(Kind::Geneve, network);
        self.skip(8 + usize::from(first & 0x3f) * 4)?;
        Ok(if inner == BRIDGED { Next::Ethernet } else { Next::Type(inner) })
    }

    fn tzsp(&mut self) -> Result<Next<'a>, Loss> {
        // Version 1, type 0: a received frame.
        if self.be16(0)? != 0x0100 {
            return Err(Loss::NotTcp);
        }
        self.deeper()?;
        let inner = self.be16(2)?;
        self.skip(4)?;
        for _ in 0..TAGS_MAX {
            match self.byte(0)? {
                0 => self.skip(1)?,
                1 => {
                    self.skip(1)?;
                    return match inner {
                        1 => Ok(Next::Ethernet),
                        18 => Ok(Next::Wifi(false)),
                        _ => Err(Loss::NotIp),
                    };
                }
                _ => {
                    let length = usize::from(self.byte(1)?);
                    self.skip(2 + length)?;
                }
            }
        }
        Err(Loss::TooDeep)
    }

    fn gtp(&mut self) -> Result<Next<'a>, Loss> {
        let (first, kind, id) = (self.byte(0)?, self.byte(1)?, self.be32(4)?);
        // Version 1, not GTP prime, a user's packet.
        if first >> 4 != 3 || kind != 255 {
            return Err(Loss::NotTcp);
        }
        self.deeper()?;
        self.enter(Kind::Gtp, id);
        self.skip(8)?;
        if first & 7 == 0 {
            return Ok(Next::Ip);
        }
        let mut extension = self.byte(3)?;
        self.skip(4)?;
        for _ in 0..EXTENSIONS_MAX {
            if extension == 0 || first & 4 == 0 {
                return Ok(Next::Ip);
            }
            let length = usize::from(self.byte(0)?) * 4;
            if length == 0 {
                return Err(Loss::Malformed);
            }
            extension = self.byte(length - 1)?;
            self.skip(length)?;
        }
        Err(Loss::TooDeep)
    }
}
