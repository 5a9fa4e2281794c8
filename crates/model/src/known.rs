//! What others know of addresses: where they are, and who lists them as dangerous. Never read from a file here.

use std::{fmt::Debug, net::IpAddr, sync::Arc};

use compact_str::CompactString;

/// Radius of the earth in km.
const EARTH_KM: f32 = 6_371.0;

/// A database of places, such as one in MaxMind's format. The same address has the same place for as long as the engine lives.
pub trait Places: Debug + Send + Sync {
    /// Where an address is; `None` when nobody knows.
    fn find(&self, address: IpAddr) -> Option<Spot>;
}

/// Where an address is.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Spot {
    /// Degrees, -90 to 90.
    pub latitude: f32,
    /// Degrees, -180 to 180.
    pub longitude: f32,
    /// How far off it may be, in km.
    pub radius_km: f32,
    /// ISO 3166-1 code of the country in capital letters; zeros when it is unknown.
    pub country: [u8; 2],
}

impl Spot {
    /// Kilometres that are between two spots at least, on the sphere (haversine), radii taken off.
    #[must_use]
    pub fn apart_km(&self, other: &Self) -> f32 {
        let [from, to] = [self.latitude, other.latitude].map(f32::to_radians);
        let turn = (other.longitude - self.longitude).to_radians();
        let half = ((to - from) / 2.0).sin().powi(2) + from.cos() * to.cos() * (turn / 2.0).sin().powi(2);
        let way = 2.0 * EARTH_KM * half.clamp(0.0, 1.0).sqrt().asin();
        (way - self.radius_km - other.radius_km).max(0.0)
    }

    /// The country's code, `?` when it is unknown.
    #[must_use]
    pub fn country(&self) -> &str {
        let known = self.country.iter().all(u8::is_ascii_uppercase);
        std::str::from_utf8(&self.country).ok().filter(|_| known).unwrap_or("?")
    }
}

/// Addresses that somebody lists as dangerous.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreatList {
    /// As it is told to people.
    pub name: CompactString,
    /// First and last addresses, without overlaps, rising; IPv4 mapped into IPv6.
    ranges: Vec<(u128, u128)>,
}

impl ThreatList {
    /// A list of networks, each its first address and the length of its prefix in bits.
    pub fn new(name: &str, networks: impl IntoIterator<Item = (IpAddr, u8)>) -> Self {
        let mut all: Vec<_> = networks.into_iter().map(|(net, prefix)| range(net, prefix)).collect();
        all.sort_unstable();
        let mut ranges: Vec<(u128, u128)> = Vec::with_capacity(all.len());
        for (first, last) in all {
            match ranges.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                _ => ranges.push((first, last)),
            }
        }
        Self { name: name.into(), ranges }
    }

    /// Whether it lists an address.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        let address = mapped(address);
        let after = self.ranges.partition_point(|(first, _)| *first <= address);
        self.ranges[..after].last().is_some_and(|(_, last)| address <= *last)
    }
}

/// Everything of the kind.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Without it nobody travels.
    pub places: Option<Arc<dyn Places>>,
    /// At most [`Known::LISTS_MAX`] count.
    pub lists: Arc<[ThreatList]>,
}

impl Known {
    /// Lists that count; further ones are not looked at.
    pub const LISTS_MAX: usize = 16;
}

impl PartialEq for Known {
    fn eq(&self, other: &Self) -> bool {
        let same = match (&self.places, &other.places) {
            (Some(one), Some(two)) => Arc::ptr_eq(one, two),
            (one, two) => one.is_none() && two.is_none(),
        };
        same && self.lists == other.lists
    }
}

fn mapped(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn range(net: IpAddr, prefix: u8) -> (u128, u128) {
    let fixed = u32::from(prefix) + if net.is_ipv4() { 96 } else { 0 };
    let free = u128::MAX.checked_shr(fixed.min(128)).unwrap_or(0);
    let first = mapped(net) & !free;
    (first, first | free)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("literal")
    }

    #[test]
    fn lists_hold_their_networks_only() {
        let nets =
            [("192.0.2.0", 24), ("192.0.3.0", 24), ("198.51.100.7", 32), ("2001:db8::", 32), ("10.0.0.0", 8)];
        let list = ThreatList::new("tor", nets.map(|(net, prefix)| (ip(net), prefix)));
        for inside in
            ["192.0.2.0", "192.0.3.255", "198.51.100.7", "2001:db8:9::1", "10.9.9.9", "::ffff:10.0.0.1"]
        {
            assert!(list.has(ip(inside)), "{inside}");
        }
        for outside in ["192.0.4.0", "192.0.1.255", "198.51.100.8", "2001:db9::", "11.0.0.0", "::"] {
            assert!(!list.has(ip(outside)), "{outside}");
        }
        assert!(ThreatList::new("all", [(ip("0.0.0.0"), 0)]).has(ip("203.0.113.1")));
        assert!(!ThreatList::new("none", []).has(ip("203.0.113.1")));
    }

    #[test]
    fn distances_are_those_of_the_sphere() {
        let spot = |latitude, longitude| Spot { latitude, longitude, ..Spot::default() };
        let (berlin, new_york) = (spot(52.52, 13.40), spot(40.71, -74.01));
        let way = berlin.apart_km(&new_york);
        assert!((6_350.0..6_420.0).contains(&way), "{way}");
        let vague = Spot { radius_km: 7_000.0, ..new_york };
        assert!(berlin.apart_km(&vague) < 0.1);
        assert!(berlin.apart_km(&Spot { latitude: f32::NAN, ..berlin }) < 0.1);
    }
}
