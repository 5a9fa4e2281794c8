//! What can go wrong with a capture, told to the operator with the remedy.

use std::fmt;

/// Why a capture can not be opened or read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaptureError {
    /// The file breaks off inside a frame; every whole frame was delivered.
    Truncated {
        /// The file.
        file: String,
        /// Whole frames before the break.
        frames: u64,
    },
    /// The file can not be opened.
    Unreadable {
        /// The file.
        file: String,
        /// What the system says.
        why: String,
    },
    /// The file is no capture.
    NotACapture {
        /// The file.
        file: String,
        /// What libpcap says.
        why: String,
    },
    /// There is no such interface, or it is down.
    NoInterface {
        /// The interface.
        interface: String,
        /// What libpcap says.
        why: String,
    },
    /// The process may not capture.
    NoRights {
        /// The interface.
        interface: String,
    },
    /// The filter is not in tcpdump's language.
    Filter {
        /// The filter.
        filter: String,
        /// What libpcap says.
        why: String,
    },
    /// Reading from the interface failed.
    Lost {
        /// The interface.
        interface: String,
        /// What libpcap says.
        why: String,
    },
}

impl fmt::Display for CaptureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { file, frames } => write!(
                f,
                "{file} breaks off after {frames} whole frames, which were used; copy the file again to get the rest"
            ),
            Self::Unreadable { file, why } => write!(f, "can not read {file}: {why}; check path and rights"),
            Self::NotACapture { file, why } => {
                write!(f, "{file} is no capture file ({why}); expected pcap or pcapng, not compressed")
            }
            Self::NoInterface { interface, why } => {
                write!(f, "can not capture on interface {interface} ({why}); `ip link` lists the interfaces")
            }
            Self::NoRights { interface } => write!(
                f,
                "no right to capture on {interface}; run as root or give the binary CAP_NET_RAW (setcap cap_net_raw+ep)"
            ),
            Self::Filter { filter, why } => {
                write!(f, "capture.filter {filter:?} is wrong ({why}); `tcpdump -d FILTER` checks one")
            }
            Self::Lost { interface, why } => {
                write!(f, "interface {interface} can not be read any more ({why}); is it still up?")
            }
        }
    }
}

impl std::error::Error for CaptureError {}
