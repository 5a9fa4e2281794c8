//! Bad input and bad surroundings at the start: one clear line each, the right exit code, and everything that could be read
//! was used.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tests::{
    binary,
    scene::{Scene, customers},
    wire::pcap,
};

/// The user and group that may do nothing.
const NOBODY: u32 = 65_534;

struct Folder(tempfile::TempDir);

impl Folder {
    /// A folder that everybody may look into.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("temporary directory");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("ours");
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        fs::write(self.path(name), bytes).expect("writable");
        self.path(name).display().to_string()
    }

    /// Settings with this state directory and SOC log.
    fn settings(&self, name: &str, state: &Path, log: &Path) -> String {
        self.write(name, format!("[state]\ndirectory = {state:?}\n[soclog]\npath = {log:?}\n"))
    }
}

/// Runs it as nobody, with the right to capture or without.
fn as_nobody(folder: &Folder, may_capture: bool, arguments: &[&str]) -> Output {
    let copy = folder.path("sidewatch");
    if !copy.exists() {
        fs::copy(binary::sidewatch(), &copy).expect("writable");
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    if may_capture {
        command.args(["--inh-caps=+net_raw", "--ambient-caps=+net_raw"]);
    }
    command.arg(copy).args(arguments).current_dir("/").output().expect("setpriv starts")
}

/// One line on standard error that says all of `said`, and this exit code.
fn assert_refused(output: &Output, exit: i32, said: &[&str]) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(exit), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(errors.starts_with("sidewatch: error: ") && errors.contains("; "), "no remedy: {errors}");
    for what in said {
        assert!(errors.contains(what), "{what:?} is not said: {errors}");
    }
}

fn capture() -> Vec<u8> {
    let mut scene = Scene::default();
    scene.ordinary_day(&customers(5), 2);
    pcap(&scene.wire.frames)
}

/// Bytes of the first `frames` records of a capture, with its header.
fn records(capture: &[u8], frames: usize) -> usize {
    (0..frames).fold(24, |at, _| {
        let length = capture[at + 8..at + 12].try_into().expect("four bytes");
        at + 16 + u32::from_le_bytes(length) as usize
    })
}

#[test]
fn a_truncated_capture_is_used_up_to_its_last_whole_frame() {
    let folder = Folder::new();
    let whole = capture();
    for (frames, more) in [(0, 7), (1, 15), (40, 1), (41, 17), (90, 60)] {
        let end = records(&whole, frames);
        let cut = folder.write("cut.pcap", &whole[..end + more]);
        let clean = folder.write("clean.pcap", &whole[..end]);
        for command in ["decode", "replay"] {
            let list = |file: &str| {
                let calls = folder.path("calls").display().to_string();
                let output = match command {
                    "decode" => binary::run(&[command, "--log-level", "error", file]),
                    _ => binary::run(&[command, "-q", "--calls", &calls, file]),
                };
                let calls = fs::read(calls).unwrap_or_default();
                let calls = if command == "decode" { output.stdout.clone() } else { calls };
                (output, calls)
            };
            let ((broken, ours), (sound, theirs)) = (list(&cut), list(&clean));
            assert!(sound.status.success());
            assert_eq!(ours, theirs, "the calls of {frames} whole frames");
            let errors = String::from_utf8_lossy(&broken.stderr);
            let error = errors.lines().last().unwrap_or_default();
            assert_eq!(broken.status.code(), Some(65), "{errors}");
            assert!(error.contains(&format!("breaks off after {frames} whole frames")), "{errors}");
        }
    }
}

#[test]
fn a_broken_file_does_not_hide_the_next_one() {
    let folder = Folder::new();
    let whole = capture();
    let half = records(&whole, 60);
    let first = folder.write("first.pcap", &whole[..half + 9]);
    let second = folder.write("second.pcap", [&whole[..24], &whole[half..]].concat());
    let both = folder.write("both.pcap", &whole);
    let joined = binary::run(&["decode", &first, &second]);
    assert_eq!(joined.status.code(), Some(65));
    assert_eq!(joined.stdout, binary::run(&["decode", &both]).stdout);
}

#[test]
fn what_is_no_capture_is_refused() {
    let folder = Folder::new();
    let noise: Vec<u8> =
        (0..4_096_u32).map(|n| u8::try_from(n.wrapping_mul(2_654_435_761) >> 24).unwrap_or(0)).collect();
    let gzip = [&[0x1f, 0x8b, 8, 0][..], &noise].concat();
    let folder_path = folder.path("").display().to_string();
    let files = [
        folder.write("empty.pcap", ""),
        folder.write("short.pcap", [0x4d, 0x3c, 0xb2, 0xa1, 2, 0]),
        folder.write("words.pcap", "GET / HTTP/1.1\r\n\r\n"),
        folder.write("noise.pcap", &noise),
        folder.write("packed.pcap", &gzip),
        folder_path,
    ];
    for file in &files {
        assert_refused(&binary::run(&["replay", "-q", file]), 65, &[file, "expected pcap or pcapng"]);
    }
    let absent = folder.path("absent.pcap").display().to_string();
    assert_refused(&binary::run(&["replay", "-q", &absent]), 66, &[&absent, "No such file"]);
}

#[test]
fn what_is_no_key_log_is_refused() {
    let folder = Folder::new();
    let file = folder.write("in.pcap", capture());
    let refused = binary::run(&["decode", "--keys", "/dev/zero", &file]);
    assert_refused(&refused, 65, &["/dev/zero", "line 1 is longer than 4096 bytes", "SSLKEYLOGFILE"]);
    let words = folder.write("words", "no key\n# a remark\n\n");
    assert!(binary::run(&["decode", "--keys", &words, &file]).status.success());
}

#[test]
fn a_capture_of_lies_is_survived() {
    let folder = Folder::new();
    let mut lies = capture();
    let at = records(&lies, 10);
    // A record that claims to be 4 GiB long.
    lies[at + 8..at + 12].copy_from_slice(&u32::MAX.to_le_bytes());
    let file = folder.write("lies.pcap", &lies);
    assert_refused(&binary::run(&["replay", "-q", &file]), 65, &[&file]);
}

#[test]
fn settings_with_mistakes_start_nothing() {
    let folder = Folder::new();
    let config = folder.write("s.toml", "[capture]\nintrface = \"lo\"\n");
    let said = ["s.toml", "intrface", "did you mean `interface`"];
    assert_refused(&binary::run(&["run", "-i", "lo", "-c", &config]), 64, &said);
    let output = binary::run(&["run", "-i", "lo", "-f", "tcp prt 80"]);
    assert_refused_or_no_rights(&output, 64, &["tcp prt 80"]);
}

/// Without the right to capture, that is said instead.
fn assert_refused_or_no_rights(output: &Output, exit: i32, said: &[&str]) {
    if binary::is_root() {
        assert_refused(output, exit, said);
    } else {
        assert_refused(output, 77, &["CAP_NET_RAW"]);
    }
}

#[test]
fn an_interface_that_is_missing_is_named() {
    let output = binary::run(&["run", "-i", "nowhere0"]);
    assert_refused_or_no_rights(&output, 66, &["nowhere0", "`ip link`"]);
}

#[test]
fn places_that_can_not_be_written_are_named() {
    let folder = Folder::new();
    let (state, log) = (folder.path("state"), folder.path("no/soc.ndjson"));
    let config = folder.settings("log.toml", &state, &log);
    let output = binary::run(&["run", "-i", "lo", "-c", &config]);
    assert_refused_or_no_rights(&output, 73, &["no/soc.ndjson", "check that the folder exists"]);

    folder.write("file", "");
    let config = folder.settings("state.toml", &folder.path("file"), &folder.path("soc"));
    let output = binary::run(&["run", "-i", "lo", "-c", &config]);
    assert_refused_or_no_rights(&output, 73, &["file", "state.directory"]);

    fs::create_dir(folder.path("damaged")).expect("ours");
    folder.write("damaged/ledger.redb", [7; 9_000]);
    let config = folder.settings("ledger.toml", &folder.path("damaged"), &folder.path("soc"));
    let output = binary::run(&["run", "-i", "lo", "-c", &config]);
    assert_refused_or_no_rights(&output, 65, &["ledger.redb", "damaged", "move the file away"]);
    assert_refused(&binary::run(&["verdicts", "-c", &config]), 65, &["ledger.redb", "damaged"]);
}

#[test]
fn missing_rights_are_named() {
    if !binary::is_root() || !binary::has("setpriv") {
        tests::binary::skipped("needs root, and setpriv, to take rights away");
        return;
    }
    let folder = Folder::new();
    let run = |may_capture, config: &str| as_nobody(&folder, may_capture, &["run", "-i", "lo", "-c", config]);
    let ours = folder.path("ours");
    fs::create_dir(&ours).expect("ours");
    fs::set_permissions(&ours, fs::Permissions::from_mode(0o700)).expect("ours");
    let theirs = folder.path("theirs");
    fs::create_dir(&theirs).expect("ours");
    chown(&theirs, Some(NOBODY), Some(NOBODY)).expect("root");

    let config = folder.settings("capture.toml", &theirs, &theirs.join("soc"));
    assert_refused(&run(false, &config), 77, &["lo", "CAP_NET_RAW"]);
    let config = folder.settings("state.toml", &ours.join("state"), &theirs.join("soc"));
    assert_refused(&run(true, &config), 73, &["ours/state", "state.directory"]);
    assert_refused(&as_nobody(&folder, false, &["verdicts", "-c", &config]), 77, &["ours/state"]);
    let config = folder.settings("log.toml", &theirs, &ours.join("soc"));
    assert_refused(&run(true, &config), 73, &["ours/soc"]);

    folder.write("secret.pcap", capture());
    fs::set_permissions(folder.path("secret.pcap"), fs::Permissions::from_mode(0o600)).expect("ours");
    let file = folder.path("secret.pcap").display().to_string();
    assert_refused(&as_nobody(&folder, false, &["replay", "-q", &file]), 66, &[&file, "Permission denied"]);
    fs::write(folder.path("ours.toml"), "").expect("writable");
    fs::set_permissions(folder.path("ours.toml"), fs::Permissions::from_mode(0o600)).expect("ours");
    let config = folder.path("ours.toml").display().to_string();
    assert_refused(&as_nobody(&folder, false, &["check", "-c", &config]), 64, &[&config]);
}

#[test]
fn an_output_on_a_full_disk_ends_a_replay_with_one_line() {
    let folder = Folder::new();
    let file = folder.write("in.pcap", capture());
    for output in ["--calls", "--summary"] {
        let refused = binary::run(&["replay", "-q", &file, output, "/dev/full"]);
        assert_refused(&refused, 74, &["/dev/full", "check the disk"]);
    }
}
