//! Encapsulations, built by hand: an Ethernet frame in, the same frame inside something else out.

use crate::LinkType;

/// A way to wrap a frame: its name, what the first byte then belongs to, and how.
pub(crate) type Wrap = (&'static str, LinkType, fn(&[u8]) -> Vec<u8>);

const MACS: [u8; 12] = [2, 0, 0, 0, 0, 0xA, 2, 0, 0, 0, 0, 0xB];

fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn is_v6(frame: &[u8]) -> bool {
    frame[12] == 0x86
}

/// The EtherType of a frame.
fn kind(frame: &[u8]) -> [u8; 2] {
    [frame[12], frame[13]]
}

/// A frame from its IP header on.
fn ip(frame: &[u8]) -> &[u8] {
    &frame[14..]
}

fn ppp_kind(frame: &[u8]) -> [u8; 2] {
    if is_v6(frame) { [0, 0x57] } else { [0, 0x21] }
}

/// An IPv4 datagram between two tunnel ends.
pub(crate) fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + payload.len()).expect("fits a datagram").to_be_bytes();
    let head = [0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, protocol, 0, 0, 10, 9, 0, 1, 10, 9, 0, 2];
    join(&[&head, payload])
}

/// An IPv6 datagram between two tunnel ends.
pub(crate) fn ipv6(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).expect("fits a datagram").to_be_bytes();
    let mut head = vec![0x60, 0, 0, 0, length[0], length[1], protocol, 64];
    for end in [1, 2] {
        head.extend([0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, end]);
    }
    join(&[&head, payload])
}

/// An Ethernet frame.
pub(crate) fn ethernet(kind: [u8; 2], payload: &[u8]) -> Vec<u8> {
    join(&[&MACS, &kind, payload])
}

fn over4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ethernet([8, 0], &ipv4(protocol, payload))
}

fn over6(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ethernet([0x86, 0xDD], &ipv6(protocol, payload))
}

/// A UDP datagram to this port.
pub(crate) fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + payload.len()).expect("fits a datagram");
    join(&[&[0xC0, 0], &port.to_be_bytes(), &length.to_be_bytes(), &[0, 0], payload])
}

/// A VXLAN datagram of this network.
pub(crate) fn vxlan(network: u8, frame: &[u8]) -> Vec<u8> {
    join(&[&[8, 0, 0, 0, 0, 0, network, 0], frame])
}

fn tag(kind: [u8; 2], id: u8, frame: &[u8]) -> Vec<u8> {
    join(&[&frame[..12], &kind, &[0, id], &frame[12..]])
}

fn geneve(options: &[u8], frame: &[u8]) -> Vec<u8> {
    let words = u8::try_from(options.len() / 4).expect("short");
    join(&[&[words, 0, 0x65, 0x58, 0, 0, 7, 0], options, frame])
}

fn gre(flags: [u8; 2], kind: [u8; 2], fields: &[u8], payload: &[u8]) -> Vec<u8> {
    join(&[&flags, &kind, fields, payload])
}

const ERSPAN: [u8; 2] = [0x88, 0xBE];
const SEQUENCE: [u8; 4] = [0, 0, 0, 1];
const LABELS: [u8; 8] = [0, 1, 0, 0xFE, 0, 2, 1, 0xFE];

fn erspan_3(platform: &[u8], frame: &[u8]) -> Vec<u8> {
    let last = u8::from(!platform.is_empty());
    let head = [0x20, 5, 0, 9, 0, 0, 0, 1, 0, 0, 0, last];
    over4(47, &gre([0x10, 0], [0x22, 0xEB], &SEQUENCE, &join(&[&head, platform, frame])))
}

fn radiotap(frame: &[u8], padded: bool, quality: bool) -> Vec<u8> {
    let flags = if padded { 0x20 } else { 0 };
    let tap = [0, 0, 17, 0, 3, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, flags];
    let control = if quality { [0x88, 1] } else { [8, 2] };
    let mut wifi = join(&[&control, &[0; 22]]);
    if quality {
        wifi.extend([0; 2]);
    }
    if padded {
        wifi.resize(wifi.len().next_multiple_of(4), 0);
    }
    join(&[&tap, &wifi, &[0xAA, 0xAA, 3, 0, 0, 0], &kind(frame), ip(frame)])
}

/// Nested as deep as there may be layers: each VXLAN counts once.
pub(crate) fn nested(depth: u8, frame: &[u8]) -> Vec<u8> {
    (0..depth).fold(frame.to_vec(), |inner, _| over4(17, &udp(4_789, &vxlan(depth, &inner))))
}

use LinkType::Ethernet as E;

/// Link layers and tags.
pub(crate) const LINKS: &[Wrap] = &[
    ("Ethernet", E, <[u8]>::to_vec),
    ("VLAN (802.1Q)", E, |f| tag([0x81, 0], 5, f)),
    ("QinQ (802.1ad)", E, |f| tag([0x88, 0xA8], 9, &tag([0x81, 0], 5, f))),
    ("VLAN tags, eight", E, |f| (1..9).fold(f.to_vec(), |f, id| tag([0x81, 0], id, &f))),
    ("LLC with SNAP", E, |f| {
        let rest = join(&[&[0xAA, 0xAA, 3, 0, 0, 0], &kind(f), ip(f)]);
        let length = u16::try_from(rest.len()).expect("short").min(1_500).to_be_bytes();
        ethernet(length, &rest)
    }),
    ("MPLS, two labels", E, |f| {
        ethernet([0x88, 0x47], &join(&[&LABELS[..3], &[0xFE], &LABELS[4..6], &[1, 0xFE], ip(f)]))
    }),
    ("MPLS, pseudowire", E, |f| ethernet([0x88, 0x47], &join(&[&[0, 2, 1, 0xFE], f]))),
    ("MPLS, pseudowire with control word", E, |f| {
        ethernet([0x88, 0x48], &join(&[&[0, 2, 1, 0xFE, 0, 0, 0, 3], f]))
    }),
    ("PPPoE session", E, |f| {
        let length = u16::try_from(f.len() - 12).expect("short").to_be_bytes();
        ethernet([0x88, 0x64], &join(&[&[0x11, 0, 0, 7], &length, &ppp_kind(f), ip(f)]))
    }),
    ("NSH", E, |f| ethernet([0x89, 0x4F], &join(&[&[0, 2, 1, 3, 0, 0, 1, 255], f]))),
    ("Linux cooked (113)", LinkType::LinuxCooked, |f| join(&[&[0; 14], &kind(f), ip(f)])),
    ("Linux cooked v2 (276)", LinkType::LinuxCooked2, |f| join(&[&kind(f), &[0; 18], ip(f)])),
    ("Linux cooked with a VLAN tag", LinkType::LinuxCooked, |f| {
        join(&[&[0; 14], &[0x81, 0, 0, 7], &kind(f), ip(f)])
    }),
    ("BSD loopback, little endian (0)", LinkType::Loopback, |f| join(&[&[2, 0, 0, 0], ip(f)])),
    ("BSD loopback, big endian (108)", LinkType::Loopback, |f| join(&[&[0, 0, 0, 2], ip(f)])),
    ("raw IP (101)", LinkType::Raw, |f| ip(f).to_vec()),
    ("PPP (9)", LinkType::Ppp, |f| join(&[&ppp_kind(f), ip(f)])),
    ("PPP, HDLC-like (50)", LinkType::Ppp, |f| join(&[&[0xFF, 3], &ppp_kind(f), ip(f)])),
    ("PPP, compressed protocol field", LinkType::Ppp, |f| join(&[&ppp_kind(f)[1..], ip(f)])),
    ("PPP with direction (204)", LinkType::PppDirection, |f| join(&[&[1, 0xFF, 3], &ppp_kind(f), ip(f)])),
    ("PPPoE (51)", LinkType::PppoeSession, |f| join(&[&[0x11, 0, 0, 7, 0, 0], &ppp_kind(f), ip(f)])),
    ("Cisco HDLC (104)", LinkType::CiscoHdlc, |f| join(&[&[0xF, 0], &kind(f), ip(f)])),
    ("MPLS (219)", LinkType::Mpls, |f| join(&[&[0, 2, 1, 0xFE], ip(f)])),
    ("NFLOG (239)", LinkType::Nflog, |f| {
        let attribute = |kind: u16, bytes: &[u8]| {
            let length = u16::try_from(4 + bytes.len()).unwrap_or(u16::MAX);
            let pad = vec![0; bytes.len().next_multiple_of(4) - bytes.len()];
            join(&[&length.to_ne_bytes(), &kind.to_ne_bytes(), bytes, &pad])
        };
        join(&[&[2, 0, 0, 1], &attribute(10, b"drop\0"), &attribute(9, ip(f))])
    }),
    ("802.11 (105)", LinkType::Wifi, |f| {
        join(&[&[8, 1], &[0; 22], &[0xAA, 0xAA, 3, 0, 0, 0], &kind(f), ip(f)])
    }),
    ("802.11, QoS, radiotap (127)", LinkType::Radiotap, |f| radiotap(f, false, true)),
    ("802.11, padded, radiotap (127)", LinkType::Radiotap, |f| radiotap(f, true, true)),
    ("802.11, relayed (four addresses)", LinkType::Wifi, |f| {
        join(&[&[8, 3], &[0; 28], &[0xAA, 0xAA, 3, 0, 0, 0], &kind(f), ip(f)])
    }),
];

/// Tunnels.
pub(crate) const TUNNELS: &[Wrap] = &[
    ("GRE", E, |f| over4(47, &gre([0, 0], kind(f), &[], ip(f)))),
    ("GRE with checksum, key and sequence number", E, |f| {
        over4(47, &gre([0xB0, 0], kind(f), &[7; 12], ip(f)))
    }),
    ("GRE with source routes", E, |f| {
        over4(47, &gre([0x40, 0], kind(f), &[0, 0, 0, 0, 8, 0, 0, 4, 10, 0, 0, 1, 0, 0, 0, 0], ip(f)))
    }),
    ("GRE in IPv6", E, |f| over6(47, &gre([0, 0], kind(f), &[], ip(f)))),
    ("GRE with bridged Ethernet", E, |f| over4(47, &gre([0, 0], [0x65, 0x58], &[], f))),
    ("NVGRE", E, |f| over4(47, &gre([0x20, 0], [0x65, 0x58], &[0, 0, 7, 99], f))),
    ("GRE with MPLS", E, |f| over4(47, &gre([0, 0], [0x88, 0x47], &[0, 2, 1, 0xFE], ip(f)))),
    ("PPTP", E, |f| {
        over4(47, &gre([0x30, 1], [0x88, 0x0B], &[0; 8], &join(&[&[0xFF, 3], &ppp_kind(f), ip(f)])))
    }),
    ("PPTP with acknowledgement", E, |f| {
        over4(47, &gre([0x30, 0x81], [0x88, 0x0B], &[0; 12], &join(&[&ppp_kind(f), ip(f)])))
    }),
    ("GRE in UDP", E, |f| over4(17, &udp(4_754, &gre([0, 0], kind(f), &[], ip(f))))),
    ("ERSPAN I", E, |f| over4(47, &gre([0, 0], ERSPAN, &[], f))),
    ("ERSPAN II", E, |f| {
        over4(47, &gre([0x10, 0], ERSPAN, &SEQUENCE, &join(&[&[0x10, 5, 0, 9, 0, 0, 0, 1], f])))
    }),
    ("ERSPAN III", E, |f| erspan_3(&[], f)),
    ("ERSPAN III with platform subheader", E, |f| erspan_3(&[1, 2, 3, 4, 5, 6, 7, 8], f)),
    ("VXLAN (4789), also cloud mirroring", E, |f| over4(17, &udp(4_789, &vxlan(7, f)))),
    ("VXLAN (8472)", E, |f| over4(17, &udp(8_472, &vxlan(7, f)))),
    ("VXLAN in IPv6", E, |f| over6(17, &udp(4_789, &vxlan(7, f)))),
    ("VXLAN-GPE, IP", E, |f| {
        let kind = if is_v6(f) { 2 } else { 1 };
        over4(17, &udp(4_790, &join(&[&[0xC, 0, 0, kind, 0, 0, 7, 0], ip(f)])))
    }),
    ("VXLAN-GPE, NSH, Ethernet", E, |f| {
        over4(17, &udp(4_790, &join(&[&[0xC, 0, 0, 4, 0, 0, 7, 0], &[0, 2, 1, 3, 0, 0, 1, 255], f])))
    }),
    ("Geneve", E, |f| over4(17, &udp(6_081, &geneve(&[], f)))),
    ("Geneve with options", E, |f| over4(17, &udp(6_081, &geneve(&[1, 1, 0x80, 1, 9, 9, 9, 9], f)))),
    ("Geneve with IP", E, |f| over4(17, &udp(6_081, &join(&[&[0, 0], &kind(f), &[0, 0, 7, 0], ip(f)])))),
    ("Geneve in Geneve", E, |f| {
        over4(17, &udp(6_081, &geneve(&[], &over6(17, &udp(6_081, &geneve(&[0; 8], f))))))
    }),
    ("MPLS in UDP", E, |f| over4(17, &udp(6_635, &join(&[&[0, 2, 1, 0xFE], ip(f)])))),
    ("MPLS in IP", E, |f| over4(137, &join(&[&[0, 2, 1, 0xFE], ip(f)]))),
    ("TZSP", E, |f| over4(17, &udp(37_008, &join(&[&[1, 0, 0, 1, 0, 40, 2, 7, 7, 1], f])))),
    ("GTP-U", E, |f| over4(17, &udp(2_152, &join(&[&[0x30, 255, 0, 0, 0, 0, 0, 9], ip(f)])))),
    ("GTP-U with extension", E, |f| {
        over4(17, &udp(2_152, &join(&[&[0x34, 255, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0x85, 1, 0, 9, 0], ip(f)])))
    }),
    ("IP in IPv4", E, |f| over4(if is_v6(f) { 41 } else { 4 }, ip(f))),
    ("IP in IPv6", E, |f| over6(if is_v6(f) { 41 } else { 4 }, ip(f))),
    ("Ethernet in IP (EtherIP)", E, |f| over4(97, &join(&[&[0x30, 0], f]))),
    ("IP behind an authentication header", E, |f| {
        let next = if is_v6(f) { 41 } else { 4 };
        over4(
            51,
            &join(&[&[next, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], ip(f)]),
        )
    }),
    ("VLAN, MPLS, GRE, VXLAN, VLAN", E, |f| {
        let inner = over4(17, &udp(4_789, &vxlan(7, &tag([0x81, 0], 5, f))));
        let middle = ipv4(47, &gre([0, 0], [0x65, 0x58], &[], &inner));
        tag([0x81, 0], 9, &ethernet([0x88, 0x47], &join(&[&[0, 2, 1, 0xFE], &middle])))
    }),
    ("VXLAN, eight inside each other", E, |f| nested(8, f)),
];
