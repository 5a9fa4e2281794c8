//! brotli (RFC 7932): coded bytes in pieces in, decoded out. Refuses windows beyond 4 MiB and the large-window variant.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::{Progress, Stop, budget::Lease};

/// Largest window, as a power of two.
const WINDOW_BITS_MAX: u32 = 22;
/// Memory beside the window: tables, and the ring's margin.
const TABLES_BYTES: usize = 256 << 10;

type State = BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

/// A brotli decoder.
pub(super) struct Brotli {
    /// Present once the window is known and paid for.
    state: Option<Box<State>>,
    lease: Lease,
    is_over: bool,
}

impl Brotli {
    pub(super) fn new(lease: Lease) -> Self {
        Self { state: None, lease, is_over: false }
    }

    pub(super) fn is_whole(&self) -> bool {
        self.is_over
    }

    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, Stop> {
        let Some(first) = input.first() else {
            return match &mut self.state {
                Some(state) => {
                    decode(state, input, output).inspect(|progress| self.is_over |= progress.is_over)
                }
                None => Ok(Progress { read: 0, written: 0, is_over: false }),
            };
        };
        let state = match &mut self.state {
            Some(state) => state,
            None => {
                let bits = window_bits(*first).ok_or(Stop::Broken)?;
                if bits > WINDOW_BITS_MAX {
                    return Err(Stop::Capped);
                }
                self.lease.take((1 << bits) + TABLES_BYTES)?;
                let alloc = StandardAlloc::default;
                self.state.insert(Box::new(BrotliState::new_strict(alloc(), alloc(), alloc())))
            }
        };
        let progress = decode(state, input, output)?;
        self.is_over |= progress.is_over;
        Ok(progress)
    }
}

fn decode(state: &mut State, input: &[u8], output: &mut [u8]) -> Result<Progress, Stop> {
    let (mut left, mut read) = (input.len(), 0);
    let (mut room, mut written, mut total) = (output.len(), 0, 0);
    let result = BrotliDecompressStream(
        &mut left,
        &mut read,
        input,
        &mut room,
        &mut written,
        output,
        &mut total,
        state,
    );
    match result {
        BrotliResult::ResultFailure => Err(Stop::Broken),
        BrotliResult::ResultSuccess => Ok(Progress { read, written, is_over: true }),
        BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {
            Ok(Progress { read, written, is_over: false })
        }
    }
}

/// The window that the first byte announces (RFC 7932, section 9.1); `None` for the reserved pattern.
fn window_bits(first: u8) -> Option<u32> {
    if first & 1 == 0 {
        return Some(16);
    }
    match (u32::from(first >> 1 & 7), u32::from(first >> 4 & 7)) {
        (0, 0) => Some(17),
        (0, 1) => None,
        (0, n) => Some(8 + n),
        (n, _) => Some(17 + n),
    }
}
