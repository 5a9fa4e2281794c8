//! Tables of `docs/conformance/`: cases with what is expected and what happens in, the page compared. Tests only.

use std::{fmt::Write, fs, path::Path};

/// A case: its id in the catalogue, what is done, what is expected, what happens.
pub(crate) struct Row {
    pub(crate) id: &'static str,
    pub(crate) case: String,
    pub(crate) expected: String,
    pub(crate) actual: String,
}

/// Compares the page of an area with what the tests see. The page as it should be goes to `target/conformance/`.
///
/// # Panics
/// When they differ.
pub(crate) fn compare(area: &str, introduction: &str, rows: &[Row]) {
    let mut page =
        format!("{introduction}\n\n| id | case | expected | actual | verdict |\n|---|---|---|---|---|\n");
    for Row { id, case, expected, actual } in rows {
        let verdict = if expected == actual { "as expected" } else { "differs" };
        writeln!(page, "| {id} | {case} | {expected} | {actual} | {verdict} |").expect("a text takes all");
    }
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let kept = fs::read_to_string(root.join(format!("docs/conformance/{area}.md"))).unwrap_or_default();
    if kept != page {
        let fresh = root.join("target/conformance");
        fs::create_dir_all(&fresh).expect("target can be written");
        fs::write(fresh.join(format!("{area}.md")), &page).expect("target can be written");
        panic!(
            "docs/conformance/{area}.md is not what the tests see; target/conformance/{area}.md is:\n{page}"
        );
    }
}
