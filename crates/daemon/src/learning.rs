//! What the engine has learnt, on disk: a snapshot every few minutes and at the end, taken up at the start. Never half a
//! file: it is written beside and renamed. One that is damaged is kept aside, and learning begins anew.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use engine::{Engine, SnapshotError};
use model::{Pseudonyms, Timestamp};
use soclog::LearningRef;

use crate::{
    clock::Stopwatch,
    cold::Cold,
    fault::{Exit, Fault},
    parts,
    settings::Settings,
};

/// Bytes written to the file at a time.
const BUFFER_BYTES: usize = 1 << 20;

/// Where learning is kept, and since when it was not.
pub(crate) struct Learning {
    path: PathBuf,
    every: Duration,
    since: Stopwatch,
    /// What was taken up at the start, and by the host's clock when it had been written.
    taken_up: Option<LearningRef>,
    /// Snapshots kept beside the last one.
    besides: usize,
    kept_at: Timestamp,
    /// Rows in the cold on disk, which belong to the snapshot.
    cold: Option<Cold>,
}

impl Learning {
    /// The engine that the last run has left behind, or a fresh one.
    pub(crate) fn open(settings: &Settings, names: &Pseudonyms) -> (Self, Engine) {
        let path = settings.learning_path();
        let every = Duration::from_secs(settings.state.learning_every_s);
        let engine = match restore(&path, settings, names) {
            Ok(Some(engine)) => {
                let summary = engine.summary();
                tracing::info!(calls = summary.calls, principals = summary.principals, "learning_resumed");
                engine
            }
            Ok(None) => Engine::new(parts::engine(settings), names.clone()),
            Err(error) => {
                let aside = path.with_extension("refused");
                let kept = fs::rename(&path, &aside).is_ok();
                tracing::error!(
                    path = %path.display(), %error, kept_as = %aside.display(), kept,
                    "learning_refused: the engine starts with nothing learnt; delete the kept file, or restore the key or version that wrote it"
                );
                Engine::new(parts::engine(settings), names.clone())
            }
        };
        let besides = usize::try_from(settings.state.snapshots_kept).unwrap_or(usize::MAX);
        let kept_at = if engine.now() > Timestamp::ZERO { written_at(&path) } else { Timestamp::ZERO };
        let taken_up = (engine.now() > Timestamp::ZERO).then(|| named(&path, &engine)).flatten();
        let cold = Cold::open(settings, taken_up.as_ref());
        let engine = match &cold {
            Some(cold) => engine.with_cold(Box::new(cold.clone())),
            None => engine.with_cold(parts::cold(settings)),
        };
        (Self { path, every, since: Stopwatch::start(), taken_up, besides, kept_at, cold }, engine)
    }

    /// The snapshot that was taken up at the start.
    pub(crate) fn snapshot(&self) -> Option<&LearningRef> {
        self.taken_up.as_ref()
    }

    /// When that was written, by the host's clock; zero when nothing was taken up.
    pub(crate) fn kept_at(&self) -> Timestamp {
        self.kept_at
    }

    /// Writes a snapshot if the last one is old enough, and names it.
    pub(crate) fn keep_if_due(&mut self, engine: &Engine) -> Option<LearningRef> {
        (self.since.elapsed() >= self.every).then(|| self.keep(engine)).flatten()
    }

    /// Writes a snapshot. A failure loses what was learnt since the last one, nothing else.
    pub(crate) fn keep(&mut self, engine: &Engine) -> Option<LearningRef> {
        self.since = Stopwatch::start();
        match write(&self.path, engine, self.cold.as_ref()) {
            Ok(()) => {
                let took_ms = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
                tracing::debug!(took_ms, "learning_kept");
                let named = named(&self.path, engine)?;
                if self.besides > 0
                    && let Err(error) = keep_beside(&self.path, &named.id, self.besides)
                {
                    tracing::warn!(%error, "snapshot_not_kept: verdicts reached from it can not be verified");
                }
                Some(named)
            }
            Err(error) => {
                let path = self.path.display();
                tracing::error!(%path, %error, "learning_not_kept: a restart loses what was learnt since; free disk space");
                None
            }
        }
    }
}

/// The name of a snapshot that was just written or read.
fn named(path: &Path, engine: &Engine) -> Option<LearningRef> {
    let id = File::open(path).and_then(|mut file| seal(&mut file)).ok()?;
    Some(LearningRef { id, at: engine.now() })
}

/// When a file was written last; zero when nobody can say.
fn written_at(path: &Path) -> Timestamp {
    let changed = fs::metadata(path).and_then(|found| found.modified());
    let since = changed.ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    Timestamp::from_nanos(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

/// Where a snapshot is kept beside the last one.
fn beside(path: &Path, id: &str) -> PathBuf {
    path.with_file_name(format!("learning-{id}.snapshot"))
}

/// Gives the last snapshot a second name, and removes the oldest of those with one past `most`.
fn keep_beside(path: &Path, id: &str, most: usize) -> io::Result<()> {
    match fs::hard_link(path, beside(path, id)) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let mut kept = Vec::new();
    for entry in fs::read_dir(path.parent().unwrap_or(Path::new(".")))? {
        let entry = entry?;
        let name = entry.file_name();
        let is_ours =
            name.to_str().is_some_and(|name| name.starts_with("learning-") && name.ends_with(".snapshot"));
        if is_ours {
            kept.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    kept.sort();
    let surplus = kept.len().saturating_sub(most);
    kept.iter().take(surplus).try_for_each(|(_, path)| fs::remove_file(path))
}

/// The snapshot of this name in the state directory.
pub(crate) fn find(settings: &Settings, id: &str) -> Option<PathBuf> {
    let last = settings.learning_path();
    let is_meant =
        |path: &PathBuf| File::open(path).and_then(|mut file| seal(&mut file)).is_ok_and(|seal| seal == id);
    [beside(&last, id), last].into_iter().find(is_meant)
}

/// The seal at the end of a snapshot: it depends on every byte and on the key.
pub(crate) fn seal(file: &mut File) -> io::Result<String> {
    let mut seal = [0_u8; 8];
    file.seek(SeekFrom::End(-8))?;
    file.read_exact(&mut seal)?;
    Ok(seal.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The engine as the last run has left it; `None` when there was none.
pub(crate) fn last(settings: &Settings, names: &Pseudonyms) -> Result<Option<Engine>, Fault> {
    let path = settings.learning_path();
    restore(&path, settings, names).map_err(|error| {
        let remedy = "it is read by the version and with the key that wrote it";
        Fault::new(Exit::Data, format!("can not use {}: {error}; {remedy}", path.display()))
    })
}

fn restore(path: &Path, settings: &Settings, names: &Pseudonyms) -> Result<Option<Engine>, SnapshotError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut from = BufReader::with_capacity(BUFFER_BYTES, file);
    Engine::restore(parts::engine(settings), names.clone(), &mut from).map(Some)
}

/// Writes beside the last snapshot, then the rows in the cold that belong to it, and then takes the last one's place: whichever
/// of both a start finds, its rows are there.
fn write(path: &Path, engine: &Engine, cold: Option<&Cold>) -> Result<(), SnapshotError> {
    let beside = path.with_extension("new");
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    let mut to = BufWriter::with_capacity(BUFFER_BYTES, file);
    engine.snapshot(&mut to)?;
    to.flush()?;
    to.get_ref().sync_all()?;
    if let Some(cold) = cold {
        cold.mark(&seal(&mut File::open(&beside)?)?);
    }
    fs::rename(&beside, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(state: &Path) -> Settings {
        let mut settings = Settings::default();
        settings.state.directory = Some(state.to_owned());
        settings
    }

    #[test]
    fn what_was_learnt_is_taken_up_again() {
        let state = tempfile::tempdir().expect("a directory");
        let (settings, names) = (settings(state.path()), Pseudonyms::new([1; 16]));
        let (mut learning, engine) = Learning::open(&settings, &names);
        learning.besides = 1;
        let named = learning.keep(&engine).expect("kept");
        assert!(find(&settings, &named.id).is_some_and(|path| path == beside(&learning.path, &named.id)));
        assert!(restore(&settings.learning_path(), &settings, &names).expect("whole").is_some());
    }

    #[test]
    fn a_damaged_file_is_kept_aside() {
        let state = tempfile::tempdir().expect("a directory");
        let (settings, names) = (settings(state.path()), Pseudonyms::new([1; 16]));
        fs::write(settings.learning_path(), b"half a file").expect("written");
        let (_, engine) = Learning::open(&settings, &names);
        assert_eq!(engine.summary().calls, 0);
        assert!(!settings.learning_path().exists());
        assert!(settings.learning_path().with_extension("refused").exists());
    }
}
