//! The `sidewatch` binary for tests that run it as a user would. Builds it with the profile of the tests if need be.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

/// The workspace's root.
#[must_use]
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// Path of the built binary. `SIDEWATCH_BIN` names another one.
///
/// # Panics
/// When it cannot be built: no test could go on.
#[must_use]
pub fn sidewatch() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| std::env::var_os("SIDEWATCH_BIN").map_or_else(built, PathBuf::from))
}

fn built() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let profile_dir = test.parent().and_then(Path::parent).expect("tests lie in <target>/<profile>/deps");
    let release = profile_dir.ends_with("release");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", "sidewatch-daemon", "--target-dir"]);
    cargo.arg(profile_dir.parent().expect("the target directory")).current_dir(workspace());
    cargo.args(["--profile", if release { "release" } else { "test" }]);
    assert!(cargo.status().expect("cargo starts").success(), "the sidewatch binary does not build");
    profile_dir.join("sidewatch")
}

/// Runs `sidewatch` with arguments to its end.
///
/// # Panics
/// When it cannot be started.
pub fn run(arguments: &[&str]) -> Output {
    Command::new(sidewatch()).args(arguments).output().expect("sidewatch starts")
}

/// Whether a program can be found; tests that need a missing one say so and skip.
#[must_use]
pub fn has(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
    found.is_ok_and(|output| output.status.success())
}

/// Whether we are root.
#[must_use]
pub fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Says that a test is skipped, and why, on the screen: what `println!` says in a test that passes is shown to nobody.
pub fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}
