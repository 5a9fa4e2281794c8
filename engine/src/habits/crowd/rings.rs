//! Rings: odd callers of a day and a sample of all others in, groups of odd ones that look and act alike, and how rare that is
//! by chance, out (likeness by MinHash, groups by DBSCAN). Never makes somebody odd who is not odd by himself.

use model::{Evidence, Principal, PrincipalId};
use serde::{Deserialize, Serialize};

use crate::{
    hash::{Tag, mix},
    stats::{Signature, ln_beta_regularised, rings_alike},
};

/// Odd callers of one day that are compared, and others that are kept as a sample.
const ODD_MAX: usize = 512;
const SAMPLE: usize = 256;
/// Callers that make a ring, and the share of permutations in which two of them may differ.
const LEAST: usize = 5;
const REACH: f64 = 0.4;
/// Probability that so many odd callers are alike by chance, below which they are a ring.
const RING_BELOW: f64 = 1e-4;
/// A caller is looked at again once its probability is less than this share of the last one.
const MUCH_ODDER: f32 = 0.3;
/// Members that a chance is worked out from, and that are named.
const MEDOIDS: usize = 8;
const NAMED: usize = 20;

/// What a caller looks like and does: its software, its network, the sort of its credential, and the routes that it uses.
#[derive(Clone, Debug)]
pub(crate) struct Traits {
    pub(crate) software: u32,
    pub(crate) network: u32,
    pub(crate) sort: u32,
    pub(crate) routes: Vec<u16>,
}

/// One odd caller.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Odd {
    principal: Principal,
    family: Tag,
    signature: Signature,
    software: u32,
    network: u32,
    p: f32,
    /// Its ring, as a place in `rings` plus one; 0 for none.
    ring: u16,
    /// Members of the largest ring with it that people were told of.
    told: u16,
}

/// A group of odd callers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Ring {
    members: u16,
    p: f64,
}

/// The odd callers of one day, and their rings.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Rings {
    day: u16,
    odd: Vec<Odd>,
    /// Odd callers there were, with those that found no room.
    seen: u32,
    /// A sample of the day's callers: those with the smallest keyed hashes.
    sample: Vec<(u64, Signature)>,
    rings: Vec<Ring>,
    changed: bool,
}

/// A ring that people are to be told of.
#[derive(Clone, Debug)]
pub(crate) struct News {
    /// The first member, and the names of some.
    pub(crate) first: Principal,
    pub(crate) names: Vec<PrincipalId>,
    pub(crate) members: usize,
    /// Odd callers of the day.
    pub(crate) odd: u32,
    pub(crate) p: f64,
    /// Members with the most frequent software, and in the most frequent network.
    pub(crate) software: usize,
    pub(crate) network: usize,
}

impl Traits {
    fn signature(&self, key: u64) -> Signature {
        let mut signature = Signature::default();
        let mut add = |kind: u64, value: u64| signature.add(key, mix(value, kind));
        // As much as two routes each.
        for weight in 0..2 {
            add(10 + weight, self.software.into());
            add(20 + weight, self.network.into());
            add(30 + weight, self.sort.into());
        }
        self.routes.iter().for_each(|route| add(1, u64::from(*route)));
        signature
    }
}

impl Rings {
    /// A caller's first call of the day: it may stand for all others.
    pub(crate) fn enter(
        &mut self,
        day: u16,
        (key, who): (u64, PrincipalId),
        traits: impl FnOnce() -> Option<Traits>,
    ) {
        self.begin(day);
        #[expect(clippy::cast_possible_truncation, reason = "any half of a keyed hash is a keyed hash")]
        let draw = mix(who.0 as u64, mix(key, day.into()));
        let is_full = self.sample.len() >= SAMPLE;
        if is_full && self.sample.last().is_some_and(|(most, _)| draw >= *most) {
            return;
        }
        let Some(traits) = traits() else { return };
        let at = self.sample.partition_point(|(known, _)| *known < draw);
        self.sample.insert(at, (draw, traits.signature(key)));
        self.sample.truncate(SAMPLE);
    }

    /// A caller whose day has become odd by itself, told again when it has become much odder. How many found no room.
    pub(crate) fn add(
        &mut self,
        (day, key): (u16, u64),
        (principal, family): (&Principal, Tag),
        p: f64,
        traits: impl FnOnce() -> Option<Traits>,
    ) -> u64 {
        self.begin(day);
        let p = p as f32;
        let known = self.odd.iter().position(|odd| odd.family == family);
        if known.is_some_and(|at| p > MUCH_ODDER * self.odd[at].p) {
            return 0;
        }
        let Some(traits) = traits() else { return 0 };
        self.changed = true;
        let signature = traits.signature(key);
        if let Some(at) = known {
            (self.odd[at].signature, self.odd[at].p) = (signature, p);
            return 0;
        }
        self.seen = self.seen.saturating_add(1);
        let (software, network) = (traits.software, traits.network);
        let odd =
            Odd { principal: principal.clone(), family, signature, software, network, p, ring: 0, told: 0 };
        if self.odd.len() < ODD_MAX {
            self.odd.push(odd);
            return 0;
        }
        // The least odd makes room.
        let least = self.odd.iter_mut().max_by(|a, b| a.p.total_cmp(&b.p));
        if let Some(least) = least.filter(|least| least.p > odd.p) {
            *least = odd;
        }
        1
    }

    /// Looks for rings among the odd callers of the day; those that are new, or have doubled.
    pub(crate) fn find(&mut self) -> Vec<News> {
        if !std::mem::take(&mut self.changed) || self.odd.len() < LEAST {
            return Vec::new();
        }
        let signatures: Vec<Signature> = self.odd.iter().map(|odd| odd.signature.clone()).collect();
        let found = rings_alike(&signatures, REACH, LEAST);
        self.odd.iter_mut().for_each(|odd| odd.ring = 0);
        self.rings.clear();
        let mut news = Vec::new();
        let count = found.iter().flatten().max().map_or(0, |most| most + 1);
        for number in 0..count {
            let members: Vec<usize> = (0..found.len()).filter(|at| found[*at] == Some(number)).collect();
            let p = self.chance(&members);
            if members.len() < LEAST || p > RING_BELOW {
                continue;
            }
            let size = u16::try_from(members.len()).unwrap_or(u16::MAX);
            self.rings.push(Ring { members: size, p });
            let place = u16::try_from(self.rings.len()).unwrap_or(u16::MAX);
            members.iter().for_each(|at| self.odd[*at].ring = place);
            news.extend(self.tell(&members, p));
        }
        news
    }

    /// Members of the ring that a caller is one of, and how rare it is.
    pub(crate) fn of(&self, family: Tag, day: u16) -> Option<(u16, f64)> {
        // Asked for with each call that counts; on most days there is none.
        if self.rings.is_empty() || self.day != day {
            return None;
        }
        let odd = self.odd.iter().find(|odd| odd.family == family && odd.ring > 0)?;
        let ring = self.rings.get(usize::from(odd.ring) - 1)?;
        Some((ring.members, ring.p))
    }

    /// Probability that so many of the day's odd callers are as alike as these by chance.
    fn chance(&self, members: &[usize]) -> f64 {
        let like = |at: &usize| {
            let medoid = &self.odd[*at].signature;
            self.sample.iter().filter(|(_, other)| f64::from(medoid.likeness(other)) >= 1.0 - REACH).count()
        };
        let most = members.iter().take(MEDOIDS).map(like).max().unwrap_or(0);
        let share = (most as f64 + 0.5) / (self.sample.len() as f64 + 1.0);
        let (all, alike) = (f64::from(self.seen), members.len() as f64);
        // The tail of a binomial.
        ln_beta_regularised(share, alike, (all - alike + 1.0).max(1.0)).exp()
    }

    /// What there is to tell of a ring; nothing when a ring with one of its members was told of that was not much smaller.
    fn tell(&mut self, members: &[usize], p: f64) -> Option<News> {
        let known = members.iter().map(|at| self.odd[*at].told).max().unwrap_or(0);
        if members.len() < 2 * usize::from(known) {
            return None;
        }
        let size = u16::try_from(members.len()).unwrap_or(u16::MAX);
        members.iter().for_each(|at| self.odd[*at].told = size);
        let most = |value: fn(&Odd) -> u32| {
            let mut values: Vec<u32> = members.iter().map(|at| value(&self.odd[*at])).collect();
            values.sort_unstable();
            values.chunk_by(|a, b| a == b).map(<[u32]>::len).max().unwrap_or(0)
        };
        Some(News {
            first: self.odd.get(*members.first()?)?.principal.clone(),
            names: members.iter().take(NAMED).map(|at| self.odd[*at].principal.id).collect(),
            members: members.len(),
            odd: self.seen,
            p,
            software: most(|odd| odd.software),
            network: most(|odd| odd.network),
        })
    }

    fn begin(&mut self, day: u16) {
        if day > self.day {
            *self = Self { day, ..Self::default() };
        }
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.sample.len() * 290 + self.odd.len() * 420
    }

    /// Read from a snapshot: `None` when it contradicts itself.
    pub(crate) fn settle(&self) -> Option<()> {
        let known = self.odd.iter().all(|odd| usize::from(odd.ring) <= self.rings.len());
        (known && self.odd.len() <= ODD_MAX && self.sample.len() <= SAMPLE).then_some(())
    }
}

impl News {
    /// What was expected and seen.
    pub(crate) fn evidence(&self) -> Evidence {
        let names: Vec<String> = self.names.iter().map(ToString::to_string).collect();
        let rest = self.members - self.names.len();
        let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        Evidence {
            expected: format!(
                "that {} of a day's {} odd callers look and act alike happens by chance once in {:.0} days",
                self.members,
                self.odd,
                (1.0 / self.p.max(1e-12)).max(1.0)
            ),
            observed: format!(
                "{} odd callers use the same routes with the same sort of credential, {} of them with one software, {} in one network: {}{rest}",
                self.members,
                self.software,
                self.network,
                names.join(", ")
            ),
            calls: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{PrincipalKind, Pseudonyms};

    use super::*;

    fn who(number: u32) -> Principal {
        Pseudonyms::new([3; 16]).credential(PrincipalKind::Token, &number.to_be_bytes())
    }

    /// A caller of its own, or one of a ring.
    fn traits(number: u32, in_ring: bool) -> Traits {
        let own = |place: u32| u16::try_from(mix(number.into(), place.into()) % 300).unwrap_or(0);
        let (software, network) = if in_ring { (7, 9) } else { (number % 40, number) };
        let routes = (0..8).map(|place| if in_ring { 400 + place } else { own(place.into()) }).collect();
        Traits { software, network, sort: 1, routes }
    }

    fn day_of(ring: u32, others: u32) -> Rings {
        let mut rings = Rings::default();
        for number in 0..400 {
            rings.enter(5, (1, who(number).id), || Some(traits(number, false)));
        }
        for number in 1_000..1_000 + ring + others {
            let in_ring = number < 1_000 + ring;
            let principal = who(number);
            let family = Tag::of(principal.id);
            rings.add((5, 1), (&principal, family), 1e-3, || Some(traits(number, in_ring)));
        }
        rings
    }

    #[test]
    fn odd_callers_that_act_alike_are_told_once_and_again_when_doubled() {
        let mut rings = day_of(6, 12);
        let news = rings.find();
        assert_eq!(news.len(), 1);
        assert_eq!((news[0].members, news[0].odd, news[0].software), (6, 18, 6));
        assert!(news[0].p < RING_BELOW && news[0].evidence().observed.contains("6 odd callers"));
        let tag = |number: u32| Tag::of(who(number).id);
        assert!(rings.of(tag(1_000), 5).is_some() && rings.of(tag(1_010), 5).is_none());
        assert!(rings.of(tag(1_000), 6).is_none(), "a ring is of one day");
        assert!(rings.find().is_empty(), "nothing new");
        for number in 2_000..2_008 {
            let principal = who(number);
            rings.add((5, 1), (&principal, Tag::of(principal.id)), 1e-3, || Some(traits(number, true)));
        }
        assert_eq!(rings.find().iter().map(|ring| ring.members).collect::<Vec<_>>(), [14]);
    }

    #[test]
    fn what_everybody_looks_like_is_no_ring() {
        let mut rings = Rings::default();
        for number in 0..300 {
            rings.enter(5, (1, who(number).id), || Some(traits(number, number % 3 > 0)));
        }
        for number in 1_000..1_020 {
            let principal = who(number);
            rings.add((5, 1), (&principal, Tag::of(principal.id)), 1e-3, || Some(traits(number, true)));
        }
        assert!(rings.find().is_empty());
    }

    #[test]
    fn a_few_or_strangers_to_each_other_are_no_ring() {
        assert!(day_of(4, 30).find().is_empty());
        assert!(day_of(0, 60).find().is_empty());
    }

    #[test]
    fn past_the_limit_the_least_odd_make_room_and_are_counted() {
        let mut rings = Rings::default();
        let mut lost = 0;
        for number in 0..600_u32 {
            let principal = who(number);
            let p = if number < 100 { 1e-2 } else { 1e-4 };
            lost += rings.add((5, 1), (&principal, Tag::of(principal.id)), p, || Some(traits(number, false)));
        }
        assert_eq!((lost, rings.odd.len()), (88, ODD_MAX));
        assert!(rings.odd.iter().filter(|odd| odd.p > 1e-3).count() == 12 && rings.settle().is_some());
    }
}
