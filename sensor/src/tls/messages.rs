//! Handshake messages (RFC 8446, section 4): contents of records in, messages out. Keeps only those that say something
//! to an onlooker, and of those at most 64 KiB.

use super::bytes::Bytes;

/// Longest message kept: hellos with many key shares are below 10 KiB.
const BODY_MAX: usize = 64 << 10;

pub(super) const CLIENT_HELLO: u8 = 1;
pub(super) const SERVER_HELLO: u8 = 2;
pub(super) const ENCRYPTED_EXTENSIONS: u8 = 8;
pub(super) const END_OF_EARLY_DATA: u8 = 5;
pub(super) const FINISHED: u8 = 20;
pub(super) const KEY_UPDATE: u8 = 24;

/// The messages of one direction.
#[derive(Default)]
pub(super) struct Messages {
    head: Vec<u8>,
    left: usize,
    body: Vec<u8>,
}

impl Messages {
    /// Takes bytes from `input` until a message is whole, and returns its kind. `Err` when one is too long to be kept.
    pub(super) fn next(&mut self, input: &mut &[u8]) -> Result<Option<u8>, ()> {
        let mut rest = Bytes(input);
        if self.head.len() < 4 {
            let taken = rest.take((4 - self.head.len()).min(input.len())).unwrap_or_default();
            self.head.extend_from_slice(taken);
            let [_, high, middle, low] = *self.head.as_slice() else {
                *input = rest.0;
                return Ok(None);
            };
            self.left = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
            self.body.clear();
        }
        let kind = self.head.first().copied().unwrap_or_default();
        let kept = matches!(kind, CLIENT_HELLO | SERVER_HELLO | ENCRYPTED_EXTENSIONS);
        if kept && self.left > BODY_MAX {
            return Err(());
        }
        let taken = rest.take(self.left.min(rest.0.len())).unwrap_or_default();
        *input = rest.0;
        self.left -= taken.len();
        if kept {
            self.body.extend_from_slice(taken);
        }
        if self.left > 0 {
            return Ok(None);
        }
        self.head.clear();
        Ok(Some(kind))
    }

    /// The body of the message that was whole, if its kind is kept; its room is given up.
    pub(super) fn take_body(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.body)
    }

    /// Forgets a message that is not whole.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Bytes held on the heap.
    pub(super) fn memory(&self) -> usize {
        self.head.capacity() + self.body.capacity()
    }
}
