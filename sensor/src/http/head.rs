//! Message heads: the bytes up to the blank line in, borrowed parts out. Copies nothing but folded lines.

use httparse::{EMPTY_HEADER, Header};
use memchr::{memchr, memchr_iter, memchr2, memmem, memrchr};
use model::{HttpVersion, Loss};

use super::{
    canonical::Look,
    forms::{Form, Forms},
    loose,
};

/// Slots tried first: most heads fit, and they cost little to clear.
const FEW: usize = 32;
/// Bytes looked at in one step for the end of a head.
const STRETCH: usize = 32;
/// Slots tried when the first do not suffice; the ceiling of `headers_max`.
const MANY: usize = 256;
/// Bytes of a method that is kept whole.
pub(super) const METHOD_MAX: usize = 32;
/// Methods that a request line found in the middle of a stream may have.
const METHODS: [&[u8]; 9] =
    [b"GET", b"POST", b"PUT", b"DELETE", b"PATCH", b"HEAD", b"OPTIONS", b"CONNECT", b"TRACE"];
/// Bytes at the end of a line in which a request line is looked for.
pub(super) const REQUEST_LINE_MAX: usize = 8_192;
/// Length of the shortest whole status line start: `HTTP/1.1 200` with the byte after it.
pub(super) const STATUS_START: usize = 13;

/// First line of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StartLine<'h> {
    Request { method: &'h [u8], target: &'h [u8], look: Look, version: HttpVersion },
    Status { version: HttpVersion, status: u16 },
}

/// Offset behind the blank line that ends a head, looking from `from` on.
pub(super) fn head_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from.saturating_sub(3);
    while let Some(stretch) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        if may_end(stretch)
            && let Some(end) = end_before(bytes, at, at + STRETCH)
        {
            return Some(end);
        }
        at += STRETCH;
    }
    end_before(bytes, at, bytes.len())
}

/// Whether one of these bytes but the last is a line end with another one right behind it. No branches: all are looked at
/// in a few steps.
fn may_end(stretch: &[u8; STRETCH + 1]) -> bool {
    let pairs = stretch.iter().zip(stretch.iter().skip(1));
    let hits = pairs.fold(0, |hits, (byte, next)| {
        hits | u8::from(*byte == b'\n') & (u8::from(*next == b'\r') | u8::from(*next == b'\n'))
    });
    hits != 0
}

/// Offset behind the blank line whose line before ends from `at` on and before `to`.
fn end_before(bytes: &[u8], mut at: usize, to: usize) -> Option<usize> {
    loop {
        let newline = at + memchr(b'\n', bytes.get(at..to)?)?;
        match bytes.get(newline + 1) {
            Some(b'\n') => return Some(newline + 2),
            Some(b'\r') if bytes.get(newline + 2) == Some(&b'\n') => return Some(newline + 3),
            _ => at = newline + 1,
        }
    }
}

/// Whether a message can begin so; `bytes` may be cut anywhere.
pub(super) fn plausible_request(bytes: &[u8]) -> bool {
    let method = memchr2(b' ', b'\t', bytes).map_or(bytes, |end| bytes.get(..end).unwrap_or_default());
    method.len() <= 2 * METHOD_MAX
        && bytes.first().is_none_or(u8::is_ascii_alphabetic)
        && method.iter().all(|byte| loose::is_token(*byte))
}

/// As `plausible_request`, for answers.
pub(super) fn plausible_status(bytes: &[u8]) -> bool {
    let wanted = b"HTTP/";
    let n = bytes.len().min(wanted.len());
    bytes.get(..n) == wanted.get(..n)
}

/// Where in a line, its `\n` included, a request line begins: the line may start with the end of a body.
pub(super) fn request_start(line: &[u8]) -> Option<usize> {
    let skip = line.len().saturating_sub(REQUEST_LINE_MAX);
    let text = line.get(skip..)?;
    let text = text.strip_suffix(b"\n")?;
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let (text, version) = text.split_at_checked(text.len().checked_sub(9)?)?;
    if !(version.starts_with(b" HTTP/1.") && version.last()?.is_ascii_digit()) {
        return None;
    }
    let space = memrchr(b' ', text)?;
    let target = text.get(space + 1..)?;
    if !matches!(target.first(), Some(b'/' | b'h' | b'H' | b'*')) && !text.get(..space)?.ends_with(b"CONNECT")
    {
        return None;
    }
    let before = text.get(..space)?;
    let method = METHODS.iter().find(|method| before.ends_with(method))?;
    let start = before.len() - method.len();
    // A method after a space stands inside a header value or a text.
    (start == 0 || before.get(start - 1) != Some(&b' ')).then_some(skip + start)
}

/// Whether an answer begins here; needs `STATUS_START` bytes.
pub(super) fn is_status_start(bytes: &[u8]) -> bool {
    let Some(start) = bytes.get(..STATUS_START) else { return false };
    start.starts_with(b"HTTP/1.")
        && start[7].is_ascii_digit()
        && start[8] == b' '
        && matches!(start[9], b'1'..=b'5')
        && start[10].is_ascii_digit()
        && start[11].is_ascii_digit()
        && matches!(start[12], b' ' | b'\r' | b'\n')
}

/// Whether an answer can begin so; `bytes` may be cut anywhere before `STATUS_START`.
pub(super) fn may_be_status(bytes: &[u8]) -> bool {
    bytes.iter().enumerate().all(|(at, byte)| match at {
        0..7 => b"HTTP/1.".get(at) == Some(byte),
        7 | 10 | 11 => byte.is_ascii_digit(),
        8 => *byte == b' ',
        9 => matches!(byte, b'1'..=b'5'),
        _ => matches!(byte, b' ' | b'\r' | b'\n'),
    })
}

/// Finds the next place in `bytes` where an answer may begin.
pub(super) fn next_status(bytes: &[u8]) -> Option<usize> {
    memmem::find_iter(bytes, b"HTTP/1.").find(|&at| bytes.get(at..).is_some_and(is_status_start))
}

/// The whole head, up to and with its blank line, as `use_it` wants it: with the odd forms that its lines have.
pub(super) fn with_head<T>(
    bytes: &[u8],
    headers_max: usize,
    use_it: impl FnOnce(StartLine<'_>, &[Header<'_>], Forms) -> T,
) -> Result<T, Loss> {
    let end = memchr(b'\n', bytes).ok_or(Loss::BadHead)?;
    let (line, rest) = bytes.split_at(end + 1);
    let mut forms = Forms::default();
    let start = start_line(trim_line(line), &mut forms).ok_or(Loss::BadHead)?;
    let mut fields = rest;
    let unfolded;
    let mut few = [EMPTY_HEADER; FEW];
    let mut many;
    let mut parsed = httparse::parse_headers(fields, &mut few);
    if parsed == Err(httparse::Error::TooManyHeaders) {
        many = [EMPTY_HEADER; MANY];
        parsed = httparse::parse_headers(fields, &mut many);
    }
    if !matches!(parsed, Ok(httparse::Status::Complete(_)) | Err(httparse::Error::TooManyHeaders)) {
        // A fold begins as no name does: so it comes to this, and other heads are spared the search.
        unfolded = unfold(rest, &mut forms);
        if let Some(joined) = &unfolded {
            fields = joined;
            many = [EMPTY_HEADER; MANY];
            parsed = httparse::parse_headers(fields, &mut many);
        }
    }
    let headers = match parsed {
        Ok(httparse::Status::Complete((_, headers))) => headers,
        Err(httparse::Error::TooManyHeaders) => return Err(Loss::HeadTooLong),
        _ => {
            many = [EMPTY_HEADER; MANY];
            let n = loose::fields(fields, &mut many, &mut forms)?;
            many.get(..n).unwrap_or_default()
        }
    };
    if headers.len() > headers_max {
        return Err(Loss::HeadTooLong);
    }
    let coding =
        headers.iter().find(|header| header.name.len() == 17 && loose::is_framing(header.name.as_bytes()));
    if coding.is_some_and(|coding| !is_blank_around(fields, coding.value)) {
        forms.insert(Form::CodingSpaced);
    }
    Ok(use_it(start, headers, forms))
}

/// Whether nothing but blanks stands around a value in its line.
fn is_blank_around(fields: &[u8], value: &[u8]) -> bool {
    let Some(start) = value.as_ptr().addr().checked_sub(fields.as_ptr().addr()) else { return true };
    let before = fields.get(..start).unwrap_or_default().iter().rev().take_while(|byte| **byte != b':');
    let after = fields.get(start + value.len()..).unwrap_or_default().iter();
    let after = after.take_while(|byte| **byte != b'\n');
    before.chain(after).all(|byte| matches!(byte, b' ' | b'\r'))
}

/// Header lines with obsolete folds joined by spaces (RFC 9112 section 5.2), or `None` when there are no folds.
fn unfold(fields: &[u8], forms: &mut Forms) -> Option<Vec<u8>> {
    let is_folded = |newline: usize| matches!(fields.get(newline + 1), Some(b' ' | b'\t'));
    if !memchr_iter(b'\n', fields).any(is_folded) {
        return None;
    }
    forms.insert(Form::Fold);
    let mut joined = fields.to_vec();
    for at in 0..joined.len().saturating_sub(1) {
        if joined[at] == b'\n' && matches!(joined[at + 1], b' ' | b'\t') {
            let line = joined.get(..at).unwrap_or_default();
            let line = line.get(memrchr(b'\n', line).map_or(0, |end| end + 1)..).unwrap_or_default();
            if loose::is_framing(line.split(|byte| *byte == b':').next().unwrap_or_default()) {
                forms.insert(Form::FramingLine);
            }
            joined[at] = b' ';
            if at > 0 && joined[at - 1] == b'\r' {
                joined[at - 1] = b' ';
            }
        }
    }
    Some(joined)
}

fn trim_line(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn start_line<'h>(line: &'h [u8], forms: &mut Forms) -> Option<StartLine<'h>> {
    if line.starts_with(b"HTTP/") {
        return status_line(line);
    }
    let (method, target, look, version) = match plain_request_line(line) {
        Some(parts) => parts,
        None => {
            let (method, target, version) = loose::request_line(line, forms)?;
            (method, target, Look::of(target), version)
        }
    };
    if method.iter().any(u8::is_ascii_lowercase) {
        forms.insert(Form::MethodCase);
    }
    Some(StartLine::Request { method, target, look, version })
}

/// A head whose request line leaves nothing to wonder about.
#[derive(Clone, Copy)]
pub(super) struct PlainHead<'h> {
    pub(super) method: &'h [u8],
    pub(super) target: &'h [u8],
    pub(super) look: Look,
    pub(super) version: HttpVersion,
    /// The header lines, with the blank one.
    pub(super) block: &'h [u8],
}

/// Takes a head apart that has an ordinary request line.
pub(super) fn plain_head(head: &[u8]) -> Option<PlainHead<'_>> {
    let end = memchr(b'\n', head)?;
    let (line, block) = head.split_at(end + 1);
    let (method, target, look, version) = plain_request_line(trim_line(line))?;
    let is_plain = target.starts_with(b"/")
        && method.iter().all(u8::is_ascii_uppercase)
        && !matches!(method, b"PRI" | b"CONNECT");
    is_plain.then_some(PlainHead { method, target, look, version, block })
}

/// The words of a request line that keeps to the letter of RFC 9112, section 3.
fn plain_request_line(line: &[u8]) -> Option<(&[u8], &[u8], Look, HttpVersion)> {
    let first = memchr(b' ', line)?;
    let last = memrchr(b' ', line)?;
    let (method, target) = (line.get(..first)?, line.get(first + 1..last)?);
    let version = match line.get(last + 1..)? {
        b"HTTP/1.1" => HttpVersion::Http11,
        b"HTTP/1.0" => HttpVersion::Http10,
        _ => return None,
    };
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    let clean = !method.is_empty() && method.len() <= METHOD_MAX && method.iter().all(is_letter);
    let look = Look::of(target);
    (clean && !target.is_empty() && !look.has_control()).then_some((method, target, look, version))
}

fn status_line(line: &[u8]) -> Option<StartLine<'_>> {
    let version = match line.get(..8)? {
        b"HTTP/1.0" => HttpVersion::Http10,
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', digit] if digit.is_ascii_digit() => HttpVersion::Http11,
        b"HTTP/2.0" => HttpVersion::Http2,
        _ => return None,
    };
    let digits = line.get(9..12)?;
    let clean = line.get(8) == Some(&b' ') && matches!(line.get(12), None | Some(b' '));
    if !clean || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let status = digits.iter().fold(0_u16, |n, digit| n * 10 + u16::from(digit - b'0'));
    (100..=599).contains(&status).then_some(StartLine::Status { version, status })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_request_line_is_found_behind_the_end_of_a_body() {
        assert_eq!(request_start(b"{\"a\":1}GET /x HTTP/1.1\r\n"), Some(7));
        assert_eq!(request_start(b"GET /x HTTP/1.1\n"), Some(0));
        assert_eq!(request_start(b"X-Note: GET /x HTTP/1.1\r\n"), None);
        assert_eq!(request_start(b"T /x HTTP/1.1\r\n"), None);
        assert_eq!(request_start(b"/x HTTP/1.1\r\n"), None);
    }

    #[test]
    fn heads_end_at_the_blank_line_of_either_form() {
        assert_eq!(head_end(b"a\r\nb\r\n\r\nc", 0), Some(8));
        assert_eq!(head_end(b"a\nb\n\nc", 0), Some(5));
        assert_eq!(head_end(b"a\r\nb\r\n\r", 0), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn heads_end_where_the_slow_way_says(
            parts in prop::collection::vec(prop::sample::select(vec!["\r\n", "\n", "\r", "a", "0123456789abcdefghij"]), 0..30),
            from in 0..40_usize,
        ) {
            let text = parts.concat();
            let bytes = text.as_bytes();
            let start = from.saturating_sub(3);
            let slow = (start..bytes.len()).find_map(|at| match bytes.get(at..)? {
                [b'\n', b'\n', ..] => Some(at + 2),
                [b'\n', b'\r', b'\n', ..] => Some(at + 3),
                _ => None,
            });
            prop_assert_eq!(head_end(bytes, from), slow);
        }
    }

    #[test]
    fn start_lines_by_table() {
        for (head, good) in [
            (&b"GET / HTTP/1.1\r\n\r\n"[..], true),
            (b"GET / HTTP/1.2\r\n\r\n", true),
            (b"GET / HTTP/3.1\r\n\r\n", true),
            (b"GET /a b HTTP/1.1\r\n\r\n", true),
            (b"GET / HTTP/x\r\n\r\n", false),
            (b"GET /\r\n\r\n", false),
            (b"get / HTTP/1.1\r\n\r\n", true),
            (b"GET /\xff HTTP/1.1\r\n\r\n", true),
            (b"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", true),
            (b"GET / HTTP/1.1\r\n A: b\r\n\r\n", true),
            (b"GET / HTTP/1.1\r\nA : b\r\n\r\n", true),
            (b"GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", true),
            (b"GET / HTTP/1.1\r\nA: b\0c\r\n\r\n", true),
            (b"HTTP/1.1 200 OK\r\n\r\n", true),
            (b"HTTP/1.1 200\r\n\r\n", true),
            (b"HTTP/1.1 2x0 OK\r\n\r\n", false),
        ] {
            assert_eq!(with_head(head, 128, |_, _, _| ()).is_ok(), good, "{}", head.escape_ascii());
        }
    }
}
