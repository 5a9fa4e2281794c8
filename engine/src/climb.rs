//! From credential to user: blocks of a user's credentials in, at most one verdict on the user out. Never climbs on one
//! credential alone, nor on a name that no guarded route has accepted: whoever takes a user's name gains nothing.

use std::time::Duration;

use model::{Action, ApiCall, Principal, PrincipalId, PrincipalKind, Timestamp, Verdict};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::{engine::Engine, hash::Tag, subjects::Subject, table::Worth};

/// Blocks of one user's credentials count together this long.
const TOGETHER: Duration = Duration::from_secs(7 * 86_400);
/// Families of credentials, each blocked for itself, that make it the user.
const FAMILIES_MIN: usize = 2;
/// Families remembered per user.
const FAMILIES_MAX: usize = 4;

/// Families of one user's credentials that were blocked: tag, when, and how improbable it was.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Kin {
    blocked: SmallVec<[(Tag, Timestamp, f64); 2]>,
}

impl Worth for Kin {
    fn worth(&self) -> u32 {
        u32::try_from(self.blocked.len()).unwrap_or(u32::MAX)
    }
}

impl Kin {
    /// Remembers a blocked family. Returns how many there are lately and the least of their probabilities.
    fn join(&mut self, family: Tag, p: f64, now: Timestamp) -> (usize, f64) {
        self.blocked.retain(|(known, at, _)| *known != family && now.since(*at) <= TOGETHER);
        if self.blocked.len() >= FAMILIES_MAX {
            self.blocked.remove(0);
        }
        self.blocked.push((family, now, p));
        (self.blocked.len(), self.blocked.iter().map(|(_, _, p)| *p).fold(1.0, f64::min))
    }
}

impl Engine {
    /// After a block of a credential: the verdict on its user, if several of the user's credentials were blocked.
    pub(crate) fn climb(&mut self, slot: usize, verdict: &Verdict, call: &ApiCall) -> Option<Verdict> {
        let subject = self.world.subjects.at(slot);
        let believed = subject.proven && !subject.contradicts && subject.principal.kind.is_credential();
        let user = subject.user_id.filter(|_| believed && verdict.would == Action::Block)?;
        let family = subject.family;
        if self.world.kin.find(user).is_none() {
            self.world.kin.insert(user, Kin::default());
        }
        let (families, least) = self.world.kin.get_mut(user)?.join(family, verdict.p, call.ended_at);
        if families < FAMILIES_MIN {
            return None;
        }
        let theta = self.world.config.budget_false_blocks_per_million * 1e-6;
        let p = (least * count(families)).min(1.0);
        if p >= theta {
            return None;
        }
        let principal = named(call, user)?;
        let mut row = Subject::new(principal.clone(), call.ended_at);
        (row.user_id, row.proven) = (Some(user), true);
        let reason = format!(
            "{families} credentials of this user were blocked within a week. The last one: {}",
            verdict.reason
        );
        self.judge.extend(&self.world, &row, Verdict { principal, p, reason, ..verdict.clone() }, call)
    }
}

/// The user of this pseudonym, as the call names it.
fn named(call: &ApiCall, user: PrincipalId) -> Option<Principal> {
    call.identities.iter().find(|who| who.kind == PrincipalKind::User && who.id == user).cloned()
}

fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}
