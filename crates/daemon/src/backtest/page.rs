//! The page of a comparison: what differs in, tables for a person out. Texts from the wire are shown without control
//! characters.

use std::fmt::Write as _;

use model::{Action, Mode};

use super::compare::{Change, Comparison, SideReport};
use crate::replay::{clean, grouped, moment, span};

/// Changes shown of each kind; `--json` has all.
const SHOWN: usize = 20;

/// The page.
pub(super) fn page(comparison: &Comparison<'_>) -> String {
    let mut page = String::new();
    sides(&mut page, comparison);
    changes(&mut page, "Blocked by B and not by A", &comparison.added, "A");
    changes(&mut page, "Blocked by A and no longer by B", &comparison.removed, "B");
    both(&mut page, comparison);
    detectors(&mut page, comparison);
    let _ = writeln!(
        page,
        "\nNothing was enabled. Refused calls are those that began while their caller was blocked."
    );
    page
}

fn sides(page: &mut String, Comparison { a, b, .. }: &Comparison<'_>) {
    if let (Some(from), Some(to)) = (a.from, a.to) {
        let long = span(to.since(from).as_secs());
        let _ = writeln!(page, "The same files judged twice: {long}, from {} UTC.\n", moment(from));
    }
    let mut row = |name: &str, of: &dyn Fn(&SideReport) -> String| {
        let _ = writeln!(page, "{name:<34} {:>22} {:>22}", of(a), of(b));
    };
    row("", &|side| short(&side.settings));
    row("mode", &|side| if side.mode == Mode::Enforce { "enforce" } else { "monitor" }.to_owned());
    row("calls judged", &|side| grouped(side.calls));
    for action in [Action::Block, Action::StepUp, Action::RateLimit, Action::Notify] {
        let name = match action {
            Action::Block => "would be blocked",
            Action::StepUp => "would prove who they are",
            Action::RateLimit => "would be slowed down",
            _ => "would be reported only",
        };
        row(name, &|side| grouped(side.principals.get(action.name()).copied().unwrap_or(0)));
    }
    row("calls refused", &|side| {
        format!("{} ({})", grouped(side.refused_calls), percent(side.refused_share))
    });
    row("budget per million principal-days", &|side| side.budget.per_million_principal_days.to_string());
    row("principal-days", &|side| grouped(side.budget.principal_days));
    row("wrong blocks allowed", &|side| small(side.budget.allowed));
    row("wrong blocks to be expected", &|side| small(side.budget.expected));
    row("share of the budget", &|side| percent(side.budget.share));
    if a.not_followed + b.not_followed > 0 {
        row("verdicts past the limit", &|side| grouped(side.not_followed));
    }
}

fn changes(page: &mut String, title: &str, changes: &[Change], other: &str) {
    if changes.is_empty() {
        let _ = writeln!(page, "\n{title}: nobody.");
        return;
    }
    let _ = writeln!(page, "\n{title}: {}", changes.len());
    for change in changes.iter().take(SHOWN) {
        let _ = writeln!(
            page,
            "  {}  {}  {}  refuses {} calls ({}), {} of the budget; {other}: {}",
            moment(change.at),
            clean(&change.principal.to_string()),
            change.detector,
            grouped(change.refused_calls),
            percent(change.refused_share),
            percent(change.budget_share),
            change.otherwise.map_or("nothing", Action::name),
        );
        let _ = writeln!(page, "    {}", clean(&change.reason));
    }
    if changes.len() > SHOWN {
        let _ = writeln!(page, "  ... and {} more; --json has all", changes.len() - SHOWN);
    }
}

fn both(page: &mut String, comparison: &Comparison<'_>) {
    let both = &comparison.both;
    let _ = writeln!(
        page,
        "\nBlocked by both: {}; {} of them sooner by B, {} later.",
        grouped(both.principals),
        grouped(both.sooner),
        grouped(both.later)
    );
}

fn detectors(page: &mut String, comparison: &Comparison<'_>) {
    if comparison.detectors.is_empty() {
        return;
    }
    let _ = writeln!(
        page,
        "\n{:<18} {:>9} {:>9} {:>7} {:>7} {:>15} {:>15} {:>10} {:>10}",
        "detector", "blocks A", "B", "more", "fewer", "calls refused A", "B", "budget A", "B"
    );
    for row in &comparison.detectors {
        let _ = writeln!(
            page,
            "{:<18} {:>9} {:>9} {:>7} {:>7} {:>15} {:>15} {:>10} {:>10}",
            row.detector,
            grouped(row.a.blocked),
            grouped(row.b.blocked),
            grouped(row.added),
            grouped(row.removed),
            grouped(row.a.refused_calls),
            grouped(row.b.refused_calls),
            percent(row.a.budget_share),
            percent(row.b.budget_share),
        );
    }
}

/// The end of a path, which tells settings apart.
fn short(path: &str) -> String {
    let cleaned = clean(path);
    let skipped = cleaned.chars().count().saturating_sub(22);
    cleaned.chars().skip(skipped).collect()
}

fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0 %".to_owned(),
        tiny if tiny < 0.01 => "<0.01 %".to_owned(),
        small if small < 10.0 => format!("{small:.2} %"),
        large => format!("{large:.0} %"),
    }
}

fn small(n: f64) -> String {
    if n == 0.0 || n >= 0.01 { format!("{n:.2}") } else { format!("{n:.1e}") }
}
