//! Messages of gRPC and gRPC-web ("gRPC over HTTP2", length-prefixed messages): bytes in pieces in, number and sizes of
//! messages out. Keeps none of them.

use model::Messages;

use super::Role;

/// Bytes before each message: flags and a length.
const PREFIX_BYTES: usize = 5;
const COMPRESSED: u8 = 0x01;
/// The message is the trailers of gRPC-web.
const TRAILERS: u8 = 0x80;
/// Bytes of such trailers that are looked at.
const TRAILER_BYTES_MAX: usize = 1_024;

/// A stream of messages while it streams by.
pub(super) struct GrpcScan {
    /// Whether it is base64 text (`application/grpc-web-text`).
    is_text: bool,
    /// Bits of text that make no whole byte yet, and how many.
    bits: u32,
    have_bits: u8,
    prefix: [u8; PREFIX_BYTES],
    have: usize,
    /// Bytes of the message in hand still to come.
    left: u64,
    /// Trailers as far as they came.
    trailers: Vec<u8>,
    messages: u64,
    bytes: u64,
    longest: u32,
    has_compressed: bool,
}

impl GrpcScan {
    pub(super) fn new(is_text: bool) -> Self {
        Self {
            is_text,
            bits: 0,
            have_bits: 0,
            prefix: [0; PREFIX_BYTES],
            have: 0,
            left: 0,
            trailers: Vec::new(),
            messages: 0,
            bytes: 0,
            longest: 0,
            has_compressed: false,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        if !self.is_text {
            return self.read(bytes);
        }
        for byte in bytes {
            let value = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => {
                    // Padding: each chunk of text is padded for itself.
                    (self.bits, self.have_bits) = (0, 0);
                    continue;
                }
            };
            self.bits = self.bits << 6 | u32::from(value);
            self.have_bits += 6;
            if self.have_bits >= 8 {
                self.have_bits -= 8;
                let byte = u8::try_from(self.bits >> self.have_bits & 0xFF).unwrap_or(0);
                self.bits &= (1 << self.have_bits) - 1;
                self.read(&[byte]);
            }
        }
    }

    fn read(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.have < PREFIX_BYTES {
                let n = rest.len().min(PREFIX_BYTES - self.have);
                let (part, after) = rest.split_at(n);
                if let Some(place) = self.prefix.get_mut(self.have..self.have + n) {
                    place.copy_from_slice(part);
                }
                self.have += n;
                rest = after;
                if self.have == PREFIX_BYTES {
                    let [_, a, b, c, d] = self.prefix;
                    self.left = u64::from(u32::from_be_bytes([a, b, c, d]));
                }
            } else {
                let n = rest.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
                let (part, after) = rest.split_at(n);
                self.left -= n as u64;
                rest = after;
                if self.prefix[0] & TRAILERS != 0 {
                    let room = TRAILER_BYTES_MAX.saturating_sub(self.trailers.len());
                    self.trailers.extend_from_slice(part.get(..n.min(room)).unwrap_or_default());
                }
            }
            if self.have == PREFIX_BYTES && self.left == 0 {
                self.end_message();
            }
        }
    }

    fn end_message(&mut self) {
        self.have = 0;
        let [flags, a, b, c, d] = self.prefix;
        if flags & TRAILERS != 0 {
            return;
        }
        let length = u32::from_be_bytes([a, b, c, d]);
        self.messages += 1;
        self.bytes += u64::from(length);
        self.longest = self.longest.max(length);
        self.has_compressed |= flags & COMPRESSED != 0;
    }

    /// Whether a message was compressed.
    pub(super) fn has_compressed(&self) -> bool {
        self.has_compressed
    }

    /// Whether the stream stands between two messages.
    pub(super) fn is_between(&self) -> bool {
        self.have == 0
    }

    /// The messages so far, as sent by this side.
    pub(super) fn messages(&self, role: Role) -> Messages {
        let (count, bytes, longest) = (self.messages, self.bytes, self.longest);
        match role {
            Role::Request => {
                Messages { sent: count, sent_bytes: bytes, sent_longest: longest, ..Messages::default() }
            }
            Role::Answer => Messages {
                received: count,
                received_bytes: bytes,
                received_longest: longest,
                ..Messages::default()
            },
        }
    }

    /// `grpc-status` of the trailers of gRPC-web.
    pub(super) fn status(&self) -> Option<u32> {
        let line =
            |line: &&[u8]| line.get(..12).is_some_and(|name| name.eq_ignore_ascii_case(b"grpc-status:"));
        let line = self.trailers.split(|byte| *byte == b'\n').find(line)?;
        std::str::from_utf8(line.get(12..)?.trim_ascii()).ok()?.parse().ok()
    }

    pub(super) fn memory(&self) -> usize {
        self.trailers.capacity()
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use proptest::prelude::*;

    use super::*;

    fn stream() -> Vec<u8> {
        let trailer = b"grpc-status: 5\r\ngrpc-message: x\r\n";
        let prefix =
            |flags: u8, n: usize| [&[flags][..], &u32::try_from(n).expect("small").to_be_bytes()].concat();
        [
            &prefix(0, 0)[..],
            &prefix(1, 3),
            b"abc",
            &prefix(0, 300),
            &[7; 300],
            &prefix(0x80, trailer.len()),
            trailer,
        ]
        .concat()
    }

    fn told(is_text: bool, pieces: &[&[u8]]) -> (Messages, Option<u32>, bool, bool) {
        let mut scan = GrpcScan::new(is_text);
        pieces.iter().for_each(|piece| scan.push(piece));
        (scan.messages(Role::Answer), scan.status(), scan.has_compressed(), scan.is_between())
    }

    #[test]
    fn counts_messages_and_reads_the_status_of_the_web() {
        let (messages, status, compressed, between) = told(false, &[&stream()]);
        assert_eq!((messages.received, messages.received_bytes, messages.received_longest), (3, 303, 300));
        assert_eq!((status, compressed, between), (Some(5), true, true));
        let text = stream().chunks(100).map(|chunk| STANDARD.encode(chunk)).collect::<String>();
        assert_eq!(told(true, &[text.as_bytes()]), told(false, &[&stream()]));
    }

    /// Case 2.14: a length of 2^32-1 holds nothing and wraps nowhere.
    #[test]
    fn the_longest_length_is_a_number_only() {
        let (messages, _, _, between) = told(false, &[&[0, 255, 255, 255, 255], &[1; 10_000]]);
        assert_eq!((messages, between), (Messages::default(), false));
    }

    proptest! {
        #[test]
        fn cuts_change_nothing(mut cuts in prop::collection::vec(0_usize..363, 0..9)) {
            let bytes = stream();
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for to in cuts.into_iter().chain([bytes.len()]) {
                let to = to.min(bytes.len());
                pieces.push(&bytes[from..to]);
                from = to;
            }
            prop_assert_eq!(told(false, &pieces), told(false, &[&bytes]));
        }
    }
}
