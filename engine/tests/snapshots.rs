//! Snapshots: what was learnt survives a restart unchanged, and nothing else is ever taken for a snapshot.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use engine::{Engine, EngineConfig, Judgement, SnapshotError};
use model::{ApiCall, CallId, Mode, Pseudonyms, Timestamp};
use proptest::prelude::*;
use support::{Build, call, mixed, names, token};

fn config() -> EngineConfig {
    EngineConfig { mode: Mode::Enforce, memory_bytes: 24 << 20, ..EngineConfig::default() }
}

fn play(engine: &mut Engine, calls: &[ApiCall]) -> Vec<String> {
    let mut said = Vec::new();
    calls.iter().for_each(|call| engine.observe(call, &mut said));
    let line = |said: &Judgement| match said {
        Judgement::Finding(finding) => serde_json::to_string(finding).unwrap(),
        Judgement::Verdict(verdict) => serde_json::to_string(verdict).unwrap(),
    };
    said.iter().map(line).collect()
}

fn bytes_of(engine: &Engine) -> Vec<u8> {
    let mut bytes = Vec::new();
    engine.snapshot(&mut bytes).unwrap();
    bytes
}

fn restored(bytes: &[u8]) -> Result<Engine, SnapshotError> {
    Engine::restore(config(), names(), &mut &bytes[..])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn a_restart_in_the_middle_changes_nothing(seed in any::<u64>(), cut in 0_usize..3_000) {
        let calls = mixed(seed, 3_000);
        let (mut whole, mut first) = (Engine::new(config(), names()), Engine::new(config(), names()));
        let expected = play(&mut whole, &calls);
        let mut said = play(&mut first, &calls[..cut]);
        let bytes = bytes_of(&first);
        let mut second = restored(&bytes).unwrap();
        prop_assert_eq!(bytes, bytes_of(&second));
        said.extend(play(&mut second, &calls[cut..]));
        prop_assert!(said.len() > 20);
        prop_assert_eq!(said, expected);
        prop_assert_eq!(bytes_of(&second), bytes_of(&whole));
    }

    #[test]
    fn other_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300), keep in 0_usize..40) {
        let mut engine = Engine::new(config(), names());
        play(&mut engine, &mixed(1, 5));
        let mut forged = bytes_of(&engine)[..keep].to_vec();
        forged.extend(bytes);
        prop_assert!(restored(&forged).is_err());
    }
}

#[test]
fn a_changed_cut_or_foreign_snapshot_is_refused() {
    let mut engine = Engine::new(config(), names());
    play(&mut engine, &mixed(1, 2_000));
    let bytes = bytes_of(&engine);
    let step = bytes.len() / 300;
    for at in (0..bytes.len()).step_by(step) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        assert!(restored(&changed).is_err(), "changed at {at}");
        assert!(restored(&bytes[..at]).is_err(), "cut at {at}");
    }
    let foreign = Engine::restore(config(), Pseudonyms::new([8; 16]), &mut &bytes[..]);
    assert!(matches!(foreign, Err(SnapshotError::Broken)));
    assert!(matches!(restored(b"").err(), Some(SnapshotError::NotASnapshot)));
}

#[test]
fn a_smaller_memory_keeps_what_fits() {
    let mut engine = Engine::new(EngineConfig { memory_bytes: 64 << 20, ..config() }, names());
    let crowd: Vec<_> = (0..9_000_u64)
        .map(|n| {
            let mut call = call("GET", "/api/profile", 200).by(&token(&format!("t{n}")));
            (call.id, call.ended_at) = (CallId(n), Timestamp::from_parts(1_770_000_000, 0));
            call
        })
        .collect();
    play(&mut engine, &crowd);
    let small = EngineConfig { memory_bytes: 4 << 20, ..config() };
    let mut restored = Engine::restore(small, names(), &mut &bytes_of(&engine)[..]).unwrap();
    assert!(restored.summary().principals < engine.summary().principals);
    assert!(!play(&mut restored, &mixed(3, 2_000)).is_empty());
}
