//! E-mail addresses (RFC 5321, as they are written in practice): text in, counts out.

use model::SensitiveClass;

use super::{Spot, Tally};

/// Ends of names that are files or packages, not domains.
const NOT_DOMAINS: &[&str] = &[
    "png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "css", "js", "mjs", "ts", "tsx", "json", "map",
    "html", "xml", "pdf", "mp4", "woff",
];

/// Counts the addresses whose `@`, or `%40` in forms, stands from `from` to `to`.
pub(super) fn scan(text: &[u8], from: usize, to: usize, tally: &mut Tally) {
    for at in memchr::memchr2_iter(b'@', b'%', text.get(from..to).unwrap_or_default()) {
        let at = from + at;
        if is_address(&Spot::new(text, at)) {
            tally.count(SensitiveClass::Email);
        }
    }
}

fn is_address(spot: &Spot<'_>) -> bool {
    let ([b'@', domain @ ..] | [b'%', b'4', b'0', domain @ ..]) = spot.rest() else { return false };
    has_local(spot) && has_domain(domain)
}

/// Whether a mailbox stands before the mark; not the user of a URL.
fn has_local(spot: &Spot<'_>) -> bool {
    let before = spot.text.get(..spot.at).unwrap_or_default();
    let is_local = |byte: &u8| byte.is_ascii_alphanumeric() || b"._%+-'".contains(byte) || *byte >= 0x80;
    let start = before.iter().rposition(|byte| !is_local(byte)).map_or(0, |at| at + 1);
    let outside = before.get(..start).unwrap_or_default();
    let mut local = before.get(start..).unwrap_or_default();
    // `\n` before a word in JSON text.
    if let [b'n' | b'r' | b't', rest @ ..] = local
        && outside.last() == Some(&b'\\')
    {
        local = rest;
    }
    let local = local.strip_prefix(b"'").unwrap_or(local);
    let whole =
        local.last().is_some_and(|byte| *byte != b'.') && local.first().is_some_and(|byte| *byte != b'.');
    let word = outside.rsplit(|byte| byte.is_ascii_whitespace() || *byte == b'"').next().unwrap_or_default();
    let authority = memchr::memmem::rfind(word, b"//").and_then(|at| word.get(at + 2..));
    let in_url =
        authority.is_some_and(|authority| !authority.iter().any(|byte| matches!(byte, b'/' | b'?' | b'=')));
    whole && local != b"git" && !in_url
}

/// Whether a domain with at least two labels and a name of letters at its end begins `text`.
fn has_domain(text: &[u8]) -> bool {
    let is_domain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.') || *byte >= 0x80;
    let end = text.iter().position(|byte| !is_domain(byte)).unwrap_or(text.len());
    let domain = text.get(..end).unwrap_or_default();
    let domain = domain.strip_suffix(b".").unwrap_or(domain);
    let Some(dot) = domain.iter().rposition(|byte| *byte == b'.') else { return false };
    let (head, last) = (domain.get(..dot).unwrap_or_default(), domain.get(dot + 1..).unwrap_or_default());
    let label = |label: &[u8]| {
        !label.is_empty() && label.len() <= 63 && label.first() != Some(&b'-') && label.last() != Some(&b'-')
    };
    let letters = last.iter().all(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80) && last.len() >= 2;
    (letters || last.starts_with(b"xn--"))
        && !NOT_DOMAINS.iter().any(|name| last.eq_ignore_ascii_case(name.as_bytes()))
        && head.split(|byte| *byte == b'.').all(label)
}
