//! Id shapes: a text in, whether and how it looks like an object's id out. Knows nothing of routes.

use compact_str::CompactString;
use model::{FieldId, IdShape, Pseudonyms};

/// Longest text that counts as an id.
pub(crate) const ID_BYTES_MAX: usize = 64;

/// Names of containers that say nothing of what they hold.
const GENERIC: [&str; 22] = [
    "items",
    "data",
    "results",
    "result",
    "content",
    "records",
    "rows",
    "list",
    "edges",
    "node",
    "nodes",
    "value",
    "values",
    "_embedded",
    "embedded",
    "hits",
    "entries",
    "payload",
    "response",
    "body",
    "objects",
    "collection",
];

/// What kind of id a text looks like; `None` for words, dates, numbers with fractions and anything long.
pub(crate) fn id_shape(text: &[u8]) -> Option<IdShape> {
    if text.is_empty() || text.len() > ID_BYTES_MAX {
        return None;
    }
    if text.iter().all(u8::is_ascii_digit) {
        return digits_shape(text);
    }
    if is_uuid(text) {
        return Some(IdShape::Uuid);
    }
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    let joints = text.iter().filter(|byte| b"-_:.".contains(byte)).count();
    let letters = text.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    if digits + joints + letters != text.len() || digits == 0 {
        return None;
    }
    let hex = text.iter().all(u8::is_ascii_hexdigit);
    if joints == 0 && text.len() >= 16 && (hex || digits >= 2) {
        return Some(IdShape::Hash);
    }
    if joints > 0 && letters > 0 && text.first().is_some_and(u8::is_ascii_alphanumeric) && !is_date(text) {
        return Some(IdShape::Composite);
    }
    None
}

/// The same for one or more digits.
pub(crate) fn digits_shape(digits: &[u8]) -> Option<IdShape> {
    (digits.len() <= 20).then_some(IdShape::Int)
}

/// Whether a name is no name but an id, a token or an address.
pub(crate) fn is_token(name: &[u8]) -> bool {
    let has = |class: fn(&u8) -> bool| name.iter().any(class);
    let mixed = name.len() >= 20
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase);
    let id = matches!(id_shape(name), Some(IdShape::Int | IdShape::Uuid | IdShape::Hash));
    id || mixed || name.contains(&b'@')
}

fn is_uuid(text: &[u8]) -> bool {
    match text.len() {
        36 => text.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        }),
        32 => text.iter().all(u8::is_ascii_hexdigit) && matches!(text.get(12), Some(b'1'..=b'8')),
        _ => false,
    }
}

/// `2024-05-01...`: a time, not an id.
fn is_date(text: &[u8]) -> bool {
    text.len() >= 10
        && text.get(4) == Some(&b'-')
        && text.get(7) == Some(&b'-')
        && text.get(..4).is_some_and(|year| year.iter().all(u8::is_ascii_digit))
}

/// The id in a field, if the field's name says that it is one and its text looks like one.
/// `holder` is the name of the object or list around a plain `id`.
pub(crate) fn field_id(name: &str, holder: &str, text: &[u8], names: &Pseudonyms) -> Option<FieldId> {
    let noun = IdName::of(name, holder).noun(name, holder)?;
    let shape = id_shape(text)?;
    Some(FieldId { name: CompactString::from(noun), object: names.object(text), shape })
}

/// After what an id is named, told by the names of its field and of that one's holder once and for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum IdName {
    /// It is no id.
    #[default]
    None,
    /// Only the route can tell.
    Id,
    Holder,
    Field,
    /// The field's name without its last letter.
    Singular,
}

impl IdName {
    pub(crate) fn of(name: &str, holder: &str) -> Self {
        if !name.ends_with(['d', 'D', 's']) {
            return Self::None;
        }
        let plain = ["id", "_id", "uuid", "guid"].iter().any(|plain| name.eq_ignore_ascii_case(plain));
        if plain {
            let generic = holder.is_empty() || GENERIC.iter().any(|word| holder.eq_ignore_ascii_case(word));
            return if generic { Self::Id } else { Self::Holder };
        }
        if name.len() > ID_BYTES_MAX {
            return Self::None;
        }
        if ["_ids", "Ids", "IDs", "_uuids"].iter().any(|ending| name.ends_with(ending)) {
            return Self::Singular;
        }
        let endings = ["_id", "-id", "Id", "ID", "_uuid", "Uuid", "_guid"];
        if endings.iter().any(|ending| name.ends_with(ending)) { Self::Field } else { Self::None }
    }

    /// After what an id is named.
    pub(crate) fn noun<'n>(self, name: &'n str, holder: &'n str) -> Option<&'n str> {
        match self {
            Self::None => None,
            Self::Id => Some("id"),
            Self::Holder => Some(holder),
            Self::Field => Some(name),
            Self::Singular => name.get(..name.len().saturating_sub(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_by_table() {
        for (text, shape) in [
            ("17", Some(IdShape::Int)),
            ("5f0c2b9e-3a1d-4c55-9e21-0a1b2c3d4e5f", Some(IdShape::Uuid)),
            ("5f0c2b9e3a1d4c559e210a1b2c3d4e5f", Some(IdShape::Uuid)),
            ("507f1f77bcf86cd799439011", Some(IdShape::Hash)),
            ("01ARZ3NDEKTSV4RRFFQ69G5FAV", Some(IdShape::Hash)),
            ("INV-2024-0017", Some(IdShape::Composite)),
            ("2024-05-01T00:00:00Z", None),
            ("amal", None),
            ("2.5", None),
            ("", None),
        ] {
            assert_eq!(id_shape(text.as_bytes()), shape, "{text}");
        }
    }

    #[test]
    fn names_by_table() {
        for (name, holder, expected) in [
            ("id", "orders", Some("orders")),
            ("id", "items", Some("id")),
            ("id", "", Some("id")),
            ("userId", "orders", Some("userId")),
            ("order_ids", "", Some("order_id")),
            ("paid", "orders", None),
            ("name", "orders", None),
        ] {
            let found = field_id(name, holder, b"17", &Pseudonyms::new([3; 16]));
            assert_eq!(found.as_ref().map(|id| id.name.as_str()), expected, "{name}");
        }
    }
}
