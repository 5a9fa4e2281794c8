//! Which detector answers to which attack type of the predecessor: a row or a written reason for every one of them. The
//! page is made of this list.

use std::{collections::BTreeSet, fs};

use tests::binary::workspace;

/// Id, name there, detectors here (the first one leads), kinds of the simulator that show it, and what is different.
type Row = (&'static str, &'static str, &'static [&'static str], &'static [&'static str], &'static str);

const ROWS: &[Row] = &[
    ("0", "(a query for all attacks)", &[], &[], "No attack: the log holds every finding and verdict."),
    ("1", "Data Exfiltration Type 1", &["volume", "foreign_owner"], &["export_own_org", "bola_fast"], ""),
    ("2", "Single Client Login Type 1", &["login"], &["stuffing_one_address"], ""),
    (
        "3",
        "Multi-Client Login",
        &["stuffing", "login"],
        &["stuffing_distributed", "password_spray"],
        "One finding for the campaign, one about a user whom many addresses try.",
    ),
    (
        "4",
        "Stolen Token / Cookie Type 1",
        &["theft", "binding", "jwt"],
        &["token_theft_noisy", "refresh_replay"],
        "",
    ),
    ("5", "API Memory Type 1", &["bomb", "cost", "shape"], &["json_bomb"], ""),
    ("6", "API Memory Type 2", &["bomb", "cost", "shape"], &["json_bomb"], ""),
    (
        "7",
        "Cookie DoS",
        &["cost", "volume", "header"],
        &["dos_volumetric"],
        "A cookie is a credential like others.",
    ),
    ("8", "API Probing Replay Type 1", &["probing", "injection"], &["probing_fast"], ""),
    (
        "9",
        "API DDoS Type 1",
        &["cost", "campaign"],
        &["dos_expensive"],
        "Each caller by itself, and new users as a crowd.",
    ),
    ("10", "Extreme Client Activity", &["excess", "volume", "cost"], &["dos_volumetric"], ""),
    ("11", "Extreme App Activity", &["cost", "injection", "bomb"], &["injection", "dos_expensive"], ""),
    ("12", "API DoS", &["cost", "volume"], &["dos_volumetric"], ""),
    (
        "13",
        "API DDoS Type 2",
        &["cost", "campaign"],
        &["dos_expensive"],
        "Each caller by itself, and new users as a crowd.",
    ),
    ("14", "Data Deletion", &["destruction", "foreign_owner"], &["ransom_delete"], ""),
    ("15", "Data Poisoning", &["destruction", "foreign_owner"], &["bola_write"], ""),
    ("16", "Stolen Token Type 2", &["theft", "binding", "foreign_owner"], &["token_theft_noisy"], ""),
    ("17", "Stolen Cookie Type 2", &["theft", "binding", "foreign_owner"], &["token_theft_noisy"], ""),
    (
        "18",
        "API Probing Replay Type 2 (cookie)",
        &["probing"],
        &["probing_slow"],
        "Evidence waits for weeks.",
    ),
    ("19", "API Probing Replay Type 2 (token)", &["probing"], &["probing_slow"], ""),
    ("20", "API Probing Replay Type 2 (IP)", &["probing"], &["probing_slow"], ""),
    (
        "21",
        "Data Exfiltration Type 2",
        &["slow_leak", "foreign_owner"],
        &["slow_exfil_x2", "slow_exfil_x3"],
        "",
    ),
    (
        "22",
        "Excessive Client Connections (cookie)",
        &[],
        &[],
        "Connections say nothing of callers behind proxies, gateways and HTTP/2; off by default there too. Calls are counted instead (`volume`, `cost`).",
    ),
    ("23", "Excessive Client Connections (token)", &[], &[], "As 22."),
    (
        "24",
        "Excessive Client Connections (IP)",
        &[],
        &[],
        "As 22; floods of connections are counted as losses by name.",
    ),
    (
        "25",
        "Content Scraping Type 1 (cookie)",
        &["excess", "enumeration", "volume", "foreign_owner"],
        &["scrape_catalogue"],
        "",
    ),
    (
        "26",
        "Content Scraping Type 1 (token)",
        &["excess", "enumeration", "volume", "foreign_owner"],
        &["scrape_catalogue"],
        "",
    ),
    ("27", "Content Scraping Type 1 (IP)", &["excess", "enumeration", "volume"], &["scrape_catalogue"], ""),
    (
        "28",
        "Content Scraping Type 2",
        &["excess", "enumeration", "probing"],
        &["scrape_catalogue_slow", "scrape_distributed"],
        "",
    ),
    (
        "29",
        "Unauthorized Client Attack",
        &["probing", "unknown_endpoint", "jwt", "open_door"],
        &["forged_token"],
        "",
    ),
    ("30", "Single Client Login Type 2", &["login", "stuffing"], &["brute_force_user"], ""),
    ("31", "Stolen API Key", &["theft", "binding", "foreign_owner", "dormant"], &["partner_key_stolen"], ""),
    ("32", "API Probing Replay Type 1 (API key)", &["probing"], &["probing_fast"], ""),
    ("33", "API Probing Replay Type 2 (API key)", &["probing"], &["probing_slow"], ""),
    (
        "34",
        "API Probing Replay Type 1 (username)",
        &["probing"],
        &["probing_fast"],
        "Climbs from the credential to the user.",
    ),
    ("35", "API Probing Replay Type 2 (username)", &["probing"], &["probing_slow"], "As 34."),
    ("36", "Sequence Attack", &["sequence", "shape"], &["workflow_abuse"], ""),
    (
        "37",
        "Header Manipulation",
        &["header", "evasion"],
        &[],
        "No kind of the simulator; engine/tests/content.rs.",
    ),
    ("38", "Abnormal API Access", &["unknown_endpoint", "probing"], &["privilege_escalation"], ""),
    (
        "39",
        "User Data Exfiltration Type 2",
        &["slow_leak", "foreign_owner"],
        &["slow_exfil_x3", "insider"],
        "Climbs from the credential to the user.",
    ),
    ("40", "User Data Injection", &["injection", "bomb", "volume"], &["injection", "json_bomb"], ""),
    (
        "41",
        "Query Manipulation",
        &["shape", "injection", "assignment"],
        &["mass_assignment", "injection"],
        "",
    ),
    ("42", "Account Takeover", &["theft", "binding", "login"], &["account_takeover"], ""),
    ("50", "WebSocket cookie attack", &["binding"], &[], "The opening call is judged like any other."),
    ("51", "WebSocket identity attack", &["jwt", "binding"], &[], "As 50."),
    (
        "52",
        "WebSocket DoS",
        &[],
        &[],
        "Messages after the opening are counted, not judged: an upgraded stream carries no request of its own.",
    ),
    ("53", "WebSocket data exfiltration", &[], &[], "As 52."),
    ("100", "Decoy Attack", &["decoy"], &["decoy_hit"], ""),
    (
        "101",
        "Invalid API Activity",
        &["probing", "shape", "header"],
        &["probing_fast"],
        "Against what was learnt, not a definition.",
    ),
];

fn page() -> String {
    let mut page = String::from(
        "# What answers to which attack\n\nEvery attack type of PingIntelligence for APIs by its number, the detectors that answer to it (the first one leads; \
         `docs/detectors.md` says how each works), and the kinds of the simulator that measure it (`docs/detection-quality.md`). \
         Made by `UPDATE=1 cargo test -p sidewatch-tests --test coverage`.\n\n| id | name there | detectors | measured by | remark |\n|---|---|---|---|---|\n",
    );
    let code = |names: &[&str]| {
        let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        if names.is_empty() { "-".to_owned() } else { names.join(", ") }
    };
    for (id, name, detectors, kinds, remark) in ROWS {
        page.push_str(&format!("| {id} | {name} | {} | {} | {remark} |\n", code(detectors), code(kinds)));
    }
    page
}

#[test]
fn every_attack_type_has_a_detector_or_a_reason() {
    let known: BTreeSet<_> = engine::detectors().into_iter().map(|made| made.name).collect();
    let kinds: BTreeSet<_> = sim::ATTACKS.iter().map(|kind| kind.name).collect();
    for (id, name, detectors, shown, remark) in ROWS {
        let here = detectors.iter().any(|one| known.contains(one));
        assert!(
            here || detectors.is_empty() && !remark.is_empty(),
            "{id} {name} has neither detector nor reason"
        );
        let strange: Vec<_> = detectors.iter().filter(|one| !known.contains(*one)).collect();
        assert!(strange.is_empty(), "{id}: there are no detectors {strange:?}");
        let strange: Vec<_> = shown.iter().filter(|kind| !kinds.contains(*kind)).collect();
        assert!(strange.is_empty(), "{id}: the simulator has no kinds {strange:?}");
    }
    let ids: Vec<u32> = ROWS.iter().map(|row| row.0.parse().expect("a number")).collect();
    let all: Vec<u32> = (0..=42).chain(50..=53).chain([100, 101]).collect();
    assert_eq!(ids, all);
}

#[test]
fn the_page_is_the_list() {
    let path = workspace().join("docs/coverage.md");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, page()).expect("writes");
    }
    let text = fs::read_to_string(&path).unwrap_or_default();
    assert!(text == page(), "docs/coverage.md differs from the list: run with UPDATE=1");
}

#[test]
fn every_detector_is_described() {
    let text = fs::read_to_string(workspace().join("docs/detectors.md")).expect("docs/detectors.md");
    let settings = fs::read_to_string(workspace().join("docs/settings.md")).expect("docs/settings.md");
    for made in engine::detectors() {
        assert!(text.contains(&format!("| `{}` |", made.name)), "docs/detectors.md lacks {}", made.name);
        assert!(settings.contains(&format!("| `{}` |", made.name)), "docs/settings.md lacks {}", made.name);
    }
}
