//! The part of the page about honest clients: what was done to them, and how far each probability can be believed.

use std::fmt::Write as _;

use super::{
    chart::{Decades, Line, columns, decades},
    figures::{number, rate, words},
    table::{Table, plain, text},
};
use crate::{
    calibration::{FUSED, LEVELS, Row},
    honest::Cell,
    interval::PerMillion,
    report::BudgetReport,
    scores::Denial,
};

pub(super) fn honest(page: &mut String, ours: &BudgetReport) {
    page.push_str("<h2 id=\"honest\">Honest clients</h2>");
    let mut table =
        Table::new(&["what happened to them", "per million client-days (95 %)", "times"].map(str::to_owned));
    for (name, measured) in [
        ("false block", &ours.false_blocks),
        ("false step-up", &ours.step_ups),
        ("false slow-down", &ours.softs),
        ("a call refused, for any reason", &ours.denied),
        ("false block, per million honest calls", &ours.per_million_calls),
    ] {
        table.row(&[text(name), plain(rate(measured)), plain(measured.count.to_string())]);
    }
    table.end(page);
    let _ = write!(
        page,
        "<p>Minutes of wrongful denial per million client-days: {}.</p>",
        number(ours.denied_minutes_per_million)
    );
    let mut table = Table::new(&["refused because", "blocks", "clients", "minutes"].map(str::to_owned));
    let denials = &ours.denials;
    for (name, denial) in [
        ("their own principal was blocked by mistake", denials.mistaken),
        ("an attacker pretended to be them", denials.framed),
        ("they share an attacker's address", denials.shared),
        ("their credential was stolen", denials.stolen),
    ] {
        let Denial { blocks, actors, minutes } = denial;
        table.row(&[
            text(name),
            plain(blocks.to_string()),
            plain(actors.to_string()),
            plain(number(minutes)),
        ]);
    }
    table.end(page);
    let archetypes: Vec<_> = ours.archetypes.iter().map(|(name, cell)| (words(name), *cell)).collect();
    cells(page, "By kind of client", &archetypes);
    cells(page, "By age since the first call", &ours.ages);
    let wronged: Vec<_> =
        ours.days.iter().map(|cell| per_million(cell.step_ups + cell.softs + cell.blocks, cell)).collect();
    page.push_str("<h3>By day</h3>");
    page.push_str(&columns(
        "False verdicts by day",
        "day of the world; honest client-days with an enforceable verdict, per million",
        &wronged,
    ));
    worst_days(page, ours);
    examples(page, ours);
}

fn per_million(count: u64, cell: &Cell) -> f64 {
    PerMillion::new(count, cell.actor_days).rate
}

fn cells(page: &mut String, title: &str, rows: &[(String, Cell)]) {
    let _ = write!(page, "<h3>{title}</h3>");
    let heads = [
        "",
        "client-days",
        "false blocks per million (95 %)",
        "step-ups per million",
        "slow-downs per million",
        "refused per million",
    ];
    let mut table = Table::new(&heads.map(str::to_owned));
    for (name, cell) in rows {
        table.row(&[
            text(name),
            plain(cell.actor_days.to_string()),
            plain(rate(&PerMillion::new(cell.blocks, cell.actor_days))),
            plain(number(per_million(cell.step_ups, cell))),
            plain(number(per_million(cell.softs, cell))),
            plain(number(per_million(cell.denied, cell))),
        ]);
    }
    table.end(page);
}

fn worst_days(page: &mut String, ours: &BudgetReport) {
    if ours.worst_days.is_empty() {
        return;
    }
    page.push_str("<h3>Worst days</h3>");
    let heads = [
        "world",
        "day",
        "client-days",
        "false blocks",
        "per million",
        "step-ups",
        "slow-downs",
        "what happened on it",
    ];
    let mut table = Table::new(&heads.map(str::to_owned));
    for day in &ours.worst_days {
        table.row(&[
            text(&day.world),
            plain(day.day.to_string()),
            plain(day.cell.actor_days.to_string()),
            plain(day.cell.blocks.to_string()),
            plain(number(per_million(day.cell.blocks, &day.cell))),
            plain(day.cell.step_ups.to_string()),
            plain(day.cell.softs.to_string()),
            text(&words(&day.upheavals.join(", "))),
        ]);
    }
    table.end(page);
}

fn examples(page: &mut String, ours: &BudgetReport) {
    if ours.examples.is_empty() {
        return;
    }
    page.push_str("<h3>Wrong blocks</h3>");
    let heads = [
        "world",
        "day",
        "principal",
        "client",
        "age",
        "p",
        "detectors",
        "what was said",
        "what happened that day",
    ];
    let mut table = Table::new(&heads.map(str::to_owned));
    for one in &ours.examples {
        let framed = if one.framed { " (framed)" } else { "" };
        table.row(&[
            text(&one.world),
            plain(one.day.to_string()),
            text(&format!("{}{framed}", one.principal)),
            text(&words(&one.archetype)),
            text(&one.age),
            plain(format!("{:.0e}", one.p)),
            text(&one.detectors.join(", ")),
            text(&one.reason),
            text(&words(&one.upheavals.join(", "))),
        ]);
    }
    table.end(page);
}

/// Colours of the lines of a plot.
const COLOURS: [&str; 8] =
    ["#0f6fb5", "#c2410c", "#15803d", "#7c3aed", "#b45309", "#0e7490", "#be185d", "#4d7c0f"];

pub(super) fn calibration(page: &mut String, ours: &BudgetReport) {
    page.push_str("<h2 id=\"calibration\">Calibration</h2>");
    if ours.calibration.is_empty() {
        page.push_str("<p>Not measured.</p>");
        return;
    }
    page.push_str("<p>Share of honest principal-days below each nominal probability. A calibrated detector follows the dashed line; above it, it cries wolf. The table gives observed / nominal and, in brackets, the days seen; cohorts without a day below 1e-2 are left out.</p>");
    let all: Vec<_> = ours.calibration.iter().filter(|row| row.cohort == "all").collect();
    let diagonal =
        Line { label: "nominal", colour: "#5b6875", points: vec![(1e-6, 1e-6), (1e-2, 1e-2)], dashed: true };
    let mut lines = vec![diagonal];
    lines.extend(all.iter().zip(COLOURS.iter().cycle()).map(|(row, colour)| Line {
        label: &row.detector,
        colour: if row.detector == FUSED { "#111827" } else { colour },
        points: LEVELS.iter().zip(&row.observed).map(|(level, share)| (*level, share.share)).collect(),
        dashed: false,
    }));
    lines.sort_by_key(|line| line.label != FUSED && !line.dashed);
    let axes =
        Decades { x: (-6, -2), y: (-7, -1), x_name: "nominal probability", y_name: "observed share of days" };
    page.push_str(&decades("Observed against nominal rates", &axes, &lines[..lines.len().min(18)]));
    let heads = ["detector", "cohort", "days", "1e-2", "1e-3", "1e-4", "1e-5", "1e-6"].map(str::to_owned);
    let mut table = Table::new(&heads);
    let spoke = |row: &&Row| row.cohort == "all" || row.observed[0].hits > 0;
    for row in ours.calibration.iter().filter(spoke) {
        let mut line = vec![text(&row.detector), text(&row.cohort), plain(row.days.to_string())];
        line.extend(
            row.ratio
                .iter()
                .zip(&row.observed)
                .map(|(ratio, share)| plain(format!("{} ({})", number(*ratio), share.hits))),
        );
        table.row(&line);
    }
    table.end(page);
}
