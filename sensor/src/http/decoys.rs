//! Decoys: paths and values that no honest caller touches, recognised wherever they appear. Keeps hashes only.

use std::collections::HashMap;

use ahash::RandomState;
use compact_str::CompactString;
use memchr::memchr2;
use model::{Digest, HexError, Pseudonyms};
use smallvec::SmallVec;

/// Names of the decoys that one call touched; at most 4.
pub(crate) type Touched = SmallVec<[CompactString; 0]>;
/// Decoys named in one call.
const TOUCHED_MAX: usize = 4;

/// The decoys of a deployment. Costs nothing when there are none.
#[derive(Clone, Debug, Default)]
pub struct Decoys {
    paths: Vec<PathDecoy>,
    /// By keyed hash of the clear value.
    values: HashMap<u128, CompactString, RandomState>,
    /// By SHA-256 of the clear value.
    digests: HashMap<Digest, CompactString, RandomState>,
}

#[derive(Clone, Debug)]
struct PathDecoy {
    name: CompactString,
    path: String,
    is_prefix: bool,
}

impl Decoys {
    /// `paths`: name and path, exact or with a trailing `*` for everything that begins so.
    /// `values`: name and clear value, or `sha256:` with 64 hex digits of its SHA-256.
    ///
    /// # Errors
    /// When what follows `sha256:` is not a SHA-256.
    pub fn new(
        paths: &[(String, String)],
        values: &[(String, String)],
        names: &Pseudonyms,
    ) -> Result<Self, HexError> {
        let mut decoys = Self::default();
        for (name, pattern) in paths {
            let path = pattern.strip_suffix('*').unwrap_or(pattern);
            decoys.paths.push(PathDecoy {
                name: name.into(),
                path: path.to_owned(),
                is_prefix: path.len() < pattern.len(),
            });
        }
        for (name, value) in values {
            match value.strip_prefix("sha256:") {
                Some(hex) => drop(decoys.digests.insert(hex.parse()?, name.into())),
                None => drop(decoys.values.insert(names.hash(b"decoy", value.as_bytes()), name.into())),
            }
        }
        Ok(decoys)
    }

    /// Whether there are honey values to look for.
    pub(crate) fn has_values(&self) -> bool {
        !self.values.is_empty() || !self.digests.is_empty()
    }

    /// Looks at a path, and at each of its segments as a value.
    pub(crate) fn path(&self, path: &[u8], names: &Pseudonyms, touched: &mut Touched) {
        for decoy in &self.paths {
            let wanted = decoy.path.as_bytes();
            if path == wanted || decoy.is_prefix && path.starts_with(wanted) {
                touch(&decoy.name, touched);
            }
        }
        if self.has_values() {
            for segment in path.split(|byte| *byte == b'/') {
                self.value(segment, names, touched);
            }
        }
    }

    /// Looks at a value.
    pub(crate) fn value(&self, value: &[u8], names: &Pseudonyms, touched: &mut Touched) {
        if value.is_empty() {
            return;
        }
        if !self.values.is_empty()
            && let Some(name) = self.values.get(&names.hash(b"decoy", value))
        {
            touch(name, touched);
        }
        if !self.digests.is_empty()
            && let Some(name) = self.digests.get(&Digest::of(value))
        {
            touch(name, touched);
        }
    }

    /// Looks at the value of an `Authorization` header: whole, and behind its scheme.
    pub(crate) fn authorization(&self, value: &[u8], names: &Pseudonyms, touched: &mut Touched) {
        if self.has_values() {
            self.value(value, names, touched);
            if let Some(at) = memchr2(b' ', b'\t', value) {
                self.value(value.get(at..).unwrap_or_default().trim_ascii(), names, touched);
            }
        }
    }
}

fn touch(name: &CompactString, touched: &mut Touched) {
    if touched.len() < TOUCHED_MAX && !touched.contains(name) {
        touched.push(name.clone());
    }
}
