//! Tapes: a connection with forged and broken segments in, what the sensor makes of its bytes out. Tests only.

use super::*;
use crate::TcpConfig;

/// Place of the TCP header in a frame.
const TCP: usize = 34;

/// The timestamps option with this value.
pub(super) fn stamps(value: u32) -> Vec<u8> {
    [&[1, 1, 8, 10][..], &value.to_be_bytes(), &[0, 0, 0, 9]].concat()
}

/// A connection whose handshake is done.
pub(super) struct Tape {
    script: Script,
    client: u32,
    server: u32,
    tcp: TcpConfig,
    /// Bytes that the snap length cuts from frames, by place.
    cuts: Vec<(usize, usize)>,
}

impl Tape {
    /// The handshake, with these options on both SYNs.
    pub(super) fn open(options: &[u8]) -> Self {
        let mut script = Script::usual();
        let [client, server] = script.next;
        script.handshake();
        let mut tape = Self {
            script,
            client,
            server: server.wrapping_add(1),
            tcp: TcpConfig::default(),
            cuts: Vec::new(),
        };
        for place in [0, 1] {
            tape.add_options(place, options);
        }
        tape
    }

    /// A segment of the client; its first byte is number 1.
    pub(super) fn send(&mut self, at: i32, flags: u8, bytes: &str) -> &mut Self {
        let seq = self.client.wrapping_add_signed(at);
        self.script.raw(From::Client, seq, self.server, flags, bytes.as_bytes());
        self
    }

    /// The same with another acknowledgement, counted from the server's first byte.
    pub(super) fn send_ack(&mut self, at: i32, ack: i32, bytes: &str) -> &mut Self {
        let (seq, ack) = (self.client.wrapping_add_signed(at), self.server.wrapping_add_signed(ack));
        self.script.raw(From::Client, seq, ack, ACK, bytes.as_bytes());
        self
    }

    /// The server has everything before this byte.
    pub(super) fn reply(&mut self, next: i32) -> &mut Self {
        self.reply_window(next, 0xFFFF)
    }

    /// The same with this window.
    pub(super) fn reply_window(&mut self, next: i32, window: u16) -> &mut Self {
        let ack = self.client.wrapping_add_signed(next);
        self.script.raw(From::Server, self.server, ack, ACK, b"");
        self.last()[TCP + 14..TCP + 16].copy_from_slice(&window.to_be_bytes());
        self
    }

    /// Lets time pass, which a frame of somebody else tells.
    pub(super) fn wait(&mut self, span: Duration) -> &mut Self {
        self.script.wait(span);
        let other = Script::usual().next[0];
        self.script.raw(From::Server, other, 0, RST, b"");
        let at = self.last().len();
        self.last().truncate(at - 1);
        self
    }

    /// Puts options into the last frame.
    pub(super) fn options(&mut self, options: &[u8]) -> &mut Self {
        self.add_options(self.script.frames.len() - 1, options);
        self
    }

    fn add_options(&mut self, place: usize, options: &[u8]) {
        let frame = &mut self.script.frames[place].1;
        frame.splice(TCP + 20..TCP + 20, options.iter().copied());
        frame[TCP + 12] += u8::try_from(options.len() * 4).expect("short");
        let total = u16::try_from(frame.len() - 14).expect("short");
        frame[16..18].copy_from_slice(&total.to_be_bytes());
    }

    /// Sets the urgent pointer of the last frame.
    pub(super) fn urgent(&mut self, pointer: u16) -> &mut Self {
        self.last()[TCP + 18..TCP + 20].copy_from_slice(&pointer.to_be_bytes());
        self
    }

    /// Adds bytes behind the datagram of the last frame.
    pub(super) fn trail(&mut self, bytes: &[u8]) -> &mut Self {
        self.last().extend(bytes);
        self
    }

    /// Cuts the last frame as a snap length does.
    pub(super) fn cut(&mut self, bytes: usize) -> &mut Self {
        self.cuts.push((self.script.frames.len() - 1, bytes));
        self
    }

    /// Repeats the last frame.
    pub(super) fn twice(&mut self) -> &mut Self {
        let last = self.script.frames.last().expect("one").clone();
        self.script.frames.push(last);
        self
    }

    /// Sets every checksum right but those at these places, and has them verified.
    pub(super) fn verify_sums(&mut self, wrong: &[usize]) {
        self.tcp.verify_checksums = true;
        for (place, (_, frame)) in self.script.frames.iter_mut().enumerate() {
            let bytes =
                [&frame[26..34], &[0, 6], &u16::try_from(frame.len() - TCP).expect("short").to_be_bytes()];
            let words = [&bytes.concat(), &frame[TCP..]].concat();
            let mut sum: u32 = words
                .chunks(2)
                .map(|pair| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u32::from(*low)))
                .sum();
            while sum > 0xFFFF {
                sum = (sum & 0xFFFF) + (sum >> 16);
            }
            let sum = !u16::try_from(sum).expect("folded") ^ if wrong.contains(&place) { 0x55 } else { 0 };
            frame[TCP + 16..TCP + 18].copy_from_slice(&sum.to_be_bytes());
        }
    }

    fn last(&mut self) -> &mut Vec<u8> {
        &mut self.script.frames.last_mut().expect("one").1
    }

    /// What was handed on of the client's bytes, what became of the flow, and the losses.
    pub(super) fn heard(&self) -> String {
        let config = SensorConfig { tcp: self.tcp.clone(), ..SensorConfig::default() };
        let mut sensor = Sensor::new(config, Pseudonyms::new([3; 16]));
        sensor.tap();
        for (place, (at, bytes)) in self.script.frames.iter().enumerate() {
            let cut = self.cuts.iter().find(|(cut, _)| *cut == place).map_or(0, |(_, cut)| *cut);
            let wire_len = u32::try_from(bytes.len()).expect("small");
            let bytes = &bytes[..bytes.len() - cut];
            sensor.push(Frame { at: *at, bytes, wire_len, link: LinkType::Ethernet }, &mut Vec::new());
        }
        let heard = sensor.tap().take("198.51.100.7:40000".parse().expect("literal"));
        let mut text = String::from_utf8(heard.bytes[0].clone()).expect("letters");
        let names: Vec<_> = heard.ambiguities.iter().map(model::Ambiguity::name).collect();
        if heard.gap {
            text += ", gap";
        }
        if !names.is_empty() {
            text += &format!(", ambiguous ({})", names.join(", "));
        }
        if heard.ended[0] {
            text += ", ended";
        }
        if sensor.counts().flows_open == 0 {
            text += ", closed";
        }
        let implied: &[Loss] = if names.is_empty() {
            &[Loss::Malformed, Loss::NotHttp, Loss::OneSided]
        } else {
            &[Loss::NotHttp, Loss::Duplicate, Loss::DuplicateFrame, Loss::ConflictingOverlap]
        };
        let losses = sensor.losses().nonzero().map(|(loss, _)| loss);
        let losses: Vec<_> = losses.filter(|loss| !implied.contains(loss)).map(Loss::name).collect();
        if !losses.is_empty() {
            text += &format!("; {}", losses.join(", "));
        }
        text
    }
}
