//! IPv4 and IPv6: datagrams in, TCP segments, fragments or the next tunnel out. Trims what lies behind a datagram's end.

use std::net::IpAddr;

use etherparse::{Ipv4HeaderSlice, Ipv6HeaderSlice};
use model::{Ambiguity, Loss};

use super::{Found, Next, Walk, ethernet::looks_like_ethernet};
use crate::{fragments::Part, segment};

/// Extension headers of one IPv6 datagram; one more makes it `too_deep`.
const EXTENSIONS_MAX: usize = 8;
const IPV4: u8 = 4;
const TCP: u8 = 6;
const UDP: u8 = 17;
const IPV6: u8 = 41;
const GRE: u8 = 47;
const AUTHENTICATION: u8 = 51;
const ETHERNET: u8 = 143;

/// Two hosts, and what the header between them says of the rest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    /// The identification of an IPv4 datagram; 0 where there is none.
    pub(crate) id: u32,
    /// Bytes from here to the end of the datagram, `None` when the sender left it to its network card.
    pub(crate) announced: Option<usize>,
}

/// Where a fragment belongs.
struct Place {
    id: u32,
    offset: u32,
    more: bool,
}

impl<'a> Walk<'a, '_> {
    pub(super) fn ip(&mut self) -> Result<Next<'a>, Loss> {
        match self.byte(0)? >> 4 {
            4 => self.ipv4(),
            6 => self.ipv6(),
            _ => Err(Loss::NotIp),
        }
    }

    fn ipv4(&mut self) -> Result<Next<'a>, Loss> {
        let header = Ipv4HeaderSlice::from_slice(self.rest).map_err(|_| Loss::Malformed)?;
        let header_len = header.slice().len();
        let announced = match usize::from(header.total_len()) {
            0 => None,
            total => Some(total.checked_sub(header_len).ok_or(Loss::Malformed)?),
        };
        let ends = Ends {
            source: header.source_addr().into(),
            destination: header.destination_addr().into(),
            id: u32::from(header.identification()),
            announced,
        };
        let protocol = header.protocol().0;
        self.skip(header_len)?;
        if header.is_fragmenting_payload() {
            let offset = u32::from(header.fragments_offset().value()) * 8;
            let place = Place { id: ends.id, offset, more: header.more_fragments() };
            return self.fragment(protocol, ends, &place);
        }
        Ok(Next::Protocol(protocol, ends))
    }

    fn ipv6(&mut self) -> Result<Next<'a>, Loss> {
        let header = Ipv6HeaderSlice::from_slice(self.rest).map_err(|_| Loss::Malformed)?;
        let announced = match usize::from(header.payload_length()) {
            0 => None,
            announced => Some(announced),
        };
        let ends = Ends {
            source: header.source_addr().into(),
            destination: header.destination_addr().into(),
            id: 0,
            announced,
        };
        let next = header.next_header().0;
        self.skip(header.slice().len())?;
        Ok(Next::Protocol(next, ends))
    }

    pub(super) fn protocol(&mut self, number: u8, ends: Ends) -> Result<Next<'a>, Loss> {
        match number {
            TCP => {
                let mut segment = segment::read(self.rest, &ends, self.cut)?;
                (segment.tunnel, segment.ambiguous) = (self.tunnel, self.ambiguous);
                Ok(Next::Done(Found::Segment(segment)))
            }
            0 | 43 | 44 | 60 | AUTHENTICATION | 135 | 139 | 140 => self.extensions(number, ends),
            UDP => self.within(&ends)?.udp(),
            GRE => self.within(&ends).map(|_| Next::Gre),
            IPV4 | IPV6 | 94 => {
                self.within(&ends)?.deeper()?;
                Ok(Next::Ip)
            }
            137 => self.within(&ends).map(|_| Next::Mpls),
            // EtherIP (RFC 3378) has two bytes of its own before the Ethernet header.
            97 => {
                self.within(&ends)?.deeper()?;
                self.skip(2).map(|()| Next::Ethernet)
            }
            ETHERNET if looks_like_ethernet(self.rest) => {
                self.within(&ends)?.deeper().map(|()| Next::Ethernet)
            }
            _ => Err(Loss::NotTcp),
        }
    }

    /// Leaves out what lies behind the end of the datagram.
    fn within(&mut self, ends: &Ends) -> Result<&mut Self, Loss> {
        if let Some(announced) = ends.announced {
            if announced > self.rest.len() && !self.cut {
                return Err(Loss::Malformed);
            }
            self.rest = self.rest.get(..announced).unwrap_or(self.rest);
        }
        Ok(self)
    }

    /// Extension headers of IPv6 and the authentication header of either.
    fn extensions(&mut self, mut number: u8, mut ends: Ends) -> Result<Next<'a>, Loss> {
        let is_v6 = ends.source.is_ipv6();
        for _ in 0..EXTENSIONS_MAX {
            let length = match number {
                44 if is_v6 => {
                    let (next, place) = self.fragment_header(&ends)?;
                    ends.announced = shortened(ends.announced, 8)?;
                    self.skip(8)?;
                    if place.offset > 0 || place.more {
                        return self.fragment(next, ends, &place);
                    }
                    number = next;
                    continue;
                }
                AUTHENTICATION => (usize::from(self.byte(1)?) + 2) * 4,
                0 | 43 | 60 | 135 | 139 | 140 if is_v6 => (usize::from(self.byte(1)?) + 1) * 8,
                0 | 43 | 44 | 60 | 135 | 139 | 140 => return Err(Loss::NotTcp),
                other => return Ok(Next::Protocol(other, ends)),
            };
            number = self.byte(0)?;
            ends.announced = shortened(ends.announced, length)?;
            self.skip(length)?;
        }
        match number {
            0 | 43 | 44 | 60 | AUTHENTICATION | 135 | 139 | 140 => Err(Loss::TooDeep),
            other => Ok(Next::Protocol(other, ends)),
        }
    }

    fn fragment_header(&self, ends: &Ends) -> Result<(u8, Place), Loss> {
        // A jumbogram may not be fragmented (RFC 2675).
        if ends.announced.is_none() {
            return Err(Loss::Malformed);
        }
        let (next, field, id) = (self.byte(0)?, self.be16(2)?, self.be32(4)?);
        Ok((next, Place { id, offset: u32::from(field & 0xfff8), more: field & 1 == 1 }))
    }

    fn fragment(&mut self, protocol: u8, ends: Ends, place: &Place) -> Result<Next<'a>, Loss> {
        let is_v6 = ends.source.is_ipv6();
        let hopeful = matches!(protocol, TCP | UDP | GRE | IPV4 | IPV6 | 51 | 94 | 97 | 137)
            || is_v6 && matches!(protocol, 43 | 60 | 135);
        if !hopeful {
            return Err(Loss::NotTcp);
        }
        let announced = ends.announced.ok_or(Loss::Malformed)?;
        self.within(&ends)?;
        if self.rest.len() < announced {
            return Err(Loss::Truncated);
        }
        let tiny = place.offset == 0 && protocol == TCP && announced < 20;
        let doubtful = tiny.then_some(Ambiguity::DoubtfulSegment);
        Ok(Next::Done(Found::Fragment(Part {
            ends,
            protocol,
            id: place.id,
            offset: place.offset,
            more: place.more,
            bytes: self.rest,
            layers: self.layers,
            tunnel: self.tunnel,
            ambiguous: self.ambiguous.or(doubtful),
        })))
    }
}

/// What is left of an announced length behind a header.
fn shortened(announced: Option<usize>, length: usize) -> Result<Option<usize>, Loss> {
    announced.map(|announced| announced.checked_sub(length).ok_or(Loss::Malformed)).transpose()
}
