//! Harvests: named scalars of one body in; ids, login and credentials out. Never keeps a clear secret.

use compact_str::CompactString;
use model::{Candidate, FieldId, FieldPlace, LoginAttempt, ObjectKey, Principal, PrincipalKind};
use smallvec::SmallVec;

use super::{
    Rules,
    rpc::Part,
    shape::{IdName, digits_shape, id_shape},
};
use crate::identity::may_be_handed_out;

/// Ids kept of a request, and of an answer: the limits of `ApiCall`.
const ASKED_MAX: usize = 16;
const GIVEN_MAX: usize = 128;
/// Texts of an answer to a sign-in that are told as candidates, and the longest that is looked at.
const OFFERS_MAX: usize = 4;
const OFFER_BYTES_MAX: u16 = 2_048;
/// Longest user name that counts.
pub(crate) const NAME_BYTES_MAX: usize = 256;
/// Shortest text that counts as a credential.
pub(crate) const CREDENTIAL_BYTES_MIN: usize = 16;

/// Whose body it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Request,
    Answer,
}

/// What one body held.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Harvest {
    pub(super) role: Role,
    /// Object ids: at most 16 of a request, 128 of an answer.
    pub(crate) ids: SmallVec<[FieldId; 0]>,
    /// User-like field of a request.
    pub(crate) user: Option<Principal>,
    /// 16 bits of a keyed hash of a password-like field.
    pub(crate) password_tag: Option<u16>,
    /// The first credential that looks like an access token.
    pub(crate) access: Option<Principal>,
    /// A refresh token.
    pub(crate) refresh: Option<Principal>,
    /// Names of decoys touched; at most 4.
    pub(crate) decoys: SmallVec<[CompactString; 0]>,
    /// Texts of an answer to a sign-in that may be credentials though no rule knows their names.
    pub(crate) offers: SmallVec<[Candidate; 0]>,
    /// Whether it is such an answer.
    seeks_offers: bool,
    seen: Seen,
}

/// Objects that may be among the ids, by a part of their keyed hash: most ids are new, and this tells it at a glance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen([u64; 8]);

impl Seen {
    /// Notes one; whether it may have been noted before.
    fn note(&mut self, object: ObjectKey) -> bool {
        let place = usize::try_from(object.0 >> 6 & 7).unwrap_or(0);
        let (word, bit) = (&mut self.0[place], 1 << (object.0 & 63));
        std::mem::replace(word, *word | bit) & bit != 0
    }
}

/// What a field's name promises, and so how much of its text is worth keeping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Meaning {
    #[default]
    Nothing,
    User,
    Password,
    Access,
    Refresh,
}

/// What a value is wanted for, told by its name once and for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Interest {
    meaning: Meaning,
    /// Bytes of its text worth keeping; a longer text means nothing.
    pub(super) bytes_max: u16,
    /// What it says of the operation that the body asks for.
    pub(super) part: Part,
    pub(super) id_name: IdName,
}

impl Harvest {
    pub(crate) fn new(role: Role) -> Self {
        Self {
            role,
            ids: SmallVec::new(),
            user: None,
            password_tag: None,
            access: None,
            refresh: None,
            decoys: SmallVec::new(),
            offers: SmallVec::new(),
            seeks_offers: false,
            seen: Seen::default(),
        }
    }

    /// What values under this name are wanted for. `depth` counts the names above it, with its own.
    pub(super) fn interest(&self, name: &str, holder: &str, depth: u8, rules: Rules<'_>) -> Interest {
        let meaning = self.meaning(name);
        let known: u16 = match meaning {
            Meaning::Access | Meaning::Refresh => 8_192,
            Meaning::User | Meaning::Password => 256,
            Meaning::Nothing if self.seeks_offers => OFFER_BYTES_MAX,
            Meaning::Nothing if looks_like_id_name(name) => 64,
            Meaning::Nothing => 0,
        };
        let decoys = if self.role == Role::Request && rules.decoys.has_values() { 512 } else { 0 };
        let part = if self.role == Role::Request { Part::of(name, holder, depth) } else { Part::None };
        let bytes_max = known.max(decoys).max(part.bytes_max());
        Interest { meaning, bytes_max, part, id_name: IdName::of(name, holder) }
    }

    /// One scalar. `holder` names the object or list around it.
    pub(super) fn scalar(&mut self, name: &str, holder: &str, text: &[u8], rules: Rules<'_>) {
        let interest = Interest {
            meaning: self.meaning(name),
            id_name: IdName::of(name, holder),
            ..Interest::default()
        };
        self.known(interest, name, holder, text, rules);
    }

    /// One scalar whose name was looked at before.
    pub(super) fn known(
        &mut self,
        interest: Interest,
        name: &str,
        holder: &str,
        text: &[u8],
        rules: Rules<'_>,
    ) {
        if self.role == Role::Request {
            rules.decoys.value(text, rules.names, &mut self.decoys);
        }
        match interest.meaning {
            Meaning::User => self.user = self.user.take().or_else(|| user_of(text, rules)),
            Meaning::Password if !text.is_empty() => self.password_tag = Some(tag(text, rules)),
            Meaning::Access if self.access.is_none() && text.len() >= CREDENTIAL_BYTES_MIN => {
                self.access = Some(rules.names.credential(PrincipalKind::Token, text));
            }
            Meaning::Refresh if !text.is_empty() => {
                self.refresh = Some(rules.names.credential(PrincipalKind::Token, text));
            }
            Meaning::Nothing if self.seeks_offers => self.offer(name, text, rules),
            _ => {}
        }
        if let Some(noun) = interest.id_name.noun(name, holder) {
            self.id(|| noun.into(), text, false, rules);
        }
    }

    /// Whether a scalar of this interest may be an id and nothing else.
    pub(super) fn wants_no_more_than_ids(&self, interest: Interest) -> bool {
        interest.meaning == Meaning::Nothing && self.role == Role::Answer && !self.seeks_offers
    }

    /// A scalar that is an id, if it looks like one; `is_digits` when it is known to be nothing but digits.
    pub(super) fn id(
        &mut self,
        noun: impl FnOnce() -> CompactString,
        text: &[u8],
        is_digits: bool,
        rules: Rules<'_>,
    ) {
        let room = if self.role == Role::Request { ASKED_MAX } else { GIVEN_MAX };
        if self.ids.len() >= room {
            return;
        }
        let shape = if is_digits { digits_shape(text) } else { id_shape(text) };
        let Some(shape) = shape else { return };
        let id = FieldId { name: noun(), object: rules.names.object(text), shape };
        if self.seen.note(id.object) && self.has(&id) {
            return;
        }
        if self.ids.len() == self.ids.capacity() {
            // Few or many: lists go on for long.
            self.ids.reserve_exact((self.ids.len() * 7).max(4).min(room - self.ids.len()));
        }
        self.ids.push(id);
    }

    /// The body answers a sign-in: what looks like a secret in it may be a credential.
    pub(crate) fn seek_offers(&mut self) {
        self.seeks_offers = true;
    }

    /// Whether the request tries a password.
    pub(crate) fn tries_password(&self) -> bool {
        self.role == Role::Request && self.password_tag.is_some()
    }

    fn offer(&mut self, name: &str, text: &[u8], rules: Rules<'_>) {
        let fits = self.offers.len() < OFFERS_MAX && name.len() <= 64;
        if fits && may_be_handed_out(name.as_bytes(), text) {
            let principal = rules.names.credential(PrincipalKind::Token, text);
            self.offers.push(Candidate {
                place: FieldPlace::Answer,
                name: name.into(),
                principal,
                user: None,
            });
        }
    }

    /// Whether an id is among those kept; their hashes are compared first, as nearly all differ.
    fn has(&self, id: &FieldId) -> bool {
        self.ids.iter().any(|known| known.object == id.object && known == id)
    }

    /// The login that a request's body tries.
    pub(crate) fn login(&self) -> Option<LoginAttempt> {
        let password_tag = self.password_tag?;
        Some(LoginAttempt { user: Some(self.user.clone()?), password_tag })
    }

    fn meaning(&self, name: &str) -> Meaning {
        let is = |words: &[&str]| words.iter().any(|word| name.eq_ignore_ascii_case(word));
        if is(&["refresh_token", "refreshToken"]) {
            return Meaning::Refresh;
        }
        match self.role {
            Role::Request if is(&["password", "passwd", "pwd", "pass", "pin", "passcode"]) => {
                Meaning::Password
            }
            Role::Request
                if is(&[
                    "username",
                    "user",
                    "login",
                    "email",
                    "userid",
                    "user_id",
                    "user_name",
                    "account",
                    "identifier",
                    "phone",
                ]) =>
            {
                Meaning::User
            }
            Role::Answer
                if is(&[
                    "access_token",
                    "accessToken",
                    "token",
                    "jwt",
                    "session_token",
                    "sessionToken",
                    "auth_token",
                ]) =>
            {
                Meaning::Access
            }
            _ => Meaning::Nothing,
        }
    }
}

/// The user behind a name; none for texts with control characters or beyond 256 bytes.
pub(crate) fn user_of(text: &[u8], rules: Rules<'_>) -> Option<Principal> {
    let name = clean_name(text)?;
    Some(rules.names.named(PrincipalKind::User, name))
}

/// A text that may name somebody: UTF-8, 1 to 256 bytes, no control characters.
pub(crate) fn clean_name(text: &[u8]) -> Option<&str> {
    let name = std::str::from_utf8(text).ok()?;
    let fits = !name.is_empty() && name.len() <= NAME_BYTES_MAX;
    (fits && !name.chars().any(char::is_control)).then_some(name)
}

/// 16 bits of a keyed hash of a password.
pub(crate) fn tag(password: &[u8], rules: Rules<'_>) -> u16 {
    let bytes = rules.names.short(b"password", password).to_be_bytes();
    u16::from_be_bytes([bytes[0], bytes[1]])
}

fn looks_like_id_name(name: &str) -> bool {
    let end = name.as_bytes();
    let end = end.strip_suffix(b"s").unwrap_or(end);
    matches!(end, [.., b'i' | b'I', b'd' | b'D'])
}
