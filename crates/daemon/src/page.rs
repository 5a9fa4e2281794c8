//! Pages: verdicts as kept in, text for a person out. Texts from the wire are shown without control characters.

use std::fmt::Write as _;

use model::Principal;
use store::{Feedback, Standing};

use crate::{
    desk::Kept,
    replay::{clean, moment},
};

/// A table of verdicts.
pub(crate) fn list(kept: &[Kept]) -> String {
    if kept.is_empty() {
        return "No verdicts.\n".to_owned();
    }
    let mut page = format!(
        "{:<12} {:<19} {:<10} {:>4}  {:<9} who and why\n",
        "id", "at (UTC)", "action", "risk", "standing"
    );
    for Kept { verdict, standing, .. } in kept {
        let id: String = verdict.id.to_string().chars().take(12).collect();
        let standing = stands(standing);
        let at = moment(verdict.at);
        let who = clean(&verdict.principal.to_string());
        let _ = writeln!(
            page,
            "{id:<12} {at:<19} {:<10} {:>4}  {standing:<9} {who}: {}",
            verdict.action.name(),
            verdict.risk,
            clean(&verdict.reason)
        );
    }
    page
}

/// One verdict in full.
pub(crate) fn page(kept: &Kept) -> String {
    let Kept { verdict, standing, deliveries, said } = kept;
    let mut page = String::new();
    let _ = writeln!(page, "Verdict {}\n", verdict.id);
    let mut field = |name: &str, value: &str| {
        let _ = writeln!(page, "  {name:<11} {}", clean(value));
    };
    field("who", &verdict.principal.to_string());
    field("action", verdict.action.name());
    if verdict.would != verdict.action {
        field("would be", &format!("{} in enforce mode", verdict.would));
    }
    if let Some(rail) = &verdict.held_by {
        field("held by", rail);
    }
    field("at", &verdict.at.to_string());
    field("until", &verdict.until.to_string());
    field("standing", &told(standing));
    field(
        "risk",
        &format!(
            "{} of 100: a normal client shows this on one day with probability {:.1e}",
            verdict.risk, verdict.p
        ),
    );
    field("reason", &verdict.reason);
    field("expected", &verdict.evidence.expected);
    field("observed", &verdict.evidence.observed);
    field("refuted by", &verdict.refuted_by);
    for one in said {
        field("people say", &format!("{} by {} at {}: {}", one.word.name(), one.by, moment(one.at), one.why));
    }
    let _ = writeln!(page, "\nEvidence, oldest first:");
    for call in &verdict.evidence.calls {
        let status = call.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
        let at: String = call.at.to_string().chars().take(23).collect();
        let _ = writeln!(
            page,
            "  {at}  {:<15}  {status:>3}  {} {}  ({})",
            call.client.to_string(),
            call.method,
            clean(&call.path),
            call.id
        );
    }
    let _ = writeln!(page, "\nWhat each detector adds:");
    for part in &verdict.contributions {
        let _ = writeln!(
            page,
            "  {:<14} {:>3.0} %  p {:.1e}  {}",
            part.detector,
            part.share * 100.0,
            part.p,
            clean(&part.observed)
        );
    }
    let _ = writeln!(page, "\nGateways:");
    if deliveries.is_empty() {
        let _ = writeln!(page, "  none");
    }
    for delivery in deliveries {
        let state = serde_json::to_string(&delivery.state).unwrap_or_default();
        let (state, detail) = (state.trim_matches('"'), clean(&delivery.detail));
        let at = moment(delivery.at);
        let _ = writeln!(page, "  {:<14} {state} at {at}  {detail}", delivery.revocation.gateway);
    }
    page
}

/// A table of what people said.
pub(crate) fn said(said: &[Feedback]) -> String {
    if said.is_empty() {
        return "Nobody has said anything.\n".to_owned();
    }
    let mut page =
        format!("{:<19} {:<14} {:<11} {:<12} on whom and why\n", "at (UTC)", "by", "word", "verdict");
    for one in said {
        let id: String = one.verdict.to_string().chars().take(12).collect();
        let (at, who, why) = (moment(one.at), safe(&one.principal), clean(&one.why));
        let _ = writeln!(page, "{at:<19} {:<14} {:<11} {id:<12} {who}: {why}", one.by, one.word.name());
    }
    page
}

/// A principal for a terminal.
pub(crate) fn safe(principal: &Principal) -> String {
    clean(&principal.to_string())
}

fn stands(standing: &Standing) -> &'static str {
    match standing {
        Standing::Live => "in force",
        Standing::Replaced { .. } => "replaced",
        Standing::Withdrawn { .. } => "withdrawn",
        Standing::Expired => "ended",
    }
}

fn told(standing: &Standing) -> String {
    match standing {
        Standing::Live => "in force".to_owned(),
        other => serde_json::to_string(other).unwrap_or_default().replace(['"', '{', '}'], " "),
    }
}
