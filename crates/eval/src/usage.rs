//! Whose a principal is: calls with their labels in, the actors and attacks that used each principal out.

use model::PrincipalId;
use smallvec::SmallVec;

use crate::{recent::Recent, truth::Label};

/// Principals of one generation; those unused for longest are forgotten past twice as many.
const PRINCIPALS_MAX: usize = 400_000;
/// Honest actors remembered per principal, the first ones.
const ACTORS_MAX: usize = 4;
/// Attacks remembered per principal, the first ones.
const ATTACKS_MAX: usize = 8;

/// Who used one principal.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Users {
    /// Honest actors, at most 4.
    pub(crate) honest: SmallVec<[u32; 2]>,
    /// Attacks, at most 8.
    pub(crate) attacks: SmallVec<[u32; 1]>,
    /// The actor that used it last.
    pub(crate) latest: u32,
}

/// The users of every principal seen lately.
pub(crate) struct Usage(Recent<PrincipalId, Users>);

impl Usage {
    pub(crate) fn new() -> Self {
        Self(Recent::new(PRINCIPALS_MAX))
    }

    /// Learns that the call of this label carried a principal.
    pub(crate) fn learn(&mut self, principal: PrincipalId, label: Label) {
        let users = self.0.row(principal, Users::default);
        users.latest = label.actor;
        match label.attack {
            Some(attack) => note(&mut users.attacks, attack, ATTACKS_MAX),
            None => note(&mut users.honest, label.actor, ACTORS_MAX),
        }
    }

    pub(crate) fn of(&self, principal: PrincipalId) -> Option<&Users> {
        self.0.get(&principal)
    }
}

fn note<const N: usize>(list: &mut SmallVec<[u32; N]>, number: u32, limit: usize)
where
    [u32; N]: smallvec::Array<Item = u32>,
{
    if list.len() < limit && !list.contains(&number) {
        list.push(number);
    }
}
