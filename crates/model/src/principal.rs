//! Principals: who a call is made by, as a pseudonym for us and as a handle for a gateway.

use std::{fmt, net::IpAddr, str::FromStr};

use compact_str::CompactString;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeStruct};

use crate::{Digest, digest::hex_id};

/// What kind of identity a principal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrincipalKind {
    /// A bearer token, opaque or JWT.
    Token,
    /// An API key, from a header or the query.
    ApiKey,
    /// A session cookie.
    Cookie,
    /// A user: basic-auth name, a JWT's `sub`, a login name that the server accepted.
    User,
    /// A client address.
    Ip,
    /// A client application: a JWT's `client_id` or `azp`.
    Client,
}

impl PrincipalKind {
    /// Every kind, in the order of declaration.
    pub const ALL: [Self; 6] = [Self::Token, Self::ApiKey, Self::Cookie, Self::User, Self::Ip, Self::Client];

    /// The stable name used in all outputs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::ApiKey => "api_key",
            Self::Cookie => "cookie",
            Self::User => "user",
            Self::Ip => "ip",
            Self::Client => "client",
        }
    }

    /// Whether it is a secret that the caller presents: token, API key or cookie.
    #[must_use]
    pub const fn is_credential(self) -> bool {
        matches!(self, Self::Token | Self::ApiKey | Self::Cookie)
    }
}

impl fmt::Display for PrincipalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for PrincipalKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or(())
    }
}

/// A principal's pseudonym: a keyed 128-bit hash, 32 hex digits in text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrincipalId(pub u128);
hex_id!(PrincipalId, u128, 16);

/// How a gateway names a principal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Handle {
    /// SHA-256 of the clear credential.
    Sha256(Digest),
    /// The name of a user or client application.
    Name(CompactString),
    /// A client address.
    Address(IpAddr),
}

/// Somebody who makes calls: a credential, a user, a client application or an address.
///
/// In JSON: `{"kind", "id", "sha256"}` for credentials, `{"kind", "id", "value"}` for the others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal {
    /// What kind of identity this is.
    pub kind: PrincipalKind,
    /// The pseudonym by which we know it.
    pub id: PrincipalId,
    /// The handle by which a gateway knows it.
    pub handle: Handle,
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.handle {
            Handle::Sha256(digest) => write!(f, "{} sha256:{:.12}", self.kind, digest.to_string()),
            Handle::Name(name) => write!(f, "{} {}", self.kind, name.escape_debug()),
            Handle::Address(address) => write!(f, "{} {address}", self.kind),
        }
    }
}

impl Serialize for Principal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return (self.kind, self.id, &self.handle).serialize(serializer);
        }
        let mut fields = serializer.serialize_struct("Principal", 3)?;
        fields.serialize_field("kind", &self.kind)?;
        fields.serialize_field("id", &self.id)?;
        match &self.handle {
            Handle::Sha256(digest) => fields.serialize_field("sha256", digest)?,
            Handle::Name(name) => fields.serialize_field("value", name)?,
            Handle::Address(address) => fields.serialize_field("value", address)?,
        }
        fields.end()
    }
}

#[derive(Deserialize)]
struct PrincipalFields {
    kind: PrincipalKind,
    id: PrincipalId,
    sha256: Option<Digest>,
    value: Option<CompactString>,
}

impl<'de> Deserialize<'de> for Principal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            let (kind, id, handle) = Deserialize::deserialize(deserializer)?;
            return Ok(Self { kind, id, handle });
        }
        let PrincipalFields { kind, id, sha256, value } = PrincipalFields::deserialize(deserializer)?;
        let handle = match (kind, sha256, value) {
            (PrincipalKind::Ip, None, Some(text)) => {
                Handle::Address(text.parse().map_err(|_| de::Error::custom("value is not an address"))?)
            }
            (PrincipalKind::User | PrincipalKind::Client, None, Some(text)) => Handle::Name(text),
            (_, Some(digest), None) if kind.is_credential() => Handle::Sha256(digest),
            _ => return Err(de::Error::custom("a credential has `sha256`, every other principal `value`")),
        };
        Ok(Self { kind, id, handle })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pseudonyms;

    #[test]
    fn json_and_back_changes_nothing() {
        let names = Pseudonyms::new([3; 16]);
        for principal in [
            names.credential(PrincipalKind::Cookie, b"s3cret"),
            names.named(PrincipalKind::User, "amal"),
            names.address("2001:db8::1".parse().expect("literal")),
        ] {
            let json = serde_json::to_string(&principal).expect("serialises");
            assert!(!json.contains("s3cret"));
            assert_eq!(serde_json::from_str::<Principal>(&json).expect("parses"), principal);
        }
    }

    #[test]
    fn a_credential_without_digest_is_refused() {
        let json = r#"{"kind":"token","id":"00000000000000000000000000000001","value":"x"}"#;
        assert!(serde_json::from_str::<Principal>(json).is_err());
    }
}
