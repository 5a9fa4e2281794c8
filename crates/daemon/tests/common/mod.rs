//! What tests of commands share: a ledger as an earlier run has left it.

use std::path::Path;

use model::{Action, Evidence, PrincipalKind, Pseudonyms, Timestamp, Verdict, VerdictId};
use store::Ledger;

/// A ledger with one block in force, as an earlier run has left it.
pub(crate) fn block_in_force(folder: &Path) {
    let (now, until) = (Timestamp::from_parts(1_770_000_000, 0), Timestamp::from_parts(4_000_000_000, 0));
    let verdict = Verdict {
        at: now,
        id: VerdictId(0xabc << 116),
        action: Action::Block,
        would: Action::Block,
        principal: Pseudonyms::new([1; 16]).named(PrincipalKind::User, "amal"),
        risk: 100,
        p: 1e-9,
        until,
        detectors: vec!["login".into()],
        evidence: Evidence { expected: String::new(), observed: String::new(), calls: Vec::new() },
        contributions: Vec::new(),
        reason: "Failed often.".to_owned(),
        refuted_by: String::new(),
        held_by: None,
        replaces: None,
    };
    let ledger = Ledger::open(folder.join("state/ledger.redb")).expect("opens");
    ledger.record(&[verdict], &[]).expect("writes");
}
