//! Server-sent events (WHATWG HTML, section 9.2): bytes in pieces in, number and sizes of messages out. Keeps none.

use model::Messages;

/// An event stream while it streams by.
#[derive(Default)]
pub(super) struct EventScan {
    messages: Messages,
    /// Bytes of the message in hand, line ends not counted.
    length: u32,
    /// Bytes of the line in hand, and whether its name so far is that of data.
    line: u32,
    is_data: bool,
    has_data: bool,
    has_return: bool,
}

impl EventScan {
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        while let Some((&byte, after)) = bytes.split_first() {
            if byte == b'\n' && std::mem::take(&mut self.has_return) {
                bytes = after;
                continue;
            }
            self.has_return = false;
            if byte == b'\r' || byte == b'\n' {
                self.has_return = byte == b'\r';
                self.end_line();
                bytes = after;
            } else if (self.line as usize) < NAME.len() {
                self.is_data =
                    (self.line == 0 || self.is_data) && NAME.get(self.line as usize) == Some(&byte);
                self.line += 1;
                bytes = after;
            } else {
                let n = memchr::memchr2(b'\r', b'\n', bytes).unwrap_or(bytes.len());
                self.line = self.line.saturating_add(u32::try_from(n).unwrap_or(u32::MAX));
                bytes = bytes.get(n..).unwrap_or_default();
            }
        }
    }

    pub(super) fn messages(&self) -> Messages {
        self.messages
    }

    fn end_line(&mut self) {
        if self.line == 0 {
            if std::mem::take(&mut self.has_data) {
                self.messages.received += 1;
                self.messages.received_bytes += u64::from(self.length);
                self.messages.received_longest = self.messages.received_longest.max(self.length);
            }
            self.length = 0;
        } else if self.is_data && self.line as usize >= NAME.len() {
            self.has_data = true;
            // Without the colon.
            self.length = self.length.saturating_add(self.line - 5);
        }
        (self.line, self.is_data) = (0, false);
    }
}

/// How a line of data begins.
const NAME: &[u8] = b"data:";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STREAM: &[u8] =
        b": hello\n\ndata: one\n\nevent: x\ndata: two\r\ndata: three\r\n\r\nid: 7\n\ndata:\n\ndata: cut";

    fn told(pieces: &[&[u8]]) -> Messages {
        let mut scan = EventScan::default();
        pieces.iter().for_each(|piece| scan.push(piece));
        scan.messages()
    }

    #[test]
    fn counts_messages_with_data() {
        let told = told(&[STREAM]);
        assert_eq!((told.received, told.received_bytes, told.received_longest), (3, 14, 10));
    }

    proptest! {
        #[test]
        fn cuts_change_nothing(a in 0..STREAM.len(), b in 0..STREAM.len()) {
            let (a, b) = (a.min(b), a.max(b));
            prop_assert_eq!(told(&[&STREAM[..a], &STREAM[a..b], &STREAM[b..]]), told(&[STREAM]));
        }
    }
}
