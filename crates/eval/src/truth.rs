//! Ground truth: who really made a call, and what was staged in a world. Filled by whoever staged it; never seen by a
//! detector.

use model::{PrincipalId, PrincipalKind, Timestamp};

/// Who really made one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// Number of the actor: one person, device or program with all its credentials and addresses.
    pub actor: u32,
    /// Place of its archetype in [`Truth::archetypes`].
    pub archetype: u16,
    /// The attack that the call is part of, as [`Attack::number`].
    pub attack: Option<u32>,
    /// The gateway refused it because of a verdict: the service never saw it.
    pub denied: bool,
    /// Records that an attacker got by it and had no right to.
    pub leaked: u32,
}

/// All that was staged in one world.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Truth {
    /// Names of the kinds of actors.
    pub archetypes: Vec<String>,
    /// Attacks, by number.
    pub attacks: Vec<Attack>,
    /// Releases, outages, campaigns of marketing: what happens to honest actors.
    pub upheavals: Vec<Upheaval>,
}

/// One staged attack.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attack {
    /// Its number in the labels.
    pub number: u32,
    /// Stable name of its kind.
    pub kind: String,
    /// Names of detectors that explain it rightly.
    pub explained_by: Vec<String>,
    /// Principals on which a verdict is right, sorted: its own and the stolen ones. Addresses that it used need not be named.
    pub guilty: Vec<PrincipalId>,
    /// Principals in whose name or place it acts without holding their credential: a verdict on them is wrong.
    pub victims: Vec<PrincipalId>,
    /// Units of its goal that it wanted, and got in the end.
    pub wanted: u64,
    /// See `wanted`.
    pub got: u64,
    /// Nobody tuned a detector on this kind.
    pub held_out: bool,
    /// Many actors together.
    pub campaign: bool,
    /// Slow enough to hide from rates.
    pub slow: bool,
}

impl Attack {
    /// Whether a verdict on a principal that calls of the attack carried is right. A client application that honest actors
    /// use is never the attacker; what nobody honest used always is.
    #[must_use]
    pub fn is_hit_by(&self, principal: PrincipalId, kind: PrincipalKind, also_honest: bool) -> bool {
        if self.victims.contains(&principal) {
            return false;
        }
        match kind {
            _ if !also_honest => true,
            PrincipalKind::Client => false,
            PrincipalKind::Ip => true,
            _ => self.guilty.binary_search(&principal).is_ok(),
        }
    }
}

/// Something that happens to honest actors, and that a detector must not take for an attack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upheaval {
    /// Stable name of its kind.
    pub kind: String,
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
}

impl Truth {
    /// The attack with this number.
    #[must_use]
    pub fn attack(&self, number: u32) -> Option<&Attack> {
        let at = self.attacks.binary_search_by_key(&number, |attack| attack.number);
        at.ok().and_then(|at| self.attacks.get(at))
    }

    /// Names of the upheavals that touch a day, counted from the epoch; sorted, each once.
    #[must_use]
    pub fn upheavals_on(&self, day: u16) -> Vec<&str> {
        let day = u64::from(day);
        let touches =
            |one: &&Upheaval| one.from.as_secs() / 86_400 <= day && day <= one.until.as_secs() / 86_400;
        let mut names: Vec<_> = self.upheavals.iter().filter(touches).map(|one| one.kind.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_knows_the_upheavals_that_touch_it() {
        let day = |n: u64| Timestamp::from_nanos(n * 86_400_000_000_000);
        let up = |kind: &str, from, until| Upheaval { kind: kind.into(), from: day(from), until: day(until) };
        let truth = Truth {
            upheavals: vec![up("release", 3, 5), up("outage", 5, 5), up("release", 4, 4)],
            ..Truth::default()
        };
        assert_eq!(truth.upheavals_on(2), Vec::<&str>::new());
        assert_eq!(truth.upheavals_on(4), ["release"]);
        assert_eq!(truth.upheavals_on(5), ["outage", "release"]);
    }
}
