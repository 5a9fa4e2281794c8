//! Account numbers (ISO 13616): a spot in, whether an IBAN begins there and where it ends out.

use super::spot::Spot;

/// Lengths by country, as in the registry of ISO 13616.
const LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NL", 18),
    (b"NO", 15),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"SA", 24),
    (b"SC", 31),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
];

/// The index after the account number that begins at `start`.
pub(super) fn read(spot: &Spot<'_>, start: usize) -> Option<usize> {
    let text = spot.text.get(start..)?;
    let country = [text.first()?.to_ascii_uppercase(), text.get(1)?.to_ascii_uppercase()];
    let (_, length) = LENGTHS.iter().find(|(name, _)| **name == country)?;
    let mut symbols = [0_u8; 34];
    let (mut n, mut at) = (0, 0);
    while n < *length {
        match text.get(at)? {
            byte if byte.is_ascii_alphanumeric() => {
                *symbols.get_mut(n)? = byte.to_ascii_uppercase();
                n += 1;
            }
            b' ' | b'-' if n % 4 == 0 && n > 0 && text.get(at + 1)?.is_ascii_alphanumeric() => {}
            _ => return None,
        }
        at += 1;
    }
    let symbols = symbols.get(..n)?;
    let (head, rest) = symbols.split_at_checked(4)?;
    let checks = head.get(2..)?.iter().all(u8::is_ascii_digit);
    let end = start + at;
    (checks && rest.iter().chain(head).fold(0, remainder) == 1 && spot.ends(end)).then_some(end)
}

/// The next step of the remainder by 97, letters being 10 to 35.
fn remainder(sum: u32, symbol: &u8) -> u32 {
    match symbol {
        b'0'..=b'9' => (sum * 10 + u32::from(symbol - b'0')) % 97,
        _ => (sum * 100 + u32::from(symbol.saturating_sub(b'A')) + 10) % 97,
    }
}
