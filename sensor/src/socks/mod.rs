//! SOCKS 4, 4a and 5 (RFC 1928, RFC 1929): the words before a tunnel in, what came behind them out. Keeps no name and no
//! password; reads CONNECT without or with a password, nothing else.

mod words;

#[cfg(test)]
mod tests;

use model::{Ambiguities, Ambiguity, SessionFates};
use zeroize::{Zeroize as _, Zeroizing};

use crate::stream::{Direction, Piece};
use words::{Step, Word, word};

/// Unread bytes kept of a direction: the longest word is 519 bytes, the rest is for clients that do not wait.
const HELD_MAX: usize = 1_024;

/// Whether these first bytes of a client are surely nothing but SOCKS.
pub(crate) fn looks_like_socks(bytes: &[u8]) -> bool {
    matches!(bytes, [4] | [4, 1 | 2, ..] | [5] | [5, 1..=255, ..])
}

/// What became of a piece.
pub(crate) enum Heard {
    /// More words are to come.
    More,
    /// The tunnel is open: so many bytes of the request stream were SOCKS. What has come of the tunnel itself.
    Open { taken: u64, request: Vec<u8>, response: Vec<u8> },
    /// It will carry nothing that we read.
    Closed,
}

/// The words of one flow.
pub(crate) struct Socks {
    step: Step,
    held: [Zeroizing<Vec<u8>>; 2],
    /// Bytes of the request stream that were words.
    taken: u64,
    taints: Ambiguities,
}

impl Socks {
    pub(crate) fn new(taints: Ambiguities) -> Self {
        Self { step: Step::Ask, held: Default::default(), taken: 0, taints }
    }

    /// The next piece of a direction.
    pub(crate) fn piece(
        &mut self,
        direction: Direction,
        piece: Piece<'_>,
        fates: &mut SessionFates,
    ) -> Heard {
        let Piece::Bytes(mut rest) = piece else {
            return if self.is_opaque() { Heard::More } else { self.close(&[], fates) };
        };
        if self.is_opaque() {
            fates.opaque += rest.len() as u64;
            return Heard::More;
        }
        loop {
            let held = &mut self.held[direction as usize];
            if held.capacity() == 0 {
                // Never grown, so that no old copy of a password stays behind.
                held.reserve_exact(HELD_MAX);
            }
            let room = HELD_MAX.saturating_sub(held.len()).min(rest.len());
            let (fits, after) = rest.split_at_checked(room).unwrap_or_default();
            held.extend_from_slice(fits);
            rest = after;
            match self.advance(fates) {
                Some(Step::Closed) => return self.close(rest, fates),
                Some(Step::Open) => return self.open(direction, rest),
                Some(_) => {}
                None if rest.is_empty() => return Heard::More,
                None => return self.close(rest, fates),
            }
        }
    }

    /// Bytes of this flow are ambiguous.
    pub(crate) fn taint(&mut self, why: Ambiguity) {
        self.taints.insert(why);
    }

    /// In which ways the flow's bytes are ambiguous.
    pub(crate) fn ambiguities(&self) -> Ambiguities {
        self.taints
    }

    /// Whether nothing more will be read.
    pub(crate) fn is_opaque(&self) -> bool {
        self.step == Step::Closed
    }

    /// Bytes held on the heap.
    pub(crate) fn memory(&self) -> usize {
        self.held.iter().map(|held| held.capacity()).sum()
    }

    /// Bytes of words that are not whole yet.
    pub(crate) fn waiting(&self) -> u64 {
        self.held.iter().map(|held| held.len() as u64).sum()
    }

    /// Reads the words that are whole; the last step, if there was one.
    fn advance(&mut self, fates: &mut SessionFates) -> Option<Step> {
        let mut last = None;
        while let Some(direction) = self.step.speaker() {
            let held = &mut self.held[direction as usize];
            match word(self.step, held) {
                Word::More => break,
                Word::Whole { length, next } => {
                    fates.framing += length as u64;
                    if direction == Direction::Request {
                        self.taken += length as u64;
                    }
                    let left = held.len().saturating_sub(length);
                    held.copy_within(length.., 0);
                    held.get_mut(left..).unwrap_or_default().zeroize();
                    held.truncate(left);
                    self.step = next;
                    last = Some(next);
                }
            }
        }
        last
    }

    /// Hands over what came behind the words.
    fn open(&mut self, direction: Direction, rest: &[u8]) -> Heard {
        let [mut request, mut response] = self.held.each_ref().map(|held| held.to_vec());
        match direction {
            Direction::Request => request.extend_from_slice(rest),
            Direction::Response => response.extend_from_slice(rest),
        }
        self.held = Default::default();
        Heard::Open { taken: self.taken, request, response }
    }

    fn close(&mut self, rest: &[u8], fates: &mut SessionFates) -> Heard {
        fates.opaque += self.waiting() + rest.len() as u64;
        self.held = Default::default();
        self.step = Step::Closed;
        Heard::Closed
    }
}
