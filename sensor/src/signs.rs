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
    [b"://127.", b"://localhost", b"://[::1]", b"169.254.169.254", b"://0.0.0.0", b"metadata.google"];
/// XML that reaches beyond its document.
const ENTITIES: [&[u8]; 3] = [b"<!entity", b"<!doctype", b"<?xml-stylesheet"];

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
    let mut lower = [0_u8; LOOK_BYTES_MAX];
    let lower = lower.get_mut(..value.len()).unwrap_or_default();
    lower.copy_from_slice(value);
    lower.make_ascii_lowercase();
    let mut note = |is: bool, sign: Sign| {
        if is {
            signs.insert(sign);
        }
    };
    note(may_be_sql(lower, charset) && detect_sqli(value).is_injection(), Sign::Sql);
    if charset.0 & Charset::MARK == 0 {
        return signs;
    }
    note(climbs(lower), Sign::Traversal);
    note(commands(lower), Sign::Command);
    note(is_template(lower), Sign::Template);
    note(INSIDE.iter().any(|place| has(lower, place)), Sign::Inside);
    note(ENTITIES.iter().any(|start| has(lower, start)), Sign::Entity);
    if value.iter().any(|byte| matches!(byte, b'<' | b'>' | b'"' | b'\'' | b'`'))
        || has(lower, b"javascript:")
    {
        note(detect_xss(value).is_injection(), Sign::Script);
    }
    signs
}

/// What a parameter's name looks like.
pub(crate) fn of_name(name: &str) -> Signs {
    let is_operator =
        name.contains("[$") || name.rsplit('.').next().is_some_and(|last| last.starts_with('$'));
    if is_operator { Sign::Operator.into() } else { Signs::default() }
}

/// What a path looks like, as sent.
pub(crate) fn of_path(path: &[u8]) -> Signs {
    let marks = path.iter().any(|byte| !byte.is_ascii_alphanumeric() && !b"/-_.~".contains(byte));
    if marks || path.windows(4).any(|four| four == b"/../") {
        // A path may name a table or hold a quote; only what leaves the folder or runs elsewhere counts.
        let mut signs = of_value(path, Charset::of(path));
        let kept = [Sign::Traversal, Sign::Command, Sign::Template, Sign::Script, Sign::Inside];
        let mut out = Signs::default();
        kept.into_iter().filter(|sign| signs.contains(*sign)).for_each(|sign| out.insert(sign));
        std::mem::swap(&mut signs, &mut out);
        return signs;
    }
    Signs::default()
}

fn has(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}

/// Two steps up, or one in a spelling that hides it.
fn climbs(lower: &[u8]) -> bool {
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

/// What SQL needs to change a statement: a quote, a comment, or a word beside a mark or number.
fn may_be_sql(lower: &[u8], charset: Charset) -> bool {
    lower.iter().any(|byte| matches!(byte, b'\'' | b'"' | b'`' | b';' | b'#' | b'=' | b'(' | b'*'))
        || charset.0 & Charset::SPACE != 0 && has_words_of_sql(lower)
}

/// Words that join a statement to another, or end it early.
fn has_words_of_sql(lower: &[u8]) -> bool {
    const WORDS: [&[u8]; 8] =
        [b"--", b" or ", b" and ", b"union ", b"select ", b" order by ", b" having ", b"sleep "];
    WORDS.iter().any(|word| has(lower, word))
}

#[cfg(test)]
mod tests {
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
        assert!(of_path(b"/users/O'Brien/orders").is_empty());
        assert!(of_path(b"/v1/orders/17").is_empty());
    }

    #[test]
    fn long_values_cost_no_more_than_their_start() {
        let text = format!("1 union select a from b -- {}", "x".repeat(10_000));
        assert!(of_value(text.as_bytes(), Charset::of(text.as_bytes())).contains(Sign::Sql));
    }
}
