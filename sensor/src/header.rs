//! What a TCP header says besides its numbers: window, urgent pointer and options in, plain values out. Never believes a
//! length that the header contradicts.

use crate::seq::Seq;

/// Largest window shift (RFC 7323, section 2.3): larger ones count as this.
const SHIFT_MAX: u8 = 14;
/// A timestamps option behind two fillers, as nearly every sender aligns it.
const ALIGNED_STAMP: [u8; 4] = [1, 1, 8, 10];

/// The header of a segment, options included.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TcpHeader<'a>(pub(crate) &'a [u8]);

/// What one side offers on its SYN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offered {
    /// By how much its windows are to be shifted; `None` when it does not scale.
    pub(crate) shift: Option<u8>,
    /// Its time stamp, if it sends them.
    pub(crate) stamp: Option<u32>,
    /// Whether it reads selective acknowledgements.
    pub(crate) sack: bool,
    /// The window on the SYN itself, in bytes.
    pub(crate) window: u16,
}

impl<'a> TcpHeader<'a> {
    /// The window field, not shifted.
    pub(crate) fn window(self) -> u16 {
        self.be16(14)
    }

    /// The number of the urgent byte as Linux counts it, when the header of a segment at `seq` points at one: the last
    /// of the urgent data, so that the pointer names the byte behind it.
    pub(crate) fn urgent(self, seq: Seq) -> Seq {
        seq.plus(usize::from(self.be16(18).saturating_sub(1)))
    }

    /// The time stamp.
    pub(crate) fn stamp(self) -> Option<u32> {
        let aligned = self.0.get(20..28)?;
        if aligned.starts_with(&ALIGNED_STAMP) {
            return aligned.last_chunk().map(|stamp| u32::from_be_bytes(*stamp));
        }
        let (_, value) = self.options().find(|(kind, value)| *kind == 8 && value.len() == 8)?;
        value.first_chunk().map(|stamp| u32::from_be_bytes(*stamp))
    }

    /// Whether a receiver that shares no key with the sender drops the segment for its options: signed (RFC 2385, RFC
    /// 5925), or with lengths that cannot be.
    pub(crate) fn is_refused(self) -> bool {
        let Some(options) = self.0.get(20..).filter(|options| !options.is_empty()) else { return false };
        if options.len() == 12 && options.starts_with(&ALIGNED_STAMP) {
            return false;
        }
        let mut walk = self.options();
        walk.any(|(kind, value)| (kind == 19 && value.len() == 16) || (kind == 29 && value.len() >= 2))
            || walk.is_broken
    }

    /// What a SYN offers.
    pub(crate) fn offered(self) -> Offered {
        let mut offered = Offered { window: self.window(), ..Offered::default() };
        for (kind, value) in self.options() {
            match (kind, value) {
                (3, [shift]) => offered.shift = Some(SHIFT_MAX.min(*shift)),
                (4, []) => offered.sack = true,
                (8, [a, b, c, d, ..]) if value.len() == 8 => {
                    offered.stamp = Some(u32::from_be_bytes([*a, *b, *c, *d]));
                }
                _ => {}
            }
        }
        offered
    }

    fn options(self) -> Options<'a> {
        Options { rest: self.0.get(20..).unwrap_or_default(), is_broken: false }
    }

    fn be16(self, at: usize) -> u16 {
        let pair = self.0.get(at..).and_then(|rest| rest.first_chunk());
        pair.map_or(0, |pair| u16::from_be_bytes(*pair))
    }
}

/// Options with their values, up to the end or the first impossible length.
struct Options<'a> {
    rest: &'a [u8],
    is_broken: bool,
}

impl<'a> Iterator for Options<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        while let [1, rest @ ..] = self.rest {
            self.rest = rest;
        }
        let (kind, rest) = self.rest.split_first().filter(|(kind, _)| **kind != 0)?;
        let whole = rest.first().and_then(|length| usize::from(*length).checked_sub(1)).filter(|n| *n > 0);
        let Some((value, rest)) = whole.and_then(|length| rest.split_at_checked(length)) else {
            self.is_broken = true;
            self.rest = &[];
            return None;
        };
        self.rest = rest;
        Some((*kind, value.get(1..).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn with(options: &[u8]) -> Vec<u8> {
        [&[0; 14][..], &[1, 0, 0, 0, 0, 3], options].concat()
    }

    #[test]
    fn a_syn_tells_what_it_offers() {
        let bytes = with(&[2, 4, 5, 0xB4, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0, 1, 3, 3, 200]);
        let header = TcpHeader(&bytes);
        let offered = Offered { shift: Some(14), stamp: Some(9), sack: true, window: 256 };
        assert_eq!(header.offered(), offered);
        assert_eq!(header.urgent(Seq(7)), Seq(9));
        assert!(!header.is_refused());
    }

    /// Case T42: options with impossible lengths say nothing from there on.
    #[test]
    fn broken_options_are_refused() {
        for options in [&[3, 0, 7, 0][..], &[8, 10, 0, 0], &[1, 1, 1, 3], &[3, 1, 7, 7]] {
            let bytes = with(options);
            assert!(TcpHeader(&bytes).is_refused(), "{options:?}");
            assert_eq!(TcpHeader(&bytes).offered().shift, None);
            assert_eq!(TcpHeader(&bytes).stamp(), None);
        }
        assert!(!TcpHeader(&with(&[0, 9, 9, 9])).is_refused());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let header = TcpHeader(&bytes);
            let _ = (header.window(), header.urgent(Seq(0)), header.is_refused(), header.offered());
            let walked = header.options().find(|(kind, value)| *kind == 8 && value.len() == 8);
            prop_assert_eq!(header.stamp().is_some(), walked.is_some());
        }
    }
}
