//! API secrets: prefixes that vendors document for their keys, with the form of what follows; text in, counts out.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use model::SensitiveClass;

use super::{Spot, Tally, jwt, passport};

/// Letters of the part after a prefix.
#[derive(Clone, Copy)]
enum Letters {
    /// A-Z and 0-9.
    Upper,
    /// 0-9 and a-f.
    Hex,
    /// A-Z, a-z, 0-9.
    Word,
    /// `Word` with `-` and `_`.
    Url,
    /// `Url` with `.`, `+`, `/`, `=`.
    Wide,
}

/// What a prefix leads to.
#[derive(Clone, Copy)]
enum Form {
    /// At least and at most so many of these letters.
    Key(Letters, usize, usize),
    /// A JSON web token.
    Token,
    /// `-----BEGIN ` before the name of a private key.
    Armour,
    /// A field's name, then a value of 40 letters of base64.
    Named,
    /// A path of three parts.
    Hook,
}
use Form::{Armour, Hook, Key, Named, Token};
use Letters::{Hex, Upper, Url, Wide, Word};

/// The most that is asked of a key without a set length.
const LONG: usize = usize::MAX;

const FORMS: &[(&str, Form)] = &[
    ("eyJ", Token),
    ("-----BEGIN ", Armour),
    ("ecret_access_key", Named),
    ("ecretAccessKey", Named),
    ("hooks.slack.com/services/", Hook),
    ("AKIA", Key(Upper, 16, 16)),
    ("ASIA", Key(Upper, 16, 16)),
    ("ABSK", Key(Wide, 100, LONG)),
    ("AIza", Key(Url, 35, 35)),
    ("GOCSPX-", Key(Url, 28, 28)),
    ("ya29.", Key(Url, 30, LONG)),
    ("ghp_", Key(Word, 36, 36)),
    ("gho_", Key(Word, 36, 36)),
    ("ghu_", Key(Word, 36, 36)),
    ("ghs_", Key(Word, 36, 36)),
    ("ghr_", Key(Word, 36, 76)),
    ("github_pat_", Key(Url, 82, 82)),
    ("glpat-", Key(Url, 20, 60)),
    ("gldt-", Key(Url, 20, 60)),
    ("glrt-", Key(Url, 20, 60)),
    ("glptt-", Key(Hex, 40, 40)),
    ("xoxb-", Key(Url, 30, LONG)),
    ("xoxp-", Key(Url, 30, LONG)),
    ("xoxa-", Key(Url, 24, LONG)),
    ("xoxr-", Key(Url, 24, LONG)),
    ("xoxs-", Key(Url, 24, LONG)),
    ("xapp-", Key(Url, 30, LONG)),
    ("sk_live_", Key(Word, 16, LONG)),
    ("sk_test_", Key(Word, 16, LONG)),
    ("rk_live_", Key(Word, 16, LONG)),
    ("rk_test_", Key(Word, 16, LONG)),
    ("whsec_", Key(Wide, 24, LONG)),
    ("sk-ant-", Key(Url, 40, LONG)),
    ("sk-proj-", Key(Url, 40, LONG)),
    ("npm_", Key(Word, 36, 36)),
    ("pypi-AgEI", Key(Url, 50, LONG)),
    ("SG.", Key(Wide, 66, 66)),
    ("shpat_", Key(Hex, 32, 32)),
    ("shpca_", Key(Hex, 32, 32)),
    ("shppa_", Key(Hex, 32, 32)),
    ("shpss_", Key(Hex, 32, 32)),
    ("dop_v1_", Key(Hex, 64, 64)),
    ("doo_v1_", Key(Hex, 64, 64)),
    ("hf_", Key(Word, 34, 37)),
    ("dapi", Key(Hex, 32, 32)),
    ("hvs.", Key(Url, 24, LONG)),
    ("hvb.", Key(Url, 24, LONG)),
    ("PMAK-", Key(Url, 59, 59)),
    ("sntrys_", Key(Wide, 40, LONG)),
    ("sq0csp-", Key(Url, 43, 43)),
    ("EAAAE", Key(Url, 55, 62)),
    ("lin_api_", Key(Word, 40, 40)),
    ("glsa_", Key(Url, 41, 41)),
    ("glc_", Key(Wide, 32, LONG)),
    ("NRAK-", Key(Word, 27, 27)),
    ("key-", Key(Hex, 32, 32)),
    ("rubygems_", Key(Hex, 48, 48)),
    ("dckr_pat_", Key(Url, 27, 40)),
    ("AGE-SECRET-KEY-1", Key(Upper, 58, 58)),
];

static PREFIXES: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let prefixes = FORMS.iter().map(|(prefix, _)| prefix);
    AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(prefixes).ok()
});

/// The longest prefix.
const PREFIX_MAX: usize = 25;

/// Counts the secrets and tokens whose prefix begins from `from` to `to`.
pub(super) fn scan(text: &[u8], from: usize, to: usize, tally: &mut Tally) {
    let Some(prefixes) = PREFIXES.as_ref() else { return };
    let end = text.len().min(to + PREFIX_MAX - 1);
    let mut at = from;
    // A match that begins in this stretch may hide no other: the search goes on right after its first byte.
    while let Some(found) = text.get(at..end).and_then(|rest| prefixes.find(rest)) {
        let start = at + found.start();
        if start >= to {
            break;
        }
        if let Some((prefix, form)) = FORMS.get(found.pattern().as_usize()) {
            let spot = Spot::new(text, start);
            if let Some(class) = class_of(&spot, prefix.len(), *form) {
                tally.count(class);
            }
        }
        at = start + 1;
    }
    zones(text, from, to, tally);
}

/// Counts the zones of passports that begin from `from` to `to`, with `P<`. Two letters among prefixes of three and more
/// would make all of those slower to look for.
fn zones(text: &[u8], from: usize, to: usize, tally: &mut Tally) {
    let marks = text.get(from + 1..text.len().min(to + 1)).unwrap_or_default();
    for start in memchr::memchr_iter(b'<', marks).map(|mark| from + mark) {
        let spot = Spot::new(text, start);
        if spot.rest().starts_with(b"P<") && is_apart(&spot) && passport::is_zone(spot.rest()) {
            tally.count(SensitiveClass::Passport);
        }
    }
}

fn class_of(spot: &Spot<'_>, prefix: usize, form: Form) -> Option<SensitiveClass> {
    let rest = spot.rest();
    let after = rest.get(prefix..).unwrap_or_default();
    let apart = is_apart(spot);
    match form {
        Token => (apart && jwt::is_token(rest)).then_some(SensitiveClass::Jwt),
        Armour => is_private(after).then_some(SensitiveClass::ApiSecret),
        Named => has_value(after).then_some(SensitiveClass::ApiSecret),
        Hook => is_hook(after).then_some(SensitiveClass::ApiSecret),
        Key(letters, least, most) => {
            let size = after.iter().position(|byte| !belongs(letters, *byte)).unwrap_or(after.len());
            let ends = after
                .get(size)
                .is_none_or(|next| !(next.is_ascii_alphanumeric() || matches!(next, b'_' | b'-')));
            let fits = (least..=most).contains(&size) && ends;
            (apart && fits && is_varied(after.get(..size)?)).then_some(SensitiveClass::ApiSecret)
        }
    }
}

/// Whether nothing before it belongs to the word at a spot.
fn is_apart(spot: &Spot<'_>) -> bool {
    spot.at.checked_sub(1).and_then(|before| spot.byte(before)).is_none_or(|before| {
        let escape =
            matches!(before, b'n' | b'r' | b't') && spot.at >= 2 && spot.byte(spot.at - 2) == Some(b'\\');
        escape || !(before.is_ascii_alphanumeric() || matches!(before, b'_' | b'-' | b'.' | b'+' | b'/'))
    })
}

fn belongs(letters: Letters, byte: u8) -> bool {
    match letters {
        Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        Hex => byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'),
        Word => byte.is_ascii_alphanumeric(),
        Url => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
        Wide => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'+' | b'/' | b'='),
    }
}

/// Not a placeholder: at least six different letters.
fn is_varied(key: &[u8]) -> bool {
    let set = key.iter().fold(0_u128, |set, byte| set | 1 << (byte & 127));
    set.count_ones() >= 6
}

/// `PRIVATE KEY-----` after at most two words.
fn is_private(after: &[u8]) -> bool {
    let end = memchr::memmem::find(after, b"-----").unwrap_or(0);
    let name = after.get(..end).unwrap_or_default();
    name.len() <= 32 && (name.ends_with(b"PRIVATE KEY") || name == b"PGP PRIVATE KEY BLOCK")
}

/// Marks, then 40 letters of base64.
fn has_value(after: &[u8]) -> bool {
    let is_mark = |byte: &u8| matches!(byte, b'"' | b'\'' | b' ' | b':' | b'=' | b'>');
    let marks = after.iter().take_while(|byte| is_mark(byte)).count();
    let value = after.get(marks..).unwrap_or_default();
    let size =
        value.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+')).count();
    (1..=6).contains(&marks) && size == 40 && is_varied(value.get(..size).unwrap_or_default())
}

/// Two ids and a key.
fn is_hook(after: &[u8]) -> bool {
    let size = after.iter().position(|byte| !belongs(Wide, *byte)).unwrap_or(after.len());
    let parts = after.get(..size).unwrap_or_default().split(|byte| *byte == b'/');
    parts
        .map(<[u8]>::len)
        .collect::<smallvec::SmallVec<[usize; 4]>>()
        .get(..3)
        .is_some_and(|parts| matches!(parts, [8..=12, 8..=12, 20..=32]))
}
