//! Snapshots: everything that was learnt, as bytes that only this deployment can have written; and back. Never reads what
//! is not whole, never trusts a length.

use std::io::{self, Read, Write};

use model::{Pseudonyms, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    budget::Budget,
    causes::Causes,
    cells::Cells,
    classes::Classes,
    climb::Kin,
    cohorts::Cohorts,
    config::EngineConfig,
    decide::Judge,
    detect::{Quirks, REGISTRY},
    doors::Doors,
    engine::Engine,
    habits::{Habits, Shared},
    inference::Inference,
    inventory::Inventory,
    links::Links,
    objects::Objects,
    outage::Outage,
    routes::Routes,
    stats::Prior,
    subjects::Subject,
    table::Table,
    threats::Threats,
    world::{Agent, DecoyUse, Missed, User},
};

/// What a snapshot begins with; the last digit is the version of the form.
const MAGIC: &[u8; 8] = b"swlearn1";
/// Raised when the meaning of a field changes but its size does not.
const LAYOUT: u64 = 3;
/// Bytes sealed at a time.
const PIECE_BYTES: usize = 1 << 20;

/// Why a snapshot was refused.
#[derive(Debug)]
pub enum SnapshotError {
    /// It could not be read or written.
    Io(io::Error),
    /// It begins like no snapshot of ours.
    NotASnapshot,
    /// It was written by another version of the engine.
    OtherVersion,
    /// It is longer than the limit.
    TooLong,
    /// It is cut, changed, or of another deployment's key.
    Broken,
}

impl std::fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::NotASnapshot => f.write_str("this is no snapshot of what was learnt"),
            Self::OtherVersion => {
                f.write_str("it was written by another version, whose learning cannot be read")
            }
            Self::TooLong => f.write_str("it is longer than the engine's memory"),
            Self::Broken => f.write_str("it is cut or changed, or was written under another key"),
        }
    }
}

impl std::error::Error for SnapshotError {}

impl From<io::Error> for SnapshotError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The same list of fields for writing and for reading.
macro_rules! learnt {
    ($($field:ident: $kind:ty,)*) => {
        #[derive(Serialize)]
        struct Written<'a> { $($field: &'a $kind,)* clock: Clock, judge: &'a Judge }

        #[derive(Deserialize)]
        struct Taken { $($field: $kind,)* clock: Clock, judge: Judge }

        impl Engine {
            fn written(&self) -> Written<'_> {
                Written { $($field: &self.world.$field,)* clock: self.clock(), judge: &self.judge }
            }

            /// Takes the place of a fresh engine, whose limits and keys stay.
            fn take_up(&mut self, read: Taken) -> Option<()> {
                $(let fresh = std::mem::replace(&mut self.world.$field, read.$field);
                self.world.$field.settle(fresh)?;)*
                self.judge.settle(read.judge);
                self.set_clock(read.clock);
                Some(())
            }
        }
    };
}

learnt! {
    routes: Routes,
    inventory: Inventory,
    subjects: Table<model::PrincipalId, Subject>,
    objects: Objects,
    classes: Classes,
    doors: Doors,
    links: Links,
    inference: Inference,
    users: Table<model::PrincipalId, User>,
    kin: Table<model::PrincipalId, Kin>,
    missed: Table<u64, Missed>,
    agents: Table<u64, Agent>,
    decoys: std::collections::BTreeMap<compact_str::CompactString, DecoyUse>,
    quirks: Quirks,
    foreign_prior: Prior,
    probing_prior: Prior,
    login_prior: Prior,
    shared: Shared,
    cohorts: Cohorts,
    cells: Cells,
    causes: Causes,
    outage: Outage,
    threats: Threats,
    budget: Budget,
    losses: model::Losses,
    started: Timestamp,
    kept_calls: usize,
    habits: usize,
    swept: usize,
}

/// Where the engine stands in time.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Clock {
    pub(crate) calls: u64,
    pub(crate) now: Timestamp,
    pub(crate) relearnt: Timestamp,
    pub(crate) tidied: Timestamp,
}

/// What was read takes limits and keys from a fresh one, and checks itself. `None` when it contradicts itself.
pub(crate) trait Settle {
    fn settle(&mut self, fresh: Self) -> Option<()>;
}

macro_rules! settled {
    ($($kind:ty),*) => { $(impl Settle for $kind {
        fn settle(&mut self, _: Self) -> Option<()> { Some(()) }
    })* };
}

settled!(
    Classes, Quirks, Cohorts, Causes, Outage, Budget, model::Losses, Timestamp, usize,
    std::collections::BTreeMap<compact_str::CompactString, DecoyUse>
);

impl Engine {
    /// Writes everything that was learnt, sealed under the deployment's key. The same engine writes the same bytes.
    ///
    /// # Errors
    /// When `to` cannot be written.
    pub fn snapshot(&self, to: &mut impl Write) -> Result<(), SnapshotError> {
        to.write_all(MAGIC)?;
        to.write_all(&layout().to_le_bytes())?;
        let mut sealer = Sealer { to, names: &self.world.names, piece: Vec::new(), seal: layout() };
        postcard::to_io(&self.written(), &mut sealer)
            .map_err(|_| io::Error::other("the snapshot was not taken"))?;
        sealer.close()?;
        Ok(())
    }

    /// An engine that knows what the one that wrote this snapshot knew. Tables that are smaller now lose rows.
    /// Holds the snapshot in memory while it reads.
    ///
    /// # Errors
    /// When it is not a whole snapshot of this version under this key, or longer than twice `config.memory_bytes`.
    pub fn restore(
        config: EngineConfig,
        names: Pseudonyms,
        from: &mut impl Read,
    ) -> Result<Self, SnapshotError> {
        let bytes = unseal(from, &names, config.memory_bytes.saturating_mul(2))?;
        let (read, rest) = postcard::take_from_bytes::<Taken>(&bytes).map_err(|_| SnapshotError::Broken)?;
        let mut engine = Self::new(config, names);
        let whole = rest.is_empty().then(|| engine.take_up(read)).flatten();
        whole.map(|()| engine).ok_or(SnapshotError::Broken)
    }
}

/// A number that differs between versions whose learning differs in form.
fn layout() -> u64 {
    let sizes = [
        size_of::<Subject>(),
        size_of::<Habits>(),
        size_of::<Shared>(),
        size_of::<Cells>(),
        size_of::<Judge>(),
    ];
    let names = REGISTRY.iter().flat_map(|spec| spec.name.bytes().map(u64::from).chain([256]));
    let version = env!("CARGO_PKG_VERSION").bytes().map(u64::from);
    let parts = sizes.into_iter().map(|size| size as u64).chain(names).chain(version);
    parts.fold(LAYOUT, crate::hash::mix)
}

/// Cuts what is written into pieces and seals each with the one before: a missing, moved or changed piece shows.
struct Sealer<'a, W> {
    to: &'a mut W,
    names: &'a Pseudonyms,
    piece: Vec<u8>,
    seal: u64,
}

impl<W: Write> Sealer<'_, W> {
    fn put(&mut self) -> io::Result<()> {
        let length = u32::try_from(self.piece.len()).unwrap_or(u32::MAX);
        self.seal = seal(self.names, self.seal, &mut self.piece);
        self.to.write_all(&length.to_le_bytes())?;
        self.to.write_all(&self.piece)?;
        self.piece.clear();
        Ok(())
    }

    /// The last piece is empty.
    fn close(mut self) -> io::Result<()> {
        if !self.piece.is_empty() {
            self.put()?;
        }
        self.put()?;
        self.to.flush()
    }
}

impl<W: Write> Write for Sealer<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PIECE_BYTES - self.piece.len());
        self.piece.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        if self.piece.len() == PIECE_BYTES {
            self.put()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Appends to a piece its seal: a keyed hash of it and of the seal before.
fn seal(names: &Pseudonyms, before: u64, piece: &mut Vec<u8>) -> u64 {
    piece.extend_from_slice(&before.to_le_bytes());
    let seal = names.short(b"snapshot", piece);
    piece.truncate(piece.len() - 8);
    piece.extend_from_slice(&seal.to_le_bytes());
    seal
}

/// Reads all pieces and checks their seals; at most `bytes_max` in all.
fn unseal(from: &mut impl Read, names: &Pseudonyms, bytes_max: usize) -> Result<Vec<u8>, SnapshotError> {
    let mut head = [0_u8; 16];
    read_whole(from, &mut head).map_err(|error| {
        if matches!(error, SnapshotError::Broken) { SnapshotError::NotASnapshot } else { error }
    })?;
    let (magic, version) = head.split_at(8);
    if magic != MAGIC {
        return Err(SnapshotError::NotASnapshot);
    }
    if version != layout().to_le_bytes() {
        return Err(SnapshotError::OtherVersion);
    }
    let (mut bytes, mut before) = (Vec::new(), layout());
    loop {
        let mut length = [0_u8; 4];
        read_whole(from, &mut length)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > PIECE_BYTES {
            return Err(SnapshotError::Broken);
        }
        if bytes.len() + length > bytes_max {
            return Err(SnapshotError::TooLong);
        }
        let mut piece = vec![0_u8; length];
        read_whole(from, &mut piece)?;
        let mut said = [0_u8; 8];
        read_whole(from, &mut said)?;
        before = seal(names, before, &mut piece);
        if before.to_le_bytes() != said {
            return Err(SnapshotError::Broken);
        }
        if length == 0 {
            return Ok(bytes);
        }
        bytes.extend_from_slice(piece.get(..length).unwrap_or_default());
    }
}

fn read_whole(from: &mut impl Read, into: &mut [u8]) -> Result<(), SnapshotError> {
    from.read_exact(into).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => SnapshotError::Broken,
        _ => SnapshotError::Io(error),
    })
}
