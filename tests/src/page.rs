//! Pages that tests write: what a page must say in, a failure that tells where the new text lies out.

use std::{fs, path::Path};

use crate::binary::workspace;

/// Compares a page of the project with what it should say. If it differs the new text is written below `target/`.
///
/// # Panics
/// If it differs.
#[expect(clippy::panic, reason = "part of the tests")]
pub fn matches_page(name: &str, wanted: &str) {
    let page = workspace().join(name);
    if fs::read_to_string(&page).is_ok_and(|text| text == wanted) {
        return;
    }
    let fresh =
        workspace().join("target").join(Path::new(name).strip_prefix("docs").unwrap_or(Path::new(name)));
    if let Some(folder) = fresh.parent() {
        let _ = fs::create_dir_all(folder);
    }
    let _ = fs::write(&fresh, wanted);
    panic!("{name} is not what this test finds; if that is right: cp {} {}", fresh.display(), page.display());
}
