//! JSON: bytes in pieces in, named scalars out. Builds no tree, stops at depth 64, and forgives what it can not read.

use zeroize::Zeroize as _;

use super::{Harvest, Rules, shape::ID_BYTES_MAX};

/// Open objects and lists; a deeper text is given up.
const DEPTH_MAX: usize = 64;
/// Longest name of a field; a longer one names nothing.
const NAME_BYTES_MAX: usize = 64;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Between tokens.
    #[default]
    Between,
    /// In a string; `true` behind a backslash.
    Text(bool),
    /// In a number or a bare word.
    Bare,
    /// Given up.
    Lost,
}

#[derive(Clone, Copy, Debug)]
struct Level {
    is_object: bool,
    /// Where the name of this object or list begins in `names`; it ends where the next one begins.
    name_start: u32,
    /// In an object: whether the next string is a field's name.
    wants_name: bool,
}

/// A JSON text while it streams by.
#[derive(Default)]
pub(super) struct JsonScan {
    state: State,
    levels: Vec<Level>,
    /// Names of the open objects and lists, one behind the other: at most 64 times 64 bytes.
    names: String,
    /// Name of the field in hand.
    name: String,
    /// Raw text of the string, number or word in hand; wiped after use.
    text: Vec<u8>,
    /// How much of it is worth keeping.
    text_max: usize,
    overlong: bool,
    escaped: bool,
    is_name: bool,
}

impl JsonScan {
    pub(super) fn push(&mut self, mut bytes: &[u8], rules: Rules<'_>, harvest: &mut Harvest) {
        while let Some((&byte, after)) = bytes.split_first() {
            match self.state {
                State::Lost => return,
                State::Text(false) => {
                    let n = memchr::memchr2(b'"', b'\\', bytes).unwrap_or(bytes.len());
                    let (plain, at) = bytes.split_at(n);
                    self.keep(plain);
                    bytes = at.get(1..).unwrap_or_default();
                    match at.first() {
                        Some(b'"') => self.end_text(rules, harvest),
                        Some(_) => {
                            self.keep(b"\\");
                            self.escaped = true;
                            self.state = State::Text(true);
                        }
                        None => {}
                    }
                }
                State::Text(true) => {
                    self.keep(&[byte]);
                    self.state = State::Text(false);
                    bytes = after;
                }
                State::Bare if byte.is_ascii_alphanumeric() || b"+-.".contains(&byte) => {
                    self.keep(&[byte]);
                    bytes = after;
                }
                State::Bare => self.end_bare(rules, harvest),
                State::Between => {
                    self.token(byte, rules, harvest);
                    bytes = after;
                }
            }
        }
    }

    fn token(&mut self, byte: u8, rules: Rules<'_>, harvest: &Harvest) {
        match byte {
            b'{' | b'[' => self.open(byte == b'{'),
            b'}' | b']' => {
                if let Some(level) = self.levels.pop() {
                    self.names.truncate(level.name_start as usize);
                }
                self.name.clear();
            }
            b',' => {
                if let Some(level) = self.levels.last_mut() {
                    level.wants_name = level.is_object;
                }
                self.name.clear();
            }
            b'"' => {
                self.is_name = self.levels.last().is_some_and(|level| level.wants_name);
                self.begin(State::Text(false), rules, harvest);
            }
            b'0'..=b'9' | b'-' | b'a'..=b'z' => {
                self.is_name = false;
                self.begin(State::Bare, rules, harvest);
                self.keep(&[byte]);
            }
            _ => {}
        }
    }

    fn begin(&mut self, state: State, rules: Rules<'_>, harvest: &Harvest) {
        self.state = state;
        self.overlong = false;
        self.escaped = false;
        self.forget_text();
        self.text_max =
            if self.is_name { NAME_BYTES_MAX } else { harvest.text_bytes_max(self.scalar_name(), rules) };
    }

    /// A list in a list, and a nameless object in a list, go by the name of the list around them.
    fn open(&mut self, is_object: bool) {
        if self.levels.len() >= DEPTH_MAX {
            self.state = State::Lost;
            return;
        }
        let inherits = self.levels.last().is_some_and(|level| !level.is_object);
        let inherited = if inherits { self.holder().to_owned() } else { std::mem::take(&mut self.name) };
        let name_start = u32::try_from(self.names.len()).unwrap_or(0);
        self.names.push_str(&inherited);
        self.levels.push(Level { is_object, name_start, wants_name: is_object });
        self.name.clear();
    }

    /// Name of the innermost object or list.
    fn holder(&self) -> &str {
        let start = self.levels.last().map_or(0, |level| level.name_start as usize);
        self.names.get(start..).unwrap_or_default()
    }

    /// The name that a scalar goes by: its field's, or in a list the list's.
    fn scalar_name(&self) -> &str {
        match self.levels.last() {
            Some(level) if !level.is_object => self.holder(),
            _ => &self.name,
        }
    }

    fn keep(&mut self, part: &[u8]) {
        self.overlong |= self.text.len() + part.len() > self.text_max;
        if !self.overlong {
            self.text.extend_from_slice(part);
        }
    }

    fn end_text(&mut self, rules: Rules<'_>, harvest: &mut Harvest) {
        self.state = State::Between;
        if self.escaped && !self.overlong {
            self.unescape();
        }
        if self.is_name {
            self.name.clear();
            if let (false, Ok(name)) = (self.overlong, std::str::from_utf8(&self.text)) {
                self.name.push_str(name);
            }
            if let Some(level) = self.levels.last_mut() {
                level.wants_name = false;
            }
        } else if !self.overlong {
            harvest.scalar(self.scalar_name(), self.holder(), &self.text, rules);
        }
        self.forget_text();
    }

    /// Numbers count as their decimal text; `true`, `false` and `null` mean nothing.
    fn end_bare(&mut self, rules: Rules<'_>, harvest: &mut Harvest) {
        self.state = State::Between;
        if !self.overlong && self.text.iter().all(u8::is_ascii_digit) {
            harvest.scalar(self.scalar_name(), self.holder(), &self.text, rules);
        }
        self.forget_text();
    }

    /// Wipes what may be a secret; ids and names of fields are none, and wiping every one is dear.
    fn forget_text(&mut self) {
        if self.text.len() > ID_BYTES_MAX || self.text_max > ID_BYTES_MAX {
            self.text.zeroize();
        } else {
            self.text.clear();
        }
    }

    /// Replaces the escapes of RFC 8259 section 7 in `text`.
    fn unescape(&mut self) {
        let mut quoted = Vec::with_capacity(self.text.len() + 2);
        quoted.push(b'"');
        quoted.extend_from_slice(&self.text);
        quoted.push(b'"');
        match serde_json::from_slice::<String>(&quoted) {
            Ok(plain) => {
                self.text.zeroize();
                self.text.extend_from_slice(plain.as_bytes());
                plain.into_bytes().zeroize();
            }
            Err(_) => self.overlong = true,
        }
        quoted.zeroize();
    }
}
