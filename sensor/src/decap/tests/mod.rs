//! What comes out of each encapsulation, and that nothing makes it panic.

mod golden;
pub(crate) mod wrap;

use std::net::SocketAddr;

use model::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{
    LinkType,
    seq::Seq,
    testkit::{ACK, tcp_frame},
};

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
    let config = DecapConfig::default();
    let segment = match decode(&Frame { at: Timestamp::ZERO, bytes, wire_len, link }, &config)? {
        Found::Segment(segment) => segment,
        Found::Fragment(_) => return Err(Loss::Fragment),
    };
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
    assert_eq!(read(&frame, LinkType::Other(147), 0), Err(Loss::UnsupportedLink));
    frame[20] = 0x20;
    assert_eq!(read(&frame, LinkType::Ethernet, 0), Err(Loss::Fragment));
    frame[23] = 1;
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
        let wire_len = u32::try_from(bytes.len()).expect("small") + more.saturating_sub(50);
        let frame = Frame { at: Timestamp::ZERO, bytes: &bytes, wire_len, link };
        let long = decode(&frame, &DecapConfig::default());
        // The short way finds nothing else than the long one.
        if let Some(short) = plain(&frame) {
            let Ok(Found::Segment(long)) = long else { panic!("{short:?} but {long:?}") };
            prop_assert_eq!(format!("{short:?}"), format!("{long:?}"));
        }
    }
}
