//! A labelled corpus of our own: a seed in, API bodies with and without sensitive values out, each with its counts.
#![allow(clippy::string_slice, reason = "what is cut here was made of ASCII digits")]

use model::SensitiveClass::{self, ApiSecret, CardNumber, Email, Iban, Jwt, NationalId, Passport, Phone};

/// SplitMix64.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.roll() % n
    }

    fn one<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[usize::try_from(self.below(list.len() as u64)).expect("small")]
    }

    fn text(&mut self, n: usize, letters: &str) -> String {
        let letters = letters.as_bytes();
        (0..n)
            .map(|_| char::from(letters[usize::try_from(self.below(letters.len() as u64)).expect("small")]))
            .collect()
    }

    fn digits(&mut self, n: usize) -> String {
        self.text(n, "0123456789")
    }
}

const WORD: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const HEX: &str = "0123456789abcdef";

/// A number that ends with the digit under which `good` holds.
fn checked(body: &str, good: impl Fn(&[u32]) -> bool) -> Option<String> {
    (0..10).map(|last| format!("{body}{last}")).find(|text| {
        let digits: Vec<u32> = text.bytes().map(|byte| u32::from(byte - b'0')).collect();
        good(&digits)
    })
}

fn luhn(digits: &[u32]) -> bool {
    let double = |digit: u32| if digit < 5 { digit * 2 } else { digit * 2 - 9 };
    digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| if at % 2 == 1 { double(*digit) } else { *digit })
        .sum::<u32>()
        % 10
        == 0
}

fn grouped(text: &str, sizes: &[usize], mark: &str) -> String {
    let (mut rest, mut parts) = (text, Vec::new());
    for size in sizes {
        let (part, after) = rest.split_at((*size).min(rest.len()));
        parts.push(part);
        rest = after;
    }
    parts.join(mark)
}

fn card(dice: &mut Dice) -> String {
    let (head, size) = *[
        ("4", 16),
        ("51", 16),
        ("55", 16),
        ("2223", 16),
        ("34", 15),
        ("37", 15),
        ("6011", 16),
        ("3530", 16),
        ("36", 14),
        ("62", 16),
    ]
    .get(usize::try_from(dice.below(10)).expect("small"))
    .expect("ten");
    let body = format!("{head}{}", dice.digits(size - 1 - head.len()));
    let text = checked(&body, luhn).expect("a check digit");
    match (dice.below(4), size) {
        (0, 16) => grouped(&text, &[4, 4, 4, 4], " "),
        (1, 16) => grouped(&text, &[4, 4, 4, 4], "-"),
        (0 | 1, 15) => grouped(&text, &[4, 6, 5], " "),
        _ => text,
    }
}

fn iban(dice: &mut Dice) -> String {
    let (country, body) = match dice.below(5) {
        0 => ("DE", dice.digits(18)),
        1 => ("GB", format!("{}{}", dice.text(4, UPPER), dice.digits(14))),
        2 => ("NL", format!("{}{}", dice.text(4, UPPER), dice.digits(10))),
        3 => ("FR", format!("{}{}{}", dice.digits(10), dice.text(1, UPPER), dice.digits(12))),
        _ => ("ES", dice.digits(20)),
    };
    let value = |text: &str| {
        text.bytes().fold(0_u64, |sum, byte| match byte {
            b'0'..=b'9' => (sum * 10 + u64::from(byte - b'0')) % 97,
            _ => (sum * 100 + u64::from(byte - b'A') + 10) % 97,
        })
    };
    let check = 98 - value(&format!("{body}{country}00"));
    let text = format!("{country}{check:02}{body}");
    if dice.below(3) == 0 { grouped(&text, &[4; 9], " ").trim_end().to_owned() } else { text }
}

fn email(dice: &mut Dice) -> String {
    let name = dice.text(6, "abcdefghijklmnopqrstuvwxyz");
    let end = dice.one(&["example.org", "mail.example.co.uk", "firma.example", "uni-x.example.de"]);
    match dice.below(3) {
        0 => format!("{name}@{end}"),
        1 => format!("{name}.{}+tag@{end}", dice.digits(2)),
        _ => format!("{name}_{}@{end}", dice.text(4, UPPER)),
    }
}

/// The value, and the name of its field.
fn phone(dice: &mut Dice) -> (String, &'static str) {
    let name = dice.one(&["phone", "mobilePhone", "tel", "phone_number", "fax", "contactPhone", "telefon"]);
    let local = format!(
        "{}{}-{}{}-{}",
        2 + dice.below(8),
        dice.digits(2),
        2 + dice.below(8),
        dice.digits(2),
        dice.digits(4)
    );
    match dice.below(6) {
        0 => (format!("+49{}{}", 1 + dice.below(9), dice.digits(9)), dice.one(&[name, "contact", "value"])),
        1 => (format!("+44 20 {} {}", dice.digits(4), dice.digits(4)), dice.one(&[name, "contact", "value"])),
        2 => (local, dice.one(&[name, "contact"])),
        3 => (format!("({}) {}", &local[..3], &local[4..]), name),
        4 => (format!("0{}{} {}", 1 + dice.below(9), dice.digits(2), dice.digits(7)), name),
        _ => (format!("{}{}", 2 + dice.below(8), dice.digits(9)), name),
    }
}

fn national(dice: &mut Dice) -> (String, &'static str) {
    match dice.below(7) {
        0 => (
            format!("{:03}-{:02}-{:04}", 1 + dice.below(600), 1 + dice.below(99), 1 + dice.below(9_999)),
            dice.one(&["ssn", "doc", "socialSecurityNumber"]),
        ),
        1 => {
            let n = dice.below(100_000_000);
            let letter = char::from(b"TRWAGMYFPDXBNJZSQVHLCKE"[usize::try_from(n % 23).expect("small")]);
            (format!("{n:08}{letter}"), dice.one(&["dni", "nif", "national_id"]))
        }
        2 => {
            let body = format!(
                "{:02}{:02}{:02}{}",
                dice.below(100),
                1 + dice.below(12),
                1 + dice.below(28),
                dice.digits(4)
            );
            let weights = [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1];
            let good = |digits: &[u32]| {
                digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum::<u32>() % 10 == 0
            };
            (checked(&body, good).expect("a check digit"), dice.one(&["pesel", "nationalId"]))
        }
        3 => {
            let good = |digits: &[u32]| {
                let n = digits.len();
                let sum: u32 = digits[..n - 1]
                    .iter()
                    .zip((2..=n as u32).rev())
                    .map(|(digit, weight)| digit * weight)
                    .sum();
                sum * 10 % 11 % 10 == digits[n - 1]
            };
            let text = checked(&checked(&dice.digits(9), good).expect("one"), good).expect("two");
            if dice.below(2) == 0 {
                (
                    format!("{}.{}.{}-{}", &text[..3], &text[3..6], &text[6..9], &text[9..]),
                    dice.one(&["cpf", "document"]),
                )
            } else {
                (text, "cpf")
            }
        }
        4 => {
            let body = format!(
                "{:02}{:02}{:02}{}",
                dice.below(100),
                1 + dice.below(12),
                1 + dice.below(28),
                dice.digits(3)
            );
            let text = checked(&body, luhn).expect("a check digit");
            (format!("{}-{}", &text[..6], &text[6..]), "personnummer")
        }
        5 => loop {
            let good = |digits: &[u32]| {
                let sum: u32 =
                    digits[..8].iter().zip((2..=9).rev()).map(|(digit, weight)| digit * weight).sum();
                sum % 11 == digits[8]
            };
            if let Some(text) = checked(&dice.digits(8), good) {
                break (text, dice.one(&["bsn", "citizen_number", "burgerServiceNummer"]));
            }
        },
        _ => {
            let pair = dice.one(&["AB", "CE", "JK", "PX", "SR"]);
            (
                format!("{pair}{}{}", dice.digits(6), dice.text(1, "ABCD")),
                dice.one(&["nino", "nationalInsuranceNumber"]),
            )
        }
    }
}

fn passport(dice: &mut Dice) -> (String, &'static str) {
    let text = match dice.below(3) {
        0 => dice.digits(9),
        1 => format!("{}{}", dice.text(1, UPPER), dice.digits(8)),
        _ => format!("{}{}", dice.text(2, UPPER), dice.digits(7)),
    };
    (text, dice.one(&["passport", "passportNumber", "passport_no", "reisepass"]))
}

fn token(dice: &mut Dice) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let head = format!(
        r#"{{"typ":"JWT","alg":"{}","kid":"{}"}}"#,
        dice.one(&["HS256", "RS256", "ES256"]),
        dice.text(12, HEX)
    );
    let body = format!(r#"{{"sub":"{}","exp":{}}}"#, dice.digits(7), 1_700_000_000 + dice.below(90_000_000));
    format!("{}.{}.{}", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode(body), dice.text(43, WORD))
}

fn secret(dice: &mut Dice) -> String {
    match dice.below(7) {
        0 => format!("{}{}", "AKIA", dice.text(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")),
        1 => format!("{}{}", "ghp_", dice.text(36, WORD)),
        2 => format!("{}{}", "sk_live_", dice.text(24, WORD)),
        3 => format!("{}{}", "AIza", dice.text(35, WORD)),
        4 => format!("{}{}-{}-{}", "xoxb-", dice.digits(12), dice.digits(12), dice.text(24, WORD)),
        5 => format!("{}{}", "glpat-", dice.text(20, WORD)),
        _ => format!("{}{}", "npm_", dice.text(36, WORD)),
    }
}

/// A member of an object that is nothing sensitive, though it may look so.
fn noise(dice: &mut Dice) -> String {
    let time = 1_600_000_000 + dice.below(200_000_000);
    match dice.below(20) {
        0 => format!(r#""id":{}"#, dice.below(10_000_000_000)),
        1 => format!(r#""order_id":"{}""#, dice.digits(16)),
        2 => format!(
            r#""created_at":"2024-{:02}-{:02}T12:{:02}:56.{}+02:00""#,
            1 + dice.below(12),
            1 + dice.below(28),
            dice.below(60),
            dice.digits(3)
        ),
        3 => format!(r#""ts":{time}{}"#, dice.digits(3)),
        4 => format!(r#""price":{}.{}"#, dice.below(100_000), dice.digits(2)),
        5 => format!(
            r#""uuid":"{}-{}-4{}-a{}-{}""#,
            dice.text(8, HEX),
            dice.text(4, HEX),
            dice.text(3, HEX),
            dice.text(3, HEX),
            dice.text(12, HEX)
        ),
        6 => format!(r#""sha256":"{}""#, dice.text(64, HEX)),
        7 => format!(
            r#""blob":"{}==""#,
            dice.text(120, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/")
        ),
        8 => format!(
            r#""ip":"{}.{}.{}.{}""#,
            dice.below(256),
            dice.below(256),
            dice.below(256),
            dice.below(256)
        ),
        9 => format!(
            r#""lat":{}.{},"lon":-{}.{}"#,
            dice.below(90),
            dice.digits(7),
            dice.below(180),
            dice.digits(7)
        ),
        10 => format!(r#""tracking":"{}""#, dice.digits(12)),
        11 => format!(r#""sku":"{}-{}-{}""#, dice.digits(3), dice.digits(3), dice.digits(4)),
        12 => format!(r#""snowflake":"{}""#, dice.digits(18)),
        13 => format!(r#""avatar":"https://cdn.example.org/a@2x/{}@3x.png""#, dice.digits(9)),
        14 => format!(
            r#""title":"{} of {} pieces, {} left""#,
            dice.below(99),
            dice.below(9_999),
            dice.digits(3)
        ),
        15 => format!(
            r#""version":"{}.{}.{}-rc.{}""#,
            dice.below(20),
            dice.below(50),
            dice.below(100),
            dice.below(9)
        ),
        16 => format!(
            r#""isbn":"978-{}-{}-{}-{}""#,
            dice.digits(1),
            dice.digits(4),
            dice.digits(4),
            dice.digits(1)
        ),
        17 => format!(r#""session":"{}""#, dice.text(32, WORD)),
        18 => format!(r#""zip":"{}","year":{}"#, dice.digits(5), 1950 + dice.below(90)),
        _ => format!(r#""code":"{}{}""#, dice.text(2, UPPER), dice.digits(6)),
    }
}

/// A body with the classes of the values in it.
pub(super) fn document(dice: &mut Dice) -> (String, Vec<SensitiveClass>) {
    let mut labels = Vec::new();
    let mut members = Vec::new();
    for _ in 0..2 + dice.below(10) {
        members.push(noise(dice));
    }
    // Half of the bodies hold nothing sensitive.
    for _ in 0..dice.below(2) * (1 + dice.below(3)) {
        let (class, value, name) = match dice.below(8) {
            0 => (CardNumber, card(dice), dice.one(&["pan", "cardNumber", "number", "n", "payment"])),
            1 => (Iban, iban(dice), dice.one(&["iban", "account", "bank"])),
            2 => (Email, email(dice), dice.one(&["email", "login", "contact"])),
            3 => {
                let (value, name) = phone(dice);
                (Phone, value, name)
            }
            4 => {
                let (value, name) = national(dice);
                (NationalId, value, name)
            }
            5 => {
                let (value, name) = passport(dice);
                (Passport, value, name)
            }
            6 => (Jwt, token(dice), dice.one(&["access_token", "token", "t"])),
            _ => (ApiSecret, secret(dice), dice.one(&["key", "secret", "apiKey", "value"])),
        };
        labels.push(class);
        let place = usize::try_from(dice.below(members.len() as u64 + 1)).expect("small");
        members.insert(
            place,
            match dice.below(4) {
                0 => format!(r#""{name}" : "{value}""#),
                1 => format!(r#""{name}":["{value}"]"#),
                _ => format!(r#""{name}":"{value}""#),
            },
        );
    }
    (format!("{{{}}}", members.join(",")), labels)
}
