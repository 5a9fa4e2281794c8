//! Settings of TCP: which host reads overlapping segments in which way, and whether checksums mean anything here.

use std::{net::IpAddr, str::FromStr};

use crate::segment::Segment;
use ipnet::IpNet;

/// What a receiver makes of buffered segments that overlap with different bytes. Bytes that it has handed to its
/// application never change. However they are read, such a flow is marked as ambiguous. Names after Novak and Sturges,
/// Target-Based TCP Stream Reassembly (2007).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OverlapPolicy {
    /// Linux as measured, from 4.9 or so on: segments joined with their neighbours.
    #[default]
    Linux,
    /// The first bytes stay.
    First,
    /// The last bytes win.
    Last,
    /// BSD, macOS, AIX: the first stay unless the later segment starts before them.
    Bsd,
    /// Windows from Vista on: the first stay.
    Windows,
    /// Solaris: the later segment wins if it ends behind the earlier one, or with it without starting behind it.
    Solaris,
    /// Linux 2.6 and 3: as BSD, but of two with one start the longer wins.
    LinuxClassic,
    /// Linux 2.2 and 2.4: as BSD, but of two with one start the later wins unless it is shorter.
    OldLinux,
}

impl OverlapPolicy {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::Linux,
        Self::First,
        Self::Last,
        Self::Bsd,
        Self::Windows,
        Self::Solaris,
        Self::LinuxClassic,
        Self::OldLinux,
    ];

    /// Its name in settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linux => "linux",
            Self::First => "first",
            Self::Last => "last",
            Self::Bsd => "bsd",
            Self::Windows => "windows",
            Self::Solaris => "solaris",
            Self::LinuxClassic => "linux_classic",
            Self::OldLinux => "old_linux",
        }
    }

    /// Whether a later segment takes the place of an earlier one where both have bytes; each by start and end.
    pub(crate) fn later_wins(self, later: (u64, u64), earlier: (u64, u64)) -> bool {
        let starts_before = later.0 < earlier.0;
        let starts_with = later.0 == earlier.0;
        match self {
            Self::First | Self::Windows => false,
            Self::Last => true,
            Self::Bsd => starts_before,
            Self::Linux | Self::LinuxClassic => starts_before || (starts_with && later.1 > earlier.1),
            Self::OldLinux => starts_before || (starts_with && later.1 >= earlier.1),
            Self::Solaris => later.1 > earlier.1 || (later.1 == earlier.1 && later.0 <= earlier.0),
        }
    }
}

impl FromStr for OverlapPolicy {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|policy| policy.name() == name).ok_or(())
    }
}

/// How segments are read.
#[derive(Clone, Debug, Default)]
pub struct TcpConfig {
    /// Receivers that are known not to be Linux; the first network that has an address decides.
    pub hosts: Vec<(IpNet, OverlapPolicy)>,
    /// Whether segments with a wrong checksum are left out, as their receiver does. Only where the mirror carries what was
    /// on the wire: frames captured on the sending host have no checksum yet.
    pub verify_checksums: bool,
}

impl TcpConfig {
    /// How a host reads.
    pub(crate) fn policy(&self, host: IpAddr) -> OverlapPolicy {
        self.hosts
            .iter()
            .find(|(network, _)| network.contains(&host))
            .map_or_else(Default::default, |(_, policy)| *policy)
    }

    /// Whether a segment's receiver drops it for its checksum. Of one that was cut nothing is known.
    pub(crate) fn is_corrupt(&self, segment: &Segment<'_>) -> bool {
        self.verify_checksums && segment.cut == 0 && !has_right_sum(segment)
    }
}

/// Ones' complement sum of big-endian words (RFC 1071), not folded.
fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<2>();
    let odd = rest.first().map_or(0, |byte| u64::from(*byte) << 8);
    words.iter().map(|word| u64::from(u16::from_be_bytes(*word))).sum::<u64>() + odd
}

fn has_right_sum(segment: &Segment<'_>) -> bool {
    let addresses = [segment.source.ip(), segment.destination.ip()];
    let pseudo: u64 = addresses
        .iter()
        .map(|address| match address {
            IpAddr::V4(v4) => sum(&v4.octets()),
            IpAddr::V6(v6) => sum(&v6.octets()),
        })
        .sum();
    let length = segment.header.0.len() + segment.payload.len();
    let mut total = pseudo + 6 + length as u64 + sum(segment.header.0) + sum(segment.payload);
    while total > 0xFFFF {
        total = (total & 0xFFFF) + (total >> 16);
    }
    total == 0xFFFF
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_network_that_has_a_host_decides() {
        let network = |text: &str| text.parse::<IpNet>().expect("literal");
        let hosts = vec![
            (network("10.1.0.0/16"), OverlapPolicy::Solaris),
            (network("10.0.0.0/8"), OverlapPolicy::Bsd),
        ];
        let config = TcpConfig { hosts, verify_checksums: false };
        let of = |text: &str| config.policy(text.parse().expect("literal"));
        assert_eq!(of("10.1.2.3"), OverlapPolicy::Solaris);
        assert_eq!(of("10.2.2.3"), OverlapPolicy::Bsd);
        assert_eq!(of("192.0.2.1"), OverlapPolicy::Linux);
        assert!(OverlapPolicy::ALL.iter().all(|policy| policy.name().parse() == Ok(*policy)));
    }
}
