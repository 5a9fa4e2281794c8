//! Captures: calls with their bytes in order of `ended_at` in, a capture file of frames in order of time out. Connections
//! open with a handshake, are kept alive, and end.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    io::{self, Write},
    net::SocketAddr,
};

use model::ApiCall;

use super::{
    Bytes,
    frames::{ACK, FIN, PSH, SYN, Segment, write},
};
use crate::stage::{KEEP_ALIVE, PATIENCE};

/// Payload of a segment.
const SEGMENT_MAX: usize = 1_400;

/// Segments after which the other side says what it has.
const ACKNOWLEDGED: u64 = 16;

/// A frame that waits for its turn: time, number, bytes.
type Waiting = Reverse<(u64, u64, Vec<u8>)>;

/// A connection: what comes next from each side, and when it was used last.
#[derive(Clone, Copy)]
struct Connection {
    server: SocketAddr,
    next: [u32; 2],
    last: u64,
}

/// Writes a capture in pcap's form with nanoseconds.
pub struct PcapWriter<W: Write> {
    out: W,
    waiting: BinaryHeap<Waiting>,
    connections: BTreeMap<SocketAddr, Connection>,
    frames: u64,
    swept: u64,
    /// Everything before this is written.
    flushed: u64,
}

impl<W: Write> std::fmt::Debug for PcapWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PcapWriter({} frames)", self.frames)
    }
}

impl<W: Write> PcapWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn new(mut out: W) -> io::Result<Self> {
        let mut head = Vec::new();
        head.extend_from_slice(&0xa1b2_3c4d_u32.to_le_bytes());
        head.extend_from_slice(&[2, 0, 4, 0]);
        head.extend_from_slice(&[0; 8]);
        head.extend_from_slice(&262_144_u32.to_le_bytes());
        head.extend_from_slice(&1_u32.to_le_bytes());
        out.write_all(&head)?;
        let (waiting, connections) = (BinaryHeap::new(), BTreeMap::new());
        Ok(Self { out, waiting, connections, frames: 0, swept: 0, flushed: 0 })
    }

    /// Adds a call. Calls come in order of `ended_at`.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn push(&mut self, call: &ApiCall, bytes: &Bytes) -> io::Result<()> {
        let (at, ended) = (call.at.as_nanos(), call.ended_at.as_nanos());
        // A connection whose end lies before this call was not asked for again in between.
        let is_stale = |known: &Connection| at.saturating_sub(known.last) >= KEEP_ALIVE;
        if self.connections.get(&call.peer).is_some_and(is_stale) {
            self.close(call.peer);
        }
        if !self.connections.contains_key(&call.peer) {
            self.open(call.peer, call.server, at);
        }
        self.send(call.peer, 0, &bytes.request, at, at);
        if bytes.answer.is_empty() {
            self.close(call.peer);
        } else {
            self.send(call.peer, 1, &bytes.answer, ended.saturating_sub(20_000).max(at + 1), ended);
        }
        self.sweep(ended);
        // Nothing to come begins before this.
        self.flush(ended.saturating_sub(PATIENCE + 1_000_000))
    }

    /// Ends all connections and the file.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(mut self) -> io::Result<W> {
        let all: Vec<SocketAddr> = self.connections.keys().copied().collect();
        all.into_iter().for_each(|peer| self.close(peer));
        self.flush(u64::MAX)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn frame(&mut self, at: u64, segment: &Segment<'_>) {
        let mut frame = Vec::with_capacity(78 + segment.payload.len());
        write(segment, &mut frame);
        self.frames += 1;
        self.waiting.push(Reverse((at, self.frames, frame)));
    }

    fn open(&mut self, peer: SocketAddr, server: SocketAddr, at: u64) {
        let first = [u32::from(peer.port()) << 12 | 1, u32::from(peer.port()) << 8 | 7];
        let steps: [(bool, u8, u32, u32); 3] = [
            (true, SYN, first[0], 0),
            (false, SYN | ACK, first[1], first[0] + 1),
            (true, ACK, first[0] + 1, first[1] + 1),
        ];
        for (step, (from_client, flags, seq, ack)) in (0..).zip(steps) {
            let (from, to) = if from_client { (peer, server) } else { (server, peer) };
            let at = at.saturating_sub(600_000 - step * 200_000);
            self.frame(at, &Segment { from, to, seq, ack, flags, payload: b"" });
        }
        let next = [first[0] + 1, first[1] + 1];
        let _ = self.connections.insert(peer, Connection { server, next, last: at });
    }

    /// Bytes of one side, in segments from `at` to `until`: the last one at `until`.
    fn send(&mut self, peer: SocketAddr, side: usize, bytes: &[u8], at: u64, until: u64) {
        let Some(connection) = self.connections.get(&peer).copied() else { return };
        let n = bytes.chunks(SEGMENT_MAX).count() as u64;
        let mut next = connection.next;
        for (place, payload) in (1..).zip(bytes.chunks(SEGMENT_MAX)) {
            let (from, to) = if side == 0 { (peer, connection.server) } else { (connection.server, peer) };
            let flags = if place == n { PSH | ACK } else { ACK };
            let time = at + (until - at) * place / n;
            self.frame(time, &Segment { from, to, seq: next[side], ack: next[1 - side], flags, payload });
            next[side] = next[side].wrapping_add(u32::try_from(payload.len()).unwrap_or(0));
            if place % ACKNOWLEDGED == 0 && place < n {
                // The other side keeps up, or the window would be full.
                let ack = next[side];
                self.frame(
                    time,
                    &Segment { from: to, to: from, seq: next[1 - side], ack, flags: ACK, payload: b"" },
                );
            }
        }
        if let Some(connection) = self.connections.get_mut(&peer) {
            (connection.next, connection.last) = (next, connection.last.max(until));
        }
    }

    fn close(&mut self, peer: SocketAddr) {
        let Some(Connection { server, next, last }) = self.connections.remove(&peer) else { return };
        let [client, answers] = next;
        let at = (last + 1_000_000).max(self.flushed + 1);
        let flags = FIN | ACK;
        self.frame(at, &Segment { from: peer, to: server, seq: client, ack: answers, flags, payload: b"" });
        let ack = client.wrapping_add(1);
        self.frame(at + 200_000, &Segment { from: server, to: peer, seq: answers, ack, flags, payload: b"" });
        let (seq, ack) = (ack, answers.wrapping_add(1));
        self.frame(at + 400_000, &Segment { from: peer, to: server, seq, ack, flags: ACK, payload: b"" });
    }

    /// Closes connections that nobody uses any more, now and then.
    fn sweep(&mut self, now: u64) {
        if now < self.swept + KEEP_ALIVE {
            return;
        }
        self.swept = now;
        let is_idle = |known: &Connection| now > known.last + 2 * KEEP_ALIVE;
        let idle: Vec<SocketAddr> =
            self.connections.iter().filter(|(_, known)| is_idle(known)).map(|(peer, _)| *peer).collect();
        idle.into_iter().for_each(|peer| self.close(peer));
    }

    fn flush(&mut self, until: u64) -> io::Result<()> {
        self.flushed = until;
        while let Some(Reverse((at, ..))) = self.waiting.peek() {
            if *at > until {
                break;
            }
            let Some(Reverse((at, _, frame))) = self.waiting.pop() else { break };
            let length = u32::try_from(frame.len()).unwrap_or(0).to_le_bytes();
            let seconds = u32::try_from(at / 1_000_000_000).unwrap_or(u32::MAX).to_le_bytes();
            let nanos = u32::try_from(at % 1_000_000_000).unwrap_or(0).to_le_bytes();
            self.out.write_all(&[seconds, nanos, length, length].concat())?;
            self.out.write_all(&frame)?;
        }
        Ok(())
    }
}
