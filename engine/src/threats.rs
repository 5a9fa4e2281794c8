//! Threat lists: the address of somebody already unusual in, how many times more a listed address makes it count out. Null
//! hypothesis: honest callers come from listed addresses as often as they did so far. Never speaks of who did nothing odd, and
//! never costs more than a tenth of the budget: a list that names the honest callers of a deployment loses its weight there.

use std::{collections::BTreeMap, net::IpAddr};

use compact_str::CompactString;
use model::{Known, ThreatList};
use serde::{Deserialize, Serialize};

use crate::{
    hash::{Tag, mix},
    snapshot::Settle,
};

/// Share of the budget that all lists together may cost: what is listed counts so many times less than it is rare.
const COST: f32 = 0.1;
/// A list makes nobody's deeds rarer than this many times.
const TIMES_MAX: f32 = 30.0;
/// Nobody of whom no detector says as little is looked up.
pub(crate) const ODD_BELOW: f64 = 1e-2;
/// Days beyond which older ones count half.
const DAYS_MAX: f32 = 200_000.0;

/// How often callers come from listed addresses, by the name of the list: credentials and addresses apart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Threats(BTreeMap<CompactString, [Seen; 2]>);

/// Days of callers, and those of them on which they came from a listed address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Seen {
    days: f32,
    listed: f32,
}

/// A list that counts against somebody.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Threat {
    pub(crate) list: CompactString,
    /// How many times rarer its deeds count for it; above 1.
    pub(crate) times: f64,
    /// On one of how many days callers come from an address of that list.
    pub(crate) one_in: f32,
}

impl Threat {
    /// What a verdict says of it.
    pub(crate) fn words(&self) -> String {
        format!(
            "Its address is on the list {}, from which callers come here on one of {:.0} days: that counts {:.0} times.",
            self.list, self.one_in, self.times
        )
    }
}

/// Where one caller came from today: lists that named one of its addresses, a bit each, and the address looked up last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Looked {
    begun: bool,
    lists: u16,
    address: u32,
}

impl Threats {
    /// Takes an address that a caller comes from today: a day counts once, and so does each list that names one of its addresses.
    pub(crate) fn meet(&mut self, known: &Known, looked: &mut Looked, address: IpAddr, is_address: bool) {
        let tag = tag(address);
        if looked.begun && looked.address == tag {
            return;
        }
        looked.address = tag;
        let begins = !std::mem::replace(&mut looked.begun, true);
        for (at, list) in counted(known).iter().enumerate() {
            let Some(seen) = self.0.get_mut(&list.name) else { continue };
            let seen = &mut seen[usize::from(is_address)];
            let hits = looked.lists >> at & 1 == 0 && list.has(address);
            looked.lists |= u16::from(hits) << at;
            seen.days += f32::from(u8::from(begins));
            seen.listed += f32::from(u8::from(hits));
            if seen.days > DAYS_MAX {
                (seen.days, seen.listed) = (seen.days / 2.0, seen.listed / 2.0);
            }
        }
    }

    /// The heaviest list that names an address.
    pub(crate) fn of(&self, known: &Known, address: IpAddr, is_address: bool) -> Option<Threat> {
        let lists = counted(known).iter();
        #[expect(clippy::cast_precision_loss, reason = "sixteen at the most")]
        let among = lists.len().max(1) as f32;
        let weighed = lists.filter(|list| list.has(address)).filter_map(|list| {
            let seen = self.0.get(&list.name)?[usize::from(is_address)];
            let one_in = seen.days / (seen.listed + 1.0);
            let times = (one_in * COST / among).min(TIMES_MAX);
            (times > 1.0).then(|| Threat { list: list.name.clone(), times: times.into(), one_in })
        });
        weighed.max_by(|one, two| one.times.total_cmp(&two.times))
    }

    /// With nothing seen yet, of every list that counts.
    pub(crate) fn of_lists(known: &Known) -> Self {
        Self(counted(known).iter().map(|list| (list.name.clone(), Default::default())).collect())
    }
}

impl Settle for Threats {
    /// Lists that are no longer given are forgotten.
    fn settle(&mut self, fresh: Self) -> Option<()> {
        let sound =
            |seen: &Seen| (0.0..=DAYS_MAX).contains(&seen.days) && (0.0..=seen.days).contains(&seen.listed);
        let all = self.0.values().flatten().all(sound);
        let read = std::mem::replace(self, fresh);
        for (name, seen) in &mut self.0 {
            *seen = read.0.get(name).copied().unwrap_or_default();
        }
        all.then_some(())
    }
}

/// An address, told from most others.
fn tag(address: IpAddr) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "both halves are mixed in")]
    let halves = match address.to_canonical() {
        IpAddr::V4(v4) => (u64::from(v4.to_bits()), 0),
        IpAddr::V6(v6) => ((v6.to_bits() >> 64) as u64, v6.to_bits() as u64),
    };
    Tag::short(mix(halves.0, halves.1)).0
}

fn counted(known: &Known) -> &[ThreatList] {
    &known.lists[..known.lists.len().min(Known::LISTS_MAX)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("literal")
    }

    #[test]
    fn a_list_weighs_as_much_as_it_is_rare_here() {
        let list = ThreatList::new("tor", [(ip("192.0.2.0"), 24)]);
        let known = Known { lists: [list].into(), ..Known::default() };
        let (listed, plain) = (ip("192.0.2.9"), ip("198.51.100.1"));
        let mut threats = Threats::of_lists(&known);
        assert_eq!(threats.of(&known, listed, false), None);
        let day = |threats: &mut Threats, addresses: &[IpAddr]| {
            let mut looked = Looked::default();
            addresses.iter().for_each(|address| threats.meet(&known, &mut looked, *address, false));
        };
        (0..100).for_each(|_| day(&mut threats, &[plain, plain]));
        let young = threats.of(&known, listed, false).expect("rare").times;
        (0..900).for_each(|_| day(&mut threats, &[plain]));
        let grown = threats.of(&known, listed, false).expect("rare").times;
        assert!((9.9..10.1).contains(&young) && (29.9..=30.0).contains(&grown), "{young} {grown}");
        assert_eq!((threats.of(&known, plain, false), threats.of(&known, listed, true)), (None, None));
        // One in eight of the honest comes by there in the course of its day, and goes to and fro.
        (0..150).for_each(|_| day(&mut threats, &[plain, listed, plain, listed]));
        assert_eq!(threats.of(&known, listed, false), None);
        assert!(threats.0.values().all(|[seen, _]| (seen.days, seen.listed) == (1_150.0, 150.0)));
        let (mut same, mut fewer) = (threats.clone(), threats.clone());
        assert_eq!((same.settle(Threats::of_lists(&known)), &same), (Some(()), &threats));
        assert_eq!((fewer.settle(Threats::default()), fewer), (Some(()), Threats::default()));
    }
}
