//! The simulation's truth as the evaluation reads it.

use eval::{Attack, HELD_OUT, Label, Truth, Upheaval, explains};
use sim::{ATTACKS, Archetype, AttackTruth, Origin};

/// The label of one call.
pub(super) fn label(origin: &Origin) -> Label {
    let archetype = Archetype::ALL.iter().position(|archetype| *archetype == origin.archetype);
    Label {
        actor: origin.actor.0,
        archetype: archetype.and_then(|at| u16::try_from(at).ok()).unwrap_or(u16::MAX),
        attack: origin.attack.map(|attack| attack.0),
        denied: origin.denied,
        leaked: origin.leaked,
    }
}

/// All that was staged.
pub(super) fn truth(staged: &sim::Truth) -> Truth {
    let upheavals = staged.events.iter().map(|event| Upheaval {
        kind: event.kind.clone(),
        from: event.began,
        until: event.ended,
    });
    let mut attacks: Vec<_> = staged.attacks.iter().map(attack).collect();
    attacks.sort_by_key(|attack| attack.number);
    Truth {
        archetypes: Archetype::ALL.iter().map(|archetype| archetype.name().to_owned()).collect(),
        attacks,
        upheavals: upheavals.collect(),
    }
}

fn attack(staged: &AttackTruth) -> Attack {
    let kind = ATTACKS.iter().find(|kind| kind.name == staged.kind);
    let mut guilty = staged.guilty.clone();
    guilty.sort_unstable();
    Attack {
        number: staged.id.0,
        kind: staged.kind.clone(),
        explained_by: explains(&staged.kind).unwrap_or_default().iter().map(ToString::to_string).collect(),
        guilty,
        victims: staged.victims.clone(),
        wanted: staged.wanted,
        got: staged.reached,
        held_out: HELD_OUT.contains(&staged.kind.as_str()),
        campaign: kind.is_some_and(|kind| kind.is_campaign),
        slow: kind.is_some_and(|kind| kind.is_slow),
    }
}
