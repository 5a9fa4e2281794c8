//! Kinds of objects: names of fields and path segments in, one singular noun out. Never guesses a language.

use compact_str::CompactString;

/// Names that hold objects without saying which.
const WRAPPERS: [&str; 22] = [
    "",
    "id",
    "uuid",
    "data",
    "item",
    "result",
    "content",
    "row",
    "list",
    "record",
    "payload",
    "response",
    "value",
    "hit",
    "entry",
    "element",
    "object",
    "body",
    "collection",
    "member",
    "page",
    "key",
];

/// The singular of a noun, in lower case; at most 32 bytes.
pub(crate) fn singular(word: &str) -> CompactString {
    let mut noun: CompactString = word.chars().take(32).flat_map(char::to_lowercase).collect();
    let cut = |noun: &CompactString, ending: &str| noun.strip_suffix(ending).map(CompactString::from);
    if let Some(stem) = cut(&noun, "ies").filter(|stem| stem.len() > 1) {
        noun = stem;
        noun.push('y');
    } else if ["sses", "xes", "ches", "shes", "zes"].iter().any(|ending| noun.ends_with(ending)) {
        noun.truncate(noun.len() - 2);
    } else if noun.ends_with('s')
        && noun.len() > 2
        && !["ss", "us", "is"].iter().any(|end| noun.ends_with(end))
    {
        noun.pop();
    }
    noun
}

/// Which of two words, one after the other in a path, says what comes next: a version such as `v2` never does, if there
/// is another. Else `/orders/v1/7` and `/carts/v1/7` would be one object.
pub(crate) fn named<'a>(before: &'a str, word: &'a str) -> &'a str {
    let digits = word.strip_prefix(['v', 'V']).unwrap_or_default();
    let is_version =
        (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if is_version && !before.is_empty() { before } else { word }
}

/// The noun of a field such as `orderId`, `order_id`, `orders`; `None` when only the route can tell.
pub(crate) fn of_field(name: &str) -> Option<CompactString> {
    let stem = ["_ids", "_id", "-id", "Ids", "Id", "ID", "_uuid", "Uuid"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .unwrap_or(name);
    let noun = singular(stem);
    (!WRAPPERS.contains(&noun.as_str())).then_some(noun)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_names_nothing() {
        for (before, word, expected) in [
            ("orders", "v1", "orders"),
            ("", "v2", "v2"),
            ("api", "orders", "orders"),
            ("a", "v", "v"),
            ("a", "vat", "vat"),
        ] {
            assert_eq!(named(before, word), expected);
        }
    }

    #[test]
    fn fields_and_segments_meet_in_one_noun() {
        for (name, expected) in [
            ("orderId", Some("order")),
            ("order_id", Some("order")),
            ("orders", Some("order")),
            ("companies", Some("company")),
            ("boxes", Some("box")),
            ("addresses", Some("address")),
            ("invoices", Some("invoice")),
            ("status", Some("status")),
            ("id", None),
            ("data", None),
            ("items", None),
        ] {
            assert_eq!(of_field(name).as_deref(), expected, "{name}");
        }
    }
}
