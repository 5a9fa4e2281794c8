//! The report as one page for a browser: a report in, HTML with everything inside out.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    chart::{Bar, bars},
    figures::{number, of, percent, rate, spans, spread, words},
    others::{others, rest, variants},
    style::STYLE,
    table::{Table, plain, shade, text},
    wrongs::{calibration, honest},
};
use crate::{
    kinds::KindRow,
    report::{BudgetReport, Report},
};

/// The page.
#[must_use]
pub fn html(report: &Report) -> String {
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>Detection quality</title><style>{STYLE}</style></head><body>"
    );
    head(&mut page, report);
    if let Some(ours) = report.budgets.first() {
        tiles(&mut page, ours);
        detection(&mut page, report, ours);
        times(&mut page, ours);
        honest(&mut page, ours);
        calibration(&mut page, ours);
    }
    others(&mut page, report);
    variants(&mut page, report);
    rest(&mut page, report);
    page + "</body></html>\n"
}

/// Text that is text in HTML, also inside quotes.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter => safe.push(letter),
        }
    }
    safe
}

fn head(page: &mut String, report: &Report) {
    let setup = &report.setup;
    let _ = write!(
        page,
        "<h1>Detection quality</h1><p class=\"soft\">Worlds: {}. Seeds {} to {}, {} clients at the start, {} days, {} instances of each kind of attack per world. \
        A verdict is enforced {} s after it is reached; {} of the calls are missed by the sensor. Kinds that nobody tuned on: {}.</p>",
        escape(&setup.worlds.join(", ")),
        setup.seeds[0],
        setup.seeds[1],
        setup.principals,
        setup.days,
        setup.instances,
        number(setup.delay_s),
        percent(setup.loss),
        if setup.held_out { "included" } else { "left out" },
    );
    page.push_str("<nav><a href=\"#detection\">Detection</a><a href=\"#times\">Times and gains</a><a href=\"#honest\">Honest clients</a><a href=\"#calibration\">Calibration</a><a href=\"#others\">Others</a><a href=\"#variants\">Variants</a><a href=\"#cost\">Cost</a></nav>");
}

fn tiles(page: &mut String, ours: &BudgetReport) {
    let tile = |figure: String, name: String| {
        format!("<div class=\"tile\"><b>{figure}</b><span>{name}</span></div>")
    };
    page.push_str("<div class=\"tiles\">");
    for (figure, name) in [
        (
            number(ours.false_blocks.rate),
            format!(
                "false blocks per million client-days; budget {}, 95 %: {} to {} ({} in {})",
                number(ours.budget),
                number(ours.false_blocks.low),
                number(ours.false_blocks.high),
                ours.false_blocks.count,
                number(ours.false_blocks.exposure as f64)
            ),
        ),
        (percent(ours.sets.block), "of attacks blocked, mean over kinds".to_owned()),
        (percent(ours.sets.step_up), "stepped up or more".to_owned()),
        (
            percent(ours.sets.settled),
            "blocked of those that began after the first week, in which a deployment learns".to_owned(),
        ),
        (
            percent(ours.sets.worst),
            format!("blocked of the worst kind: {}", escape(&words(&ours.sets.worst_kind))),
        ),
        (percent(ours.sets.campaigns), "of campaigns noticed".to_owned()),
        (percent(ours.sets.explained.share), "of verdicts on attacks name the right class".to_owned()),
        (ours.sets.framed.to_string(), "enforceable verdicts on impersonated victims".to_owned()),
    ] {
        page.push_str(&tile(figure, name));
    }
    page.push_str("</div>");
}

fn detection(page: &mut String, report: &Report, ours: &BudgetReport) {
    page.push_str("<h2 id=\"detection\">Detection</h2>");
    let best = best_of_others(report, ours.budget);
    let drawn: Vec<_> = ours
        .kinds
        .iter()
        .map(|row| Bar {
            label: words(&row.kind),
            share: row.block.share,
            answered: row.soft.share,
            low: row.block.low,
            high: row.block.high,
            other: best.get(&row.kind).copied(),
        })
        .collect();
    let note = if best.is_empty() {
        ""
    } else {
        " The red stroke is the best of all other rules, each with the threshold that an oracle chose for it."
    };
    let _ = write!(
        page,
        "<p>Share of attacks with a block of one of their own principals before their end, at a budget of {} false blocks per million client-days. Pale: any enforceable verdict. The thin line is the exact 95 % interval.{note}</p>",
        number(ours.budget)
    );
    page.push_str(&bars("Share of attacks blocked, by kind", &drawn));
    if report.budgets.len() > 1 {
        budgets(page, report);
    }
}

fn budgets(page: &mut String, report: &Report) {
    let heads: Vec<_> =
        report.budgets.iter().map(|one| format!("{} per million", number(one.budget))).collect();
    let mut table = Table::new(&[&["kind".to_owned()], &heads[..]].concat());
    let mut line = vec![text("false blocks per million")];
    line.extend(report.budgets.iter().map(|one| plain(rate(&one.false_blocks))));
    table.row(&line);
    for (name, value) in [
        ("blocked, mean over kinds", (|one| one.sets.block) as fn(&BudgetReport) -> f64),
        ("stepped up or more", |one| one.sets.step_up),
        ("any enforceable verdict", |one| one.sets.soft),
    ] {
        let mut line = vec![text(name)];
        line.extend(report.budgets.iter().map(|one| plain(percent(value(one)))));
        table.row(&line);
    }
    for row in &report.budgets[0].kinds {
        let mut line = vec![text(&words(&row.kind))];
        line.extend(report.budgets.iter().map(|one| {
            let row = one.kinds.iter().find(|other| other.kind == row.kind);
            row.map_or_else(|| plain("–"), |row| shade(of(&row.block), row.block.share))
        }));
        table.row(&line);
    }
    page.push_str("<h3>By budget</h3>");
    table.end(page);
}

/// The highest share that any rule of others reaches, by kind, at the budget nearest to ours.
fn best_of_others(report: &Report, budget: f64) -> BTreeMap<String, f64> {
    let mut best = BTreeMap::new();
    for baseline in &report.baselines {
        for (kind, share) in
            baseline.at.iter().filter(|at| at.budget == Some(budget)).flat_map(|at| &at.kinds)
        {
            let before = best.entry(kind.clone()).or_insert(0.0);
            *before = share.share.max(*before);
        }
    }
    best
}

fn times(page: &mut String, ours: &BudgetReport) {
    page.push_str("<h2 id=\"times\">Times and gains</h2><p>Median / 90th percentile. Calls are the attacker's, all members together. Records are those that it had no right to.</p>");
    let heads = "kind|instances|blocked|stepped up|any verdict|blocked after week 1|calls to block|calls to any verdict|time to block|members burned|records before any verdict|records before block|sensitive values|goal reached|calls refused|right class";
    let heads: Vec<_> = heads.split('|').map(str::to_owned).collect();
    let mut table = Table::new(&heads);
    for row in &ours.kinds {
        table.row(&kind_row(row));
    }
    table.end(page);
    let campaigns: Vec<_> = ours.kinds.iter().filter(|row| row.campaign).collect();
    if campaigns.is_empty() {
        return;
    }
    let heads =
        ["campaign", "noticed", "calls until noticed", "members hit", "any verdict"].map(str::to_owned);
    let mut table = Table::new(&heads);
    for row in campaigns {
        table.row(&[
            text(&words(&row.kind)),
            shade(of(&row.noticed), row.noticed.share),
            plain(spread(&row.calls_noticed)),
            plain(percent(row.members_hit)),
            plain(of(&row.soft)),
        ]);
    }
    let _ = write!(
        page,
        "<h3>Campaigns</h3><p>{} of the verdicts that rest on many actors together fell on innocents ({}).</p>",
        percent(ours.crowd_innocent.share),
        of(&ours.crowd_innocent)
    );
    table.end(page);
}

fn kind_row(row: &KindRow) -> Vec<String> {
    let mut marks = escape(&words(&row.kind));
    for (is, mark) in [(row.held_out, "held out"), (row.campaign, "campaign"), (row.slow, "slow")] {
        if is {
            let _ = write!(marks, "<span class=\"mark\">{mark}</span>");
        }
    }
    vec![
        format!("<td>{marks}</td>"),
        plain(row.block.of.to_string()),
        shade(of(&row.block), row.block.share),
        shade(of(&row.step_up), row.step_up.share),
        shade(of(&row.soft), row.soft.share),
        shade(of(&row.settled), row.settled.share),
        plain(spread(&row.calls)),
        plain(spread(&row.calls_soft)),
        plain(spans(&row.seconds)),
        plain(spread(&row.members)),
        plain(spread(&row.records_soft)),
        plain(spread(&row.records)),
        plain(spread(&row.sensitive)),
        plain(percent(row.goal)),
        plain(percent(row.refused)),
        plain(of(&row.explained)),
    ]
}
