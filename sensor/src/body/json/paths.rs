//! Key paths: names in the order in which they stand in, each path once with what is known of it out. Knows no value.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use model::KeyPaths;
use smallvec::SmallVec;

use crate::body::{harvest::Interest, text::plain_len};

/// Different paths told apart in one text. What comes after goes by its name alone.
const PATHS_MAX: usize = 1_024;
/// Paths searched one by one before there is an index.
const SEARCHED_MAX: usize = 16;
/// Bytes of names kept; a name past it is unknown.
const NAMES_BYTES_MAX: usize = 16_384;
/// Bytes of names that most texts have less of.
const NAMES_BYTES_USUAL: usize = 128;
/// Longest name kept.
pub(super) const NAME_BYTES_MAX: usize = 64;

/// The lower bytes of a word, by how many they are.
const LOWER: [u128; 17] = {
    let mut lower = [u128::MAX; 17];
    let mut n = 0;
    while n < 16 {
        lower[n] = (1 << (8 * n)) - 1;
        n += 1;
    }
    lower
};

/// Place of a path in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PathId(u16);

impl PathId {
    /// No path: a value in no object, or one past the limit.
    pub(super) const NONE: Self = Self(u16::MAX);
}

/// What is known of a path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Path {
    hash: u64,
    /// The path of what holds it.
    holder: PathId,
    /// The object in which it was seen last.
    object: u32,
    /// The path that came after it last time.
    next: u16,
    name_start: u16,
    name_len: u8,
    /// Whether its name is kept, and stands in a text as it is here.
    is_plain: bool,
    start: Start,
    /// Its place among the fields, plus one; zero when it has none.
    pub(super) field: u8,
    pub(super) interest: Interest,
}

/// How a member begins in a text: its name, quote and colon, where they fit into a word.
#[derive(Clone, Copy, Debug)]
struct Start {
    word: [u64; 2],
    /// Its bytes; zero when they do not fit.
    len: u8,
}

impl Start {
    /// Of a name that stands in texts as it is.
    fn of(name: &[u8]) -> Self {
        let mut word = [0; 16];
        let len = name.len() + 2;
        let Some((place, end)) = word.get_mut(..len).and_then(|word| word.split_at_mut_checked(name.len()))
        else {
            return Self { word: [0; 2], len: 0 };
        };
        place.copy_from_slice(name);
        end.copy_from_slice(b"\":");
        let (low, high) = split(u128::from_le_bytes(word));
        Self { word: [low, high], len: u8::try_from(len).unwrap_or(0) }
    }

    /// What stands behind it, if `text` begins with it.
    fn strip(self, text: &[u8]) -> Option<&[u8]> {
        let len = usize::from(self.len);
        let (low, high) = split(u128::from_le_bytes(*text.first_chunk()?) & LOWER.get(len)?);
        (low == self.word[0] && high == self.word[1]).then(|| text.get(len..))?
    }
}

#[expect(clippy::cast_possible_truncation, reason = "both halves are kept")]
const fn split(word: u128) -> (u64, u64) {
    (word as u64, (word >> 64) as u64)
}

/// A member whose name was the one expected.
#[derive(Clone, Copy)]
pub(super) struct Member<'b> {
    pub(super) id: PathId,
    pub(super) interest: Interest,
    /// Its object held it before.
    pub(super) is_twice: bool,
    /// What stands behind its name.
    pub(super) value: &'b [u8],
}

/// A path that was looked up.
pub(super) struct Found {
    pub(super) id: PathId,
    pub(super) is_new: bool,
    /// Its object held it before.
    pub(super) is_twice: bool,
}

/// The paths of one text.
pub(super) struct Paths {
    keys: KeyPaths,
    paths: SmallVec<[Path; 8]>,
    names: String,
    index: HashMap<u64, u16, BuildHasherDefault<Keyed>>,
    last: u16,
    /// Whether there were more than fit.
    pub(super) is_full: bool,
}

impl Paths {
    /// An empty table under secret numbers.
    pub(super) fn new(keys: KeyPaths) -> Self {
        Self {
            keys,
            paths: SmallVec::new(),
            names: String::new(),
            index: HashMap::default(),
            last: u16::MAX,
            is_full: false,
        }
    }

    /// The path of `name` in an object that goes by `holder` and is the `object`-th of the text.
    pub(super) fn find(&mut self, holder: PathId, name: &[u8], object: u32) -> Found {
        if let Some(found) = self.guess(holder, name, object) {
            return found;
        }
        let hash = KeyPaths::member(self.hash(holder), name);
        if let Some(place) = self.search(hash) {
            self.follow(place);
            let path = self.paths.get_mut(usize::from(place));
            let is_twice = path.is_some_and(|path| std::mem::replace(&mut path.object, object) == object);
            return Found { id: PathId(place), is_new: false, is_twice };
        }
        let id = self.add(hash, holder, name, object);
        Found { id, is_new: id != PathId::NONE, is_twice: false }
    }

    /// The path that followed last time, if it is this one: texts repeat themselves.
    fn guess(&mut self, holder: PathId, name: &[u8], object: u32) -> Option<Found> {
        let place = self.paths.get(usize::from(self.last))?.next;
        let path = self.paths.get_mut(usize::from(place))?;
        let start = usize::from(path.name_start);
        let known = self.names.as_bytes().get(start..start + usize::from(path.name_len))?;
        if path.holder != holder || known.is_empty() || known != name {
            return None;
        }
        let is_twice = std::mem::replace(&mut path.object, object) == object;
        self.last = place;
        Some(Found { id: PathId(place), is_new: false, is_twice })
    }

    /// The path that followed last time, if `text` begins with its name: taken, as found in the `object`-th of the text.
    pub(super) fn take_expected<'b>(
        &mut self,
        holder: PathId,
        text: &'b [u8],
        object: u32,
    ) -> Option<Member<'b>> {
        let place = self.paths.get(usize::from(self.last))?.next;
        let path = self.paths.get_mut(usize::from(place))?;
        if path.holder != holder || !path.is_plain {
            return None;
        }
        let value = if path.start.len > 0 && text.len() >= 16 {
            path.start.strip(text)?
        } else {
            let start = usize::from(path.name_start);
            let known = self.names.as_bytes().get(start..start + usize::from(path.name_len))?;
            text.strip_prefix(known)?.strip_prefix(b"\":")?
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        let is_twice = std::mem::replace(&mut path.object, object) == object;
        let interest = path.interest;
        self.last = place;
        Some(Member { id: PathId(place), interest, is_twice, value })
    }

    pub(super) fn get(&self, id: PathId) -> Option<&Path> {
        self.paths.get(usize::from(id.0))
    }

    pub(super) fn get_mut(&mut self, id: PathId) -> Option<&mut Path> {
        self.paths.get_mut(usize::from(id.0))
    }

    /// Hash of a path; that of the root for none.
    pub(super) fn hash(&self, id: PathId) -> u64 {
        self.get(id).map_or(self.keys.root(), |path| path.hash)
    }

    /// Last name of a path; empty for none, and for one too long to keep.
    pub(super) fn name(&self, id: PathId) -> &str {
        let name = self.get(id).and_then(|path| {
            let start = usize::from(path.name_start);
            self.names.get(start..start + usize::from(path.name_len))
        });
        name.unwrap_or_default()
    }

    /// The set of paths as one number, whatever their order.
    pub(super) fn set(&self) -> u64 {
        self.paths.iter().fold(0, |sum, path| sum.wrapping_add(self.keys.share(path.hash)))
    }

    pub(super) fn memory(&self) -> usize {
        let spilled = if self.paths.spilled() { self.paths.capacity() * size_of::<Path>() } else { 0 };
        spilled + self.names.capacity() + self.index.capacity() * 16
    }

    fn search(&self, hash: u64) -> Option<u16> {
        if self.paths.len() > SEARCHED_MAX {
            return self.index.get(&hash).copied();
        }
        let place = self.paths.iter().position(|path| path.hash == hash)?;
        u16::try_from(place).ok()
    }

    fn add(&mut self, hash: u64, holder: PathId, name: &[u8], object: u32) -> PathId {
        let Some(place) = u16::try_from(self.paths.len()).ok().filter(|n| usize::from(*n) < PATHS_MAX) else {
            self.is_full = true;
            return PathId::NONE;
        };
        let fits = name.len() <= NAME_BYTES_MAX && self.names.len() + name.len() <= NAMES_BYTES_MAX;
        let kept = if fits { std::str::from_utf8(name).unwrap_or_default() } else { "" };
        let name_start = u16::try_from(self.names.len()).unwrap_or(0);
        if self.names.capacity() == 0 {
            self.names.reserve(NAMES_BYTES_USUAL);
        }
        self.names.push_str(kept);
        let name_len = u8::try_from(kept.len()).unwrap_or(0);
        let is_plain = !kept.is_empty() && plain_len(kept.as_bytes()) == kept.len();
        let start = Start::of(kept.as_bytes());
        let interest = Interest::default();
        self.paths.push(Path {
            hash,
            holder,
            object,
            next: 0,
            name_start,
            name_len,
            is_plain,
            start,
            field: 0,
            interest,
        });
        if self.paths.len() > SEARCHED_MAX {
            if self.index.is_empty() {
                self.index.extend(self.paths.iter().zip(0_u16..).map(|(path, place)| (path.hash, place)));
            }
            self.index.insert(hash, place);
        }
        self.follow(place);
        PathId(place)
    }

    fn follow(&mut self, place: u16) {
        if let Some(last) = self.paths.get_mut(usize::from(self.last)) {
            last.next = place;
        }
        self.last = place;
    }
}

/// The keys of the index are hashes already.
#[derive(Default)]
struct Keyed(u64);

impl Hasher for Keyed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}
