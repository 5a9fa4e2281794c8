//! Tickets: credentials as texts, made again from a few numbers whenever they are needed, and as the principals that the
//! sensor makes of them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use compact_str::{CompactString, format_compact};
use model::{Principal, PrincipalKind, Pseudonyms};
use smallvec::SmallVec;

use crate::{rng::mix, world::Login};

/// What somebody shows.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub(crate) login: Login,
    /// Number of the credential, from which its text is made.
    pub(crate) serial: u64,
    /// Number of the refresh token that came with it.
    pub(crate) renewal: u64,
    /// The user's id as text and the client's name, as a signed token has them.
    pub(crate) sub: CompactString,
    pub(crate) client: CompactString,
    /// Seconds since the epoch.
    pub(crate) issued: u64,
    pub(crate) expires: u64,
    /// Whether its signature is right. A service that looks refuses it otherwise.
    pub(crate) is_genuine: bool,
    /// Whom the sensor sees.
    pub(crate) principals: SmallVec<[Principal; 2]>,
}

impl Ticket {
    pub(crate) fn nobody() -> Self {
        Self {
            login: Login::Nobody,
            serial: 0,
            renewal: 0,
            sub: CompactString::default(),
            client: CompactString::default(),
            issued: 0,
            expires: u64::MAX,
            is_genuine: false,
            principals: SmallVec::new(),
        }
    }

    /// Works out whom the sensor sees.
    pub(crate) fn seal(mut self, seed: u64, names: &Pseudonyms) -> Self {
        self.principals.clear();
        let Some(kind) = kind_of(self.login) else { return self };
        self.principals.push(names.credential(kind, self.text(seed).as_bytes()));
        let is_signed = matches!(self.login, Login::Jwt | Login::ClientJwt);
        if is_signed && !self.sub.is_empty() {
            self.principals.push(names.named(PrincipalKind::User, &self.sub));
        }
        if is_signed && !self.client.is_empty() {
            self.principals.push(names.named(PrincipalKind::Client, &self.client));
        }
        self
    }

    /// The credential.
    pub(crate) fn text(&self, seed: u64) -> String {
        match self.login {
            Login::Jwt | Login::ClientJwt => self.signed(seed),
            Login::Opaque => format!("at.{}", letters(seed, self.serial, 36)),
            Login::Cookie => letters(seed, self.serial, 32),
            Login::Key => format!("key-{}", letters(seed, self.serial, 28)),
            Login::Nobody => String::new(),
        }
    }

    fn signed(&self, seed: u64) -> String {
        let header =
            if self.is_genuine { r#"{"alg":"RS256","typ":"JWT","kid":"k1"}"# } else { r#"{"alg":"none"}"# };
        let mut payload = CompactString::from("{");
        if !self.sub.is_empty() {
            payload.push_str(&format_compact!("\"sub\":\"{}\",", self.sub));
        }
        payload.push_str(&format_compact!(
            "\"client_id\":\"{}\",\"iat\":{},\"exp\":{},\"jti\":\"{:x}\"}}",
            self.client,
            self.issued,
            self.expires,
            self.serial
        ));
        let signature = letters(seed, self.serial ^ 0x7369_676e, 86);
        format!(
            "{}.{}.{signature}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(payload.as_bytes())
        )
    }
}

/// The kind of principal that a way to log in makes.
pub(crate) const fn kind_of(login: Login) -> Option<PrincipalKind> {
    match login {
        Login::Jwt | Login::Opaque | Login::ClientJwt => Some(PrincipalKind::Token),
        Login::Cookie => Some(PrincipalKind::Cookie),
        Login::Key => Some(PrincipalKind::ApiKey),
        Login::Nobody => None,
    }
}

/// The refresh token of this number.
pub(crate) fn refresh_text(seed: u64, renewal: u64) -> String {
    format!("rt.{}", letters(seed, renewal ^ 0x7265_6672, 40))
}

/// Random letters and digits, the same for the same number.
fn letters(seed: u64, number: u64, length: usize) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyzABCDEF234";
    let letter = |at: usize| {
        let bits = mix(mix(seed, number), at as u64 / 12) >> (at % 12 * 5);
        char::from(ALPHABET[(bits & 31) as usize])
    };
    (0..length).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_its_text() {
        let names = Pseudonyms::new([5; 16]);
        let ticket = Ticket {
            login: Login::Jwt,
            serial: 9,
            sub: "10041".into(),
            client: "app".into(),
            ..Ticket::nobody()
        };
        let sealed = ticket.clone().seal(3, &names);
        assert_eq!(sealed.principals[0], names.credential(PrincipalKind::Token, ticket.text(3).as_bytes()));
        assert_eq!(sealed.principals[1], names.named(PrincipalKind::User, "10041"));
        assert_eq!(sealed.principals.len(), 3);
        assert_ne!(ticket.text(3), Ticket { serial: 10, ..ticket.clone() }.text(3));
        assert_ne!(refresh_text(3, 1), refresh_text(3, 2));
    }
}
