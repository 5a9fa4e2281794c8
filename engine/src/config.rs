//! Settings of the engine: plain values with working defaults. Never read from a file here.

use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use compact_str::CompactString;
use model::{Digest, Known, Mode, Principal};

use crate::detect::detectors;

/// Everything the engine can be told. `Default` is ready for use.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Whether verdicts may ask for more than `notify`.
    pub mode: Mode,
    /// Accepted wrong blocks per million principal-days.
    pub budget_false_blocks_per_million: f64,
    /// Bytes for all tables together. Past it rows are evicted, the least worthy first, and counted.
    pub memory_bytes: usize,
    /// Principals that get at most `notify`.
    pub never_block: Vec<NeverBlock>,
    /// Addresses of proxies, gateways and monitoring: they get at most `notify`.
    pub infrastructure: Vec<IpAddr>,
    /// What others know of addresses.
    pub known: Known,
    /// How many blocks may be new at a time.
    pub blast_radius: BlastRadius,
    /// How long a verdict lasts, by the number of relapses within 7 days.
    pub ttl: [Duration; 4],
    /// Names of detectors that do not run.
    pub disabled: BTreeSet<CompactString>,
    /// Names of detectors that may block; `binding` never does alone.
    pub block_families: BTreeSet<CompactString>,
    /// When the ownership of a kind of object counts as learnt.
    pub warm_up: WarmUp,
    /// Findings per principal and day; more are counted as `finding_suppressed`.
    pub findings_per_principal_max: u8,
    /// Signed-in principals behind one address within a day; with more it is shared and never blocked.
    pub shared_address_principals: u8,
    /// Parts taken away, to measure what they are worth.
    pub without: Without,
    /// Tell every principal's finished days: [`crate::Engine::take_days`] must be called often.
    pub audit_days: bool,
}

/// Parts of the engine that can be taken away to measure what they are worth; never in a deployment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Without {
    /// What many peers show at once counts in full.
    pub common_causes: bool,
    /// Everybody is everybody's peer.
    pub cohorts: bool,
    /// Detectors are believed as they come, not compared with the days of peers.
    pub peers: bool,
    /// Unusual callers teach as others do.
    pub gated_learning: bool,
}

impl Default for EngineConfig {
    fn default() -> Self {
        let blockers = detectors().into_iter().filter(|made| made.blocks);
        Self {
            mode: Mode::Monitor,
            budget_false_blocks_per_million: 2.0,
            memory_bytes: 192 << 20,
            never_block: Vec::new(),
            infrastructure: Vec::new(),
            known: Known::default(),
            blast_radius: BlastRadius::default(),
            ttl: [900, 7_200, 86_400, 604_800].map(Duration::from_secs),
            disabled: BTreeSet::new(),
            block_families: blockers.map(|made| made.name.into()).collect(),
            warm_up: WarmUp::default(),
            findings_per_principal_max: 12,
            shared_address_principals: 3,
            without: Without::default(),
            audit_days: false,
        }
    }
}

/// A principal that is never limited, stepped up or blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NeverBlock {
    /// Every address of a network: its first address and the length of its prefix in bits.
    Network(IpAddr, u8),
    /// A user by name.
    User(CompactString),
    /// A credential by the SHA-256 of its clear text.
    Credential(Digest),
    /// A client application by name.
    Client(CompactString),
}

impl NeverBlock {
    /// Whether `principal` is meant.
    #[must_use]
    pub fn covers(&self, principal: &Principal) -> bool {
        use model::{Handle, PrincipalKind};
        match (self, &principal.handle) {
            (Self::Network(net, prefix), Handle::Address(address)) => within(*net, *prefix, *address),
            (Self::User(name), Handle::Name(other)) => principal.kind == PrincipalKind::User && name == other,
            (Self::Client(name), Handle::Name(other)) => {
                principal.kind == PrincipalKind::Client && name == other
            }
            (Self::Credential(digest), Handle::Sha256(other)) => digest == other,
            _ => false,
        }
    }
}

/// Limits on new blocks, against ourselves running away. Crowds, newcomers and those who were here before are counted apart:
/// each may have a third of the share and never less than the minimum, crowds half of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlastRadius {
    /// New blocks per 10 minutes that are always allowed.
    pub blocks_per_10min_min: u32,
    /// New blocks per 10 minutes as a share of the known principals.
    pub share_per_10min: f64,
    /// New blocks per day as a share of the known principals; never less than five times the 10-minute minimum.
    pub share_per_day: f64,
}

impl Default for BlastRadius {
    fn default() -> Self {
        Self { blocks_per_10min_min: 10, share_per_10min: 0.001, share_per_day: 0.005 }
    }
}

/// What must be known of a kind of object before touching a stranger's counts as evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WarmUp {
    /// Distinct owners that came back to their objects.
    pub owners: u32,
    /// Such accesses, at most 8 of one principal counted.
    pub accesses: u32,
}

impl Default for WarmUp {
    fn default() -> Self {
        Self { owners: 5, accesses: 20 }
    }
}

/// Whether `address` lies in the network; families never mix.
fn within(net: IpAddr, prefix: u8, address: IpAddr) -> bool {
    match (net.to_canonical(), address.to_canonical()) {
        (IpAddr::V4(net), IpAddr::V4(address)) => {
            let shift = 32 - u32::from(prefix.min(32));
            (u64::from(net.to_bits()) >> shift) == (u64::from(address.to_bits()) >> shift)
        }
        (IpAddr::V6(net), IpAddr::V6(address)) => {
            let shift = 128 - u32::from(prefix.min(128));
            net.to_bits().checked_shr(shift) == address.to_bits().checked_shr(shift)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_cover_their_addresses_only() {
        let ip = |text: &str| text.parse::<IpAddr>().expect("literal");
        for (net, prefix, address, expected) in [
            ("10.1.0.0", 16, "10.1.255.9", true),
            ("10.1.0.0", 16, "10.2.0.1", false),
            ("0.0.0.0", 0, "203.0.113.1", true),
            ("192.0.2.7", 32, "192.0.2.8", false),
            ("2001:db8::", 32, "2001:db8:9::1", true),
            ("::", 0, "2001:db8::1", true),
            ("10.0.0.0", 8, "2001:db8::1", false),
        ] {
            assert_eq!(within(ip(net), prefix, ip(address)), expected, "{net}/{prefix} {address}");
        }
    }
}
