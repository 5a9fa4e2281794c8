//! Candidates: fields that no rule knows in, those that may carry a credential out, as pseudonyms. Never decides whether
//! one does, never keeps a clear value.

use compact_str::CompactString;
use model::{Candidate, FieldPlace, Loss, Principal, PrincipalKind};
use smallvec::SmallVec;

use super::{
    cookie, jwt,
    names::{hints, is_no_credential},
};
use crate::http::Desk;

/// Candidates of one call, and of its answer: the limits of `Details::candidates` and `Details::offered`.
pub(crate) const CANDIDATES_MAX: usize = 4;
/// Longest name that is told.
const NAME_BYTES_MAX: usize = 64;
/// Lengths of a secret, in bytes.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 16..=4_096;
/// Changes between digits, small and capital letters in a secret of 16 bytes: two such in a hundred have fewer.
const CHANGES_MIN: usize = 3;
/// One change in so many letters and digits, for longer ones.
const CHANGES_ONE_IN: usize = 8;

/// Candidates of one message.
#[derive(Clone, Default)]
pub(crate) struct Candidates {
    kept: SmallVec<[Candidate; 0]>,
    /// There were more than are kept.
    pub(super) is_over_full: bool,
}

impl Candidates {
    /// Takes a header field, cookie or parameter if it may carry a credential. Whether it may.
    pub(super) fn consider(&mut self, place: FieldPlace, name: &[u8], value: &[u8], desk: &mut Desk) -> bool {
        let value = bare(value);
        let may = may_be(place, name, value);
        if may {
            self.keep(place, name, value, desk);
        }
        may
    }

    /// Keeps a candidate. One whose name speaks for it takes the place of one whose name does not.
    pub(super) fn keep(&mut self, place: FieldPlace, name: &[u8], value: &[u8], desk: &mut Desk) {
        let Some(name) = told(place, name) else { return };
        if self.kept.iter().any(|known| known.place == place && known.name == name) {
            return;
        }
        let spot = if self.kept.len() < CANDIDATES_MAX {
            None
        } else {
            self.is_over_full = true;
            desk.losses.count(Loss::CandidateFull);
            let dull = self.kept.iter().rposition(|known| !hints(known.name.as_bytes()));
            let Some(spot) = dull.filter(|_| hints(name.as_bytes())) else { return };
            Some(spot)
        };
        let (principal, user) = principals(place, &name, value, desk);
        let candidate = Candidate { place, name, principal, user };
        match spot {
            Some(spot) => {
                self.kept.remove(spot);
                self.kept.push(candidate);
            }
            None => self.kept.push(candidate),
        }
    }

    /// Forgets them.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    pub(crate) fn list(&self) -> &SmallVec<[Candidate; 0]> {
        &self.kept
    }

    pub(crate) fn into_list(self) -> SmallVec<[Candidate; 0]> {
        self.kept
    }
}

/// Whether a field may carry a credential, going by its name and the look of its value.
pub(super) fn may_be(place: FieldPlace, name: &[u8], value: &[u8]) -> bool {
    looks_secret(bare(value)) && !is_no_credential(place, name)
}

/// Whether a member of an answer to a sign-in may be a credential, going by its name and the look of its value.
pub(crate) fn may_be_handed_out(name: &[u8], value: &[u8]) -> bool {
    may_be(FieldPlace::Answer, name, value)
}

/// The cookie that a `Set-Cookie` value hands out, if no rule knows it.
pub(super) fn set_cookie(set_cookie: &[u8]) -> Option<(&[u8], &[u8])> {
    cookie::given(set_cookie).filter(|(name, value)| may_be(FieldPlace::Cookie, name, value))
}

/// What may be a secret: a text of 16 bytes or more without spaces, in which digits, small and capital letters take turns as
/// they do by chance.
fn looks_secret(value: &[u8]) -> bool {
    if !SECRET_BYTES.contains(&value.len()) || !cookie::looks_random(value) || is_time(value) {
        return false;
    }
    let (mut changes, mut letters, mut last) = (0, 0, 0_u8);
    for byte in value {
        let class = match byte {
            b'0'..=b'9' => 1,
            b'a'..=b'z' => 2,
            b'A'..=b'Z' => 3,
            b'-' | b'_' | b'.' | b'~' | b'+' | b'/' | b'=' | b'%' | b':' | b'|' | b'!' | b'*' => 0,
            _ => return false,
        };
        letters += usize::from(class > 0);
        changes += usize::from(class > 0 && last > 0 && class != last);
        last = class;
    }
    changes >= CHANGES_MIN && changes * CHANGES_ONE_IN >= letters
}

/// A date or a time (RFC 3339, ISO 8601), also with its colons escaped: digits, what stands between them, and no other letters.
fn is_time(value: &[u8]) -> bool {
    value.iter().all(|byte| byte.is_ascii_digit() || b"-:.,+TZtz%AB".contains(byte))
}

/// Without the word `Bearer`, which some put before a token wherever it stands.
fn bare(value: &[u8]) -> &[u8] {
    let value = value.trim_ascii();
    match value.split_at_checked(7) {
        Some((word, rest)) if word.eq_ignore_ascii_case(b"bearer ") => rest.trim_ascii(),
        _ => value,
    }
}

/// The name as it is told: header names in lower case.
fn told(place: FieldPlace, name: &[u8]) -> Option<CompactString> {
    let name = std::str::from_utf8(name).ok().filter(|name| !name.is_empty())?;
    let plain = name.len() <= NAME_BYTES_MAX && !name.chars().any(char::is_control);
    let told = || if place == FieldPlace::Header { name.to_ascii_lowercase().into() } else { name.into() };
    plain.then(told)
}

/// Who a value would be, and the user that it names.
fn principals(
    place: FieldPlace,
    name: &str,
    value: &[u8],
    desk: &mut Desk,
) -> (Principal, Option<Principal>) {
    let kind = match place {
        FieldPlace::Cookie => PrincipalKind::Cookie,
        FieldPlace::Answer => PrincipalKind::Token,
        FieldPlace::Header if name == "authorization" => PrincipalKind::Token,
        FieldPlace::Header | FieldPlace::Query => PrincipalKind::ApiKey,
    };
    let domain: &[u8] = match kind {
        PrincipalKind::Cookie => b"candidate cookie",
        PrincipalKind::Token => b"candidate token",
        _ => b"candidate key",
    };
    let names = &desk.names;
    let (mut known, _) = desk.identities.known(names.hash(domain, value), || {
        let mut known = SmallVec::new();
        known.push(names.credential(kind, value));
        let user = jwt::claims(value).and_then(|claims| claims.user);
        known.extend(user.map(|user| names.named(PrincipalKind::User, &user)));
        (known, jwt::Token::default())
    });
    let user = if known.len() > 1 { known.pop() } else { None };
    let principal = known.pop().unwrap_or_else(|| names.credential(kind, value));
    (principal, user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_look_like_chance() {
        for (value, expected) in [
            ("9f86d081884c7d65", true),
            ("6fa459ea-ee8a-3ca4-894e-db77e160355e", true),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", true),
            ("s%3AjW3vP0qTz81xKe5mQpLr.7Hd2", true),
            ("application/json", false),
            ("application/vnd.acme.v2+json", false),
            ("Mozilla/5.0 (X11; Linux x86_64)", false),
            ("1733011200000123456", false),
            ("2026-01-05T00:07:07.745Z", false),
            ("2026-01-05T00%3A07%3A07%2B01%3A00", false),
            ("20260105T000707Z", false),
            ("en-GB-oxendict-variant", false),
            ("mobile.example.com:8443", false),
            ("aaaaaaaaaaaaaaaaaaaaaaaa", false),
            ("short1A2b", false),
        ] {
            assert_eq!(looks_secret(value.as_bytes()), expected, "{value}");
        }
    }

    #[test]
    fn names_that_are_random_but_nobodys_credential_are_left_out() {
        const ID: &[u8] = b"9f86d081884c7d659a2feaa0c55ad015";
        use FieldPlace::{Cookie, Header, Query};
        for (place, name, expected) in [
            (Header, "X-Acme-Ticket", true),
            (Header, "X-Request-Id", false),
            (Header, "traceparent", false),
            (Header, "X-B3-TraceId", false),
            (Header, "If-None-Match", false),
            (Header, "Sec-WebSocket-Key", false),
            (Header, "X-CSRF-Token", false),
            (Header, "Idempotency-Key", false),
            (Cookie, "acme_ctx", true),
            (Cookie, "_ga", false),
            (Cookie, "__Host-xsrf", false),
            (Cookie, "AWSALB", false),
            (Query, "sig_user", true),
            (Query, "order_id", false),
            (Query, "page_token", false),
            (Query, "state", false),
        ] {
            assert_eq!(may_be(place, name.as_bytes(), ID), expected, "{name}");
        }
    }
}
