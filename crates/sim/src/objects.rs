//! Objects: kinds and owners in; ids, their texts and who owns them out. Eight bytes an object and eight for its key.

use std::fmt::Write as _;

use compact_str::CompactString;
use model::{IdShape, ObjectKey, Pseudonyms};

use crate::{
    rng::{Rng, count, mix},
    world::{IdStyle, Kind, KindId, ORG, Scope, USER, World},
};

/// No object; the end of an owner's chain.
const NONE: u32 = u32::MAX;
/// Most objects of a kind. Creating one more gives the latest again.
const OBJECTS_MAX: usize = 1 << 26;

/// An id that somebody asks for or is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) kind: KindId,
    /// Its place among its kind; `None` for an id that nothing has.
    pub(crate) place: Option<u32>,
    /// What its text is made of when it has no place.
    number: u64,
}

impl Object {
    pub(crate) const fn at(kind: KindId, place: u32) -> Self {
        Self { kind, place: Some(place), number: 0 }
    }

    /// An id that looks right and that nothing has.
    pub(crate) const fn missing(kind: KindId, number: u64) -> Self {
        Self { kind, place: None, number }
    }
}

/// All objects of one kind.
#[derive(Debug)]
struct Table {
    style: IdStyle,
    scope: Scope,
    prefix: [u8; 3],
    /// What its ids begin with, and the mean distance between two of them.
    base: u64,
    stride: u64,
    seed: u64,
    owners: Vec<u32>,
    /// The object of the same owner that came before.
    before: Vec<u32>,
    /// Keys, zero for one not asked for yet.
    keys: Vec<u64>,
    /// The latest object of each owner.
    latest: Vec<u32>,
}

/// All objects.
#[derive(Debug)]
pub(crate) struct Objects {
    tables: Vec<Table>,
}

impl Objects {
    /// The objects of so many users and organisations at the start.
    pub(crate) fn new(world: &World, users: u32, orgs: u32, seed: u64) -> Self {
        let tables = world.kinds.iter().zip(0..).map(|(kind, id)| Table::new(kind, id, (users, orgs), seed));
        Self { tables: tables.collect() }
    }

    fn table(&self, kind: KindId) -> Option<&Table> {
        self.tables.get(usize::from(kind))
    }

    pub(crate) fn scope(&self, kind: KindId) -> Scope {
        self.table(kind).map_or(Scope::Public, |table| table.scope)
    }

    pub(crate) fn style(&self, kind: KindId) -> IdStyle {
        self.table(kind).map_or(IdStyle::Sequential, |table| table.style)
    }

    /// How many there are.
    pub(crate) fn len(&self, kind: KindId) -> u32 {
        self.table(kind).map_or(0, |table| u32::try_from(table.owners.len()).unwrap_or(NONE))
    }

    /// The user or organisation that owns it.
    pub(crate) fn owner(&self, kind: KindId, place: u32) -> Option<u32> {
        let table = self.table(kind)?;
        table.owners.get(place as usize).copied().filter(|owner| *owner != NONE)
    }

    /// The owner's latest but `back`; its first if there are fewer.
    pub(crate) fn recent(&self, kind: KindId, owner: u32, back: u32) -> Option<u32> {
        let table = self.table(kind)?;
        let mut place = table.latest.get(owner as usize).copied().filter(|place| *place != NONE)?;
        for _ in 0..back {
            match table.before.get(place as usize) {
                Some(before) if *before != NONE => place = *before,
                _ => break,
            }
        }
        Some(place)
    }

    /// The object of the same owner that came before.
    pub(crate) fn before(&self, kind: KindId, place: u32) -> Option<u32> {
        self.table(kind)?.before.get(place as usize).copied().filter(|before| *before != NONE)
    }

    pub(crate) fn create(&mut self, kind: KindId, owner: u32) -> u32 {
        let Some(table) = self.tables.get_mut(usize::from(kind)) else { return 0 };
        table.push(owner)
    }

    /// The object with this number among sequential ids, if one has it.
    pub(crate) fn numbered(&self, kind: KindId, number: u64) -> Object {
        let found = self.table(kind).and_then(|table| {
            let place = u32::try_from(number.checked_sub(table.base)? / table.stride).ok()?;
            ((place as usize) < table.owners.len() && table.number(place) == number).then_some(place)
        });
        found.map_or(Object::missing(kind, number), |place| Object::at(kind, place))
    }

    /// The number that the first and the next id of a kind would have.
    pub(crate) fn numbers(&self, kind: KindId) -> (u64, u64) {
        self.table(kind)
            .map_or((0, 1), |table| (table.base, table.base + table.owners.len() as u64 * table.stride))
    }

    /// Writes the id's text.
    pub(crate) fn write(&self, object: Object, text: &mut CompactString) {
        if let Some(table) = self.table(object.kind) {
            table.write(object, text);
        }
    }

    /// Length of the id's text.
    pub(crate) fn text_len(&self, object: Object) -> u32 {
        let Some(table) = self.table(object.kind) else { return 0 };
        let number = object.place.map_or(object.number, |place| table.number(place));
        match table.style {
            IdStyle::Uuid => 36,
            IdStyle::Sparse => 10,
            IdStyle::Sequential => number.max(1).ilog10() + 1,
            IdStyle::Composite => 9 + (number.max(1).ilog10() + 1).max(6),
        }
    }

    /// The pseudonym of its text.
    pub(crate) fn key(&mut self, object: Object, names: &Pseudonyms) -> ObjectKey {
        let Some(table) = self.tables.get_mut(usize::from(object.kind)) else { return ObjectKey(0) };
        let place = object.place.map(|place| place as usize);
        if let Some(known) = place.and_then(|place| table.keys.get(place)).filter(|key| **key != 0) {
            return ObjectKey(*known);
        }
        let mut text = CompactString::default();
        table.write(object, &mut text);
        let key = names.object(text.as_bytes());
        if let Some(row) = place.and_then(|place| table.keys.get_mut(place)) {
            *row = key.0;
        }
        key
    }

    pub(crate) fn shape(&self, kind: KindId) -> IdShape {
        match self.style(kind) {
            IdStyle::Sequential | IdStyle::Sparse => IdShape::Int,
            IdStyle::Uuid => IdShape::Uuid,
            IdStyle::Composite => IdShape::Composite,
        }
    }
}

impl Table {
    fn new(kind: &Kind, id: KindId, (users, orgs): (u32, u32), seed: u64) -> Self {
        let mut rng = Rng::new(seed, 0x6f62_6a00 + u64::from(id));
        let mut letters = kind.name.bytes().map(|letter| letter.to_ascii_uppercase());
        let prefix = std::array::from_fn(|_| letters.next().unwrap_or(b'X'));
        let mut table = Self {
            style: kind.style,
            scope: kind.scope,
            prefix,
            base: 10_000 + u64::from(rng.below(400_000)),
            stride: u64::from(rng.between(1, 6)),
            seed: rng.next(),
            owners: Vec::new(),
            before: Vec::new(),
            keys: Vec::new(),
            latest: Vec::new(),
        };
        match (id, kind.scope) {
            (USER, _) => (0..users).for_each(|user| {
                let _ = table.push(user);
            }),
            (ORG, _) => (0..orgs).for_each(|org| {
                let _ = table.push(org);
            }),
            (_, Scope::Public) => (0..count(kind.amount).max(1)).for_each(|_| {
                let _ = table.push(NONE);
            }),
            (_, Scope::Private | Scope::Shared) => table.fill(users, kind.amount, &mut rng),
            (_, Scope::Org) => table.fill(orgs, kind.amount, &mut rng),
        }
        table
    }

    /// Log-normally many for each owner, in the order of a long history.
    fn fill(&mut self, owners: u32, amount: f64, rng: &mut Rng) {
        let mut all = Vec::new();
        for owner in 0..owners {
            let n = rng.log_normal(amount, 0.9).min(amount * 60.0 + 10.0);
            let whole = count(n - 0.5) + u32::from(rng.chance(n.fract()));
            all.extend(std::iter::repeat_n(owner, whole as usize));
        }
        for last in (1..all.len()).rev() {
            let other = rng.below(u32::try_from(last + 1).unwrap_or(NONE)) as usize;
            all.swap(last, other);
        }
        all.into_iter().for_each(|owner| {
            let _ = self.push(owner);
        });
    }

    fn push(&mut self, owner: u32) -> u32 {
        if self.owners.len() >= OBJECTS_MAX {
            return u32::try_from(OBJECTS_MAX - 1).unwrap_or(0);
        }
        let place = u32::try_from(self.owners.len()).unwrap_or(NONE);
        let mut before = NONE;
        if owner != NONE {
            let owner = owner as usize;
            if self.latest.len() <= owner {
                self.latest.resize(owner + 1, NONE);
            }
            if let Some(latest) = self.latest.get_mut(owner) {
                before = std::mem::replace(latest, place);
            }
        }
        self.owners.push(owner);
        self.before.push(before);
        self.keys.push(0);
        place
    }

    /// Numbers grow; with a stride above one, some between two are nobody's.
    fn number(&self, place: u32) -> u64 {
        match self.style {
            IdStyle::Sequential | IdStyle::Composite => {
                let jitter = mix(self.seed, u64::from(place)) % self.stride;
                self.base + u64::from(place) * self.stride + jitter
            }
            // A bijection on 33 bits: ten digits, no order.
            IdStyle::Sparse | IdStyle::Uuid => {
                let spread = u64::from(place).wrapping_mul(0x1_53a9_c0d5).wrapping_add(self.seed);
                1_000_000_000 + (spread & ((1 << 33) - 1))
            }
        }
    }

    fn write(&self, object: Object, text: &mut CompactString) {
        let number = object.place.map_or(object.number, |place| self.number(place));
        // Writing to memory does not fail.
        let _ = match self.style {
            IdStyle::Sequential => write!(text, "{number}"),
            IdStyle::Sparse => write!(text, "{}", 1_000_000_000 + number % 9_000_000_000),
            IdStyle::Composite => {
                let prefix = std::str::from_utf8(&self.prefix).unwrap_or("XXX");
                write!(text, "{prefix}-2026-{number:06}")
            }
            IdStyle::Uuid => {
                let high = mix(self.seed, number) & !0xf000 | 0x4000;
                let low = mix(number, self.seed ^ 0x75_7569) & !(3 << 62) | 1 << 63;
                uuid(high, low, text);
                Ok(())
            }
        };
    }
}

/// Writes an RFC 9562 text of 128 bits.
fn uuid(high: u64, low: u64, text: &mut CompactString) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = [b'-'; 36];
    let places = (0..36).filter(|at| !matches!(at, 8 | 13 | 18 | 23));
    for (nibble, place) in (0..32).zip(places) {
        let half = if nibble < 16 { high } else { low };
        out[place] = DIGITS[(half >> (60 - nibble % 16 * 4) & 15) as usize];
    }
    text.push_str(std::str::from_utf8(&out).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WorldName;

    fn some() -> (World, Objects) {
        let world = World::new(WorldName::Bank, 5);
        let objects = Objects::new(&world, 50, 5, 5);
        (world, objects)
    }

    #[test]
    fn texts_have_the_length_that_is_told_and_differ() {
        let (world, objects) = some();
        for kind in 0..KindId::try_from(world.kinds.len()).expect("few") {
            let mut seen = std::collections::BTreeSet::new();
            for place in 0..objects.len(kind) {
                let mut text = CompactString::default();
                objects.write(Object::at(kind, place), &mut text);
                assert_eq!(text.len() as u32, objects.text_len(Object::at(kind, place)), "{text}");
                assert!(seen.insert(text));
            }
        }
    }

    #[test]
    fn an_owner_finds_his_objects_and_only_those() {
        let (world, mut objects) = some();
        let kind =
            KindId::try_from(world.kinds.iter().position(|kind| kind.name == "payment").expect("there"))
                .expect("few");
        let made = objects.create(kind, 7);
        assert_eq!((objects.recent(kind, 7, 0), objects.owner(kind, made)), (Some(made), Some(7)));
        let mut place = Some(made);
        while let Some(one) = place {
            assert_eq!(objects.owner(kind, one), Some(7));
            place = objects.before(kind, one);
        }
    }

    #[test]
    fn numbers_lead_back_to_their_objects() {
        let world = World::new(WorldName::Shop, 5);
        let objects = Objects::new(&world, 50, 5, 5);
        let kind = 3;
        let (first, next) = objects.numbers(kind);
        let found = (first..next).filter(|number| objects.numbered(kind, *number).place.is_some()).count();
        assert_eq!(found as u32, objects.len(kind));
    }
}
