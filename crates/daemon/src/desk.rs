//! The desk: questions about verdicts in, answers from the ledger out. The same whether a running daemon asks it or a
//! command that has opened the ledger itself.

use model::{Delivery, Handle, Inventory, Principal, PrincipalKind, Timestamp, Verdict};
use serde::{Deserialize, Serialize};
use store::{Entry, Feedback, Filter, Found, Ledger, Selector, Standing, Withdrawn, Word};

use crate::fault::{Exit, Fault};

/// Verdicts listed at most.
const LISTED_MAX: usize = 10_000;

/// Longest reason of a person.
const WHY_BYTES_MAX: usize = 1_000;

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
    /// Say something of a verdict; `unblock` says that it is taken back.
    Say {
        /// What.
        word: Word,
        /// The id, its first digits, or `kind:value`.
        target: String,
        /// Why.
        #[serde(default)]
        why: String,
    },
    /// What people said, newest first.
    Said {
        /// At most this many.
        limit: usize,
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
    /// What people said.
    Said {
        /// Newest first.
        said: Vec<Feedback>,
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
    /// What people said of it, oldest first; told of a single verdict only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) said: Vec<Feedback>,
}

impl Kept {
    /// The entry as it stands now.
    fn at(now: Timestamp, entry: Entry) -> Self {
        let standing = entry.standing_at(now);
        Self { standing, verdict: entry.verdict, deliveries: entry.deliveries, said: Vec::new() }
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
        Found::One(entry) => {
            let said = ledger.said_since(Timestamp::ZERO).map_err(|error| crate::ledger::fault(&error))?;
            let of = said.into_iter().filter(|one| one.verdict == entry.verdict.id).collect();
            Ok(Kept { said: of, ..Kept::at(now, *entry) })
        }
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

/// What a person's word has changed.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// What was said of each verdict.
    pub(crate) said: Vec<Feedback>,
    /// What gateways are to take back.
    pub(crate) withdrawn: Withdrawn,
}

/// Keeps a person's word of a verdict, and takes it back where the word says so.
pub(crate) fn say(
    ledger: &Ledger,
    (word, target, why): (Word, &str, &str),
    at: Timestamp,
    by: &str,
) -> Result<Heard, Fault> {
    if why.len() > WHY_BYTES_MAX {
        let remedy = "say it shorter";
        return Err(Fault::new(
            Exit::Usage,
            format!("the reason is longer than {WHY_BYTES_MAX} bytes; {remedy}"),
        ));
    }
    let takes_back = matches!(word, Word::FalseAlarm | Word::Pardoned);
    let withdrawn = if takes_back { withdraw(ledger, target, at, by, word)? } else { Withdrawn::default() };
    let meant = match withdrawn.verdicts.is_empty() {
        true => vec![verdict(ledger, target, at)?],
        false => withdrawn.verdicts.clone(),
    };
    let mut said = Vec::new();
    for verdict in meant {
        let (id, principal, why) = (verdict.id, verdict.principal, why.to_owned());
        let feedback = Feedback { at, by: by.into(), word, verdict: id, principal, why };
        ledger.say(&feedback).map_err(|error| crate::ledger::fault(&error))?;
        said.push(feedback);
    }
    Ok(Heard { said, withdrawn })
}

/// What people said, newest first.
pub(crate) fn said(ledger: &Ledger, limit: usize) -> Result<Vec<Feedback>, Fault> {
    let said = ledger.said_since(Timestamp::ZERO).map_err(|error| crate::ledger::fault(&error))?;
    Ok(said.into_iter().rev().take(limit.min(LISTED_MAX)).collect())
}

/// Takes verdicts back: one by id, or all on a principal. A false alarm may be said of a verdict that has ended.
fn withdraw(ledger: &Ledger, target: &str, at: Timestamp, by: &str, word: Word) -> Result<Withdrawn, Fault> {
    let id = verdict(ledger, target, at)?.id;
    let withdrawn =
        ledger.withdraw(&Selector::Verdict(id), at, by).map_err(|error| crate::ledger::fault(&error))?;
    if withdrawn.verdicts.is_empty() && word == Word::Pardoned {
        let remedy = "`sidewatch verdicts --live` lists those in force";
        return Err(Fault::new(Exit::NoInput, format!("{target} is not in force; {remedy}")));
    }
    Ok(withdrawn)
}

/// The verdict that is meant: by its id, or the newest one on `kind:value`.
fn verdict(ledger: &Ledger, target: &str, now: Timestamp) -> Result<Verdict, Fault> {
    match target.split_once(':') {
        Some((kind, value)) => newest(ledger, target, (kind, value), now),
        None => Ok(explain(ledger, target, now)?.verdict),
    }
}

/// The verdict on the principal that is meant by `kind:value`: the one in force, else the newest.
fn newest(
    ledger: &Ledger,
    target: &str,
    (kind, value): (&str, &str),
    now: Timestamp,
) -> Result<Verdict, Fault> {
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
    for live in [true, false] {
        let listed = verdicts(ledger, live, LISTED_MAX, now)?;
        if let Some(kept) = listed.into_iter().find(|kept| meant(&kept.verdict.principal)) {
            return Ok(kept.verdict);
        }
    }
    let remedy = "`sidewatch verdicts` lists them";
    Err(Fault::new(Exit::NoInput, format!("no verdict on {target}; {remedy}")))
}
