//! Marks: hashes with a small note each, in a table of fixed size. A newer mark takes the place of an older one: what is
//! forgotten is as if it had not been.

use serde::{Deserialize, Serialize};

/// Places of a table that was used.
const PLACES: usize = 1_024;
/// Bits of a note; the rest of the word is of the hash.
const NOTE: u32 = 3;

/// A table of marks. Takes no room before the first.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Marks(Vec<u32>);

impl Marks {
    /// The note of a mark.
    pub(super) fn note(&self, tag: u32) -> Option<u32> {
        let word = *self.0.get(place(tag))?;
        (word & !NOTE == whole(tag)).then_some(word & NOTE)
    }

    /// Puts a mark with a note of 0 to 3.
    pub(super) fn put(&mut self, tag: u32, note: u32) {
        if self.0.is_empty() {
            self.0.resize(PLACES, 0);
        }
        if let Some(word) = self.0.get_mut(place(tag)) {
            *word = whole(tag) | note & NOTE;
        }
    }

    /// Takes a mark away and tells its note.
    pub(super) fn take(&mut self, tag: u32) -> Option<u32> {
        let note = self.note(tag)?;
        if let Some(word) = self.0.get_mut(place(tag)) {
            *word = 0;
        }
        Some(note)
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.len() * size_of::<u32>()
    }

    pub(super) fn is_sound(&self) -> bool {
        self.0.is_empty() || self.0.len() == PLACES
    }
}

fn place(tag: u32) -> usize {
    tag as usize / 4 % PLACES
}

/// The part of a hash that is kept; never zero, which is an empty place.
fn whole(tag: u32) -> u32 {
    (tag & !NOTE).max(NOTE + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_mark_of_a_place_stays() {
        let mut marks = Marks::default();
        assert_eq!((marks.note(9), marks.bytes()), (None, 0));
        marks.put(9, 2);
        assert_eq!((marks.note(9), marks.note(9 + 4_096)), (Some(2), None));
        marks.put(9 + 4_096, 1);
        assert_eq!((marks.note(9), marks.take(9 + 4_096), marks.note(9 + 4_096)), (None, Some(1), None));
        assert!(marks.is_sound());
    }
}
