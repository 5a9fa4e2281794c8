//! Credentials that answers hand out: who they renew and whom they speak for, until they are first used. Never a clear
//! credential.

use model::{ApiCall, Grade, Outcome, PrincipalId};
use serde::{Deserialize, Serialize};

use crate::{
    snapshot::Settle,
    table::{Table, Worth},
};

/// Forerunners looked through for one that was used.
const STEPS_MAX: usize = 8;

/// What is known of a credential before its first use.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Link {
    /// The credential that it renews, and the first one of all that renewed one another.
    pub(crate) forerunner: Option<PrincipalId>,
    pub(crate) root: Option<PrincipalId>,
    /// The user whose password was accepted for it: a claim until a guarded route serves it.
    pub(crate) user: Option<PrincipalId>,
    /// It was handed out, or renews one that was, and no password was asked for.
    pub(crate) unasked: bool,
}

impl Worth for Link {
    fn worth(&self) -> u32 {
        1
    }
}

/// Credentials handed out and not used yet; the oldest are forgotten when full.
#[derive(Serialize, Deserialize)]
pub(crate) struct Links {
    pending: Table<PrincipalId, Link>,
}

impl Links {
    pub(crate) fn within(bytes: usize) -> Self {
        Self { pending: Table::within(bytes) }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.pending.bytes()
    }

    /// Learns from an answer that hands out credentials.
    pub(crate) fn learn(&mut self, call: &ApiCall) {
        if call.issued.is_empty() || call.outcome() != Outcome::Served || call.grade == Grade::C {
            return;
        }
        let user = call.login.as_ref().and_then(|login| login.user.as_ref()).map(|user| user.id);
        let first = call.issued[0].credential.id;
        for issued in call.issued.iter().take(4) {
            let together = (issued.credential.id != first).then_some(first);
            let forerunner = issued.renews.as_ref().map(|renewed| renewed.id).or(together);
            let root = forerunner.map(|id| self.root(id));
            // Of one whose forerunner was not seen to be handed out nothing is known.
            let before = forerunner.map(|id| self.pending.get(id).is_some_and(|link| link.unasked));
            let unasked = before.unwrap_or(call.login.is_none());
            self.pending.insert(issued.credential.id, Link { forerunner, root, user, unasked });
        }
    }

    /// What is known of a credential that is used for the first time.
    pub(crate) fn take(&self, id: PrincipalId) -> Option<Link> {
        self.pending.get(id).copied()
    }

    /// The nearest forerunner that holds: one may be renewed before it is ever used, and renewal tokens lie between.
    pub(crate) fn nearest(&self, link: &Link, holds: impl Fn(PrincipalId) -> bool) -> Option<PrincipalId> {
        let before = |id: &PrincipalId| self.pending.get(*id).and_then(|link| link.forerunner);
        std::iter::successors(link.forerunner, before).take(STEPS_MAX).find(|id| holds(*id))
    }

    fn root(&self, id: PrincipalId) -> PrincipalId {
        self.pending.get(id).and_then(|link| link.root).unwrap_or(id)
    }
}

impl Settle for Links {
    fn settle(&mut self, fresh: Self) -> Option<()> {
        self.pending.settle(fresh.pending)
    }
}
