//! Familiar answers: JSON bodies that came before in, what was told of them out. Clients ask again and again for the same
//! lists and settings; what they get is read once. No value stays: ids and credentials are keyed hashes.

use model::{BodyState, Field, FieldId, Pseudonyms};

use super::Told;
use crate::{http::HttpConfig, memo::Memo};

/// Most sets of bodies remembered; a power of two.
const SETS: usize = 256;
/// Longest body that is remembered.
const BODY_BYTES_MAX: usize = 8_192;
/// Longest lists that are remembered of one body: all that is kept takes at most 8 MB.
const LISTS_BYTES_MAX: usize = 3_072;

/// Bodies seen lately.
pub(crate) struct Answers(Memo<Told>);

impl Answers {
    pub(crate) fn new(config: &HttpConfig, names: &Pseudonyms) -> Self {
        Self(Memo::new(config.remembered(SETS), b"answers", names))
    }

    /// Remembers nothing.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn shut(&mut self) {
        self.0.shut();
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
        let Some(facts) = told.facts.as_ref().filter(|facts| facts.state == BodyState::Whole) else { return };
        let lists = told.harvest.ids.len() * size_of::<FieldId>() + facts.fields.len() * size_of::<Field>();
        if lists <= LISTS_BYTES_MAX {
            self.0.keep(key, told.clone());
        }
    }
}
