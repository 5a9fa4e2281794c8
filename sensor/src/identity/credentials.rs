//! Credentials: what a request shows in headers, query and cookies in, principals out.
//! Clear values live only as long as the head they stand in.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use model::{Ambiguities, Ambiguity, FieldPlace, LoginAttempt, Principal, PrincipalKind};
use smallvec::SmallVec;
use zeroize::Zeroize as _;

use super::{
    Fields,
    candidates::{Candidates, may_be},
    cookie::Session,
    jwt::{self, Token},
};
use crate::{
    body::{Rules, clean_name, pairs, tag},
    http::{Desk, HttpConfig},
};

/// Identities of one call: the limit of `ApiCall::identities`.
const IDENTITIES_MAX: usize = 8;
/// Most credentials whose principals are remembered; a power of two.
const CACHE_ROWS: usize = 16_384;
/// Longest credential that is read.
const CREDENTIAL_BYTES_MAX: usize = 16_384;
/// A generic name such as `key` carries a key only if its value is this long.
const GENERIC_KEY_BYTES_MIN: usize = 16;

/// What one credential stands for: itself, and the user and client that it claims.
pub(super) type Principals = SmallVec<[Principal; 2]>;
/// The same with what a token says of itself.
pub(super) type Known = (Principals, Token);

/// Principals of credentials seen lately, by keyed hash of the credential: no clear secret stays.
/// A direct-mapped table; a row is overwritten by the next credential that falls on it.
pub(crate) struct IdentityCache {
    rows: Vec<Option<(u128, Known)>>,
}

impl IdentityCache {
    pub(crate) fn new(config: &HttpConfig) -> Self {
        Self { rows: vec![None; config.remembered(CACHE_ROWS)] }
    }

    /// Remembers nothing.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn shut(&mut self) {
        self.rows = Vec::new();
    }

    pub(super) fn known(&mut self, key: u128, make: impl FnOnce() -> Known) -> Known {
        // The rows are a power of two, or none.
        let place = usize::try_from(key & 0xffff_ffff).unwrap_or(0) & self.rows.len().saturating_sub(1);
        let Some(row) = self.rows.get_mut(place) else { return make() };
        match row {
            Some((known, read)) if *known == key => read.clone(),
            _ => {
                let read = make();
                *row = Some((key, read.clone()));
                read
            }
        }
    }
}

/// Everything that a request presents.
#[derive(Default)]
pub(super) struct Credentials<'h> {
    /// Clear credentials, to mask them in the path.
    pub(super) clear: SmallVec<[&'h [u8]; 4]>,
    pub(super) basic: Option<LoginAttempt>,
    /// Two different credentials of one kind.
    pub(super) is_contradictory: bool,
    /// Two different session cookies of one name.
    pub(super) has_two_sessions: bool,
    /// Not to be remembered with the header block: the query carries one, or may; or there are more candidates than are kept,
    /// which is counted each time.
    pub(super) is_fleeting: bool,
    /// `Authorization` has a form that no rule reads.
    is_unread: bool,
    /// What the token says of itself.
    pub(super) token: Token,
    /// Fields that no rule knows and that may say who calls.
    pub(super) candidates: Candidates,
    credentials: Principals,
    named: Principals,
}

/// The kind of credential that a query pair carries.
fn query_kind(name: &[u8], value: &[u8], desk: &Desk) -> Option<PrincipalKind> {
    let is = |words: &[&str]| words.iter().any(|word| name.eq_ignore_ascii_case(word.as_bytes()));
    let configured =
        desk.config.api_key_queries.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
    let generic = is(&["key", "token"])
        && value.len() >= GENERIC_KEY_BYTES_MIN
        && !value.contains(&b' ')
        && value.iter().any(u8::is_ascii_digit);
    if is(&["access_token"]) {
        Some(PrincipalKind::Token)
    } else if configured || generic || is(&["api_key", "apikey", "api-key", "subscription-key", "x-api-key"])
    {
        Some(PrincipalKind::ApiKey)
    } else {
        None
    }
}

/// Whether a query pair carries a credential, or may.
pub(super) fn may_be_credential(name: &[u8], value: &[u8], desk: &Desk) -> bool {
    query_kind(name, value, desk).is_some()
        || desk.config.infer_credentials && may_be(FieldPlace::Query, name, value)
}

impl<'h> Credentials<'h> {
    pub(super) fn gather(fields: &Fields<'h>, query: &'h [u8], desk: &mut Desk) -> Self {
        let first = fields.authorization.first();
        let is_contradictory = fields.authorization.iter().any(|value| Some(value) != first);
        let mut found = Self { is_contradictory, ..Self::default() };
        if let Some(value) = fields.authorization.first() {
            found.authorization(value, desk);
        }
        for value in &fields.api_keys {
            found.add(PrincipalKind::ApiKey, value.trim_ascii(), desk);
        }
        found.query(query, desk);
        let mut session = Session::default();
        for cookies in &fields.cookies {
            session.read(cookies, &desk.config.session_cookies);
        }
        found.has_two_sessions = session.is_ambiguous();
        if let Some(value) = session.value() {
            found.add(PrincipalKind::Cookie, value, desk);
        }
        if desk.config.infer_credentials {
            found.strange(fields, &session, query, desk);
        }
        found
    }

    /// Gathers what may be a credential though no rule knows it.
    fn strange(&mut self, fields: &Fields<'h>, session: &Session<'h>, query: &'h [u8], desk: &mut Desk) {
        if let Some(value) = fields.authorization.first().filter(|_| self.is_unread) {
            let value = memchr::memchr(b' ', value).and_then(|cut| value.get(cut..)).unwrap_or(value);
            self.candidates.keep(FieldPlace::Header, b"authorization", value.trim_ascii(), desk);
        }
        for (name, value) in &fields.strange {
            self.candidates.consider(FieldPlace::Header, name, value, desk);
        }
        for (name, value) in &session.strange {
            self.candidates.consider(FieldPlace::Cookie, name, value, desk);
        }
        for (name, value) in pairs(query) {
            if query_kind(&name, &value, desk).is_none() {
                self.is_fleeting |= self.candidates.consider(FieldPlace::Query, &name, &value, desk);
            }
        }
        self.is_fleeting |= self.candidates.is_over_full;
    }

    /// Two credentials of a kind may be two callers.
    pub(super) fn ambiguities(&self) -> Ambiguities {
        if self.is_contradictory || self.has_two_sessions {
            Ambiguity::Credentials.into()
        } else {
            Ambiguities::default()
        }
    }

    /// Credentials first, then user and client; nobody when they contradict each other.
    pub(super) fn into_identities(self) -> Principals {
        let mut identities = self.credentials;
        if self.is_contradictory {
            identities.clear();
        } else {
            identities.extend(self.named);
            identities.truncate(IDENTITIES_MAX);
        }
        identities
    }

    fn authorization(&mut self, value: &'h [u8], desk: &mut Desk) {
        let Some(cut) = memchr::memchr(b' ', value) else {
            self.is_unread = value.len() >= GENERIC_KEY_BYTES_MIN;
            return;
        };
        let (scheme, rest) = value.split_at(cut);
        let rest = rest.trim_ascii();
        let is = |known: &str| scheme.eq_ignore_ascii_case(known.as_bytes());
        if is("bearer") || is("dpop") {
            self.add(PrincipalKind::Token, rest, desk);
        } else if is("apikey") || is("token") || is("key") {
            let quoted = rest.strip_prefix(b"token=").unwrap_or(rest);
            let bare = quoted.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(quoted);
            self.add(PrincipalKind::ApiKey, bare, desk);
        } else if is("basic") {
            self.basic(rest, desk);
        } else {
            self.is_unread = rest.len() >= GENERIC_KEY_BYTES_MIN;
        }
    }

    /// Basic auth (RFC 7617): the name is a user, the password leaves nothing but its tag.
    fn basic(&mut self, encoded: &'h [u8], desk: &Desk) {
        let Ok(mut pair) = STANDARD.decode(encoded.get(..encoded.len().min(4_096)).unwrap_or_default())
        else {
            return;
        };
        if let Some(cut) = memchr::memchr(b':', &pair) {
            let (name, password) = pair.split_at(cut);
            let rules = Rules { names: &desk.names, decoys: &desk.config.decoys };
            let user = clean_name(name).map(|name| desk.names.named(PrincipalKind::User, name));
            let password_tag = tag(password.get(1..).unwrap_or_default(), rules);
            self.basic = Some(LoginAttempt { user: user.clone(), password_tag });
            self.clear.push(encoded);
            user.into_iter().for_each(|user| self.name(user));
        }
        pair.zeroize();
    }

    fn query(&mut self, query: &'h [u8], desk: &mut Desk) {
        if query.is_empty() {
            return;
        }
        for (name, value) in pairs(query) {
            let Some(kind) = query_kind(&name, &value, desk) else { continue };
            self.is_fleeting = true;
            match value {
                Cow::Borrowed(clear) => self.add(kind, clear, desk),
                Cow::Owned(mut clear) => {
                    self.present(kind, &clear, desk);
                    clear.zeroize();
                }
            }
        }
    }

    fn add(&mut self, kind: PrincipalKind, clear: &'h [u8], desk: &mut Desk) {
        if self.present(kind, clear, desk) && self.clear.len() < IDENTITIES_MAX {
            self.clear.push(clear);
        }
    }

    fn present(&mut self, kind: PrincipalKind, clear: &[u8], desk: &mut Desk) -> bool {
        if clear.is_empty() || clear.len() > CREDENTIAL_BYTES_MAX {
            return false;
        }
        let names = &desk.names;
        let key = names.hash(kind.name().as_bytes(), clear);
        let (principals, token) = desk.identities.known(key, || {
            let mut principals = Principals::new();
            principals.push(names.credential(kind, clear));
            let claims =
                (kind == PrincipalKind::Token).then(|| jwt::claims(clear)).flatten().unwrap_or_default();
            principals.extend(claims.user.map(|name| names.named(PrincipalKind::User, &name)));
            principals.extend(claims.client.map(|name| names.named(PrincipalKind::Client, &name)));
            (principals, claims.token)
        });
        if self.token.algorithm.is_absent() {
            self.token = token;
        }
        for principal in principals {
            if !principal.kind.is_credential() {
                self.name(principal);
            } else if !self.credentials.contains(&principal) {
                self.is_contradictory |= self.credentials.iter().any(|known| known.kind == principal.kind);
                self.credentials.push(principal);
            }
        }
        true
    }

    /// The first user and the first client count; a second one that differs contradicts them.
    fn name(&mut self, principal: Principal) {
        match self.named.iter().find(|known| known.kind == principal.kind) {
            Some(known) => self.is_contradictory |= *known != principal,
            None => self.named.push(principal),
        }
    }
}
