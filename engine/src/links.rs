//! Credentials that answers hand out: who they renew and whom they speak for, until they are first used. Never a clear
//! credential.

use model::{ApiCall, Grade, Outcome, PrincipalId};
use serde::{Deserialize, Serialize};

use crate::{
    snapshot::Settle,
    table::{Table, Worth},
};

/// What is known of a credential before its first use.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Link {
    /// The credential that it renews.
    pub(crate) forerunner: Option<PrincipalId>,
    /// The user whose password was accepted for it: a claim until a guarded route serves it.
    pub(crate) user: Option<PrincipalId>,
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
            let forerunner =
                issued.renews.as_ref().map(|renewed| renewed.id).or(together).map(|id| self.root(id));
            self.pending.insert(issued.credential.id, Link { forerunner, user });
        }
    }

    /// What is known of a credential that is used for the first time.
    pub(crate) fn take(&self, id: PrincipalId) -> Option<Link> {
        self.pending.get(id).copied()
    }

    /// A credential that was renewed before it was ever used stands for the one it renews itself.
    fn root(&self, id: PrincipalId) -> PrincipalId {
        self.pending.get(id).and_then(|link| link.forerunner).unwrap_or(id)
    }
}

impl Settle for Links {
    fn settle(&mut self, fresh: Self) -> Option<()> {
        self.pending.settle(fresh.pending)
    }
}
