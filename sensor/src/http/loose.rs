//! Heads that the strict parser refuses: bytes in, the parts that a lenient gateway may see out, with the forms that
//! make them odd. Never refuses a head whose first line can be read.

use httparse::Header;
use memchr::memchr;
use model::{HttpVersion, Loss};

use super::{
    forms::{Form, Forms},
    head::METHOD_MAX,
};

/// White space that separates the words of a request line for some.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x0B | 0x0C | b'\r')
}

/// Method, target and version of a request line whose words stand apart in any way.
pub(super) fn request_line<'h>(
    line: &'h [u8],
    forms: &mut Forms,
) -> Option<(&'h [u8], &'h [u8], HttpVersion)> {
    let end = line.iter().rposition(|byte| !is_space(*byte))? + 1;
    let text = line.get(..end)?;
    let first = text.iter().position(|byte| is_space(*byte))?;
    let last = text.iter().rposition(|byte| is_space(*byte))?;
    let (method, version) = (text.get(..first)?, text.get(last + 1..)?);
    let between = text.get(first..=last)?;
    let start = between.iter().position(|byte| !is_space(*byte))?;
    let stop = between.iter().rposition(|byte| !is_space(*byte))? + 1;
    let target = between.get(start..stop)?;
    let single = start == 1 && stop + 1 == between.len() && between.first() == Some(&b' ');
    if !single || end < line.len() || text.get(last) != Some(&b' ') {
        forms.insert(Form::LineSpaces);
    }
    if target.iter().any(|byte| *byte <= b' ' || *byte == 0x7F) {
        forms.insert(Form::TargetSpace);
    }
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    if !method.iter().all(is_letter) {
        forms.insert(Form::MethodOdd);
    }
    if method.len() > METHOD_MAX {
        forms.insert(Form::MethodLong);
    }
    let method = method.get(..method.len().min(METHOD_MAX))?;
    method.iter().all(u8::is_ascii_graphic).then_some((method, target, loose_version(version, forms)?))
}

fn loose_version(text: &[u8], forms: &mut Forms) -> Option<HttpVersion> {
    let number =
        text.get(..5).filter(|start| start.eq_ignore_ascii_case(b"HTTP/")).and_then(|_| text.get(5..))?;
    if !number.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') || number.len() > 8 {
        return None;
    }
    let exact = text.starts_with(b"HTTP/");
    match number {
        b"1.1" if exact => Some(HttpVersion::Http11),
        b"1.0" if exact => Some(HttpVersion::Http10),
        b"1.0" | b"0.9" => {
            forms.insert(Form::Version);
            Some(HttpVersion::Http10)
        }
        _ => {
            forms.insert(Form::Version);
            Some(HttpVersion::Http11)
        }
    }
}

/// Header lines one by one. Fills `slots` and says how many.
pub(super) fn fields<'h>(
    bytes: &'h [u8],
    slots: &mut [Header<'h>],
    forms: &mut Forms,
) -> Result<usize, Loss> {
    let (mut rest, mut n) = (bytes, 0);
    while let Some(end) = memchr(b'\n', rest) {
        let line = rest.get(..end).unwrap_or_default();
        rest = rest.get(end + 1..).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        if matches!(line.first(), Some(b' ' | b'\t')) {
            // What is folded was joined before: this belongs to nothing.
            forms.insert(Form::FoldFirst);
            if is_framing(name_of(line.trim_ascii_start()).0) {
                forms.insert(Form::FramingLine);
            }
            continue;
        }
        let slot = slots.get_mut(n).ok_or(Loss::HeadTooLong)?;
        *slot = field(line, forms);
        n += 1;
    }
    Ok(n)
}

fn field<'h>(line: &'h [u8], forms: &mut Forms) -> Header<'h> {
    let (raw, value) = name_of(line);
    let name = raw.trim_ascii_end();
    if value.is_none() {
        forms.insert(Form::NoColon);
    }
    let clean = !raw.is_empty() && raw.iter().all(|byte| is_token(*byte));
    if !clean && value.is_some() {
        let is_bad = raw.is_empty() || raw.iter().any(|byte| *byte <= b' ' || *byte == 0x7F);
        forms.insert(if is_bad { Form::BadName } else { Form::OddName });
    }
    let bare: Vec<u8> = name.iter().copied().filter(u8::is_ascii_graphic).collect();
    if is_framing(&bare) && (!clean || value.is_none()) {
        forms.insert(Form::FramingLine);
    }
    let value = trim(value.unwrap_or_default());
    for byte in value {
        match byte {
            b'\r' => forms.insert(Form::BareCr),
            0 => forms.insert(Form::Nul),
            b'\t' => {}
            0x01..=0x1F | 0x7F => forms.insert(Form::Control),
            _ => {}
        }
    }
    Header { name: std::str::from_utf8(name).unwrap_or_default(), value }
}

/// The part before the colon, and the part behind it.
fn name_of(line: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr(b':', line) {
        Some(colon) => (line.get(..colon).unwrap_or_default(), line.get(colon + 1..)),
        None => (line, None),
    }
}

/// Without blanks and tabs around it.
fn trim(value: &[u8]) -> &[u8] {
    let is_text = |byte: &u8| !matches!(byte, b' ' | b'\t');
    let start = value.iter().position(is_text).unwrap_or(value.len());
    let end = value.iter().rposition(is_text).map_or(start, |last| last + 1);
    value.get(start..end).unwrap_or_default()
}

/// Whether a name, white space aside, decides where a body ends.
pub(super) fn is_framing(name: &[u8]) -> bool {
    let name = name.trim_ascii();
    name.eq_ignore_ascii_case(b"content-length") || name.eq_ignore_ascii_case(b"transfer-encoding")
}

/// Whether a byte may stand in a name or method (RFC 9110 section 5.6.2).
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
