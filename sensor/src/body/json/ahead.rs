//! Members ahead: text in which objects repeat the names of those before them in, whole members of it out. Takes a byte
//! only where the way by tokens would come to the same; leaves anything else to it.

use super::{Expect, JsonScan, State, number::plain, paths::Member};
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
        let member = self.paths.take_expected(level.path, name, level.object)?;
        level.count = level.count.saturating_add(1);
        Some(self.take_member(member, rules, harvest))
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
        let objects = self.objects.saturating_add(1);
        let member = self.paths.take_expected(item.path, name, objects)?;
        self.objects = objects;
        list.count = list.count.saturating_add(1);
        (item.count, item.object) = (1, objects);
        Some(self.take_member(member, rules, harvest))
    }

    /// The member whose name was the one expected, as far as it is a scalar; what comes behind it.
    fn take_member<'b>(&mut self, member: Member<'b>, rules: Rules<'_>, harvest: &mut Harvest) -> &'b [u8] {
        let Member { id, interest, is_twice, value } = member;
        (self.path, self.is_first) = (id, false);
        self.shape.duplicates = self.shape.duplicates.saturating_add(u16::from(is_twice));
        if interest.part != Part::None {
            self.envelope.named(interest.part);
        }
        let Some((scalar, rest)) = scalar(value) else {
            // Left to the way by tokens.
            self.state = State::Between(Expect::Value);
            return value;
        };
        self.shape.values = self.shape.values.saturating_add(1);
        let wanted_max = usize::from(interest.bytes_max);
        if wanted_max > 0 {
            match scalar {
                Scalar::Text(text) if text.len() <= wanted_max => {
                    self.take_wanted(interest, text, false, rules, harvest);
                }
                Scalar::Digits(text) if text.len() <= ID_BYTES_MAX => {
                    self.take_wanted(interest, text, true, rules, harvest);
                }
                _ => {}
            }
        }
        rest
    }
}

/// A scalar that is whole.
enum Scalar<'b> {
    /// A string without escapes.
    Text(&'b [u8]),
    /// A number of digits alone.
    Digits(&'b [u8]),
    /// Another number, or a word.
    Other,
}

/// The scalar that begins here, if it is an easy one, and what comes behind it.
fn scalar(value: &[u8]) -> Option<(Scalar<'_>, &[u8])> {
    match value {
        [b'"', text @ ..] => match text.split_at_checked(plain_len(text))? {
            (text, [b'"', rest @ ..]) => Some((Scalar::Text(text), rest)),
            _ => None,
        },
        [b't', b'r', b'u', b'e', rest @ ..]
        | [b'n', b'u', b'l', b'l', rest @ ..]
        | [b'f', b'a', b'l', b's', b'e', rest @ ..] => Some((Scalar::Other, rest)),
        _ => {
            let (length, is_whole) = plain(value)?;
            let (digits, rest) = value.split_at_checked(length)?;
            Some((if is_whole { Scalar::Digits(digits) } else { Scalar::Other }, rest))
        }
    }
}
