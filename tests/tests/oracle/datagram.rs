//! Datagrams: what a segment should be in, IPv4 bytes with right checksums out, and the few fields of an answer that
//! matter.

use std::net::SocketAddrV4;

use crate::cases::{Opening, Sent, flags};

/// Time stamp of every SYN.
const STAMP: u32 = 0x7FFF_FF00;

/// The two ends of a connection, and where their streams begin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    pub(crate) client: SocketAddrV4,
    pub(crate) server: SocketAddrV4,
    /// First byte of client and server.
    pub(crate) starts: [u32; 2],
    /// What the server acknowledged last.
    pub(crate) acked: u32,
    /// The server's newest time stamp.
    pub(crate) echo: u32,
}

fn sum(words: &[u8]) -> u32 {
    words.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0))).sum()
}

fn folded(mut sum: u32) -> u16 {
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !(sum as u16)
}

/// A datagram from the client; `options` are padded here.
fn datagram(ends: &Ends, sent: &Sent, seq: u32, ack: u32, options: &[u8]) -> Vec<u8> {
    let padded = options.len().next_multiple_of(4);
    let total = (40 + padded + sent.bytes.len()) as u16;
    let mut bytes = vec![0x45, 0];
    bytes.extend(total.to_be_bytes());
    bytes.extend([0, 1, 0x40, 0, 64, 6, 0, 0]);
    bytes.extend(ends.client.ip().octets());
    bytes.extend(ends.server.ip().octets());
    let header_sum = folded(sum(&bytes));
    bytes[10..12].copy_from_slice(&header_sum.to_be_bytes());
    bytes.extend(ends.client.port().to_be_bytes());
    bytes.extend(ends.server.port().to_be_bytes());
    bytes.extend(seq.to_be_bytes());
    bytes.extend(ack.to_be_bytes());
    bytes.extend([((20 + padded) * 4) as u8, sent.flags]);
    bytes.extend(sent.window.to_be_bytes());
    bytes.extend([0, 0]);
    bytes.extend(sent.urgent.to_be_bytes());
    bytes.extend(options);
    bytes.resize(40 + padded, 1);
    bytes.extend(&sent.bytes);
    let pseudo = sum(&bytes[12..20]) + 6 + (bytes.len() as u32 - 20);
    let mut check = folded(pseudo + sum(&bytes[20..]));
    if sent.broken {
        check ^= 0x5A5A;
    }
    bytes[36..38].copy_from_slice(&check.to_be_bytes());
    bytes
}

/// The client's SYN.
pub(crate) fn syn(ends: &Ends, opening: &Opening) -> Vec<u8> {
    let mut options = vec![2, 4, 5, 0xB4];
    if opening.sack {
        options.extend([4, 2]);
    }
    if let Some(scale) = opening.scale {
        options.extend([3, 3, scale]);
    }
    if opening.timestamps {
        options.extend([8, 10]);
        options.extend(STAMP.to_be_bytes());
        options.extend([0; 4]);
    }
    let sent = Sent { flags: flags::SYN, bytes: opening.early.to_vec(), ..plain() };
    datagram(ends, &sent, opening.isn, 0, &options)
}

/// A segment of the established connection.
pub(crate) fn segment(ends: &Ends, sent: &Sent) -> Vec<u8> {
    let mut options = Vec::new();
    if let Some(stamp) = sent.stamp {
        options.extend([1, 1, 8, 10]);
        options.extend(STAMP.wrapping_add_signed(stamp).to_be_bytes());
        options.extend(ends.echo.to_be_bytes());
    }
    if sent.signed {
        options.extend([19, 18]);
        options.extend([7; 16]);
    }
    let seq = ends.starts[0].wrapping_add(sent.at as u32);
    datagram(ends, sent, seq, ends.starts[1].wrapping_add(sent.ack as u32), &options)
}

/// A segment without anything.
pub(crate) fn plain() -> Sent {
    Sent {
        at: 0,
        flags: flags::ACK,
        bytes: Vec::new(),
        ack: 0,
        window: 65_535,
        stamp: None,
        urgent: 0,
        signed: false,
        broken: false,
    }
}

/// What an answer tells: destination port, sequence number, acknowledged number, time stamp.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub(crate) to: u16,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) window: u16,
    pub(crate) stamp: Option<u32>,
}

fn be32(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// Reads a datagram of the kernel.
pub(crate) fn answer(datagram: &[u8]) -> Answer {
    let tcp = &datagram[20..];
    let mut options = &tcp[20..usize::from(tcp[12] >> 4) * 4];
    let mut stamp = None;
    while let [kind, rest @ ..] = options {
        match (kind, rest.first()) {
            (0, _) | (_, None) => break,
            (1, _) => options = rest,
            (8, _) => {
                stamp = Some(be32(rest, 1));
                options = &rest[9..];
            }
            (_, Some(length)) => options = &options[usize::from(*length)..],
        }
    }
    Answer {
        to: u16::from_be_bytes([tcp[2], tcp[3]]),
        seq: be32(tcp, 4),
        ack: be32(tcp, 8),
        window: u16::from_be_bytes([tcp[14], tcp[15]]),
        stamp,
    }
}
