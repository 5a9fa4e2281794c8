//! Frames for tests: a scripted connection in, Ethernet frames out. Never part of the product.

use std::net::{IpAddr, SocketAddr};

use model::Timestamp;

/// FIN flag.
pub(crate) const FIN: u8 = 0x01;
/// SYN flag.
pub(crate) const SYN: u8 = 0x02;
/// RST flag.
pub(crate) const RST: u8 = 0x04;
/// ACK flag.
pub(crate) const ACK: u8 = 0x10;
/// URG flag.
pub(crate) const URG: u8 = 0x20;

/// A frame that owns its bytes.
pub(crate) type OwnedFrame = (Timestamp, Vec<u8>);

/// An Ethernet frame with one TCP segment; checksums are left unset, as offloading does.
pub(crate) fn tcp_frame(
    from: SocketAddr,
    to: SocketAddr,
    seq: u32,
    ack: u32,
    flags: u8,
    payload: &[u8],
) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    let tcp_len = u16::try_from(20 + payload.len()).expect("fits a datagram");
    match (from.ip(), to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            frame.extend([0x08, 0x00, 0x45, 0]);
            frame.extend((20 + tcp_len).to_be_bytes());
            frame.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
            frame.extend(from.octets());
            frame.extend(to.octets());
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            frame.extend([0x86, 0xDD, 0x60, 0, 0, 0]);
            frame.extend(tcp_len.to_be_bytes());
            frame.extend([6, 64]);
            frame.extend(from.octets());
            frame.extend(to.octets());
        }
        _ => panic!("both ends speak the same IP"),
    }
    frame.extend(from.port().to_be_bytes());
    frame.extend(to.port().to_be_bytes());
    frame.extend(seq.to_be_bytes());
    frame.extend(ack.to_be_bytes());
    frame.extend([0x50, flags, 0xFF, 0xFF, 0, 0, 0, 0]);
    frame.extend(payload);
    frame
}

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// One scripted connection; every frame comes 100 microseconds after the one before.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    client: SocketAddr,
    server: SocketAddr,
    /// Next sequence number of client and server.
    pub(crate) next: [u32; 2],
    at: Timestamp,
    /// The frames so far.
    pub(crate) frames: Vec<OwnedFrame>,
}

impl Script {
    /// A connection between two ends, with these initial sequence numbers.
    pub(crate) fn new(client: SocketAddr, server: SocketAddr, isns: [u32; 2]) -> Self {
        let at = Timestamp::from_parts(1_700_000_000, 0);
        Self { client, server, next: isns, at, frames: Vec::new() }
    }

    /// The client's and server's addresses of most tests, with sequence numbers that wrap soon.
    pub(crate) fn usual() -> Self {
        let end = |text: &str| text.parse().expect("literal");
        Self::new(end("198.51.100.7:40000"), end("192.0.2.1:80"), [u32::MAX - 20, 5_000])
    }

    /// Adds a frame with everything given.
    pub(crate) fn raw(&mut self, from: From, seq: u32, ack: u32, flags: u8, payload: &[u8]) -> &mut Self {
        let (sender, receiver) = match from {
            From::Client => (self.client, self.server),
            From::Server => (self.server, self.client),
        };
        self.at = self.at.after(std::time::Duration::from_micros(100));
        self.frames.push((self.at, tcp_frame(sender, receiver, seq, ack, flags, payload)));
        self
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, span: std::time::Duration) -> &mut Self {
        self.at = self.at.after(span);
        self
    }

    /// The three frames of a handshake.
    pub(crate) fn handshake(&mut self) -> &mut Self {
        let [client, server] = self.next;
        self.raw(From::Client, client, 0, SYN, b"");
        self.next[0] = client.wrapping_add(1);
        self.raw(From::Server, server, self.next[0], SYN | ACK, b"");
        self.next[1] = server.wrapping_add(1);
        self.raw(From::Client, self.next[0], self.next[1], ACK, b"")
    }

    /// Sends bytes in segments of at most `cut` bytes.
    pub(crate) fn send(&mut self, from: From, bytes: &[u8], cut: usize) -> &mut Self {
        let (own, other) = if from == From::Client { (0, 1) } else { (1, 0) };
        for part in bytes.chunks(cut.max(1)) {
            self.raw(from, self.next[own], self.next[other], ACK, part);
            self.next[own] = self.next[own].wrapping_add(u32::try_from(part.len()).expect("small"));
        }
        self
    }

    /// A pure acknowledgement of everything sent by the other side.
    pub(crate) fn ack(&mut self, from: From) -> &mut Self {
        let (own, other) = if from == From::Client { (0, 1) } else { (1, 0) };
        self.raw(from, self.next[own], self.next[other], ACK, b"")
    }

    /// Both sides say that they are done.
    pub(crate) fn fin(&mut self) -> &mut Self {
        let [client, server] = self.next;
        self.raw(From::Client, client, server, FIN | ACK, b"");
        self.raw(From::Server, server, client.wrapping_add(1), FIN | ACK, b"");
        self.raw(From::Client, client.wrapping_add(1), server.wrapping_add(1), ACK, b"")
    }

    /// A request and its answer.
    pub(crate) fn exchange(&mut self, request: &[u8], answer: &[u8]) -> &mut Self {
        self.send(From::Client, request, 1_448).send(From::Server, answer, 1_448).ack(From::Client)
    }
}
