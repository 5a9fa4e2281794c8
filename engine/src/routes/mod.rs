//! Routes: calls in, templates such as `/orders/{int}` and the objects they name out. Never learns from what was refused.

mod noun;
mod shape;
mod trie;

use std::sync::LazyLock;

use compact_str::CompactString;
use model::{ApiCall, FieldId, IdShape, Loss, Losses, Outcome, Pseudonyms, Timestamp};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::{
    hash::{Tag, mix},
    snapshot::Settle,
};
pub(crate) use shape::{is_static, shape_of};
use trie::{Step, Trie};

/// Segments of a path that are looked at; a deeper path has no route.
const DEPTH_MAX: usize = 24;
/// Objects of one call that are looked at.
const OBJECTS_MAX: usize = 8;
/// Bits of the distinct-caller estimate of a route.
const CALLER_BITS: usize = 512;
/// Last distinct callers of a route whose luck is remembered.
const LUCK: usize = 8;

/// Place of a route in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct RouteId(pub(crate) u32);

/// A kind of object: a hash of its noun. Zero for ids that are unique by themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Class(pub(crate) u32);

/// An object that a call names: `id` is its key across the deployment.
#[derive(Clone, Debug)]
pub(crate) struct ObjectRef {
    pub(crate) id: u64,
    pub(crate) class: Class,
    pub(crate) noun: CompactString,
}

/// What a call looks like once its path is understood.
pub(crate) struct Sighting {
    pub(crate) route: Option<RouteId>,
    /// Objects named by the path, then by query and body.
    pub(crate) objects: SmallVec<[ObjectRef; 2]>,
    /// Noun of the last word of the path.
    pub(crate) noun: CompactString,
    /// The path ends in an id: one object, not a collection.
    pub(crate) ends_in_id: bool,
    /// Hash of method and path as sent.
    pub(crate) target: u64,
}

/// One learnt route.
#[derive(Serialize, Deserialize)]
pub(crate) struct Route {
    pub(crate) method: CompactString,
    pub(crate) template: CompactString,
    pub(crate) calls: u64,
    pub(crate) errors: u64,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    /// Has refused a caller without a good credential.
    pub(crate) refuses: bool,
    /// Has served a caller without credential.
    pub(crate) serves_anyone: bool,
    callers: [u64; CALLER_BITS / 64],
    luck: SmallVec<[(Tag, Luck); 2]>,
}

/// How a caller fared on a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Luck {
    Served,
    Failed,
}

/// What a number stands for that no route has: one of a time that was lost.
static NOWHERE: LazyLock<Route> = LazyLock::new(|| Route {
    method: CompactString::const_new(""),
    template: CompactString::const_new(""),
    calls: 0,
    errors: 0,
    first: Timestamp::ZERO,
    last: Timestamp::ZERO,
    refuses: false,
    serves_anyone: false,
    callers: [0; CALLER_BITS / 64],
    luck: SmallVec::new(),
});

/// All routes.
#[derive(Serialize, Deserialize)]
pub(crate) struct Routes {
    trie: Trie,
    pub(crate) table: Vec<Route>,
    #[serde(skip)]
    routes_max: usize,
    /// Routes that turned out to be others, since they were last asked for.
    #[serde(skip)]
    merged: Vec<(RouteId, RouteId)>,
}

impl Settle for Routes {
    fn settle(&mut self, fresh: Self) -> Option<()> {
        self.routes_max = fresh.routes_max;
        self.trie.settle(fresh.trie)?;
        self.trie.routes().all(|id| (id.0 as usize) < self.table.len()).then_some(())
    }
}

impl Routes {
    /// Routes within about `bytes`, under hash keys from `seeds`.
    pub(crate) fn within(bytes: usize, seeds: [u64; 4]) -> Self {
        let routes_max = (bytes / 2 / (size_of::<Route>() + 128)).clamp(256, 65_536);
        Self { trie: Trie::new(routes_max * 4, seeds), table: Vec::new(), routes_max, merged: Vec::new() }
    }

    /// Understands a call's path; a served call may teach a new route.
    pub(crate) fn see(&mut self, call: &ApiCall, names: &Pseudonyms, losses: &mut Losses) -> Sighting {
        let mut seen = Sighting {
            route: None,
            objects: SmallVec::new(),
            noun: CompactString::default(),
            ends_in_id: false,
            target: mix(self.trie.hash(call.path.as_bytes()), self.trie.hash(call.method.as_bytes())),
        };
        let served = matches!(call.outcome(), Outcome::Served) && call.grade != model::Grade::C;
        let mut node = Some(Trie::ROOT);
        let mut word = "";
        for (depth, segment) in call.path.split('/').filter(|part| !part.is_empty()).enumerate() {
            if depth >= DEPTH_MAX {
                node = None;
                break;
            }
            let step = node.map_or_else(
                || shape::shape_of(segment).map_or(Step::Unknown, |shape| Step::Id(None, shape)),
                |at| self.trie.step(at, segment, served),
            );
            seen.ends_in_id = matches!(step, Step::Id(..));
            match step {
                Step::Word(next) => (node, word) = (Some(next), noun::named(word, segment)),
                Step::Id(next, shape) => {
                    node = next;
                    if seen.objects.len() < OBJECTS_MAX {
                        let key = names.object(segment.as_bytes());
                        seen.objects.push(self.object(key.0, shape, noun::singular(word)));
                    }
                }
                Step::Unknown => (node, word) = (None, noun::named(word, segment)),
                Step::Full => {
                    node = None;
                    losses.count(Loss::RouteOverflow);
                }
            }
        }
        seen.noun = noun::singular(word);
        for field in call.asked.iter().take(OBJECTS_MAX) {
            let object = self.field(field, &seen.noun);
            seen.objects.push(object);
        }
        seen.route = node.and_then(|at| self.route_at(at, call, served, losses));
        seen
    }

    /// The object that a field names; a plain `id` is of the route's own noun.
    pub(crate) fn field(&self, field: &FieldId, route_noun: &CompactString) -> ObjectRef {
        let (noun, class) = self.kind(&field.name, route_noun);
        ObjectRef { id: object_id(field.object.0, field.shape, class), class, noun }
    }

    /// The kind of object that fields of this name hold; a plain `id` is of the route's own noun.
    pub(crate) fn kind(&self, name: &str, route_noun: &CompactString) -> (CompactString, Class) {
        let noun = noun::of_field(name).unwrap_or_else(|| route_noun.clone());
        let class = self.class(&noun);
        (noun, class)
    }

    fn class(&self, noun: &str) -> Class {
        Class(Tag::short(self.trie.hash(noun.as_bytes())).0)
    }

    fn object(&self, key: u64, shape: IdShape, noun: CompactString) -> ObjectRef {
        let class = self.class(&noun);
        ObjectRef { id: object_id(key, shape, class), class, noun }
    }

    fn route_at(&mut self, node: u32, call: &ApiCall, served: bool, losses: &mut Losses) -> Option<RouteId> {
        if let Some(id) = self.trie.route(node, &call.method) {
            return Some(id);
        }
        if !served {
            return None;
        }
        if self.table.len() >= self.routes_max {
            losses.count(Loss::RouteOverflow);
            return None;
        }
        let id = RouteId(u32::try_from(self.table.len()).ok()?);
        self.trie.put_route(node, &call.method, id);
        self.table.push(Route {
            method: call.method.clone(),
            template: self.trie.template(node),
            calls: 0,
            errors: 0,
            first: call.ended_at,
            last: call.ended_at,
            refuses: false,
            serves_anyone: false,
            callers: [0; CALLER_BITS / 64],
            luck: SmallVec::new(),
        });
        Some(id)
    }

    /// Counts a call on its route, and merges words that turn out to be ids.
    ///
    /// `witness` is the caller again if it is of good standing: only then its failures speak against the route.
    pub(crate) fn count(
        &mut self,
        id: RouteId,
        call: &ApiCall,
        who: Tag,
        presented: Presented,
        witness: Option<Tag>,
    ) {
        let route = &mut self.table[id.0 as usize];
        route.calls += 1;
        route.last = route.last.max(call.ended_at);
        let bit = mix(u64::from(who.0), 3) as usize % CALLER_BITS;
        route.callers[bit / 64] |= 1 << (bit % 64);
        match (call.outcome(), presented) {
            (Outcome::Served, Presented::Nothing) => route.serves_anyone = true,
            (Outcome::Rejected, _) => route.refuses = true,
            (Outcome::Refused, Presented::Nothing) if call.status == Some(403) => route.refuses = true,
            _ => {}
        }
        let luck = match call.outcome() {
            Outcome::Served => Luck::Served,
            Outcome::Refused => Luck::Failed,
            _ => return,
        };
        route.errors += u64::from(luck == Luck::Failed);
        if let Some(witness) = witness {
            route.remember(witness, luck);
        }
        if luck == Luck::Served && route.calls == 1 {
            self.merge_words();
        }
    }

    /// Lets sibling words that behave like ids become one `{slug}`.
    fn merge_words(&mut self) {
        let table = &self.table;
        let lone = |id: RouteId| table[id.0 as usize].callers() <= 1;
        let merged = self.trie.merge(lone);
        self.merged.extend_from_slice(&merged);
        for (from, into) in merged {
            let from = std::mem::replace(&mut self.table[from.0 as usize].calls, 0);
            self.table[into.0 as usize].calls += from;
        }
        for (id, template) in self.trie.take_renamed() {
            self.table[id.0 as usize].template = template;
        }
    }

    /// Routes that turned out to be others since the last time, each with the other.
    pub(crate) fn take_merged(&mut self) -> Vec<(RouteId, RouteId)> {
        std::mem::take(&mut self.merged)
    }

    pub(crate) fn route(&self, id: RouteId) -> &Route {
        self.table.get(id.0 as usize).unwrap_or(&NOWHERE)
    }

    /// Routes that still stand for calls: those merged into others are left out.
    pub(crate) fn live(&self) -> impl Iterator<Item = &Route> {
        self.table.iter().filter(|route| route.calls > 0)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.table.capacity() * size_of::<Route>() + self.trie.bytes()
    }
}

/// Whether a caller showed a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presented {
    Nothing,
    Credential,
}

impl Route {
    /// Knows to tell callers apart: refuses some, and serves nobody without credential.
    pub(crate) fn is_guarded(&self) -> bool {
        self.refuses && !self.serves_anyone
    }

    /// Fails for many callers at once: removed or broken, not probed.
    pub(crate) fn is_broken(&self) -> bool {
        let failed = self.luck.iter().filter(|(_, luck)| *luck == Luck::Failed).count();
        failed >= 3 && failed * 2 >= self.luck.len()
    }

    /// Distinct callers, estimated by linear counting.
    pub(crate) fn callers(&self) -> u64 {
        let set: u32 = self.callers.iter().map(|word| word.count_ones()).sum();
        let bits = f64::from(u32::try_from(CALLER_BITS).unwrap_or(u32::MAX));
        let empty = (bits - f64::from(set)).max(1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 3 200")]
        let estimate = (-bits * (empty / bits).ln()).round() as u64;
        estimate
    }

    /// Positions of ids in the template, counted from 0.
    pub(crate) fn id_positions(&self) -> Vec<usize> {
        let parts = self.template.split('/').filter(|part| !part.is_empty()).enumerate();
        parts.filter(|(_, part)| part.starts_with('{')).map(|(at, _)| at).collect()
    }

    fn remember(&mut self, who: Tag, luck: Luck) {
        if let Some(known) = self.luck.iter_mut().find(|(tag, _)| *tag == who) {
            known.1 = luck;
            return;
        }
        if self.luck.len() >= LUCK {
            self.luck.remove(0);
        }
        self.luck.push((who, luck));
    }
}

/// Where an object stands in the tables: ids that are unique by themselves stand apart from their kind.
pub(crate) fn object_id(key: u64, shape: IdShape, class: Class) -> u64 {
    match shape {
        IdShape::Uuid | IdShape::Hash => mix(key, 0),
        _ => mix(key, u64::from(class.0)),
    }
}
