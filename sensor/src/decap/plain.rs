//! The short way: plain frames in, TCP segments out. Whatever else it is goes the long way, which finds the same.

use std::net::IpAddr;

use super::Ends;
use crate::{
    frame::{Frame, LinkType},
    segment::{self, Segment},
};

const ETHERNET: usize = 14;
const TCP: u8 = 6;

/// The segment of a frame that is Ethernet, IPv4 without options or IPv6 without extensions, and TCP; whole, and no
/// fragment. `None` for all others.
#[inline]
pub(crate) fn plain<'a>(frame: &Frame<'a>) -> Option<Segment<'a>> {
    if frame.link != LinkType::Ethernet || frame.wire_len as usize > frame.bytes.len() {
        return None;
    }
    let ip = frame.bytes.get(ETHERNET..)?;
    match frame.bytes.get(12..15)? {
        [0x08, 0x00, 0x45] => {
            let header: &[u8; 20] = ip.first_chunk()?;
            let [_, _, high, low, id_high, id_low, flags, offset, _, protocol, ..] = *header;
            // More fragments, or not the first.
            if protocol != TCP || flags & 0x3f != 0 || offset != 0 {
                return None;
            }
            let [.., a, b, c, d, e, f, g, h] = *header;
            let ends = Ends {
                source: IpAddr::from([a, b, c, d]),
                destination: IpAddr::from([e, f, g, h]),
                id: u32::from(u16::from_be_bytes([id_high, id_low])),
                announced: Some(usize::from(u16::from_be_bytes([high, low])).checked_sub(20)?),
            };
            segment::read(ip.get(20..)?, &ends, false).ok()
        }
        [0x86, 0xdd, 0x60..=0x6f] => {
            let header: &[u8; 40] = ip.first_chunk()?;
            let [_, _, _, _, high, low, next, ..] = *header;
            let announced = usize::from(u16::from_be_bytes([high, low]));
            if next != TCP || announced == 0 {
                return None;
            }
            let source: &[u8; 16] = header.get(8..)?.first_chunk()?;
            let destination: &[u8; 16] = header.get(24..)?.first_chunk()?;
            let ends = Ends {
                source: IpAddr::from(*source),
                destination: IpAddr::from(*destination),
                id: 0,
                announced: Some(announced),
            };
            segment::read(ip.get(40..)?, &ends, false).ok()
        }
        _ => None,
    }
}
