//! JSON (RFC 8259): bytes in pieces in; named scalars, shape and fields out. Builds no tree, keeps no value, and stops
//! at depth 64.

mod ahead;
mod number;
mod paths;
mod text;
mod values;

#[cfg(test)]
mod tests;

use compact_str::CompactString;
use model::{KeyPaths, Shape};
use smallvec::SmallVec;

use super::{
    Harvest, Rules,
    fields::{Fields, Number},
    rpc::Envelope,
};
use paths::{PathId, Paths};
use text::Text;

/// Open objects and lists; a deeper text is given up.
const DEPTH_MAX: usize = 64;

/// Whether one text is expected or one per line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Texts {
    One,
    Lines,
}

/// What a text turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// JSON from start to end.
    Whole,
    /// Nothing but white space.
    Empty,
    /// Well formed so far, and not over.
    Open,
    /// Something that RFC 8259 does not allow.
    Broken,
    /// Nested deeper than we follow.
    Deep,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Between tokens.
    Between(Expect),
    /// In a string.
    Text,
    /// In a number.
    Number,
    /// In `true`, `false` or `null`, of which so many bytes came.
    Word(&'static [u8], u8),
    Lost(Verdict),
}

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    Value,
    /// A value or `]`.
    First,
    /// A name or `}`.
    FirstName,
    Name,
    Colon,
    /// `,` or the end of what is open.
    Comma,
    /// Nothing but the end, or with `Texts::Lines` the next text.
    End,
}

/// An open object or list.
#[derive(Clone, Copy, Debug)]
struct Level {
    is_object: bool,
    /// Members or items so far.
    count: u32,
    /// By whose name it goes.
    path: PathId,
    /// Number of the object in the text.
    object: u32,
    /// Names above what it holds.
    depth: u8,
    /// The field it is or belongs to, plus one; zero at the top.
    field: u8,
    /// Whether that field tells of it.
    is_field: bool,
}

/// A JSON text while it streams by.
pub(super) struct JsonScan {
    texts: Texts,
    state: State,
    levels: SmallVec<[Level; 8]>,
    paths: Paths,
    objects: u32,
    text: Text,
    number: Number,
    /// The value in hand: its path, and whether it is the first one under it.
    path: PathId,
    is_first: bool,
    /// After what the last id was named, and its path and that of its holder, which say so.
    noun: Option<CompactString>,
    noun_of: (PathId, PathId),
    /// Whether a text ended before the one in hand.
    has_text: bool,
    /// In `Texts::Lines`: whether a line ended since.
    has_line: bool,
    shape: Shape,
    /// Depth of the outermost list so far.
    outer: u16,
    pub(super) fields: Fields,
    pub(super) envelope: Envelope,
}

impl JsonScan {
    pub(super) fn new(texts: Texts, rules: Rules<'_>) -> Self {
        Self {
            texts,
            state: State::Between(Expect::Value),
            levels: SmallVec::new(),
            paths: Paths::new(KeyPaths::new(rules.names)),
            objects: 0,
            text: Text::default(),
            number: Number::default(),
            path: PathId::NONE,
            is_first: false,
            noun: None,
            noun_of: (PathId::NONE, PathId::NONE),
            has_text: false,
            has_line: false,
            shape: Shape::default(),
            outer: u16::MAX,
            fields: Fields::new(),
            envelope: Envelope::default(),
        }
    }

    pub(super) fn push(&mut self, mut rest: &[u8], rules: Rules<'_>, harvest: &mut Harvest) {
        while !rest.is_empty() {
            if self.state == State::Between(Expect::Comma) {
                rest = self.ahead(rest, rules, harvest);
            }
            rest = match self.state {
                State::Between(expect) => self.between(expect, rest, rules, harvest),
                State::Text => self.in_text(rest, rules, harvest),
                State::Number => self.in_number(rest, rules, harvest),
                State::Word(word, at) => self.in_word(word, at, rest),
                State::Lost(_) => return,
            };
        }
    }

    /// No further byte comes: what the text was.
    pub(super) fn finish(&mut self, rules: Rules<'_>, harvest: &mut Harvest) -> Verdict {
        if self.state == State::Number && self.levels.is_empty() {
            self.end_held_number(rules, harvest);
        }
        for at in (0..self.levels.len()).rev() {
            if let Some(level) = self.levels.get(at).copied() {
                self.count_level(level, at);
            }
        }
        match self.state {
            State::Lost(verdict) => verdict,
            State::Between(Expect::End) => Verdict::Whole,
            State::Between(Expect::Value) if self.levels.is_empty() && self.has_text => Verdict::Whole,
            State::Between(Expect::Value) if self.levels.is_empty() => Verdict::Empty,
            _ => Verdict::Open,
        }
    }

    /// Its structure, as far as it came.
    pub(super) fn shape(&self, rules: Rules<'_>) -> Shape {
        Shape { keys: KeyPaths::keys(rules.names, self.paths.set()), ..self.shape }
    }

    /// Whether it held more names than we tell apart.
    pub(super) fn is_over_full(&self) -> bool {
        self.paths.is_full
    }

    /// Whether an object held a name twice.
    pub(super) fn has_duplicates(&self) -> bool {
        self.shape.duplicates > 0
    }

    /// Bytes held on the heap.
    pub(super) fn memory(&self) -> usize {
        let levels = if self.levels.spilled() { self.levels.capacity() * size_of::<Level>() } else { 0 };
        levels + self.paths.memory() + self.text.memory() + self.fields.capacity() * 48
    }

    fn lose(&mut self, verdict: Verdict) {
        self.state = State::Lost(verdict);
        self.text.forget();
    }

    /// Steps over white space, then takes one token or its beginning.
    fn between<'b>(
        &mut self,
        expect: Expect,
        bytes: &'b [u8],
        rules: Rules<'_>,
        harvest: &mut Harvest,
    ) -> &'b [u8] {
        if bytes.first().is_some_and(|byte| *byte > b' ') {
            return self.token(expect, bytes, rules, harvest);
        }
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        let spaces = bytes.iter().position(|byte| !is_space(byte)).unwrap_or(bytes.len());
        let (space, bytes) = bytes.split_at(spaces);
        if expect == Expect::End && space.contains(&b'\n') {
            self.has_line = true;
        }
        self.token(expect, bytes, rules, harvest)
    }

    /// Takes one token or its beginning.
    fn token<'b>(
        &mut self,
        expect: Expect,
        bytes: &'b [u8],
        rules: Rules<'_>,
        harvest: &mut Harvest,
    ) -> &'b [u8] {
        let Some((&byte, after)) = bytes.split_first() else { return bytes };
        match (expect, byte) {
            (Expect::Comma, b',') => {
                let is_object = self.levels.last().is_some_and(|level| level.is_object);
                self.state = State::Between(if is_object { Expect::Name } else { Expect::Value });
                if is_object && let Some((b'"', name)) = after.split_first() {
                    return self.name(name, rules, harvest);
                }
            }
            (Expect::Name | Expect::FirstName, b'"') => return self.name(after, rules, harvest),
            (Expect::Colon, b':') => self.state = State::Between(Expect::Value),
            (Expect::Value | Expect::First, _) => return self.value(expect, byte, bytes, rules, harvest),
            (Expect::Comma | Expect::FirstName, b'}') => self.close(true),
            (Expect::Comma, b']') => self.close(false),
            (Expect::End, _) if self.texts == Texts::Lines && self.has_line => {
                self.state = State::Between(Expect::Value);
                self.has_line = false;
                return bytes;
            }
            _ => self.lose(Verdict::Broken),
        }
        after
    }

    /// A value, or what closes an empty list.
    fn value<'b>(
        &mut self,
        expect: Expect,
        byte: u8,
        bytes: &'b [u8],
        rules: Rules<'_>,
        harvest: &mut Harvest,
    ) -> &'b [u8] {
        let after = bytes.get(1..).unwrap_or_default();
        if byte == b']' && expect == Expect::First {
            self.close(false);
            return after;
        }
        self.begin_value();
        match byte {
            b'"' => return self.string(after, rules, harvest),
            b'{' | b'[' => self.open(byte == b'{'),
            b'-' | b'0'..=b'9' => {
                self.number = Number::default();
                self.state = State::Number;
                return self.in_number(bytes, rules, harvest);
            }
            b't' => self.state = State::Word(b"true", 1),
            b'f' => self.state = State::Word(b"false", 1),
            b'n' => self.state = State::Word(b"null", 1),
            _ => self.lose(Verdict::Broken),
        }
        after
    }

    fn in_word<'b>(&mut self, word: &'static [u8], at: u8, bytes: &'b [u8]) -> &'b [u8] {
        let Some((byte, after)) = bytes.split_first() else { return bytes };
        if word.get(usize::from(at)) != Some(byte) {
            self.lose(Verdict::Broken);
        } else if usize::from(at) + 1 < word.len() {
            self.state = State::Word(word, at + 1);
        } else {
            self.end_word(word);
        }
        after
    }

    fn open(&mut self, is_object: bool) {
        if self.levels.len() >= DEPTH_MAX {
            return self.lose(Verdict::Deep);
        }
        let (field, is_field) = self.container_field(is_object);
        let above = self.levels.last().copied();
        let depth = above.map_or(0, |level| level.depth + u8::from(level.is_object));
        if is_object {
            self.objects = self.objects.saturating_add(1);
        } else {
            self.shape.arrays = self.shape.arrays.saturating_add(1);
        }
        let (path, object) = (self.path, self.objects);
        self.levels.push(Level { is_object, count: 0, path, object, depth, field, is_field });
        let deep = u16::try_from(self.levels.len()).unwrap_or(u16::MAX);
        self.shape.depth = self.shape.depth.max(deep);
        if depth == 0 && is_object {
            self.envelope.open();
        }
        self.state = State::Between(if is_object { Expect::FirstName } else { Expect::First });
    }

    fn close(&mut self, is_object: bool) {
        let Some(level) = self.levels.last().copied().filter(|level| level.is_object == is_object) else {
            return self.lose(Verdict::Broken);
        };
        self.levels.pop();
        self.count_level(level, self.levels.len());
        if level.depth == 0 && is_object {
            self.envelope.close();
        }
        self.end_value();
    }

    /// Takes the number of items of a list that is over or cut off at nesting `at`.
    fn count_level(&mut self, level: Level, at: usize) {
        if level.is_field
            && let Some(field) = self.fields.get_mut(usize::from(level.field).wrapping_sub(1))
        {
            field.length = level.count;
        }
        if level.is_object {
            return;
        }
        self.shape.longest = self.shape.longest.max(level.count);
        let at = u16::try_from(at).unwrap_or(u16::MAX);
        if at < self.outer {
            (self.outer, self.shape.items) = (at, level.count);
        } else if at == self.outer {
            self.shape.items = self.shape.items.max(level.count);
        }
    }

    /// A value is over: what may follow.
    fn end_value(&mut self) {
        self.state = State::Between(if self.levels.is_empty() {
            self.has_text = true;
            self.has_line = false;
            Expect::End
        } else {
            Expect::Comma
        });
    }
}
