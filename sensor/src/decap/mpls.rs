//! MPLS: a stack of labels in, what it carries out. The stack does not say that, so it is guessed as RFC 4928 has it.

use model::Loss;

use super::{Next, Walk, ethernet::looks_like_ethernet};

/// Labels of one stack.
const LABELS_MAX: usize = 16;
/// The control word of a pseudowire (RFC 4385).
const CONTROL_WORD: usize = 4;

impl<'a> Walk<'a, '_> {
    pub(super) fn mpls(&mut self) -> Result<Next<'a>, Loss> {
        self.deeper()?;
        for _ in 0..LABELS_MAX {
            let bottom = self.byte(2)? & 1 == 1;
            self.skip(4)?;
            if bottom {
                return self.below_labels();
            }
        }
        Err(Loss::TooDeep)
    }

    fn below_labels(&mut self) -> Result<Next<'a>, Loss> {
        match self.byte(0)? >> 4 {
            4 | 6 if self.looks_like_ip() => Ok(Next::Ip),
            // The control word's first nibble is 0; so is that of many Ethernet addresses.
            0 if self.rest.get(CONTROL_WORD..).is_some_and(looks_like_ethernet) => {
                self.skip(CONTROL_WORD)?;
                Ok(Next::Ethernet)
            }
            _ if looks_like_ethernet(self.rest) => Ok(Next::Ethernet),
            4 | 6 => Ok(Next::Ip),
            _ => Err(Loss::NotIp),
        }
    }

    /// Whether the length fits what is there.
    fn looks_like_ip(&self) -> bool {
        let Ok(first) = self.byte(0) else { return false };
        let fits = |length: usize| length <= self.rest.len() || self.cut;
        if first >> 4 == 4 {
            let length = self.be16(2).map_or(0, usize::from);
            first & 0xf >= 5 && (length == 0 || length >= 20) && fits(length)
        } else {
            self.be16(4).is_ok_and(|length| fits(usize::from(length) + 40))
        }
    }
}
