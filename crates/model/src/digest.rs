//! SHA-256 digests: clear bytes in, 32 bytes or lower-case hex out. Never keeps what it digested.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

/// SHA-256 of a clear credential: the handle by which a gateway recognises it. Prints as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub(crate) [u8; 32]);

impl Digest {
    /// The digest of `clear`.
    #[must_use]
    pub fn of(clear: &[u8]) -> Self {
        Self(Sha256::digest(clear).into())
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0_u8; 64];
        f.write_str(hex_into(&self.0, &mut text))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not the expected number of hex digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HexError;

impl fmt::Display for HexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected lower-case hex digits of the right length")
    }
}

impl std::error::Error for HexError {}

impl FromStr for Digest {
    type Err = HexError;

    fn from_str(text: &str) -> Result<Self, HexError> {
        let mut bytes = [0_u8; 32];
        from_hex(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return self.0.serialize(serializer);
        }
        let mut text = [0_u8; 64];
        serializer.serialize_str(hex_into(&self.0, &mut text))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return <[u8; 32]>::deserialize(deserializer).map(Self);
        }
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Writes `bytes` as hex into `text`, which is twice as long, and returns it as text.
pub(crate) fn hex_into<'t>(bytes: &[u8], text: &'t mut [u8]) -> &'t str {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    std::str::from_utf8(text).unwrap_or_default()
}

/// Reads `text`, exactly twice as long as `bytes`, as hex digits of either case.
pub(crate) fn from_hex(text: &str, bytes: &mut [u8]) -> Result<(), HexError> {
    if text.len() != bytes.len() * 2 {
        return Err(HexError);
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16).ok_or(HexError)?;
        let low = char::from(pair[1]).to_digit(16).ok_or(HexError)?;
        *byte = u8::try_from(high << 4 | low).map_err(|_| HexError)?;
    }
    Ok(())
}

/// A fixed-size id that prints, serialises and parses as lower-case hex; in binary formats as its number. `$bits` over 4 digits.
macro_rules! hex_id {
    ($name:ident, $int:ty, $bytes:literal) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut text = [0_u8; $bytes * 2];
                f.write_str($crate::digest::hex_into(&self.0.to_be_bytes(), &mut text))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::HexError;

            fn from_str(text: &str) -> Result<Self, $crate::HexError> {
                let mut bytes = [0_u8; $bytes];
                $crate::digest::from_hex(text, &mut bytes)?;
                Ok(Self(<$int>::from_be_bytes(bytes)))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if !serializer.is_human_readable() {
                    return self.0.serialize(serializer);
                }
                let mut text = [0_u8; $bytes * 2];
                serializer.serialize_str($crate::digest::hex_into(&self.0.to_be_bytes(), &mut text))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if !deserializer.is_human_readable() {
                    return <$int>::deserialize(deserializer).map(Self);
                }
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use hex_id;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_is_the_published_one_for_abc() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Digest::of(b"abc").to_string(), expected);
        assert_eq!(expected.parse::<Digest>(), Ok(Digest::of(b"abc")));
    }

    #[test]
    fn a_short_or_foreign_text_is_refused() {
        assert_eq!("ba78".parse::<Digest>(), Err(HexError));
        assert_eq!("zz".repeat(32).parse::<Digest>(), Err(HexError));
    }
}
