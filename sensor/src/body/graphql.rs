//! GraphQL documents (specification of October 2021): the text of a request in, the operation it asks for out. Keeps
//! names of fields, no argument.

use compact_str::CompactString;
use model::{Operation, OperationKind};
use smallvec::SmallVec;

use super::fields::clean;

/// Longest document that is read.
pub(super) const DOCUMENT_BYTES_MAX: u16 = 16_384;
/// Root fields kept of an operation.
const ROOTS_MAX: usize = 16;
/// Nested brackets that are followed.
const DEPTH_MAX: usize = 128;

/// The operation that a document asks for: the one with this name, or the first. `None` when it is no document.
///
/// Fields of fragments count once each, and the deepest fragment is taken to stand at the deepest place.
pub(crate) fn operation(document: &[u8], name: &str) -> Option<Operation> {
    let mut tokens = Tokens { rest: document };
    let mut found: Option<Operation> = None;
    let (mut fields, mut depth) = (0_u16, 0_u16);
    while let Some(token) = tokens.next()? {
        match definition(token, &mut tokens)? {
            Definition::Fragment(fragment) => {
                fields = fields.saturating_add(fragment.fields);
                depth = depth.max(fragment.depth);
            }
            Definition::Operation(operation) => {
                if found.is_none() || !name.is_empty() && operation.name == name {
                    found = Some(operation);
                }
            }
        }
    }
    let mut found = found?;
    found.fields = found.fields.saturating_add(fields);
    found.depth = found.depth.saturating_add(depth.saturating_sub(1));
    Some(found)
}

enum Definition {
    Operation(Operation),
    Fragment(Operation),
}

fn definition(token: Token<'_>, tokens: &mut Tokens<'_>) -> Option<Definition> {
    let kind = match token {
        Token::Mark(b'{') => {
            return selections(OperationKind::Query, "".into(), tokens).map(Definition::Operation);
        }
        Token::Name(b"query") => OperationKind::Query,
        Token::Name(b"mutation") => OperationKind::Mutation,
        Token::Name(b"subscription") => OperationKind::Subscription,
        Token::Name(b"fragment") => {
            to_selections(tokens)?;
            return selections(OperationKind::Query, "".into(), tokens).map(Definition::Fragment);
        }
        _ => return None,
    };
    let name = to_selections(tokens)?;
    selections(kind, name, tokens).map(Definition::Operation)
}

/// Goes to the brace that opens the selections; returns the name on the way, if there is one.
fn to_selections(tokens: &mut Tokens<'_>) -> Option<CompactString> {
    let mut name = CompactString::default();
    let mut open = 0_usize;
    let mut is_start = true;
    loop {
        match tokens.next()?? {
            Token::Mark(b'{') if open == 0 => return Some(name),
            Token::Mark(b'(' | b'[' | b'{') => open += 1,
            Token::Mark(b')' | b']' | b'}') => open = open.checked_sub(1)?,
            Token::Name(text) if is_start => name = clean(text),
            _ => {}
        }
        is_start = false;
    }
}

/// Reads selections to the brace that closes them.
fn selections(kind: OperationKind, name: CompactString, tokens: &mut Tokens<'_>) -> Option<Operation> {
    let mut roots: SmallVec<[CompactString; 0]> = SmallVec::new();
    let (mut depth, mut deepest, mut fields) = (1_usize, 1_usize, 0_u16);
    let mut token = tokens.next()??;
    loop {
        let mut ahead = None;
        match token {
            Token::Mark(b'{') => {
                depth += 1;
                deepest = deepest.max(depth);
                if depth > DEPTH_MAX {
                    return None;
                }
            }
            Token::Mark(b'}') => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            Token::Mark(b'(') => arguments(tokens)?,
            // What a fragment selects is counted where it stands; its name is no field.
            Token::Spread => ahead = spread(tokens)?,
            Token::Mark(b'@') => {
                let Token::Name(_) = tokens.next()?? else { return None };
            }
            Token::Name(text) => {
                let (field, after) = aliased(text, tokens)?;
                ahead = Some(after);
                fields = fields.saturating_add(1);
                if depth == 1 && roots.len() < ROOTS_MAX {
                    roots.push(clean(field));
                }
            }
            Token::Mark(_) | Token::Text => return None,
        }
        token = match ahead {
            Some(token) => token,
            None => tokens.next()??,
        };
    }
    roots.sort_unstable();
    roots.dedup();
    let depth = u16::try_from(deepest).unwrap_or(u16::MAX);
    Some(Operation { kind, name, roots, depth, fields })
}

/// The field behind an alias, with the token that follows.
fn aliased<'d>(text: &'d [u8], tokens: &mut Tokens<'d>) -> Option<(&'d [u8], Token<'d>)> {
    match tokens.next()?? {
        Token::Mark(b':') => {
            let Token::Name(field) = tokens.next()?? else { return None };
            Some((field, tokens.next()??))
        }
        other => Some((text, other)),
    }
}

/// Steps over a fragment's name or the type it is on. Returns the token that follows, when it was read.
fn spread<'d>(tokens: &mut Tokens<'d>) -> Option<Option<Token<'d>>> {
    match tokens.next()?? {
        Token::Name(b"on") => match tokens.next()?? {
            Token::Name(_) => Some(None),
            _ => None,
        },
        Token::Name(_) => Some(None),
        other @ Token::Mark(b'{' | b'@') => Some(Some(other)),
        _ => None,
    }
}

/// Steps over arguments behind their bracket.
fn arguments(tokens: &mut Tokens<'_>) -> Option<()> {
    let mut open = 1_usize;
    while open > 0 {
        match tokens.next()?? {
            Token::Mark(b'(' | b'[' | b'{') => open += 1,
            Token::Mark(b')' | b']' | b'}') => open -= 1,
            _ => {}
        }
    }
    Some(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'d> {
    Name(&'d [u8]),
    Mark(u8),
    Spread,
    /// A string or number.
    Text,
}

struct Tokens<'d> {
    rest: &'d [u8],
}

impl<'d> Tokens<'d> {
    /// The next token, `Some(None)` at the end; `None` for what is no GraphQL.
    #[allow(clippy::option_option, reason = "the end and an error are different things")]
    fn next(&mut self) -> Option<Option<Token<'d>>> {
        let Some(byte) = self.skip() else { return Some(None) };
        let after = self.rest.get(1..).unwrap_or_default();
        let token = match byte {
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                Token::Name(self.take(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
            }
            b'-' | b'0'..=b'9' => {
                self.take(|byte| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte));
                Token::Text
            }
            b'"' => {
                self.rest = string(self.rest)?;
                Token::Text
            }
            b'.' => {
                self.rest = self.rest.strip_prefix(b"...")?;
                Token::Spread
            }
            b'!' | b'$' | b'&' | b'(' | b')' | b':' | b'=' | b'@' | b'[' | b']' | b'{' | b'|' | b'}' => {
                self.rest = after;
                Token::Mark(byte)
            }
            _ => return None,
        };
        Some(Some(token))
    }

    /// Steps over white space, commas and comments; the byte behind them.
    fn skip(&mut self) -> Option<u8> {
        loop {
            self.take(|byte| b" \t\r\n,".contains(&byte));
            let byte = *self.rest.first()?;
            if byte == b'#' {
                self.take(|byte| byte != b'\n' && byte != b'\r');
            } else if let Some(rest) = self.rest.strip_prefix("\u{feff}".as_bytes()) {
                self.rest = rest;
            } else {
                return Some(byte);
            }
        }
    }

    fn take(&mut self, goes_on: impl Fn(u8) -> bool) -> &'d [u8] {
        let n = self.rest.iter().position(|byte| !goes_on(*byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(n);
        self.rest = rest;
        taken
    }
}

/// What follows a string or block string.
fn string(text: &[u8]) -> Option<&[u8]> {
    if let Some(block) = text.strip_prefix(b"\"\"\"") {
        let mut rest = block;
        loop {
            let at = memchr::memmem::find(rest, b"\"\"\"")?;
            let is_escaped = rest.get(..at).is_some_and(|before| before.ends_with(b"\\"));
            rest = rest.get(at + 3..)?;
            if !is_escaped {
                return Some(rest);
            }
        }
    }
    let mut rest = text.get(1..)?;
    loop {
        let at = memchr::memchr3(b'"', b'\\', b'\n', rest)?;
        match rest.get(at)? {
            b'"' => return rest.get(at + 1..),
            b'\\' => rest = rest.get(at + 2..)?,
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(document: &str, name: &str) -> Option<String> {
        let found = operation(document.as_bytes(), name)?;
        let roots: Vec<_> = found.roots.iter().map(CompactString::as_str).collect();
        Some(format!(
            "{:?} {} [{}] depth {} fields {}",
            found.kind,
            found.name,
            roots.join(" "),
            found.depth,
            found.fields
        ))
    }

    #[test]
    fn documents_by_table() {
        for (document, name, expected) in [
            ("{ me { name } }", "", Some("Query  [me] depth 2 fields 2")),
            ("query Orders { orders { id } }", "", Some("Query Orders [orders] depth 2 fields 2")),
            (
                "query Q($a: [Int!]! = [1, 2] @x, $b: In = {k: 1}) @cached(ttl: 5) { b: user(id: $a) { n } a: user { n } }",
                "",
                Some("Query Q [user] depth 2 fields 4"),
            ),
            (
                "mutation M { pay(input: {to: \"}{\", note: \"\"\"a \\\"\"\" }\"\"\"}) { id } }",
                "",
                Some("Mutation M [pay] depth 2 fields 2"),
            ),
            (
                "# c {\nquery A { a } query B { b { c } ...F ... on T { d } ... @include(if: true) { e } } fragment F on T { f }",
                "B",
                Some("Query B [b] depth 2 fields 5"),
            ),
            ("subscription { ticks }", "", Some("Subscription  [ticks] depth 1 fields 1")),
            ("fragment F on T { f }", "", None),
            ("shoes", "", None),
            ("{ a", "", None),
            ("{ a } }", "", None),
            ("{ a(x: \"never closed) }", "", None),
            ("", "", None),
        ] {
            assert_eq!(told(document, name).as_deref(), expected, "{document}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(text in "[a-b{}()\\[\\]:@.\"\\\\#\n$! ]{0,60}", bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            operation(text.as_bytes(), "a");
            operation(&bytes, "");
        }
    }
}
