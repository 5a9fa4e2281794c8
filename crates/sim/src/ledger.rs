//! The ledger: every call in, who made how many out. What the truth is made of.

use std::collections::VecDeque;

use model::{ApiCall, Principal, PrincipalId, PrincipalKind, Timestamp};

use crate::{ActorId, ActorTruth, Archetype, AttackId, Origin};

/// Calls of one attack.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) calls: u64,
    pub(crate) denied: u64,
    pub(crate) leaked: u64,
    pub(crate) first: Option<Timestamp>,
    pub(crate) last: Option<Timestamp>,
}

/// What is kept of an actor.
#[derive(Clone, Copy, Debug)]
struct Row {
    archetype: Archetype,
    attack: Option<AttackId>,
    calls: u64,
    denied: u64,
    since: Timestamp,
}

/// Who made how many calls, and whose which credential is.
#[derive(Debug)]
pub(crate) struct Ledger {
    rows: Vec<Option<Row>>,
    attacks: Vec<Tally>,
    owned: VecDeque<(PrincipalId, ActorId)>,
    owned_max: usize,
}

impl Ledger {
    pub(crate) fn new(owned_max: u32) -> Self {
        Self { rows: Vec::new(), attacks: Vec::new(), owned: VecDeque::new(), owned_max: owned_max as usize }
    }

    /// These principals are this actor's.
    pub(crate) fn own(&mut self, actor: ActorId, principals: &[Principal]) {
        // Applications are many people's.
        for principal in principals.iter().filter(|one| one.kind != PrincipalKind::Client) {
            if self.owned_max == 0 {
                return;
            }
            if self.owned.len() >= self.owned_max {
                let _ = self.owned.pop_front();
            }
            self.owned.push_back((principal.id, actor));
        }
    }

    pub(crate) fn count(&mut self, call: &ApiCall, origin: Origin) {
        let place = origin.actor.0 as usize;
        if self.rows.len() <= place {
            self.rows.resize(place + 1, None);
        }
        let Some(row) = self.rows.get_mut(place) else { return };
        let (archetype, attack) = (origin.archetype, origin.attack);
        let row = row.get_or_insert(Row { archetype, attack, calls: 0, denied: 0, since: call.at });
        row.calls += 1;
        row.denied += u64::from(origin.denied);
        let Some(attack) = origin.attack else { return };
        row.attack = origin.attack;
        let place = attack.0 as usize;
        if self.attacks.len() <= place {
            self.attacks.resize(place + 1, Tally::default());
        }
        if let Some(tally) = self.attacks.get_mut(place) {
            tally.calls += 1;
            tally.denied += u64::from(origin.denied);
            tally.leaked += u64::from(origin.leaked);
            tally.first = tally.first.or(Some(call.at));
            tally.last = Some(call.at);
        }
    }

    pub(crate) fn tally(&self, attack: AttackId) -> Tally {
        self.attacks.get(attack.0 as usize).copied().unwrap_or_default()
    }

    pub(crate) fn actors(&self) -> Vec<ActorTruth> {
        let mut actors: Vec<ActorTruth> = Vec::new();
        let mut places = vec![usize::MAX; self.rows.len()];
        for (id, row) in (0..).zip(&self.rows) {
            let Some(row) = row else { continue };
            if let Some(place) = places.get_mut(id as usize) {
                *place = actors.len();
            }
            actors.push(ActorTruth {
                id: ActorId(id),
                archetype: row.archetype,
                attack: row.attack,
                principals: Vec::new(),
                calls: row.calls,
                denied: row.denied,
                since: row.since,
            });
        }
        for (principal, actor) in &self.owned {
            let place = places.get(actor.0 as usize).copied().unwrap_or(usize::MAX);
            if let Some(actor) = actors.get_mut(place)
                && actor.principals.last() != Some(principal)
            {
                actor.principals.push(*principal);
            }
        }
        for actor in &mut actors {
            actor.principals.sort_unstable();
            actor.principals.dedup();
        }
        actors
    }
}
