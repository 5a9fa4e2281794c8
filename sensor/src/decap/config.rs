//! What the decapsulation is told: which ports carry tunnels, and whether tunnels are told apart. Values only.

/// How frames are unpacked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecapConfig {
    /// Whether flows with the same addresses in different tunnels are different flows: VXLAN and Geneve network ids, GRE
    /// keys, PPPoE sessions, GTP tunnel ids. MPLS labels, ERSPAN sessions and PPTP call ids differ by direction and are
    /// never told apart.
    pub separate_tunnels: bool,
    /// The same for VLAN ids. Not for mirrors that show a frame before and after routing between VLANs.
    pub separate_vlans: bool,
    /// Destination ports of tunnels over UDP.
    pub ports: TunnelPorts,
}

/// Destination ports of tunnels over UDP. A datagram to one of them that is no such tunnel counts as `not_tcp`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TunnelPorts {
    /// VXLAN (RFC 7348), also the traffic mirroring of clouds.
    pub vxlan: Vec<u16>,
    /// VXLAN with a protocol field.
    pub vxlan_gpe: Vec<u16>,
    /// Geneve (RFC 8926).
    pub geneve: Vec<u16>,
    /// GRE in UDP (RFC 8086).
    pub gre: Vec<u16>,
    /// MPLS in UDP (RFC 7510).
    pub mpls: Vec<u16>,
    /// TaZmen sniffer protocol, of access points and routers that mirror.
    pub tzsp: Vec<u16>,
    /// GTP-U (3GPP TS 29.281).
    pub gtp: Vec<u16>,
}

impl Default for TunnelPorts {
    /// The assigned ports, and 8472, on which Linux speaks VXLAN.
    fn default() -> Self {
        Self {
            vxlan: vec![4_789, 8_472],
            vxlan_gpe: vec![4_790],
            geneve: vec![6_081],
            gre: vec![4_754],
            mpls: vec![6_635],
            tzsp: vec![37_008],
            gtp: vec![2_152],
        }
    }
}
