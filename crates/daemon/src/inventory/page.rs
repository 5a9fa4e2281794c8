//! Pages of the inventory: routes and differences in, tables for a person out. Texts from the wire are shown without control
//! characters.

use std::fmt::Write as _;

use contract::{Comparison, Difference, Kind};
use model::{CredentialRecord, FieldPlace, Inventory, Place, RouteRecord};
use serde::Serialize;

use crate::replay::{clean, grouped, moment};

/// Longest path shown in a table.
const PATH_MAX: usize = 80;

/// All routes, a line each.
pub(super) fn list(inventory: &Inventory) -> String {
    let mut page = String::new();
    let (from, to) = (moment(inventory.from), moment(inventory.to));
    let _ = writeln!(
        page,
        "{} routes, learnt from {} calls between {from} and {to} UTC.",
        inventory.routes.len(),
        grouped(inventory.calls)
    );
    if inventory.left_out > 0 {
        let _ = writeln!(page, "Left out for want of room: {}.", grouped(inventory.left_out));
    }
    let _ = writeln!(
        page,
        "\n{:>10} {:>8} {:>8} {:>6} {:>6}  {:<11} {:<10} {:<10} route",
        "calls", "callers", "an hour", "4xx", "5xx", "access", "first", "last"
    );
    for route in &inventory.routes {
        let _ = writeln!(
            page,
            "{:>10} {:>8} {:>8} {:>6} {:>6}  {:<11} {:<10} {:<10} {} {}{}",
            grouped(route.calls),
            grouped(route.consumers),
            grouped(route.busiest_hour),
            percent(route.refused_share),
            percent(route.failed_share),
            route.access.posture.name(),
            day(route.first),
            day(route.last),
            clean(&route.method),
            path(&route.template),
            sensitive(route),
        );
    }
    credentials(&mut page, &inventory.credentials);
    page
}

/// Which fields say who calls, host by host, and why.
fn credentials(page: &mut String, all: &[CredentialRecord]) {
    for host in all.chunk_by(|a, b| a.host == b.host) {
        let name = host.first().map(|one| clean(&one.host)).unwrap_or_default();
        let _ = writeln!(
            page,
            "\nCredentials of {}",
            if name.is_empty() { "calls without a host" } else { &name }
        );
        for one in host {
            let place = one.place.map_or("", FieldPlace::name);
            let since = one.since.map(|since| format!(" since {}", moment(since))).unwrap_or_default();
            let _ = writeln!(
                page,
                "  {:<9} {place} {} as {}{since}, {} calls: {}",
                one.state.name(),
                clean(&one.name),
                one.kind,
                grouped(one.calls),
                clean(&one.reason)
            );
        }
    }
}

/// Each route in full.
pub(super) fn routes(inventory: &Inventory) -> String {
    let pages: Vec<_> = inventory.routes.iter().map(route).collect();
    if pages.is_empty() { "No such route.\n".to_owned() } else { pages.join("\n") }
}

fn route(route: &RouteRecord) -> String {
    let mut page = String::new();
    let _ = writeln!(page, "{} {}\n", clean(&route.method), clean(&route.template));
    let mut field = |name: &str, value: String| {
        let _ = writeln!(page, "  {name:<12} {}", clean(&value));
    };
    let names = |names: &[compact_str::CompactString]| names.join(", ");
    field("seen", format!("{} to {}", moment(route.first), moment(route.last)));
    field(
        "calls",
        format!("{} on {} days, at most {} in an hour", route.calls, route.days, route.busiest_hour),
    );
    field("callers", route.consumers.to_string());
    field("applications", names(&route.applications));
    field("hosts", names(&route.hosts));
    let statuses: Vec<_> =
        route.statuses.iter().map(|count| format!("{} {}", count.status, count.calls)).collect();
    field("statuses", statuses.join(", "));
    let access = &route.access;
    field(
        "access",
        format!(
            "{}: served {} without credential, {} with token, {} with API key, {} with cookie; turned away {} without and {} with one that is not good",
            access.posture.name(),
            access.served_without,
            access.token,
            access.api_key,
            access.cookie,
            access.refused_without,
            access.rejected
        ),
    );
    let classes: Vec<_> =
        route.sensitive.iter().map(|found| format!("{} {}", word(&found.class), found.count)).collect();
    field(
        "going out",
        format!(
            "{} in {} calls; {} bytes in all",
            classes.join(", "),
            route.sensitive_calls,
            route.answer_bytes
        ),
    );
    for place in [Place::Query, Place::Body, Place::Answer] {
        for one in route.parameters.iter().filter(|one| one.place == place) {
            let kinds: Vec<_> = one.kinds.iter().map(word).collect();
            let lone = if one.shared { "" } else { ", of one caller only" };
            let (kinds, share) = (kinds.join(" or "), percent(one.share));
            field(&word(&place), format!("{}: {kinds}, in {share}{lone}", one.name));
        }
    }
    page
}

/// What differs from a document.
pub(super) fn comparison(comparison: &Comparison) -> String {
    let mut page = String::new();
    let _ = writeln!(
        page,
        "{} documented operations, {} of them called; {} routes seen.",
        comparison.documented, comparison.called, comparison.seen
    );
    for kind in Kind::ALL {
        let of: Vec<_> = comparison.differences.iter().filter(|one| one.kind == kind).collect();
        let _ = writeln!(page, "\n{}: {}", title(kind), of.len());
        of.iter().for_each(|one| difference(&mut page, one));
    }
    page
}

fn difference(page: &mut String, one: &Difference) {
    let _ = write!(page, "  {} {}", clean(&one.method), path(&one.path));
    if one.calls > 0 {
        let last = one.last.map(day).unwrap_or_default();
        let (calls, callers) = (grouped(one.calls), grouped(one.consumers));
        let _ = write!(page, "  {calls} calls by {callers} callers, last {last}, {}", one.posture.name());
        let classes: Vec<_> = one.sensitive.iter().map(word).collect();
        if !classes.is_empty() {
            let _ = write!(page, ", gives out {}", classes.join(", "));
        }
    }
    page.push('\n');
    for drift in one.because.iter().filter(|_| !matches!(one.kind, Kind::Shadow | Kind::Unused)) {
        let (place, name) = (word(&drift.place), clean(&drift.name));
        let _ = writeln!(
            page,
            "    {place} {name}: documented {}; seen {}",
            clean(&drift.documented),
            clean(&drift.seen)
        );
    }
}

fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Shadow => "Shadow (served, not documented)",
        Kind::Zombie => "Zombie (deprecated or gone, still called)",
        Kind::Drifted => "Drifted (otherwise than documented)",
        Kind::Broken => "Broken (more than 5 % of the calls fail)",
        Kind::Unused => "Unused (documented, never called)",
    }
}

/// The stable name of a value, as in JSON.
fn word(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default().trim_matches('"').to_owned()
}

fn sensitive(route: &RouteRecord) -> String {
    let classes: Vec<_> = route.sensitive.iter().map(|found| word(&found.class)).collect();
    if classes.is_empty() { String::new() } else { format!("  gives out {}", classes.join(", ")) }
}

fn path(template: &str) -> String {
    clean(template).chars().take(PATH_MAX).collect()
}

fn day(at: model::Timestamp) -> String {
    moment(at).chars().take(10).collect()
}

fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0 %".to_owned(),
        few if few < 1.0 => "<1 %".to_owned(),
        many => format!("{many:.0} %"),
    }
}
