//! Networks: who sits behind which address. Many behind one with carriers, offices and proxies; one behind many on the road.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::rng::mix;

/// Where a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Net {
    /// At home: an address of one's own, or two for a week each.
    Home,
    /// With a carrier that puts 30 to 200 customers behind an address.
    Carrier,
    /// In the office of one's organisation.
    Office,
    /// Behind the one proxy of a large company.
    Proxy,
    /// In a data centre.
    Hosting,
    /// At an exit that thousands share.
    Exit,
    /// In hotels and cafés, another each day.
    Road,
}

/// All networks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nets {
    seed: u64,
    carriers: u64,
}

impl Nets {
    pub(crate) const fn new(seed: u64, principals: u32) -> Self {
        Self { seed, carriers: 2 + principals as u64 / 160 }
    }

    /// The address of somebody there on a day. `who` is a household, an organisation, or whatever the net goes by.
    pub(crate) fn address(self, net: Net, who: u64, day: u32) -> IpAddr {
        let hash = mix(self.seed, who);
        let octets = |first: u8, second: u8, bits: u64| {
            let [a, b, ..] = bits.to_le_bytes();
            IpAddr::V4(Ipv4Addr::new(first, second, a, b | 1))
        };
        let day = u64::from(day);
        match net {
            Net::Home => {
                // Dynamic addresses change now and then, on a day of their own.
                let lease = (day + hash % 9) / (3 + hash % 40);
                let bits = mix(hash, lease);
                if hash.is_multiple_of(7) {
                    let low = u128::from(bits >> 16);
                    return IpAddr::V6(Ipv6Addr::from(0x2001_0db8 << 96 | low << 64 | u128::from(hash >> 8)));
                }
                octets(80 + (bits >> 56 & 7) as u8, (bits >> 48) as u8, bits)
            }
            Net::Carrier => octets(92, 40, mix(0xca, hash % self.carriers)),
            Net::Office => octets(62, (hash >> 40) as u8, hash),
            Net::Proxy => octets(194, 25, mix(0x9f, who % 3)),
            Net::Hosting => octets(45, (hash >> 32) as u8, hash),
            Net::Exit => octets(185, 220, mix(0xe8, hash % 40)),
            Net::Road => octets(151, (mix(hash, day / 2) >> 24) as u8, mix(hash, day / 2)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn carriers_share_and_homes_do_not() {
        let nets = Nets::new(3, 16_000);
        let count = |net| (0..16_000).map(|who| nets.address(net, who, 1)).collect::<BTreeSet<_>>().len();
        assert!((60..=110).contains(&count(Net::Carrier)), "{}", count(Net::Carrier));
        assert!(count(Net::Home) > 15_000);
        assert!(count(Net::Proxy) <= 3);
    }
}
