//! Record protection (RFC 5246, section 6.2.3.3; RFC 8446, section 5.2): secrets and sealed records in, their contents
//! out. Never returns a byte that the tag does not vouch for.

use ring::{
    aead::{Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf::{KeyType, Prk},
    hmac,
};
use zeroize::Zeroizing;

use super::{
    record::{HEAD, Kind},
    suite::Suite,
};

/// Keys of one direction, and the number of its next record.
pub(super) struct Opener {
    suite: Suite,
    key: LessSafeKey,
    iv: Zeroizing<[u8; NONCE_LEN]>,
    /// The traffic secret of TLS 1.3: the next one follows from it. Empty for TLS 1.2.
    secret: Zeroizing<Vec<u8>>,
    pub(super) number: u64,
}

/// Length of what is derived.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF-Expand-Label with an empty context (RFC 8446, section 7.1).
fn expand(prk: &Prk, label: &[u8], out: &mut [u8]) -> Option<()> {
    let length = u16::try_from(out.len()).ok()?.to_be_bytes();
    let label_length = [u8::try_from(6 + label.len()).ok()?];
    let info = [&length[..], &label_length, b"tls13 ", label, &[0]];
    prk.expand(&info, Length(out.len())).ok()?.fill(out).ok()
}

/// The pseudorandom function of TLS 1.2 (RFC 5246, section 5).
fn prf(suite: Suite, secret: &[u8], label: &[u8], seed: [&[u8]; 2], out: &mut [u8]) {
    let key = hmac::Key::new(suite.hash.hmac(), secret);
    let mut chain = {
        let mut context = hmac::Context::with_key(&key);
        [label, seed[0], seed[1]].iter().for_each(|part| context.update(part));
        context.sign()
    };
    for part in out.chunks_mut(suite.hash.length()) {
        let mut context = hmac::Context::with_key(&key);
        [chain.as_ref(), label, seed[0], seed[1]].iter().for_each(|part| context.update(part));
        let block = context.sign();
        part.iter_mut().zip(block.as_ref()).for_each(|(out, byte)| *out = *byte);
        chain = hmac::sign(&key, chain.as_ref());
    }
}

impl Opener {
    /// From a traffic secret of TLS 1.3. `None` when its length does not fit the suite.
    pub(super) fn modern(suite: Suite, secret: &[u8]) -> Option<Self> {
        if secret.len() != suite.hash.length() {
            return None;
        }
        let prk = Prk::new_less_safe(suite.hash.hkdf(), secret);
        let mut key = Zeroizing::new(vec![0; suite.aead.key_len()]);
        let mut iv = Zeroizing::new([0; NONCE_LEN]);
        expand(&prk, b"key", &mut key)?;
        expand(&prk, b"iv", &mut *iv)?;
        let key = LessSafeKey::new(UnboundKey::new(suite.aead, &key).ok()?);
        Some(Self { suite, key, iv, secret: Zeroizing::new(secret.to_vec()), number: 0 })
    }

    /// From the master secret of TLS 1.2 and the randoms of client and server.
    pub(super) fn classic(
        suite: Suite,
        master: &[u8],
        [client, server]: [&[u8; 32]; 2],
        from_client: bool,
    ) -> Option<Self> {
        let (key_len, iv_len) = (suite.aead.key_len(), if suite.explicit_nonce { 4 } else { NONCE_LEN });
        let mut block = Zeroizing::new(vec![0; 2 * (key_len + iv_len)]);
        prf(suite, master, b"key expansion", [server, client], &mut block);
        let (keys, ivs) = block.split_at_checked(2 * key_len)?;
        let side = |of: &[u8], n: usize| -> Option<Zeroizing<Vec<u8>>> {
            let (client, server) = of.split_at_checked(n)?;
            Some(Zeroizing::new(if from_client { client } else { server }.to_vec()))
        };
        let key = LessSafeKey::new(UnboundKey::new(suite.aead, &side(keys, key_len)?).ok()?);
        let mut iv = Zeroizing::new([0; NONCE_LEN]);
        iv.iter_mut().zip(side(ivs, iv_len)?.iter()).for_each(|(to, from)| *to = *from);
        Some(Self { suite, key, iv, secret: Zeroizing::new(Vec::new()), number: 0 })
    }

    /// The opener after a key update. `None` for TLS 1.2.
    pub(super) fn updated(&self) -> Option<Self> {
        if self.secret.is_empty() {
            return None;
        }
        let prk = Prk::new_less_safe(self.suite.hash.hkdf(), &self.secret);
        let mut next = Zeroizing::new(vec![0; self.suite.hash.length()]);
        expand(&prk, b"traffic upd", &mut next)?;
        Self::modern(self.suite, &next)
    }

    /// Opens a whole record, head included, in place: its kind and where its contents lie. The next record's number is
    /// then one higher. After `None` the record's bytes are worthless.
    pub(super) fn open(&mut self, record: &mut [u8]) -> Option<(Kind, std::ops::Range<usize>)> {
        let head: [u8; HEAD] = *record.first_chunk()?;
        let body = record.get_mut(HEAD..)?;
        let number = self.number.to_be_bytes();
        let mut nonce = *self.iv;
        let (explicit, sealed) =
            if self.suite.explicit_nonce { body.split_at_mut_checked(8)? } else { (&mut [][..], body) };
        if self.suite.explicit_nonce {
            nonce.iter_mut().skip(4).zip(explicit.iter()).for_each(|(to, from)| *to = *from);
        } else {
            nonce.iter_mut().skip(4).zip(number).for_each(|(to, from)| *to ^= from);
        }
        let nonce = Nonce::assume_unique_for_key(nonce);
        let modern = !self.secret.is_empty();
        let start = HEAD + explicit.len();
        let plain = if modern {
            self.key.open_in_place(nonce, Aad::from(head), sealed).ok()?
        } else {
            let length = u16::try_from(sealed.len().checked_sub(self.suite.aead.tag_len())?).ok()?;
            let mut aad = [0; 13];
            let parts = number.into_iter().chain([head[0], head[1], head[2]]).chain(length.to_be_bytes());
            aad.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
            self.key.open_in_place(nonce, Aad::from(aad), sealed).ok()?
        };
        let (kind, length) = if modern {
            let last = plain.iter().rposition(|byte| *byte != 0)?;
            (*plain.get(last)?, last)
        } else {
            (head[0], plain.len())
        };
        self.number = self.number.checked_add(1)?;
        Some((Kind::of(kind)?, start..start + length))
    }

    /// The next record as its sender seals it: for fuzzing.
    #[cfg(feature = "fuzzing")]
    pub(super) fn seal(&mut self, kind: u8, body: &[u8]) -> Option<Vec<u8>> {
        let number = self.number.to_be_bytes();
        let mut nonce = *self.iv;
        let explicit: &[u8] = if self.suite.explicit_nonce { &number } else { &[] };
        if self.suite.explicit_nonce {
            nonce.iter_mut().skip(4).zip(number).for_each(|(to, from)| *to = from);
        } else {
            nonce.iter_mut().skip(4).zip(number).for_each(|(to, from)| *to ^= from);
        }
        let nonce = Nonce::assume_unique_for_key(nonce);
        let modern = !self.secret.is_empty();
        let mut sealed = body.to_vec();
        sealed.extend(modern.then_some(kind));
        let outer = if modern { 23 } else { kind };
        let length = u16::try_from(explicit.len() + sealed.len() + self.suite.aead.tag_len()).ok()?;
        let [high, low] = length.to_be_bytes();
        let head = [outer, 3, 3, high, low];
        if modern {
            self.key.seal_in_place_append_tag(nonce, Aad::from(head), &mut sealed).ok()?;
        } else {
            let length = u16::try_from(body.len()).ok()?.to_be_bytes();
            let mut aad = [0; 13];
            let parts = number.into_iter().chain([outer, 3, 3]).chain(length);
            aad.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
            self.key.seal_in_place_append_tag(nonce, Aad::from(aad), &mut sealed).ok()?;
        }
        self.number = self.number.checked_add(1)?;
        Some([&head[..], explicit, &sealed].concat())
    }
}
