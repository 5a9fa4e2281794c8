//! JSON web tokens (RFC 7519): text in, whether a token with a readable header begins it out. Believes nothing in it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroize;

/// Whether a token begins here. Of a header longer than what may be seen, its visible part decides.
pub(super) fn is_token(text: &[u8]) -> bool {
    let is_symbol = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let end = text.iter().position(|byte| !is_symbol(byte));
    let size = end.unwrap_or(text.len()).min(156);
    let mut header = [0_u8; 128];
    let whole = size - if end.is_some() { 0 } else { size % 4 };
    let Ok(n) = URL_SAFE_NO_PAD.decode_slice(text.get(..whole).unwrap_or_default(), &mut header) else {
        return false;
    };
    let plain = header.get(..n).unwrap_or_default();
    let names_algorithm = memchr::memmem::find(plain, b"\"alg\"").is_some()
        || memchr::memmem::find(plain, b"\"enc\"").is_some();
    let ends_well = match end {
        None => true,
        Some(end) => {
            let follows = text.get(end) == Some(&b'.') && text.get(end + 1).is_some_and(is_symbol);
            follows && serde_json::from_slice::<serde::de::IgnoredAny>(plain).is_ok()
        }
    };
    let good = plain.first() == Some(&b'{') && names_algorithm && ends_well;
    header.zeroize();
    good
}
