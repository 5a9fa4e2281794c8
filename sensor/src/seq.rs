//! Sequence numbers: arithmetic modulo 2^32 that cannot be mistaken for ordinary numbers (RFC 9293, section 3.4).

/// A TCP sequence number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seq(pub(crate) u32);

impl Seq {
    /// This number `bytes` further on.
    pub(crate) fn plus(self, bytes: usize) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "sequence numbers wrap")]
        Self(self.0.wrapping_add(bytes as u32))
    }

    /// Bytes from `earlier` to `self`: negative when `self` lies before it. Exact within half the number space.
    pub(crate) fn offset_from(self, earlier: Self) -> i64 {
        #[expect(clippy::cast_possible_wrap, reason = "the sign is the point")]
        let distance = self.0.wrapping_sub(earlier.0) as i32;
        i64::from(distance)
    }

    /// Whether `self` lies after `other`.
    pub(crate) fn is_after(self, other: Self) -> bool {
        self.offset_from(other) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::Seq;

    #[test]
    fn distances_cross_the_wrap() {
        let before = Seq(u32::MAX - 1);
        assert_eq!(before.plus(4), Seq(2));
        assert_eq!(Seq(2).offset_from(before), 4);
        assert_eq!(before.offset_from(Seq(2)), -4);
        assert!(Seq(2).is_after(before));
    }
}
