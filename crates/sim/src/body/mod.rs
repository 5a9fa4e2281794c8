//! Bodies: values to be made in; what the sensor would tell of them out, and their text if it is asked for. The one walk
//! does both, so that they cannot differ.

mod maker;
mod twist;

pub(crate) use maker::{Fill, Maker};
pub(crate) use twist::Twist;

use model::{
    BodyFacts, BodyForm, BodyState, Charset, Field, FieldId, KeyPaths, Pseudonyms, Sensitive, SensitiveClass,
    Shape, Signs, ValueKind,
};
use smallvec::SmallVec;

use crate::plan::{Member, Plan, Value};
use maker::Record;

/// Fields kept of a body, and names above one: the limits of the sensor.
const FIELDS_MAX: usize = 32;
const FIELD_DEPTH_MAX: u8 = 3;
/// Ids kept of a request and of an answer.
const ASKED_MAX: usize = 16;
const GIVEN_MAX: usize = 128;
/// Bytes of a body that the sensor looks at.
const READ_MAX: u64 = 65_536;
/// Classes of sensitive data, in order.
const CLASSES: [SensitiveClass; 8] = [
    SensitiveClass::CardNumber,
    SensitiveClass::Iban,
    SensitiveClass::Email,
    SensitiveClass::Phone,
    SensitiveClass::NationalId,
    SensitiveClass::Passport,
    SensitiveClass::Jwt,
    SensitiveClass::ApiSecret,
];

/// Who asks, and how many ids are kept of the answer to that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Request,
    Answer,
}

/// A body while it is made.
pub(crate) struct Made {
    role: Role,
    pub(crate) bytes: u64,
    shape: Shape,
    sum: u64,
    outer: u16,
    level: u16,
    fields: SmallVec<[Field; 0]>,
    sensitive: [u32; 8],
    pub(crate) ids: SmallVec<[FieldId; 0]>,
    twist: Twist,
    /// The text, if it is wanted.
    pub(crate) text: Option<Vec<u8>>,
}

impl Made {
    pub(crate) fn new(role: Role, with_text: bool) -> Self {
        Self {
            role,
            bytes: 0,
            shape: Shape::default(),
            sum: 0,
            outer: u16::MAX,
            level: 0,
            fields: SmallVec::new(),
            sensitive: [0; 8],
            ids: SmallVec::new(),
            twist: Twist::None,
            text: with_text.then(Vec::new),
        }
    }

    /// What the sensor tells of it.
    pub(crate) fn facts(&mut self, plan: &Plan, names: &Pseudonyms) -> BodyFacts {
        let mut facts = BodyFacts { form: BodyForm::Json, bytes: self.bytes, ..BodyFacts::default() };
        if self.bytes > READ_MAX {
            facts.state = BodyState::Capped;
        }
        facts.shape = Some(Shape { keys: KeyPaths::keys(names, self.sum), ..self.shape });
        facts.fields = std::mem::take(&mut self.fields);
        if !plan.operations.is_empty() {
            facts.form = BodyForm::Graphql;
            facts.operations = plan.operations.iter().cloned().collect();
        }
        let seen = CLASSES.iter().zip(self.sensitive).filter(|(_, count)| *count > 0);
        facts.sensitive = seen.map(|(class, count)| Sensitive { class: *class, count }).collect();
        facts
    }

    /// A parameter of a query.
    fn pair(&mut self, member: &Member, (value, signs): (Value, Signs), text: &[u8]) {
        let (kind, length, magnitude) = (value.kind, value.length, value.magnitude);
        let field = Field {
            name: member.name.clone(),
            kind,
            length,
            charset: Charset(value.charset),
            magnitude,
            signs,
        };
        if self.fields.len() < FIELDS_MAX {
            self.fields.push(field);
        }
        let Some(out) = &mut self.text else { return };
        if !out.is_empty() {
            out.push(b'&');
        }
        out.extend_from_slice(member.name.as_bytes());
        out.push(b'=');
        for byte in text {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(byte) {
                out.push(*byte);
            } else {
                let digit = |n: u8| b"0123456789ABCDEF"[usize::from(n & 15)];
                out.extend([b'%', digit(byte >> 4), digit(*byte)]);
            }
        }
    }

    /// What the sensor tells of a query, its ids, and its text.
    pub(crate) fn parameters(self) -> (SmallVec<[Field; 0]>, SmallVec<[FieldId; 0]>, Vec<u8>) {
        (self.fields, self.ids, self.text.unwrap_or_default())
    }

    /// Whether the sensor still looks at what comes next.
    const fn is_read(&self) -> bool {
        self.bytes < READ_MAX
    }

    fn put(&mut self, text: &[u8]) {
        self.bytes += text.len() as u64;
        if let Some(out) = &mut self.text {
            out.extend_from_slice(text);
        }
    }

    #[inline]
    fn mark(&mut self, byte: u8) {
        self.bytes += 1;
        if let Some(out) = &mut self.text {
            out.push(byte);
        }
    }

    /// A member's name with what stands around it.
    #[inline]
    fn name(&mut self, name: &str) {
        self.bytes += name.len() as u64 + 3;
        if let Some(out) = &mut self.text {
            out.push(b'"');
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"\":");
        }
    }

    /// Opens an object or a list; whether the sensor sees it.
    fn open(&mut self, mark: &[u8]) -> bool {
        let is_seen = self.is_read();
        if is_seen {
            self.level += 1;
            self.shape.depth = self.shape.depth.max(self.level);
            self.shape.arrays += u32::from(mark == b"[");
        }
        self.put(mark);
        is_seen
    }

    fn close_list(&mut self, items: u32, is_seen: bool) {
        if is_seen {
            self.level -= 1;
            self.shape.longest = self.shape.longest.max(items);
            if self.level < self.outer {
                (self.outer, self.shape.items) = (self.level, items);
            } else if self.level == self.outer {
                self.shape.items = self.shape.items.max(items);
            }
        }
        self.put(b"]");
    }

    fn close_object(&mut self, is_seen: bool) {
        self.level -= u16::from(is_seen);
        self.put(b"}");
    }

    /// A field begins: its place, if it is told of.
    fn begin(&mut self, member: &Member, record: Record) -> Option<usize> {
        if !record.is_first || !self.is_read() {
            return None;
        }
        self.sum = self.sum.wrapping_add(member.share);
        if member.depth > FIELD_DEPTH_MAX || self.fields.len() >= FIELDS_MAX {
            return None;
        }
        self.fields.push(member.field.clone());
        Some(self.fields.len() - 1)
    }

    fn tell(&mut self, field: Option<usize>, value: Value) {
        if let Some(field) = field.and_then(|field| self.fields.get_mut(field)) {
            field.kind = value.kind;
            field.length = value.length;
            field.charset = Charset(value.charset);
            field.magnitude = value.magnitude;
        }
    }

    /// What a field's value looks like to an interpreter.
    fn sign(&mut self, field: Option<usize>, signs: Signs) {
        if let Some(field) = field.and_then(|field| self.fields.get_mut(field)) {
            field.signs = signs;
        }
    }

    fn tell_items(&mut self, field: Option<usize>, kind: ValueKind, items: u32) {
        self.tell(field, Value { kind, length: items, charset: 0, magnitude: 0, is_quoted: false });
    }

    fn sense(&mut self, class: Option<SensitiveClass>) {
        if let Some(count) = class.and_then(|class| self.sensitive.get_mut(class as usize)) {
            *count += 1;
        }
    }

    /// A scalar's value: counted, told of, and written by `write`.
    fn scalar(&mut self, field: Option<usize>, value: Value, write: impl FnOnce(&mut Vec<u8>)) {
        let quotes = if value.is_quoted { 2 } else { 0 };
        self.bytes += u64::from(value.length) + quotes;
        if self.bytes <= READ_MAX {
            self.shape.values += 1;
            self.tell(field, value);
        }
        if let Some(out) = &mut self.text {
            if value.is_quoted {
                out.push(b'"');
            }
            write(out);
            if value.is_quoted {
                out.push(b'"');
            }
        }
    }
}
