//! Rows in the cold: bytes under keys in, the same bytes out, from disk. Never more than a limit: the oldest go first and
//! are counted. Never waits for the disk to have written, but at a mark.

mod reopen;
mod segment;

use std::{
    collections::{HashMap, VecDeque},
    fs::File,
    io,
    path::PathBuf,
};

pub use reopen::Left;
use segment::{HEAD_BYTES, Head, Kind, Segment};

/// Parts of the limit: so much is forgotten at once.
const SEGMENTS: u64 = 32;
/// Smallest and largest segment.
const SEGMENT_BYTES: (u64, u64) = (1 << 12, 1 << 30);
/// What is gathered before it is written.
const UNWRITTEN_BYTES: usize = 256 << 10;
/// Longest row.
const ROW_BYTES_MAX: usize = 64 << 10;

/// How much may be kept.
#[derive(Clone, Copy, Debug)]
pub struct ColdLimits {
    /// Bytes on disk. Places of rows that were taken back count until they are the oldest.
    pub bytes_max: u64,
    /// Rows; each takes about 40 bytes of memory.
    pub rows_max: usize,
}

impl ColdLimits {
    fn segment_bytes(self) -> u64 {
        (self.bytes_max / SEGMENTS).clamp(SEGMENT_BYTES.0, SEGMENT_BYTES.1)
    }

    fn segment_rows(self) -> usize {
        (self.rows_max / SEGMENTS as usize).max(1)
    }
}

/// Where a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    segment: u32,
    at: u32,
}

/// Rows on disk, as a log in segments: what is put and what is taken stands in it in order, so that it can be read back as
/// it stood at any mark. What was written after the last mark survives no restart.
#[derive(Debug)]
pub struct ColdRows {
    folder: PathBuf,
    limits: ColdLimits,
    /// Rows that are kept, by half of their key: keys are hashes, and the whole key stands with the row.
    index: HashMap<u64, Place>,
    /// Oldest first, numbered without gaps; the last one is written to.
    segments: VecDeque<Segment>,
    /// What is to be written to the last segment; at most `UNWRITTEN_BYTES` and one record.
    unwritten: Vec<u8>,
    forgotten: u64,
    /// Why something could not be written, until somebody asks; told once until writing works again.
    trouble: Option<io::Error>,
    failing: bool,
    /// Whether the log still tells everything that was put and taken.
    whole: bool,
}

impl ColdRows {
    /// Keeps a row under a key, in place of an older one.
    pub fn put(&mut self, key: u128, row: &[u8]) {
        if self.index.remove(&tag(key)).is_some() {
            self.note(Kind::Gone, key);
        }
        if row.len() > ROW_BYTES_MAX || !self.make_room(HEAD_BYTES + row.len()) {
            self.forgotten += 1;
            return;
        }
        let place = self.next_place();
        self.unwritten.extend_from_slice(&Head::of(Kind::Row, key, row.len()).bytes());
        self.unwritten.extend_from_slice(row);
        if let (Some(place), Some(segment)) = (place, self.segments.back_mut()) {
            segment.rows += 1;
            self.index.insert(tag(key), place);
        }
    }

    /// Gives a row back and keeps it no longer. A row that can not be read counts as forgotten.
    pub fn take(&mut self, key: u128) -> Option<Vec<u8>> {
        let place = self.index.remove(&tag(key))?;
        let row = self.read(place, key);
        self.note(Kind::Gone, key);
        match row {
            Ok(row) => Some(row),
            Err(error) => {
                self.forgotten += 1;
                self.tell(error);
                None
            }
        }
    }

    /// Writes everything down under a name, by which `open` finds it as it stands now. Waits for the disk.
    ///
    /// # Errors
    /// When something could not be written: nothing is then found under that name.
    pub fn mark(&mut self, name: u128) -> io::Result<()> {
        if !self.whole {
            return Err(io::Error::other("too much could not be written"));
        }
        self.note(Kind::Mark, name);
        if !self.flush() {
            return Err(self.trouble.take().unwrap_or_else(|| io::ErrorKind::StorageFull.into()));
        }
        for segment in self.segments.iter_mut().filter(|segment| segment.unsynced) {
            segment.file.sync_data()?;
            segment.unsynced = false;
        }
        File::open(&self.folder)?.sync_all()
    }

    /// Rows kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether no row is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Bytes on disk and about to be written.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.len).sum::<u64>() + self.unwritten.len() as u64
    }

    /// Rows forgotten since the last time: the oldest past a limit, and those that could not be written or read.
    pub fn take_forgotten(&mut self) -> u64 {
        std::mem::take(&mut self.forgotten)
    }

    /// What keeps rows from being written or read, once until it works again.
    pub fn take_trouble(&mut self) -> Option<io::Error> {
        self.trouble.take()
    }

    /// Where the next record will stand.
    fn next_place(&self) -> Option<Place> {
        let segment = self.segments.back()?;
        let at = u32::try_from(segment.len + self.unwritten.len() as u64).ok()?;
        Some(Place { segment: segment.number, at })
    }

    /// Writes down what has no bytes of its own. Without room it waits with what else is unwritten.
    fn note(&mut self, kind: Kind, key: u128) {
        self.make_room(HEAD_BYTES);
        self.unwritten.extend_from_slice(&Head::of(kind, key, 0).bytes());
    }

    /// Makes room for a record in what is unwritten and in the last segment.
    fn make_room(&mut self, bytes: usize) -> bool {
        let Some(last) = self.segments.back() else { return false };
        let after = last.len + (self.unwritten.len() + bytes) as u64;
        let is_full = after > self.limits.segment_bytes() || last.rows >= self.limits.segment_rows();
        if is_full && last.len + self.unwritten.len() as u64 > segment::EMPTY_BYTES {
            return self.flush() && self.begin_segment();
        }
        self.unwritten.len() + bytes <= UNWRITTEN_BYTES || self.flush()
    }

    /// Begins a segment, and forgets the oldest past a limit.
    fn begin_segment(&mut self) -> bool {
        let number = self.segments.back().map_or(1, |last| last.number.wrapping_add(1));
        match Segment::create(&self.folder, number) {
            Ok(segment) => self.segments.push_back(segment),
            Err(error) => {
                self.tell(error);
                return false;
            }
        }
        self.forget_oldest(self.limits.segment_bytes(), self.limits.segment_rows());
        true
    }

    /// Forgets the oldest segments until so much more has room.
    fn forget_oldest(&mut self, bytes: u64, rows: usize) {
        let limits = self.limits;
        while self.segments.len() > 1
            && (self.bytes() + bytes > limits.bytes_max || self.index.len() + rows > limits.rows_max)
        {
            let Some(oldest) = self.segments.pop_front() else { return };
            let before = self.index.len();
            self.index.retain(|_, place| place.segment != oldest.number);
            self.forgotten += (before - self.index.len()) as u64;
            if let Err(error) = oldest.remove(&self.folder) {
                self.tell(error);
            }
        }
    }

    /// Writes what is unwritten, without waiting for the disk. Whether it could.
    fn flush(&mut self) -> bool {
        let Some(last) = self.segments.back_mut() else { return false };
        match last.append(&self.unwritten) {
            Ok(()) => {
                self.unwritten.clear();
                self.failing = false;
                true
            }
            Err(error) => {
                self.tell(error);
                self.give_up_unwritten();
                false
            }
        }
    }

    /// Forgets the rows that could not be written. What was taken stays to be written: a row must not come back twice.
    fn give_up_unwritten(&mut self) {
        let Some(last) = self.segments.back_mut() else { return };
        let bytes = std::mem::take(&mut self.unwritten);
        let mut at = 0;
        while let Some(head) = bytes.get(at..).and_then(Head::read) {
            match head.kind {
                Kind::Row => {
                    let place = u32::try_from(last.len + at as u64).ok();
                    let place = place.map(|at| Place { segment: last.number, at });
                    last.rows = last.rows.saturating_sub(1);
                    if self.index.get(&tag(head.key)).copied() == place {
                        self.index.remove(&tag(head.key));
                        self.forgotten += 1;
                    }
                }
                Kind::Gone => self.unwritten.extend_from_slice(&head.bytes()),
                Kind::Mark => {}
            }
            at += HEAD_BYTES + head.len;
        }
        if self.unwritten.len() > UNWRITTEN_BYTES / 2 {
            self.unwritten.clear();
            self.whole = false;
        }
    }

    fn read(&self, place: Place, key: u128) -> io::Result<Vec<u8>> {
        let broken = || io::Error::new(io::ErrorKind::InvalidData, "a row is not where it was put");
        let first = self.segments.front().map_or(0, |first| first.number);
        let segment = self.segments.get(place.segment.wrapping_sub(first) as usize).ok_or_else(broken)?;
        let at = u64::from(place.at);
        if at < segment.len {
            return segment.read(at, key)?.ok_or_else(broken);
        }
        let at = usize::try_from(at - segment.len).unwrap_or(usize::MAX);
        let record = self.unwritten.get(at..).unwrap_or_default();
        let head = Head::read(record).filter(|head| head.kind == Kind::Row && head.key == key);
        let row = head.and_then(|head| record.get(HEAD_BYTES..HEAD_BYTES + head.len));
        row.map(<[u8]>::to_vec).ok_or_else(broken)
    }

    fn tell(&mut self, error: io::Error) {
        if !self.failing {
            self.failing = true;
            self.trouble = Some(error);
        }
    }
}

/// The part of a key that the index knows.
fn tag(key: u128) -> u64 {
    key as u64
}
