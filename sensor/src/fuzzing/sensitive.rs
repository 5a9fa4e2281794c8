//! Sensitive data: any text in. Any cutting gives the same counts.

use super::Dice;
use crate::sensitive::Watcher;

/// Any text, whole and in pieces.
pub fn sensitive(data: &[u8]) {
    let mut whole = Watcher::new();
    whole.push(data);
    let mut cut = Watcher::new();
    Dice::of(data).cut(data).into_iter().for_each(|piece| cut.push(piece));
    assert_eq!(whole.finish(), cut.finish(), "the cuts changed the counts");
}
