//! Passports: a number after a word that says so, and the machine-readable zone of ICAO 9303 in; whether it is one out.

use super::{
    context::{Context, PASSPORT},
    spot::Spot,
};

/// The index after a passport number at `start`: up to two letters, 6 to 9 digits and perhaps a letter, at most 9 in all.
pub(super) fn read(spot: &Spot<'_>, start: usize, context: &Context<'_>) -> Option<usize> {
    let text = spot.text.get(start..)?;
    let size = text.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(text.len());
    let word = text.get(..size)?;
    let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
    let forms = (6..=9).contains(&size) && digits >= 5 && !word.iter().any(u8::is_ascii_lowercase);
    (forms && spot.ends(start + size) && context.says(&PASSPORT)).then_some(start + size)
}

/// Whether the two lines of a TD3 zone begin here, with right check digits.
pub(super) fn is_zone(text: &[u8]) -> bool {
    let symbol = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'<';
    let Some((first, rest)) = text.split_at_checked(44) else { return false };
    let rest = rest.strip_prefix(b"\r").unwrap_or(rest);
    let rest = rest.strip_prefix(b"\\r").unwrap_or(rest);
    let rest = rest.strip_prefix(b"\n").or_else(|| rest.strip_prefix(b"\\n")).unwrap_or(rest);
    let Some(second) = rest.get(..44) else { return false };
    if !first.iter().chain(second).all(symbol) {
        return false;
    }
    [(0..9, 9), (13..19, 19), (21..27, 27)].into_iter().all(|(field, check)| {
        let field = second.get(field).unwrap_or_default();
        second.get(check).is_some_and(|digit| check_digit(field) == *digit)
    })
}

/// ICAO 9303-3, section 4.9: weights 7, 3, 1.
fn check_digit(field: &[u8]) -> u8 {
    let value = |byte: &u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'Z' => u32::from(byte - b'A') + 10,
        _ => 0,
    };
    let sum: u32 =
        field.iter().zip([7, 3, 1].iter().cycle()).map(|(byte, weight)| value(byte) * weight).sum();
    b'0' + u8::try_from(sum % 10).unwrap_or(0)
}
