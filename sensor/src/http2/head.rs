//! Heads of streams: a list of fields in, the parts of a request or answer out, with whether it is as it must be
//! (RFC 9113, sections 8.2 and 8.3).

use httparse::Header;
use smallvec::SmallVec;

use super::fields::{Field, FieldList};

/// Header fields of a head, as the readers of HTTP/1 take them.
pub(super) type Headers<'l> = SmallVec<[Header<'l>; 32]>;

/// A pseudo-header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Pseudo<'l> {
    #[default]
    Absent,
    /// It is there, and its value is not known.
    Unknown,
    Is(&'l [u8]),
}

impl<'l> Pseudo<'l> {
    pub(super) fn value(self) -> Option<&'l [u8]> {
        if let Self::Is(value) = self { Some(value) } else { None }
    }
}

/// The parts of a head.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Head<'l> {
    pub(super) method: Pseudo<'l>,
    pub(super) path: Pseudo<'l>,
    pub(super) scheme: Pseudo<'l>,
    pub(super) authority: Pseudo<'l>,
    pub(super) protocol: Pseudo<'l>,
    pub(super) status: Pseudo<'l>,
    /// Place of the first field that is no pseudo-header.
    pub(super) regular: usize,
    /// Pseudo-headers are twice there, in the wrong place, or none that we know; the other fields are not looked at.
    pub(super) is_odd: bool,
    /// Letters of the pseudo-headers, in order.
    pub(super) order: [u8; 6],
}

impl<'l> Head<'l> {
    /// Reads the pseudo-headers, which must come first.
    pub(super) fn read(list: &'l FieldList) -> Self {
        let mut head = Self { regular: list.len(), ..Self::default() };
        let mut found = 0;
        for (place, field) in list.iter().enumerate().filter(|(_, field)| field.has_name) {
            if !field.is_pseudo() {
                head.regular = head.regular.min(place);
                continue;
            }
            head.is_odd |= head.regular < place;
            head.take(field);
            if let Some(letter) = head.order.get_mut(found) {
                *letter = field.name.get(1).copied().unwrap_or(0);
                found += 1;
            }
        }
        head
    }

    fn take(&mut self, field: Field<'l>) {
        let slot = match field.name {
            b":method" => &mut self.method,
            b":path" => &mut self.path,
            b":scheme" => &mut self.scheme,
            b":authority" => &mut self.authority,
            b":protocol" => &mut self.protocol,
            b":status" => &mut self.status,
            _ => {
                self.is_odd = true;
                return;
            }
        };
        self.is_odd |= field.odd || *slot != Pseudo::Absent;
        if *slot == Pseudo::Absent {
            *slot = if field.has_value { Pseudo::Is(field.value) } else { Pseudo::Unknown };
        }
    }

    /// Whether a request has what it must have and nothing else. `unknown` when fields are not known: then nothing
    /// counts as missing.
    pub(super) fn is_odd_request(&self, unknown: bool) -> bool {
        let missing = |part: Pseudo<'_>| part == Pseudo::Absent && !unknown;
        let method = self.method.value().unwrap_or(b"GET");
        if self.is_odd || self.status != Pseudo::Absent || missing(self.method) || !is_token(method) {
            return true;
        }
        if method == b"CONNECT" && self.protocol == Pseudo::Absent {
            return self.path != Pseudo::Absent || self.scheme != Pseudo::Absent || missing(self.authority);
        }
        let path = self.path.value().unwrap_or(b"/");
        missing(self.path)
            || missing(self.scheme)
            || self.protocol != Pseudo::Absent && method != b"CONNECT"
            || !(path.starts_with(b"/") || path == b"*" && method == b"OPTIONS")
            || path.iter().any(|byte| *byte <= b' ' || *byte == 0x7F)
    }

    /// The status, if it is one.
    pub(super) fn status(&self) -> Option<u16> {
        let digits: &[u8; 3] = self.status.value()?.try_into().ok()?;
        let is_number = digits.iter().all(u8::is_ascii_digit);
        let status = digits.iter().fold(0, |n, digit| n * 10 + u16::from(digit.wrapping_sub(b'0')));
        (is_number && (100..=599).contains(&status)).then_some(status)
    }
}

/// The fields that are no pseudo-headers, and whether one of them must not be.
pub(super) fn fields<'l>(list: &'l FieldList, authority: Option<&'l [u8]>) -> (Headers<'l>, bool) {
    let mut headers = Headers::new();
    let mut is_odd = false;
    let mut host = None;
    headers.extend(authority.map(|value| Header { name: "host", value }));
    for field in list.iter().filter(|field| field.is_known() && !field.is_pseudo()) {
        is_odd |= field.odd || is_of_connection(&field);
        let Ok(name) = std::str::from_utf8(field.name) else { continue };
        if field.name == b"host" {
            is_odd |= host.is_some_and(|before| before != field.value);
            is_odd |= authority.is_some_and(|authority| !authority.eq_ignore_ascii_case(field.value));
            if authority.is_some() || host.is_some() {
                continue;
            }
            host = Some(field.value);
        }
        headers.push(Header { name, value: field.value });
    }
    (headers, is_odd)
}

/// Fields that speak of a connection of HTTP/1 (RFC 9113, section 8.2.2): on their way to one they smuggle.
fn is_of_connection(field: &Field<'_>) -> bool {
    let is = |known: &[u8]| field.name.eq_ignore_ascii_case(known);
    match field.name.len() {
        2 => is(b"te") && !field.value.eq_ignore_ascii_case(b"trailers"),
        7 => is(b"upgrade"),
        10 => is(b"connection") || is(b"keep-alive"),
        16 => is(b"proxy-connection"),
        17 => is(b"transfer-encoding"),
        _ => false,
    }
}

/// What `content-length` says; an error when it is no number, or two.
pub(super) fn length(headers: &[Header<'_>]) -> Result<Option<u64>, ()> {
    let mut length = None;
    for header in headers.iter().filter(|header| header.name.eq_ignore_ascii_case("content-length")) {
        let digits = header.value;
        if digits.is_empty() || digits.len() > 18 || !digits.iter().all(u8::is_ascii_digit) {
            return Err(());
        }
        let n = digits.iter().fold(0, |n, digit| n * 10 + u64::from(digit - b'0'));
        if length.is_some_and(|before| before != n) {
            return Err(());
        }
        length = Some(n);
    }
    Ok(length)
}

fn is_token(method: &[u8]) -> bool {
    !method.is_empty()
        && method.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}
