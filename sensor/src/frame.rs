//! Frames as the capture hands them over: borrowed bytes with a time and a link type. Nothing here decodes.

use model::Timestamp;

/// A captured frame.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// When it was captured.
    pub at: Timestamp,
    /// The captured bytes, at most the snap length.
    pub bytes: &'a [u8],
    /// How long it was on the wire.
    pub wire_len: u32,
    /// What its first byte belongs to.
    pub link: LinkType,
}

/// The link layers that are read; numbers as in the tcpdump.org registry of link-layer types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkType {
    /// Ethernet (1).
    Ethernet,
    /// BSD loopback, family in either byte order (0, 108).
    Loopback,
    /// No link layer: the first nibble tells IPv4 from IPv6 (12, 14, 101, 228, 229).
    Raw,
    /// Linux cooked capture (113).
    LinuxCooked,
    /// Linux cooked capture, version 2 (276).
    LinuxCooked2,
    /// PPP, also in HDLC-like framing (9, 50).
    Ppp,
    /// PPP behind a byte that tells its direction (166, 204).
    PppDirection,
    /// PPP over Ethernet, session frames (51).
    PppoeSession,
    /// Cisco HDLC (104).
    CiscoHdlc,
    /// A stack of MPLS labels (219).
    Mpls,
    /// Linux netfilter log (239).
    Nflog,
    /// IEEE 802.11 (105).
    Wifi,
    /// IEEE 802.11 behind a radiotap header (127).
    Radiotap,
    /// Anything else, by number: every frame counts as `unsupported_link`.
    Other(i32),
}

impl From<i32> for LinkType {
    fn from(number: i32) -> Self {
        match number {
            1 => Self::Ethernet,
            0 | 108 => Self::Loopback,
            12 | 14 | 101 | 228 | 229 => Self::Raw,
            113 => Self::LinuxCooked,
            276 => Self::LinuxCooked2,
            9 | 50 => Self::Ppp,
            166 | 204 => Self::PppDirection,
            51 => Self::PppoeSession,
            104 => Self::CiscoHdlc,
            219 => Self::Mpls,
            239 => Self::Nflog,
            105 => Self::Wifi,
            127 => Self::Radiotap,
            other => Self::Other(other),
        }
    }
}
