//! Files of `eval`: the report as JSON and as a page, the chapter of the documentation, the gate's limits.

use std::{fs, path::Path};

use eval::{Gate, Report};

use super::EvalArgs;
use crate::{
    ask,
    fault::{Exit, Fault},
};

/// Between these two lines of a page the figures stand.
const MARKS: [&str; 2] = ["<!-- figures -->\n", "<!-- end of figures -->\n"];
/// Bytes of a report or gate file; a larger one is none of ours.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Writes what was asked for and prints the summary.
pub(super) fn write(args: &EvalArgs, report: &Report) -> Result<(), Fault> {
    if let Some(folder) = &args.out {
        fs::create_dir_all(folder).map_err(|error| Fault::cannot_create(folder, &error))?;
        let json = serde_json::to_string_pretty(report)
            .map_err(|error| Fault::new(Exit::Io, format!("can not write the report: {error}")))?;
        save(&folder.join("eval.json"), &(json + "\n"))?;
        save(&folder.join("eval.html"), &eval::html(report))?;
    }
    if let Some(path) = &args.page {
        let page = text(path)?;
        let page = filled(&page, &eval::markdown(report)).ok_or_else(|| {
            let marks = MARKS.map(str::trim_end).join(" and ");
            Fault::new(Exit::Data, format!("{} lacks the lines {marks}; add them", path.display()))
        })?;
        save(path, &page)?;
    }
    ask::print(&eval::text(report))
}

/// Reads an earlier report.
pub(super) fn read(path: &Path) -> Result<Report, Fault> {
    serde_json::from_str(&text(path)?).map_err(|error| {
        Fault::new(Exit::Data, format!("{} is no report: {error}; run eval --out", path.display()))
    })
}

/// Reads the limits.
pub(super) fn gate(path: &Path) -> Result<Gate, Fault> {
    toml::from_str(&text(path)?)
        .map_err(|error| Fault::new(Exit::Data, format!("{} holds no limits: {error}", path.display())))
}

/// The page with new figures between its marks; `None` when it has no marks.
fn filled(page: &str, figures: &str) -> Option<String> {
    let (before, rest) = page.split_once(MARKS[0])?;
    let (_, after) = rest.split_once(MARKS[1])?;
    Some([before, MARKS[0], "\n", figures, "\n", MARKS[1], after].concat())
}

fn text(path: &Path) -> Result<String, Fault> {
    let open = |error: &std::io::Error| {
        Fault::new(Exit::NoInput, format!("can not read {}: {error}; check the path", path.display()))
    };
    let size = fs::metadata(path).map_err(|error| open(&error))?.len();
    if size > FILE_BYTES_MAX {
        return Err(Fault::new(Exit::Data, format!("{} is too large; at most 64 MiB", path.display())));
    }
    fs::read_to_string(path).map_err(|error| open(&error))
}

fn save(path: &Path, text: &str) -> Result<(), Fault> {
    fs::write(path, text).map_err(|error| Fault::cannot_create(path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_go_between_the_marks() {
        let page = "# Quality\n<!-- figures -->\nold\n<!-- end of figures -->\nEnd.\n";
        let once = filled(page, "new\n").expect("has marks");
        assert_eq!(once, "# Quality\n<!-- figures -->\n\nnew\n\n<!-- end of figures -->\nEnd.\n");
        assert_eq!(filled(&once, "new\n"), Some(once));
        assert_eq!(filled("# Quality\n", "new\n"), None);
    }

    #[test]
    fn the_limits_that_are_checked_in_can_be_read() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/quality.toml");
        assert!(gate(&file).is_ok());
    }
}
