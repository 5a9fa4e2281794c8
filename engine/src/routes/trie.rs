//! The tree of path segments: a node and a segment in, the next node out. Never more nodes than its limit.

use ahash::RandomState;
use compact_str::CompactString;
use model::IdShape;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::{RouteId, shape::shape_of};
use crate::{
    hash::{KeyedMap, mix},
    snapshot::Settle,
};

/// Sibling words with the same continuation beyond which most being called by one caller makes them ids.
const WORDS_MAX: usize = 24;
/// The same when each holds objects of its own, as collections do.
const COLLECTIONS_MAX: usize = 96;
/// Sibling words that are ids however many callers they have.
const SURELY_IDS: usize = 200;
/// Sibling words of any kind. One more has no route.
const SIBLINGS_MAX: usize = 2_048;

/// Where a segment leads.
pub(crate) enum Step {
    Word(u32),
    Id(Option<u32>, IdShape),
    Unknown,
    /// A new word that found no room.
    Full,
}

#[derive(Serialize, Deserialize)]
struct Node {
    text: CompactString,
    parent: u32,
    words: Vec<u32>,
    ids: SmallVec<[(IdShape, u32); 1]>,
    routes: SmallVec<[(CompactString, RouteId); 1]>,
}

/// The tree.
#[derive(Serialize, Deserialize)]
pub(crate) struct Trie {
    nodes: Vec<Node>,
    #[serde(skip)]
    index: KeyedMap<u64, u32>,
    #[serde(skip)]
    nodes_max: usize,
    #[serde(skip, default = "unkeyed")]
    hasher: RandomState,
    crowded: Vec<u32>,
    renamed: Vec<(RouteId, CompactString)>,
}

impl Trie {
    pub(crate) const ROOT: u32 = 0;

    pub(crate) fn new(nodes_max: usize, seeds: [u64; 4]) -> Self {
        let [a, b, c, d] = seeds;
        let hasher = RandomState::with_seeds(a, b, c, d);
        let mut trie = Self {
            nodes: Vec::new(),
            index: KeyedMap::default(),
            nodes_max,
            hasher,
            crowded: Vec::new(),
            renamed: Vec::new(),
        };
        trie.nodes.push(Node::new("", Self::ROOT));
        trie
    }

    /// A hash that a stranger can not predict.
    pub(crate) fn hash(&self, bytes: &[u8]) -> u64 {
        self.hasher.hash_one(bytes)
    }

    /// Follows one segment; what was served may grow the tree.
    pub(crate) fn step(&mut self, at: u32, segment: &str, grow: bool) -> Step {
        if let Some(shape) = shape_of(segment) {
            return Step::Id(self.id_child(at, shape, grow), shape);
        }
        let key = self.key(at, segment);
        if let Some(next) = self.index.get(&key) {
            return Step::Word(*next);
        }
        if let Some(next) = self.known_id(at, IdShape::Slug) {
            return Step::Id(Some(next), IdShape::Slug);
        }
        if !grow {
            return Step::Unknown;
        }
        let siblings = self.nodes[at as usize].words.len();
        if siblings >= SIBLINGS_MAX {
            return Step::Full;
        }
        let Some(next) = self.add(segment, at) else { return Step::Full };
        self.index.insert(key, next);
        self.nodes[at as usize].words.push(next);
        if siblings >= WORDS_MAX && siblings.is_multiple_of(8) {
            self.crowded.push(at);
        }
        Step::Word(next)
    }

    pub(crate) fn route(&self, at: u32, method: &str) -> Option<RouteId> {
        self.nodes[at as usize].routes.iter().find(|(name, _)| name == method).map(|(_, id)| *id)
    }

    pub(crate) fn put_route(&mut self, at: u32, method: &CompactString, id: RouteId) {
        self.nodes[at as usize].routes.push((method.clone(), id));
    }

    /// The path template of a node.
    pub(crate) fn template(&self, at: u32) -> CompactString {
        let mut chain = Vec::new();
        let mut node = at;
        while node != Self::ROOT {
            chain.push(self.nodes[node as usize].text.as_str());
            node = self.nodes[node as usize].parent;
        }
        if chain.is_empty() {
            return "/".into();
        }
        let mut template = CompactString::default();
        for part in chain.iter().rev() {
            template.push('/');
            template.push_str(part);
        }
        template
    }

    /// Merges sibling words that behave like ids. Returns the routes that went into others.
    pub(crate) fn merge(&mut self, lone: impl Fn(RouteId) -> bool) -> Vec<(RouteId, RouteId)> {
        let mut moved = Vec::new();
        for at in std::mem::take(&mut self.crowded) {
            let group = self.alike(at, &lone);
            if group.is_empty() {
                continue;
            }
            let first = group[0];
            for node in &group {
                let key = self.key(at, &self.nodes[*node as usize].text.clone());
                self.index.remove(&key);
            }
            self.nodes[at as usize].words.retain(|word| !group.contains(word));
            self.nodes[at as usize].ids.push((IdShape::Slug, first));
            self.nodes[first as usize].text = "{slug}".into();
            for node in &group[1..] {
                for (method, from) in std::mem::take(&mut self.nodes[*node as usize].routes) {
                    if let Some(into) = self.route(first, &method) {
                        moved.push((from, into));
                    }
                }
            }
            self.rename_below(first);
        }
        moved
    }

    /// Routes whose template changed since the last call.
    pub(crate) fn take_renamed(&mut self) -> Vec<(RouteId, CompactString)> {
        std::mem::take(&mut self.renamed)
    }

    /// Every route that a node leads to.
    pub(crate) fn routes(&self) -> impl Iterator<Item = RouteId> + '_ {
        self.nodes.iter().flat_map(|node| node.routes.iter().map(|(_, id)| *id))
    }

    pub(crate) fn bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>() + self.index.capacity() * 17
    }

    /// The largest set of sibling words with one continuation, if it is large and lonely enough to be ids.
    fn alike(&self, at: u32, lone: &impl Fn(RouteId) -> bool) -> Vec<u32> {
        let mut groups: std::collections::BTreeMap<u64, Vec<u32>> = std::collections::BTreeMap::new();
        for word in &self.nodes[at as usize].words {
            groups.entry(self.continuation(*word)).or_default().push(*word);
        }
        let Some(group) = groups.into_values().max_by_key(Vec::len) else { return Vec::new() };
        let holds_ids = !self.nodes[group[0] as usize].ids.is_empty();
        let limit = if holds_ids { COLLECTIONS_MAX } else { WORDS_MAX };
        let is_lone = |word: &&u32| self.nodes[**word as usize].routes.iter().all(|(_, id)| lone(*id));
        let lonely = group.iter().filter(is_lone).count();
        let ids = group.len() > limit && lonely * 2 >= group.len() || group.len() > SURELY_IDS;
        if ids && self.known_id(at, IdShape::Slug).is_none() { group } else { Vec::new() }
    }

    /// A hash of what can follow a word: its methods and its children.
    fn continuation(&self, word: u32) -> u64 {
        let node = &self.nodes[word as usize];
        let methods = node.routes.iter().map(|(method, _)| self.hash(method.as_bytes()));
        let words = node.words.iter().map(|child| self.hash(self.nodes[*child as usize].text.as_bytes()));
        let ids = node.ids.iter().map(|(shape, _)| 1 + *shape as u64);
        methods.chain(words).chain(ids).map(|part| mix(part, 11)).fold(0, u64::wrapping_add)
    }

    fn rename_below(&mut self, top: u32) {
        let mut open = vec![top];
        while let Some(at) = open.pop() {
            let template = self.template(at);
            let node = &self.nodes[at as usize];
            self.renamed.extend(node.routes.iter().map(|(_, id)| (*id, template.clone())));
            open.extend(node.words.iter().chain(node.ids.iter().map(|(_, id)| id)));
        }
    }

    fn id_child(&mut self, at: u32, shape: IdShape, grow: bool) -> Option<u32> {
        if let Some(known) = self.known_id(at, shape) {
            return Some(known);
        }
        if !grow {
            return None;
        }
        let text = match shape {
            IdShape::Int => "{int}",
            IdShape::Uuid => "{uuid}",
            IdShape::Hash => "{hash}",
            IdShape::Composite => "{id}",
            IdShape::Slug => "{slug}",
        };
        let next = self.add(text, at)?;
        self.nodes[at as usize].ids.push((shape, next));
        Some(next)
    }

    fn known_id(&self, at: u32, shape: IdShape) -> Option<u32> {
        self.nodes[at as usize].ids.iter().find(|(known, _)| *known == shape).map(|(_, id)| *id)
    }

    fn add(&mut self, text: &str, parent: u32) -> Option<u32> {
        if self.nodes.len() >= self.nodes_max {
            return None;
        }
        self.nodes.push(Node::new(text, parent));
        u32::try_from(self.nodes.len() - 1).ok()
    }

    fn key(&self, at: u32, segment: &str) -> u64 {
        mix(self.hash(segment.as_bytes()), u64::from(at) + 1)
    }
}

/// Until the tree gets its keys.
fn unkeyed() -> RandomState {
    RandomState::with_seeds(0, 0, 0, 0)
}

impl Settle for Trie {
    fn settle(&mut self, fresh: Self) -> Option<()> {
        (self.nodes_max, self.hasher) = (fresh.nodes_max, fresh.hasher);
        let known = |at: u32| (at as usize) < self.nodes.len();
        for (at, node) in self.nodes.iter().enumerate() {
            let ids = node.ids.iter().map(|(_, id)| *id);
            if !known(node.parent) || !node.words.iter().copied().chain(ids).all(known) {
                return None;
            }
            // A node is above its children, so that the way up ends at the root.
            if at > 0 && node.parent as usize >= at {
                return None;
            }
        }
        if self.nodes.is_empty() || !self.crowded.iter().copied().all(known) {
            return None;
        }
        for (at, node) in self.nodes.iter().enumerate() {
            for word in &node.words {
                let key = self.key(u32::try_from(at).ok()?, &self.nodes[*word as usize].text);
                self.index.insert(key, *word);
            }
        }
        Some(())
    }
}

impl Node {
    fn new(text: &str, parent: u32) -> Self {
        Self { text: text.into(), parent, words: Vec::new(), ids: SmallVec::new(), routes: SmallVec::new() }
    }
}
