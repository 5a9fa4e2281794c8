//! Familiar answers: JSON bodies that came before in, what was told of them out. Clients ask again and again for the same
//! lists and settings; what they get is read once. No value stays: ids and credentials are keyed hashes.

use model::{BodyState, Pseudonyms};

use super::Told;
use crate::memo::Memo;

/// Sets of bodies remembered; a power of two.
const SETS: usize = 512;
/// Longest body that is remembered.
const BODY_BYTES_MAX: usize = 8_192;
/// Most ids of a body that is remembered: what is kept of one takes at most some 6 KB, and mostly one.
const IDS_MAX: usize = 64;

/// Bodies seen lately.
pub(crate) struct Answers(Memo<Told>);

impl Answers {
    pub(crate) fn new(names: &Pseudonyms) -> Self {
        Self(Memo::new(SETS, b"answers", names))
    }

    /// The key of a whole body.
    pub(crate) fn key(&self, body: &[u8]) -> Option<u128> {
        (body.len() <= BODY_BYTES_MAX).then(|| self.0.key(&[body]))
    }

    /// What was told of the body.
    pub(crate) fn find(&self, key: u128) -> Option<&Told> {
        self.0.find(key)
    }

    /// Remembers what was told of a body that was read to its end.
    pub(crate) fn learn(&mut self, key: u128, told: &Told) {
        let is_whole = told.facts.as_ref().is_some_and(|facts| facts.state == BodyState::Whole);
        if is_whole && told.harvest.ids.len() <= IDS_MAX {
            self.0.keep(key, told.clone());
        }
    }
}
