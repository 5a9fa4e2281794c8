//! Content codings: coded bytes in pieces in, decoded bytes out. Spends no more than it is allowed, in bytes, in ratio
//! and in memory for all bodies together.

mod brotli;
mod budget;
mod inflate;
mod zstd;

#[cfg(test)]
pub(super) mod samples;
#[cfg(test)]
mod tests;

pub(crate) use budget::Decoders;

use model::Coding;
use smallvec::SmallVec;

use brotli::Brotli;
use inflate::Inflate;
use zstd::Zstd;

/// Bytes decoded at a time.
const STEP_BYTES: usize = 4_096;
/// Bytes that a body may grow to whatever its ratio.
const FREE_BYTES: u64 = 65_536;

/// Why decoding ended before the coded bytes did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Not what was announced.
    Broken,
    /// Beyond what is allowed: bytes, ratio or window.
    Capped,
    /// No memory left for another decoder.
    Busy,
}

/// What one step of a decoder did.
struct Progress {
    read: usize,
    written: usize,
    is_over: bool,
}

enum Decoder {
    Inflate(Inflate),
    Brotli(Box<Brotli>),
    Zstd(Box<Zstd>),
}

impl Decoder {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, Stop> {
        match self {
            Self::Inflate(inflate) => inflate.step(input, output),
            Self::Brotli(brotli) => brotli.step(input, output),
            Self::Zstd(zstd) => zstd.step(input, output),
        }
    }

    /// Whether the coded bytes so far are a whole.
    fn is_whole(&self) -> bool {
        match self {
            Self::Inflate(inflate) => inflate.is_whole(),
            Self::Brotli(brotli) => brotli.is_whole(),
            Self::Zstd(zstd) => zstd.is_whole(),
        }
    }
}

/// Where decoded bytes go; `false` when no more are wanted.
pub(super) type Sink<'s> = &'s mut dyn FnMut(&[u8]) -> bool;

/// The codings of one body, undone one behind the other.
pub(super) struct Coded {
    /// The one applied last comes first.
    decoders: SmallVec<[Decoder; 1]>,
    /// Coded bytes read, decoded bytes handed on.
    read: u64,
    written: u64,
    bytes_max: u64,
    ratio_max: u64,
}

impl Coded {
    /// Decoders for `codings`, in the order in which they were applied.
    pub(super) fn new(
        codings: &[Coding],
        (bytes_max, ratio_max): (usize, u32),
        is_request: bool,
        pool: &mut Decoders,
    ) -> Result<Self, Stop> {
        let mut decoders = SmallVec::new();
        for coding in codings.iter().rev() {
            let lease = pool.lease(is_request);
            decoders.push(match coding {
                Coding::Gzip => Decoder::Inflate(Inflate::gzip(pool, lease)?),
                Coding::Deflate => Decoder::Inflate(Inflate::deflate(pool, lease)?),
                Coding::Brotli => Decoder::Brotli(Box::new(Brotli::new(lease))),
                Coding::Zstd => Decoder::Zstd(Box::new(Zstd::new(bytes_max, lease)?)),
                Coding::Identity | Coding::Several | Coding::Unknown => return Err(Stop::Broken),
            });
        }
        let (bytes_max, ratio_max) = (bytes_max as u64, u64::from(ratio_max));
        Ok(Self { decoders, read: 0, written: 0, bytes_max, ratio_max })
    }

    /// Decodes what `input` completes.
    pub(super) fn push(&mut self, input: &[u8], sink: Sink<'_>) -> Result<(), Stop> {
        self.read += input.len() as u64;
        let grown = FREE_BYTES.max(self.read.saturating_mul(self.ratio_max));
        let room = self.bytes_max.min(grown).saturating_sub(self.written);
        let mut written = 0_u64;
        let mut handed = |bytes: &[u8]| {
            let room = usize::try_from(room - written).unwrap_or(usize::MAX);
            let part = bytes.get(..bytes.len().min(room)).unwrap_or_default();
            written += part.len() as u64;
            sink(part) && part.len() == bytes.len()
        };
        let end = run(&mut self.decoders, input, &mut handed);
        self.written += written;
        end
    }

    /// No further byte comes: hands on what a decoder still holds; whether all of it was decoded.
    pub(super) fn finish(&mut self, sink: Sink<'_>) -> Result<bool, Stop> {
        let whole = self.decoders.iter().all(Decoder::is_whole);
        let room = self.bytes_max.saturating_sub(self.written);
        let mut left = usize::try_from(room).unwrap_or(usize::MAX);
        // Only the outermost one can hold back: what it held runs through the others.
        if let Some((Decoder::Zstd(zstd), inner)) = self.decoders.split_first_mut() {
            let mut output = [0_u8; STEP_BYTES];
            while left > 0 {
                let n = zstd.drain(&mut output);
                let Some(part) = output.get(..n.min(left)).filter(|part| !part.is_empty()) else { break };
                left -= part.len();
                run(inner, part, sink)?;
            }
        }
        Ok(whole)
    }

    /// Gives back decoders that another body can use.
    pub(super) fn give_back(self, pool: &mut Decoders) {
        for decoder in self.decoders {
            if let Decoder::Inflate(inflate) = decoder {
                inflate.give_back(pool);
            }
        }
    }
}

/// Runs `input` through the first decoder, what comes out of it through the next, and so on to the sink.
fn run(decoders: &mut [Decoder], mut input: &[u8], sink: Sink<'_>) -> Result<(), Stop> {
    let Some((first, inner)) = decoders.split_first_mut() else {
        return if sink(input) { Ok(()) } else { Err(Stop::Capped) };
    };
    let mut output = [0_u8; STEP_BYTES];
    loop {
        let progress = first.step(input, &mut output)?;
        input = input.get(progress.read..).unwrap_or_default();
        let decoded = output.get(..progress.written).unwrap_or_default();
        if !decoded.is_empty() {
            run(inner, decoded, sink)?;
        }
        // What comes behind the end is nobody's.
        let is_idle = progress.read == 0 && progress.written == 0;
        if progress.is_over || is_idle || input.is_empty() && progress.written < output.len() {
            return Ok(());
        }
    }
}
