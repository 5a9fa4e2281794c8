//! The report as a chapter of the documentation: a report in, Markdown out. Only what a reader of the manual needs.

use std::fmt::Write as _;

use super::figures::{number, of, percent, rate, spread, words};
use crate::report::{BudgetReport, Report};

/// The tables, without a heading of their own.
#[must_use]
pub fn markdown(report: &Report) -> String {
    let setup = &report.setup;
    let mut page = format!(
        "Worlds {}; seeds {} to {}; {} clients, {} days, {} instances of each kind per world; enforcement {} s after the verdict; kinds that nobody tuned on {}.\n\n",
        setup.worlds.join(", "),
        setup.seeds[0],
        setup.seeds[1],
        setup.principals,
        setup.days,
        setup.instances,
        number(setup.delay_s),
        if setup.held_out { "included" } else { "left out" }
    );
    budgets(&mut page, report);
    if let Some(ours) = report.budgets.first() {
        kinds(&mut page, ours);
        calibration(&mut page, ours);
    }
    others(&mut page, report);
    variants(&mut page, report);
    page
}

fn budgets(page: &mut String, report: &Report) {
    page.push_str("| budget per million client-days | false blocks per million (95 %) | in client-days | step-ups per million | blocked, mean over kinds | stepped up | any verdict | blocked after week 1 | stepped up after week 1 | slow kinds | campaigns noticed | right class | victims framed |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
    for ours in &report.budgets {
        let sets = &ours.sets;
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            number(ours.budget),
            rate(&ours.false_blocks),
            number(ours.false_blocks.exposure as f64),
            number(ours.step_ups.rate),
            percent(sets.block),
            percent(sets.step_up),
            percent(sets.soft),
            percent(sets.settled),
            percent(sets.settled_step_up),
            percent(sets.slow),
            percent(sets.campaigns),
            of(&sets.explained),
            sets.framed
        );
    }
}

fn kinds(page: &mut String, ours: &BudgetReport) {
    page.push_str("\n### By kind of attack\n\nMedian / 90th percentile.\n\n| kind | blocked | stepped up | any verdict | blocked after week 1 | stepped up after week 1 | calls to block | calls to any verdict | records before block |\n|---|---|---|---|---|---|---|---|---|\n");
    for row in &ours.kinds {
        let mark = if row.held_out { " (held out)" } else { "" };
        let _ = writeln!(
            page,
            "| {}{mark} | {} | {} | {} | {} | {} | {} | {} | {} |",
            words(&row.kind),
            of(&row.block),
            of(&row.step_up),
            of(&row.soft),
            of(&row.settled),
            of(&row.settled_step_up),
            spread(&row.calls),
            spread(&row.calls_soft),
            spread(&row.records)
        );
    }
}

fn calibration(page: &mut String, ours: &BudgetReport) {
    if ours.calibration.is_empty() {
        return;
    }
    page.push_str("\n### Calibration: observed / nominal\n\n| detector | principal-days | 1e-2 | 1e-3 | 1e-4 | 1e-5 | 1e-6 |\n|---|---|---|---|---|---|---|\n");
    for row in ours.calibration.iter().filter(|row| row.cohort == "all") {
        let ratios: Vec<_> = row.ratio.iter().map(|ratio| number(*ratio)).collect();
        let _ = writeln!(page, "| {} | {} | {} |", row.detector, row.days, ratios.join(" | "));
    }
}

fn others(page: &mut String, report: &Report) {
    if report.baselines.is_empty() {
        return;
    }
    page.push_str("\n### Rules of others on the same calls\n\nEach with the threshold that an oracle chose for the budget.\n\n| rule | allowed per million | measured | found, mean over kinds |\n|---|---|---|---|\n");
    for baseline in &report.baselines {
        for at in &baseline.at {
            let allowed = at.budget.map_or_else(|| "as published".to_owned(), number);
            let _ = writeln!(
                page,
                "| {} | {allowed} | {} | {} |",
                baseline.name,
                number(at.false_alarms.rate),
                percent(at.macro_share)
            );
        }
    }
}

fn variants(page: &mut String, report: &Report) {
    if report.variants.len() < 2 {
        return;
    }
    page.push_str("\n### With a part taken away, and under loss\n\n| variant | false blocks per million | blocked | any verdict | slow kinds blocked |\n|---|---|---|---|---|\n");
    for variant in &report.variants {
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} |",
            variant.name,
            rate(&variant.false_blocks),
            percent(variant.sets.block),
            percent(variant.sets.soft),
            percent(variant.sets.slow)
        );
    }
}
