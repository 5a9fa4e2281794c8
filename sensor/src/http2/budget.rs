//! Budgets: frames that open nothing and carry nothing in, whether there are too many of them out (CVE-2023-44487,
//! CVE-2019-9512 and its kin).

use model::Timestamp;

use super::frame::{DATA, Frame, HEADERS};

/// Idle frames of one direction within a second; one more and the connection is not read any further.
const IDLE_FRAMES_MAX: u32 = 65_536;

/// The idle frames of one direction.
#[derive(Default)]
pub(super) struct Budget {
    second: u64,
    frames: u32,
}

impl Budget {
    /// Counts a frame; whether it is within the limit.
    pub(super) fn allows(&mut self, frame: Frame, at: Timestamp) -> bool {
        if matches!(frame.kind, DATA | HEADERS) && (frame.length > 0 || frame.ends_stream()) {
            return true;
        }
        let second = at.as_nanos() / 1_000_000_000;
        if second != self.second {
            (self.second, self.frames) = (second, 0);
        }
        self.frames += 1;
        self.frames <= IDLE_FRAMES_MAX
    }
}
