//! The desk: questions about verdicts in, answers from the ledger out. The same whether a running daemon asks it or a
//! command that has opened the ledger itself.

use model::{Delivery, Handle, Inventory, Principal, PrincipalKind, Timestamp, Verdict};
use serde::{Deserialize, Serialize};
use store::{Entry, Filter, Found, Ledger, Selector, Standing, Withdrawn};

use crate::fault::{Exit, Fault};

/// Verdicts listed at most.
const LISTED_MAX: usize = 10_000;

/// A question, one JSON object a line on the control socket.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub(crate) enum Ask {
    /// Verdicts, newest first.
    Verdicts {
        /// Only those in force.
        live: bool,
        /// At most this many.
        limit: usize,
    },
    /// One verdict by id or prefix.
    Explain {
        /// The id or its first digits.
        verdict: String,
    },
    /// What is known of the routes.
    Inventory,
    /// Take verdicts back.
    Unblock {
        /// The id, its first digits, or `kind:value`.
        target: String,
    },
}

/// An answer, one JSON object a line.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub(crate) enum Answer {
    /// The verdicts asked for, or taken back.
    Verdicts {
        /// Them.
        verdicts: Vec<Kept>,
    },
    /// What is known of the routes.
    Inventory {
        /// It.
        inventory: Box<Inventory>,
    },
    /// It can not be done.
    Fault {
        /// The exit code.
        exit: u8,
        /// Why, and what to do.
        line: String,
    },
}

/// A verdict as kept, with what became of it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Kept {
    /// The verdict.
    #[serde(flatten)]
    pub(crate) verdict: Verdict,
    /// Where it stands.
    pub(crate) standing: Standing,
    /// The last known state at each gateway.
    pub(crate) deliveries: Vec<Delivery>,
}

impl Kept {
    /// The entry as it stands now.
    fn at(now: Timestamp, entry: Entry) -> Self {
        Self { standing: entry.standing_at(now), verdict: entry.verdict, deliveries: entry.deliveries }
    }
}

impl From<Fault> for Answer {
    fn from(fault: Fault) -> Self {
        Self::Fault { exit: fault.exit as u8, line: fault.lines.join("; ") }
    }
}

/// Verdicts, newest first.
pub(crate) fn verdicts(
    ledger: &Ledger,
    live: bool,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<Kept>, Fault> {
    let filter = Filter { in_force_at: live.then_some(now), limit: limit.min(LISTED_MAX), principal: None };
    let entries = ledger.list(&filter).map_err(|error| crate::ledger::fault(&error))?;
    Ok(entries.into_iter().map(|entry| Kept::at(now, entry)).collect())
}

/// The one verdict whose id begins so.
pub(crate) fn explain(ledger: &Ledger, prefix: &str, now: Timestamp) -> Result<Kept, Fault> {
    let found = ledger.find(&prefix.to_ascii_lowercase()).map_err(|error| crate::ledger::fault(&error))?;
    match found {
        Found::One(entry) => Ok(Kept::at(now, *entry)),
        Found::None => {
            let remedy = "`sidewatch verdicts` lists them";
            Err(Fault::new(Exit::NoInput, format!("no verdict {prefix:?}; {remedy}")))
        }
        Found::Many(ids) => {
            let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
            let line = format!(
                "{prefix:?} is the beginning of several verdicts; give more digits of {}",
                ids.join(", ")
            );
            Err(Fault::new(Exit::Usage, line))
        }
    }
}

/// Takes verdicts back: one by id, or all on a principal.
pub(crate) fn unblock(ledger: &Ledger, target: &str, at: Timestamp, by: &str) -> Result<Withdrawn, Fault> {
    let selector = match target.split_once(':') {
        Some((kind, value)) => Selector::Principal(principal(ledger, target, (kind, value), at)?),
        None => Selector::Verdict(explain(ledger, target, at)?.verdict.id),
    };
    let withdrawn = ledger.withdraw(&selector, at, by).map_err(|error| crate::ledger::fault(&error))?;
    if withdrawn.verdicts.is_empty() {
        let remedy = "`sidewatch verdicts --live` lists those in force";
        return Err(Fault::new(Exit::NoInput, format!("{target} is not in force; {remedy}")));
    }
    Ok(withdrawn)
}

/// The principal with a live verdict that is meant by `kind:value`.
fn principal(
    ledger: &Ledger,
    target: &str,
    (kind, value): (&str, &str),
    now: Timestamp,
) -> Result<Principal, Fault> {
    let Ok(kind) = kind.parse::<PrincipalKind>() else {
        let kinds = PrincipalKind::ALL.map(PrincipalKind::name).join(", ");
        return Err(Fault::new(Exit::Usage, format!("unknown kind in {target:?}; known are {kinds}")));
    };
    let meant = |principal: &Principal| {
        principal.kind == kind
            && match &principal.handle {
                Handle::Sha256(digest) => {
                    digest.to_string() == value.to_ascii_lowercase() || principal.id.to_string() == value
                }
                Handle::Name(name) => name == value,
                Handle::Address(address) => value.parse() == Ok(*address),
            }
    };
    let live = verdicts(ledger, true, LISTED_MAX, now)?;
    live.into_iter().map(|kept| kept.verdict.principal).find(meant).ok_or_else(|| {
        let remedy = "`sidewatch verdicts --live` lists those in force";
        Fault::new(Exit::NoInput, format!("no verdict on {target} is in force; {remedy}"))
    })
}
