//! Capture files: pcap and pcapng in, frames out. Delivers every whole frame of a file that breaks off.

use std::path::Path;

use pcap::{Offline, Precision};

use super::{CaptureError, Step, frame};
use crate::frame::LinkType;

/// An open capture file.
pub(super) struct FileCapture {
    capture: pcap::Capture<Offline>,
    link: LinkType,
    name: String,
    frames: u64,
}

impl FileCapture {
    pub(super) fn open(path: &Path) -> Result<Self, CaptureError> {
        let name =
            if path == Path::new("-") { "standard input".to_string() } else { path.display().to_string() };
        if path != Path::new("-") {
            std::fs::File::open(path)
                .map_err(|why| CaptureError::Unreadable { file: name.clone(), why: why.to_string() })?;
        }
        let capture = pcap::Capture::from_file_with_precision(path, Precision::Nano);
        let capture =
            capture.map_err(|why| CaptureError::NotACapture { file: name.clone(), why: said(&why) })?;
        let link = LinkType::from(capture.get_datalink().0);
        Ok(Self { capture, link, name, frames: 0 })
    }

    pub(super) fn next(&mut self) -> Result<Step<'_>, CaptureError> {
        match self.capture.next_packet() {
            Ok(packet) => {
                self.frames += 1;
                Ok(Step::Frame(frame(&packet, self.link)))
            }
            Err(pcap::Error::NoMorePackets) => Ok(Step::End),
            Err(why) if said(&why).contains("truncated") => {
                Err(CaptureError::Truncated { file: self.name.clone(), frames: self.frames })
            }
            Err(why) => Err(CaptureError::NotACapture { file: self.name.clone(), why: said(&why) }),
        }
    }
}

/// libpcap's words, without its own prefix.
pub(super) fn said(error: &pcap::Error) -> String {
    match error {
        pcap::Error::PcapError(text) => text.clone(),
        other => other.to_string(),
    }
}
