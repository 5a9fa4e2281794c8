//! Familiar heads: header blocks that came before in, what they say of their caller out. A client sends the same header
//! block with request after request; it is read once. Blocks are known by a keyed hash (HighwayHash, Alakuijala et al.,
//! 2016): no clear secret stays, and nobody without the key can make two blocks look alike.

use compact_str::CompactString;
use highway::{HighwayHash as _, HighwayHasher, Key};
use model::{HeadSign, Pseudonyms};
use smallvec::SmallVec;

use super::{
    Caller, Rules, field_id, pairs,
    target::{Target, canonical_text, path_text},
};
use crate::{
    http::{Desk, Forms, Framed, Look},
    stream::FlowFacts,
};

/// Sets of blocks remembered; a power of two. A set holds [`WAYS`]; the next one takes the place of the oldest.
const SETS: usize = 2_048;
const WAYS: usize = 8;
/// Longest block that is remembered.
const BLOCK_BYTES_MAX: usize = 4_096;

/// Where in a header block clear credentials stand: start and length.
pub(crate) type Places = SmallVec<[(u16, u16); 2]>;

/// What a header block says, whatever the target.
pub(crate) struct Known {
    /// The caller of a request for `/`.
    caller: Caller,
    framed: Option<Framed>,
    clear: Places,
}

impl Known {
    /// The caller, with room for what the target says. What depends on a target is not remembered.
    fn caller(&self) -> Caller {
        let known = &self.caller;
        Caller {
            identities: known.identities.clone(),
            host: known.host.clone(),
            basic: known.basic.clone(),
            path: CompactString::default(),
            asked: SmallVec::new(),
            decoys: SmallVec::new(),
            query: super::Query::default(),
            canonical: None,
            clear: None,
            ..*known
        }
    }
}

/// Blocks seen lately.
pub(crate) struct Familiar {
    key: Key,
    sets: Vec<Set>,
}

/// Blocks that fall on one place.
#[derive(Default)]
struct Set {
    keys: [u128; WAYS],
    known: [Option<Box<Known>>; WAYS],
    /// The place that the next block takes.
    oldest: u8,
}

impl Familiar {
    pub(crate) fn new(names: &Pseudonyms) -> Self {
        let part = |n: u8| names.short(b"familiar", &[n]);
        let sets = std::iter::repeat_with(Set::default).take(SETS).collect();
        Self { key: Key([part(0), part(1), part(2), part(3)]), sets }
    }

    /// The key of a header block.
    pub(crate) fn key(&self, block: &[u8]) -> Option<u128> {
        if block.len() > BLOCK_BYTES_MAX {
            return None;
        }
        let [low, high] = HighwayHasher::new(self.key).hash128(block);
        Some(u128::from(high) << 64 | u128::from(low))
    }

    /// The key of a header block with what stands before it.
    pub(crate) fn key_of(&self, before: &[u8], block: &[u8]) -> Option<u128> {
        if before.len() + block.len() > BLOCK_BYTES_MAX {
            return None;
        }
        let mut hasher = HighwayHasher::new(self.key);
        hasher.append(before);
        hasher.append(b"\n");
        hasher.append(block);
        let [low, high] = hasher.finalize128();
        Some(u128::from(high) << 64 | u128::from(low))
    }

    fn find(&self, key: u128) -> Option<&Known> {
        let set = self.sets.get(place(key))?;
        let way = set.keys.iter().position(|known| *known == key)?;
        set.known.get(way)?.as_deref()
    }

    /// Remembers what a block said, if that does not depend on anything else.
    pub(crate) fn learn(&mut self, key: u128, caller: &Caller, framed: Option<Framed>) {
        let Some(clear) = caller.clear.clone() else { return };
        let mut caller = caller.clone();
        caller.path.clear();
        caller.canonical = None;
        caller.asked.clear();
        caller.query = super::Query::default();
        caller.decoys.clear();
        if caller.context.signs.contains(HeadSign::Path) {
            // The path is this request's alone.
            return;
        }
        let Some(set) = self.sets.get_mut(place(key)) else { return };
        let way = usize::from(set.oldest) % WAYS;
        set.oldest = set.oldest.wrapping_add(1);
        if let (Some(place), Some(known)) = (set.keys.get_mut(way), set.known.get_mut(way)) {
            *place = key;
            *known = Some(Box::new(Known { caller, framed, clear }));
        }
    }
}

fn place(key: u128) -> usize {
    usize::try_from(key % SETS as u128).unwrap_or(0)
}

/// The caller of a request whose header block is familiar; nobody if its target says anything of the caller.
pub(crate) fn recall(
    key: u128,
    block: &[u8],
    (target, look): (&[u8], Look),
    facts: &FlowFacts,
    desk: &Desk,
) -> Option<(Caller, Option<Framed>)> {
    let known = desk.familiar.find(key)?;
    let target = Target::split(target);
    if target.authority.is_some() {
        return None;
    }
    let clear: SmallVec<[&[u8]; 2]> = known
        .clear
        .iter()
        .filter_map(|(from, length)| block.get(usize::from(*from)..usize::from(*from) + usize::from(*length)))
        .collect();
    let rules = Rules { names: &desk.names, decoys: &desk.config.decoys };
    let mut caller = known.caller();
    if !target.query.is_empty() {
        for (name, value) in pairs(target.query) {
            if super::credentials::is_credential(&name, &value, desk) {
                return None;
            }
            let name = std::str::from_utf8(&name).unwrap_or_default();
            if caller.asked.len() < super::ASKED_MAX {
                caller.asked.extend(field_id(name, "", &value, &desk.names));
            }
            if desk.config.inspect_bodies {
                caller.query.take(name, &value);
            }
        }
    }
    rules.decoys.path(target.path, rules.names, &mut caller.decoys);
    let mut forms = Forms::default();
    target.forms(look, None, &mut forms);
    caller.client = facts.client.ip().to_canonical();
    caller.path = path_text(target.path, &clear);
    caller.signs.merge(super::path_signs(target.path, &mut caller.context.signs));
    let canonical = canonical_text(target.path, look, &clear, &mut forms);
    caller.canonical = canonical.filter(|text| *text != caller.path);
    caller.forms = forms;
    Some((caller, known.framed))
}
