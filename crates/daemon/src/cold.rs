//! Rows in the cold on disk: what the engine has no room for in, the store's files out. They stand as they stood when the
//! last snapshot was written, or are not taken up. Without a disk they are kept in memory; nothing stops for them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::ColdStore;
use soclog::LearningRef;
use store::{ColdLimits, ColdRows, Left};

use crate::{parts, settings::Settings};

/// Most bytes of memory that a row's entry takes, while the index grows.
const ENTRY_BYTES: usize = 26;

/// The rows, shared by the engine that puts and takes them and the learning that marks them.
#[derive(Clone)]
pub(crate) struct Cold(Arc<Mutex<ColdRows>>);

impl Cold {
    /// The rows in the state directory as they stood when this snapshot was written. `None` when there is to be no file, or
    /// can be none.
    pub(crate) fn open(settings: &Settings, snapshot: Option<&LearningRef>) -> Option<Self> {
        if settings.state.cold_mib == 0 {
            return None;
        }
        let folder = settings.state_directory();
        let mark = snapshot.and_then(|snapshot| mark_of(&snapshot.id));
        let (rows, left) = match ColdRows::open(&folder, limits(settings), mark) {
            Ok(opened) => opened,
            Err(error) => {
                tracing::error!(
                    folder = %folder.display(), %error,
                    "cold_in_memory: rows that have no room are kept in memory only, and fewer of them; check that state.directory is writable, or set state.cold_mib = 0"
                );
                return None;
            }
        };
        match left {
            Left::Nothing => {}
            Left::Rows => tracing::info!(rows = rows.len(), bytes = rows.bytes(), "cold_resumed"),
            Left::Others => tracing::warn!(
                folder = %folder.display(),
                "cold_removed: the rows there are not of the snapshot that was taken up; their callers are learnt anew"
            ),
            Left::Damaged { kept_as, at } => tracing::error!(
                kept_as = %kept_as.display(), at,
                "cold_refused: rows are damaged and not taken up; their callers are learnt anew; delete the kept files"
            ),
        }
        Some(Self(Arc::new(Mutex::new(rows))))
    }

    /// Writes the rows down as they belong to a snapshot. A failure loses them at the next start, nothing else.
    pub(crate) fn mark(&self, snapshot: &str) {
        let Some(mark) = mark_of(snapshot) else { return };
        if let Err(error) = self.rows().mark(mark) {
            tracing::error!(%error, "cold_not_marked: a restart loses the rows in the cold; free disk space");
        }
    }

    fn rows(&self) -> MutexGuard<'_, ColdRows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ColdStore for Cold {
    fn put(&mut self, key: u128, row: &[u8]) -> u64 {
        let mut rows = self.rows();
        rows.put(key, row);
        tell(&mut rows);
        rows.take_forgotten()
    }

    fn take(&mut self, key: u128) -> Option<Vec<u8>> {
        let mut rows = self.rows();
        let row = rows.take(key);
        tell(&mut rows);
        row
    }
}

fn tell(rows: &mut ColdRows) {
    if let Some(error) = rows.take_trouble() {
        tracing::error!(
            %error,
            "cold_not_written: rows that have no room are forgotten and counted as cold_forgotten until the disk takes them again; free disk space"
        );
    }
}

/// As many bytes as are set, and as many rows as can be found in the memory that is for rows in the cold.
fn limits(settings: &Settings) -> ColdLimits {
    let entries = (parts::cold_bytes(settings) / ENTRY_BYTES).max(1);
    // The index has a power of two of places, of which seven eighths may be taken.
    ColdLimits { bytes_max: settings.state.cold_mib << 20, rows_max: (1 << entries.ilog2()) / 8 * 7 }
}

/// A snapshot's name as a number.
fn mark_of(id: &str) -> Option<u128> {
    u64::from_str_radix(id, 16).ok().map(u128::from)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use engine::{Engine, Judgement};
    use model::{ApiCall, Loss, Pseudonyms};
    use sim::{Events, SimConfig, Simulation};

    use super::*;
    use crate::learning::Learning;

    fn names() -> Pseudonyms {
        Pseudonyms::new([1; 16])
    }

    /// An engine with room for far fewer rows than callers.
    fn settings(state: &Path) -> Settings {
        let mut settings = Settings::default();
        settings.state.directory = Some(state.to_owned());
        settings.state.cold_mib = 16;
        settings.limits.memory_mib = 8;
        settings
    }

    fn calls() -> Vec<ApiCall> {
        let config = SimConfig { principals: 2_500, days: 2, events: Events::None, ..SimConfig::default() };
        let world = Simulation::new(config, names()).expect("a world");
        world.map(|(call, _)| call).collect()
    }

    fn play(engine: &mut Engine, calls: &[ApiCall]) -> Vec<Judgement> {
        let mut said = Vec::new();
        engine.observe_batch(calls, &mut said);
        said
    }

    fn bytes(engine: &Engine) -> Vec<u8> {
        let mut bytes = Vec::new();
        engine.snapshot(&mut bytes).expect("written");
        bytes
    }

    #[test]
    fn a_restart_in_the_middle_changes_nothing_even_after_a_crash() {
        let calls = calls();
        let (before, after) = calls.split_at(calls.len() / 2);
        let (whole, cut) =
            (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("one more"));
        let (mut learning, mut engine) = Learning::open(&settings(whole.path()), &names());
        play(&mut engine, before);
        learning.keep(&engine).expect("kept");
        let expected = play(&mut engine, after);
        assert!(engine.losses().of(Loss::PrincipalEvicted) > 1_000, "{:?}", engine.losses());
        let settings = settings(cut.path());
        {
            let (mut learning, mut engine) = Learning::open(&settings, &names());
            play(&mut engine, before);
            learning.keep(&engine).expect("kept");
            // What comes now is lost: rows go out and come back that the snapshot does not know of.
            play(&mut engine, &after[..after.len() / 2]);
        }
        let (_, mut again) = Learning::open(&settings, &names());
        assert!(play(&mut again, after) == expected);
        assert!(bytes(&again) == bytes(&engine));
    }

    #[test]
    fn rows_of_another_learning_are_not_taken_up() {
        let state = tempfile::tempdir().expect("a directory");
        let settings = settings(state.path());
        let mut cold = Cold::open(&settings, None).expect("a file");
        cold.put(1, b"row");
        cold.mark("00000000000000aa");
        let other = LearningRef { id: "00000000000000bb".into(), at: model::Timestamp::ZERO };
        let mut cold = Cold::open(&settings, Some(&other)).expect("a file");
        assert_eq!(cold.take(1), None);
    }

    #[test]
    fn without_a_file_there_is_memory() {
        let state = tempfile::tempdir().expect("a directory");
        let mut settings = settings(state.path());
        // A file where the folder should be.
        settings.state.directory = Some(state.path().join("file"));
        fs::write(state.path().join("file"), b"").expect("written");
        assert!(Cold::open(&settings, None).is_none());
        settings.state.cold_mib = 0;
        settings.state.directory = Some(state.path().to_owned());
        let (_, engine) = Learning::open(&settings, &names());
        drop(engine);
        assert_eq!(fs::read_dir(state.path()).expect("a folder").count(), 1);
    }
}
