//! Multipart bodies (RFC 2046, RFC 7578): bytes in pieces in; parts with names, sizes and text values out. Never holds
//! more than one head and one text value.

use compact_str::CompactString;
use model::{Charset, Field, ValueKind};
use zeroize::Zeroize as _;

use super::{
    Harvest, Rules,
    announced::parameter,
    fields::{Fields, clean, keep, text_field},
};
use crate::sensitive::Watcher;

/// Longest head of a part; what has a longer one is not read further.
const HEAD_BYTES_MAX: usize = 4_096;
/// Longest text value that is read; of a longer one only the size is known.
const VALUE_BYTES_MAX: usize = 8_192;
/// Parts read of one body.
const PARTS_MAX: usize = 256;
/// Longest boundary that the standard allows, and the longest that we read.
pub(super) const BOUNDARY_BYTES_MAX: usize = 70;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In a part's value, or before the first part.
    Content,
    /// Behind what may be a boundary: `--` or the end of the line make it one.
    Behind,
    Head,
    /// Behind the last boundary.
    Over,
    /// Given up.
    Lost,
}

/// A multipart body while it streams by.
pub(super) struct MultipartScan {
    /// Line feed, two hyphens, boundary.
    mark: Box<[u8]>,
    state: State,
    /// Bytes of `mark` that the last bytes match.
    matched: usize,
    /// Whether a carriage return came that may belong to the boundary's line.
    has_return: bool,
    /// Head or value in hand.
    held: Vec<u8>,
    /// The part in hand; `None` before the first one.
    part: Option<Part>,
    parts: usize,
    /// Bytes behind what may be a boundary.
    behind: Vec<u8>,
    pub(super) fields: Fields,
    /// Whether there were more parts, or longer heads, than are read.
    pub(super) is_over_full: bool,
    /// Whether readers may disagree on it: line ends, a name or a boundary out of form.
    pub(super) is_doubtful: bool,
}

struct Part {
    name: CompactString,
    clear_name: String,
    is_file: bool,
    length: u32,
    charset: u8,
    overlong: bool,
}

impl MultipartScan {
    /// A body whose parts are divided by `boundary`.
    pub(super) fn new(boundary: &[u8]) -> Self {
        Self {
            mark: [b"\n--", boundary].concat().into_boxed_slice(),
            state: State::Content,
            // The first boundary needs no line before it.
            matched: 1,
            has_return: true,
            held: Vec::new(),
            part: None,
            parts: 0,
            behind: Vec::new(),
            fields: Fields::new(),
            is_over_full: false,
            is_doubtful: boundary.len() > BOUNDARY_BYTES_MAX,
        }
    }

    pub(super) fn push(
        &mut self,
        mut bytes: &[u8],
        rules: Rules<'_>,
        harvest: &mut Harvest,
        watcher: &mut Watcher,
    ) {
        while let Some((&byte, after)) = bytes.split_first() {
            bytes = match self.state {
                State::Over | State::Lost => return,
                State::Content => self.content(bytes),
                State::Behind => {
                    if self.behind(byte, rules, harvest, watcher) {
                        after
                    } else {
                        bytes
                    }
                }
                State::Head => {
                    self.head(byte);
                    after
                }
            };
        }
    }

    /// Whether the last boundary came.
    pub(super) fn is_whole(&self) -> bool {
        self.state == State::Over
    }

    /// Whether any boundary came.
    pub(super) fn has_parts(&self) -> bool {
        self.parts > 0 || self.is_whole()
    }

    /// Bytes are missing, or no more come: the part in hand counts as far as it came.
    pub(super) fn end_part(&mut self, rules: Rules<'_>, harvest: &mut Harvest, watcher: &mut Watcher) {
        let Some(part) = self.part.take() else { return };
        let field = if part.is_file || part.overlong {
            let kind = if part.is_file { ValueKind::File } else { ValueKind::Text };
            Field {
                name: part.name,
                kind,
                length: part.length,
                charset: Charset(part.charset),
                magnitude: 0,
                signs: Default::default(),
            }
        } else {
            harvest.scalar(&part.clear_name, "", &self.held, rules);
            watcher.push(part.clear_name.as_bytes());
            watcher.push(b"=");
            watcher.push(&self.held);
            watcher.push(b"\n");
            text_field(part.name, &self.held)
        };
        self.is_doubtful |= self.fields.iter().any(|known| known.name == field.name && !part.is_file);
        keep(&mut self.fields, field);
        self.held.zeroize();
    }

    /// Bytes held on the heap.
    pub(super) fn memory(&self) -> usize {
        self.mark.len() + self.held.capacity() + self.fields.capacity() * 48
    }

    /// Takes bytes up to where a boundary may begin, or one byte of one.
    fn content<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let Some((&byte, after)) = bytes.split_first() else { return bytes };
        if self.mark.get(self.matched) == Some(&byte) {
            self.matched += 1;
            if self.matched == self.mark.len() {
                self.state = State::Behind;
            }
            return after;
        }
        if self.matched > 0 || self.has_return {
            self.keep_match();
            return bytes;
        }
        if byte == b'\r' {
            self.has_return = true;
            return after;
        }
        let n = memchr::memchr2(b'\r', b'\n', bytes).unwrap_or(bytes.len());
        let (plain, rest) = bytes.split_at(n);
        self.keep(plain);
        rest
    }

    fn keep(&mut self, bytes: &[u8]) {
        let Some(part) = &mut self.part else { return };
        part.length = part.length.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        if !part.is_file {
            part.charset |= Charset::of(bytes).0;
            part.overlong |= self.held.len() + bytes.len() > VALUE_BYTES_MAX;
            if !part.overlong {
                self.held.extend_from_slice(bytes);
            }
        }
    }

    /// What looked like a boundary was none: it belongs to the value.
    fn keep_match(&mut self) {
        let mark = std::mem::take(&mut self.mark);
        if std::mem::take(&mut self.has_return) {
            self.keep(b"\r");
        }
        let matched = std::mem::take(&mut self.matched);
        self.keep(mark.get(..matched).unwrap_or_default());
        self.mark = mark;
    }

    /// A byte behind what may be a boundary; `false` when the byte belongs to the value.
    fn behind(&mut self, byte: u8, rules: Rules<'_>, harvest: &mut Harvest, watcher: &mut Watcher) -> bool {
        let is_last = self.behind == [b'-'] && byte == b'-';
        let is_padding = !self.behind.contains(&b'-') && !self.behind.contains(&b'\r');
        let is_line_end = byte == b'\n' && !self.behind.contains(&b'-');
        if is_last || is_line_end {
            self.is_doubtful |= !self.has_return || is_line_end && !self.behind.ends_with(b"\r");
            (self.matched, self.has_return) = (0, false);
            self.behind.clear();
            self.end_part(rules, harvest, watcher);
            if is_last {
                self.state = State::Over;
            } else {
                self.begin_head();
            }
            return true;
        }
        let may_be = match byte {
            b'-' => self.behind.is_empty(),
            b' ' | b'\t' | b'\r' => is_padding && self.behind.len() < 64,
            _ => false,
        };
        if may_be {
            self.behind.push(byte);
            return true;
        }
        self.is_doubtful = true;
        self.keep_match();
        let behind = std::mem::take(&mut self.behind);
        self.keep(&behind);
        self.state = State::Content;
        false
    }

    fn begin_head(&mut self) {
        self.parts += 1;
        self.held.zeroize();
        self.state = State::Head;
        if self.parts > PARTS_MAX {
            self.is_over_full = true;
            self.state = State::Lost;
        }
    }

    fn head(&mut self, byte: u8) {
        self.held.push(byte);
        let line_end = byte == b'\n';
        if line_end && (self.held == b"\r\n" || self.held == b"\n" || ends(&self.held)) {
            let held = std::mem::take(&mut self.held);
            self.is_doubtful |= !held.ends_with(b"\r\n");
            let (part, is_doubtful) = read_head(&held);
            self.is_doubtful |= is_doubtful;
            self.part = Some(part);
            // A boundary may follow at once.
            (self.state, self.matched, self.has_return) = (State::Content, 0, false);
        } else if self.held.len() > HEAD_BYTES_MAX {
            self.is_over_full = true;
            self.held.zeroize();
            self.state = State::Lost;
        }
    }
}

/// Whether a head ends here: an empty line.
fn ends(head: &[u8]) -> bool {
    head.ends_with(b"\n\r\n") || head.ends_with(b"\n\n")
}

/// The part that a head announces, and whether readers may disagree on it.
fn read_head(head: &[u8]) -> (Part, bool) {
    let (mut name, mut names, mut is_file, mut is_text) = (None, 0, false, true);
    let mut dispositions = 0;
    let mut is_doubtful = false;
    for line in head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end) {
        is_doubtful |= matches!(line.first(), Some(b' ' | b'\t'));
        let Some(colon) = memchr::memchr(b':', line) else {
            is_doubtful |= !line.is_empty();
            continue;
        };
        let (field, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default();
        if field.eq_ignore_ascii_case(b"content-disposition") {
            dispositions += 1;
            name = parameter(value, b"name").or(name);
            names += u32::from(name.is_some());
            let extended = parameter(value, b"filename*").is_some();
            let file = parameter(value, b"filename").is_some();
            is_doubtful |= extended && file || parameter(value, b"name*").is_some();
            is_file |= extended || file;
        } else if field.eq_ignore_ascii_case(b"content-type") {
            is_text = value.trim_ascii().get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"text/"));
        }
    }
    let clear = name.unwrap_or_default();
    is_doubtful |= dispositions > 1 || names > 1;
    let part = Part {
        name: clean(&clear),
        clear_name: String::from_utf8(clear.into_owned()).unwrap_or_default(),
        is_file: is_file || !is_text,
        length: 0,
        charset: 0,
        overlong: false,
    };
    (part, is_doubtful)
}
