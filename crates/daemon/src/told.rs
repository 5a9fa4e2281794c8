//! Told calls: files that others wrote in, `ApiCall`s in the order of their ends out. What could not be read is counted by
//! reason. Never judges.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read as _,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use clap::ValueEnum;
use intake::{Fields, HAR_BYTES_MAX, Lines, LogReader, Record};
use model::{ApiCall, Loss, Losses, Pseudonyms};
use pipe::Sequencer;
use sensor::{Attested, AttestedAnswer, Attestor, Shard};

use crate::{
    fault::{Exit, Fault},
    parts,
    progress::Progress,
    settings::Settings,
};

/// Bytes read at a time.
const READ_BYTES: usize = 1 << 18;
/// Whose the calls of a HAR file are: it names no client.
const HAR_CLIENT: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

/// The form of input files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// By the end of the name: .har, .log and .jsonl are what they say, .ndjson holds calls, all else captures.
    #[default]
    Auto,
    /// pcap or pcapng.
    Capture,
    /// Access log of nginx, JSON lines.
    Nginx,
    /// Access log of Envoy, JSON lines.
    Envoy,
    /// Access log in the common or combined form of Apache and nginx.
    Combined,
    /// HTTP Archive 1.2.
    Har,
    /// Calls, as written by `replay --calls`.
    Calls,
}

impl Format {
    /// What it is for this file.
    pub(crate) fn of(self, path: &Path) -> Kind {
        match self {
            Self::Capture => Kind::Capture,
            Self::Nginx => Kind::Log(intake::Format::Nginx),
            Self::Envoy => Kind::Log(intake::Format::Envoy),
            Self::Combined => Kind::Log(intake::Format::Combined),
            Self::Har => Kind::Har,
            Self::Calls => Kind::Calls,
            Self::Auto => match path.extension().and_then(|end| end.to_str()) {
                Some("ndjson") => Kind::Calls,
                Some("har") => Kind::Har,
                Some("log" | "jsonl") => Kind::Log(intake::Format::Auto),
                _ => Kind::Capture,
            },
        }
    }
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Frames.
    Capture,
    /// Log lines.
    Log(intake::Format),
    /// A HAR document.
    Har,
    /// Calls.
    Calls,
}

impl Kind {
    /// The one kind of all files.
    pub(crate) fn common(format: Format, files: &[PathBuf]) -> Result<Self, Fault> {
        let mut kinds = files.iter().map(|path| format.of(path));
        let first = kinds.next().unwrap_or(Self::Capture);
        if kinds.all(|kind| kind == first) {
            return Ok(first);
        }
        let remedy = "give files of one kind, or name it with --format";
        Err(Fault::new(Exit::Usage, format!("files of several kinds mixed; {remedy}")))
    }
}

/// What was read of such files.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Bytes read.
    pub(crate) bytes: u64,
    /// What was missed.
    pub(crate) losses: Losses,
    /// Refused lines or entries, by reason.
    pub(crate) refused: BTreeMap<&'static str, u64>,
}

impl Told {
    /// The reasons as a clause, empty when there are none.
    pub(crate) fn reasons(&self) -> String {
        let named: Vec<_> = self.refused.iter().map(|(why, n)| format!("{why} {n}")).collect();
        if named.is_empty() { String::new() } else { format!("; refused: {}", named.join(", ")) }
    }
}

/// Reads log or HAR files. `sink` gets the calls in the order of their ends, as far as the memory for calls reaches.
///
/// # Errors
/// What the sink says; that a file can not be read, or is no HAR.
pub(crate) fn read_files(
    files: &[PathBuf],
    kind: Kind,
    settings: &Settings,
    names: &Pseudonyms,
    progress: &Progress,
    mut sink: impl FnMut(ApiCall) -> Result<(), Fault>,
) -> Result<Told, Fault> {
    let config = parts::sensor(settings, Shard { index: 0, of: 1 }, names).http;
    let mut attestor = Attestor::new(config, names.clone());
    let mut sequencer = Sequencer::new(1, parts::calls_held(settings));
    let mut told = Told::default();
    let mut take = |record: &Record| {
        sequencer.push(0, attest(&mut attestor, record, false));
        while let Some(call) = sequencer.take() {
            sink(call)?;
        }
        Ok(())
    };
    for path in files {
        progress.begin(path);
        match kind {
            Kind::Har => har_file(path, progress, &mut told, &mut take)?,
            Kind::Log(format) => log_file(path, format, progress, &mut told, &mut take)?,
            Kind::Capture | Kind::Calls => {}
        }
    }
    sequencer.close(0);
    while let Some(call) = sequencer.take() {
        sink(call)?;
    }
    told.losses.merge(attestor.losses());
    told.losses.add(Loss::Late, sequencer.late());
    Ok(told)
}

fn log_file(
    path: &Path,
    format: intake::Format,
    progress: &Progress,
    told: &mut Told,
    take: &mut impl FnMut(&Record) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut file = open(path)?;
    let mut reader = LogReader::new(format, Fields::default());
    let (mut lines, mut buffer) = (Lines::default(), vec![0; READ_BYTES]);
    let mut done = Ok(());
    loop {
        let n = file.read(&mut buffer).map_err(|error| unreadable(path, &error))?;
        let mut line = |line: &[u8]| {
            if let Ok(Some(record)) = reader.line(line)
                && done.is_ok()
            {
                done = take(&record);
            }
        };
        if n == 0 {
            lines.end(&mut line);
            break;
        }
        lines.push(buffer.get(..n).unwrap_or_default(), &mut line);
        if done.is_err() {
            break;
        }
        told.bytes += n as u64;
        progress.advance(n as u64);
    }
    for (why, n) in reader.refused() {
        *told.refused.entry(why.name()).or_default() += n;
        told.losses.add(Loss::IntakeRefused, *n);
    }
    told.losses.add(Loss::IntakeLineTooLong, lines.too_long());
    done
}

fn har_file(
    path: &Path,
    progress: &Progress,
    told: &mut Told,
    take: &mut impl FnMut(&Record) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut document = Vec::new();
    let read = open(path)?.take(HAR_BYTES_MAX + 1).read_to_end(&mut document);
    read.map_err(|error| unreadable(path, &error))?;
    if document.len() as u64 > HAR_BYTES_MAX {
        let limit = HAR_BYTES_MAX >> 20;
        let line = format!("{} is larger than {limit} MiB; record in several files", path.display());
        return Err(Fault::new(Exit::Data, line));
    }
    told.bytes += document.len() as u64;
    progress.advance(document.len() as u64);
    let entries = intake::har(&document, SocketAddr::from(HAR_CLIENT)).map_err(|refusal| {
        let remedy = "expected an HTTP Archive 1.2, or name the right --format";
        Fault::new(Exit::Data, format!("{} is no HAR file ({refusal}); {remedy}", path.display()))
    })?;
    for entry in entries {
        match entry {
            Ok(record) => take(&record)?,
            Err(refusal) => {
                *told.refused.entry(refusal.why.name()).or_default() += 1;
                told.losses.count(Loss::IntakeRefused);
            }
        }
    }
    Ok(())
}

fn open(path: &Path) -> Result<File, Fault> {
    File::open(path).map_err(|error| {
        Fault::new(Exit::NoInput, format!("can not open {}: {error}; check the path", path.display()))
    })
}

fn unreadable(path: &Path, error: &std::io::Error) -> Fault {
    Fault::new(Exit::Io, format!("can not read {}: {error}; check the disk", path.display()))
}

/// The call of a record, as the sensor makes it.
pub(crate) fn attest(attestor: &mut Attestor, record: &Record, trusted: bool) -> ApiCall {
    attestor.call(&Attested {
        source: record.source,
        trusted,
        at: record.at,
        ended_at: record.ended_at,
        client: record.client,
        server: record.server,
        http: record.http,
        method: &record.method,
        target: &record.target,
        headers: &record.headers,
        body: record.body.as_deref(),
        request_bytes: record.request_bytes,
        answer: record.answer.as_ref().map(|answer| AttestedAnswer {
            status: answer.status,
            headers: &answer.headers,
            body: answer.body.as_deref(),
            bytes: answer.bytes,
        }),
        user: record.user.as_deref(),
        token: record.token,
    })
}
