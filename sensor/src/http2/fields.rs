//! Lists of header fields: what HPACK decodes in, names and values one behind the other out. One list serves a whole
//! sensor; it is wiped after each block, because fields are secrets.

use zeroize::Zeroize as _;

/// Where a field stands in the text, and what is known of it.
#[derive(Clone, Copy, Debug)]
struct Place {
    start: u32,
    name: u32,
    value: u32,
    has_name: bool,
    has_value: bool,
    odd: bool,
}

/// A field of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'l> {
    /// Empty when it is not known.
    pub(crate) name: &'l [u8],
    /// Empty when it is not known.
    pub(crate) value: &'l [u8],
    pub(crate) has_name: bool,
    pub(crate) has_value: bool,
    /// A name or value that must not be: upper case, line ends, white space around.
    pub(crate) odd: bool,
}

impl Field<'_> {
    pub(crate) fn is_known(&self) -> bool {
        self.has_name && self.has_value
    }

    /// Whether it belongs to the request line or status line.
    pub(crate) fn is_pseudo(&self) -> bool {
        self.name.first() == Some(&b':')
    }
}

/// The fields of a block, in order.
#[derive(Default)]
pub(crate) struct FieldList {
    /// `name:value\n` of each.
    text: Vec<u8>,
    places: Vec<Place>,
    /// Bytes of text and number of fields that are kept.
    bytes_max: usize,
    fields_max: usize,
    /// Whether there were more.
    pub(crate) is_over_full: bool,
    /// Fields of which name or value is not known.
    pub(crate) unknown: u16,
}

impl FieldList {
    /// Empty, with these limits.
    pub(crate) fn clear(&mut self, bytes_max: usize, fields_max: usize) {
        self.text.as_mut_slice().zeroize();
        self.text.clear();
        self.places.clear();
        (self.bytes_max, self.fields_max) = (bytes_max, fields_max);
        self.is_over_full = false;
        self.unknown = 0;
    }

    /// Wiped; a large one is let go.
    pub(crate) fn wipe(&mut self) {
        self.clear(0, 0);
        if self.text.capacity() > 1 << 17 {
            self.text = Vec::new();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Field<'_>> {
        self.places.iter().map(|place| self.field(place))
    }

    /// The text from the field at this place on, and whether every field in it is known and as it must be.
    pub(crate) fn text_from(&self, place: usize) -> (&[u8], bool) {
        let Some(first) = self.places.get(place) else { return (&[], true) };
        let text = self.text.get(first.start as usize..).unwrap_or_default();
        let is_plain = |place: &Place| place.has_name && place.has_value && !place.odd;
        (text, self.places.get(place..).unwrap_or_default().iter().all(is_plain))
    }

    pub(super) fn add(&mut self, name: &[u8], value: &[u8], odd: bool) {
        if self.text.len() + name.len() + value.len() + 2 > self.bytes_max {
            self.is_over_full = true;
            return;
        }
        let start = self.text.len();
        self.text.extend_from_slice(name);
        self.text.push(b':');
        self.text.extend_from_slice(value);
        self.text.push(b'\n');
        self.place(start, (name.len(), value.len()), (true, true), odd);
        self.end();
    }

    pub(super) fn add_nameless(&mut self, value: &[u8]) {
        let mut open = self.begin();
        open.end_name(false);
        open.text().extend_from_slice(value);
        open.end_value();
        self.end();
    }

    pub(super) fn add_unknown(&mut self) {
        self.place(self.text.len(), (0, 0), (false, false), false);
        self.end();
    }

    /// A field that is written piece by piece.
    pub(super) fn begin(&mut self) -> Open<'_> {
        let start = self.text.len();
        Open { list: self, start, name: 0, has_name: false }
    }

    /// The field that was begun is whole; past a limit it is taken out again.
    pub(super) fn end(&mut self) {
        if self.text.len() > self.bytes_max || self.places.len() > self.fields_max {
            let start = self.places.pop().map_or(0, |place| place.start as usize);
            self.text.get_mut(start..).unwrap_or_default().zeroize();
            self.text.truncate(start);
            self.is_over_full = true;
        }
    }

    fn place(&mut self, start: usize, (name, value): (usize, usize), known: (bool, bool), odd: bool) {
        let short = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let (has_name, has_value) = known;
        self.unknown = self.unknown.saturating_add(u16::from(!has_name || !has_value));
        let (start, name, value) = (short(start), short(name), short(value));
        self.places.push(Place { start, name, value, has_name, has_value, odd });
    }

    fn field(&self, place: &Place) -> Field<'_> {
        let text = self.text.get(place.start as usize..).unwrap_or_default();
        let (name, rest) = text.split_at_checked(place.name as usize).unwrap_or_default();
        let value = rest.get(1..1 + place.value as usize).unwrap_or_default();
        Field { name, value, has_name: place.has_name, has_value: place.has_value, odd: place.odd }
    }
}

/// A field while it is written.
pub(super) struct Open<'l> {
    list: &'l mut FieldList,
    start: usize,
    name: usize,
    has_name: bool,
}

impl<'l> Open<'l> {
    pub(super) fn text(&mut self) -> &mut Vec<u8> {
        &mut self.list.text
    }

    /// What was written is the name, if it is known.
    pub(super) fn end_name(&mut self, has_name: bool) {
        self.name = self.list.text.len() - self.start;
        self.has_name = has_name;
        self.list.text.push(b':');
    }

    /// What was written since is the value. Both, and whether they must not be.
    pub(super) fn end_value(self) -> (&'l [u8], &'l [u8], bool) {
        let Self { list, start, name, has_name } = self;
        let value = list.text.len() - start - name - 1;
        list.text.push(b'\n');
        let text = list.text.get(start..).unwrap_or_default();
        let (key, rest) = text.split_at_checked(name).unwrap_or_default();
        let odd = has_name && is_odd_name(key) || is_odd_value(rest.get(1..1 + value).unwrap_or_default());
        list.place(start, (name, value), (has_name, true), odd);
        let list: &'l FieldList = list;
        let text = list.text.get(start..).unwrap_or_default();
        let (key, rest) = text.split_at_checked(name).unwrap_or_default();
        (key, rest.get(1..1 + value).unwrap_or_default(), odd)
    }
}

/// Whether a name must not be (RFC 9113, section 8.2.1).
fn is_odd_name(name: &[u8]) -> bool {
    let rest = name.strip_prefix(b":").unwrap_or(name);
    let fits =
        |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(byte);
    rest.is_empty() || !rest.iter().all(fits)
}

/// Whether a value must not be (RFC 9113, section 8.2.1).
fn is_odd_value(value: &[u8]) -> bool {
    let is_blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    is_blank(value.first()) || is_blank(value.last()) || memchr::memchr3(0, b'\r', b'\n', value).is_some()
}
