//! Rails: what the evidence asks for in, what may be done out, with the name of the rail that held it. Never adds force.

use std::collections::{BTreeMap, VecDeque};

use model::{Action, ApiCall, Handle, PrincipalId, PrincipalKind, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{age::Age, config::EngineConfig, scene::day_of, subjects::Subject};

const WINDOW_S: u64 = 600;
const DAY_S: u64 = 86_400;
/// Pardons remembered. With more the one that ends first is forgotten.
const PARDONS_MAX: usize = 10_000;
/// Blocks remembered for the daily limit.
const BLOCKS_MAX: usize = 100_000;

/// State of the rails: recent blocks and standing pardons.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Rails {
    /// Of members of crowds that a detector found as a whole; of others who came within a day, as most attackers do; and of
    /// those who were here before.
    blocks: [VecDeque<Timestamp>; 3],
    pardons: BTreeMap<PrincipalId, Timestamp>,
}

/// An action and the rail that held it there.
pub(crate) struct Held {
    pub(crate) action: Action,
    pub(crate) by: Option<&'static str>,
}

impl Rails {
    /// Holds an action on `subject` as low as the rails want it.
    pub(crate) fn hold(&mut self, wanted: Action, scene: &Rail<'_>, known: usize, fresh: bool) -> Held {
        let subject = scene.subject;
        let shared = subject.principal.kind == PrincipalKind::Ip
            && subject.crowd.size() > scene.config.shared_address_principals;
        let mut held = Held { action: wanted, by: None };
        held.at_most(if scene.is_never_block() { Action::Notify } else { Action::Block }, "never_block");
        held.at_most(
            if scene.is_infrastructure() { Action::Notify } else { Action::Block },
            "infrastructure",
        );
        let pardoned =
            self.pardons.get(&subject.principal.id).is_some_and(|until| *until > scene.call.ended_at);
        held.at_most(if pardoned { Action::Notify } else { Action::Block }, "pardoned");
        held.at_most(if shared { Action::RateLimit } else { Action::Block }, "shared_address");
        if held.action == Action::Block && fresh && !self.room(scene.call.ended_at, scene, known) {
            let address = subject.principal.kind == PrincipalKind::Ip;
            held.at_most(if address { Action::RateLimit } else { Action::StepUp }, "blast_radius");
        }
        held
    }

    /// Counts a new block.
    pub(crate) fn count_block(&mut self, scene: &Rail<'_>) {
        let blocks = &mut self.blocks[scene.account()];
        if blocks.len() >= BLOCKS_MAX {
            blocks.pop_front();
        }
        blocks.push_back(scene.call.ended_at);
    }

    /// No action beyond `notify` on this principal until `until`.
    pub(crate) fn pardon(&mut self, id: PrincipalId, until: Timestamp) {
        if self.pardons.len() >= PARDONS_MAX {
            let first = self.pardons.iter().min_by_key(|(_, until)| **until).map(|(id, _)| *id);
            first.and_then(|id| self.pardons.remove(&id));
        }
        self.pardons.insert(id, until);
    }

    /// Forgets what is over.
    pub(crate) fn tick(&mut self, now: Timestamp) {
        self.pardons.retain(|_, until| *until > now);
        for blocks in &mut self.blocks {
            while blocks.front().is_some_and(|at| now.since(*at).as_secs() >= DAY_S) {
                blocks.pop_front();
            }
        }
    }

    /// Whether one more block stays within the limits. Crowds, newcomers and those who were here before use up blocks of their
    /// own, a third of the share each, so that neither a thousand addresses nor a hundred new accounts use up what stops a thief.
    fn room(&self, now: Timestamp, scene: &Rail<'_>, known: usize) -> bool {
        let limit = &scene.config.blast_radius;
        let minimum = u64::from(limit.blocks_per_10min_min);
        let minimum = if scene.in_crowd { minimum.div_ceil(2) } else { minimum };
        let blocks = &self.blocks[scene.account()];
        let within =
            |seconds| blocks.iter().rev().take_while(|at| now.since(**at).as_secs() < seconds).count() as u64;
        within(WINDOW_S) < (share(limit.share_per_10min, known) / 3).max(minimum)
            && within(DAY_S) < (share(limit.share_per_day, known) / 3).max(minimum * 5)
    }
}

/// What the rails look at.
pub(crate) struct Rail<'a> {
    pub(crate) config: &'a EngineConfig,
    pub(crate) subject: &'a Subject,
    pub(crate) call: &'a ApiCall,
    /// It is one of a crowd, or of those who try passwords, who come in crowds.
    pub(crate) in_crowd: bool,
    /// Pseudonyms of the users that are never blocked.
    pub(crate) never_users: &'a [PrincipalId],
}

impl Rail<'_> {
    /// Which of the three kinds of blocks one on the subject would be.
    fn account(&self) -> usize {
        match self.subject.age(day_of(self.call.ended_at)) {
            _ if self.in_crowd => 0,
            Age::New => 1,
            _ => 2,
        }
    }

    /// Named by the operator: the principal itself, or its proven user.
    fn is_never_block(&self) -> bool {
        let user = self.subject.user_id.filter(|_| self.subject.proven && !self.subject.contradicts);
        user.is_some_and(|user| self.never_users.contains(&user))
            || self.config.never_block.iter().any(|rule| rule.covers(&self.subject.principal))
    }

    fn is_infrastructure(&self) -> bool {
        let Handle::Address(address) = &self.subject.principal.handle else { return false };
        self.config.infrastructure.iter().any(|known| known.to_canonical() == address.to_canonical())
    }
}

impl Held {
    fn at_most(&mut self, limit: Action, rail: &'static str) {
        if self.action > limit {
            (self.action, self.by) = (limit, Some(rail));
        }
    }
}

fn share(share: f64, known: usize) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a table's length"
    )]
    let n = (share.clamp(0.0, 1.0) * known as f64) as u64;
    n
}
