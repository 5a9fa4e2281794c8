//! Rules that a person would otherwise have to repeat in every review.

use std::path::{Path, PathBuf};

use tests::tree::{ending, files, functions, text, without_tests};

/// Lines of a file without its unit tests.
const FILE_LINES_MAX: usize = 400;
/// Lines of a function.
const FUNCTION_LINES_MAX: usize = 70;

fn report(rule: &str, offences: &[String]) {
    assert!(offences.is_empty(), "{rule}:\n  {}", offences.join("\n  "));
}

fn is_test(name: &Path) -> bool {
    name.ends_with("tests.rs")
        || name.starts_with("tests")
        || name.components().any(|part| part.as_os_str() == "tests")
}

#[test]
fn files_are_short() {
    let mut offences = Vec::new();
    for name in ending("rs") {
        let lines = without_tests(&text(&name)).lines().count();
        if lines > FILE_LINES_MAX {
            offences.push(format!("{}: {lines} lines", name.display()));
        }
    }
    report("a file has at most 400 lines without its unit tests", &offences);
}

#[test]
fn functions_are_short() {
    let mut offences = Vec::new();
    for name in ending("rs").into_iter().filter(|name| !is_test(name)) {
        for function in functions(without_tests(&text(&name))) {
            if function.lines > FUNCTION_LINES_MAX {
                offences.push(format!(
                    "{}:{}: {} has {} lines",
                    name.display(),
                    function.line,
                    function.name,
                    function.lines
                ));
            }
        }
    }
    report("a function has at most 70 lines", &offences);
}

#[test]
fn nothing_is_left_for_later() {
    // Put together here, so that this file does not accuse itself.
    let banned = [
        ["TO", "DO"],
        ["FIX", "ME"],
        ["XX", "X:"],
        ["unimplemented", "!("],
        ["todo", "!("],
        ["#[ig", "nore"],
    ];
    let banned: Vec<String> = banned.iter().map(|parts| parts.concat()).collect();
    let mut offences = Vec::new();
    for name in ending("rs").into_iter().chain(ending("py")).chain(ending("sh")) {
        for (number, line) in text(&name).lines().enumerate() {
            if let Some(found) = banned.iter().find(|word| line.contains(word.as_str())) {
                offences.push(format!("{}:{}: {found}", name.display(), number + 1));
            }
        }
    }
    report("work is done or not begun", &offences);
}

#[test]
fn every_source_file_is_in_the_module_tree() {
    let sources = ending("rs");
    let mut offences = Vec::new();
    for name in &sources {
        let root = ["lib.rs", "main.rs", "build.rs"].iter().any(|root| name.ends_with(root));
        let above = name.parent().and_then(Path::file_name);
        let alone = ["tests", "benches", "examples", "bin", "fuzz_targets"]
            .iter()
            .any(|folder| above == Some(folder.as_ref()));
        if !root && !alone && !is_declared(name, &sources) {
            offences.push(name.display().to_string());
        }
    }
    report("these files are compiled by nobody", &offences);
}

/// Whether a file that could declare this module does.
fn is_declared(name: &Path, sources: &[PathBuf]) -> bool {
    let is_mod = name.ends_with("mod.rs");
    let folder = name.parent().unwrap_or(Path::new(""));
    let (module, home) =
        if is_mod { (folder.file_name(), folder.parent()) } else { (name.file_stem(), Some(folder)) };
    let (Some(module), Some(home)) = (module.and_then(|stem| stem.to_str()), home) else { return false };
    let declaration = format!("mod {module};");
    let by_name = |source: &Path| {
        text(source).lines().any(|line| {
            let line = line.trim();
            line.ends_with(&declaration) && !line.starts_with("//")
        })
    };
    let mut parents: Vec<PathBuf> =
        ["mod.rs", "lib.rs", "main.rs"].iter().map(|file| home.join(file)).collect();
    parents.push(home.with_extension("rs"));
    let in_test_folder = sources.iter().filter(|other| other.parent() == Some(home) && *other != name);
    parents.iter().filter(|parent| sources.contains(parent)).any(|parent| by_name(parent))
        || (is_test(name) && in_test_folder.into_iter().any(|other| by_name(other)))
}

#[test]
fn no_words_of_a_workplace() {
    let words = [["/wo", "rk/"], ["/ro", "ot/"], ["/tmp/", "target-"]];
    let words: Vec<String> = words.iter().map(|parts| parts.concat()).collect();
    let mut offences = Vec::new();
    for name in files() {
        let binary =
            ["pcap", "pcapng"].iter().any(|kind| name.extension().is_some_and(|found| found == *kind));
        if binary {
            continue;
        }
        for (number, line) in text(&name).lines().enumerate() {
            let lower = line.to_lowercase();
            if let Some(found) = words.iter().find(|word| lower.contains(word.as_str())) {
                offences.push(format!("{}:{}: {found}", name.display(), number + 1));
            }
        }
    }
    report("the project speaks of the software alone", &offences);
}

#[test]
fn every_module_says_what_it_is_for() {
    let mut offences = Vec::new();
    for name in ending("rs") {
        if !text(&name).starts_with("//!") && !text(&name).starts_with("#!") {
            offences.push(name.display().to_string());
        }
    }
    report("a file begins with its module comment", &offences);
}
