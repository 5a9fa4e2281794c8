//! National numbers: a cluster of digits or a word in, whether a land gives its people such numbers out. Forms and check
//! digits follow the lands' public rules; a weak check asks for a word that says so.

use super::{
    cluster::{Cluster, is_day, luhn, number, weighted},
    context::{Context, NATIONAL},
    spot::Spot,
};

/// Remainders by 23 of Spanish numbers.
const SPANISH: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
/// Remainders by 31 of Finnish numbers.
const FINNISH: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";

/// Digits with their marks: numbers that end with a digit.
pub(super) fn is_id(cluster: &Cluster, context: &Context<'_>) -> bool {
    let digits = cluster.digits();
    if cluster.plus || cluster.bracket || digits.iter().all(|digit| Some(digit) == digits.first()) {
        return false;
    }
    let (sizes, marks) = (cluster.sizes(), cluster.marks());
    let distinct = match (sizes, marks) {
        ([3, 2, 4], [b'-', b'-']) => is_american(digits),
        ([3, 3, 3, 2], [b'.', b'.', b'-']) => is_brazilian(digits),
        ([1, 2, 2, 2, 3, 3] | [1, 2, 2, 2, 3, 3, 2], _) if cluster.joined_by(b' ') => is_french(digits),
        ([3, 4, 4, 2], [b'.', b'.', b'.']) => is_swiss(digits),
        ([2, 2, 2, 3, 2], [b'.', b'.', b'-', b'.' | b'-']) => is_belgian(digits),
        _ => false,
    };
    distinct && !context.is_other() || is_said(cluster, digits) && context.says(&NATIONAL)
}

/// Forms that count only after a word that says so.
fn is_said(cluster: &Cluster, digits: &[u8]) -> bool {
    match cluster.sizes() {
        [9] => is_american(digits) || is_dutch(digits),
        [3, 2, 4] | [3, 3, 3] if cluster.joined_by(b' ') || cluster.joined_by(b'-') => {
            is_american(digits) || luhn(digits)
        }
        [6, 4] => {
            is_day(number(digits.get(..2).unwrap_or_default()), number(digits.get(2..4).unwrap_or_default()))
                || is_swedish(digits)
        }
        [8, 4] => digits.get(2..).is_some_and(is_swedish),
        [10] => {
            is_swedish(digits)
                || is_day(
                    number(digits.get(..2).unwrap_or_default()),
                    number(digits.get(2..4).unwrap_or_default()),
                )
        }
        [11] | [6, 5] | [2, 3, 3, 3] => {
            is_german(digits)
                || is_polish(digits)
                || is_brazilian(digits)
                || is_norwegian(digits)
                || is_belgian(digits)
        }
        [12] | [4, 4, 4] => is_indian(digits) || digits.get(2..).is_some_and(is_swedish),
        [13] => is_swiss(digits),
        [15] => is_french(digits),
        _ => false,
    }
}

/// Words that begin with letters: Italy, the United Kingdom, Spain's numbers of foreigners. The index after one.
pub(super) fn lettered(spot: &Spot<'_>, start: usize, letters: usize) -> Option<usize> {
    let text = spot.text.get(start..)?;
    let size = text.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(text.len());
    let word = text.get(..size)?;
    let said = || Context::of(spot, start).says(&NATIONAL);
    match (letters, size) {
        (6, 16) if is_italian(word) && spot.ends(start + size) => Some(start + size),
        (1, 9) if is_foreigner(word) && spot.ends(start + size) => Some(start + size),
        (2, 9) if is_british(word) && spot.ends(start + size) && said() => Some(start + size),
        (2, 2) => {
            let spaced = text.get(..13)?;
            let at_marks = [2, 5, 8, 11].iter().all(|at| spaced.get(*at) == Some(&b' '));
            let mut word = [0; 9];
            let kept = spaced.iter().filter(|byte| **byte != b' ');
            word.iter_mut().zip(kept).for_each(|(place, byte)| *place = *byte);
            (at_marks && is_british(&word) && spot.ends(start + 13)).then_some(start + 13)
        }
        _ => None,
    }
}

/// Digits followed by a letter: Spain, Finland, China. The index after one.
pub(super) fn tailed(spot: &Spot<'_>, cluster: &Cluster, context: &Context<'_>) -> Option<usize> {
    let end = cluster.end();
    let next = |n: usize| spot.byte(end + n);
    let digits = cluster.digits();
    match cluster.sizes() {
        [8] if spot.ends(end + 1) || next(0) == Some(b'-') => {
            let letter = end + usize::from(next(0) == Some(b'-'));
            let right = spanish_letter(number(digits)) == spot.byte(letter)?.to_ascii_uppercase();
            (right && spot.ends(letter + 1) && context.says(&NATIONAL)).then_some(letter + 1)
        }
        [6] if matches!(next(0), Some(b'A' | b'+' | b'-')) => is_finnish(spot, digits, end, 1),
        [6, 3] if cluster.joined_by(b'-') => is_finnish(spot, digits, end, 0),
        [17] if matches!(next(0), Some(b'X')) && spot.ends(end + 1) => {
            is_chinese(digits, 10).then_some(end + 1)
        }
        [18] if spot.ends(end) => {
            let (head, check) = digits.split_at_checked(17)?;
            is_chinese(head, u32::from(*check.first()?)).then_some(end)
        }
        _ => None,
    }
}

/// SSA: no area 000, 666 or 9xx but for taxpayer numbers, no group 00, no serial 0000.
fn is_american(digits: &[u8]) -> bool {
    let (area, group, serial) = (
        number(digits.get(..3).unwrap_or_default()),
        number(digits.get(3..5).unwrap_or_default()),
        number(digits.get(5..).unwrap_or_default()),
    );
    digits.len() == 9
        && area != 0
        && area != 666
        && (area < 900 || matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99))
        && group != 0
        && serial != 0
}

fn is_brazilian(digits: &[u8]) -> bool {
    let check = |n: usize| {
        let weights: Vec<u32> = (2..=u32::try_from(n + 1).unwrap_or(2)).rev().collect();
        let left = weighted(digits.get(..n).unwrap_or_default(), &weights) * 10 % 11 % 10;
        digits.get(n).is_some_and(|digit| u32::from(*digit) == left)
    };
    digits.len() == 11 && check(9) && check(10)
}

/// INSEE: sex, year, month, place, order; key 97 less the remainder.
fn is_french(digits: &[u8]) -> bool {
    let month = number(digits.get(3..5).unwrap_or_default());
    let head = matches!(digits.first(), Some(1 | 2 | 7 | 8)) && matches!(month, 1..=12 | 20..=42 | 50..=99);
    match digits.split_at_checked(13) {
        Some((body, [])) => head && number(body) > 0,
        Some((body, key)) => head && digits.len() == 15 && 97 - number(body) % 97 == number(key),
        None => false,
    }
}

fn is_swiss(digits: &[u8]) -> bool {
    digits.len() == 13
        && digits.starts_with(&[7, 5, 6])
        && weighted(digits, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]).is_multiple_of(10)
}

fn is_belgian(digits: &[u8]) -> bool {
    let Some((body, key)) = digits.split_at_checked(9) else { return false };
    let (body, key) = (number(body), number(key));
    digits.len() == 11 && (97 - body % 97 == key || 97 - (2_000_000_000 + body) % 97 == key)
}

fn is_dutch(digits: &[u8]) -> bool {
    let Some((body, [last])) = digits.split_at_checked(8) else { return false };
    (weighted(body, &[9, 8, 7, 6, 5, 4, 3, 2]) + 11 - u32::from(*last)).is_multiple_of(11)
}

fn is_swedish(digits: &[u8]) -> bool {
    let (month, day) =
        (number(digits.get(2..4).unwrap_or_default()), number(digits.get(4..6).unwrap_or_default()));
    // Days past 60 are numbers of coordination.
    digits.len() == 10 && (is_day(day, month) || is_day(day.saturating_sub(60), month)) && luhn(digits)
}

/// ISO 7064 MOD 11,10.
fn is_german(digits: &[u8]) -> bool {
    let Some((body, [last])) = digits.split_at_checked(10) else { return false };
    let product = body.iter().fold(10, |product, digit| {
        let sum = (u32::from(*digit) + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    body.first() != Some(&0) && (11 - product) % 10 == u32::from(*last)
}

fn is_polish(digits: &[u8]) -> bool {
    let (month, day) =
        (number(digits.get(2..4).unwrap_or_default()), number(digits.get(4..6).unwrap_or_default()));
    digits.len() == 11
        && is_day(day, month % 20)
        && weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_multiple_of(10)
}

fn is_norwegian(digits: &[u8]) -> bool {
    let (day, month) =
        (number(digits.get(..2).unwrap_or_default()), number(digits.get(2..4).unwrap_or_default()));
    digits.len() == 11
        && is_day(day % 40, month % 40)
        && weighted(digits, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]).is_multiple_of(11)
        && weighted(digits, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
}

/// UIDAI: twelve digits under Verhoeff's check (the dihedral group of order ten).
fn is_indian(digits: &[u8]) -> bool {
    const SHUFFLE: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let times = |a: u8, b: u8| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => (a + b - 5) % 5 + 5,
        (false, true) => (a + 5 - b) % 5 + 5,
        (false, false) => (a + 5 - b) % 5,
    };
    let check = digits.iter().rev().enumerate().fold(0, |check, (at, digit)| {
        let shuffled =
            (0..at % 8).fold(*digit, |digit, _| SHUFFLE.get(usize::from(digit)).copied().unwrap_or(0));
        times(check, shuffled)
    });
    digits.len() == 12 && digits.first().is_some_and(|digit| *digit >= 2) && check == 0
}

fn spanish_letter(n: u64) -> u8 {
    SPANISH.get(usize::try_from(n % 23).unwrap_or(0)).copied().unwrap_or(b'T')
}

/// X, Y or Z, seven digits, a letter.
fn is_foreigner(word: &[u8]) -> bool {
    let [first, digits @ .., last] = word else { return false };
    let Some(lead) = b"XYZ".iter().position(|letter| *letter == first.to_ascii_uppercase()) else {
        return false;
    };
    let body = digits
        .iter()
        .try_fold(lead as u64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u64::from(byte - b'0')));
    digits.len() == 7 && body.is_some_and(|body| spanish_letter(body) == last.to_ascii_uppercase())
}

/// HMRC: two letters but not every one, six digits, A to D.
fn is_british(word: &[u8]) -> bool {
    let [first, second, digits @ .., last] = word else { return false };
    let never = [*b"BG", *b"GB", *b"NK", *b"KN", *b"TN", *b"NT", *b"ZZ"];
    digits.len() == 6
        && digits.iter().all(u8::is_ascii_digit)
        && first.is_ascii_uppercase()
        && second.is_ascii_uppercase()
        && !b"DFIQUV".contains(first)
        && !b"DFIOQUV".contains(second)
        && !never.contains(&[*first, *second])
        && matches!(last, b'A'..=b'D')
}

/// Ministerial decree of 23 December 1976: odd places have values of their own, the last letter is the remainder by 26.
fn is_italian(word: &[u8]) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let form = b"AAAAAA00A00A000A";
    let fits = word.iter().zip(form).all(|(byte, form)| match form {
        b'0' => byte.is_ascii_digit() || b"LMNPQRSTUV".contains(&byte.to_ascii_uppercase()),
        _ => byte.is_ascii_alphabetic(),
    });
    let value = |byte: &u8| match byte {
        b'0'..=b'9' => byte - b'0',
        _ => byte.to_ascii_uppercase().saturating_sub(b'A'),
    };
    let Some((last, body)) = word.split_last() else { return false };
    let sum: u32 = body
        .iter()
        .enumerate()
        .map(|(at, byte)| {
            let value = value(byte);
            if at % 2 == 0 { ODD.get(usize::from(value)).copied().unwrap_or(0) } else { u32::from(value) }
        })
        .sum();
    fits && word.len() == 16 && u32::from(value(last)) == sum % 26
}

/// Day, month, year, a sign for the century, three digits and one of 31 signs. The index after it.
fn is_finnish(spot: &Spot<'_>, digits: &[u8], end: usize, more: usize) -> Option<usize> {
    let mut all = [0_u8; 9];
    let mut at = end;
    let n = digits.len().min(9);
    all.get_mut(..n)?.copy_from_slice(digits.get(..n)?);
    if more == 1 {
        let serial = spot.text.get(end + 1..end + 4)?;
        for (place, byte) in all.get_mut(6..)?.iter_mut().zip(serial) {
            *place = byte.is_ascii_digit().then(|| byte - b'0')?;
        }
        at = end + 4;
    }
    let sign = FINNISH.get(usize::try_from(number(&all) % 31).ok()?)?;
    let day = is_day(number(all.get(..2)?), number(all.get(2..4)?));
    (day && spot.byte(at) == Some(*sign) && spot.ends(at + 1)).then_some(at + 1)
}

/// GB 11643: place, date, order, and ISO 7064 MOD 11-2.
fn is_chinese(body: &[u8], check: u32) -> bool {
    let sum = weighted(body, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    let (year, month, day) = (
        number(body.get(6..10).unwrap_or_default()),
        number(body.get(10..12).unwrap_or_default()),
        number(body.get(12..14).unwrap_or_default()),
    );
    body.len() == 17 && (1900..=2099).contains(&year) && is_day(day, month) && (12 - sum % 11) % 11 == check
}
