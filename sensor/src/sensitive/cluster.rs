//! Clusters: digits with separators between their groups, as people write numbers. Knows no class.

use super::spot::Spot;

/// Digits of the longest number that any class has, and some more to tell that it is longer.
const DIGITS_MAX: usize = 24;
const GROUPS_MAX: usize = 8;

/// Groups of digits. Wiped by nobody: it lives on the stack for one judgement.
#[derive(Clone, Copy, Default)]
pub(super) struct Cluster {
    digits: [u8; DIGITS_MAX],
    len: usize,
    /// Digits of each group.
    sizes: [u8; GROUPS_MAX],
    /// What stands before each group; `)` for a closing bracket with anything after it.
    marks: [u8; GROUPS_MAX],
    groups: usize,
    /// Index after the last digit of each group.
    ends: [usize; GROUPS_MAX],
    /// Whether a plus or a bracket opens it.
    pub(super) plus: bool,
    pub(super) bracket: bool,
}

impl Cluster {
    /// The cluster whose first digit is at the spot; `None` when it has more digits than any number.
    pub(super) fn read(spot: &Spot<'_>) -> Option<Self> {
        let mut it = Self::default();
        let before = |n: usize| spot.at.checked_sub(n).and_then(|at| spot.byte(at));
        it.bracket = before(1) == Some(b'(');
        it.plus = before(1 + usize::from(it.bracket)) == Some(b'+');
        let mut at = spot.at;
        let mut mark = 0;
        loop {
            let start = at;
            while let Some(digit @ b'0'..=b'9') = spot.byte(at) {
                *it.digits.get_mut(it.len)? = digit - b'0';
                it.len += 1;
                at += 1;
            }
            *it.sizes.get_mut(it.groups)? = u8::try_from(at - start).ok()?;
            *it.marks.get_mut(it.groups)? = mark;
            *it.ends.get_mut(it.groups)? = at;
            it.groups += 1;
            let rest = spot.text.get(at..).unwrap_or_default();
            let (skip, next) = match rest {
                [b')', b' ' | b'-', b'0'..=b'9', ..] => (2, b')'),
                [b')', b'0'..=b'9', ..] => (1, b')'),
                [b' ', b'(', b'0'..=b'9', ..] => (2, b'('),
                [mark @ (b' ' | b'-' | b'.' | b'/'), b'0'..=b'9', ..] => (1, *mark),
                _ => break,
            };
            if it.groups == GROUPS_MAX {
                break;
            }
            mark = next;
            at += skip;
        }
        Some(it)
    }

    pub(super) fn digits(&self) -> &[u8] {
        self.digits.get(..self.len).unwrap_or_default()
    }

    pub(super) fn sizes(&self) -> &[u8] {
        self.sizes.get(..self.groups).unwrap_or_default()
    }

    /// The marks between groups.
    pub(super) fn marks(&self) -> &[u8] {
        self.marks.get(1..self.groups).unwrap_or_default()
    }

    /// Whether all marks are this one.
    pub(super) fn joined_by(&self, mark: u8) -> bool {
        self.marks().iter().all(|found| *found == mark)
    }

    /// Index after the last digit.
    pub(super) fn end(&self) -> usize {
        self.groups.checked_sub(1).and_then(|last| self.ends.get(last)).copied().unwrap_or(0)
    }

    /// Index after the last digit of the first group.
    pub(super) fn first_end(&self) -> usize {
        self.ends.first().copied().unwrap_or(0)
    }

    /// Takes the last group away if a space stands before it, or it stands after one; whether a shorter cluster is left.
    pub(super) fn shorten(&mut self) -> bool {
        let last = self.groups.saturating_sub(1);
        let cut = (1..=last).rev().find(|at| self.marks.get(*at) == Some(&b' '));
        let Some(cut) = cut else { return false };
        let gone: usize =
            self.sizes.get(cut..self.groups).unwrap_or_default().iter().map(|n| usize::from(*n)).sum();
        self.len = self.len.saturating_sub(gone);
        self.groups = cut;
        true
    }
}

/// The Luhn check (ISO/IEC 7812-1, annex B).
pub(super) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let value = u32::from(*digit) << (at % 2);
            if value > 9 { value - 9 } else { value }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The number that digits stand for.
pub(super) fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0_u64, |sum, digit| sum.wrapping_mul(10).wrapping_add(u64::from(*digit)))
}

/// The sum of digits times weights.
pub(super) fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum()
}

/// Whether day and month could be.
pub(super) fn is_day(day: u64, month: u64) -> bool {
    (1..=31).contains(&day) && (1..=12).contains(&month)
}
