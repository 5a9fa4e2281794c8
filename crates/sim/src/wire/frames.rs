//! Frames: a TCP segment in, an Ethernet frame with right checksums out (RFC 791, RFC 8200, RFC 9293).

use std::net::{IpAddr, SocketAddr};

/// Flags of a segment.
pub(super) const FIN: u8 = 0x01;
pub(super) const SYN: u8 = 0x02;
pub(super) const PSH: u8 = 0x08;
pub(super) const ACK: u8 = 0x10;

/// A segment.
#[derive(Clone, Copy)]
pub(super) struct Segment<'a> {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) flags: u8,
    pub(super) payload: &'a [u8],
}

/// Writes the frame.
pub(super) fn write(segment: &Segment<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]);
    let tcp_len = u16::try_from(20 + segment.payload.len()).unwrap_or(u16::MAX);
    let mut pseudo = Sum::default();
    match (segment.from.ip(), segment.to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            out.extend_from_slice(&[0x08, 0x00]);
            let start = out.len();
            out.extend_from_slice(&[0x45, 0]);
            out.extend_from_slice(&(20 + tcp_len).to_be_bytes());
            out.extend_from_slice(&[0, 0, 0x40, 0, 64, 6, 0, 0]);
            out.extend_from_slice(&from.octets());
            out.extend_from_slice(&to.octets());
            let mut sum = Sum::default();
            sum.add(out.get(start..).unwrap_or_default());
            patch(out, start + 10, sum.finish());
            pseudo.add(&from.octets());
            pseudo.add(&to.octets());
        }
        (from, to) => {
            let (from, to) = (six(from), six(to));
            out.extend_from_slice(&[0x86, 0xdd, 0x60, 0, 0, 0]);
            out.extend_from_slice(&tcp_len.to_be_bytes());
            out.extend_from_slice(&[6, 64]);
            out.extend_from_slice(&from);
            out.extend_from_slice(&to);
            pseudo.add(&from);
            pseudo.add(&to);
        }
    }
    pseudo.add(&[0, 6]);
    pseudo.add(&tcp_len.to_be_bytes());
    let start = out.len();
    out.extend_from_slice(&segment.from.port().to_be_bytes());
    out.extend_from_slice(&segment.to.port().to_be_bytes());
    out.extend_from_slice(&segment.seq.to_be_bytes());
    out.extend_from_slice(&segment.ack.to_be_bytes());
    out.extend_from_slice(&[0x50, segment.flags, 0xff, 0xff, 0, 0, 0, 0]);
    out.extend_from_slice(segment.payload);
    pseudo.add(out.get(start..).unwrap_or_default());
    patch(out, start + 16, pseudo.finish());
}

fn six(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}

fn patch(out: &mut [u8], at: usize, sum: u16) {
    if let Some(place) = out.get_mut(at..at + 2) {
        place.copy_from_slice(&sum.to_be_bytes());
    }
}

/// The Internet checksum (RFC 1071).
#[derive(Default)]
struct Sum(u64);

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        let mut pairs = bytes.chunks_exact(2);
        for pair in &mut pairs {
            self.0 += u64::from(u16::from_be_bytes([pair[0], pair[1]]));
        }
        if let [last] = pairs.remainder() {
            self.0 += u64::from(*last) << 8;
        }
    }

    fn finish(self) -> u16 {
        let mut sum = self.0;
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !u16::try_from(sum).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_add_up_to_zero() {
        for (from, to) in [("10.0.0.1:5", "10.0.0.2:80"), ("[2001:db8::1]:5", "[2001:db8::2]:80")] {
            let (from, to) = (from.parse().expect("literal"), to.parse().expect("literal"));
            let mut frame = Vec::new();
            write(&Segment { from, to, seq: 7, ack: 9, flags: ACK, payload: b"odd" }, &mut frame);
            let tcp = frame.len() - 23;
            let addresses = if frame[12] == 8 { &frame[26..34] } else { &frame[22..54] };
            let mut sum = Sum::default();
            sum.add(addresses);
            sum.add(&[0, 6, 0, 23]);
            sum.add(&frame[tcp..]);
            assert_eq!(sum.finish(), 0);
            if frame[12] == 8 {
                let mut sum = Sum::default();
                sum.add(&frame[14..34]);
                assert_eq!(sum.finish(), 0);
            }
        }
    }
}
