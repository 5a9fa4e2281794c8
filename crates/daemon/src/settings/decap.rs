//! The table `[decap]` with its defaults, which are the sensor's own. Values only.

use sensor::{FragmentConfig, FragmentPolicy, TunnelPorts};
use serde::{Deserialize, Serialize};

/// What is read through on the way to TCP, and how fragments are joined.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Decap {
    pub(crate) separate_tunnels: bool,
    pub(crate) separate_vlans: bool,
    pub(crate) vxlan_ports: Vec<u16>,
    pub(crate) vxlan_gpe_ports: Vec<u16>,
    pub(crate) geneve_ports: Vec<u16>,
    pub(crate) gre_ports: Vec<u16>,
    pub(crate) mpls_ports: Vec<u16>,
    pub(crate) tzsp_ports: Vec<u16>,
    pub(crate) gtp_ports: Vec<u16>,
    pub(crate) datagrams: usize,
    pub(crate) fragments_kib: usize,
    pub(crate) fragment_wait_s: u64,
    pub(crate) hosts: Vec<FragmentHosts>,
}

impl Default for Decap {
    fn default() -> Self {
        let (ports, fragments) = (TunnelPorts::default(), FragmentConfig::default());
        Self {
            separate_tunnels: false,
            separate_vlans: false,
            vxlan_ports: ports.vxlan,
            vxlan_gpe_ports: ports.vxlan_gpe,
            geneve_ports: ports.geneve,
            gre_ports: ports.gre,
            mpls_ports: ports.mpls,
            tzsp_ports: ports.tzsp,
            gtp_ports: ports.gtp,
            datagrams: fragments.datagrams_max,
            fragments_kib: fragments.memory_bytes >> 10,
            fragment_wait_s: fragments.patience.as_secs(),
            hosts: Vec::new(),
        }
    }
}

/// Receivers that join fragments otherwise than Linux.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FragmentHosts {
    pub(crate) net: String,
    pub(crate) policy: Fragments,
}

/// How a receiver joins fragments that overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fragments {
    Linux,
    LinuxClassic,
    First,
    Last,
    Bsd,
    Windows,
    Solaris,
}

impl From<Fragments> for FragmentPolicy {
    fn from(policy: Fragments) -> Self {
        match policy {
            Fragments::Linux => Self::Linux,
            Fragments::LinuxClassic => Self::LinuxClassic,
            Fragments::First => Self::First,
            Fragments::Last => Self::Last,
            Fragments::Bsd => Self::Bsd,
            Fragments::Windows => Self::Windows,
            Fragments::Solaris => Self::Solaris,
        }
    }
}
