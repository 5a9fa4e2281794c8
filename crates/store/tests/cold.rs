//! Rows in the cold: they come back as they were put, the oldest go first, and a start finds them as they stood at its
//! mark or not at all.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use proptest::prelude::*;
use store::{ColdLimits, ColdRows, Left};
use tempfile::tempdir;

const WIDE: ColdLimits = ColdLimits { bytes_max: 64 << 20, rows_max: 100_000 };
const NARROW: ColdLimits = ColdLimits { bytes_max: 256 << 10, rows_max: 100_000 };

fn fresh(folder: &Path, limits: ColdLimits) -> ColdRows {
    ColdRows::open(folder, limits, None).unwrap().0
}

fn at_mark(folder: &Path, limits: ColdLimits, mark: u128) -> ColdRows {
    let (rows, left) = ColdRows::open(folder, limits, Some(mark)).unwrap();
    assert!(matches!(left, Left::Rows), "{left:?}");
    rows
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == ending));
    files.sort();
    files
}

fn row(key: u128) -> Vec<u8> {
    key.to_le_bytes().repeat(1 + (key % 90) as usize)
}

#[test]
fn a_row_goes_out_and_comes_back_once() {
    let folder = tempdir().unwrap();
    let mut rows = fresh(folder.path(), WIDE);
    (0..5_000).for_each(|key| rows.put(key, &row(key)));
    assert_eq!(files(folder.path(), "rows")[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
    for key in (0..5_000).rev() {
        assert_eq!(rows.take(key), Some(row(key)));
        assert_eq!(rows.take(key), None);
    }
    rows.put(7, b"older");
    rows.put(7, b"newer");
    assert_eq!((rows.len(), rows.take(7)), (1, Some(b"newer".to_vec())));
    assert_eq!(rows.take_forgotten(), 0);
}

#[test]
fn past_the_limit_the_oldest_go_and_are_counted() {
    let folder = tempdir().unwrap();
    let mut rows = fresh(folder.path(), NARROW);
    for key in 0..5_000 {
        rows.put(key, &row(key));
        let on_disk: u64 =
            files(folder.path(), "rows").iter().map(|path| path.metadata().unwrap().len()).sum();
        assert!(on_disk <= NARROW.bytes_max && rows.bytes() <= NARROW.bytes_max);
    }
    let kept = (0..5_000).filter(|key| rows.take(*key).is_some()).collect::<Vec<_>>();
    assert!(
        kept.len() > 200 && kept.windows(2).all(|pair| pair[0] + 1 == pair[1]) && kept.ends_with(&[4_999])
    );
    assert_eq!(rows.take_forgotten(), 5_000 - kept.len() as u64);
    let mut few = fresh(folder.path(), ColdLimits { rows_max: 640, ..WIDE });
    for key in 0..5_000 {
        few.put(key, b"small");
        assert!(few.len() <= 640);
    }
    assert_eq!(
        (few.len() as u64 + few.take_forgotten(), few.take(0), few.take(4_999).is_some()),
        (5_000, None, true)
    );
}

#[test]
fn what_came_after_the_mark_never_was() {
    let folder = tempdir().unwrap();
    let mut rows = fresh(folder.path(), NARROW);
    (0..50).for_each(|key| rows.put(key, &row(key)));
    rows.take(3);
    rows.mark(1).unwrap();
    rows.take(4);
    rows.put(5, b"newer");
    (50..150).for_each(|key| rows.put(key, &row(key)));
    rows.mark(2).unwrap();
    rows.put(200, b"lost");
    drop(rows);
    let mut rows = at_mark(folder.path(), NARROW, 1);
    assert_eq!(rows.len(), 49);
    assert_eq!((rows.take(3), rows.take(60), rows.take(200)), (None, None, None));
    assert_eq!((rows.take(4), rows.take(5)), (Some(row(4)), Some(row(5))));
    drop(rows);
    let (rows, left) = ColdRows::open(folder.path(), NARROW, Some(2)).unwrap();
    assert!(rows.is_empty() && matches!(left, Left::Others));
    assert_eq!(files(folder.path(), "rows").len(), 1);
}

#[test]
fn another_learning_and_none_find_nothing() {
    let folder = tempdir().unwrap();
    assert!(matches!(ColdRows::open(folder.path(), WIDE, Some(9)).unwrap().1, Left::Nothing));
    let mut rows = fresh(folder.path(), WIDE);
    rows.put(1, b"row");
    rows.mark(7).unwrap();
    let (rows, left) = ColdRows::open(folder.path(), WIDE, None).unwrap();
    assert!(rows.is_empty() && matches!(left, Left::Others));
}

#[test]
fn damaged_files_are_kept_aside() {
    let folder = tempdir().unwrap();
    for _ in 0..2 {
        let mut rows = fresh(folder.path(), NARROW);
        (0..100).for_each(|key| rows.put(key, &row(key)));
        rows.mark(1).unwrap();
        let second = files(folder.path(), "rows")[1].clone();
        let mut bytes = fs::read(&second).unwrap();
        bytes[10] ^= 1;
        fs::write(&second, bytes).unwrap();
        let (mut rows, left) = ColdRows::open(folder.path(), NARROW, Some(1)).unwrap();
        let Left::Damaged { kept_as, at } = left else { panic!("{left:?}") };
        assert!(kept_as.exists() && at == 8 && rows.is_empty());
        rows.put(1, b"goes on");
        assert_eq!(rows.take(1).as_deref(), Some(&b"goes on"[..]));
    }
}

#[test]
fn a_missing_segment_is_damage() {
    let folder = tempdir().unwrap();
    let mut rows = fresh(folder.path(), NARROW);
    (0..100).for_each(|key| rows.put(key, &row(key)));
    rows.mark(1).unwrap();
    fs::remove_file(&files(folder.path(), "rows")[1]).unwrap();
    assert!(matches!(ColdRows::open(folder.path(), NARROW, Some(1)).unwrap().1, Left::Damaged { .. }));
}

#[test]
fn a_full_disk_costs_rows_and_nothing_else() {
    let folder = tempdir().unwrap();
    let mut rows = fresh(folder.path(), NARROW);
    rows.put(1, b"early");
    rows.mark(1).unwrap();
    // A folder stands where the next segments would: they can not be made, not even by root.
    for number in 2..100 {
        fs::create_dir(folder.path().join(format!("cold-{number:010}.rows"))).unwrap();
    }
    (100..400).for_each(|key| rows.put(key, &row(key)));
    assert!(rows.take_trouble().is_some() && rows.take_trouble().is_none());
    let forgotten = rows.take_forgotten();
    assert!(forgotten > 0 && forgotten + rows.len() as u64 == 301);
    assert_eq!(rows.take(1).as_deref(), Some(&b"early"[..]));
    for number in 2..100 {
        fs::remove_dir(folder.path().join(format!("cold-{number:010}.rows"))).unwrap();
    }
    (400..500).for_each(|key| rows.put(key, &row(key)));
    rows.mark(2).unwrap();
    drop(rows);
    let mut rows = at_mark(folder.path(), NARROW, 2);
    assert_eq!((rows.take(1), rows.take(499)), (None, Some(row(499))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// With marks and restarts at any place it is the same as a map that is set back to the mark.
    #[test]
    fn it_is_a_map(acts in proptest::collection::vec((0_u8..12, 0_u128..40), 1..600)) {
        let folder = tempdir().unwrap();
        let limits = ColdLimits { bytes_max: 4 << 20, rows_max: 100_000 };
        let (mut rows, mut map) = (fresh(folder.path(), limits), BTreeMap::new());
        let mut marked = None;
        for (n, (act, key)) in acts.into_iter().enumerate() {
            match act {
                0..=5 => {
                    let row = row(key + n as u128);
                    rows.put(key, &row);
                    map.insert(key, row);
                }
                6..=9 => prop_assert_eq!(rows.take(key), map.remove(&key)),
                10 => {
                    rows.mark(n as u128).unwrap();
                    marked = Some((n as u128, map.clone()));
                }
                _ => if let Some((mark, then)) = &marked {
                    drop(rows);
                    rows = at_mark(folder.path(), limits, *mark);
                    map = then.clone();
                }
            }
            prop_assert_eq!(rows.len(), map.len());
        }
        prop_assert_eq!(rows.take_forgotten(), 0);
    }

    /// A start never fails for what stands in a file.
    #[test]
    fn other_bytes_are_refused(at in 0_usize..8_000, bytes in proptest::collection::vec(any::<u8>(), 0..60), cut in any::<bool>()) {
        let folder = tempdir().unwrap();
        let mut rows = fresh(folder.path(), WIDE);
        (0..20).for_each(|key| rows.put(key, &row(key)));
        rows.mark(1).unwrap();
        let path = &files(folder.path(), "rows")[0];
        let mut forged = fs::read(path).unwrap();
        let at = at.min(forged.len());
        let end = if cut { forged.len() } else { (at + bytes.len()).min(forged.len()) };
        forged.splice(at..end, bytes);
        fs::write(path, forged).unwrap();
        let mut rows = ColdRows::open(folder.path(), WIDE, Some(1)).unwrap().0;
        (0..20).for_each(|key| _ = rows.take(key));
    }
}
