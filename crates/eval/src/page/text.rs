//! The report for a terminal: a report in, a page of plain text out.

use std::fmt::Write as _;

use super::figures::{number, of, percent, rate, spans, spread};
use crate::report::Report;

/// The page.
#[must_use]
pub fn text(report: &Report) -> String {
    let mut page = String::new();
    budgets(&mut page, report);
    kinds(&mut page, report);
    others(&mut page, report);
    let cost = &report.cost;
    let _ = write!(
        page,
        "\n\n{} ns a call (median), {} ns (99th percentile), {} bytes per principal\n",
        number(cost.observe_ns_p50),
        number(cost.observe_ns_p99),
        number(cost.bytes_per_principal)
    );
    page
}

fn budgets(page: &mut String, report: &Report) {
    for ours in &report.budgets {
        let _ = write!(
            page,
            "budget {} false blocks per million client-days\n  measured      {}: {} in {} client-days, {} calls\n  step-ups      {} per million\n  slow-downs    {} per million\n",
            number(ours.budget),
            rate(&ours.false_blocks),
            ours.false_blocks.count,
            ours.false_blocks.exposure,
            number(ours.calls as f64),
            rate(&ours.step_ups),
            rate(&ours.softs),
        );
        let sets = &ours.sets;
        let _ = write!(
            page,
            "  attacks       {} blocked, {} stepped up or more, {} with any verdict (means over kinds); worst {} {}\n  slow kinds    {} blocked   campaigns {} noticed   right class {}   victims framed {}\n",
            percent(sets.block),
            percent(sets.step_up),
            percent(sets.soft),
            sets.worst_kind,
            percent(sets.worst),
            percent(sets.slow),
            percent(sets.campaigns),
            of(&sets.explained),
            sets.framed,
        );
        if sets.settled_step_up > 0.0 {
            let _ = writeln!(
                page,
                "  after week 1  {} blocked, {} stepped up or more",
                percent(sets.settled),
                percent(sets.settled_step_up)
            );
        }
        if sets.held_out > 0.0 {
            let _ = writeln!(page, "  held out      {} blocked", percent(sets.held_out));
        }
        page.push('\n');
    }
}

fn kinds(page: &mut String, report: &Report) {
    if let Some(ours) = report.budgets.first() {
        let _ = writeln!(
            page,
            "{:30}{:>9}{:>9}{:>9}{:>13}{:>18}{:>18}{:>24}",
            "kind", "blocked", "step-up", "any", "after week 1", "calls to block", "records", "time to block"
        );
        for row in &ours.kinds {
            let _ = writeln!(
                page,
                "{:30}{:>9}{:>9}{:>9}{:>13}{:>18}{:>18}{:>24}",
                row.kind,
                of(&row.block),
                of(&row.step_up),
                of(&row.soft),
                of(&row.settled),
                spread(&row.calls),
                spread(&row.records),
                spans(&row.seconds)
            );
        }
    }
}

fn others(page: &mut String, report: &Report) {
    for baseline in &report.baselines {
        for at in &baseline.at {
            let allowed = at.budget.map_or_else(
                || "as published".to_owned(),
                |budget| format!("<= {} per million", number(budget)),
            );
            let _ = write!(page, "\n{:20}{allowed:>22}: {} found", baseline.name, percent(at.macro_share));
        }
    }
    for variant in &report.variants {
        let _ = write!(
            page,
            "\n{:48}{} blocked, {} false per million",
            variant.name,
            percent(variant.sets.block),
            number(variant.false_blocks.rate)
        );
    }
    for run in &report.stability {
        let _ = write!(page, "\n{:48}{} of {} verdicts differ", run.name, run.different, run.verdicts);
    }
}
