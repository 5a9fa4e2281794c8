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

/// Letters of a noun that count.
const LETTERS_MAX: usize = 32;

/// The singular of a noun, in lower case; at most 32 letters.
pub(crate) fn singular(word: &str) -> CompactString {
    if !word.is_ascii() {
        let noun: CompactString = word.chars().take(LETTERS_MAX).flat_map(char::to_lowercase).collect();
        return of_lower(&noun);
    }
    let word = word.get(..LETTERS_MAX).unwrap_or(word);
    if word.bytes().any(|byte| byte.is_ascii_uppercase()) {
        let mut noun = CompactString::from(word);
        noun.make_ascii_lowercase();
        return of_lower(&noun);
    }
    of_lower(word)
}

/// The same for one in lower case.
fn of_lower(noun: &str) -> CompactString {
    let Some(stem) = noun.strip_suffix('s') else { return noun.into() };
    if let Some(stem) = stem.strip_suffix("ie").filter(|stem| stem.len() > 1) {
        let mut noun = CompactString::from(stem);
        noun.push('y');
        return noun;
    }
    if let Some(stem) = stem.strip_suffix('e')
        && ["ss", "x", "ch", "sh", "z"].iter().any(|ending| stem.ends_with(ending))
    {
        return stem.into();
    }
    let is_plural = noun.len() > 2 && !stem.ends_with(['s', 'u', 'i']);
    if is_plural { stem.into() } else { noun.into() }
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

    /// The rules one after the other.
    fn by_rules(word: &str) -> CompactString {
        let mut noun: CompactString = word.chars().take(32).flat_map(char::to_lowercase).collect();
        let stem = noun.strip_suffix("ies").filter(|stem| stem.len() > 1).map(|stem| format!("{stem}y"));
        if let Some(stem) = stem {
            noun = stem.into();
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

    proptest::proptest! {
        #[test]
        fn singulars_follow_the_rules(word in "(.|[A-Za-z]{0,40})(.|[a-zA-Z]|x|z|ch|sh|ss|i|u){0,3}(es|s|S|ies|)") {
            proptest::prop_assert_eq!(singular(&word), by_rules(&word));
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
