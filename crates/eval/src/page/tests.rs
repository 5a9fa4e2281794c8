//! Pages of a made-up report: everything is told, and nothing that came from outside is markup.

use super::{html, html::escape, markdown, text};
use crate::{
    calibration::{Calibration, Day},
    interval::{PerMillion, Share},
    report::{BaselineAt, BaselineReport, BudgetReport, Report, Setup, Stability, Variant},
    scores::Example,
};

fn report() -> Report {
    let mut calibration = Calibration::default();
    calibration.day(&Day { cohort: "web", p: 1e-3, voices: &[("volume", 0.5)] });
    let mut ours = BudgetReport {
        budget: 2.0,
        false_blocks: PerMillion::new(1, 500_000),
        calibration: calibration.rows(),
        ..BudgetReport::default()
    };
    let row = |kind: &str| crate::KindRow {
        kind: kind.into(),
        block: Share::new(3, 4),
        campaign: true,
        ..crate::KindRow::default()
    };
    ours.kinds = vec![row("bola_fast"), row("<script>alert(1)</script>")];
    ours.examples = vec![Example { reason: "Read \"5\" <b>invoices</b> & more".into(), ..example() }];
    let at = BaselineAt {
        budget: Some(2.0),
        kinds: [("bola_fast".to_owned(), Share::new(1, 4))].into(),
        ..BaselineAt::default()
    };
    Report {
        setup: Setup { worlds: vec!["shop".into()], seeds: [101, 104], ..Setup::default() },
        variants: vec![Variant::of("whole", &ours), Variant::of("without ownership", &ours)],
        baselines: vec![BaselineReport {
            name: "fail2ban".into(),
            at: vec![at],
            ..BaselineReport::default()
        }],
        stability: vec![Stability { name: "out of order".into(), verdicts: 9, different: 0 }],
        budgets: vec![ours],
        ..Report::default()
    }
}

fn example() -> Example {
    Example {
        world: "shop 101".into(),
        day: 3,
        upheavals: vec!["release".into()],
        principal: "token".into(),
        archetype: "mobile".into(),
        age: "under 1 day".into(),
        detectors: vec!["probing".into()],
        p: 1e-7,
        reason: String::new(),
        framed: false,
    }
}

#[test]
fn markup_is_text() {
    assert_eq!(escape("<a href='x'>\"&"), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;");
    let page = html(&report());
    assert!(!page.contains("<script") && !page.contains("<b>invoices"), "markup got through");
    assert!(page.contains("&lt;script&gt;") && page.contains("&lt;b&gt;invoices&lt;/b&gt; &amp; more"));
}

#[test]
fn the_page_holds_everything_and_needs_nothing() {
    let page = html(&report());
    for part in
        ["bola fast", "fail2ban", "without ownership", "out of order", "Wrong blocks", "<svg", "101 to 104"]
    {
        assert!(page.contains(part), "{part}");
    }
    for fetched in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(fetched), "{fetched}");
    }
    let tags =
        |tag: &str| page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
    for tag in ["table", "svg", "tr", "td", "th", "text", "div"] {
        assert_eq!(tags(tag), page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}

#[test]
fn text_and_chapter_tell_the_same_figures() {
    let report = report();
    for page in [text(&report), markdown(&report)] {
        assert!(page.contains("2 (0.05 to 11)") && page.contains("fail2ban"), "{page}");
        assert!(page.contains("without ownership"));
    }
}

#[test]
fn an_empty_report_is_a_page_too() {
    let empty = Report::default();
    assert!(html(&empty).ends_with("</html>\n"));
    assert!(!text(&empty).is_empty() && !markdown(&empty).is_empty());
}

#[test]
fn json_and_back_gives_the_same_page() {
    let report = report();
    let json = serde_json::to_string(&report).expect("serialises");
    let back: Report = serde_json::from_str(&json).expect("parses");
    assert_eq!(html(&back), html(&report));
}
