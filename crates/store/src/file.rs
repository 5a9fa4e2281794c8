//! The ledger's file: a path in, an open and checked database out, private to its owner.
//! Keeps a reserve beside it, given up when the disk is full, so that verdicts can still be written for a while.
//! Never opens a file whose checksums do not hold.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use redb::{Database, ReadableDatabase as _};

use crate::{
    LedgerError,
    error::Fault,
    rows::{BY_TIME, BY_UNTIL, ERRANDS, LIVE, META, OWED, SCHEMA, VERDICTS, WANTED},
};

/// Page cache of the database.
const CACHE_BYTES: usize = 16 << 20;

/// Size of the reserve file.
const RESERVE_BYTES: usize = 8 << 20;

/// Opens or creates the ledger at `path`, checks every page's checksum, and refills the reserve if it can.
pub(crate) fn open(path: &Path) -> Result<Database, LedgerError> {
    prepare(path).map_err(|error| Fault::Io(error).at(path))?;
    // redb asserts on some damaged files: to the operator that is damage too, not a crash.
    let opened = catch_unwind(AssertUnwindSafe(|| checked(path)));
    let database = match opened {
        Ok(result) => result.map_err(|fault| fault.at(path))?,
        Err(_) => return Err(Fault::Row("its structure is broken".to_owned()).at(path)),
    };
    match schema(&database) {
        Ok(SCHEMA) => {}
        Ok(schema) => return Err(LedgerError::Newer { path: path.to_path_buf(), schema }),
        Err(fault) => return Err(fault.at(path)),
    }
    refill_reserve(path);
    Ok(database)
}

/// Gives up the reserve. True when there was one.
pub(crate) fn release_reserve(path: &Path) -> bool {
    fs::remove_file(reserve_path(path)).is_ok()
}

/// Writes the reserve anew unless it is there. Without room there is none: the ledger works all the same.
pub(crate) fn refill_reserve(path: &Path) {
    let reserve = reserve_path(path);
    if fs::metadata(&reserve).is_ok_and(|found| found.len() == RESERVE_BYTES as u64) {
        return;
    }
    let written = private().truncate(true).open(&reserve).and_then(|mut file| {
        let zeros = [0_u8; 64 << 10];
        for _ in 0..RESERVE_BYTES / zeros.len() {
            file.write_all(&zeros)?;
        }
        file.sync_all()
    });
    if written.is_err() {
        release_reserve(path);
    }
}

fn reserve_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".reserve");
    name.into()
}

fn private() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create(true).mode(0o600);
    options
}

fn prepare(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    private().truncate(false).open(path).map(drop)
}

fn checked(path: &Path) -> Result<Database, Fault> {
    let mut database = Database::builder().set_cache_size(CACHE_BYTES).create(path)?;
    if !database.check_integrity()? {
        return Err(Fault::Row("checksums do not hold".to_owned()));
    }
    Ok(database)
}

/// The schema version of the file; a fresh one gets its tables first.
fn schema(database: &Database) -> Result<u64, Fault> {
    if let Ok(meta) = database.begin_read()?.open_table(META)
        && let Some(found) = meta.get("schema")?
    {
        return Ok(found.value());
    }
    let write = database.begin_write()?;
    {
        write.open_table(META)?.insert("schema", SCHEMA)?;
        write.open_table(VERDICTS)?;
        write.open_table(BY_TIME)?;
        write.open_table(BY_UNTIL)?;
        write.open_table(LIVE)?;
        write.open_table(ERRANDS)?;
        write.open_table(WANTED)?;
        write.open_table(OWED)?;
    }
    write.commit()?;
    Ok(SCHEMA)
}
