//! Tables of the page: rows of cells in, HTML that scrolls when it is wide out.

use std::fmt::Write as _;

use super::html::escape;

/// Heads of columns that hold words rather than figures.
const WORDS: [&str; 9] = [
    "age",
    "client",
    "cohort",
    "detectors",
    "principal",
    "what happened on it",
    "what happened that day",
    "what was said",
    "world",
];

/// A table under way.
pub(super) struct Table(String);

impl Table {
    pub(super) fn new(heads: &[String]) -> Self {
        let head = |head: &String| {
            let left = if WORDS.contains(&head.as_str()) { " class=\"text\"" } else { "" };
            format!("<th{left}>{}</th>", escape(head))
        };
        let heads: String = heads.iter().map(head).collect();
        Self(format!("<div class=\"wide\"><table><thead><tr>{heads}</tr></thead><tbody>"))
    }

    pub(super) fn row(&mut self, cells: &[String]) {
        let _ = write!(self.0, "<tr>{}</tr>", cells.concat());
    }

    pub(super) fn end(self, page: &mut String) {
        page.push_str(&self.0);
        page.push_str("</tbody></table></div>");
    }
}

pub(super) fn plain(figure: impl AsRef<str>) -> String {
    format!("<td>{}</td>", escape(figure.as_ref()))
}

pub(super) fn text(words: &str) -> String {
    let wide = if words.len() > 40 { " class=\"text\"" } else { "" };
    format!("<td{wide} style=\"text-align:left\">{}</td>", escape(words))
}

/// A cell with the colour of its share.
pub(super) fn shade(figure: impl AsRef<str>, share: f64) -> String {
    let class = match share {
        share if share >= 0.995 => "full",
        share if share >= 0.75 => "most",
        share if share > 0.0 => "some",
        _ => "none",
    };
    format!("<td class=\"{class}\">{}</td>", escape(figure.as_ref()))
}
