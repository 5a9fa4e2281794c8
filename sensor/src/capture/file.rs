//! Capture files: pcap and pcapng in, frames and the secrets beside them out, in place. Delivers every whole frame of a
//! file that breaks off. Formats that only libpcap knows are left to it.

use std::{fs::File, io, path::Path};

use pcap::{Offline, Precision};

use super::{
    CaptureError, Step,
    blocks::{Blocks, RECORD_BYTES_MAX},
    format::{BLOCK_HEAD, Block, Classic, FILE_HEAD, FRAME_HEAD, SECTION, Section},
    frame,
};
use crate::frame::{Frame, LinkType};

/// An open capture file.
pub(super) struct FileCapture {
    form: Form,
    name: String,
    frames: u64,
}

enum Form {
    Classic(Blocks, Classic),
    Ng(Blocks, Section),
    Libpcap(pcap::Capture<Offline>, LinkType),
}

/// Why a record can not be delivered.
enum Broken {
    Off,
    Wrong(String),
    Io(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl FileCapture {
    pub(super) fn open(path: &Path) -> Result<Self, CaptureError> {
        let is_input = path == Path::new("-");
        let name = if is_input { "standard input".to_owned() } else { path.display().to_string() };
        let unreadable = |why: io::Error| {
            let is_folder = why.kind() == io::ErrorKind::IsADirectory;
            let (file, why) = (name.clone(), why.to_string());
            if is_folder {
                CaptureError::NotACapture { file, why }
            } else {
                CaptureError::Unreadable { file, why }
            }
        };
        let source: Box<dyn io::Read + Send> =
            if is_input { Box::new(io::stdin()) } else { Box::new(File::open(path).map_err(unreadable)?) };
        if let Some(file) = Self::of(source, &name).map_err(unreadable)? {
            return Ok(file);
        }
        let wrong = |why| CaptureError::NotACapture { file: name.clone(), why };
        if is_input {
            return Err(wrong("unknown file format".to_owned()));
        }
        let capture = pcap::Capture::from_file_with_precision(path, Precision::Nano);
        let capture = capture.map_err(|why| wrong(said(&why)))?;
        let link = LinkType::from(capture.get_datalink().0);
        Ok(Self { form: Form::Libpcap(capture, link), name, frames: 0 })
    }

    /// A source in one of the two formats that we read ourselves.
    pub(super) fn of(source: Box<dyn io::Read + Send>, name: &str) -> io::Result<Option<Self>> {
        let mut blocks = Blocks::new(source);
        let head = blocks.peek(FILE_HEAD)?;
        let form = if let Some(classic) = Classic::read(head).filter(|_| head.len() == FILE_HEAD) {
            blocks.take(FILE_HEAD);
            Form::Classic(blocks, classic)
        } else if let Some(section) = Section::read(head).filter(|_| head.starts_with(&SECTION.to_be_bytes()))
        {
            Form::Ng(blocks, section)
        } else {
            return Ok(None);
        };
        Ok(Some(Self { form, name: name.to_owned(), frames: 0 }))
    }

    pub(super) fn next(&mut self) -> Result<Step<'_>, CaptureError> {
        let Self { form, name, frames } = self;
        let step = match form {
            Form::Classic(blocks, classic) => classic_step(blocks, *classic),
            Form::Ng(blocks, section) => ng_step(blocks, section),
            Form::Libpcap(capture, link) => libpcap_step(capture, *link),
        };
        *frames += u64::from(matches!(step, Ok(Step::Frame(_))));
        step.map_err(|broken| match broken {
            Broken::Off => CaptureError::Truncated { file: name.clone(), frames: *frames },
            Broken::Wrong(why) => CaptureError::NotACapture { file: name.clone(), why },
            Broken::Io(why) => CaptureError::Unreadable { file: name.clone(), why: why.to_string() },
        })
    }
}

fn classic_step(blocks: &mut Blocks, classic: Classic) -> Result<Step<'_>, Broken> {
    let head = blocks.peek(FRAME_HEAD)?;
    if head.is_empty() {
        return Ok(Step::End);
    }
    if head.len() < FRAME_HEAD {
        return Err(Broken::Off);
    }
    let (at, captured, wire_len) = classic.frame(head);
    if captured > RECORD_BYTES_MAX {
        return Err(Broken::Wrong(format!("a frame claims {captured} bytes")));
    }
    if blocks.peek(FRAME_HEAD + captured)?.len() < FRAME_HEAD + captured {
        return Err(Broken::Off);
    }
    blocks.take(FRAME_HEAD);
    let bytes = blocks.taken(captured);
    Ok(Step::Frame(Frame { at, bytes, wire_len, link: classic.link }))
}

fn ng_step<'b>(blocks: &'b mut Blocks, section: &mut Section) -> Result<Step<'b>, Broken> {
    loop {
        let head = blocks.peek(BLOCK_HEAD + 4)?;
        if head.is_empty() {
            return Ok(Step::End);
        }
        if head.len() < BLOCK_HEAD + 4 {
            return Err(Broken::Off);
        }
        if head.starts_with(&SECTION.to_be_bytes()) {
            *section =
                Section::read(head).ok_or_else(|| Broken::Wrong("a section without its magic".into()))?;
        }
        let length =
            section.length(head).ok_or_else(|| Broken::Wrong("a block of impossible length".into()))?;
        if length > RECORD_BYTES_MAX {
            return Err(Broken::Wrong(format!("a block claims {length} bytes")));
        }
        let block = blocks.peek(length)?;
        if block.len() < length {
            return Err(Broken::Off);
        }
        let found = section.block(block).map_err(|why| Broken::Wrong(why.to_owned()))?;
        let whole = match found {
            Block::Other => {
                blocks.take(length);
                continue;
            }
            Block::Frame { .. } | Block::Secrets { .. } => blocks.taken(length),
        };
        return Ok(match found {
            Block::Frame { at, from, to, wire_len, link } => {
                Step::Frame(Frame { at, bytes: whole.get(from..to).unwrap_or_default(), wire_len, link })
            }
            Block::Secrets { from, to } => Step::Secrets(whole.get(from..to).unwrap_or_default()),
            Block::Other => Step::End,
        });
    }
}

fn libpcap_step(capture: &mut pcap::Capture<Offline>, link: LinkType) -> Result<Step<'_>, Broken> {
    match capture.next_packet() {
        Ok(packet) => Ok(Step::Frame(frame(&packet, link))),
        Err(pcap::Error::NoMorePackets) => Ok(Step::End),
        Err(why) if said(&why).contains("truncated") => Err(Broken::Off),
        Err(why) => Err(Broken::Wrong(said(&why))),
    }
}

/// libpcap's words, without its own prefix.
pub(super) fn said(error: &pcap::Error) -> String {
    match error {
        pcap::Error::PcapError(text) => text.clone(),
        other => other.to_string(),
    }
}
