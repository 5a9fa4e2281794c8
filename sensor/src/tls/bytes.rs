//! A cursor over bytes of a message: numbers and counted lists in order out. Never reads past the end.

/// What is left of a message.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.take(2)?.first_chunk().map(|two| u16::from_be_bytes(*two))
    }

    /// A list that one byte counts.
    pub(super) fn list8(&mut self) -> Option<Self> {
        let n = self.u8()?;
        self.take(n.into()).map(Bytes)
    }

    /// A list that two bytes count.
    pub(super) fn list16(&mut self) -> Option<Self> {
        let n = self.u16()?;
        self.take(n.into()).map(Bytes)
    }

    /// The numbers of a list, two bytes each.
    pub(super) fn numbers(self) -> impl Iterator<Item = u16> + 'a {
        self.0.chunks_exact(2).map(|two| two.iter().fold(0, |number, byte| number << 8 | u16::from(*byte)))
    }
}
