//! Segments of the log of cold rows: records in, a file of them out. Never believes a head whose checksum does not hold.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, Read as _},
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use super::ROW_BYTES_MAX;

/// What a segment begins with; the last digit is the version of the form.
const MAGIC: &[u8; 8] = b"swcold01";
/// Bytes of a segment without records.
pub(super) const EMPTY_BYTES: u64 = MAGIC.len() as u64;
/// Bytes before the row of each record: its kind and length, a checksum, its key.
pub(super) const HEAD_BYTES: usize = 24;
/// Bytes read at a time when a segment is looked through.
const BUFFER_BYTES: usize = 256 << 10;

/// What a record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A row was put.
    Row,
    /// A row was taken.
    Gone,
    /// The key is the name of a mark.
    Mark,
}

/// The head of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: Kind,
    pub(super) key: u128,
    /// Bytes of the row that follows.
    pub(super) len: usize,
}

impl Head {
    pub(super) fn of(kind: Kind, key: u128, len: usize) -> Self {
        Self { kind, key, len }
    }

    pub(super) fn bytes(self) -> [u8; HEAD_BYTES] {
        let word = (self.kind as u32) << 24 | u32::try_from(self.len).unwrap_or(0xff_ffff);
        let mut bytes = [0; HEAD_BYTES];
        let (first, key) = bytes.split_at_mut(8);
        key.copy_from_slice(&self.key.to_le_bytes());
        let check = checksum(word, self.key);
        first.copy_from_slice(&(u64::from(check) << 32 | u64::from(word)).to_le_bytes());
        bytes
    }

    /// The head that these bytes begin with.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (first, rest) = bytes.split_first_chunk::<8>()?;
        let (key, _) = rest.split_first_chunk::<16>()?;
        let (first, key) = (u64::from_le_bytes(*first), u128::from_le_bytes(*key));
        let (word, check) = (first as u32, (first >> 32) as u32);
        if check != checksum(word, key) {
            return None;
        }
        let kind = match word >> 24 {
            0 => Kind::Row,
            1 => Kind::Gone,
            2 => Kind::Mark,
            _ => return None,
        };
        let len = (word & 0xff_ffff) as usize;
        (len <= ROW_BYTES_MAX).then_some(Self { kind, key, len })
    }
}

/// Tells a head from other bytes (FNV-1a). Whether a row is what was put is for those to say who put it.
fn checksum(word: u32, key: u128) -> u32 {
    let bytes = word.to_le_bytes().into_iter().chain(key.to_le_bytes());
    bytes.fold(0x811c_9dc5, |sum: u32, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Where looking through a segment ended.
pub(super) enum Seen {
    /// At its end.
    End,
    /// Right behind the mark that was looked for.
    Mark(u64),
    /// Where no record begins.
    Damage(u64),
}

/// One file of the log.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) number: u32,
    pub(super) file: File,
    /// Bytes written.
    pub(super) len: u64,
    /// Rows put into it.
    pub(super) rows: usize,
    /// Whether something was written that the disk may not have yet.
    pub(super) unsynced: bool,
}

impl Segment {
    /// An empty one, in place of whatever has its name.
    pub(super) fn create(folder: &Path, number: u32) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true).mode(0o600);
        let file = options.open(path(folder, number))?;
        let mut segment = Self { number, file, len: 0, rows: 0, unsynced: true };
        segment.append(MAGIC)?;
        Ok(segment)
    }

    /// One that is there.
    pub(super) fn open(folder: &Path, number: u32) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path(folder, number))?;
        let len = file.metadata()?.len();
        Ok(Self { number, file, len, rows: 0, unsynced: false })
    }

    pub(super) fn remove(self, folder: &Path) -> io::Result<()> {
        fs::remove_file(path(folder, self.number))
    }

    /// Writes at its end. After a failure it is as long as before.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.unsynced = true;
        self.file.write_all_at(bytes, self.len)?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// The row at a place; `None` when another record stands there.
    pub(super) fn read(&self, at: u64, key: u128) -> io::Result<Option<Vec<u8>>> {
        let mut head = [0; HEAD_BYTES];
        self.file.read_exact_at(&mut head, at)?;
        let Some(head) = Head::read(&head).filter(|head| head.kind == Kind::Row && head.key == key) else {
            return Ok(None);
        };
        let mut row = vec![0; head.len];
        self.file.read_exact_at(&mut row, at + HEAD_BYTES as u64)?;
        Ok(Some(row))
    }

    /// Gives every record with its place to `take`, up to a mark of this name.
    pub(super) fn look_through(&mut self, name: u128, mut take: impl FnMut(Head, u64)) -> io::Result<Seen> {
        let mut from = BufReader::with_capacity(BUFFER_BYTES, &self.file);
        let mut magic = [0; MAGIC.len()];
        if self.len < EMPTY_BYTES {
            return Ok(Seen::Damage(0));
        }
        from.read_exact(&mut magic)?;
        if magic != *MAGIC {
            return Ok(Seen::Damage(0));
        }
        let mut at = EMPTY_BYTES;
        while at < self.len {
            let mut head = [0; HEAD_BYTES];
            if self.len - at < HEAD_BYTES as u64 {
                return Ok(Seen::Damage(at));
            }
            from.read_exact(&mut head)?;
            let Some(head) = Head::read(&head) else { return Ok(Seen::Damage(at)) };
            let end = at + (HEAD_BYTES + head.len) as u64;
            if end > self.len {
                return Ok(Seen::Damage(at));
            }
            if head.kind == Kind::Mark && head.key == name {
                return Ok(Seen::Mark(end));
            }
            self.rows += usize::from(head.kind == Kind::Row);
            take(head, at);
            from.seek_relative(i64::try_from(head.len).unwrap_or_default())?;
            at = end;
        }
        Ok(Seen::End)
    }
}

pub(super) fn path(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("cold-{number:010}.rows"))
}
