//! Frames in, TCP segments or the name of what was missed out. Never allocates, never looks at payload.

use std::net::{IpAddr, SocketAddr};

use etherparse::{IpNumber, Ipv4HeaderSlice, Ipv6ExtensionsSlice, Ipv6HeaderSlice, TcpHeaderSlice};
use model::Loss;

use crate::{
    frame::{Frame, LinkType},
    seq::Seq,
};

/// VLAN tags read through; further ones make the frame `not_ip`.
const VLAN_TAGS_MAX: usize = 4;
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const VLAN: [u16; 3] = [0x8100, 0x88a8, 0x9100];

/// A TCP segment, borrowed from its frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    pub(crate) source: SocketAddr,
    pub(crate) destination: SocketAddr,
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
}

impl Segment<'_> {
    /// Payload bytes on the wire.
    pub(crate) fn len(&self) -> usize {
        self.payload.len() + self.cut
    }
}

/// Decodes a frame down to TCP. Checksums are not looked at: mirrors carry offloaded frames whose sums are unset.
pub(crate) fn decode<'a>(frame: &Frame<'a>) -> Result<Segment<'a>, Loss> {
    let cut = frame.wire_len as usize > frame.bytes.len();
    let result = match frame.link {
        LinkType::Ethernet => ethernet(frame.bytes, cut),
        LinkType::Loopback => frame.bytes.get(4..).ok_or(Loss::Malformed).and_then(|rest| ip(rest, cut)),
        LinkType::Raw => ip(frame.bytes, cut),
        LinkType::LinuxCooked => cooked(frame.bytes, 14, 16, cut),
        LinkType::LinuxCooked2 => cooked(frame.bytes, 0, 20, cut),
        LinkType::Other(_) => Err(Loss::UnsupportedLink),
    };
    result.map_err(|loss| if cut && loss == Loss::Malformed { Loss::Truncated } else { loss })
}

fn be16(bytes: &[u8], at: usize) -> Result<u16, Loss> {
    let pair = bytes.get(at..at + 2).and_then(|pair| pair.try_into().ok()).ok_or(Loss::Malformed)?;
    Ok(u16::from_be_bytes(pair))
}

fn ethernet(bytes: &[u8], cut: bool) -> Result<Segment<'_>, Loss> {
    let ether_type = be16(bytes, 12)?;
    tagged(bytes, ether_type, 14, cut)
}

fn cooked(bytes: &[u8], ether_type_at: usize, header_len: usize, cut: bool) -> Result<Segment<'_>, Loss> {
    let ether_type = be16(bytes, ether_type_at)?;
    tagged(bytes, ether_type, header_len, cut)
}

/// Reads through VLAN tags to IP.
fn tagged(bytes: &[u8], mut ether_type: u16, mut at: usize, cut: bool) -> Result<Segment<'_>, Loss> {
    let mut tags = 0;
    while VLAN.contains(&ether_type) && tags < VLAN_TAGS_MAX {
        ether_type = be16(bytes, at + 2)?;
        at += 4;
        tags += 1;
    }
    if ether_type != IPV4 && ether_type != IPV6 {
        return Err(Loss::NotIp);
    }
    ip(bytes.get(at..).ok_or(Loss::Malformed)?, cut)
}

fn ip(bytes: &[u8], cut: bool) -> Result<Segment<'_>, Loss> {
    match bytes.first().map(|first| first >> 4) {
        Some(4) => ipv4(bytes, cut),
        Some(6) => ipv6(bytes, cut),
        Some(_) => Err(Loss::NotIp),
        None => Err(Loss::Malformed),
    }
}

fn ipv4(bytes: &[u8], cut: bool) -> Result<Segment<'_>, Loss> {
    let header = Ipv4HeaderSlice::from_slice(bytes).map_err(|_| Loss::Malformed)?;
    if header.protocol() != IpNumber::TCP {
        return Err(Loss::NotTcp);
    }
    if header.is_fragmenting_payload() {
        return Err(Loss::Fragment);
    }
    let header_len = header.slice().len();
    let announced = usize::from(header.total_len());
    if announced != 0 && announced < header_len {
        return Err(Loss::Malformed);
    }
    let (source, destination) = (header.source_addr().into(), header.destination_addr().into());
    tcp(&bytes[header_len..], announced.checked_sub(header_len), source, destination, cut)
}

fn ipv6(bytes: &[u8], cut: bool) -> Result<Segment<'_>, Loss> {
    let header = Ipv6HeaderSlice::from_slice(bytes).map_err(|_| Loss::Malformed)?;
    let rest = &bytes[header.slice().len()..];
    let (extensions, protocol, payload) =
        Ipv6ExtensionsSlice::from_slice(header.next_header(), rest).map_err(|_| Loss::Malformed)?;
    if extensions.is_fragmenting_payload() {
        return Err(Loss::Fragment);
    }
    if protocol != IpNumber::TCP {
        return Err(Loss::NotTcp);
    }
    let skipped = rest.len() - payload.len();
    let announced = match usize::from(header.payload_length()) {
        0 => None,
        announced => Some(announced.checked_sub(skipped).ok_or(Loss::Malformed)?),
    };
    let (source, destination) = (header.source_addr().into(), header.destination_addr().into());
    tcp(payload, announced, source, destination, cut)
}

/// `announced`: bytes from here to the end of the datagram, `None` when the sender left it to its network card.
fn tcp(
    bytes: &[u8],
    announced: Option<usize>,
    source: IpAddr,
    destination: IpAddr,
    cut: bool,
) -> Result<Segment<'_>, Loss> {
    let within = announced.map_or(bytes, |announced| bytes.get(..announced).unwrap_or(bytes));
    let missing = announced.map_or(0, |announced| announced.saturating_sub(bytes.len()));
    if missing > 0 && !cut {
        return Err(Loss::Malformed);
    }
    let header = TcpHeaderSlice::from_slice(within).map_err(|_| Loss::Malformed)?;
    Ok(Segment {
        source: SocketAddr::new(source, header.source_port()),
        destination: SocketAddr::new(destination, header.destination_port()),
        seq: Seq(header.sequence_number()),
        ack: header.ack().then(|| Seq(header.acknowledgment_number())),
        syn: header.syn(),
        fin: header.fin(),
        rst: header.rst(),
        urgent: header.urg(),
        payload: &within[header.slice().len()..],
        cut: missing,
    })
}

#[cfg(test)]
mod tests {
    use model::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::testkit::{ACK, tcp_frame};

    fn ends(v6: bool) -> (SocketAddr, SocketAddr) {
        let end = |text: &str| text.parse().expect("literal");
        if v6 {
            (end("[2001:db8::1]:40000"), end("[2001:db8::2]:80"))
        } else {
            (end("192.0.2.1:40000"), end("192.0.2.2:80"))
        }
    }

    /// An Ethernet frame and the same from its IP header on.
    fn frames(v6: bool) -> (Vec<u8>, Vec<u8>) {
        let (from, to) = ends(v6);
        let frame = tcp_frame(from, to, 7, 9, ACK, b"payload");
        let ip = frame[14..].to_vec();
        (frame, ip)
    }

    fn read(bytes: &[u8], link: LinkType, more: usize) -> Result<(Vec<u8>, usize), Loss> {
        let wire_len = u32::try_from(bytes.len() + more).expect("small");
        let segment = decode(&Frame { at: Timestamp::ZERO, bytes, wire_len, link })?;
        assert_eq!((segment.seq, segment.ack), (Seq(7), Some(Seq(9))));
        Ok((segment.payload.to_vec(), segment.cut))
    }

    #[test]
    fn every_link_type_leads_to_the_same_payload() {
        for v6 in [false, true] {
            let (ethernet, ip) = frames(v6);
            let ether_type: [u8; 2] = if v6 { [0x86, 0xDD] } else { [8, 0] };
            let family = if v6 { 10 } else { 2 };
            let tags = [0x88, 0xA8, 0, 5, 0x81, 0, 0, 6];
            let cases = [
                (ethernet.clone(), LinkType::Ethernet),
                ([&ethernet[..12], &tags[..], &ethernet[12..]].concat(), LinkType::Ethernet),
                ([&[0; 14][..], &ether_type, &ip].concat(), LinkType::LinuxCooked),
                ([&ether_type[..], &[0; 18], &ip].concat(), LinkType::LinuxCooked2),
                ([&[family, 0, 0, 0][..], &ip].concat(), LinkType::Loopback),
                ([&[0, 0, 0, family][..], &ip].concat(), LinkType::Loopback),
                (ip.clone(), LinkType::Raw),
            ];
            for (bytes, link) in cases {
                assert_eq!(read(&bytes, link, 0), Ok((b"payload".to_vec(), 0)), "{link:?}");
            }
        }
    }

    /// Case T27, and a datagram whose length the network card was to fill in.
    #[test]
    fn payload_ends_where_ip_says() {
        for v6 in [false, true] {
            let (mut frame, _) = frames(v6);
            frame.extend([0; 9]);
            assert_eq!(read(&frame, LinkType::Ethernet, 0), Ok((b"payload".to_vec(), 0)));
            let length_at = if v6 { 18 } else { 16 };
            frame[length_at..length_at + 2].fill(0);
            let whole = [b"payload".as_slice(), &[0; 9]].concat();
            assert_eq!(read(&frame, LinkType::Ethernet, 0), Ok((whole, 0)));
        }
    }

    /// Case T45.
    #[test]
    fn what_the_snap_length_cut_is_told() {
        let (frame, _) = frames(false);
        assert_eq!(read(&frame[..frame.len() - 3], LinkType::Ethernet, 3), Ok((b"payl".to_vec(), 3)));
        assert_eq!(read(&frame[..40], LinkType::Ethernet, 21), Err(Loss::Truncated));
        assert_eq!(read(&frame[..40], LinkType::Ethernet, 0), Err(Loss::Malformed));
    }

    #[test]
    fn what_is_no_tcp_has_a_name() {
        let (mut frame, _) = frames(false);
        assert_eq!(read(&frame, LinkType::Other(127), 0), Err(Loss::UnsupportedLink));
        frame[20] = 0x20;
        assert_eq!(read(&frame, LinkType::Ethernet, 0), Err(Loss::Fragment));
        frame[23] = 17;
        assert_eq!(read(&frame, LinkType::Ethernet, 0), Err(Loss::NotTcp));
        frame[13] = 6;
        assert_eq!(read(&frame, LinkType::Ethernet, 0), Err(Loss::NotIp));
    }

    #[test]
    fn ipv6_extensions_are_read_through() {
        let (_, mut ip) = frames(true);
        // Hop-by-hop, then a fragment header that fragments nothing.
        let extensions = [44, 0, 1, 4, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 1];
        ip[6] = 0;
        ip[5] += 16;
        ip.splice(40..40, extensions);
        assert_eq!(read(&ip, LinkType::Raw, 0), Ok((b"payload".to_vec(), 0)));
        ip[51] = 1;
        assert_eq!(read(&ip, LinkType::Raw, 0), Err(Loss::Fragment));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]

        #[test]
        fn no_bytes_make_it_panic(
            v6 in any::<bool>(),
            changes in proptest::collection::vec((any::<u16>(), any::<u8>()), 0..6),
            keep in any::<u16>(),
            link in 0_i32..6,
            more in 0_u32..99,
        ) {
            let (mut bytes, _) = frames(v6);
            for (at, value) in changes {
                let at = usize::from(at) % bytes.len();
                bytes[at] = value;
            }
            bytes.truncate(usize::from(keep) % (bytes.len() + 1));
            let link = [0, 1, 12, 113, 276, 5].map(LinkType::from)[usize::try_from(link).expect("small")];
            let wire_len = u32::try_from(bytes.len()).expect("small") + more;
            let _ = decode(&Frame { at: Timestamp::ZERO, bytes: &bytes, wire_len, link });
        }
    }
}
