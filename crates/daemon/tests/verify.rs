//! `verify` as an operator sees it: verdicts reached again from the capture, lines that were tampered with, chains.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use model::{Audit, Timestamp};
use serde_json::Value;
use soclog::{Entry, SocLog};

/// A capture of real clients with three that are to be blocked.
const CAPTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/quickstart/quickstart.pcap");

fn sidewatch(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidewatch"));
    command.current_dir(folder).args(["--log-level", "error"]).args(arguments).output().expect("runs")
}

/// Exit code with what was said on both outputs.
fn told(output: &Output) -> (Option<i32>, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

/// A folder with the verdicts of a replay.
fn replayed() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("folder");
    let output = sidewatch(folder.path(), &["replay", CAPTURE, "--quiet", "--verdicts", "v.ndjson"]);
    assert!(output.status.success(), "{:?}", told(&output));
    folder
}

#[test]
fn every_verdict_of_a_replay_is_reached_again() {
    let folder = replayed();
    let text = fs::read_to_string(folder.path().join("v.ndjson")).expect("written");
    let (code, said) = told(&sidewatch(folder.path(), &["verify", "v.ndjson", CAPTURE]));
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches("  reproduced\n").count(), text.lines().count(), "{said}");
}

#[test]
fn a_changed_verdict_and_other_settings_are_told_by_name() {
    let folder = replayed();
    let path = folder.path().join("v.ndjson");
    let text = fs::read_to_string(&path).expect("written");
    let mut first: Value = serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
    first["reason"] = "Because.".into();
    fs::write(folder.path().join("changed.ndjson"), format!("{first}\n")).expect("writes");
    let (code, said) = told(&sidewatch(folder.path(), &["verify", "changed.ndjson", CAPTURE]));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("reproduced, but for\n    reason: the line says \"Because.\"; here "), "{said}");

    first["id"] = "00000000000000000000000000000001".into();
    first["at"] = "2026-11-23T03:00:00.000000000Z".into();
    fs::write(folder.path().join("made-up.ndjson"), format!("{first}\n")).expect("writes");
    let (code, said) = told(&sidewatch(folder.path(), &["verify", "made-up.ndjson", CAPTURE, "--json"]));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(r#""reproduced":false"#), "{said}");

    fs::write(folder.path().join("s.toml"), "[detectors]\nlogin = \"off\"\nforeign_owner = \"off\"\n")
        .expect("writes");
    let (code, said) = told(&sidewatch(folder.path(), &["-c", "s.toml", "verify", "v.ndjson", CAPTURE]));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("    settings: the line says "), "{said}");
}

#[test]
fn a_chain_shows_what_was_done_to_it_across_rotation_and_restart() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("soc.ndjson");
    let write = |log: &mut SocLog, act: &str| {
        let (actor, target, detail) = ("operator:1".into(), String::new(), String::new());
        log.append(Entry::Audit(&Audit { at: Timestamp::ZERO, actor, act: act.into(), target, detail }));
    };
    let mut log = SocLog::open(&path).expect("opens");
    ["a", "b", "c"].iter().for_each(|act| write(&mut log, act));
    fs::rename(&path, folder.path().join("soc.1")).expect("renames");
    log.reopen().expect("reopens");
    ["d", "e"].iter().for_each(|act| write(&mut log, act));
    drop(log);
    let mut log = SocLog::open(&path).expect("opens again");
    ["f", "g"].iter().for_each(|act| write(&mut log, act));
    drop(log);
    let check = |files: &[&str]| told(&sidewatch(folder.path(), &[&["verify", "--chain"], files].concat()));
    let (code, said) = check(&["soc.1", "soc.ndjson"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("7 lines of the chain, numbers 0 to 6; 0 torn"), "{said}");

    let text = fs::read_to_string(&path).expect("there");
    let lines: Vec<&str> = text.lines().collect();
    let tampered = |name: &str, lines: &[&str]| {
        fs::write(folder.path().join(name), lines.join("\n") + "\n").expect("writes");
        fs::copy(folder.path().join("soc.ndjson.chain"), folder.path().join(format!("{name}.chain")))
            .expect("copies");
    };
    let changed = lines[1].replace(r#""act":"e""#, r#""act":"x""#);
    for (name, with, said) in [
        ("changed", vec![lines[0], &changed, lines[2], lines[3]], "changed: line 4 (changed line 2)"),
        ("removed", vec![lines[0], lines[2], lines[3]], "removed: line 4 (removed line 2)"),
        ("moved", vec![lines[0], lines[2], lines[1], lines[3]], "moved: line 4 (moved line 3)"),
        ("cut", vec![lines[0], lines[1], lines[2]], "removed: line 6 (the end)"),
    ] {
        tampered(name, &with);
        let (code, told) = check(&["soc.1", name]);
        assert_eq!(code, Some(1), "{name}: {told}");
        assert!(told.contains(said), "{name}: {told}");
    }
}

#[test]
fn mistakes_are_one_clear_line() {
    let folder = replayed();
    fs::write(folder.path().join("other.key"), "00112233445566778899aabbccddeeff\n").expect("writes");
    fs::write(
        folder.path().join("k.toml"),
        "[identity]\nkey_file = \"other.key\"\n[state]\ndirectory = \"none\"\n",
    )
    .expect("writes");
    fs::write(folder.path().join("empty"), "").expect("writes");
    let cases: &[(&[&str], i32, &str)] = &[
        (&["verify", "v.ndjson"], 64, "no capture"),
        (&["verify", "empty", CAPTURE], 65, "no verdict to verify"),
        (&["verify", "none", CAPTURE], 66, "none"),
        (&["verify", "--id", "ffffffff", "v.ndjson", CAPTURE], 65, "no verdict to verify"),
        (&["-c", "k.toml", "verify", "v.ndjson", CAPTURE], 64, "another key"),
        (&["verify", "--learning", "empty", "v.ndjson", CAPTURE], 64, "nothing learnt before"),
        (&["verify", "--chain", "v.ndjson"], 65, "no line of a chain"),
    ];
    for (arguments, exit, said) in cases {
        let output = sidewatch(folder.path(), arguments);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            (output.status.code(), errors.lines().count()),
            (Some(*exit), 1),
            "{arguments:?}: {errors}"
        );
        assert!(errors.contains(said), "{arguments:?}: {errors}");
    }
}
