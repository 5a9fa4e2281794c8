//! Records (RFC 8446, section 5.1): bytes of one direction in, whole records out. Holds at most one record.

use model::SessionFates;

/// Bytes of a record's head.
pub(super) const HEAD: usize = 5;
/// Longest body of a record: that of TLS 1.2, with room for its sealing.
const BODY_MAX: usize = (1 << 14) + 2_048;

/// What a record carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    ChangeCipherSpec,
    Alert,
    Handshake,
    Data,
    Heartbeat,
}

impl Kind {
    pub(super) const fn of(number: u8) -> Option<Self> {
        Some(match number {
            20 => Self::ChangeCipherSpec,
            21 => Self::Alert,
            22 => Self::Handshake,
            23 => Self::Data,
            24 => Self::Heartbeat,
            _ => return None,
        })
    }
}

/// What the bytes so far amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A whole record.
    Whole(Kind),
    /// No whole record yet; all input is taken.
    More,
    /// No record can begin so.
    Broken,
}

/// What a gap did to the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// One record, of so many bytes with its head; where the next one begins is known.
    One(usize),
    /// Where the next record begins is not known.
    Place,
}

/// The records of one direction.
#[derive(Default)]
pub(super) struct Records {
    /// The beginning of a record that is not whole yet.
    partial: Vec<u8>,
    /// Bytes of a lost record still to come.
    skip: usize,
    /// Whether the next record has to be looked for.
    pub(super) astray: bool,
}

/// Kind and length, head included, of the record that begins with these bytes.
fn head(bytes: &[u8]) -> Option<(Kind, usize)> {
    let [kind, major, minor, high, low] = *bytes.first_chunk::<HEAD>()?;
    let length = usize::from(u16::from_be_bytes([high, low]));
    (major == 3 && minor <= 4 && length <= BODY_MAX).then_some((Kind::of(kind)?, HEAD + length))
}

impl Records {
    /// Puts the next record, head included, into `out`, taking its bytes from `input`. Counts what it skips.
    pub(super) fn next(&mut self, input: &mut &[u8], out: &mut Vec<u8>, fates: &mut SessionFates) -> Next {
        out.clear();
        let skipped = self.skip.min(input.len());
        self.skip -= skipped;
        fates.skipped += skipped as u64;
        *input = input.get(skipped..).unwrap_or_default();
        loop {
            self.align(input, fates);
            if self.partial.is_empty()
                && let Some((kind, length)) = head(input)
                && let Some((record, rest)) = input.split_at_checked(length)
            {
                out.extend_from_slice(record);
                *input = rest;
                return Next::Whole(kind);
            }
            self.gather(HEAD, input);
            if self.partial.len() < HEAD {
                return Next::More;
            }
            match head(&self.partial) {
                Some((kind, length)) => {
                    self.gather(length, input);
                    if self.partial.len() < length {
                        return Next::More;
                    }
                    out.extend(self.partial.drain(..length));
                    return Next::Whole(kind);
                }
                None if self.astray => {
                    fates.skipped += 1;
                    self.partial.drain(..1);
                }
                None => return Next::Broken,
            }
        }
    }

    /// When astray: drops what no record can begin with.
    fn align(&mut self, input: &mut &[u8], fates: &mut SessionFates) {
        if self.astray {
            let useless = self.partial.len() - search(&self.partial).len();
            self.partial.drain(..useless);
            fates.skipped += useless as u64;
            if self.partial.is_empty() {
                let before = input.len();
                *input = search(input);
                fates.skipped += (before - input.len()) as u64;
            }
        }
    }

    /// What looked like a record while astray is none: its bytes are searched again.
    pub(super) fn reject(&mut self, record: &[u8], fates: &mut SessionFates) {
        let after = search(record.get(1..).unwrap_or_default());
        fates.skipped += (record.len() - after.len()) as u64;
        self.partial.splice(..0, after.iter().copied());
    }

    fn gather(&mut self, length: usize, input: &mut &[u8]) {
        let missing = length.saturating_sub(self.partial.len()).min(input.len());
        let (taken, rest) = input.split_at_checked(missing).unwrap_or_default();
        self.partial.extend_from_slice(taken);
        *input = rest;
    }

    /// So many bytes will not come.
    pub(super) fn gap(&mut self, n: u64, fates: &mut SessionFates) -> Option<Lost> {
        // What came of the record in hand is lost with the rest.
        fates.skipped += self.waiting();
        if self.astray {
            self.partial.clear();
            return Some(Lost::Place);
        }
        let whole = head(&self.partial).map(|(_, length)| length);
        let left = match whole {
            Some(length) => length.saturating_sub(self.partial.len()),
            None => self.skip,
        };
        let known = whole.is_some() || self.skip > 0;
        match usize::try_from(n).ok().and_then(|n| left.checked_sub(n)).filter(|_| known) {
            Some(rest) => {
                self.partial.clear();
                self.skip = rest;
                whole.map(Lost::One)
            }
            None => {
                self.partial.clear();
                self.skip = 0;
                self.astray = true;
                Some(Lost::Place)
            }
        }
    }

    /// Bytes of a record that is not whole yet.
    pub(super) fn waiting(&self) -> u64 {
        self.partial.len() as u64
    }

    /// Bytes held on the heap.
    pub(super) fn memory(&self) -> usize {
        self.partial.capacity()
    }
}

/// The bytes from where a record may begin.
fn search(input: &[u8]) -> &[u8] {
    let may_begin = |bytes: &[u8]| {
        let expected = [(20..=23_u8), (3..=3), (3..=3), (0..=0x48)];
        bytes.iter().zip(expected).all(|(byte, expected)| expected.contains(byte))
    };
    let from = (0..input.len()).find(|from| input.get(*from..).is_some_and(may_begin));
    input.get(from.unwrap_or(input.len())..).unwrap_or_default()
}
