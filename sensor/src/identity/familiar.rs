//! Familiar heads: header blocks that came before in, what they say of their caller out. A client sends the same header
//! block with request after request; it is read once. No clear secret stays.

use model::Pseudonyms;
use smallvec::SmallVec;

use super::{
    Aim, Caller, Query, Rules, field_id, pairs,
    target::{Target, canonical_text, path_signs, path_text},
};
use crate::{
    http::{Desk, Forms, Framed, HttpConfig, Look, Touched},
    memo::Memo,
    stream::FlowFacts,
};

/// Most sets of blocks remembered; a power of two.
const SETS: usize = 2_048;
/// Longest block that is remembered.
const BLOCK_BYTES_MAX: usize = 4_096;

/// Where in a header block clear credentials stand: start and length.
pub(crate) type Places = SmallVec<[(u16, u16); 2]>;

/// What a header block says, whatever the target.
struct Known {
    caller: Caller,
    framed: Option<Framed>,
}

/// Blocks seen lately.
pub(crate) struct Familiar(Memo<Known>);

impl Familiar {
    pub(crate) fn new(config: &HttpConfig, names: &Pseudonyms) -> Self {
        Self(Memo::new(config.remembered(SETS), b"familiar", names))
    }

    /// Remembers nothing.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn shut(&mut self) {
        self.0.shut();
    }

    /// The key of a header block.
    pub(crate) fn key(&self, block: &[u8]) -> Option<u128> {
        (block.len() <= BLOCK_BYTES_MAX).then(|| self.0.key(&[block]))
    }

    /// The key of a header block with what stands before it.
    pub(crate) fn key_of(&self, before: &[u8], block: &[u8]) -> Option<u128> {
        let fits = before.len() + block.len() <= BLOCK_BYTES_MAX;
        fits.then(|| self.0.key(&[before, b"\n", block]))
    }

    /// Remembers what a block said, if that does not depend on anything else.
    pub(crate) fn learn(&mut self, key: u128, caller: &Caller, framed: Option<Framed>) {
        if caller.clear.is_some() {
            self.0.keep(key, Known { caller: caller.clone(), framed });
        }
    }
}

/// The caller of a request whose header block is familiar; nobody if its target says anything of the caller.
pub(crate) fn recall<'d>(
    key: u128,
    block: &[u8],
    (target, look): (&[u8], Look),
    facts: &FlowFacts,
    desk: &'d Desk,
) -> Option<(&'d Caller, Aim, Option<Framed>)> {
    let known = desk.familiar.0.find(key)?;
    let target = Target::split(target);
    if target.authority.is_some() {
        return None;
    }
    let places = known.caller.clear.as_deref().unwrap_or_default();
    let clear: SmallVec<[&[u8]; 2]> = places
        .iter()
        .filter_map(|(from, length)| block.get(usize::from(*from)..usize::from(*from) + usize::from(*length)))
        .collect();
    let rules = Rules { names: &desk.names, decoys: &desk.config.decoys };
    let (mut asked, mut query, mut decoys) = (SmallVec::new(), Query::default(), Touched::new());
    if !target.query.is_empty() {
        for (name, value) in pairs(target.query) {
            if super::credentials::may_be_credential(&name, &value, desk) {
                return None;
            }
            let name = std::str::from_utf8(&name).unwrap_or_default();
            if asked.len() < super::ASKED_MAX {
                asked.extend(field_id(name, "", &value, &desk.names));
            }
            if desk.config.inspect_bodies {
                query.take(name, &value);
            }
        }
    }
    rules.decoys.path(target.path, rules.names, &mut decoys);
    let mut forms = Forms::default();
    target.forms(look, None, &mut forms);
    let path = path_text(target.path, look, &clear);
    let canonical = canonical_text(target.path, look, &clear, &mut forms);
    let aim = Aim {
        client: facts.client.ip().to_canonical(),
        canonical: canonical.filter(|text| *text != path),
        path,
        asked,
        decoys,
        query,
        signs: path_signs(target.path, look),
        forms,
    };
    Some((&known.caller, aim, known.framed))
}
