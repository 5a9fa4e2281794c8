//! JWTs (RFC 7519): a token in, unverified claims out. Claims are hints; the signature is never checked here.

use base64::{
    Engine as _,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use compact_str::CompactString;
use model::{Charset, HeadSign, HeadSigns, Timestamp, TokenAlgorithm};
use serde::{Deserialize, de::IgnoredAny};
use zeroize::Zeroize as _;

use crate::{body::clean_name, signs};

/// Longest part that is decoded, encoded length.
const PART_BYTES_MAX: usize = 10_923;
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Seconds by which clocks may differ behind a token's `exp`, and before its `nbf` or `iat`.
const LATE_S: u64 = 60;
const EARLY_S: u64 = 300;

/// What a token claims.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) user: Option<CompactString>,
    pub(super) client: Option<CompactString>,
    pub(super) token: Token,
}

/// What a token says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Token {
    /// Family of the algorithm that its header names.
    pub(crate) algorithm: TokenAlgorithm,
    signs: HeadSigns,
    /// Seconds since the epoch: from when and until when it is good; zero and the maximum when it does not say.
    from: u64,
    until: u64,
}

impl Token {
    /// Its signs when it is used at `at`.
    pub(crate) fn signs(&self, at: Timestamp) -> HeadSigns {
        let mut signs = self.signs;
        if self.algorithm.is_absent() {
            return signs;
        }
        if self.until.saturating_add(LATE_S) < at.as_secs() {
            signs.insert(HeadSign::TokenExpired);
        }
        if self.from > at.as_secs().saturating_add(EARLY_S) {
            signs.insert(HeadSign::TokenEarly);
        }
        signs
    }
}

#[derive(Deserialize)]
struct Header {
    alg: Claim,
    kid: Option<Claim>,
    jwk: Option<IgnoredAny>,
    jku: Option<IgnoredAny>,
    x5u: Option<IgnoredAny>,
}

impl Header {
    fn algorithm(&self) -> TokenAlgorithm {
        let Claim::Text(name) = &self.alg else { return TokenAlgorithm::Other };
        let starts =
            |known: &str| name.get(..known.len()).is_some_and(|start| start.eq_ignore_ascii_case(known));
        match () {
            () if name.eq_ignore_ascii_case("none") => TokenAlgorithm::None,
            () if starts("HS") => TokenAlgorithm::Hmac,
            () if starts("RS") || starts("PS") => TokenAlgorithm::Rsa,
            () if starts("ES") => TokenAlgorithm::Ec,
            () if starts("Ed") => TokenAlgorithm::Ed,
            () => TokenAlgorithm::Other,
        }
    }

    fn signs(&self) -> HeadSigns {
        let mut signs = HeadSigns::default();
        if self.algorithm() == TokenAlgorithm::None {
            signs.insert(HeadSign::TokenUnsigned);
        }
        if self.jwk.is_some() || self.jku.is_some() || self.x5u.is_some() {
            signs.insert(HeadSign::TokenKey);
        }
        if let Some(Claim::Text(kid)) = &self.kid
            && (!signs::of_value(kid.as_bytes(), Charset::of(kid.as_bytes())).is_empty()
                || kid.contains("../"))
        {
            signs.insert(HeadSign::TokenKid);
        }
        signs
    }
}

/// A claim of any type: only texts count.
#[derive(Deserialize)]
#[serde(untagged)]
enum Claim {
    Text(CompactString),
    Number(u64),
    Fraction(f64),
    Other(IgnoredAny),
}

#[derive(Deserialize)]
struct Payload {
    sub: Option<Claim>,
    client_id: Option<Claim>,
    azp: Option<Claim>,
    exp: Option<Claim>,
    nbf: Option<Claim>,
    iat: Option<Claim>,
    oid: Option<Claim>,
    uid: Option<Claim>,
    user_id: Option<Claim>,
    preferred_username: Option<Claim>,
    username: Option<Claim>,
    upn: Option<Claim>,
    email: Option<Claim>,
}

impl Payload {
    /// Who it is about: `sub` (RFC 7519, section 4.1.2). Where that is missing, what large issuers name a user by, ids before
    /// names before addresses.
    fn user(&mut self) -> Option<CompactString> {
        let named = [&mut self.sub, &mut self.oid, &mut self.uid, &mut self.user_id];
        let called = [&mut self.preferred_username, &mut self.username, &mut self.upn, &mut self.email];
        named.into_iter().chain(called).find_map(Option::take).and_then(name)
    }
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
    let head = serde_json::from_slice::<Header>(&header);
    header.zeroize();
    let mut payload = decode(parts.next()?)?;
    let read = serde_json::from_slice::<Payload>(&payload);
    payload.zeroize();
    let (head, mut payload) = (head.ok()?, read.ok()?);
    let token = Token {
        algorithm: head.algorithm(),
        signs: head.signs(),
        from: second(payload.nbf.as_ref()).max(second(payload.iat.as_ref())).unwrap_or(0),
        until: second(payload.exp.as_ref()).unwrap_or(u64::MAX),
    };
    Some(Claims {
        token,
        user: payload.user(),
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
        Claim::Fraction(_) | Claim::Other(_) => None,
    }
}

/// A NumericDate (RFC 7519, section 2), whole seconds of it.
fn second(claim: Option<&Claim>) -> Option<u64> {
    match claim? {
        Claim::Number(n) => Some(*n),
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float saturates")]
        Claim::Fraction(n) if n.is_finite() => Some(*n as u64),
        _ => None,
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
        assert_eq!(who(r#"{"email":"a@b.example","uid":17,"iss":"x"}"#), Some((Some("17".into()), None)));
        assert_eq!(who(r#"{"sub":"amal","uid":17}"#), Some((Some("amal".into()), None)));
        assert_eq!(who("[]"), None);
        assert_eq!(claims(b"opaque-token-0123456789"), None);
    }

    #[test]
    fn tokens_say_how_they_are_signed_and_how_long_they_are_good() {
        let token = |header: &str, payload: &str| {
            let text = format!("{}.{}.c2ln", BASE64URL.encode(header), BASE64URL.encode(payload));
            claims(text.as_bytes()).expect("a JWT").token
        };
        let at = |second| Timestamp::from_parts(second, 0);
        let names =
            |token: Token, second| token.signs(at(second)).iter().map(HeadSign::name).collect::<Vec<_>>();
        let good = token(r#"{"alg":"RS256","kid":"2024-05"}"#, r#"{"exp":2000,"iat":1000.5}"#);
        assert_eq!(good.algorithm, TokenAlgorithm::Rsa);
        assert_eq!(names(good, 1_500), Vec::<&str>::new());
        assert_eq!(names(good, 2_061), ["token_expired"]);
        assert_eq!(names(good, 600), ["token_early"]);
        assert_eq!(names(token(r#"{"alg":"nOnE"}"#, "{}"), 1), ["token_unsigned"]);
        assert_eq!(names(token(r#"{"alg":"HS256","jku":"https://a.example"}"#, "{}"), 1), ["token_key"]);
        assert_eq!(names(token(r#"{"alg":"HS256","kid":"../../dev/null"}"#, "{}"), 1), ["token_kid"]);
    }
}
