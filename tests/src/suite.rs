//! What other projects' test suites expect of a capture: their expectation files in, the number of requests out.

use std::{fs, path::Path};

use serde_json::Value;

/// Requests that the suite expects, by the folder of its captures: those listed in `EXPECTED.tsv` for `capture`, the most
/// where there are several. Zeek: rows of `http.log` with a method. Arkime: distinct addresses asked for in each of its
/// sessions. DeepFlow: requests parsed. `None` where nothing of that is told.
#[must_use]
pub fn expected(captures: &Path, capture: &str) -> Option<u64> {
    let table = fs::read_to_string(captures.join("EXPECTED.tsv")).ok()?;
    let rows = table.lines().map(|row| row.split('\t').collect::<Vec<_>>());
    let files = rows.filter(|row| row.first() == Some(&capture));
    let counts = files.filter_map(|row| {
        let (name, suite) = (row.get(1)?, row.get(3)?);
        let text = fs::read(captures.join("expected").join(name)).ok()?;
        let text = String::from_utf8_lossy(&text);
        match *suite {
            "arkime" => arkime(&text),
            "deepflow" => Some(text.matches("msg_type: Request").count() as u64),
            _ => zeek(&text),
        }
    });
    counts.max()
}

fn arkime(text: &str) -> Option<u64> {
    let told: Value = serde_json::from_str(text).ok()?;
    let sessions = told.get("sessions3")?.as_array()?;
    Some(sessions.iter().filter_map(|session| session["body"]["http"]["uriCnt"].as_u64()).sum())
}

/// A whole log names its columns behind `#fields`, a cut one in its first row, and some not at all.
fn zeek(text: &str) -> Option<u64> {
    let named = text.lines().find_map(|line| line.strip_prefix("#fields\t"));
    let mut rows = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).peekable();
    let headed = rows.peek().is_some_and(|row| row.split('\t').any(|cell| cell == "uid" || cell == "uri"));
    let head = named.or_else(|| if headed { rows.next() } else { None });
    // Time, id, four of addresses, depth: the method is the eighth.
    let method = head.map_or(Some(7), |head| head.split('\t').position(|name| name == "method"));
    let has = |row: &&str| method.is_none_or(|at| row.split('\t').nth(at).is_some_and(|cell| cell != "-"));
    Some(rows.filter(has).count() as u64)
}
