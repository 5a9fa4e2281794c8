//! Captures: a network interface or a capture file in, frames out. Never waits longer than a moment without saying so.

mod blocks;
mod error;
mod file;
mod format;
mod live;
mod sys;

use std::path::Path;

pub use error::CaptureError;
use file::FileCapture;
use live::LiveCapture;
use model::Timestamp;

use crate::frame::{Frame, LinkType};

/// What to capture live.
#[derive(Clone, Debug)]
pub struct LiveConfig {
    /// The interface that receives the mirrored traffic.
    pub interface: String,
    /// A filter in tcpdump's language; everything when `None`.
    pub filter: Option<String>,
    /// Bytes kept of a frame. Offloading interfaces hand over frames of 64 KiB.
    pub snap_bytes: u32,
    /// Size of the kernel's ring; what does not fit is dropped and counted by the kernel.
    pub ring_bytes: u32,
    /// Whether to see frames addressed to others, as on a mirror port.
    pub promiscuous: bool,
    /// Group of captures among which the kernel spreads whole flows (`PACKET_FANOUT`, packet(7)).
    pub fanout: Option<u16>,
}

impl Default for LiveConfig {
    fn default() -> Self {
        Self {
            interface: String::new(),
            filter: None,
            snap_bytes: 262_144,
            ring_bytes: 64 << 20,
            promiscuous: true,
            fanout: None,
        }
    }
}

/// The kernel's own counts since the capture was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KernelCounts {
    /// Frames that passed the filter, dropped ones included.
    pub received: u64,
    /// Frames of those that were dropped because the ring was full.
    pub kernel_drop: u64,
    /// Frames dropped by the interface or its driver.
    pub interface_drop: u64,
}

/// What a capture has next.
#[derive(Debug)]
pub enum Step<'a> {
    /// A frame.
    Frame(Frame<'a>),
    /// TLS session keys that lie beside the frames, as lines of a key log (pcapng's decryption secrets).
    Secrets(&'a [u8]),
    /// Nothing now; the next call waits up to 50 ms for more.
    Idle,
    /// The file is at its end.
    End,
}

/// An open capture.
pub struct Capture(Kind);

enum Kind {
    File(FileCapture),
    Live(LiveCapture),
}

impl Capture {
    /// Opens a capture file, pcap or pcapng; `-` is standard input.
    ///
    /// # Errors
    /// When it can not be read or is no capture file.
    pub fn file(path: &Path) -> Result<Self, CaptureError> {
        FileCapture::open(path).map(|file| Self(Kind::File(file)))
    }

    /// Reads a capture file, pcap or pcapng, from any source.
    ///
    /// # Errors
    /// When it can not be read or is no capture file.
    pub fn of(source: Box<dyn std::io::Read + Send>, name: &str) -> Result<Self, CaptureError> {
        let unreadable =
            |why: std::io::Error| CaptureError::Unreadable { file: name.to_owned(), why: why.to_string() };
        let wrong =
            || CaptureError::NotACapture { file: name.to_owned(), why: "unknown file format".to_owned() };
        let file = FileCapture::of(source, name).map_err(unreadable)?.ok_or_else(wrong)?;
        Ok(Self(Kind::File(file)))
    }

    /// Opens an interface.
    ///
    /// # Errors
    /// When there is no such interface, the rights are missing, or the filter is wrong.
    pub fn live(config: &LiveConfig) -> Result<Self, CaptureError> {
        LiveCapture::open(config).map(|live| Self(Kind::Live(live)))
    }

    /// The next frame, if there is one.
    ///
    /// # Errors
    /// When a file breaks off or the interface goes away.
    #[expect(
        clippy::should_implement_trait,
        reason = "the frame borrows from the capture: no iterator can do that"
    )]
    pub fn next(&mut self) -> Result<Step<'_>, CaptureError> {
        match &mut self.0 {
            Kind::File(file) => file.next(),
            Kind::Live(live) => live.next(),
        }
    }

    /// The kernel's counts; all zero for files.
    ///
    /// # Errors
    /// When the interface is gone.
    pub fn kernel_drops(&mut self) -> Result<KernelCounts, CaptureError> {
        match &mut self.0 {
            Kind::File(_) => Ok(KernelCounts::default()),
            Kind::Live(live) => live.kernel_drops(),
        }
    }
}

/// A frame of libpcap's, whose times are in nanoseconds.
fn frame<'a>(packet: &pcap::Packet<'a>, link: LinkType) -> Frame<'a> {
    let header = packet.header;
    let nanos = u32::try_from(header.ts.tv_usec).unwrap_or(0);
    let at = Timestamp::from_parts(header.ts.tv_sec, nanos);
    Frame { at, bytes: packet.data, wire_len: header.len, link }
}
