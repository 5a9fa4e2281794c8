//! HAProxy's maps as text: handles and values in, words that can stand in a command line out; listings in, counts out.
//! Never lets a name through as it is: names are keyed by their hash.

use std::{collections::BTreeMap, net::IpAddr};

use model::{Digest, Handle};

/// The key by which HAProxy finds a principal: letters, digits, dots and colons only.
pub(crate) fn key(handle: &Handle) -> String {
    match handle {
        Handle::Sha256(digest) => digest.to_string(),
        Handle::Name(name) => Digest::of(name.as_bytes()).to_string(),
        Handle::Address(address) => IpAddr::to_canonical(address).to_string(),
    }
}

/// Entries by map file, from the answer to `show map`.
pub(crate) fn counts(text: &str) -> BTreeMap<String, usize> {
    let count = |line: &str| {
        let (_, rest) = line.split_once(" (")?;
        let (map, rest) = rest.split_once(") ")?;
        let (_, count) = rest.rsplit_once("entry_cnt=")?;
        Some((map.to_owned(), count.trim().parse().ok()?))
    };
    text.lines().filter_map(count).collect()
}

/// Whether an entry looks like one that we write.
pub(crate) fn is_ours(key: &str, value: &str) -> bool {
    let mut fields = value.split(':');
    let until = fields.next().is_some_and(|until| until.parse::<u64>().is_ok());
    !key.is_empty()
        && is_plain(key)
        && until
        && fields.count() == 2
        && value.split(':').all(|field| is_plain(field) && !field.is_empty())
}

/// Whether a word can stand in a command line as it is.
pub(crate) fn is_plain(key: &str) -> bool {
    key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:_-".contains(&byte))
}
