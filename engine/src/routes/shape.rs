//! Forms of path segments: a segment in, the form of its id out, or none for a word. Never allocates.

use model::IdShape;

/// Longest segment taken for a word.
const WORD_BYTES_MAX: usize = 64;
const STATIC_ENDINGS: [&str; 15] = [
    ".js", ".mjs", ".css", ".map", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".ico", ".woff", ".woff2",
    ".html", ".webp", ".txt",
];

/// The form of an id, or `None` when the segment reads as a word.
pub(crate) fn shape_of(segment: &str) -> Option<IdShape> {
    let bytes = segment.as_bytes();
    if bytes.iter().all(u8::is_ascii_digit) {
        return (!bytes.is_empty()).then_some(if bytes.len() <= 20 { IdShape::Int } else { IdShape::Hash });
    }
    if is_static(segment) {
        return None;
    }
    let hex = bytes.iter().all(u8::is_ascii_hexdigit);
    if is_uuid(bytes) || hex && bytes.len() == 32 {
        return Some(IdShape::Uuid);
    }
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    if hex && bytes.len() >= 16 && digits > 0 || is_random(bytes, digits) {
        return Some(IdShape::Hash);
    }
    if bytes.contains(&b'@') || segment.contains("%40") || is_composite(segment, digits) {
        return Some(IdShape::Composite);
    }
    (bytes.len() > WORD_BYTES_MAX).then_some(IdShape::Hash)
}

/// Whether the segment names a file that pages load: never an object.
pub(crate) fn is_static(segment: &str) -> bool {
    STATIC_ENDINGS.iter().any(|ending| segment.ends_with(ending))
}

fn is_uuid(bytes: &[u8]) -> bool {
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// ULIDs, and long texts of mixed case with digits.
fn is_random(bytes: &[u8], digits: usize) -> bool {
    let upper = bytes.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    let lower = bytes.iter().filter(|byte| byte.is_ascii_lowercase()).count();
    if bytes.len() == 26 && upper + digits == 26 && digits >= 4 {
        return true;
    }
    let plain = bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    bytes.len() >= 16 && plain && digits >= 2 && upper >= 2 && lower >= 2
}

/// Words and numbers: `INV-2024-0017`, `order:123`, `12-34`, `user123`, but not `v2` or `oauth2`.
fn is_composite(segment: &str, digits: usize) -> bool {
    if digits == 0 || is_version(segment) {
        return false;
    }
    let mut parts = segment.split(['-', '_', ':', '.']).filter(|part| !part.is_empty()).peekable();
    let separated = segment.contains(['-', '_', ':', '.']);
    let short_head =
        parts.peek().is_some_and(|part| part.len() <= 3 || part.bytes().all(|b| b.is_ascii_uppercase()));
    let number = parts.filter(|part| part.bytes().all(|b| b.is_ascii_digit())).map(str::len).max();
    if separated {
        return number.is_some_and(|length| length >= 2 || short_head || segment.contains(':'));
    }
    let head = segment.trim_end_matches(|c: char| c.is_ascii_digit());
    let tail = segment.len() - head.len();
    !matches!(segment, "sha256" | "sha384" | "sha512")
        && head.bytes().all(|b| b.is_ascii_alphabetic())
        && tail >= 3
}

fn is_version(segment: &str) -> bool {
    segment
        .strip_prefix(['v', 'V'])
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_from_words() {
        use IdShape::{Composite, Hash, Int, Uuid};
        for (segment, expected) in [
            ("17", Some(Int)),
            ("0", Some(Int)),
            ("123456789012345678901", Some(Hash)),
            ("018f5a3e-9c1b-7d2a-8e4f-5a6b7c8d9e0f", Some(Uuid)),
            ("018f5a3e9c1b7d2a8e4f5a6b7c8d9e0f", Some(Uuid)),
            ("5f43a9c0b1d2e3f4", Some(Hash)),
            ("507f1f77bcf86cd799439011", Some(Hash)),
            ("01ARZ3NDEKTSV4RRFFQ69G5FAV", Some(Hash)),
            ("dQw4w9WgXcQ12aBcDe", Some(Hash)),
            ("INV-2024-0017", Some(Composite)),
            ("order:123", Some(Composite)),
            ("12-34", Some(Composite)),
            ("u_7", Some(Composite)),
            ("user123", Some(Composite)),
            ("amal@example.org", Some(Composite)),
            ("amal%40example.org", Some(Composite)),
            ("orders", None),
            ("v1", None),
            ("v2.1", None),
            ("oauth2", None),
            ("s3", None),
            ("sha256", None),
            ("deadbeef", None),
            ("app.3f2a9c17.js", None),
            ("favicon.ico", None),
            ("password-reset", None),
            ("", None),
        ] {
            assert_eq!(shape_of(segment), expected, "{segment}");
        }
    }
}
