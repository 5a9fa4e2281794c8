//! Texts of values: a make, its length and a hash in, the characters out. They look like what they stand for.

use crate::{plan::Value, rng::mix, world::Make};

const LETTERS: &[u8; 16] = b"aeioutrnslmdkpbg";

fn letter(hash: u64, at: usize) -> u8 {
    let bits = mix(hash, at as u64 / 16) >> (at % 16 * 4);
    LETTERS[(bits & 15) as usize]
}

fn digit(hash: u64, at: usize) -> u8 {
    b'0' + (mix(hash, at as u64 ^ 0x00d1_6175) % 10) as u8
}

/// Writes the value's text.
pub(crate) fn write(make: &Make, value: &Value, hash: u64, out: &mut Vec<u8>) {
    let length = value.length as usize;
    let start = out.len();
    match make {
        Make::Int(..) => number(length, hash, out),
        Make::Money => {
            number(length - 3, hash, out);
            out.extend([b'.', digit(hash, 91), digit(hash, 92)]);
        }
        Make::Bool => out.extend_from_slice(if hash & 1 == 0 { b"true" } else { b"false" }),
        Make::Word(..) => out.extend((0..length).map(|at| letter(hash, at))),
        Make::Upper(..) => out.extend((0..length).map(|at| letter(hash, at).to_ascii_uppercase())),
        Make::Text(..) => out.extend((0..length).map(|at| match at {
            0 => letter(hash, 0).to_ascii_uppercase(),
            _ if at % 7 == 5 && at + 1 < length => b' ',
            _ => letter(hash, at),
        })),
        Make::Date => date(hash, out),
        Make::Email => {
            let local = length - 13;
            out.extend((0..local).map(|at| if at == local / 2 { b'.' } else { letter(hash, at) }));
            out.extend_from_slice(b"@mail.example");
        }
        Make::Phone => {
            out.extend_from_slice(b"+49");
            out.push(b'1');
            out.extend((4..length).map(|at| digit(hash, at)));
        }
        Make::Card => card(hash, out),
        Make::Iban => iban(hash, out),
        Make::Password => out.extend((0..length).map(|at| match at {
            0 => letter(hash, 0).to_ascii_uppercase(),
            1 => digit(hash, 1),
            _ => letter(hash, at),
        })),
        _ => {}
    }
    debug_assert_eq!(out.len() - start, length, "{make:?}");
}

fn number(digits: usize, hash: u64, out: &mut Vec<u8>) {
    out.push(b'1' + (mix(hash, 3) % 9) as u8);
    out.extend((1..digits).map(|at| digit(hash, at)));
}

fn date(hash: u64, out: &mut Vec<u8>) {
    let two = |n: u64| [b'0' + (n / 10 % 10) as u8, b'0' + (n % 10) as u8];
    out.extend_from_slice(b"202");
    out.push(b'4' + (hash % 3) as u8);
    for (mark, n) in [
        (b'-', 1 + (hash >> 8) % 12),
        (b'-', 1 + (hash >> 16) % 28),
        (b'T', (hash >> 24) % 24),
        (b':', (hash >> 32) % 60),
        (b':', (hash >> 40) % 60),
    ] {
        out.push(mark);
        out.extend(two(n));
    }
    out.push(b'Z');
}

/// A number of a scheme that issues such, with its check digit (ISO/IEC 7812, annex B).
fn card(hash: u64, out: &mut Vec<u8>) {
    let mut digits = [0_u8; 16];
    digits[0] = 4;
    for (at, place) in digits.iter_mut().enumerate().take(15).skip(1) {
        *place = digit(hash, at) - b'0';
    }
    let sum: u32 = (0..15)
        .map(|at| {
            let doubled = u32::from(digits[at]) * if at % 2 == 0 { 2 } else { 1 };
            doubled / 10 + doubled % 10
        })
        .sum();
    digits[15] = ((10 - sum % 10) % 10) as u8;
    out.extend(digits.map(|n| b'0' + n));
}

/// A German account number with its check digits (ISO 13616, ISO 7064).
fn iban(hash: u64, out: &mut Vec<u8>) {
    let mut account = [0_u8; 18];
    account.iter_mut().enumerate().for_each(|(at, place)| *place = digit(hash, at));
    // D is 13, E is 14; the check digits count as zeros.
    let check = account.iter().map(|digit| u32::from(digit - b'0')).chain([1, 3, 1, 4, 0, 0]);
    let check = 98 - check.fold(0_u32, |rest, digit| (rest * 10 + digit) % 97);
    out.extend_from_slice(b"DE");
    out.extend([b'0' + (check / 10) as u8, b'0' + (check % 10) as u8]);
    out.extend(account);
}

/// The login name of a user.
pub(crate) fn login_name(user: u32, seed: u64) -> compact_str::CompactString {
    let hash = mix(seed, u64::from(user) ^ 0x6c6f_6769);
    let mut name = compact_str::CompactString::default();
    for at in 0..4 + (hash % 7) as usize {
        name.push(char::from(letter(hash, at)));
    }
    // Numbers keep names apart, as people's do.
    name.push('.');
    let mut number = user;
    while number > 0 {
        name.push(char::from(LETTERS[(number & 15) as usize]));
        number >>= 4;
    }
    name.push_str("@mail.example");
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan;
    use model::Charset;

    #[test]
    fn texts_are_what_is_told_of_them() {
        let makes = [
            Make::Int(1, 6),
            Make::Money,
            Make::Bool,
            Make::Word(4, 12),
            Make::Upper(3, 9),
            Make::Text(8, 90),
            Make::Date,
            Make::Email,
            Make::Phone,
            Make::Card,
            Make::Iban,
            Make::Password,
        ];
        for make in makes {
            for hash in (0..200).map(|n| mix(n, 9)) {
                let value = plan::value(&make, hash).expect("no caller is needed");
                let mut out = Vec::new();
                write(&make, &value, hash, &mut out);
                assert_eq!(out.len(), value.length as usize, "{make:?}");
                assert_eq!(
                    Charset::of(&out),
                    Charset(value.charset),
                    "{make:?} {}",
                    String::from_utf8_lossy(&out)
                );
            }
        }
    }

    #[test]
    fn names_of_users_differ() {
        let names: std::collections::BTreeSet<_> = (0..5_000).map(|user| login_name(user, 3)).collect();
        assert_eq!(names.len(), 5_000);
    }
}
