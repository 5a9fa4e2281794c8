//! SipHash-2-4 of 128 bits (Aumasson and Bernstein, 2012), its lower half alone: key and bytes in, 64 bits out. Ids are many
//! and short, and starting, stopping and the upper half would cost more than their bytes.

/// The lower half of the hash of `length` bytes under `key`: those of `words`, in which nothing but zeros follow them.
pub(crate) fn low_half(key: &[u8; 16], words: &[[u8; 8]], length: usize) -> u64 {
    let [a, b, c, d, e, f, g, h, key @ ..] = *key;
    let (low, high) = (u64::from_le_bytes([a, b, c, d, e, f, g, h]), u64::from_le_bytes(key));
    let mut state = State([
        low ^ 0x736f_6d65_7073_6575,
        high ^ 0x646f_7261_6e64_6f6d ^ 0xee,
        low ^ 0x6c79_6765_6e65_7261,
        high ^ 0x7465_6462_7974_6573,
    ]);
    let (whole, rest) = words.split_at_checked(length / 8).unwrap_or((words, &[]));
    whole.iter().for_each(|word| state.take(u64::from_le_bytes(*word)));
    let tail = rest.first().map_or(0, |word| u64::from_le_bytes(*word));
    state.take(tail | (length as u64) << 56);
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
            let mut words = [[0; 8]; 13];
            words.as_flattened_mut()[..bytes.len()].copy_from_slice(&bytes);
            let half = low_half(&key, &words, bytes.len());
            prop_assert_eq!(u128::from(half), whole & u128::from(u64::MAX));
        }
    }
}
