//! Hellos (RFC 8446, section 4.1): messages in, what both ends say of themselves out. Keeps no session id, ticket or key.

use compact_str::CompactString;
use model::Pseudonyms;

use super::bytes::Bytes;

/// Longest server name and protocol name kept.
const NAME_MAX: usize = 255;

const SERVER_NAME: u16 = 0;
const GROUPS: u16 = 10;
const FORMATS: u16 = 11;
const ALGORITHMS: u16 = 13;
const ALPN: u16 = 16;
const EARLY_DATA: u16 = 42;
const VERSIONS: u16 = 43;
/// Extensions that come and go between connections of one client: server name, padding, ticket, pre-shared key, early
/// data, cookie.
const FLEETING: [u16; 6] = [SERVER_NAME, 21, 35, 41, EARLY_DATA, 44];
/// What a server's hello has for a random when it asks for another hello.
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// What a client says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ClientHello {
    pub(super) random: [u8; 32],
    /// Server name asked for, lower case; empty when none is. With ECH the outer one.
    pub(super) sni: CompactString,
    /// First protocol offered.
    pub(super) alpn: CompactString,
    /// Keyed hash of version, suites, extensions, groups, point formats and signature algorithms; never 0.
    pub(super) fingerprint: u64,
    /// Whether data follow before the server has answered.
    pub(super) early: bool,
}

/// What a server says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ServerHello {
    pub(super) random: [u8; 32],
    pub(super) suite: u16,
    pub(super) alpn: CompactString,
    /// It asks for another hello.
    pub(super) retry: bool,
}

/// Numbers that clients throw in so that nobody relies on their absence (RFC 8701).
const fn is_grease(number: u16) -> bool {
    number & 0x0f0f == 0x0a0a && number >> 8 == number & 0xff
}

/// A name fit to be shown: printable ASCII in lower case; empty for anything else.
fn name(bytes: &[u8]) -> CompactString {
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= NAME_MAX);
    let text = text.filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()));
    text.map(|text| text.to_ascii_lowercase().into()).unwrap_or_default()
}

impl ClientHello {
    pub(super) fn read(body: &[u8], names: &Pseudonyms) -> Option<Self> {
        let mut rest = Bytes(body);
        let version = rest.u16()?;
        let random = *rest.take(32)?.first_chunk()?;
        rest.list8()?;
        let mut shape = Shape::default();
        shape.numbers([version].into_iter());
        shape.numbers(rest.list16()?.numbers());
        rest.list8()?;
        let mut hello = Self { random, ..Self::default() };
        let (mut kinds, mut lists) = (Vec::new(), Vec::new());
        let mut extensions = rest.list16().unwrap_or(Bytes(&[]));
        while let (Some(kind), Some(value)) = (extensions.u16(), extensions.list16()) {
            hello.extension(kind, value);
            if !FLEETING.contains(&kind) {
                kinds.push(kind);
            }
            lists.extend(Shape::list(kind, value));
        }
        // Browsers shuffle their extensions: their order tells nothing.
        kinds.sort_unstable();
        shape.numbers(kinds.into_iter());
        lists.sort_by_key(|(kind, _)| *kind);
        for (kind, list) in lists {
            shape.numbers([kind].into_iter());
            shape.numbers(list.into_iter());
        }
        hello.fingerprint = names.short(b"tls hello", &shape.0).max(1);
        Some(hello)
    }

    fn extension(&mut self, kind: u16, mut value: Bytes<'_>) {
        match kind {
            SERVER_NAME => {
                let first = value.list16().and_then(|mut list| (list.u8()? == 0).then(|| list.list16())?);
                self.sni = first.map(|host| name(host.0)).unwrap_or_default();
            }
            ALPN => self.alpn = first_protocol(value),
            EARLY_DATA => self.early = true,
            _ => {}
        }
    }
}

impl ServerHello {
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let mut rest = Bytes(body);
        rest.u16()?;
        let random = *rest.take(32)?.first_chunk()?;
        rest.list8()?;
        let suite = rest.u16()?;
        rest.u8()?;
        let alpn = alpn(rest);
        Some(Self { random, suite, alpn, retry: random == RETRY })
    }
}

fn first_protocol(mut value: Bytes<'_>) -> CompactString {
    let mut list = value.list16().unwrap_or(Bytes(&[]));
    list.list8().map(|first| name(first.0)).unwrap_or_default()
}

/// What a server chose, from a list of extensions that is the rest of its message.
fn alpn(mut rest: Bytes<'_>) -> CompactString {
    find(&mut rest, ALPN).map(first_protocol).unwrap_or_default()
}

fn find<'a>(rest: &mut Bytes<'a>, wanted: u16) -> Option<Bytes<'a>> {
    let mut extensions = rest.list16()?;
    while let (Some(kind), Some(value)) = (extensions.u16(), extensions.list16()) {
        if kind == wanted {
            return Some(value);
        }
    }
    None
}

/// The protocol that encrypted extensions name, and whether they accept early data.
pub(super) fn encrypted_extensions(body: &[u8]) -> (CompactString, bool) {
    (alpn(Bytes(body)), find(&mut Bytes(body), EARLY_DATA).is_some())
}

/// Numbers that make up a fingerprint, each list with its length.
#[derive(Default)]
struct Shape(Vec<u8>);

impl Shape {
    fn numbers(&mut self, numbers: impl Iterator<Item = u16>) {
        let start = self.0.len();
        for number in numbers.filter(|number| !is_grease(*number)) {
            self.0.extend(number.to_be_bytes());
        }
        let length = u32::try_from(self.0.len() - start).unwrap_or(u32::MAX);
        self.0.extend(length.to_be_bytes());
    }

    /// The numbers that an extension lists, if they tell clients apart.
    fn list(kind: u16, mut value: Bytes<'_>) -> Option<(u16, Vec<u16>)> {
        let list = match kind {
            GROUPS | ALGORITHMS => value.list16()?.numbers().collect(),
            VERSIONS => value.list8()?.numbers().collect(),
            FORMATS => value.list8()?.0.iter().map(|format| u16::from(*format)).collect(),
            _ => return None,
        };
        Some((kind, list))
    }
}
