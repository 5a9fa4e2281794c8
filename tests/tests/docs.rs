//! Documentation that points at what exists.

use std::path::Path;

use tests::{
    binary::workspace,
    tree::{ending, text},
};

#[test]
fn every_relative_link_leads_somewhere() {
    let mut broken = Vec::new();
    for name in ending("md") {
        let folder = workspace().join(name.parent().unwrap_or(Path::new("")));
        for link in links(&text(&name)) {
            let target = link.split('#').next().unwrap_or_default();
            if !target.is_empty() && !folder.join(target).exists() {
                broken.push(format!("{}: {link}", name.display()));
            }
        }
    }
    assert!(broken.is_empty(), "broken links:\n  {}", broken.join("\n  "));
}

/// Targets of `[text](target)` that are neither addresses nor mail.
fn links(page: &str) -> Vec<&str> {
    let after = page.split("](").skip(1);
    let targets = after.filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:")).collect()
}

#[test]
fn finds_links_and_leaves_addresses_alone() {
    assert_eq!(links("see [a](b.md#c) and [d](https://e.example/f)"), ["b.md#c"]);
}
