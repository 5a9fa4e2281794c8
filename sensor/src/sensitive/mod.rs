//! Sensitive data: decoded text of a body in, how many values of each class out. Never keeps a value.

use model::Sensitive;
use smallvec::SmallVec;

/// Counts sensitive values while text streams by.
pub(crate) struct Watcher;

impl Watcher {
    /// A watcher that has seen nothing.
    pub(crate) fn new() -> Self {
        Self
    }

    /// The next bytes of the text.
    pub(crate) fn push(&mut self, _bytes: &[u8]) {}

    /// Bytes are missing here: what came before and what comes after are not one text.
    pub(crate) fn cut(&mut self) {}

    /// What was seen, in order of the classes.
    pub(crate) fn finish(self) -> SmallVec<[Sensitive; 0]> {
        SmallVec::new()
    }
}
