//! Key paths: names of a JSON text's members, one under the other, in; a number for each path and one for a set of them
//! out. Whoever makes calls makes the same numbers of the same names.

use crate::Pseudonyms;

/// The numbers of key paths under one deployment's key, so that nobody can build two paths with one number.
#[derive(Clone, Copy, Debug)]
pub struct KeyPaths {
    seed: u64,
}

impl KeyPaths {
    /// Those of a deployment.
    #[must_use]
    pub fn new(names: &Pseudonyms) -> Self {
        Self::with_seed(names.short(b"paths", b""))
    }

    /// Those under a secret seed.
    #[must_use]
    pub const fn with_seed(seed: u64) -> Self {
        Self { seed }
    }

    /// The path of the outermost object.
    #[must_use]
    pub const fn root(self) -> u64 {
        self.seed
    }

    /// The path of a name in what goes by `holder`: multiply and fold, eight bytes at a time.
    #[inline]
    #[must_use]
    pub fn member(holder: u64, name: &[u8]) -> u64 {
        let mut state = holder ^ 0x9e37_79b9_7f4a_7c15;
        let mut rest = name;
        while let Some((eight, after)) = rest.split_first_chunk::<8>() {
            state = folded(state ^ u64::from_le_bytes(*eight), 0xd6e8_feb8_6659_fd93);
            rest = after;
        }
        let tail = rest.iter().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
        let length = name.len() as u64;
        folded(state ^ tail, 0xa076_1d64_78bd_642f)
            ^ folded(holder.rotate_left(17) ^ length, 0xe703_7ed1_a0b4_28db)
    }

    /// What a path adds to the number of a set: the sum of these, wrapping, whatever their order.
    #[inline]
    #[must_use]
    pub fn share(self, path: u64) -> u64 {
        folded(path, self.seed | 1)
    }

    /// `Shape::keys` of the set that these shares add up to.
    #[must_use]
    pub fn keys(names: &Pseudonyms, sum: u64) -> u64 {
        names.short(b"keys", &sum.to_be_bytes())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "both halves of the product are used")]
fn folded(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_differ_by_name_holder_and_seed() {
        let root = KeyPaths::with_seed(7).root();
        let (a, b) = (KeyPaths::member(root, b"a"), KeyPaths::member(root, b"b"));
        assert_ne!(a, b);
        assert_ne!(KeyPaths::member(a, b"b"), KeyPaths::member(b, b"a"));
        assert_ne!(KeyPaths::with_seed(7).share(a), KeyPaths::with_seed(9).share(a));
    }
}
