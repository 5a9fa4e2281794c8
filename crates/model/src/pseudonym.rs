//! Pseudonyms: what identifies somebody in, keyed hashes out. Never reversible without the deployment's key.

use std::{fmt, net::IpAddr};

use siphasher::sip128::{Hasher128, SipHasher24};

use crate::{
    Digest, Handle, Principal, PrincipalId, PrincipalKind,
    digest::{from_hex, hex_id},
    sip::low_half,
};

/// Bytes that are hashed in one stroke, with their domain and its length.
const SHORT_BYTES: usize = 80;

/// An object's id (an order number, an invoice's UUID) as a keyed hash of its text. Equal texts, equal keys.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey(pub u64);
hex_id!(ObjectKey, u64, 8);

/// The keyed hashes of one deployment: SipHash-2-4 with 128-bit output (Aumasson and Bernstein, 2012).
///
/// The key is the deployment's: a stranger can neither guess whose pseudonym a hash is nor construct collisions.
/// Sensors and engines of one deployment share it.
#[derive(Clone)]
pub struct Pseudonyms {
    key: [u8; 16],
}

impl Pseudonyms {
    /// Pseudonyms under a 128-bit key.
    #[must_use]
    pub const fn new(key: [u8; 16]) -> Self {
        Self { key }
    }

    /// Pseudonyms under a key written as 32 hex digits; white space around it is ignored.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn from_hex(text: &str) -> Result<Self, crate::HexError> {
        let mut key = [0_u8; 16];
        from_hex(text.trim(), &mut key)?;
        Ok(Self { key })
    }

    /// The principal behind a clear credential (token, API key, session cookie): SHA-256 is its handle.
    #[must_use]
    pub fn credential(&self, kind: PrincipalKind, clear: &[u8]) -> Principal {
        self.digested(kind, Digest::of(clear))
    }

    /// The principal behind a credential of which only the digest is known.
    #[must_use]
    pub fn digested(&self, kind: PrincipalKind, digest: Digest) -> Principal {
        Principal {
            kind,
            id: PrincipalId(self.hash(kind.name().as_bytes(), digest.as_bytes())),
            handle: Handle::Sha256(digest),
        }
    }

    /// The principal known by a name: a user, or a client application.
    #[must_use]
    pub fn named(&self, kind: PrincipalKind, name: &str) -> Principal {
        Principal {
            kind,
            id: PrincipalId(self.hash(kind.name().as_bytes(), name.as_bytes())),
            handle: Handle::Name(name.into()),
        }
    }

    /// The principal behind an address. IPv4-mapped IPv6 addresses count as IPv4.
    #[must_use]
    pub fn address(&self, address: IpAddr) -> Principal {
        let address = address.to_canonical();
        let id = match address {
            IpAddr::V4(v4) => self.hash(b"ip", &v4.octets()),
            IpAddr::V6(v6) => self.hash(b"ip", &v6.octets()),
        };
        Principal { kind: PrincipalKind::Ip, id: PrincipalId(id), handle: Handle::Address(address) }
    }

    /// The key of an object id.
    #[must_use]
    pub fn object(&self, id: &[u8]) -> ObjectKey {
        ObjectKey(self.short(b"object", id))
    }

    /// A 64-bit keyed hash of `bytes` in the given domain: client fingerprints, call ids, table keys. The low half of the
    /// one of 128 bits.
    #[inline]
    #[must_use]
    pub fn short(&self, domain: &[u8], bytes: &[u8]) -> u64 {
        let (start, end) = (1 + domain.len(), 1 + domain.len() + bytes.len());
        let mut whole = [[0_u8; 8]; SHORT_BYTES / 8];
        let flat = whole.as_flattened_mut();
        let Some(place) = flat.get_mut(start..end) else {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the low half of a keyed hash is a keyed hash"
            )]
            return self.hash(domain, bytes) as u64;
        };
        place.copy_from_slice(bytes);
        flat[0] = u8::try_from(domain.len()).unwrap_or(u8::MAX);
        flat[1..start].copy_from_slice(domain);
        low_half(&self.key, &whole, end)
    }

    /// A 128-bit keyed hash of `bytes` in the given domain.
    #[must_use]
    pub fn hash(&self, domain: &[u8], bytes: &[u8]) -> u128 {
        use std::hash::Hasher as _;
        let mut hasher = SipHasher24::new_with_key(&self.key);
        hasher.write(&[u8::try_from(domain.len()).unwrap_or(u8::MAX)]);
        hasher.write(domain);
        hasher.write(bytes);
        hasher.finish128().as_u128()
    }
}

/// Blank: the key is a secret.
impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonyms(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_keys_and_domains_keep_pseudonyms_apart() {
        let ours = Pseudonyms::new([1; 16]);
        let theirs = Pseudonyms::new([2; 16]);
        let token = ours.credential(PrincipalKind::Token, b"t-1");
        assert_eq!(token, ours.credential(PrincipalKind::Token, b"t-1"));
        assert_ne!(token.id, ours.credential(PrincipalKind::Cookie, b"t-1").id);
        assert_ne!(token.id, theirs.credential(PrincipalKind::Token, b"t-1").id);
        assert_ne!(ours.hash(b"ab", b"c"), ours.hash(b"a", b"bc"));
    }

    #[test]
    fn mapped_addresses_are_the_address_they_map() {
        let ours = Pseudonyms::new([1; 16]);
        let mapped = "::ffff:192.0.2.1".parse().expect("literal");
        let plain = "192.0.2.1".parse().expect("literal");
        assert_eq!(ours.address(mapped), ours.address(plain));
    }

    #[test]
    fn a_short_hash_is_the_low_half_of_the_long_one() {
        let ours = Pseudonyms::new([1; 16]);
        for length in [0, 1, 17, 72, 73, 74, 200] {
            let id = vec![b'x'; length];
            assert_eq!(
                u128::from(ours.object(&id).0),
                ours.hash(b"object", &id) & u128::from(u64::MAX),
                "{length}"
            );
        }
    }

    #[test]
    fn the_key_does_not_print() {
        assert_eq!(format!("{:?}", Pseudonyms::new([7; 16])), "Pseudonyms(..)");
    }
}
