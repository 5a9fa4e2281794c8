//! The source tree as data for the tests that keep it in order: tracked files, their lines, their functions.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::binary::workspace;

/// Every file that belongs to the project, relative to its root, sorted: tracked, or new and not ignored.
///
/// # Panics
/// When git cannot be asked.
#[must_use]
pub fn files() -> Vec<PathBuf> {
    let mut git = Command::new("git");
    git.args(["-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard"]);
    let output = git.current_dir(workspace()).output().expect("git starts");
    assert!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).expect("names are UTF-8");
    let sorted: BTreeSet<PathBuf> = names.lines().map(PathBuf::from).collect();
    sorted.into_iter().filter(|name| workspace().join(name).is_file()).collect()
}

/// The project's files with this ending.
#[must_use]
pub fn ending(extension: &str) -> Vec<PathBuf> {
    files().into_iter().filter(|name| name.extension().is_some_and(|found| found == extension)).collect()
}

/// A file's text; what is not UTF-8 is replaced.
///
/// # Panics
/// When the file vanished meanwhile.
#[must_use]
pub fn text(name: &Path) -> String {
    let bytes = fs::read(workspace().join(name)).expect("a listed file is there");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The part of a Rust file before its unit tests.
#[must_use]
pub fn without_tests(source: &str) -> &str {
    let marks = ["\n#[cfg(test)]\nmod tests {", "\n#[cfg(test)]\nmod tests;"];
    let end = marks.iter().filter_map(|mark| source.find(mark)).min();
    end.and_then(|end| source.get(..end)).unwrap_or(source)
}

/// A function as the formatter lays it out: its name, its first line (from 1) and how many lines it has.
pub struct Function {
    /// Its name.
    pub name: String,
    /// Line of its `fn`.
    pub line: usize,
    /// Lines from `fn` to the closing brace, both included.
    pub lines: usize,
}

/// The functions of a formatted Rust file. The closing brace stands at the indentation of the `fn`.
#[must_use]
pub fn functions(source: &str) -> Vec<Function> {
    let lines: Vec<&str> = source.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let indent = line.len() - line.trim_start().len();
        let closing = format!("{}}}", " ".repeat(indent));
        let one_line = line.trim_end().ends_with('}') || line.trim_end().ends_with(';');
        let end = if one_line {
            Some(start)
        } else {
            lines.iter().enumerate().skip(start).find(|(_, text)| **text == closing).map(|(end, _)| end)
        };
        let Some(end) = end else { continue };
        found.push(Function { name, line: start + 1, lines: end - start + 1 });
    }
    found
}

fn function_name(line: &str) -> Option<String> {
    let mut words = line.split_whitespace().peekable();
    while words.peek().is_some_and(|word| {
        word.starts_with("pub")
            || ["const", "async", "unsafe", "extern", "\"C\"", "crate)", "super)"].contains(word)
    }) {
        words.next();
    }
    if words.next()? != "fn" {
        return None;
    }
    let rest = words.next()?;
    Some(rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect())
}
