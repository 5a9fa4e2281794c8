//! Sensitive data: decoded text of a body in, how many values of each class out. Never keeps a value.

mod card;
mod cluster;
mod context;
mod email;
mod iban;
mod jwt;
mod national;
mod numbers;
mod passport;
mod phone;
mod secret;
mod spot;
#[cfg(test)]
mod tests;

use model::{Sensitive, SensitiveClass};
use smallvec::SmallVec;

use spot::Spot;

/// Bytes before a place that may be looked at to judge it.
const BEHIND: usize = 64;
/// Bytes from a place on that may be looked at to judge it.
const AHEAD: usize = 160;
/// Bytes held between two pieces; wiped when they are let go.
const HELD: usize = BEHIND + AHEAD;

/// The classes, in order.
const CLASSES: [SensitiveClass; 8] = [
    SensitiveClass::CardNumber,
    SensitiveClass::Iban,
    SensitiveClass::Email,
    SensitiveClass::Phone,
    SensitiveClass::NationalId,
    SensitiveClass::Passport,
    SensitiveClass::Jwt,
    SensitiveClass::ApiSecret,
];

/// Values seen per class, saturating.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally([u32; CLASSES.len()]);

impl Tally {
    fn count(&mut self, class: SensitiveClass) {
        if let Some(count) = self.0.get_mut(class as usize) {
            *count = count.saturating_add(1);
        }
    }
}

/// Counts sensitive values while text streams by.
///
/// Each place of the text is judged once, from the 64 bytes before it and the 160 bytes from it on: so it does not
/// matter where the text was cut into pieces.
pub(crate) struct Watcher {
    tally: Tally,
    /// The end of the text so far.
    held: [u8; HELD],
    len: usize,
    /// Places of `held` that are judged already.
    judged: usize,
    /// Bytes after the judged ones that belong to a number judged already.
    taken: usize,
}

impl Watcher {
    /// A watcher that has seen nothing.
    pub(crate) fn new() -> Self {
        Self { tally: Tally::default(), held: [0; HELD], len: 0, judged: 0, taken: 0 }
    }

    /// The next bytes of the text.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if self.len + bytes.len() <= HELD {
            self.hold(bytes);
            return;
        }
        if self.len == 0 {
            self.judge(bytes, bytes.len() - AHEAD);
            self.keep_end(bytes);
            return;
        }
        // What is held, joined by as much of the piece as is needed to judge all of it.
        let mut joint = [0; 2 * HELD];
        let head = bytes.len().min(HELD);
        let size = self.len + head;
        if let (Some(old), Some(new)) = (joint.get_mut(..self.len), bytes.get(..head)) {
            old.copy_from_slice(self.held.get(..self.len).unwrap_or_default());
            if let Some(place) = joint.get_mut(self.len..size) {
                place.copy_from_slice(new);
            }
        }
        let text = joint.get(..size).unwrap_or_default();
        self.judge(text, size - AHEAD);
        if bytes.len() > HELD {
            // The joint is judged up to BEHIND bytes into the piece: the rest is read where it lies.
            self.judged -= self.len;
            self.judge(bytes, bytes.len() - AHEAD);
            self.keep_end(bytes);
        } else {
            self.keep_end(text);
        }
        wipe(&mut joint);
    }

    /// Bytes are missing here: what came before and what comes after are not one text.
    pub(crate) fn cut(&mut self) {
        // A letter on both sides: a value that touches the hole is not whole.
        self.push(b"x");
    }

    /// What was seen, in order of the classes.
    pub(crate) fn finish(mut self) -> SmallVec<[Sensitive; 0]> {
        let held = self.held;
        self.judge(held.get(..self.len).unwrap_or_default(), self.len);
        let seen = CLASSES.iter().zip(self.tally.0).filter(|(_, count)| *count > 0);
        seen.map(|(class, count)| Sensitive { class: *class, count }).collect()
    }

    fn hold(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        if let Some(place) = self.held.get_mut(self.len..end) {
            place.copy_from_slice(bytes);
            self.len = end;
        }
    }

    /// Holds the last bytes of `text`, of which `self.judged` are judged.
    fn keep_end(&mut self, text: &[u8]) {
        let from = text.len().saturating_sub(HELD);
        let end = text.get(from..).unwrap_or_default();
        if let Some(place) = self.held.get_mut(..end.len()) {
            place.copy_from_slice(end);
        }
        self.len = end.len();
        self.judged -= from;
    }

    /// Judges the places of `text` from `self.judged` to `to`.
    fn judge(&mut self, text: &[u8], to: usize) {
        let from = self.judged;
        if from >= to {
            return;
        }
        email::scan(text, from, to, &mut self.tally);
        secret::scan(text, from, to, &mut self.tally);
        let free = numbers::scan(text, from, from + self.taken, to, &mut self.tally);
        self.taken = free.saturating_sub(to);
        self.judged = to;
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        wipe(&mut self.held);
    }
}

/// Clears bytes, all at a time: there are some hundred of them for every piece of a body.
fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    // As if they were read once more, so that clearing them is not left out.
    std::hint::black_box(bytes);
}
