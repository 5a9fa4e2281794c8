//! Scripted HTTP conversations in, timed Ethernet frames out. Written apart from the sensor's decoder, so that
//! the two check each other. Never clever: checksums are left at zero, as offloading interfaces do.

use std::net::SocketAddrV4;

use model::Timestamp;

/// A frame with its capture time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedFrame {
    /// Capture time.
    pub at: Timestamp,
    /// Ethernet frame, without checksum.
    pub bytes: Vec<u8>,
}

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// TCP flag bits.
pub mod flags {
    /// No more data.
    pub const FIN: u8 = 0x01;
    /// Synchronise.
    pub const SYN: u8 = 0x02;
    /// Reset.
    pub const RST: u8 = 0x04;
    /// Push.
    pub const PSH: u8 = 0x08;
    /// Acknowledge.
    pub const ACK: u8 = 0x10;
}

/// A tape of frames with a clock that moves on by `step_ns` a frame.
#[derive(Clone, Debug)]
pub struct Wire {
    /// Time of the next frame, nanoseconds since the epoch.
    pub now_ns: u64,
    /// Time between two frames, nanoseconds.
    pub step_ns: u64,
    /// What was sent.
    pub frames: Vec<TimedFrame>,
}

impl Wire {
    /// An empty tape that starts at the given second, a millisecond a frame.
    #[must_use]
    pub fn starting_at(second: u64) -> Self {
        Self { now_ns: second * 1_000_000_000, step_ns: 1_000_000, frames: Vec::new() }
    }

    /// Lets time pass.
    pub fn wait_ms(&mut self, ms: u64) {
        self.now_ns += ms * 1_000_000;
    }

    /// Puts a frame on the tape.
    pub fn put(&mut self, bytes: Vec<u8>) {
        self.frames.push(TimedFrame { at: Timestamp::from_nanos(self.now_ns), bytes });
        self.now_ns += self.step_ns;
    }
}

/// One TCP connection.
#[derive(Clone, Debug)]
pub struct Connection {
    client: SocketAddrV4,
    server: SocketAddrV4,
    client_next: u32,
    server_next: u32,
    segment_bytes: usize,
}

impl Connection {
    /// A connection that has not sent anything yet. Initial sequence numbers follow from the client's port.
    #[must_use]
    pub fn new(client: SocketAddrV4, server: SocketAddrV4) -> Self {
        let base = u32::from(client.port()).wrapping_mul(2_654_435_761) ^ u32::from(*client.ip());
        Self { client, server, client_next: base, server_next: !base, segment_bytes: 1448 }
    }

    /// The same with other initial sequence numbers, for wraps.
    #[must_use]
    pub fn with_sequence(mut self, client: u32, server: u32) -> Self {
        (self.client_next, self.server_next) = (client, server);
        self
    }

    /// The same with smaller segments.
    #[must_use]
    pub fn with_segments_of(mut self, bytes: usize) -> Self {
        self.segment_bytes = bytes.max(1);
        self
    }

    /// The handshake.
    pub fn open(&mut self, wire: &mut Wire) {
        self.send(wire, Side::Client, flags::SYN, &[]);
        self.client_next = self.client_next.wrapping_add(1);
        self.send(wire, Side::Server, flags::SYN | flags::ACK, &[]);
        self.server_next = self.server_next.wrapping_add(1);
        self.send(wire, Side::Client, flags::ACK, &[]);
    }

    /// Sends data in segments, then the other side's acknowledgement.
    pub fn data(&mut self, wire: &mut Wire, side: Side, data: &[u8]) {
        for part in data.chunks(self.segment_bytes) {
            self.send(wire, side, flags::ACK | flags::PSH, part);
            let next = match side {
                Side::Client => &mut self.client_next,
                Side::Server => &mut self.server_next,
            };
            *next = next.wrapping_add(u32::try_from(part.len()).unwrap_or(0));
        }
        let other = match side {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        };
        self.send(wire, other, flags::ACK, &[]);
    }

    /// A request and its answer.
    pub fn exchange(&mut self, wire: &mut Wire, request: &[u8], answer: &[u8]) {
        self.data(wire, Side::Client, request);
        self.data(wire, Side::Server, answer);
    }

    /// Both sides say goodbye.
    pub fn close(&mut self, wire: &mut Wire) {
        self.send(wire, Side::Client, flags::FIN | flags::ACK, &[]);
        self.client_next = self.client_next.wrapping_add(1);
        self.send(wire, Side::Server, flags::FIN | flags::ACK, &[]);
        self.server_next = self.server_next.wrapping_add(1);
        self.send(wire, Side::Client, flags::ACK, &[]);
    }

    /// One segment at the sender's current place; moves nothing.
    pub fn send(&self, wire: &mut Wire, side: Side, flags: u8, payload: &[u8]) {
        let (seq, ack) = match side {
            Side::Client => (self.client_next, self.server_next),
            Side::Server => (self.server_next, self.client_next),
        };
        let (from, to) = match side {
            Side::Client => (self.client, self.server),
            Side::Server => (self.server, self.client),
        };
        wire.put(frame(from, to, seq, ack, flags, payload));
    }
}

/// An Ethernet frame with IPv4 and TCP inside.
#[must_use]
pub fn frame(from: SocketAddrV4, to: SocketAddrV4, seq: u32, ack: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let total = u16::try_from(40 + payload.len()).unwrap_or(0);
    let mut bytes = Vec::with_capacity(54 + payload.len());
    bytes.extend([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00]);
    bytes.extend([0x45, 0]);
    bytes.extend(total.to_be_bytes());
    bytes.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
    bytes.extend(from.ip().octets());
    bytes.extend(to.ip().octets());
    bytes.extend(from.port().to_be_bytes());
    bytes.extend(to.port().to_be_bytes());
    bytes.extend(seq.to_be_bytes());
    bytes.extend(ack.to_be_bytes());
    bytes.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    bytes.extend(payload);
    bytes
}

/// A capture file of frames: pcap with nanoseconds, little endian, Ethernet.
#[must_use]
pub fn pcap(frames: &[TimedFrame]) -> Vec<u8> {
    let mut file = Vec::new();
    file.extend(0xa1b2_3c4d_u32.to_le_bytes());
    file.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    file.extend(262_144_u32.to_le_bytes());
    file.extend(1_u32.to_le_bytes());
    for TimedFrame { at, bytes } in frames {
        let nanos = at.as_nanos();
        let length = u32::try_from(bytes.len()).unwrap_or(0).to_le_bytes();
        file.extend(u32::try_from(nanos / 1_000_000_000).unwrap_or(0).to_le_bytes());
        file.extend(u32::try_from(nanos % 1_000_000_000).unwrap_or(0).to_le_bytes());
        file.extend(length);
        file.extend(length);
        file.extend(bytes);
    }
    file
}
