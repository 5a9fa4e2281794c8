//! SipHash-2-4 of 128 bits (Aumasson and Bernstein, 2012), its lower half alone: key and bytes in, 64 bits out. Ids are many
//! and short, and starting, stopping and the upper half would cost more than their bytes.

/// The lower half of the hash of `bytes` under `key`.
pub(crate) fn low_half(key: &[u8; 16], bytes: &[u8]) -> u64 {
    let [a, b, c, d, e, f, g, h, key @ ..] = *key;
    let (low, high) = (u64::from_le_bytes([a, b, c, d, e, f, g, h]), u64::from_le_bytes(key));
    let mut state = State([
        low ^ 0x736f_6d65_7073_6575,
        high ^ 0x646f_7261_6e64_6f6d ^ 0xee,
        low ^ 0x6c79_6765_6e65_7261,
        high ^ 0x7465_6462_7974_6573,
    ]);
    let (blocks, tail) = bytes.as_chunks::<8>();
    blocks.iter().for_each(|block| state.take(u64::from_le_bytes(*block)));
    let length = (bytes.len() as u64) << 56;
    state.take(tail.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)) | length);
    state.0[2] ^= 0xee;
    (0..4).for_each(|_| state.round());
    let [a, b, c, d] = state.0;
    a ^ b ^ c ^ d
}

struct State([u64; 4]);

impl State {
    fn take(&mut self, word: u64) {
        self.0[3] ^= word;
        self.round();
        self.round();
        self.0[0] ^= word;
    }

    #[inline]
    fn round(&mut self) {
        let [mut a, mut b, mut c, mut d] = self.0;
        a = a.wrapping_add(b);
        c = c.wrapping_add(d);
        b = b.rotate_left(13) ^ a;
        d = d.rotate_left(16) ^ c;
        a = a.rotate_left(32).wrapping_add(d);
        c = c.wrapping_add(b);
        b = b.rotate_left(17) ^ c;
        d = d.rotate_left(21) ^ a;
        self.0 = [a, b, c.rotate_left(32), d];
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use siphasher::sip128::SipHasher24;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_lower_half(key in any::<[u8; 16]>(), bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let whole = SipHasher24::new_with_key(&key).hash(&bytes).as_u128();
            prop_assert_eq!(u128::from(low_half(&key, &bytes)), whole & u128::from(u64::MAX));
        }
    }
}
