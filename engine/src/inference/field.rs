//! One field that may carry a credential: the values that were served in, how they recur and where they come from out.
//! Values are keyed hashes; of many the 64 smallest stand for all.

use compact_str::CompactString;
use model::{FieldPlace, PrincipalKind, Timestamp};
use serde::{Deserialize, Serialize};

/// Values that are kept: those with the smallest hashes (Bar-Yossef et al. 2002), a fair sample of all.
const VALUES_MAX: usize = 64;
/// Networks that are told apart of one value.
const NETWORKS_MAX: usize = 7;

/// A field of one host.
#[derive(Serialize, Deserialize)]
pub(super) struct Field {
    pub(super) place: FieldPlace,
    pub(super) name: CompactString,
    pub(super) kind: PrincipalKind,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    /// Calls that had it, and those of them that were served.
    pub(super) calls: u64,
    pub(super) served: u64,
    /// Calls with it on routes that turn somebody away: how they ended.
    pub(super) good: u64,
    pub(super) away: u64,
    /// Values that an answer handed out before they were shown: after a password was accepted, to somebody who had shown none
    /// of this field, and in place of an older one.
    pub(super) handed: Handed,
    /// Times that a value got on that had been turned away when it was shown last: asked for a credential, and barred.
    pub(super) risen: [u32; 2],
    pub(super) state: State,
    /// By hash, ascending.
    values: Vec<Value>,
}

/// Values by the answers that handed them out.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Handed {
    pub(super) login: u32,
    pub(super) other: u32,
    pub(super) renewal: u32,
}

/// Whether a field counts as a credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum State {
    /// Not yet.
    #[default]
    Open,
    /// From then on.
    Inferred(Timestamp),
    /// It did, and the evidence turned.
    Withdrawn(Timestamp),
}

#[derive(Serialize, Deserialize)]
struct Value {
    tag: u32,
    /// Served calls.
    calls: u32,
    networks: [u32; NETWORKS_MAX],
    /// Networks seen; one more than are kept stands for many.
    from: u8,
}

/// How the values of a field recur.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Recurrence {
    /// Distinct values, estimated.
    pub(super) values: f64,
    /// Values in the sample that were used three times or more.
    pub(super) recurring: u32,
    /// Their share of the sample.
    pub(super) recurring_share: f64,
    /// Networks that a recurring value comes from, on average; 8 and more count as 8.
    pub(super) networks: f64,
}

impl Field {
    pub(super) fn new(place: FieldPlace, name: CompactString, kind: PrincipalKind, now: Timestamp) -> Self {
        Self {
            place,
            name,
            kind,
            first: now,
            last: now,
            calls: 0,
            served: 0,
            good: 0,
            away: 0,
            handed: Handed::default(),
            risen: [0; 2],
            state: State::Open,
            values: Vec::new(),
        }
    }

    pub(super) fn is_inferred(&self) -> bool {
        matches!(self.state, State::Inferred(_))
    }

    /// A served call showed this value.
    pub(super) fn serve(&mut self, tag: u32, network: u32) {
        self.served += 1;
        let at = match self.values.binary_search_by_key(&tag, |value| value.tag) {
            Ok(at) => at,
            Err(at) if at >= VALUES_MAX => return,
            Err(at) => {
                self.values.truncate(VALUES_MAX - 1);
                self.values.insert(at, Value { tag, calls: 0, networks: [0; NETWORKS_MAX], from: 0 });
                at
            }
        };
        if let Some(value) = self.values.get_mut(at) {
            value.take(network);
        }
    }

    pub(super) fn recurrence(&self) -> Recurrence {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let recurring = self.values.iter().filter(|value| value.calls >= 3);
        let (times, networks) =
            recurring.fold((0_u32, 0_u32), |(n, sum), value| (n + 1, sum + u32::from(value.from)));
        let kept = count(self.values.len());
        let largest = self.values.last().map_or(0, |value| value.tag);
        let values = if self.values.len() < VALUES_MAX {
            f64::from(kept)
        } else {
            f64::from(kept - 1) * (f64::from(u32::MAX) / f64::from(largest.max(1)))
        };
        Recurrence {
            values,
            recurring: times,
            recurring_share: f64::from(times) / f64::from(kept.max(1)),
            networks: f64::from(networks) / f64::from(times.max(1)),
        }
    }
}

impl Value {
    fn take(&mut self, network: u32) {
        self.calls = self.calls.saturating_add(1);
        let kept = usize::from(self.from).min(NETWORKS_MAX);
        if self.networks.iter().take(kept).any(|known| *known == network) {
            return;
        }
        if let Some(place) = self.networks.get_mut(usize::from(self.from)) {
            *place = network;
        }
        self.from = self.from.saturating_add(1).min(u8::try_from(NETWORKS_MAX).unwrap_or(u8::MAX) + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::mix;

    fn field() -> Field {
        Field::new(FieldPlace::Cookie, "a".into(), PrincipalKind::Cookie, Timestamp::ZERO)
    }

    #[expect(clippy::cast_possible_truncation, reason = "half a hash")]
    fn tag(n: u64) -> u32 {
        mix(n, 5) as u32
    }

    #[test]
    fn a_sample_stands_for_all_values() {
        let mut field = field();
        (0..5_000).for_each(|call| field.serve(tag(call % 1_000), 1));
        let seen = field.recurrence();
        assert!((700.0..1_400.0).contains(&seen.values), "{seen:?}");
        assert_eq!((seen.recurring, seen.networks), (64, 1.0));
    }

    #[test]
    fn values_that_never_recur_show() {
        let mut field = field();
        (0..5_000).for_each(|call| field.serve(tag(call), 1));
        assert_eq!(field.recurrence().recurring, 0);
    }

    #[test]
    fn values_of_many_networks_show() {
        let mut field = field();
        (0..1_000_u32).for_each(|call| field.serve(tag(u64::from(call % 10)), call));
        assert_eq!(field.recurrence().networks, 8.0);
    }
}
