//! One connection, segment by segment: any order, any numbers, any flags in. Bytes that are handed on were sent in their
//! places, every frame is accounted for, and nothing is left at the end.

use std::{
    cell::RefCell,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use model::{ApiCall, LossUnit, Timestamp};

use super::{
    names,
    segments::{letter, version},
};
use crate::{Frame, LinkType, Sensor, SensorConfig};

/// Positions of a direction that are looked at.
const ROOM: usize = 512;
const ISNS: [u32; 2] = [u32::MAX - 60, 7_000];
const SYN: u8 = 2;
const ACK: u8 = 16;

/// A sensor, its time, and what was sent to it.
struct Stand {
    sensor: Sensor,
    now: Timestamp,
}

/// What was sent: per direction and position, as a set of versions.
struct Sent([[u16; ROOM]; 2]);

impl Stand {
    fn new() -> Self {
        let mut config = SensorConfig { memory_bytes: 1 << 20, ..SensorConfig::default() };
        config.half_stream_bytes_max = 4_096;
        config.http.body_bytes_max = 4_096;
        let mut sensor = Sensor::new(config, names());
        sensor.tap();
        Self { sensor, now: Timestamp::from_parts(1_000, 0) }
    }

    /// One segment of the client (0) or the server (1), by offsets from its first byte.
    fn send(&mut self, side: usize, (seq, ack): (u32, u32), flags: u8, payload: &[u8]) -> Vec<ApiCall> {
        let [own, other] = [ISNS[side], ISNS[1 - side]];
        let ends = [([198, 51, 100, 7], 40_000_u16), ([192, 0, 2, 1], 80)];
        let (from, to) = (ends[side], ends[1 - side]);
        let mut bytes = [0_u8; 40 + 256];
        let length = 40 + payload.len();
        bytes[0] = 0x45;
        bytes[2..4].copy_from_slice(&u16::try_from(length).unwrap_or(0).to_be_bytes());
        bytes[8..10].copy_from_slice(&[64, 6]);
        bytes[12..16].copy_from_slice(&from.0);
        bytes[16..20].copy_from_slice(&to.0);
        bytes[20..22].copy_from_slice(&from.1.to_be_bytes());
        bytes[22..24].copy_from_slice(&to.1.to_be_bytes());
        bytes[24..28].copy_from_slice(&own.wrapping_add(seq).to_be_bytes());
        bytes[28..32].copy_from_slice(&other.wrapping_add(ack).to_be_bytes());
        bytes[32..36].copy_from_slice(&[0x50, flags, 0x7f, 0xff]);
        bytes[40..length].copy_from_slice(payload);
        let bytes = &bytes[..length];
        let wire_len = u32::try_from(length).unwrap_or(0);
        let mut calls = Vec::new();
        // No two at one time: a tap tells flows of the same ends apart by when they began.
        self.now = self.now.after(Duration::from_micros(1));
        self.sensor.push(Frame { at: self.now, bytes, wire_len, link: LinkType::Raw }, &mut calls);
        calls
    }

    fn end(&mut self) {
        self.sensor.finish(&mut Vec::new());
        let (counts, losses) = (self.sensor.counts(), self.sensor.losses());
        assert_eq!(counts.frames, counts.frames_used + losses.sum(LossUnit::Frames), "all accounted for");
        assert!(counts.fates.is_balanced(), "{:?}", counts.fates);
        assert_eq!((counts.flows_open, counts.memory_bytes), (0, 0), "nothing is left");
        // What tables without flows remember is forgotten by the next run.
        self.now = self.now.after(Duration::from_secs(1_000));
    }
}

impl Sent {
    fn note(&mut self, side: usize, first: u32, length: usize, version: u8) {
        // The first byte has the number behind the SYN.
        let Some(first) = first.checked_sub(1).and_then(|first| usize::try_from(first).ok()) else { return };
        for set in self.0[side].iter_mut().skip(first).take(length) {
            *set |= 1 << version;
        }
    }

    fn check(&self, side: usize, heard: &[u8]) {
        for (at, byte) in heard.iter().enumerate().take(ROOM) {
            let version = version(at, *byte);
            assert!(version < 16 && self.0[side][at] >> version & 1 == 1, "nobody sent byte {at} of {side}");
        }
    }
}

/// Segments after a handshake and a byte of each side, six bytes each: whose, with which flags, where, what they acknowledge, how long, and how
/// long after the last one.
pub fn flow(data: &[u8]) {
    thread_local! {
        static STAND: RefCell<Stand> = RefCell::new(Stand::new());
    }
    STAND.with_borrow_mut(|stand| {
        let mut sent = Sent([[0; ROOM]; 2]);
        stand.send(0, (0, 0), SYN, b"");
        stand.send(1, (0, 1), SYN | ACK, b"");
        stand.send(0, (1, 1), ACK, b"");
        // A byte each: from here on both know where the other one begins.
        for (side, ack) in [(0, 1), (1, 2)] {
            sent.note(side, 1, 1, 0);
            stand.send(side, (1, ack), ACK, &[letter(0, 0)]);
        }
        for step in data.chunks_exact(6) {
            step_of(stand, &mut sent, [step[0], step[1], step[2], step[3], step[4], step[5]]);
        }
        stand.end();
        let client = SocketAddr::from((Ipv4Addr::new(198, 51, 100, 7), 40_000));
        let heard = stand.sensor.tap().take(client);
        sent.check(0, &heard.bytes[0]);
        sent.check(1, &heard.bytes[1]);
    });
}

fn step_of(stand: &mut Stand, sent: &mut Sent, [kind, seq, ack, length, version, wait]: [u8; 6]) {
    let side = usize::from(kind & 1);
    // No urgent bytes: they leave the stream, and positions would shift. SYNs come seldom.
    let mut flags = [ACK, ACK | 1, ACK | 4, 0, 4, ACK | 8, 1, SYN | ACK][usize::from(kind >> 1) & 7];
    if flags & SYN != 0 && version & 0x10 != 0 {
        flags = SYN;
    }
    let far = if version & 0xe0 == 0xe0 { 17 << 20 } else { 0 };
    let number = |byte: u8| 1 + u32::from(byte) + far;
    let (first, version) = (number(seq), version & 15);
    let length = if kind & 0x40 != 0 { 0 } else { usize::from(length) };
    let from = usize::try_from(first).unwrap_or(1) - 1;
    let mut payload = [0_u8; 256];
    for (at, byte) in payload.iter_mut().take(length).enumerate() {
        *byte = letter(from + at, version);
    }
    if flags & SYN == 0 {
        sent.note(side, first, length, version);
    }
    stand.now = stand.now.after(Duration::from_millis(u64::from(wait >> 4).pow(4)));
    let payload = payload.get(..length).unwrap_or_default();
    for call in stand.send(side, (first, number(ack)), flags, payload) {
        assert!(call.at <= call.ended_at, "a call ends after it begins");
    }
}
