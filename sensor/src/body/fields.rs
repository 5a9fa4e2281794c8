//! Fields: names and values of parameters in, what they look like out. Keeps no value, and no name that may be one.

use compact_str::CompactString;
use model::{Charset, Field, ValueKind};
use smallvec::SmallVec;

use super::shape::is_token;
use crate::signs;

/// Fields kept of one body or query: the limit of `BodyFacts::fields`.
pub(crate) const FIELDS_MAX: usize = 32;
/// Longest name of a field.
const NAME_BYTES_MAX: usize = 64;

/// The fields of one body or query.
pub(crate) type Fields = SmallVec<[Field; 0]>;

/// A field's name behind the name of what holds it, cleaned: ids and tokens among names are masked.
pub(crate) fn field_name(holder: &str, name: &[u8]) -> CompactString {
    let name = clean(name);
    let mut whole = if holder.is_empty() {
        name
    } else {
        let mut whole = CompactString::from(holder);
        whole.push('.');
        whole.push_str(&name);
        whole
    };
    if whole.len() > NAME_BYTES_MAX {
        let end = (0..=NAME_BYTES_MAX).rev().find(|at| whole.is_char_boundary(*at)).unwrap_or(0);
        whole.truncate(end);
    }
    whole
}

/// A name as it may be kept: `{id}` for ids, tokens and addresses, `{long}` beyond 64 bytes.
pub(crate) fn clean(name: &[u8]) -> CompactString {
    if name.len() > NAME_BYTES_MAX {
        return "{long}".into();
    }
    // As programmers write them. Without a digit only a UUID could be an id.
    let is_plain =
        name.len() < 32 && Charset::of(name).0 & !(Charset::LOWER | Charset::UPPER | Charset::JOIN) == 0;
    match std::str::from_utf8(name) {
        Ok(text) if is_plain => text.into(),
        Ok(_) if is_token(name) => "{id}".into(),
        Ok(text) if !text.chars().any(char::is_control) => text.into(),
        _ => "{other}".into(),
    }
}

/// A field of a form, query or part, where every value is a text.
pub(crate) fn text_field(name: CompactString, value: &[u8]) -> Field {
    let (kind, magnitude) = kind_of(value);
    let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
    let charset = Charset::of(value);
    let mut seen = signs::of_value(value, charset);
    seen.merge(signs::of_name(&name));
    Field { name, kind, length, charset, magnitude, signs: seen }
}

/// Takes a field of a form, query or part. A name keeps its first and its last value.
pub(crate) fn keep(fields: &mut Fields, field: Field) {
    let mut same = fields.iter_mut().filter(|known| known.name == field.name).skip(1);
    if let Some(last) = same.next() {
        *last = field;
    } else if fields.len() < FIELDS_MAX {
        fields.push(field);
    }
}

/// Type and magnitude of a text.
fn kind_of(text: &[u8]) -> (ValueKind, i16) {
    match text {
        b"" | b"null" => return (ValueKind::Null, 0),
        b"true" | b"false" => return (ValueKind::Bool, 0),
        _ => {}
    }
    let mut number = Number::default();
    if text.len() <= 64 && text.iter().all(|byte| number.push(*byte)) && number.is_whole() {
        (number.kind(), number.magnitude())
    } else {
        (ValueKind::Text, 0)
    }
}

/// A number (RFC 8259, section 6) in pieces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Number {
    place: Place,
    /// Bytes so far.
    pub(crate) length: u32,
    has_sign: bool,
    /// Digits before the point, without leading zeros.
    whole_digits: u32,
    /// Zeros behind the point before the first other digit.
    zeros: u32,
    is_zero_so_far: bool,
    power: i32,
    is_power_negative: bool,
    charset: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Start,
    Sign,
    Zero,
    Whole,
    Point,
    Fraction,
    Power,
    PowerSign,
    PowerDigits,
}

impl Number {
    /// The next byte; whether it may stand here.
    pub(crate) fn push(&mut self, byte: u8) -> bool {
        use Place::{Fraction, Point, Power, PowerDigits, PowerSign, Sign, Start, Whole, Zero};
        self.place = match (self.place, byte) {
            (Start, b'-') => Sign,
            (Start | Sign, b'0') => Zero,
            (Start | Sign, b'1'..=b'9') | (Whole, b'0'..=b'9') => Whole,
            (Zero | Whole, b'.') => Point,
            (Point | Fraction, b'0'..=b'9') => Fraction,
            (Zero | Whole | Fraction, b'e' | b'E') => Power,
            (Power, b'+' | b'-') => PowerSign,
            (Power | PowerSign | PowerDigits, b'0'..=b'9') => PowerDigits,
            _ => return false,
        };
        self.length = self.length.saturating_add(1);
        match self.place {
            Whole => self.whole_digits = self.whole_digits.saturating_add(1),
            Point => self.is_zero_so_far = self.whole_digits == 0,
            Fraction if self.is_zero_so_far && byte == b'0' => self.zeros = self.zeros.saturating_add(1),
            Fraction => self.is_zero_so_far = false,
            PowerSign => self.is_power_negative = byte == b'-',
            PowerDigits => {
                self.power =
                    self.power.saturating_mul(10).saturating_add(i32::from(byte - b'0')).min(100_000);
            }
            Sign => self.has_sign = true,
            Start | Zero | Power => {}
        }
        self.charset |= match byte {
            b'0'..=b'9' => Charset::DIGIT,
            b'e' => Charset::LOWER,
            b'E' => Charset::UPPER,
            b'+' => Charset::MARK,
            _ => Charset::JOIN,
        };
        true
    }

    /// Whether it may end here.
    pub(crate) fn is_whole(self) -> bool {
        matches!(self.place, Place::Zero | Place::Whole | Place::Fraction | Place::PowerDigits)
    }

    /// Whether it is digits and nothing else.
    pub(crate) fn is_digits(self) -> bool {
        matches!(self.place, Place::Zero | Place::Whole) && !self.has_sign
    }

    /// Whole or not.
    pub(crate) fn kind(self) -> ValueKind {
        match self.place {
            Place::Zero | Place::Whole => ValueKind::Int,
            _ => ValueKind::Float,
        }
    }

    /// Classes of its characters.
    pub(crate) fn charset(self) -> Charset {
        Charset(self.charset)
    }

    /// Digits before its decimal point, negative for values below one.
    pub(crate) fn magnitude(self) -> i16 {
        let power = if self.is_power_negative { -self.power } else { self.power };
        let digits = if self.whole_digits > 0 {
            i32::try_from(self.whole_digits).unwrap_or(i32::MAX)
        } else if self.is_zero_so_far || self.place == Place::Zero {
            return 0;
        } else {
            -i32::try_from(self.zeros).unwrap_or(i32::MAX)
        };
        let digits = digits.saturating_add(power).clamp(i32::from(i16::MIN), i32::from(i16::MAX));
        i16::try_from(digits).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_by_table() {
        for (text, kind, magnitude) in [
            ("17", ValueKind::Int, 2),
            ("-17", ValueKind::Int, 2),
            ("0", ValueKind::Int, 0),
            ("-0", ValueKind::Int, 0),
            ("0.05", ValueKind::Float, -1),
            ("0.5", ValueKind::Float, 0),
            ("12.50", ValueKind::Float, 2),
            ("1e3", ValueKind::Float, 4),
            ("1e400", ValueKind::Float, 401),
            ("1e-3", ValueKind::Float, -2),
            ("017", ValueKind::Text, 0),
            ("1.", ValueKind::Text, 0),
            ("", ValueKind::Null, 0),
            ("true", ValueKind::Bool, 0),
            ("1 or 1=1", ValueKind::Text, 0),
        ] {
            assert_eq!(kind_of(text.as_bytes()), (kind, magnitude), "{text}");
        }
    }

    #[test]
    fn names_that_may_be_values_are_masked() {
        for (name, expected) in [
            ("address_line_1", "{x}.address_line_1"),
            ("1234", "{x}.{id}"),
            ("amal@example.org", "{x}.{id}"),
            ("5f0c2b9e-3a1d-4c55-9e21-0a1b2c3d4e5f", "{x}.{id}"),
            ("a\u{7}b", "{x}.{other}"),
        ] {
            assert_eq!(field_name("{x}", name.as_bytes()), expected, "{name}");
        }
        assert_eq!(field_name("", &[b'a'; 65]), "{long}");
        assert_eq!(field_name(&"h".repeat(60), b"name").len(), 64);
    }

    #[test]
    fn a_name_that_comes_often_keeps_its_first_and_last_value() {
        let mut fields = Fields::new();
        for value in [b"1".as_slice(), b"22", b"333"] {
            keep(&mut fields, text_field("a".into(), value));
        }
        assert_eq!(fields.iter().map(|field| field.length).collect::<Vec<_>>(), [1, 3]);
    }
}
