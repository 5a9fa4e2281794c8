//! Numbers: finds the words with digits in them and asks each class. Judges every number once.

use model::SensitiveClass;

use super::{BEHIND, Spot, Tally, card, cluster::Cluster, context::Context, iban, national, passport, phone};
use crate::eight::{byte_at, no_digits};

/// Digits of a number that has no class.
const SHORT_MAX: usize = 5;

/// Counts the numbers whose first digit stands from `from` to `to`, the places before `free` being taken by a number
/// judged already. The place up to which text is taken.
pub(super) fn scan(text: &[u8], from: usize, free: usize, to: usize, tally: &mut Tally) -> usize {
    let mut at = from.max(free);
    while let Some(found) = next_digit(text, at, to) {
        let inside = found.checked_sub(1).and_then(|before| text.get(before)).is_some_and(u8::is_ascii_digit);
        at = if inside { found + 1 } else { judge(text, found, tally).max(found + 1) };
    }
    at.max(to.min(at)).max(free)
}

/// The first digit from `at` on and before `to`, looked for eight bytes at a time.
fn next_digit(text: &[u8], mut at: usize, to: usize) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    while let Some(eight) = text.get(at..to)?.first_chunk::<8>() {
        // Digits become the bytes below ten. Borrows spoil only what lies above the first hit, and only that one counts.
        let word = u64::from_le_bytes(*eight) ^ (ONES * 0x30);
        let hits = word.wrapping_sub(ONES * 10) & !word & (ONES * 0x80);
        if hits != 0 {
            return Some(at + (hits.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    let rest = text.get(at..to)?;
    rest.iter().position(u8::is_ascii_digit).map(|place| at + place)
}

/// The place after a number of few digits that stands alone, as an id, a price or a flag does: no class has so short ones.
fn short(text: &[u8], at: usize) -> Option<usize> {
    let before = at.checked_sub(1).and_then(|before| text.get(before)).copied().unwrap_or(0);
    if before.is_ascii_alphabetic() {
        return None;
    }
    let rest = text.get(at..)?;
    let place = rest.first_chunk().and_then(|eight| short_ahead(*eight)).or_else(|| short_by_bytes(rest))?;
    Some(at + place)
}

/// The length of such a number.
fn short_by_bytes(rest: &[u8]) -> Option<usize> {
    let mut digits = 0;
    for (place, byte) in rest.iter().enumerate().take(SHORT_MAX + 2) {
        match byte {
            b'0'..=b'9' => digits += 1,
            // One point, with digits on both sides.
            b'.' if digits == place && matches!(rest.get(place + 1), Some(b'0'..=b'9')) => {}
            _ if digits > SHORT_MAX || byte.is_ascii_alphabetic() => return None,
            // What may stand between the groups of a longer number.
            b' ' | b'-' | b'.' | b'/' | b')' => {
                let goes_on = matches!(
                    (byte, rest.get(place + 1)?),
                    (_, b'0'..=b'9') | (b' ', b'(') | (b')', b' ' | b'-')
                );
                return (!goes_on).then_some(place);
            }
            _ => return Some(place),
        }
    }
    None
}

/// The same for a number as nearly all of them stand in JSON, all of it looked at together.
fn short_ahead(eight: [u8; 8]) -> Option<usize> {
    let (at, others) = (|place: u32| byte_at(eight, place), no_digits(eight));
    let ends = |place: u32| matches!(at(place), b',' | b'}' | b']' | b'"' | b':');
    let whole = others.trailing_zeros() & !7;
    if whole as usize > SHORT_MAX * 8 {
        return None;
    }
    if ends(whole) {
        return Some((whole / 8) as usize);
    }
    // One point, with digits on both sides.
    let after = others & others.wrapping_sub(1);
    let end = after.trailing_zeros() & !7;
    let fits = at(whole) == b'.' && end > whole + 8 && end as usize <= (SHORT_MAX + 1) * 8 && ends(end);
    fits.then_some((end / 8) as usize)
}

/// Judges the number whose first digit is here. The place after it.
fn judge(text: &[u8], at: usize, tally: &mut Tally) -> usize {
    if let Some(end) = short(text, at) {
        return end;
    }
    let spot = Spot::new(text, at);
    let base = at - spot.at;
    let letters = spot.text.get(..spot.at).unwrap_or_default();
    let letters = letters.iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let end = if letters > 0 && !spot.begins(spot.at) {
        with_letters(&spot, letters, tally)
    } else {
        plain(&spot, tally)
    };
    base + end
}

/// A word that begins with letters. The index after it.
fn with_letters(spot: &Spot<'_>, letters: usize, tally: &mut Tally) -> usize {
    let rest = spot.rest();
    let size = rest.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(rest.len());
    let word_end = spot.at + size;
    // In `\nAB12` the n is not the word's.
    let mut start = spot.at - letters;
    if !spot.begins(start) && spot.begins(start + 1) && letters > 1 {
        start += 1;
    }
    if letters > 6 || !spot.begins(start) || spot.at >= BEHIND && start == 0 {
        return word_end;
    }
    let letters = spot.at - start;
    if letters == 2
        && let Some(end) = iban::read(spot, start)
    {
        tally.count(SensitiveClass::Iban);
        return end;
    }
    if let Some(end) = national::lettered(spot, start, letters) {
        tally.count(SensitiveClass::NationalId);
        return end;
    }
    if letters <= 2
        && let Some(end) = passport::read(spot, start, &Context::of(spot, start))
    {
        tally.count(SensitiveClass::Passport);
        return end;
    }
    word_end
}

/// A number that begins with a digit. The index after it, or after its first group.
fn plain(spot: &Spot<'_>, tally: &mut Tally) -> usize {
    let rest = spot.rest();
    let Some(whole) = Cluster::read(spot) else {
        return spot.at + rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    };
    let start = spot.at - usize::from(whole.plus) - usize::from(whole.bracket);
    let first_end = whole.first_end();
    let word = rest.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(rest.len());
    let past = first_end.max(spot.at + word);
    if whole.digits().len() < 6 || !spot.begins(start) {
        return past;
    }
    let context = Context::of(spot, start);
    let mut cluster = whole;
    loop {
        if let Some((class, end)) = class_of(spot, &cluster, &context) {
            tally.count(class);
            return end;
        }
        if !cluster.shorten() || cluster.digits().len() < 6 {
            return past;
        }
    }
}

fn class_of(spot: &Spot<'_>, cluster: &Cluster, context: &Context<'_>) -> Option<(SensitiveClass, usize)> {
    if let Some(end) = national::tailed(spot, cluster, context) {
        return Some((SensitiveClass::NationalId, end));
    }
    let end = cluster.end();
    if !spot.ends(end) {
        return passport::read(spot, spot.at, context).map(|end| (SensitiveClass::Passport, end));
    }
    let class = if card::is_card(cluster, context) {
        SensitiveClass::CardNumber
    } else if national::is_id(cluster, context) {
        SensitiveClass::NationalId
    } else if cluster.sizes().len() == 1 && passport::read(spot, spot.at, context).is_some() {
        SensitiveClass::Passport
    } else if phone::is_phone(cluster, context) {
        SensitiveClass::Phone
    } else {
        return None;
    };
    Some((class, end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn eight_bytes_say_what_each_of_them_says(
            bytes in proptest::collection::vec(prop_oneof![4 => 0x30..0x3a_u8, 2 => Just(b'.'), 2 => Just(b','), 1 => any::<u8>()], 8),
        ) {
            let found = bytes.first_chunk().and_then(|eight| short_ahead(*eight));
            let is_number = bytes.first().is_some_and(u8::is_ascii_digit);
            prop_assert!(!is_number || found.is_none() || found == short_by_bytes(&bytes));
        }
    }
}
