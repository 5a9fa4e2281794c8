//! Members ahead: text in which objects repeat the names of those before them in, whole members of it out. Takes a byte
//! only where the way by tokens would come to the same; leaves anything else to it.

use super::{Expect, JsonScan, State, number::plain, paths::Found};
use crate::body::{Harvest, Rules, rpc::Part, shape::ID_BYTES_MAX, text::plain_len};

impl JsonScan {
    /// Takes members and next items as long as their names are the ones that followed last time.
    pub(super) fn ahead<'b>(
        &mut self,
        mut bytes: &'b [u8],
        rules: Rules<'_>,
        harvest: &mut Harvest,
    ) -> &'b [u8] {
        while self.state == State::Between(Expect::Comma) {
            let after = match bytes {
                [b',', b'"', name @ ..] | [b',', b' ', b'"', name @ ..] => {
                    self.member_ahead(name, rules, harvest)
                }
                [b'}', b',', b'{', b'"', name @ ..] | [b'}', b',', b' ', b'{', b'"', name @ ..] => {
                    self.item_ahead(name, rules, harvest)
                }
                _ => return bytes,
            };
            let Some(after) = after else { return bytes };
            bytes = after;
        }
        bytes
    }

    /// The next member of the object in hand; `None` when it has another name than the one expected.
    fn member_ahead<'b>(
        &mut self,
        name: &'b [u8],
        rules: Rules<'_>,
        harvest: &mut Harvest,
    ) -> Option<&'b [u8]> {
        let level = self.levels.last_mut().filter(|level| level.is_object)?;
        let value = self.paths.expected(level.path, name)?;
        level.count = level.count.saturating_add(1);
        let object = level.object;
        Some(self.take_member(object, value, rules, harvest))
    }

    /// The first member of the next object of a list, the one in hand being over; `None` when it has another name than the
    /// one expected.
    fn item_ahead<'b>(
        &mut self,
        name: &'b [u8],
        rules: Rules<'_>,
        harvest: &mut Harvest,
    ) -> Option<&'b [u8]> {
        let [.., list, item] = self.levels.as_mut_slice() else { return None };
        // An object at the top may be an operation's.
        if list.is_object || !item.is_object || item.depth == 0 {
            return None;
        }
        let value = self.paths.expected(item.path, name)?;
        self.objects = self.objects.saturating_add(1);
        list.count = list.count.saturating_add(1);
        (item.count, item.object) = (1, self.objects);
        Some(self.take_member(self.objects, value, rules, harvest))
    }

    /// The member whose name was the one expected, as far as it is a scalar; what comes behind it.
    fn take_member<'b>(
        &mut self,
        object: u32,
        value: &'b [u8],
        rules: Rules<'_>,
        harvest: &mut Harvest,
    ) -> &'b [u8] {
        let Found { id, is_twice, .. } = self.paths.take_expected(object);
        (self.path, self.is_first) = (id, false);
        self.shape.duplicates = self.shape.duplicates.saturating_add(u16::from(is_twice));
        let interest = self.interest();
        if interest.part != Part::None {
            self.envelope.named(interest.part);
        }
        let wanted_max = usize::from(interest.bytes_max);
        let Some((text, rest, is_wanted)) = scalar(value, wanted_max) else {
            // Left to the way by tokens.
            self.state = State::Between(Expect::Value);
            return value;
        };
        self.shape.values = self.shape.values.saturating_add(1);
        if is_wanted && wanted_max > 0 {
            self.take_wanted(interest, text, rules, harvest);
        }
        rest
    }
}

/// A string without escapes, a plain number or a word that is whole: its text, what comes behind it, and whether it may be
/// an id or a secret.
fn scalar(value: &[u8], wanted_max: usize) -> Option<(&[u8], &[u8], bool)> {
    match value {
        [b'"', text @ ..] => match text.split_at_checked(plain_len(text))? {
            (text, [b'"', rest @ ..]) => Some((text, rest, text.len() <= wanted_max)),
            _ => None,
        },
        [b't', b'r', b'u', b'e', rest @ ..]
        | [b'n', b'u', b'l', b'l', rest @ ..]
        | [b'f', b'a', b'l', b's', b'e', rest @ ..] => Some((&[], rest, false)),
        _ => {
            let (length, is_whole) = plain(value)?;
            let (digits, rest) = value.split_at(length);
            Some((digits, rest, is_whole && length <= ID_BYTES_MAX))
        }
    }
}
