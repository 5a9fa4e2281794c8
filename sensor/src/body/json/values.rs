//! Values of a JSON text: their ends in, harvest and fields out. Knows nothing of syntax.

use compact_str::CompactString;
use model::{Charset, Field, ValueKind};

use super::{
    Expect, JsonScan, Level, PathId, State,
    paths::{Found, NAME_BYTES_MAX},
    text::NAME_HELD_MAX,
};
use crate::{
    body::{
        Harvest, Rules,
        fields::{FIELDS_MAX, field_name},
        harvest::Interest,
        rpc::Part,
    },
    signs,
};

/// Fields that most texts have less of.
const FIELDS_USUAL: usize = 8;
/// Names above a field, with its own: what lies deeper is no field.
const FIELD_DEPTH_MAX: u8 = 3;

impl JsonScan {
    /// A name is over.
    pub(super) fn end_name(&mut self, name: &[u8], rules: Rules<'_>, harvest: &Harvest) {
        self.state = State::Between(Expect::Colon);
        let Some(level) = self.levels.last_mut() else { return };
        level.count = level.count.saturating_add(1);
        let level = *level;
        if name.len() > NAME_HELD_MAX {
            (self.path, self.is_first) = (PathId::NONE, false);
            return;
        }
        let depth = level.depth + 1;
        let Found { id, is_new, is_twice } = self.paths.find(level.path, name, level.object);
        (self.path, self.is_first) = (id, is_new);
        self.shape.duplicates = self.shape.duplicates.saturating_add(u16::from(is_twice));
        if is_new && name.len() <= NAME_BYTES_MAX {
            let kept = self.paths.name(id);
            let is_kept = kept.len() == name.len();
            let text = if is_kept { kept } else { std::str::from_utf8(name).unwrap_or_default() };
            let interest = harvest.interest(text, self.paths.name(level.path), depth, rules);
            if let Some(path) = self.paths.get_mut(id) {
                path.interest = interest;
            }
        }
        if is_new && depth <= FIELD_DEPTH_MAX {
            self.begin_field(level, name);
        }
        self.envelope.named(self.interest().part);
    }

    /// A value begins: its name is known, or it is an item.
    pub(super) fn begin_value(&mut self) {
        match self.levels.last_mut() {
            Some(level) if level.is_object => {}
            Some(level) => {
                level.count = level.count.saturating_add(1);
                (self.path, self.is_first) = (level.path, false);
            }
            None => (self.path, self.is_first) = (PathId::NONE, false),
        }
    }

    /// What is wanted of the value in hand.
    pub(super) fn interest(&self) -> Interest {
        self.paths.get(self.path).map(|path| path.interest).unwrap_or_default()
    }

    /// A string is over; `None` when it was too long to be of use.
    pub(super) fn end_string(&mut self, text: Option<&[u8]>, rules: Rules<'_>, harvest: &mut Harvest) {
        self.shape.values = self.shape.values.saturating_add(1);
        if let Some(text) = text {
            self.take(text, false, rules, harvest);
        }
        if self.is_first {
            let (length, charset) = (self.text.length, self.text.charset);
            self.tell(ValueKind::Text, length, charset, 0);
            self.note_signs();
        }
        self.end_value();
    }

    /// `true`, `false` or `null` is over.
    pub(super) fn end_word(&mut self, word: &[u8]) {
        self.shape.values = self.shape.values.saturating_add(1);
        if self.is_first {
            let kind = if word == b"null" { ValueKind::Null } else { ValueKind::Bool };
            self.tell(kind, u32::try_from(word.len()).unwrap_or(0), Charset(Charset::LOWER), 0);
        }
        self.end_value();
    }

    /// Hands a scalar's text to whom it may concern; `is_digits` when it is known to be nothing but digits.
    pub(super) fn take(&mut self, text: &[u8], is_digits: bool, rules: Rules<'_>, harvest: &mut Harvest) {
        let interest = self.interest();
        if interest.bytes_max > 0 {
            self.take_wanted(interest, text, is_digits, rules, harvest);
        }
    }

    /// The same for one in which there is interest.
    pub(super) fn take_wanted(
        &mut self,
        interest: Interest,
        text: &[u8],
        is_digits: bool,
        rules: Rules<'_>,
        harvest: &mut Harvest,
    ) {
        if interest.part != Part::None {
            self.envelope.part(interest.part, text);
        }
        let holder = self.levels.last().map_or(PathId::NONE, |level| level.path);
        if !harvest.wants_no_more_than_ids(interest) {
            return harvest.known(interest, self.paths.name(self.path), self.paths.name(holder), text, rules);
        }
        if self.noun_of != (self.path, holder) {
            let noun = interest.id_name.noun(self.paths.name(self.path), self.paths.name(holder));
            (self.noun, self.noun_of) = (noun.map(CompactString::from), (self.path, holder));
        }
        if let Some(noun) = &self.noun {
            harvest.id(|| noun.clone(), text, is_digits, rules);
        }
    }

    /// The field of an object or list that opens, plus one, and whether it tells of this very one.
    pub(super) fn container_field(&mut self, is_object: bool) -> (u8, bool) {
        if self.levels.last().is_none_or(|level| !level.is_object) {
            return (self.levels.last().map_or(0, |level| level.field), false);
        }
        let field = self.paths.get(self.path).map_or(0, |path| path.field);
        if self.is_first && field > 0 {
            let kind = if is_object { ValueKind::Object } else { ValueKind::List };
            self.tell(kind, 0, Charset::default(), 0);
            return (field, true);
        }
        (field, false)
    }

    /// Makes room for a field whose name was just seen for the first time.
    fn begin_field(&mut self, level: Level, name: &[u8]) {
        if self.fields.len() >= FIELDS_MAX || level.depth > 0 && level.field == 0 {
            return;
        }
        let above = self.fields.get(usize::from(level.field).wrapping_sub(1));
        let name = field_name(above.map_or("", |field| &field.name), name);
        let signs = signs::of_name(&name);
        if self.fields.capacity() == 0 {
            self.fields.reserve(FIELDS_USUAL);
        }
        self.fields.push(Field {
            name,
            kind: ValueKind::Null,
            length: 0,
            charset: Charset::default(),
            magnitude: 0,
            signs,
        });
        let place = u8::try_from(self.fields.len()).unwrap_or(0);
        if let Some(path) = self.paths.get_mut(self.path) {
            path.field = place;
        }
    }

    /// Tells of the first value under a path, if that path is a field.
    pub(super) fn tell(&mut self, kind: ValueKind, length: u32, charset: Charset, magnitude: i16) {
        let place = self.paths.get(self.path).map_or(0, |path| path.field);
        if let Some(field) = self.fields.get_mut(usize::from(place).wrapping_sub(1)) {
            (field.kind, field.length, field.charset, field.magnitude) = (kind, length, charset, magnitude);
        }
    }

    /// Tells what the text under a path looks like, if that path is a field.
    fn note_signs(&mut self) {
        if self.text.signs.is_empty() {
            return;
        }
        let place = self.paths.get(self.path).map_or(0, |path| path.field);
        if let Some(field) = self.fields.get_mut(usize::from(place).wrapping_sub(1)) {
            field.signs.merge(self.text.signs);
        }
    }
}
