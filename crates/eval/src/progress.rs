//! How far an attack has come: its calls in, what it had gained at any moment out.

use ahash::AHashSet;
use model::{ApiCall, Outcome, PrincipalId, Timestamp};

use crate::truth::Label;

/// Members and addresses told apart per attack; more count as this many.
const MEMBERS_MAX: usize = 65_536;

/// What an attack had done and gained at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reached {
    /// Its calls, answered or not.
    pub calls: u64,
    /// Seconds since its first call.
    pub seconds: f64,
    /// Records that it got and had no right to.
    pub records: u64,
    /// Sensitive values that answers gave to it.
    pub sensitive: u64,
    /// Actors that took part.
    pub members: u64,
    /// Addresses that it used.
    pub addresses: u64,
}

/// One attack as it goes on.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) first: Option<Timestamp>,
    pub(crate) now: Reached,
    /// Its calls that met a block in force.
    pub(crate) refused: u64,
    members: AHashSet<u32>,
    addresses: AHashSet<PrincipalId>,
}

impl Progress {
    /// Takes in one of its calls.
    pub(crate) fn call(&mut self, call: &ApiCall, label: Label, address: PrincipalId) {
        self.refused += u64::from(label.denied);
        let first = *self.first.get_or_insert(call.at);
        if self.members.len() < MEMBERS_MAX {
            self.members.insert(label.actor);
        }
        if self.addresses.len() < MEMBERS_MAX {
            self.addresses.insert(address);
        }
        self.now = Reached {
            calls: self.now.calls + 1,
            seconds: call.ended_at.since(first).as_secs_f64(),
            records: self.now.records + u64::from(label.leaked),
            sensitive: self.now.sensitive + sensitive(call),
            members: self.members.len() as u64,
            addresses: self.addresses.len() as u64,
        };
    }
}

/// Sensitive values that an answer gave.
pub(crate) fn sensitive(call: &ApiCall) -> u64 {
    if call.outcome() != Outcome::Served {
        return 0;
    }
    let response = call.details.as_ref().and_then(|details| details.response.as_ref());
    response.map_or(0, |body| body.sensitive.iter().map(|class| u64::from(class.count)).sum())
}
