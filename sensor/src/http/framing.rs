//! Body framing (RFC 9112 section 6): header values in, where the body ends out. Never looks at body bytes.

use httparse::Header;
use model::HttpVersion;

use super::forms::{Form, Forms};

/// How the end of a body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// So many bytes; zero for no body.
    Length(u64),
    /// Chunk by chunk.
    Chunked,
    /// Up to the end of the stream.
    UntilClose,
    /// Two readers would disagree: skip to the next message.
    Unknown,
}

/// Framing of a message, and the ways in which two readers could disagree about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Framed {
    pub(crate) framing: Framing,
    pub(crate) forms: Forms,
}

/// What the header fields say; `None` when they are silent. A transfer coding wins over a length.
pub(super) fn declared(headers: &[Header<'_>], version: HttpVersion) -> Option<Framed> {
    let mut forms = Forms::default();
    let mut length = None;
    let mut coding: Option<bool> = None;
    for header in headers {
        if header.name.eq_ignore_ascii_case("content-length") {
            for text in header.value.split(|byte| *byte == b',') {
                let n = match content_length(text.trim_ascii()) {
                    Ok(n) => n,
                    Err(form) => {
                        forms.insert(form);
                        length = length.or(Some(0));
                        continue;
                    }
                };
                match length {
                    None => {}
                    Some(before) if before == n => forms.insert(Form::LengthTwice),
                    Some(_) => forms.insert(Form::LengthsDiffer),
                }
                length = Some(n);
            }
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            let last = header.value.rsplit(|byte| *byte == b',').next().unwrap_or_default();
            if coding.is_some() || header.value.contains(&b',') {
                forms.insert(Form::CodingTwice);
            }
            coding = Some(last.trim_ascii().eq_ignore_ascii_case(b"chunked"));
        }
    }
    if coding.is_some() && length.is_some() {
        forms.insert(Form::LengthAndCoding);
    }
    if coding.is_some() && version == HttpVersion::Http10 {
        forms.insert(Form::CodingOld);
    }
    let is_lost = [Form::LengthBad, Form::LengthHuge, Form::LengthsDiffer];
    let framing = match (coding, length) {
        (Some(true), _) => Framing::Chunked,
        (Some(false), _) => {
            forms.insert(Form::CodingOther);
            Framing::Unknown
        }
        (None, Some(_)) if is_lost.iter().any(|form| forms.contains(*form)) => Framing::Unknown,
        (None, Some(n)) => Framing::Length(n),
        (None, None) => return None,
    };
    Some(Framed { framing, forms })
}

/// A length of at most 18 digits: larger ones are lies or overflows.
fn content_length(text: &[u8]) -> Result<u64, Form> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return Err(Form::LengthBad);
    }
    let zeros = text.iter().take_while(|digit| **digit == b'0').count();
    let digits = text.get(zeros..).unwrap_or_default();
    if digits.len() > 18 {
        return Err(Form::LengthHuge);
    }
    Ok(digits.iter().fold(0, |n, digit| n * 10 + u64::from(digit - b'0')))
}

/// Place in a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    /// In the hex digits of a size.
    Size { size: u64, digits: u8 },
    /// Behind the carriage return of a size.
    SizeEnd(u64),
    /// In an extension, up to its line feed; `cr` behind a carriage return.
    Extension { size: u64, cr: bool },
    /// So many bytes of data to come.
    Data(u64),
    /// At the line end behind data; `true` behind its carriage return.
    DataEnd(bool),
    /// In the trailer section: bytes of this line, bytes of the section.
    Trailer { line: u32, total: u32 },
}

/// What a step through a chunked body met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChunkStep<'p> {
    More,
    Data(&'p [u8]),
    End,
    Bad,
}

impl Chunk {
    pub(super) const START: Self = Self::Size { size: 0, digits: 0 };
    /// Bytes of a trailer section.
    const TRAILER_MAX: u32 = 65_536;

    /// Moves through `rest` up to the next data, the end, an error, or the end of `rest`. `odd` is set by what some
    /// refuse and others read.
    pub(super) fn step<'p>(&mut self, rest: &mut &'p [u8], odd: &mut bool) -> ChunkStep<'p> {
        while !rest.is_empty() {
            if let Self::Data(left) = *self {
                let n = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                let (data, after) = rest.split_at(n);
                *rest = after;
                let left = left - n as u64;
                *self = if left == 0 { Self::DataEnd(false) } else { Self::Data(left) };
                return ChunkStep::Data(data);
            }
            let byte = rest[0];
            *rest = rest.get(1..).unwrap_or_default();
            match self.byte(byte, odd) {
                Some(false) => {}
                Some(true) => return ChunkStep::End,
                None => return ChunkStep::Bad,
            }
        }
        ChunkStep::More
    }

    /// One byte outside data; `Some(true)` at the end of the body, `None` when it is not allowed here.
    fn byte(&mut self, byte: u8, odd: &mut bool) -> Option<bool> {
        *self = match (*self, byte) {
            (Self::Size { size, digits }, _) if byte.is_ascii_hexdigit() => {
                let value = u64::from(char::from(byte).to_digit(16)?);
                let size = size.checked_mul(16)?.checked_add(value).filter(|n| *n < 1 << 60)?;
                Self::Size { size, digits: digits.saturating_add(1) }
            }
            (Self::Size { size, digits: 1.. }, b'\r') => Self::SizeEnd(size),
            (Self::Size { size, digits: 1.. }, b'\n') | (Self::SizeEnd(size), b'\n') => Self::data(size),
            (Self::Size { size, digits: 1.. }, b';' | b' ' | b'\t') => {
                *odd |= byte != b';';
                Self::Extension { size, cr: false }
            }
            (Self::Extension { size, cr }, b'\n') => {
                *odd |= !cr;
                Self::data(size)
            }
            (Self::Extension { size, cr }, _) => {
                *odd |= cr || byte == 0;
                Self::Extension { size, cr: byte == b'\r' }
            }
            (Self::DataEnd(false), b'\r') => Self::DataEnd(true),
            (Self::DataEnd(_), b'\n') => Self::START,
            (Self::Trailer { line: 0, .. }, b'\n') => return Some(true),
            (Self::Trailer { total, .. }, b'\n') => Self::Trailer { line: 0, total },
            (Self::Trailer { line: 0, total }, b'\r') => Self::Trailer { line: 0, total: trailer(total)? },
            (Self::Trailer { line, total }, _) => Self::Trailer { line: line + 1, total: trailer(total)? },
            (Self::Size { .. } | Self::SizeEnd(_) | Self::DataEnd(_) | Self::Data(_), _) => return None,
        };
        Some(false)
    }

    fn data(size: u64) -> Self {
        if size == 0 { Self::Trailer { line: 0, total: 0 } } else { Self::Data(size) }
    }
}

fn trailer(total: u32) -> Option<u32> {
    (total < Chunk::TRAILER_MAX).then_some(total + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(mut rest: &[u8]) -> Option<(Vec<u8>, usize)> {
        let (mut chunk, mut body) = (Chunk::START, Vec::new());
        loop {
            match chunk.step(&mut rest, &mut false) {
                ChunkStep::Data(data) => body.extend_from_slice(data),
                ChunkStep::End => return Some((body, rest.len())),
                ChunkStep::Bad | ChunkStep::More => return None,
            }
        }
    }

    #[test]
    fn chunks_by_table() {
        let abc = Some((b"abc".to_vec(), 0));
        assert_eq!(decode(b"3\r\nabc\r\n0\r\n\r\n"), abc);
        assert_eq!(decode(b"003;x=y\r\nabc\r\n0\r\nTrailer: 1\r\n\r\n"), abc);
        assert_eq!(decode(b"3\nabc\n0\n\n"), abc);
        assert_eq!(decode(b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\nGET"), Some((b"abc".to_vec(), 3)));
        assert_eq!(decode(b"0x3\r\nabc\r\n0\r\n\r\n"), None);
        assert_eq!(decode(b"3\r\nabcd\r\n0\r\n\r\n"), None);
        assert_eq!(decode(b"ffffffffffffffff3\r\nabc"), None);
        assert_eq!(decode(b"\r\nabc"), None);
    }

    #[test]
    fn lengths_by_table() {
        for (text, n) in [
            ("3", Ok(3)),
            ("0000000000000000000003", Ok(3)),
            ("+3", Err(Form::LengthBad)),
            ("0x3", Err(Form::LengthBad)),
            ("18446744073709551619", Err(Form::LengthHuge)),
            ("", Err(Form::LengthBad)),
        ] {
            assert_eq!(content_length(text.as_bytes()), n, "{text}");
        }
    }
}
