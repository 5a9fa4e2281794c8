//! Forms: requests and answers of normal calls in, what each route is usually sent and gives out. Never a value.

use compact_str::CompactString;
use model::{Field, Loss, Losses, Shape};
use serde::{Deserialize, Serialize};

use crate::{
    hash::{Tag, mix},
    snapshot::Settle,
    stats::{Aspect, FormModel, Gauge, Oddity},
    table::{Table, Worth},
};

/// Bytes of one form with what it holds elsewhere.
const FORM_BYTES: usize = 8_000;
/// Fewest forms, however little memory there is.
const FORMS_MIN: usize = 64;
/// Kinds of objects whose members are remembered, and members of each.
const KINDS_MAX: usize = 1_024;
const MEMBERS_MAX: usize = 64;
/// Days after which a member is an old one: a release may bring it in answers and requests at once.
const SETTLED_DAYS: u16 = 2;

/// What is sent to each route, or to each operation where one URL serves many.
#[derive(Serialize, Deserialize)]
pub(crate) struct Forms {
    forms: Table<u64, Form>,
    /// Names of members that answers showed, by a hash of the kind of object.
    members: Table<u64, Members>,
    #[serde(skip)]
    forms_max: usize,
}

/// What one route is sent, and how it answers.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Form {
    pub(crate) query: FormModel,
    pub(crate) body: FormModel,
    /// Microseconds until its answers end, and their bytes.
    pub(crate) took: Gauge,
    pub(crate) gave: Gauge,
}

/// Hashes of the names that answers about one kind of object hold, and the days on which they came up.
#[derive(Default, Serialize, Deserialize)]
struct Members {
    names: Vec<(u32, u16)>,
}

/// The oddest thing that a subject sent: for the words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Oddest {
    /// Nats.
    pub(crate) score: f32,
    pub(crate) aspect: Aspect,
    /// Name of the field, at most 64 bytes; empty for the whole body.
    pub(crate) field: CompactString,
    /// Its size, and the size under which 99 of 100 stay or the share of those that do as most do, in percent.
    pub(crate) seen: f32,
    pub(crate) usual: f32,
    /// Calls of others that it is compared with.
    pub(crate) votes: u16,
}

impl Oddest {
    /// From an oddity found with `model`.
    pub(crate) fn of(oddity: &Oddity<'_>, model: &FormModel) -> Self {
        Self {
            score: oddity.score,
            aspect: oddity.aspect,
            field: oddity.field.into(),
            seen: oddity.seen,
            usual: model.usual(oddity),
            votes: model.votes(),
        }
    }
}

impl Worth for Form {
    fn worth(&self) -> u32 {
        u32::from(self.query.votes().max(self.body.votes()))
    }
}

impl Worth for Members {
    fn worth(&self) -> u32 {
        1
    }
}

/// Where the form of a symbol stands.
pub(crate) fn key(symbol: u32) -> u64 {
    mix(u64::from(symbol), 21)
}

impl Forms {
    pub(crate) fn within(bytes: usize) -> Self {
        let forms_max = (bytes / FORM_BYTES).max(FORMS_MIN);
        Self { forms: Table::within(0), members: Table::within(0), forms_max }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.forms.len() * FORM_BYTES + self.members.len() * (MEMBERS_MAX * 8 + 32)
    }

    /// What a symbol is usually sent.
    pub(crate) fn get(&self, symbol: u32) -> Option<&Form> {
        self.forms.get(key(symbol))
    }

    /// The form that a vote goes to, made now if there is room.
    pub(crate) fn enter(&mut self, symbol: u32, losses: &mut Losses) -> Option<&mut Form> {
        let key = key(symbol);
        if self.forms.peek(key).is_none() {
            if self.forms.len() >= self.forms_max {
                losses.count(Loss::FormsFull);
                return None;
            }
            self.forms.insert(key, Form::default());
        }
        self.forms.get_mut(key)
    }

    /// Remembers the members of an answer about a kind of object.
    pub(crate) fn show(&mut self, noun: &str, fields: &[Field], day: u16) {
        let kind = word(noun);
        if self.members.peek(kind).is_none() {
            if self.members.len() >= KINDS_MAX {
                return;
            }
            self.members.insert(kind, Members::default());
        }
        let Some(members) = self.members.get_mut(kind) else { return };
        for field in fields {
            let name = Tag::short(word(last(&field.name))).0;
            if members.names.len() < MEMBERS_MAX && !members.names.iter().any(|(known, _)| *known == name) {
                members.names.push((name, day));
            }
        }
    }

    /// Whether answers about this kind of object have shown a member of this name for some days.
    pub(crate) fn shows(&self, noun: &str, name: &str, day: u16) -> bool {
        let name = Tag::short(word(last(name))).0;
        let settled = |(known, since): &(u32, u16)| *known == name && since + SETTLED_DAYS <= day;
        self.members.get(word(noun)).is_some_and(|members| members.names.iter().any(settled))
    }
}

impl Settle for Forms {
    fn settle(&mut self, fresh: Self) -> Option<()> {
        self.forms_max = fresh.forms_max;
        self.forms.settle(fresh.forms)?;
        self.members.settle(fresh.members)
    }
}

impl Form {
    /// Whether nothing about a request is worth a closer look.
    pub(crate) fn is_plain(&self, query: &[Field], body: &[Field], shape: Option<(&Shape, u64)>) -> bool {
        self.query.is_plain(query, None)
            && (shape.is_none() && body.is_empty() || self.body.is_plain(body, shape))
    }

    /// The oddest thing about a request.
    pub(crate) fn oddest(&self, query: &[Field], body: &[Field], shape: Option<(&Shape, u64)>) -> Oddest {
        let in_query = self.query.judge(query, None);
        if shape.is_none() && body.is_empty() {
            return Oddest::of(&in_query, &self.query);
        }
        let in_body = self.body.judge(body, shape);
        let (worst, model) =
            if in_body.score > in_query.score { (in_body, &self.body) } else { (in_query, &self.query) };
        Oddest::of(&worst, model)
    }
}

/// The last part of a nested name.
fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// A hash of a name.
fn word(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_forms_than_there_is_room_for() {
        let (mut forms, mut losses) = (Forms::within(0), Losses::default());
        let made = (0..100).filter(|symbol| forms.enter(*symbol, &mut losses).is_some()).count();
        assert_eq!((made, losses.of(Loss::FormsFull)), (FORMS_MIN, 36));
    }
}
