//! The report of a replay: summary and verdicts in, a page for a person out. Texts from the wire are shown without
//! control characters.

use std::fmt::Write as _;

use model::{Action, Mode, Timestamp, Verdict};

use super::{is_colourful, judge::Judged, summary::Summary};

/// Routes shown.
const ROUTES: usize = 15;
/// Verdicts shown.
const VERDICTS: usize = 20;

/// The page.
pub(super) fn report(summary: &Summary, judged: &Judged, mode: Mode) -> String {
    let mut page = String::new();
    read(&mut page, summary, judged);
    routes(&mut page, judged);
    found(&mut page, judged);
    outlook(&mut page, judged, mode);
    page
}

fn read(page: &mut String, summary: &Summary, judged: &Judged) {
    let Summary { frames, bytes, calls, incomplete_calls, seconds, calls_per_second, .. } = summary;
    let _ = writeln!(
        page,
        "Read {} frames ({:.1} MB) in {seconds:.2} s: {} calls, {} of them incomplete; {} calls/s.",
        grouped(*frames),
        mega(*bytes),
        grouped(*calls),
        grouped(*incomplete_calls),
        grouped(whole(*calls_per_second)),
    );
    if let Some((first, last)) = judged.span {
        let _ = writeln!(
            page,
            "The capture spans {}, from {} UTC.",
            span(last.since(first).as_secs()),
            moment(first)
        );
    }
    let lost: Vec<_> =
        summary.losses.nonzero().map(|(loss, n)| format!("{} {}", loss.name(), grouped(n))).collect();
    let lost = if lost.is_empty() { "nothing".to_owned() } else { lost.join(", ") };
    let _ = writeln!(page, "Missed: {lost}.");
}

fn routes(page: &mut String, judged: &Judged) {
    let Some(engine) = &judged.engine else { return };
    let mut routes: Vec<_> = engine.routes.iter().collect();
    routes.sort_by(|a, b| {
        b.calls.cmp(&a.calls).then_with(|| (&a.template, &a.method).cmp(&(&b.template, &b.method)))
    });
    let _ =
        writeln!(page, "\nLearnt {} routes from {} principals:", routes.len(), grouped(engine.principals));
    let _ = writeln!(page, "{:>9} {:>8} {:>7}  route", "calls", "callers", "errors");
    for route in routes.iter().take(ROUTES) {
        let template: String = route.template.chars().map(visible).take(80).collect();
        let (calls, callers) = (grouped(route.calls), grouped(route.principals));
        let errors = grouped(route.errors);
        let _ = writeln!(page, "{calls:>9} {callers:>8} {errors:>7}  {} {template}", route.method);
    }
    if routes.len() > ROUTES {
        let _ = writeln!(page, "{:>27}... and {} more", "", routes.len() - ROUTES);
    }
}

fn found(page: &mut String, judged: &Judged) {
    let mut verdicts: Vec<&Verdict> =
        judged.furthest.values().filter(|verdict| verdict.would >= Action::Notify).collect();
    verdicts.sort_by_key(|verdict| (std::cmp::Reverse(verdict.would), verdict.at, verdict.id));
    if verdicts.is_empty() {
        let _ = writeln!(page, "\nFound nobody.");
        return;
    }
    let _ = writeln!(page, "\nFound {}:", verdicts.len());
    for verdict in verdicts.iter().take(VERDICTS) {
        let action = painted(verdict.would);
        let detectors = verdict.detectors.join(", ");
        let _ = writeln!(page, "\n  {action}  {}  risk {}  ({detectors})", verdict.principal, verdict.risk);
        let _ = writeln!(page, "    {}", clean(&verdict.reason));
        let _ = writeln!(page, "    expected: {}", clean(&verdict.evidence.expected));
        let _ = writeln!(page, "    observed: {}", clean(&verdict.evidence.observed));
        for call in verdict.evidence.calls.iter().rev().take(3).rev() {
            let status = call.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
            let path: String = call.path.chars().map(visible).take(70).collect();
            let _ =
                writeln!(page, "      {}  {}  {} {path} {status}", moment(call.at), call.client, call.method);
        }
        if let Some(rail) = &verdict.held_by {
            let _ = writeln!(page, "    held back by: {rail}");
        }
    }
    if verdicts.len() > VERDICTS {
        let _ = writeln!(page, "\n  ... and {} more; --verdicts FILE writes all", verdicts.len() - VERDICTS);
    }
}

fn outlook(page: &mut String, judged: &Judged, mode: Mode) {
    let blocked = judged.found(Action::Block).len();
    let limited = judged.found(Action::RateLimit).len() - blocked;
    let outcome = match mode {
        Mode::Monitor => "Monitor mode: nothing is enforced. With mode = \"enforce\"",
        Mode::Enforce => "Mode enforce: with a gateway",
    };
    let _ = writeln!(
        page,
        "\n{outcome} {blocked} would be blocked and {limited} slowed down or asked to prove who they are."
    );
}

fn painted(action: Action) -> String {
    let name = action.name().to_uppercase();
    match (is_colourful(), action) {
        (false, _) => name,
        (true, Action::Block) => format!("\u{1b}[1;31m{name}\u{1b}[0m"),
        (true, Action::StepUp | Action::RateLimit) => format!("\u{1b}[1;33m{name}\u{1b}[0m"),
        (true, _) => format!("\u{1b}[1m{name}\u{1b}[0m"),
    }
}

/// A time to the second, in UTC.
pub(crate) fn moment(at: Timestamp) -> String {
    at.to_string().chars().take(19).collect()
}

/// A text without characters that a terminal acts on.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(visible).collect()
}

fn visible(character: char) -> char {
    let acts =
        character.is_control() || matches!(character, '\u{200E}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    if acts { '\u{FFFD}' } else { character }
}

/// A number with its thousands apart.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive rate, shown whole")]
fn whole(rate: f64) -> u64 {
    rate as u64
}

/// A span in the largest unit that says something.
pub(crate) fn span(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_terminals_left_alone() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(clean("a\u{1b}[2J\u{202e}b\n"), "a\u{FFFD}[2J\u{FFFD}b\u{FFFD}");
        assert_eq!([5, 300, 7_200, 604_800].map(span), ["5 s", "5 min", "2 h", "7 days"]);
    }
}
