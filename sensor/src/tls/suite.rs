//! Cipher suites: the number out of a server's hello in, how its records are sealed out. Knows AEAD suites only.

use ring::{
    aead::{AES_128_GCM, AES_256_GCM, Algorithm, CHACHA20_POLY1305},
    hkdf, hmac,
};

/// How records of a suite are sealed.
#[derive(Clone, Copy)]
pub(super) struct Suite {
    pub(super) aead: &'static Algorithm,
    /// Hash of the key schedule.
    pub(super) hash: Hash,
    /// Whether part of the nonce goes with each record (RFC 5288); else it follows from the number (RFC 7905, 8446).
    pub(super) explicit_nonce: bool,
}

/// Hash of a key schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha256,
    Sha384,
}

impl Hash {
    /// Bytes of a secret.
    pub(super) const fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }

    pub(super) fn hkdf(self) -> hkdf::Algorithm {
        match self {
            Self::Sha256 => hkdf::HKDF_SHA256,
            Self::Sha384 => hkdf::HKDF_SHA384,
        }
    }

    pub(super) fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
        }
    }
}

impl Suite {
    /// `None` for suites that are not read: CBC, CCM, RC4, null.
    pub(super) fn of(number: u16) -> Option<Self> {
        let (aead, hash, explicit_nonce) = match number {
            0x1301 => (&AES_128_GCM, Hash::Sha256, false),
            0x1302 => (&AES_256_GCM, Hash::Sha384, false),
            0x1303 | 0xcca8..=0xccae => (&CHACHA20_POLY1305, Hash::Sha256, false),
            // RFC 5288, 5289, 5487 and 8442.
            0x009c | 0x009e | 0x00a0 | 0x00a2 | 0x00a4 | 0x00a6 | 0x00a8 | 0x00aa | 0x00ac | 0xc02b
            | 0xc02d | 0xc02f | 0xc031 | 0xd001 => (&AES_128_GCM, Hash::Sha256, true),
            0x009d | 0x009f | 0x00a1 | 0x00a3 | 0x00a5 | 0x00a7 | 0x00a9 | 0x00ab | 0x00ad | 0xc02c
            | 0xc02e | 0xc030 | 0xc032 | 0xd002 => (&AES_256_GCM, Hash::Sha384, true),
            _ => return None,
        };
        Some(Self { aead, hash, explicit_nonce })
    }

    /// Whether it belongs to TLS 1.3.
    pub(super) const fn is_modern(number: u16) -> bool {
        number >> 8 == 0x13
    }
}
