//! The part of the page about everything beside the engine as it is: rules of others, parts taken away, cost.

use std::fmt::Write as _;

use super::{
    figures::{number, of, percent, rate, words},
    html::escape,
    table::{Table, plain, shade, text},
};
use crate::report::{BaselineAt, Report};

pub(super) fn others(page: &mut String, report: &Report) {
    page.push_str("<h2 id=\"others\">Rules of others, same calls</h2>");
    if report.baselines.is_empty() {
        page.push_str("<p>Not run.</p>");
        return;
    }
    page.push_str("<p>Each rule gets the lowest threshold that keeps its false alarms within the budget, chosen with knowledge of which calls were attacks: more than an operator could ever have. False alarms count per honest client-day. Nothing is refused in this run, so each rule sees every attack to its end.</p><ul>");
    for baseline in &report.baselines {
        let _ = write!(page, "<li><b>{}</b>: {}</li>", escape(&baseline.name), escape(&baseline.about));
    }
    page.push_str("</ul>");
    let heads = [
        "rule",
        "false alarms allowed per million",
        "measured (95 %)",
        "threshold",
        "found, mean over kinds",
    ];
    let mut table = Table::new(&heads.map(str::to_owned));
    if let Some(ours) = report.budgets.first() {
        table.row(&[
            text("ours: block"),
            plain(number(ours.budget)),
            plain(rate(&ours.false_blocks)),
            plain(String::new()),
            shade(percent(ours.sets.block), ours.sets.block),
        ]);
        table.row(&[
            text("ours: any enforceable verdict"),
            plain(String::new()),
            plain(rate(&ours.softs)),
            plain(String::new()),
            shade(percent(ours.sets.soft), ours.sets.soft),
        ]);
    }
    for baseline in &report.baselines {
        for at in &baseline.at {
            let allowed = at.budget.map_or_else(|| "as published".to_owned(), number);
            table.row(&[
                text(&baseline.name),
                plain(allowed),
                plain(rate(&at.false_alarms)),
                plain(number(at.threshold)),
                shade(percent(at.macro_share), at.macro_share),
            ]);
        }
    }
    table.end(page);
    by_kind(page, report);
}

/// Found by each rule at the first budget, kind by kind.
fn by_kind(page: &mut String, report: &Report) {
    let Some(ours) = report.budgets.first() else { return };
    let mut heads = vec!["kind".to_owned(), "ours".to_owned()];
    heads.extend(report.baselines.iter().map(|baseline| baseline.name.clone()));
    let mut table = Table::new(&heads);
    let told = |at: &BaselineAt, kind: &str| {
        let share = at.kinds.get(kind)?;
        let calls = at.calls.get(kind).map(|calls| format!(" ({})", number(*calls)));
        Some(shade(format!("{}{}", of(share), calls.unwrap_or_default()), share.share))
    };
    for row in &ours.kinds {
        let calls =
            if row.calls.count > 0 { format!(" ({})", number(row.calls.median)) } else { String::new() };
        let mut line =
            vec![text(&words(&row.kind)), shade(format!("{}{calls}", of(&row.block)), row.block.share)];
        line.extend(report.baselines.iter().map(|baseline| {
            let at = baseline.at.iter().find(|at| at.budget == Some(ours.budget)).or(baseline.at.first());
            at.and_then(|at| told(at, &row.kind)).unwrap_or_else(|| plain("–"))
        }));
        table.row(&line);
    }
    let _ = write!(
        page,
        "<h3>By kind, at {} false alarms per million (median calls until found)</h3>",
        number(ours.budget)
    );
    table.end(page);
}

pub(super) fn variants(page: &mut String, report: &Report) {
    page.push_str("<h2 id=\"variants\">With a part taken away, and under loss</h2>");
    if report.variants.len() < 2 {
        page.push_str("<p>Not run.</p>");
        return;
    }
    let heads = [
        "variant",
        "false blocks per million (95 %)",
        "blocked",
        "stepped up",
        "any verdict",
        "slow kinds blocked",
        "campaigns noticed",
    ];
    let mut table = Table::new(&heads.map(str::to_owned));
    for variant in &report.variants {
        let sets = &variant.sets;
        table.row(&[
            text(&variant.name),
            plain(rate(&variant.false_blocks)),
            shade(percent(sets.block), sets.block),
            shade(percent(sets.step_up), sets.step_up),
            shade(percent(sets.soft), sets.soft),
            shade(percent(sets.slow), sets.slow),
            shade(percent(sets.campaigns), sets.campaigns),
        ]);
    }
    table.end(page);
    let mut heads = vec!["kind".to_owned()];
    heads.extend(report.variants.iter().map(|variant| variant.name.clone()));
    let mut table = Table::new(&heads);
    for kind in report.variants[0].blocked.keys() {
        let mut line = vec![text(&words(kind))];
        line.extend(report.variants.iter().map(|variant| {
            let share = variant.blocked.get(kind);
            share.map_or_else(|| plain("–"), |share| shade(of(share), share.share))
        }));
        table.row(&line);
    }
    table.end(page);
}

pub(super) fn rest(page: &mut String, report: &Report) {
    page.push_str("<h2 id=\"cost\">Stability and cost</h2>");
    if !report.stability.is_empty() {
        let mut table = Table::new(&["the same calls", "verdicts", "different"].map(str::to_owned));
        for run in &report.stability {
            table.row(&[text(&run.name), plain(run.verdicts.to_string()), plain(run.different.to_string())]);
        }
        table.end(page);
    }
    let cost = &report.cost;
    let _ = write!(
        page,
        "<p>One call costs {} ns (median), {} ns (99th percentile), clock included; {} bytes per principal, with up to {} principals in one run.</p>",
        number(cost.observe_ns_p50),
        number(cost.observe_ns_p99),
        number(cost.bytes_per_principal),
        number(cost.principals as f64)
    );
}
