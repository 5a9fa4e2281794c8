//! JWTs (RFC 7519): a token in, unverified claims out. Claims are hints; the signature is never checked here.

use base64::{
    Engine as _,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use compact_str::CompactString;
use serde::{Deserialize, de::IgnoredAny};
use zeroize::Zeroize as _;

use crate::body::clean_name;

/// Longest part that is decoded, encoded length.
const PART_BYTES_MAX: usize = 10_923;
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a token claims.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) user: Option<CompactString>,
    pub(super) client: Option<CompactString>,
}

#[derive(Deserialize)]
struct Header {
    #[serde(rename = "alg")]
    _algorithm: IgnoredAny,
}

/// A claim of any type: only texts count.
#[derive(Deserialize)]
#[serde(untagged)]
enum Claim {
    Text(CompactString),
    Number(u64),
    Other(IgnoredAny),
}

#[derive(Deserialize)]
struct Payload {
    sub: Option<Claim>,
    client_id: Option<Claim>,
    azp: Option<Claim>,
}

/// Whether a text has the outer form of a JWT: base64url of `{"`, and two dots.
pub(super) fn looks_like_jwt(text: &[u8]) -> bool {
    text.len() >= 20
        && text.starts_with(b"eyJ")
        && text.iter().filter(|byte| **byte == b'.').count() == 2
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.=".contains(byte))
}

/// The claims of a token, if it is a JWT.
pub(super) fn claims(token: &[u8]) -> Option<Claims> {
    if !looks_like_jwt(token) {
        return None;
    }
    let mut parts = token.split(|byte| *byte == b'.');
    let mut header = decode(parts.next()?)?;
    let is_jwt = serde_json::from_slice::<Header>(&header).is_ok();
    header.zeroize();
    let mut payload = decode(parts.next()?)?;
    let read = serde_json::from_slice::<Payload>(&payload);
    payload.zeroize();
    let payload = read.ok().filter(|_| is_jwt)?;
    Some(Claims {
        user: payload.sub.and_then(name),
        client: payload.client_id.and_then(name).or_else(|| payload.azp.and_then(name)),
    })
}

fn decode(part: &[u8]) -> Option<Vec<u8>> {
    (part.len() <= PART_BYTES_MAX).then(|| BASE64URL.decode(part).ok()).flatten()
}

fn name(claim: Claim) -> Option<CompactString> {
    match claim {
        Claim::Text(text) => clean_name(text.as_bytes()).map(CompactString::from),
        Claim::Number(n) => Some(CompactString::from(n.to_string())),
        Claim::Other(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(payload: &str) -> String {
        format!("{}.{}.c2ln", BASE64URL.encode(r#"{"alg":"none"}"#), BASE64URL.encode(payload))
    }

    #[test]
    fn claims_by_table() {
        let who = |payload: &str| claims(jwt(payload).as_bytes()).map(|claims| (claims.user, claims.client));
        assert_eq!(who(r#"{"sub":"amal","azp":"app"}"#), Some((Some("amal".into()), Some("app".into()))));
        assert_eq!(who(r#"{"sub":17}"#), Some((Some("17".into()), None)));
        assert_eq!(who(r#"{"sub":{"a":1}}"#), Some((None, None)));
        assert_eq!(who("{\"sub\":\"a\\nb\"}"), Some((None, None)));
        assert_eq!(who("[]"), None);
        assert_eq!(claims(b"opaque-token-0123456789"), None);
    }
}
