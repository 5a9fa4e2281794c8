//! Paths in one form: a path as sent in, the path as RFC 3986 section 6.2.2 normalises it out. Never decodes what a
//! gateway could read as a separator.

/// What a target's bytes look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Look(u8);

/// White space or a control character.
const CONTROL: u8 = 1;
/// A byte above 127.
const HIGH: u8 = 2;
/// `#`.
const HASH: u8 = 4;
/// `%`, or a character that a URI does not have.
const ESCAPE: u8 = 8;
/// `//` or `/.`.
const DOTS: u8 = 16;
/// Neither a letter, a digit nor one of `/-_.~`.
const MARK: u8 = 32;

const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte {
            0..=0x20 | 0x7F => CONTROL | MARK,
            0x80.. => HIGH | MARK,
            0x23 => HASH | MARK,
            0x22 | 0x25 | 0x3C | 0x3E | 0x5C | 0x5E | 0x60 | 0x7B..=0x7D => ESCAPE | MARK,
            0x2D..=0x39 | 0x41..=0x5A | 0x5F | 0x61..=0x7A | 0x7E => 0,
            _ => MARK,
        };
        byte += 1;
    }
    classes
};

impl Look {
    /// Looks at a target.
    pub(crate) fn of(target: &[u8]) -> Self {
        let (mut met, mut before) = (0, 0);
        for byte in target {
            let dots = before == b'/' && (*byte == b'/' || *byte == b'.');
            met |= CLASSES[usize::from(*byte)] | (u8::from(dots) * DOTS);
            before = *byte;
        }
        Self(met)
    }

    pub(crate) fn has_control(self) -> bool {
        self.0 & CONTROL != 0
    }

    pub(crate) fn has_high(self) -> bool {
        self.0 & HIGH != 0
    }

    pub(crate) fn has_fragment(self) -> bool {
        self.0 & HASH != 0
    }

    /// Whether the canonical path may differ.
    pub(crate) fn may_differ(self) -> bool {
        self.0 & !(HASH | MARK) != 0
    }

    /// Whether it is made of letters, digits and `/-_.~`, and no part begins with a dot: nothing in it means anything to
    /// an interpreter.
    pub(crate) fn is_tame(self) -> bool {
        self.0 & (MARK | DOTS) == 0
    }
}

/// A path in its canonical form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Canonical {
    /// ASCII: characters that a URI does not have are escaped.
    pub(crate) path: Vec<u8>,
    /// An escape was none, or one of NUL.
    pub(crate) bad_escape: bool,
    /// It climbed above the root; the climb is left out.
    pub(crate) above_root: bool,
}

/// Escapes of unreserved characters are decoded, others have upper-case digits, `.` and `..` are taken out, slashes in a
/// row are one. `;` parameters, `%2F` and `\` (as `%5C`) stay. Doing it twice changes nothing. `*` is itself.
pub(crate) fn canonical(path: &[u8]) -> Canonical {
    let mut found = Canonical::default();
    let decoded = decode(path, &mut found.bad_escape);
    if decoded.first() != Some(&b'/') {
        found.path = decoded;
        return found;
    }
    let mut parts: Vec<&[u8]> = Vec::new();
    let mut is_folder = true;
    for part in decoded.split(|byte| *byte == b'/') {
        is_folder = matches!(part, b"" | b"." | b"..");
        match part {
            b"" | b"." => {}
            b".." => found.above_root |= parts.pop().is_none(),
            _ => parts.push(part),
        }
    }
    found.path.reserve(decoded.len());
    for part in &parts {
        found.path.push(b'/');
        found.path.extend_from_slice(part);
    }
    if is_folder {
        found.path.push(b'/');
    }
    found
}

fn decode(path: &[u8], bad_escape: &mut bool) -> Vec<u8> {
    let mut text = Vec::with_capacity(path.len() + 8);
    let mut rest = path;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let value = (*byte == b'%').then(|| escaped(after)).flatten();
        match value {
            Some(value) => {
                rest = after.get(2..).unwrap_or_default();
                *bad_escape |= value == 0;
                if is_unreserved(value) { text.push(value) } else { escape(value, &mut text) }
            }
            None if *byte == b'%' => {
                *bad_escape = true;
                escape(b'%', &mut text);
            }
            None if CLASSES[usize::from(*byte)] & !(HASH | MARK) == 0 => text.push(*byte),
            None => escape(*byte, &mut text),
        }
    }
    text
}

fn escaped(after: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*after.get(at)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// Appends a byte as an escape.
pub(crate) fn escape(byte: u8, text: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    text.push(b'%');
    text.push(DIGITS[usize::from(byte >> 4)]);
    text.push(DIGITS[usize::from(byte & 15)]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(path: &str) -> String {
        String::from_utf8(canonical(path.as_bytes()).path).expect("ASCII")
    }

    #[test]
    fn paths_by_table() {
        for (sent, read) in [
            ("/a/../b", "/b"),
            ("/a/./b/.", "/a/b/"),
            ("/a/%2e%2E/b", "/b"),
            ("/a%2fb", "/a%2Fb"),
            ("//a///b//", "/a/b/"),
            ("/a;x=1/b", "/a;x=1/b"),
            ("/a;/../b", "/b"),
            ("/a\\..\\b", "/a%5C..%5Cb"),
            ("/%61%7e%41", "/a~A"),
            ("/%zz/%", "/%25zz/%25"),
            ("/%%32e", "/%252e"),
            ("/%252e%252e/a", "/%252e%252e/a"),
            ("/../../etc", "/etc"),
            ("/é", "/%C3%A9"),
            ("/a/..", "/"),
            ("/..a/...", "/..a/..."),
            ("/", "/"),
            ("*", "*"),
            ("/a b", "/a%20b"),
        ] {
            assert_eq!(text(sent), read, "{sent}");
        }
        assert!(
            canonical(b"/%00").bad_escape && canonical(b"/%x").bad_escape && !canonical(b"/%2e").bad_escape
        );
        assert!(canonical(b"/a/../..").above_root && !canonical(b"/a/..").above_root);
    }

    proptest! {
        #[test]
        fn once_is_enough(path in prop::collection::vec(prop::sample::select(b"/.%2eEfF5cC\\;a0 \xC3?".to_vec()), 0..40)) {
            let once = canonical(&path).path;
            prop_assert_eq!(&canonical(&once).path, &once);
        }

        #[test]
        fn what_looks_plain_is_canonical(path in "/[a-z0-9/.%~;=-]{0,20}") {
            let differs = canonical(path.as_bytes()).path != path.as_bytes();
            prop_assert!(!Look::of(path.as_bytes()).is_tame() || crate::signs::of_path(path.as_bytes()).is_empty());
            prop_assert!(Look::of(path.as_bytes()).may_differ() || !differs);
        }
    }
}
