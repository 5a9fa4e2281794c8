//! Every capture of other projects' test suites: our count of calls beside tshark's and the suite's own, with a reason
//! for each difference. The table is `docs/conformance/captures.md`.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use model::{ApiCall, Loss, Pseudonyms};
use sensor::{
    Sensor, SensorConfig,
    capture::{Capture, Step},
};
use tests::{binary::workspace, page::matches_page, suite};

const HEAD: &str = "# Captures\n\n\
    Captures from the test suites of Zeek, Arkime, DeepFlow, Wireshark and gopacket, each decoded as a whole. *tshark*: \
    requests that tshark 4.0 sees (HTTP/1 and HTTP/2). *suite*: requests that the suite itself expects (Zeek: rows of \
    http.log with a method; Arkime: distinct addresses in each session; DeepFlow: requests parsed). *ours*: calls, those \
    without an answer included; session keys that lie in a capture are used. A number that differs from ours has its \
    reason; *losses* are what the decoder counted by name.\n\n\
    | capture | tshark | suite | ours | reason | losses |\n|---|---|---|---|---|---|\n";

fn captures() -> PathBuf {
    workspace().join("../shared/data/pcap")
}

/// Calls with a request of their own.
fn requests(calls: &[ApiCall]) -> u64 {
    calls.iter().filter(|call| !call.continues()).count() as u64
}

/// The column of a table of tabs, by file.
fn column(name: &str, at: &[usize]) -> BTreeMap<String, u64> {
    let text = fs::read_to_string(captures().join(name)).expect("the table");
    let cell = |row: &str, at: usize| row.split('\t').nth(at).and_then(|cell| cell.parse::<u64>().ok());
    let row = |row: &str| {
        let file = row.split('\t').next().unwrap_or_default().to_owned();
        (file, at.iter().filter_map(|at| cell(row, *at)).sum())
    };
    text.lines().skip(1).map(row).collect()
}

struct Decoded {
    calls: Vec<ApiCall>,
    losses: String,
}

fn decode(file: &Path) -> Result<Decoded, String> {
    let names = Pseudonyms::new([5; 16]);
    let mut sensor = Sensor::new(SensorConfig::default(), names);
    let mut calls = Vec::new();
    let mut capture = Capture::file(file).map_err(|error| error.to_string())?;
    let ended = loop {
        match capture.next() {
            Ok(Step::Frame(frame)) => sensor.push(frame, &mut calls),
            Ok(Step::Secrets(lines)) => sensor.learn_keys(lines),
            Ok(Step::Idle) => {}
            Ok(Step::End) => break None,
            Err(error) => break Some(error.to_string()),
        }
    };
    sensor.finish(&mut calls);
    let (counts, all) = (sensor.counts(), sensor.losses());
    assert_eq!(counts.frames, counts.frames_used + all.sum(model::LossUnit::Frames), "{}", file.display());
    assert!(counts.fates.is_balanced(), "{}: {:?}", file.display(), counts.fates);
    let telling = |loss: &(Loss, u64)| !matches!(loss.0, Loss::Duplicate | Loss::IdleFlow);
    let losses: Vec<_> =
        all.nonzero().filter(telling).map(|(loss, n)| format!("{} {n}", loss.name())).collect();
    let cut = ended.map(|_| "file cut".to_owned());
    Ok(Decoded { calls, losses: losses.into_iter().chain(cut).collect::<Vec<_>>().join(", ") })
}

/// The capture as a file that can be read, unpacked if it has to be.
fn unpacked(file: &str, folder: &Path) -> Option<PathBuf> {
    let path = captures().join(file);
    if Path::new(file).extension().is_none_or(|end| end != "gz") {
        return path.is_file().then_some(path);
    }
    let bytes = Command::new("gzip").arg("-dc").arg(&path).output().ok()?.stdout;
    let path = folder.join("unpacked.pcap");
    fs::write(&path, bytes).ok()?;
    Some(path)
}

fn reasons() -> BTreeMap<String, String> {
    let text = include_str!("../data/captures.tsv");
    let row = |line: &str| line.split_once('\t').map(|(file, why)| (file.to_owned(), why.to_owned()));
    text.lines().filter(|line| !line.starts_with('#')).filter_map(row).collect()
}

#[test]
fn every_capture_is_decoded_and_every_difference_has_its_reason() {
    if !captures().is_dir() {
        tests::binary::skipped(&format!("{} is not there", captures().display()));
        return;
    }
    let theirs = column("INDEX.tsv", &[3, 5]);
    let reasons = reasons();
    let folder = tempfile::tempdir().expect("a folder");
    let (mut page, mut wrong, mut same, mut unused) = (HEAD.to_owned(), Vec::new(), 0, reasons.clone());
    for (file, tshark) in &theirs {
        let Some(path) = unpacked(file, folder.path()) else { continue };
        let (ours, losses) = match decode(&path) {
            Ok(decoded) => (requests(&decoded.calls), decoded.losses),
            Err(error) => (0, error.split(": ").last().unwrap_or_default().to_owned()),
        };
        let reason = reasons.get(file).cloned().unwrap_or_default();
        let suite = suite::expected(&captures(), file);
        let (as_tshark, as_suite) = (ours == *tshark, suite.is_none_or(|suite| suite == ours));
        let differs = !as_tshark || !as_suite;
        if differs {
            unused.remove(file);
        }
        if differs && reason.is_empty() {
            wrong.push(format!("{file}\ttshark {tshark}, suite {suite:?}, ours {ours} ({losses})"));
        }
        same += u32::from(as_tshark);
        let suite = suite.map_or("-".to_owned(), |suite| suite.to_string());
        let losses = if differs { losses.as_str() } else { "" };
        let _ = writeln!(page, "| {file} | {tshark} | {suite} | {ours} | {reason} | {losses} |");
    }
    let _ = writeln!(page, "\n{same} of {} captures have the same count as with tshark.", theirs.len());
    assert!(wrong.is_empty(), "no reason for {} differences:\n{}", wrong.len(), wrong.join("\n"));
    assert!(unused.is_empty(), "reasons for captures that do not differ: {:?}", unused.keys());
    matches_page("docs/conformance/captures.md", &page);
}
