//! Fragments: any sequence of them in. Every frame is accounted for, memory within its limit, nothing left at the end.

use std::net::{IpAddr, Ipv4Addr};

use ahash::RandomState;
use model::Timestamp;

use crate::{
    FragmentConfig, FragmentPolicy,
    decap::Ends,
    fragments::{Fragments, Part, Weight},
};

const POLICIES: [FragmentPolicy; 7] = [
    FragmentPolicy::Linux,
    FragmentPolicy::First,
    FragmentPolicy::Last,
    FragmentPolicy::Bsd,
    FragmentPolicy::Windows,
    FragmentPolicy::Solaris,
    FragmentPolicy::LinuxClassic,
];
const LIMIT: usize = 64 << 10;

/// Fragments, six bytes each: what they belong to, where they lie, how long they are, when they come, what they hold.
/// The first byte chooses the receiver's policy.
pub fn fragments(data: &[u8]) {
    let Some((policy, steps)) = data.split_first() else { return };
    let policy = POLICIES.get(usize::from(*policy) % POLICIES.len()).copied().unwrap_or_default();
    let receiver = IpAddr::from(Ipv4Addr::LOCALHOST);
    let hosts = vec![(receiver.into(), policy)];
    let config =
        FragmentConfig { memory_bytes: LIMIT, datagrams_max: 16, hosts, ..FragmentConfig::default() };
    let mut table = Fragments::new(config, RandomState::with_seeds(1, 2, 3, 4));
    let (mut lost, mut used, mut given, mut second) = (Vec::new(), 0, 0, 0);
    for step in steps.chunks_exact(6) {
        let [name, high, low, length, wait, letter] = *step else { continue };
        second += i64::from(wait % 20);
        let now = Timestamp::from_parts(second, 0);
        let bytes = vec![letter; usize::from(length) * 4];
        let ends = Ends { source: receiver, destination: receiver, id: 0, announced: Some(bytes.len()) };
        let part = Part {
            ends,
            protocol: 6,
            id: u32::from(name >> 4),
            offset: u32::from(u16::from_be_bytes([high, low]) & 0x1fff) * 8,
            more: name & 1 == 1,
            bytes: &bytes,
            layers: 0,
            tunnel: 0,
            ambiguous: None,
        };
        table.tick(now, &mut lost);
        let joined = table.offer(&part, Weight { frames: 1, bytes: 1 }, now, &mut lost);
        if let Some(joined) = joined {
            used += joined.weight.frames;
            assert!(joined.whole().bytes.len() <= 65_535, "a datagram is no longer than that");
        }
        given += 1;
        assert!(table.memory() <= LIMIT, "memory stays within its limit");
    }
    table.close(&mut lost);
    let lost: u64 = lost.iter().map(|(_, weight)| weight.frames).sum();
    assert_eq!(used + lost, given, "every frame is accounted for");
    assert_eq!(table.memory(), 0, "nothing is left");
}
