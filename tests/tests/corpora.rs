//! The inputs that fuzzing kept, once more through every entry; and no entry without a target.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

/// Targets of the daemon, which is no library; it replays their inputs itself.
const DAEMONS: [&str; 1] = ["settings"];

fn entries() -> impl Iterator<Item = (&'static str, fn(&[u8]))> {
    let all = [
        connect::fuzzing::ENTRIES,
        intake::fuzzing::ENTRIES,
        model::fuzzing::ENTRIES,
        sensor::fuzzing::ENTRIES,
        store::fuzzing::ENTRIES,
    ];
    all.into_iter().flatten().copied()
}

#[test]
fn every_kept_input_keeps_its_promise() {
    let mut replayed = 0_usize;
    for (name, entry) in entries() {
        let Ok(text) = fs::read_to_string(folder().join(format!("corpus/{name}.txt"))) else { continue };
        for line in text.lines() {
            entry(&STANDARD.decode(line).expect("base64"));
            replayed += 1;
        }
    }
    assert!(replayed > 100, "{replayed} inputs");
    println!("{replayed} inputs replayed");
}

#[test]
fn every_entry_has_a_target_and_a_corpus() {
    let files = |under: &str| -> BTreeSet<String> {
        fs::read_dir(folder().join(under))
            .expect("the folder")
            .map(|file| {
                file.expect("a file").path().file_stem().expect("a name").to_string_lossy().into_owned()
            })
            .collect()
    };
    let entries: BTreeSet<String> =
        entries().map(|(name, _)| name).chain(DAEMONS).map(str::to_owned).collect();
    assert_eq!(entries, files("fuzz_targets"));
    assert_eq!(entries, files("corpus"));
    let manual = fs::read_to_string(folder().join("README.md")).expect("the manual");
    let missing: Vec<_> = entries.iter().filter(|name| !manual.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "fuzz/README.md does not name {missing:?}");
}

#[test]
fn the_ledger_adds_up_and_no_finding_is_open() {
    let text = fs::read_to_string(folder().join("ledger.tsv")).expect("the ledger");
    let (mut runs, mut last) = (0_u64, BTreeMap::new());
    for line in text.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        assert_eq!(columns.len(), 7, "{line}");
        runs += columns[3].parse::<u64>().expect("a number");
        last.insert(columns[2], columns[6]);
    }
    let open: Vec<_> = last.iter().filter(|(_, findings)| **findings != "0").collect();
    assert!(open.is_empty(), "the last runs of these targets found something: {open:?}");
    println!("{runs} executions in the ledger");
}
