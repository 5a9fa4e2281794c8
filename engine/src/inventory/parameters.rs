//! The parameters of a route: fields of served calls in, names with types out. Past the limit what one caller alone has
//! sent makes room.

use compact_str::CompactString;
use model::{Field, ParameterRecord, Place, Timestamp, ValueKind};
use serde::{Deserialize, Serialize};

use crate::hash::Tag;

/// Parameters of a route. One more takes the place of the least used that only one caller has sent, if there is one.
const PARAMETERS_MAX: usize = 64;
/// Bytes of a parameter in memory, with a long name.
pub(super) const PARAMETER_BYTES: usize = size_of::<Parameter>() + 16;

/// What is known of the parameters.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Parameters {
    known: Vec<Parameter>,
    /// Served calls with any parameter in query, body, answer.
    calls: [u64; 3],
}

#[derive(Clone, Serialize, Deserialize)]
struct Parameter {
    place: Place,
    name: CompactString,
    /// A bit for each kind of value.
    kinds: u8,
    calls: u64,
    caller: Tag,
    shared: bool,
    first: Timestamp,
    longest: u32,
}

impl Parameters {
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// Takes the fields of one place of a call. Returns how many had no room; there may be `end` parameters in all.
    pub(super) fn learn(
        &mut self,
        place: Place,
        fields: &[Field],
        who: Tag,
        at: Timestamp,
        end: usize,
    ) -> u64 {
        if fields.is_empty() {
            return 0;
        }
        self.calls[place as usize] += 1;
        let (mut missed, mut next) = (0, 0);
        for field in fields {
            // Fields come in the same order most times: the next one is looked at first.
            let here = |known: &Parameter| known.place == place && known.name == field.name;
            let found = match self.known.get(next).is_some_and(here) {
                true => Some(next),
                false => self.known.iter().position(here),
            };
            let Some(found) = found.or_else(|| self.enter(place, field, who, at, end)) else {
                missed += 1;
                continue;
            };
            next = found + 1;
            self.known[found].count(field, who);
        }
        missed
    }

    fn enter(
        &mut self,
        place: Place,
        field: &Field,
        who: Tag,
        first: Timestamp,
        end: usize,
    ) -> Option<usize> {
        let (name, caller) = (field.name.clone(), who);
        let fresh = Parameter { place, name, kinds: 0, calls: 0, caller, shared: false, first, longest: 0 };
        if self.known.len() < PARAMETERS_MAX.min(end) {
            self.known.push(fresh);
            return Some(self.known.len() - 1);
        }
        let lone = self.known.iter().enumerate().filter(|(_, known)| !known.shared && known.caller != who);
        let (least, _) = lone.min_by_key(|(_, known)| known.calls)?;
        self.known[least] = fresh;
        Some(least)
    }

    /// Takes in the parameters of a route that turned out to be this one, as far as there is room.
    pub(super) fn merge(&mut self, other: Self) {
        for (mine, theirs) in self.calls.iter_mut().zip(other.calls) {
            *mine += theirs;
        }
        for theirs in other.known {
            let same = |known: &&mut Parameter| known.place == theirs.place && known.name == theirs.name;
            if let Some(mine) = self.known.iter_mut().find(same) {
                mine.kinds |= theirs.kinds;
                mine.calls += theirs.calls;
                mine.shared |= theirs.shared || mine.caller != theirs.caller;
                mine.first = mine.first.min(theirs.first);
                mine.longest = mine.longest.max(theirs.longest);
            } else if self.known.len() < PARAMETERS_MAX {
                self.known.push(theirs);
            }
        }
    }

    /// For people, by place, then name.
    pub(super) fn records(&self) -> Vec<ParameterRecord> {
        let record = |known: &Parameter| {
            #[expect(clippy::cast_precision_loss, reason = "a share")]
            let share = known.calls as f64 / self.calls[known.place as usize].max(1) as f64;
            ParameterRecord {
                place: known.place,
                name: known.name.clone(),
                kinds: KINDS.into_iter().filter(|kind| known.kinds & 1 << (*kind as u8) != 0).collect(),
                calls: known.calls,
                share: share.min(1.0),
                shared: known.shared,
                first: known.first,
                longest: known.longest,
            }
        };
        let mut records: Vec<_> = self.known.iter().map(record).collect();
        records.sort_by(|a, b| (a.place, &a.name).cmp(&(b.place, &b.name)));
        records
    }
}

impl Parameter {
    fn count(&mut self, field: &Field, who: Tag) {
        self.kinds |= 1 << (field.kind as u8);
        self.calls += 1;
        self.shared |= self.caller != who;
        self.longest = self.longest.max(field.length);
    }
}

/// Every kind of value, in the order of its bits.
const KINDS: [ValueKind; 8] = [
    ValueKind::Null,
    ValueKind::Bool,
    ValueKind::Int,
    ValueKind::Float,
    ValueKind::Text,
    ValueKind::List,
    ValueKind::Object,
    ValueKind::File,
];

#[cfg(test)]
mod tests {
    use model::{Charset, Signs};

    use super::*;

    fn field(name: &str, kind: ValueKind) -> Field {
        Field {
            name: name.into(),
            kind,
            length: 3,
            charset: Charset::default(),
            magnitude: 0,
            signs: Signs::default(),
        }
    }

    #[test]
    fn made_up_parameters_of_one_caller_do_not_push_out_those_of_many() {
        let mut parameters = Parameters::default();
        let at = Timestamp::ZERO;
        for who in 1..10 {
            parameters.learn(Place::Body, &[field("total", ValueKind::Int)], Tag(who), at, 1_000);
        }
        let mut missed = 0;
        for n in 0..200 {
            let name = format!("junk{n}");
            missed += parameters.learn(Place::Body, &[field(&name, ValueKind::Text)], Tag(77), at, 1_000);
        }
        assert_eq!((parameters.len(), missed), (PARAMETERS_MAX, 137));
        let more = parameters.learn(Place::Query, &[field("page", ValueKind::Int)], Tag(5), at, 1_000);
        let records = parameters.records();
        let named = |name: &str| records.iter().find(|record| record.name == name);
        assert_eq!((more, named("page").map(|page| page.calls)), (0, Some(1)));
        assert!(named("total").is_some_and(|total| total.shared && total.kinds == [ValueKind::Int]));
    }

    #[test]
    fn a_name_twice_in_one_call_is_no_more_than_always() {
        let mut parameters = Parameters::default();
        let twice = [field("tag", ValueKind::Text), field("tag", ValueKind::Null)];
        parameters.learn(Place::Query, &twice, Tag(1), Timestamp::ZERO, 100);
        let records = parameters.records();
        assert_eq!((records.len(), records[0].share), (1, 1.0));
        assert_eq!(records[0].kinds, [ValueKind::Null, ValueKind::Text]);
    }
}
