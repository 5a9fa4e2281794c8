//! Opening the rows of the last run: a folder and the name of a mark in, the rows as they stood at that mark out. Never
//! what was put after it, never half of what was there.

use std::{
    collections::HashMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use super::{
    ColdLimits, ColdRows, Place,
    segment::{self, Kind, Seen, Segment},
    tag,
};

/// What the last run had left.
#[derive(Debug)]
pub enum Left {
    /// Nothing.
    Nothing,
    /// The rows as they stood at the mark.
    Rows,
    /// Rows without such a mark: removed.
    Others,
    /// Files that are not what was written: kept aside under names that end in `.refused`.
    Damaged {
        /// The first damaged one, by its new name.
        kept_as: PathBuf,
        /// Where in it no record begins.
        at: u64,
    },
}

impl ColdRows {
    /// The rows in a folder as they stood at a mark, and what was found there.
    ///
    /// # Errors
    /// When files can not be read, made or removed.
    pub fn open(
        folder: impl AsRef<Path>,
        limits: ColdLimits,
        mark: Option<u128>,
    ) -> io::Result<(Self, Left)> {
        let folder = folder.as_ref();
        let numbers = numbers(folder)?;
        let mut rows = Self {
            folder: folder.to_path_buf(),
            limits,
            index: HashMap::new(),
            segments: Default::default(),
            unwritten: Vec::new(),
            forgotten: 0,
            trouble: None,
            failing: false,
            whole: true,
        };
        let found = match mark {
            Some(mark) => rows.read_back(&numbers, mark)?,
            None => Found::Others,
        };
        let left = match found {
            Found::Mark => Left::Rows,
            Found::Others if numbers.is_empty() => Left::Nothing,
            Found::Others => {
                numbers.iter().try_for_each(|number| fs::remove_file(segment::path(folder, *number)))?;
                Left::Others
            }
            Found::Damage(number, at) => {
                keep_aside(folder, &numbers)?;
                Left::Damaged { kept_as: aside(&segment::path(folder, number)), at }
            }
        };
        if matches!(left, Left::Rows) {
            // The limits may be lower now.
            rows.forget_oldest(0, 0);
        } else {
            rows.index.clear();
            rows.segments.clear();
            rows.segments.push_back(Segment::create(folder, 1)?);
        }
        Ok((rows, left))
    }

    /// Reads segments up to the mark, and removes what came after it.
    fn read_back(&mut self, numbers: &[u32], mark: u128) -> io::Result<Found> {
        for (place, number) in numbers.iter().enumerate() {
            if self.segments.back().is_some_and(|last| last.number.wrapping_add(1) != *number) {
                return Ok(Found::Damage(*number, 0));
            }
            let mut segment = Segment::open(&self.folder, *number)?;
            let index = &mut self.index;
            let seen = segment.look_through(mark, |head, at| match (head.kind, u32::try_from(at)) {
                (Kind::Row, Ok(at)) => _ = index.insert(tag(head.key), Place { segment: *number, at }),
                (Kind::Gone, _) => _ = index.remove(&tag(head.key)),
                _ => {}
            })?;
            match seen {
                Seen::End => self.segments.push_back(segment),
                Seen::Damage(at) => return Ok(Found::Damage(*number, at)),
                Seen::Mark(end) => {
                    segment.file.set_len(end)?;
                    segment.len = end;
                    self.segments.push_back(segment);
                    for later in numbers.iter().skip(place + 1) {
                        fs::remove_file(segment::path(&self.folder, *later))?;
                    }
                    File::open(&self.folder)?.sync_all()?;
                    return Ok(Found::Mark);
                }
            }
        }
        Ok(Found::Others)
    }
}

enum Found {
    Mark,
    Others,
    Damage(u32, u64),
}

/// Numbers of the segments in a folder, climbing.
fn numbers(folder: &Path) -> io::Result<Vec<u32>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("cold-")?.strip_suffix(".rows"));
        numbers.extend(number.and_then(|number| number.parse::<u32>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Renames segments; those that an earlier start has kept aside go.
fn keep_aside(folder: &Path, numbers: &[u32]) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with("cold-") && name.ends_with(".refused")) {
            fs::remove_file(entry.path())?;
        }
    }
    numbers.iter().try_for_each(|number| {
        let path = segment::path(folder, *number);
        fs::rename(&path, aside(&path))
    })
}

fn aside(path: &Path) -> PathBuf {
    path.with_extension("refused")
}
