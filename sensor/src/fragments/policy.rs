//! Which bytes of overlapping fragments a receiver keeps. Two extents in, the winner out.

use std::{net::IpAddr, time::Duration};

use ipnet::IpNet;

/// What a receiver makes of fragments that overlap (Novak, Target-Based Fragmentation Reassembly, 2005).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FragmentPolicy {
    /// As Linux does since 4.19 (IPv4) and RFC 5722 demands (IPv6): a datagram with overlaps is dropped whole; a fragment
    /// inside of what is there is ignored.
    #[default]
    Linux,
    /// The earlier fragment wins.
    First,
    /// The later fragment wins.
    Last,
    /// The earlier one wins unless it starts later.
    Bsd,
    /// The earlier one wins unless the later one reaches over both its ends.
    Windows,
    /// The earlier one wins unless the later one starts before it and reaches its end.
    Solaris,
    /// Linux before 4.19: the earlier one wins only when it starts first.
    LinuxClassic,
}

/// From and to, in bytes from the start of the datagram.
pub(super) type Extent = (u32, u32);

impl FragmentPolicy {
    /// Whether `old` keeps the bytes that it shares with `new`.
    pub(super) fn keeps(self, old: Extent, new: Extent) -> bool {
        match self {
            Self::Linux | Self::First => true,
            Self::Last => false,
            Self::Bsd => old.0 <= new.0,
            Self::Windows => !(new.0 < old.0 && new.1 > old.1),
            Self::Solaris => !(new.0 < old.0 && new.1 >= old.1),
            Self::LinuxClassic => old.0 < new.0,
        }
    }
}

/// How fragments are joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FragmentConfig {
    /// Bytes of all unfinished datagrams together, with what it costs to keep them.
    pub memory_bytes: usize,
    /// Unfinished datagrams at most.
    pub datagrams_max: usize,
    /// How long a datagram may take from its first fragment on, in time of the frames. Linux: 30 s.
    pub patience: Duration,
    /// Receivers that are known to do otherwise than Linux; the first match counts.
    pub hosts: Vec<(IpNet, FragmentPolicy)>,
}

impl Default for FragmentConfig {
    fn default() -> Self {
        let patience = Duration::from_secs(30);
        Self { memory_bytes: 4 << 20, datagrams_max: 1_024, patience, hosts: Vec::new() }
    }
}

impl FragmentConfig {
    pub(super) fn policy(&self, receiver: IpAddr) -> FragmentPolicy {
        self.hosts
            .iter()
            .find(|(net, _)| net.contains(&receiver))
            .map_or(FragmentPolicy::Linux, |host| host.1)
    }
}
